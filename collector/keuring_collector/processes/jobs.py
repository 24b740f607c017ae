"""The jobs process: background work and /metrics."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import structlog
from django.contrib.sessions.backends.db import SessionStore

from keuring_collector import addresses, exporter, supervisor
from keuring_collector.commands.workspace import CommandError
from keuring_collector.connectors import pulling
from keuring_collector.connectors.chat import sending as chat
from keuring_collector.connectors.sources import SourceError
from keuring_collector.desk import (
    audit,
    audit_chain,
    backtests,
    changes,
    demotion,
    digest,
    gathering,
    kept,
    outbox,
    outcomes,
    proposals,
    starting,
    wording,
)  # fmt: skip
from keuring_collector.desk.counts import Sources
from keuring_collector.desk.inspection import issuing, mailing
from keuring_collector.desk.jobs import JobRunner, Task, every, run_forever
from keuring_collector.desk.waking import wake
from keuring_collector.fleet import tokens, warranties
from keuring_collector.processes.backtests import Backtests
from keuring_collector.processes.packs import PackWatch
from keuring_collector.rulepack.calendar import calendar
from keuring_collector.rulepack.reads import questions_of
from keuring_collector.service.announcing import nudging, telling
from keuring_collector.service.it_report import issuing as it_reports
from keuring_collector.service.it_report import mailing as it_mails
from keuring_collector.service.mood import keeping
from keuring_collector.service.tips import job as tips
from keuring_collector.service.visiting import news, rounds
from keuring_collector.service.workplace import objecting
from keuring_collector.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keuring_collector.config import Settings
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.rulepack import RulePack
    from keuring_collector.service.models import Announcement
    from keuring_collector.store import Store

log = structlog.get_logger(__name__)
COMPACTION_SECONDS: Final = 60.0
INSPECTION_SECONDS: Final = 60.0
OUTCOME_SECONDS: Final = 60.0
ANNOUNCE_SECONDS: Final = 60.0
COUNTING_SECONDS: Final = 60.0
TIPS_SECONDS: Final = 60.0
INCIDENT_SECONDS: Final = 60.0


def run(settings: Settings) -> int:
    """Works until SIGTERM or SIGINT. Raises KeuringError when it cannot start."""
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ending.set())
    packs = PackWatch(settings.rules_directory, calendar(settings.time_zone, settings.business_hours))
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda _number, _frame: packs.again())
    try:
        metrics = exporter.serve(settings)
    except exporter.ExporterError as error:
        raise CommandError(str(error)) from error
    starting.prepare(settings.intake_days, settings.ticket_budget, settings.time_zone, fresh=False)
    worker = f"{socket.gethostname()}/{os.getpid()}"
    trying = threading.Thread(target=Backtests(worker).run, args=(ending,), name="backtests")
    try:
        runner = JobRunner(worker, tasks(settings, packs, ending.is_set))
        trying.start()
        addresses.write(settings.data_directory, "jobs", {"metrics": metrics.address})
        supervisor.announce("jobs", metrics=metrics.address)
        run_forever(runner, ending)
    finally:
        ending.set()
        if trying.ident is not None:
            trying.join()
        metrics.close()
        addresses.forget(settings.data_directory, "jobs")
    return 0


class Work:
    """What the tasks do, with what they share. What takes long ends early when ``stop`` says so."""

    def __init__(self, settings: Settings, packs: PackWatch, stop: Callable[[], bool]) -> None:
        self.settings = settings
        self.stop = stop
        self._packs = packs
        self._pack = packs.first()

    @property
    def pack(self) -> RulePack:
        """The rules in force."""
        self._pack = self._packs.changed() or self._pack
        return self._pack

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store, for one piece of work."""
        opened = open_store(self.settings.database_url)
        try:
            yield opened
        finally:
            opened.close()

    def next_digest(self, now: dt.datetime) -> dt.datetime:
        """When the digest is due again."""
        return digest.next_digest(now, self.settings.digest_hour, self.settings.time_zone)

    def send_outgoing(self, now: dt.datetime) -> None:
        """Sends the mails and messages whose minute has passed."""
        outbox.send(now, lambda name, title, text: chat.send_to(self.settings, name, title, text))

    def send_digest(self, now: dt.datetime) -> None:
        """Mails the digest."""
        rules = self.pack.rules
        digest.send(now, self.next_digest(now), rules.get, addresses.console_url(self.settings), self.settings.language)

    def compact(self, now: dt.datetime) -> None:
        """Puts reports of the journal into history."""
        with self.store() as store:
            report = store.compact(now.timestamp(), self.settings.journal_days, COMPACTION_SECONDS, self.stop)
            log.debug("compacted", endpoints=report.endpoints, reports=report.reports, finished=report.finished)

    def make_baselines(self, now: dt.datetime) -> None:
        """Answers what rules ask of the fleet."""
        questions = {question for rule in self.pack.compiled.rules for question in questions_of(rule)}
        with self.store() as store:
            made = store.make_baselines(questions, now.timestamp(), self.settings.journal_days, self.stop)
            if made:
                log.info("baselines made", questions=made)

    def make_releases(self, now: dt.datetime) -> None:
        """Sees which versions of programs the fleet was updated to."""
        with self.store() as store:
            made = store.make_releases(now.timestamp(), self.stop)
            log.info("releases of programs seen", releases=made)

    def purge(self, now: dt.datetime) -> None:
        """Lets go of what is past its retention."""
        with self.store() as store:
            report = store.purge(now.timestamp(), self.settings.raw_retention_days, self.settings.daily_retention_days)
            log.info("let go of what is past its retention", rows=report.rows)
        backtests.expire(now, self.settings.audit_retention_days)
        telling.forget(now)
        warranties.forget(wording.local_day(now))

    def inspect(self, now: dt.datetime) -> None:
        """Inspects machines that are due, and mails the reports where that is wanted."""
        until = time.monotonic() + INSPECTION_SECONDS
        with self.store() as store:
            issued = issuing.issue_due(
                store, self.pack, now, self.settings.inspection_days, lambda: time.monotonic() > until or self.stop()
            )
        if self.settings.inspection_mail:
            mailing.send_waiting(now, addresses.console_url(self.settings), self.mood_link)
        if issued:
            log.info("machines inspected", count=len(issued))

    def tips(self, now: dt.datetime) -> None:
        """Looks for tips, offers some, and sees what became of others."""
        until = time.monotonic() + TIPS_SECONDS
        with self.store() as store:
            done = tips.run(store, self.pack, now, self.settings, lambda: time.monotonic() > until or self.stop())
        if any(done):
            log.info("tips", **done._asdict())

    def mood_link(self, endpoint: Endpoint) -> str:
        """An address at which the colleague may say how they feel; empty when their department is not known."""
        if endpoint.department is None:
            return ""
        return f"{addresses.console_url(self.settings)}mood/answer/{keeping.token(endpoint.department)}/"

    def report_to_it(self, now: dt.datetime) -> None:
        """Issues the IT report of a week or month that is over, and mails it where that is wanted."""
        with self.store() as store:
            issued = it_reports.issue_due(store, self.pack, now, self.settings.prices)
        if self.settings.it_report_mail:
            it_mails.send_waiting(now, addresses.console_url(self.settings), self.settings.language)
        if issued:
            log.info("IT reports issued", count=len(issued))

    def look_after_audit(self, now: dt.datetime) -> None:
        """Lets go of the audit's oldest part, and checks the rest."""
        gone = audit_chain.expire(now - dt.timedelta(days=self.settings.audit_retention_days))
        if gone:
            audit.record_now(None, "audit.expired", "", {"entries": gone})
        audit_chain.check_and_note(now)

    def note_changes(self, _now: dt.datetime) -> None:
        """Writes down in the audit when settings or rules changed."""
        changes.note_settings(self.settings.shown())
        changes.note_rules(str(self.pack.version))

    def gather(self, now: dt.datetime) -> None:
        """Makes fleet tickets."""
        within = dt.timedelta(days=self.settings.fleet_ticket_days)
        with self.store() as store:
            made = gathering.gather(store, now, self.settings.fleet_ticket_machines, within)
            if made:
                log.info("fleet tickets made", tickets=made)

    def judge_outcomes(self, now: dt.datetime) -> None:
        """Looks at what became of tickets on which nobody acted."""
        until = time.monotonic() + OUTCOME_SECONDS
        with self.store() as store:
            decided = outcomes.judge(store, self.pack, now, lambda: time.monotonic() > until or self.stop())
            if decided:
                log.info("outcomes of tickets told", tickets=decided)

    def pull_incidents(self, now: dt.datetime) -> None:
        """Reads ordinary incidents out of the ITSM. What is wrong with that the page of incidents shows."""
        if not self.settings.incidents_from:
            return
        until = time.monotonic() + INCIDENT_SECONDS
        causes = {rule.cause for rule in self.pack.rules.values()}
        with self.store() as store:
            try:
                pulling.pull(self.settings, causes, store, now, lambda: time.monotonic() > until or self.stop())
            except SourceError as error:
                log.warning("incidents could not be read", source=self.settings.incidents_from, error=str(error))

    def demote(self, now: dt.datetime) -> None:
        """Lets rules fall that are too often not right."""
        demotion.demote(self.pack, now, self.settings.precision_floor)

    def count(self, now: dt.datetime) -> None:
        """Counts anew what pages tell of the whole fleet."""
        until = time.monotonic() + COUNTING_SECONDS
        with self.store() as store:
            sources = Sources(store, tuple(self.pack.rules.values()))
            kept.refresh(sources, now, lambda: time.monotonic() > until or self.stop())

    def propose_rounds(self, now: dt.datetime) -> None:
        """Proposes rounds for the visiting hours of the days to come."""
        with self.store() as store:
            heard = {pk: head.received_at for pk, head in store.heads().items()}
            rounds.propose_all(news.Sources(store, self.pack, now, heard), self.settings.daily_retention_days)
        keeping.forget(wording.local_day(now))

    def propose(self, now: dt.datetime) -> None:
        """Puts searches for better versions of rules into the queue of backtests."""
        asked = proposals.ask_where_wanted(self.pack, now)
        if asked:
            log.info("better versions of rules are looked for", rules=asked)

    def announce(self, now: dt.datetime) -> None:
        """Tells colleagues of announcements, and their authors of what they promised to tell."""
        console, until = addresses.console_url(self.settings), time.monotonic() + ANNOUNCE_SECONDS

        def address(announcement: Announcement) -> str:
            return f"{console}news/{announcement.pk}/" if self.settings.public_pages and announcement.public else ""

        nudging.nudge(now, console, self.settings.language)
        with self.store() as store:
            told = telling.tell(store, now, address, lambda: time.monotonic() > until or self.stop())
            if told:
                log.info("colleagues and machines told of announcements", count=told)

    def admit(self, now: dt.datetime) -> None:
        """Opens tickets for what waited long enough."""
        opening = {rule.id for rule in self.pack.rules.values() if rule.maturity.opens_tickets}
        with self.store() as store:
            opened = store.admit(opening, now.timestamp())
            if opened:
                log.info("findings that waited are told", **opened)


