"""Backtests asked for in the console: a queue of rows that collectors take one at a time, and the work itself.

A row is taken by one conditional UPDATE. While it is worked on, each step forward renews its lease; one whose collector
died is taken again once and then given up, so that it does not bring down one collector after another.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from django.db.models import F, Q
from django.utils.translation import gettext_noop

from keuring.signals import catalogue
from keuring_collector.desk import searching
from keuring_collector.desk.models import Backtest, Incident
from keuring_collector.fleet.models import Endpoint
from keuring_collector.rulepack import RulePackError
from keuring_collector.rulepack import backtest as engine
from keuring_collector.rulepack.backtest import report
from keuring_collector.rulepack.pack import read_rule
from keuring_collector.store import StorageError, open_store
from keuring_collector.store.block import BlockError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from django.db.models import QuerySet

    from keuring_collector.config import Settings
    from keuring_collector.desk.models import Staff
    from keuring_collector.engine.compiled import Calendar
    from keuring_collector.fleet.models import Department
    from keuring_collector.store import Store

LEASE: Final = dt.timedelta(minutes=5)
LONGEST: Final = dt.timedelta(hours=1)
KEPT: Final = dt.timedelta(days=14)
MOST_ATTEMPTS: Final = 2
MOST_OPEN: Final = 3  # of one person
AT_ONCE: Final = 16  # machines between two signs of life
MODEL: Final = "keuring.hardware.model"
TOO_LONG: Final = gettext_noop("It took more than an hour. Choose a shorter time or fewer machines.")
DIED: Final = gettext_noop("It ended twice without a word, perhaps for want of memory. Choose fewer machines.")
NOBODY: Final = gettext_noop("No machine is so. Choose another department or model.")


class NotAsked(Exception):  # noqa: N818 - nothing is wrong: it was cancelled, or is somebody else's by now
    """Nobody waits any more for what is being worked on."""


class Refused(Exception):  # noqa: N818 - said to whoever asked
    """It cannot be done; the message says why, for whoever asked."""


def machines(endpoints: QuerySet[Endpoint], store: Store, names: Iterable[str] = ()) -> list[engine.Machine]:
    """These machines as a backtest knows them, with their model and the facts called ``names``."""
    known = {name: store.facts_of(catalogue.BY_NAME[name].id) for name in sorted({MODEL, *names})}
    found = []
    for endpoint in endpoints.select_related("department").order_by("pk"):
        values = {name: by_machine.get((endpoint.pk, "")) for name, by_machine in known.items()}
        facts = {name: value for name, value in values.items() if value is not None}
        department = endpoint.department.name if endpoint.department else ""
        found.append(engine.Machine(endpoint.pk, endpoint.host_name, department, facts, str(endpoint.uuid)))
    return found


def waiting(staff: Staff) -> int:
    """How many backtests of theirs have not ended."""
    return Backtest.objects.filter(asked_by=staff, state__in=Backtest.OPEN).count()


def ask(row: Backtest, departments: Sequence[Department]) -> Backtest:
    """Puts a backtest into the queue; ``departments``: whose machines, where it is not over everything."""
    row.save()
    row.departments.set(departments)
    return row


def cancel(pk: int, now: dt.datetime) -> bool:
    """Stops one; whether it had not ended yet. Whoever works on it notices at the next step."""
    changed = Backtest.objects.filter(pk=pk, state__in=Backtest.OPEN)
    return changed.update(state=Backtest.State.CANCELLED, ended_at=now) == 1


def take(worker: str, now: dt.datetime) -> int | None:
    """The backtest that waits longest, from now on ``worker``'s; None when none waits."""
    lost = Q(state=Backtest.State.RUNNING, leased_until__lte=now)
    Backtest.objects.filter(lost, attempts__gte=MOST_ATTEMPTS).update(
        state=Backtest.State.FAILED, ended_at=now, error=DIED
    )
    free = lost | Q(state=Backtest.State.WAITING)
    # Whoever tries a rule sits and waits; nobody waits for a search.
    for pk in Backtest.objects.filter(free).order_by("search", "asked_at", "pk").values_list("pk", flat=True)[:8]:
        taken = Backtest.objects.filter(free, pk=pk).update(
            state=Backtest.State.RUNNING, leased_until=now + LEASE, leased_by=worker, attempts=F("attempts") + 1,
            began_at=now, machines=None, machines_done=0,
        )  # fmt: skip
        if taken:
            return pk
    return None


