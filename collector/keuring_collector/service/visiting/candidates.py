"""Whom to see in a department, and about what: the weightiest first.

Somebody is seen for all that concerns them at once. Whoever asked to come back is seen on that day and not before,
unless something urgent is the matter.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from django.db.models import Q
from django.utils import timezone

from keuring_collector.desk.models import Inspection, Ticket
from keuring_collector.fleet.models import Colleague, Endpoint
from keuring_collector.service.models import Stop, StopItem
from keuring_collector.service.tips import rules
from keuring_collector.service.visiting import news, places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keuring_collector.fleet.models import Department
    from keuring_collector.service.models import Place

Kind = StopItem.Kind
# Minutes. Asked of nobody: whoever knows better changes the round.
TAKES: Final = {
    Kind.TICKET: 10, Kind.INSPECTION: 10, Kind.TIP: 5, Kind.ANNOUNCEMENT: 3, Kind.SILENT: 5, Kind.HELLO: 3,
}  # fmt: skip
WALK: Final = 2  # from one to the next
UNSEEN_DAYS: Final = 180  # after which somebody is worth a hello
SILENT_DAYS: Final = 14  # after which a machine is worth a look
SOON: Final = timedelta(days=30)


class Item(NamedTuple):
    """One thing that somebody is seen about."""

    kind: Kind
    ticket: int | None = None
    endpoint: int | None = None
    days: int | None = None
    text: str = ""
    chance: int | None = None


@dataclass(slots=True)
class Candidate:
    """Somebody to see, or a machine that is nobody's."""

    colleague: int | None
    endpoint: int | None
    name: str
    place: Place | None = None
    items: list[Item] = field(default_factory=list)
    weight: tuple[int, float] = (99, 0.0)  # the lightest number is seen first

    @property
    def minutes(self) -> int:
        """How long it takes, the walk included."""
        return WALK + sum(TAKES[item.kind] for item in self.items)

    @property
    def only_hello(self) -> bool:
        """Whether there is nothing but the pleasure of it."""
        return all(item.kind == Kind.HELLO for item in self.items)

    def add(self, item: Item, rank: int, then: float = 0.0) -> None:
        """One thing more; what weighs most decides when they are seen."""
        self.items.append(item)
        self.weight = min(self.weight, (rank, then))


# How much each reason weighs.
BACK, PLANNED, URGENT, CARRIED, NEAR, LATER, INSPECT, WATCH, TELL, TIP, SILENT, HELLO = range(12)


def candidates(department: Department, day: date, sources: news.Sources) -> list[Candidate]:
    """Everybody worth seeing on ``day``, the weightiest first."""
    people = {each.pk: each for each in Colleague.objects.filter(department=department)}
    machines = list(
        Endpoint.objects.filter(department=department, state=Endpoint.State.ACTIVE)
        .select_related("colleague")
        .order_by("pk")
    )
    sits = places.of_colleagues(department)
    found: dict[tuple[int | None, int | None], Candidate] = {}
    of_machine: dict[int, Candidate] = {}
    for machine in machines:
        who = machine.colleague_id if machine.colleague_id in people else None
        key = (who, None if who else machine.pk)
        name = people[who].name if who else machine.host_name
        made = found.setdefault(key, Candidate(who, machine.pk, name, sits.get(who or 0)))
        of_machine[machine.pk] = made
    for pk, person in people.items():
        found.setdefault((pk, None), Candidate(pk, None, person.name, sits.get(pk)))
    _tickets(department, day, of_machine)
    _inspections(department, day, of_machine)
    _news(machines, day, of_machine, sources)
    _silent(day, sources.heard, of_machine)
    _earlier(department, day, found)
    wanted = [each for each in found.values() if each.items]
    return sorted(wanted, key=lambda each: (each.weight, each.name, each.endpoint or 0))