def tasks(settings: Settings, packs: PackWatch, stop: Callable[[], bool] = bool) -> list[Task]:
    """The background work of a collector with these settings."""
    work = Work(settings, packs, stop)
    return [
        Task("admit", work.admit, every(dt.timedelta(minutes=1))),
        Task("announce", work.announce, every(dt.timedelta(minutes=1))),
        Task("fleet_tickets", work.gather, every(dt.timedelta(minutes=10))),
        Task("wake", lambda now: _ignore(wake(now)), every(dt.timedelta(minutes=1))),
        Task("outbox", work.send_outgoing, every(dt.timedelta(seconds=15))),
        Task("rounds", work.propose_rounds, every(dt.timedelta(minutes=15))),
        Task("tokens", lambda now: _ignore(tokens.expire(now)), every(dt.timedelta(hours=1))),
        Task("sessions", lambda _now: SessionStore.clear_expired(), every(dt.timedelta(hours=1))),
        Task("compact", work.compact, every(dt.timedelta(minutes=10))),
        # Each question is answered once a day; the other runs are for rules that are new.
        Task("baselines", work.make_baselines, every(dt.timedelta(hours=1))),
        Task("releases", work.make_releases, every(dt.timedelta(days=1))),
        Task("outcomes", work.judge_outcomes, every(dt.timedelta(hours=1))),
        Task("incidents", work.pull_incidents, every(dt.timedelta(minutes=15))),
        Task("counts", work.count, every(dt.timedelta(minutes=1))),
        Task("demotion", work.demote, every(dt.timedelta(hours=1))),
        Task("proposals", work.propose, every(dt.timedelta(days=7))),
        Task("purge", work.purge, every(dt.timedelta(days=1))),
        Task("inspections", work.inspect, every(dt.timedelta(minutes=30))),
        Task("tips", work.tips, every(dt.timedelta(hours=1))),
        Task("it_reports", work.report_to_it, every(dt.timedelta(hours=1))),
        Task("objections", lambda now: _ignore(objecting.keep_resting(now)), every(dt.timedelta(days=1))),
        Task("changes", work.note_changes, every(dt.timedelta(minutes=5))),
        Task("audit", work.look_after_audit, every(dt.timedelta(days=1))),
        Task("digest", work.send_digest, work.next_digest, first_due=work.next_digest),
    ]


def _ignore(_count: int) -> None:
    """A job returns nothing; how much it did is in the tables."""