def give_back(pk: int, worker: str, now: dt.datetime, *, died: bool) -> None:
    """Lets another take what ``worker`` did not finish: it is ending itself, or whoever it let work ``died``."""
    mine = _mine(pk, worker)
    if died:
        mine.update(leased_until=now)
    else:  # no fault of this backtest
        mine.update(state=Backtest.State.WAITING, leased_until=None, attempts=F("attempts") - 1)


def work(
    pk: int, worker: str, settings: Settings, place: Calendar | None, now: Callable[[], dt.datetime]
) -> Backtest.State:
    """Does one that ``worker`` took, and keeps the answer or why there is none; returns its state."""
    row = Backtest.objects.get(pk=pk)
    ended: dict[str, Any] = {"state": Backtest.State.DONE, "error": "", "answer": ""}
    try:
        answer = _answer(row, worker, settings, place, now)
        if row.search:
            answer, ended["text"], ended["found"] = searching.chosen(answer, row.text, settings.rules_directory)
        ended["answer"] = json.dumps(report.report(answer), ensure_ascii=False, separators=(",", ":"))
    except NotAsked:
        return Backtest.State(Backtest.objects.values_list("state", flat=True).get(pk=pk))
    except (Refused, RulePackError, engine.BacktestError, StorageError, BlockError) as error:
        ended.update(state=Backtest.State.FAILED, error=str(error))
    _mine(pk, worker).update(**ended, leased_until=None, ended_at=now())
    return Backtest.State(ended["state"])


def _mine(pk: int, worker: str) -> QuerySet[Backtest]:
    """The row, as long as it is still this worker's."""
    return Backtest.objects.filter(pk=pk, state=Backtest.State.RUNNING, leased_by=worker)


def _answer(
    row: Backtest, worker: str, settings: Settings, place: Calendar | None, now: Callable[[], dt.datetime]
) -> engine.Answer:
    found = _machines_of(row, settings.database_url)
    if not found:
        raise Refused(NOBODY)
    began = now()

    def alive(count: int) -> None:
        at = now()
        if not _mine(row.pk, worker).update(
            leased_until=at + LEASE, machines=len(found), machines_done=F("machines_done") + count
        ):
            raise NotAsked
        if at - began > LONGEST:
            raise Refused(TOO_LONG)

    alive(0)
    question = engine.Question(
        _candidates(row, settings.rules_directory),
        found,
        since=_moment(row.since) if row.since else 0.0,
        until=_moment(row.until + dt.timedelta(days=1)) if row.until else float("inf"),
        freshness=settings.freshness,
        incidents=_incidents(found) if row.incidents else {},
        place=place,
    )
    # In this process alone: the other cores are for the reports that come in.
    return engine.ask(question, settings.database_url, advance=alive, at_once=AT_ONCE)


def _machines_of(row: Backtest, url: str) -> list[engine.Machine]:
    endpoints = Endpoint.objects.all()
    if not row.everything:
        endpoints = endpoints.filter(department__in=row.departments.all())
    store = open_store(url)
    try:
        found = machines(endpoints, store)
    finally:
        store.close()
    return [machine for machine in found if not row.model or machine.model == row.model]


def _incidents(machines: Sequence[engine.Machine]) -> dict[str, list[engine.Outcome]]:
    """What was imported of these machines, by cause."""
    ours = {machine.endpoint for machine in machines}
    told: dict[str, list[engine.Outcome]] = {}
    for endpoint, cause, at in Incident.objects.order_by("at", "pk").values_list("endpoint_id", "cause", "at"):
        if endpoint in ours:
            told.setdefault(cause, []).append(engine.Outcome(endpoint, "incident", at.timestamp()))
    return told


def _candidates(row: Backtest, directory: Path | None) -> tuple[engine.Candidate, ...]:
    """The versions to try; the one in force comes first, so that the answer says what the change would do."""
    file = Path(f"{row.rule}.yaml")
    saved = row.text == row.before
    asked = engine.Candidate(read_rule(file, row.text, directory), file, saved)
    if row.search:
        return (asked, *searching.candidates(row.text, file, directory))
    if not row.compare or saved or not row.before:
        return (asked,)
    return (engine.Candidate(read_rule(file, row.before, directory), file, saved=True), asked)


def _moment(day: dt.date) -> float:
    return dt.datetime.combine(day, dt.time(), dt.UTC).timestamp()


def expire(now: dt.datetime, audit_days: float) -> int:
    """Lets go of answers that are old; of those whose rule was saved when the audit lets go of that. How many."""
    old = Q(saved_at=None, ended_at__lt=now - KEPT) | Q(saved_at__lt=now - dt.timedelta(days=audit_days))
    found = Backtest.objects.filter(old)
    count = found.count()
    found.delete()
    return count