def _tickets(department: Department, day: date, of_machine: Mapping[int, Candidate]) -> None:
    """Tickets that are new or planned for that day; of those that were gathered only planned ones."""
    wanted = Q(state=Ticket.State.NEW, parent=None) | Q(state=Ticket.State.PLANNED, planned_for__lte=day)
    tickets = Ticket.objects.filter(wanted, endpoint__department=department, endpoint__state=Endpoint.State.ACTIVE)
    for ticket in tickets.order_by("-severity", "expected_at", "pk"):
        near = ticket.expected_at is not None and timezone.localtime(ticket.expected_at).date() <= day + SOON
        then = ticket.expected_at.timestamp() if ticket.expected_at else math.inf
        if ticket.state == Ticket.State.PLANNED:
            rank = PLANNED
        elif ticket.severity == Ticket.Severity.URGENT:
            rank = URGENT
        elif ticket.severity == Ticket.Severity.SOON:
            rank = NEAR if near else LATER
        else:
            rank = TIP if ticket.severity == Ticket.Severity.TIP else WATCH
        kind = Kind.TIP if ticket.severity == Ticket.Severity.TIP else Kind.TICKET
        of_machine[ticket.endpoint_id].add(Item(kind, ticket=ticket.pk, endpoint=ticket.endpoint_id), rank, then)


def _news(machines: Sequence[Endpoint], day: date, of_machine: Mapping[int, Candidate], sources: news.Sources) -> None:
    """What is coming for a machine, said once to a colleague of several; and a tip to who may have one."""
    for endpoint, titles in news.announcements(machines, day, sources).items():
        candidate = of_machine[endpoint]
        said = {item.text for item in candidate.items if item.kind == Kind.ANNOUNCEMENT}
        for title in titles:
            if title not in said:
                candidate.add(Item(Kind.ANNOUNCEMENT, endpoint=endpoint, text=title), TELL)
    for endpoint, chance in news.tips(machines, day, sources).items():
        text = rules.name_of(chance, sources.pack)
        of_machine[endpoint].add(Item(Kind.TIP, endpoint=endpoint, text=text, chance=chance.pk), TIP)


def _inspections(department: Department, day: date, of_machine: Mapping[int, Candidate]) -> None:
    """Inspections that are due, as the machine was away, and those that could not be measured: somebody must look."""
    due = Q(next_due__lte=day) | Q(outcome=Inspection.Outcome.UNMEASURABLE)
    rows = Inspection.objects.filter(due, current=True, endpoint__department=department, endpoint__in=of_machine)
    for endpoint, next_due in rows.values_list("endpoint", "next_due"):
        late = max(0, (day - next_due).days)
        of_machine[endpoint].add(Item(Kind.INSPECTION, endpoint=endpoint, days=late), INSPECT, -float(late))


def _silent(day: date, heard: Mapping[int, float], of_machine: Mapping[int, Candidate]) -> None:
    zone = timezone.get_current_timezone()
    for endpoint, candidate in of_machine.items():
        if endpoint in heard:
            days = (day - datetime.fromtimestamp(heard[endpoint], zone).date()).days
            if days >= SILENT_DAYS:
                candidate.add(Item(Kind.SILENT, endpoint=endpoint, days=days), SILENT, -float(days))


def _earlier(department: Department, day: date, found: Mapping[tuple[int | None, int | None], Candidate]) -> None:
    """What earlier rounds left: who asked to come back, who was not there or not reached, who was not seen for long."""
    last: dict[int, Stop] = {}
    seen: dict[int, date] = {}
    rows = Stop.objects.filter(
        Q(round__day__lt=day) | Q(done_at__isnull=False), colleague__department=department, removed=False
    )
    for stop in rows.select_related("round").order_by("round__day", "pk"):
        assert stop.colleague_id is not None  # noqa: S101 - asked for above
        last[stop.colleague_id] = stop
        if stop.outcome == Stop.Outcome.HELPED:
            seen[stop.colleague_id] = stop.round.day
    waiting: defaultdict[int, bool] = defaultdict(bool)
    for pk, stop in last.items():
        candidate = found.get((pk, None))
        if candidate is None:
            continue
        back = stop.back_on if stop.outcome == Stop.Outcome.BACK else None
        if back is not None and back > day:
            waiting[pk] = True
            if candidate.weight[0] > URGENT:
                candidate.items.clear()
        elif back is not None:
            candidate.items = candidate.items or [Item(Kind.HELLO)]
            candidate.weight = (BACK, 0.0)
        elif stop.outcome != Stop.Outcome.HELPED and candidate.items:
            candidate.weight = min(candidate.weight, (CARRIED, 0.0))
    for (colleague, _endpoint), candidate in found.items():
        if colleague is None or candidate.items or waiting[colleague]:
            continue
        days = (day - seen[colleague]).days if colleague in seen else None
        if days is None or days >= UNSEEN_DAYS:
            candidate.add(Item(Kind.HELLO, days=days), HELLO, -float(days if days is not None else 10_000))
