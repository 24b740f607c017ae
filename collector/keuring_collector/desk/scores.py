"""Scores of rules, models and departments, of what somebody at the desk may see, over the last twelve months.

Tickets on simulated machines count only where most machines are simulated, as in a demo; real ones then do not.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from django.utils import timezone

from keuring_collector.desk import scoreboard
from keuring_collector.desk.models import Incident, Ticket, TicketLine
from keuring_collector.desk.scoreboard import Case, Happened, Score
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
    from datetime import datetime

    from django.db.models import QuerySet

    from keuring_collector.rulepack import Rule

T = TypeVar("T")
G = TypeVar("G")
MONTHS: Final = 12


@dataclass(frozen=True, slots=True)
class Machine:
    """What scores are kept by, of one machine."""

    department: int | None
    model: str
    enrolled_at: float


@dataclass(frozen=True, slots=True)
class Counted:
    """All that is counted, and over which time."""

    since: datetime
    until: datetime
    months: tuple[str, ...]
    machines: Mapping[int, Machine]
    cases: tuple[Case, ...]
    rules: Mapping[int, Set[str]]  # of each ticket
    incidents: tuple[Happened, ...]
    missed: frozenset[Happened]
    simulated: bool

    def score(self, cases: Sequence[Case], incidents: Sequence[Happened], machines: Iterable[Machine]) -> Score:
        """The score of some of it."""
        since, until = self.since.timestamp(), self.until.timestamp()
        return scoreboard.score(
            cases,
            len(incidents),
            sum(1 for each in incidents if each in self.missed),
            scoreboard.machine_months((each.enrolled_at for each in machines), since, until),
            self.months,
        )


def period(now: datetime) -> tuple[datetime, tuple[str, ...]]:
    """When the twelve months began of which ``now`` is in the last, and their names, oldest first."""
    local = timezone.localtime(now)
    names = []
    year, month = local.year, local.month
    for _ in range(MONTHS):
        names.append(f"{year}-{month:02}")
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)
    first = local.replace(
        year=int(names[-1][:4]), month=int(names[-1][5:]), day=1, hour=0, minute=0, second=0, microsecond=0
    )
    return timezone.make_aware(first.replace(tzinfo=None)), tuple(reversed(names))


def count(endpoints: QuerySet[Endpoint], now: datetime) -> Counted:
    """Counts what happened on ``endpoints``. Five queries, whatever the numbers."""
    since, months = period(now)
    found = list(endpoints.order_by().values_list("pk", "department_id", "enrolled_at", "state", "simulated", "model"))
    simulated = 2 * sum(row[4] for row in found) > len(found)
    found = [row for row in found if row[4] == simulated]
    machines = {
        pk: Machine(department, model, enrolled.timestamp())
        for pk, department, enrolled, state, _simulated, model in found
        if state == Endpoint.State.ACTIVE
    }
    of_ours = endpoints.filter(simulated=simulated)
    recent = Incident.objects.filter(endpoint__in=of_ours, at__gte=since, at__lte=now)
    tickets = Ticket.objects.filter(endpoint__in=of_ours).exclude(state=Ticket.State.MERGED)
    incidents = tuple(
        Happened(endpoint, cause, at.timestamp())
        for endpoint, cause, at in recent.order_by("at", "pk").values_list("endpoint_id", "cause", "at")
    )
    begun = tickets.filter(opened_at__gte=since, opened_at__lte=now)
    cases = list(_cases(begun))
    earlier = _cases(tickets.filter(opened_at__lt=since, endpoint__in=recent.values("endpoint")))
    lines = TicketLine.objects.filter(ticket__in=begun).order_by().values_list("ticket_id", "rule")
    rules: dict[int, set[str]] = defaultdict(set)
    for ticket, rule in lines:
        rules[ticket].add(rule)
    return Counted(
        since, now, months, machines, tuple(_with_incidents(cases, incidents)), rules, incidents,
        frozenset(scoreboard.missed(incidents, [*cases, *earlier])), simulated,
    )  # fmt: skip


def _cases(tickets: QuerySet[Ticket]) -> Iterator[Case]:
    rows = tickets.order_by("pk").values_list(
        "pk", "endpoint_id", "cause", "opened_at", "closed_at", "verdict", "parent_id", "outcome__result",
        "outcome__came_at",
    )  # fmt: skip
    for pk, endpoint, cause, opened, closed, verdict, fleet, result, came in rows:
        yield Case(
            pk, endpoint, cause, opened.timestamp(), f"{timezone.localtime(opened):%Y-%m}",
            closed.timestamp() if closed else None, verdict, result or "", came.timestamp() if came else None, fleet,
        )  # fmt: skip


def _with_incidents(cases: Iterable[Case], incidents: Iterable[Happened]) -> Iterator[Case]:
    """The cases, and of those that announced an incident when it came."""
    happened: dict[tuple[int, str], list[float]] = defaultdict(list)
    for each in incidents:
        happened[each.endpoint, each.cause].append(each.at)
    for case in cases:
        at = next((at for at in happened.get((case.endpoint, case.cause), ()) if scoreboard.covers(case, at)), None)
        yield case if at is None or case.came_at is not None else replace(case, came_at=at)


def by_rule(counted: Counted, rules: Iterable[Rule]) -> dict[str, Score]:
    """The score of each of ``rules`` that opens tickets, or did; missed is what its cause missed."""
    cases: dict[str, list[Case]] = defaultdict(list)
    for case in counted.cases:
        for rule in counted.rules.get(case.id, ()):
            cases[rule].append(case)
    incidents = _grouped(counted.incidents, lambda each: each.cause)
    machines = counted.machines.values()
    return {
        rule.id: counted.score(cases[rule.id], incidents[rule.cause], machines)
        for rule in rules
        if rule.maturity.opens_tickets or cases[rule.id]
    }


def by_model(counted: Counted) -> dict[str, Score]:
    """The score of each model of machines; the empty one is not known."""
    return _by_machine(counted, lambda machine: machine.model)


def by_department(counted: Counted) -> dict[int | None, Score]:
    """The score of each department, by where its machines are now."""
    return _by_machine(counted, lambda machine: machine.department)


def _by_machine(counted: Counted, name: Callable[[Machine], G]) -> dict[G, Score]:
    """By what ``name`` says of machines; those that are no longer in use count with none."""
    group = {endpoint: name(machine) for endpoint, machine in counted.machines.items()}
    cases = _grouped((each for each in counted.cases if each.endpoint in group), lambda each: group[each.endpoint])
    incidents = _grouped(
        (each for each in counted.incidents if each.endpoint in group), lambda each: group[each.endpoint]
    )
    machines = _grouped(counted.machines.values(), name)
    return {each: counted.score(cases[each], incidents[each], machines[each]) for each in list(machines)}


def _grouped(items: Iterable[T], name: Callable[[T], G]) -> dict[G, list[T]]:
    found: dict[G, list[T]] = defaultdict(list)
    for each in items:
        found[name(each)].append(each)
    return found
