"""The jobs process: background work and /metrics."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import threading
from typing import TYPE_CHECKING, Final

import structlog
from django.contrib.sessions.backends.db import SessionStore

from keuring_collector import addresses, exporter, supervisor
from keuring_collector.commands.workspace import CommandError
from keuring_collector.desk import digest, gathering, outbox, starting
from keuring_collector.desk.jobs import JobRunner, Task, every, run_forever
from keuring_collector.desk.waking import wake
from keuring_collector.fleet import tokens
from keuring_collector.processes.packs import PackWatch
from keuring_collector.rulepack.calendar import calendar
from keuring_collector.rulepack.reads import questions_of
from keuring_collector.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_collector.config import Settings
    from keuring_collector.desk.texts import RuleTexts

log = structlog.get_logger(__name__)
COMPACTION_SECONDS: Final = 60.0


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
    try:
        runner = JobRunner(f"{socket.gethostname()}/{os.getpid()}", tasks(settings, packs, ending.is_set))
        addresses.write(settings.data_directory, "jobs", {"metrics": metrics.address})
        supervisor.announce("jobs", metrics=metrics.address)
        run_forever(runner, ending)
    finally:
        metrics.close()
        addresses.forget(settings.data_directory, "jobs")
    return 0


def tasks(settings: Settings, packs: PackWatch, stop: Callable[[], bool] | None = None) -> list[Task]:
    """The background work of a collector with these settings; what takes long ends early when ``stop`` says so."""

    def due(now: dt.datetime) -> dt.datetime:
        return digest.next_digest(now, settings.digest_hour, settings.time_zone)

    pack = packs.first()

    def rule_of(rule: str) -> RuleTexts | None:
        return pack.rules.get(rule)

    def send_digest(now: dt.datetime) -> None:
        nonlocal pack
        pack = packs.changed() or pack
        digest.send(now, due(now), rule_of, console_url(settings), settings.language)

    def compact(now: dt.datetime) -> None:
        store = open_store(settings.database_url)
        try:
            report = store.compact(now.timestamp(), settings.journal_days, COMPACTION_SECONDS, stop)
            log.debug("compacted", endpoints=report.endpoints, reports=report.reports, finished=report.finished)
        finally:
            store.close()

    def make_baselines(now: dt.datetime) -> None:
        nonlocal pack
        pack = packs.changed() or pack
        questions = {question for rule in pack.compiled.rules for question in questions_of(rule)}
        store = open_store(settings.database_url)
        try:
            made = store.make_baselines(questions, now.timestamp(), settings.journal_days, stop or (lambda: False))
            if made:
                log.info("baselines made", questions=made)
        finally:
            store.close()

    def purge(now: dt.datetime) -> None:
        store = open_store(settings.database_url)
        try:
            report = store.purge(now.timestamp(), settings.raw_retention_days, settings.daily_retention_days)
            log.info("let go of what is past its retention", rows=report.rows)
        finally:
            store.close()

    def gather(now: dt.datetime) -> None:
        store = open_store(settings.database_url)
        try:
            within = dt.timedelta(days=settings.fleet_ticket_days)
            made = gathering.gather(store, now, settings.fleet_ticket_machines, within)
            if made:
                log.info("fleet tickets made", tickets=made)
        finally:
            store.close()

    def admit(now: dt.datetime) -> None:
        nonlocal pack
        pack = packs.changed() or pack
        store = open_store(settings.database_url)
        try:
            opening = {rule.id for rule in pack.rules.values() if rule.maturity.opens_tickets}
            opened = store.admit(opening, now.timestamp())
            if opened:
                log.info("findings that waited are told", **opened)
        finally:
            store.close()

    return [
        Task("admit", admit, every(dt.timedelta(minutes=1))),
        Task("fleet_tickets", gather, every(dt.timedelta(minutes=10))),
        Task("wake", lambda now: _ignore(wake(now)), every(dt.timedelta(minutes=1))),
        Task("outbox", lambda now: _ignore(outbox.send(now)), every(dt.timedelta(seconds=15))),
        Task("tokens", lambda now: _ignore(tokens.expire(now)), every(dt.timedelta(hours=1))),
        Task("sessions", lambda _now: SessionStore.clear_expired(), every(dt.timedelta(hours=1))),
        Task("compact", compact, every(dt.timedelta(minutes=10))),
        # Each question is answered once a day; the other runs are for rules that are new.
        Task("baselines", make_baselines, every(dt.timedelta(hours=1))),
        Task("purge", purge, every(dt.timedelta(days=1))),
        Task("digest", send_digest, due, first_due=due),
    ]


def console_url(settings: Settings) -> str:
    """Where the console is, as people reach it, with a slash at the end."""
    running = addresses.read(settings.data_directory, "console")
    if running is not None:
        return running["url"]
    scheme = "https" if settings.console_tls else "http"
    return f"{scheme}://{addresses.join(settings.public_name, settings.console_port)}/"


def _ignore(_count: int) -> None:
    """A job returns nothing; how much it did is in the tables."""
