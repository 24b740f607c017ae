"""One department: its machines, what is open, how its APK stands, what tickets were worth there, and where it sits."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.db.models import Count, Exists, OuterRef, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from keuring_collector.console import facts, fleet_counts, pack, stories, table_rows
from keuring_collector.console.listing import Choices
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views import inspections, quiet, scoreboard
from keuring_collector.desk import scope
from keuring_collector.desk.counting import MOST, lately
from keuring_collector.desk.counts import DUE_AHEAD
from keuring_collector.desk.illness import FEWEST
from keuring_collector.desk.inspection import issuing
from keuring_collector.desk.models import FleetTicket, Quiet, Ticket
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.roles import Right
from keuring_collector.fleet.models import Colleague, Department, Endpoint
from keuring_collector.service.visiting import unseen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest

    from keuring_collector.desk.models import Staff

MOST_TICKETS: Final = 10
MOST_MACHINES: Final = 20
MOST_DUE: Final = 10
MOST_PLACES: Final = 12


@dataclass(frozen=True, slots=True)
class Place:
    """Where some of the colleagues sit. Under five of them are not counted to anybody."""

    name: str
    colleagues: int


@requires(Right.LOOK)
@require_safe
def department(request: HttpRequest, pk: int) -> HttpResponse:
    """The page."""
    staff, now = staff_of(request), timezone.now()
    # Whoever sees a department sees all that is in it, so nothing below asks again whose it is.
    found = _department(staff.department_ids, pk)
    if not found:
        raise Http404(_("There is no such department, or you do not see it."))
    counted = dict(_counted(pk))
    count = sum(counted.values())
    here = lately(("department", pk), lambda: _opened_here(pk), lambda told: told.open > MOST)
    machines = _machines(here, pk, now)
    context = {
        "department": found[0],
        "count": count,
        "simulated": counted.get(True, 0),
        **_places(found[0]),
        "address": Choices(department=str(pk)).address(),
        **_tickets(here, pk, now),
        "machines": table_rows.machines(machines),
        "shown": len(machines),
        **_apk(staff, pk, count, now),
        # Of fewer machines the figures would be about those who work at them.
        "score": scoreboard.of_department(staff, pk, now) if count >= FEWEST else None,
        "quiets": [quiet.row_of(each, now, each.n) for each in _quiets(pk, now)],
        "seen": next(iter(unseen.told(_seen(pk), timezone.localdate(now))), None),
    }
    return render(request, "console/department.html", context)


@prepared
def _department(departments: Any, pk: Any) -> QuerySet[Department]:
    return scope.departments(scope.Reach(departments)).filter(pk=pk)


@prepared
def _seen(pk: Any) -> QuerySet[Department]:
    return unseen.with_last(Department.objects.filter(pk=pk))


@prepared
def _counted(department: Any) -> QuerySet[Endpoint, tuple[bool, int]]:
    machines = Endpoint.objects.filter(department=department, state=Endpoint.State.ACTIVE).order_by()
    return machines.values("simulated").annotate(n=Count("*")).values_list("simulated", "n")


@prepared
def _people(department: Any) -> QuerySet[Colleague, tuple[str, int]]:
    people = Colleague.objects.filter(department=department).order_by()
    return people.values("place").annotate(n=Count("*")).values_list("place", "n")


def _places(found: Department) -> dict[str, Any]:
    """The colleagues and their places, where most sit first; who has none sits where the department does."""
    places: Counter[str] = Counter()
    for place, count in _people(found.pk):
        places[place or found.place] += count
    everybody = places.total()
    del places[""]
    first = sorted(places.items(), key=lambda each: (-each[1], each[0]))[:MOST_PLACES]
    return {"colleagues": everybody, "sites": [Place(*each) for each in first]}


class Here(NamedTuple):
    """What is open in a department: how many tickets of each severity, the first of them as in the queue, and the
    machines in use with most to do: (number, worst severity, open tickets).
    """

    by_severity: Mapping[int, int]
    first: list[int]
    machines: list[tuple[int, int, int]]
    open: int  # with those that are part of a fleet ticket, which the queue shows as one


@prepared
def _open(department: Any) -> QuerySet[Ticket, Any]:
    found = Ticket.objects.filter(endpoint__department=department, closed_at=None)
    found = found.exclude(state=Ticket.State.RESTING).order_by()  # as it is said in listing.tickets
    fleet = Exists(FleetTicket.objects.filter(pk=OuterRef("parent"), closed_at=None))
    return found.annotate(in_fleet=fleet).values_list(
        "pk", "severity", "expected_at", "in_fleet", "endpoint", "endpoint__state", "endpoint__host_name"
    )


def _opened_here(department: int) -> Here:
    """All of it of one reading: tickets and machines would be put in order of two, each through all that is open."""
    machines: dict[tuple[str, int], list[int]] = {}
    single: list[tuple[int, float, int]] = []
    rows = _open(department)
    for pk, severity, expected, in_fleet, machine, state, name in rows:
        if not in_fleet:
            single.append((-severity, expected.timestamp() if expected else math.inf, pk))
        if state == Endpoint.State.ACTIVE:
            machines.setdefault((name, machine), []).append(severity)
    busy = sorted((-max(severities), -len(severities), *key) for key, severities in machines.items())
    return Here(
        Counter(-severity for severity, _expected, _pk in single),
        [pk for _severity, _expected, pk in heapq.nsmallest(MOST_TICKETS, single)],
        [(machine, -worst, -n) for worst, n, _name, machine in busy[:MOST_MACHINES]],
        len(rows),
    )


def _tickets(here: Here, pk: int, now: datetime) -> dict[str, Any]:
    """The open tickets: how many of each severity, and the first of the queue."""
    state, language = pack.current(), (get_language() or "nl")[:2]
    read = stories.read(here.first)
    return {
        "open_count": sum(here.by_severity.values()),
        "severities": [
            (value, here.by_severity.get(value, 0), Choices(department=str(pk)).address(severity=(value,)))
            for value in sorted(Ticket.Severity.values, reverse=True)
        ],
        "tickets": table_rows.others(
            [stories.row(read[each], state, language, now) for each in here.first if each in read], now, named=True
        ),
    }


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of the department; ``worst`` is the gravest severity of its open tickets, 0 without any."""

    endpoint: Endpoint
    contact: facts.Contact
    open_tickets: int
    worst: int


@prepared
def _others(department: Any, but: Any) -> QuerySet[Endpoint, int]:
    machines = Endpoint.objects.filter(department=department, state=Endpoint.State.ACTIVE).exclude(pk__in=but)
    return machines.order_by("host_name", "pk").values_list("pk", flat=True)[:MOST_MACHINES]


@prepared
def _shown(numbers: Any) -> QuerySet[Endpoint]:
    told = ("uuid", "host_name", "simulated", "colleague__name")
    return Endpoint.objects.filter(pk__in=numbers).select_related("colleague").only(*told)


def _machines(here: Here, department: int, now: datetime) -> list[Machine]:
    """The machines with most to do first, then those without tickets; and when they were last heard of."""
    told = {machine: (worst, n) for machine, worst, n in here.machines}
    if len(told) < MOST_MACHINES:
        told |= dict.fromkeys(_others(department, list(told))[: MOST_MACHINES - len(told)], (0, 0))
    read = {each.pk: each for each in _shown(list(told))}
    contacts = facts.contacts(read, now)
    return [Machine(read[pk], contacts[pk], n, worst) for pk, (worst, n) in told.items() if pk in read]


def _apk(staff: Staff, pk: int, count: int, now: datetime) -> dict[str, Any]:
    """How many machines have which stamp, and which are due within a month."""
    answer = fleet_counts.ask("inspections", staff, now)
    stamps = {outcome: n for department, outcome, n in answer.content["outcomes"] if department == pk}
    counted = sum(n for department, n in answer.content["machines"] if department == pk)
    # All of them, by number: asked for the first ten, PostgreSQL walks through the whole fleet by age to find these.
    machines = Endpoint.objects.filter(department=pk, state=Endpoint.State.ACTIVE)
    due = lately(
        ("due", pk),
        lambda: list(issuing.due(now + DUE_AHEAD).filter(pk__in=machines).values_list("pk", flat=True)),
        lambda _due: count > MOST,
    )
    first = {each.pk: each for each in _shown(due[:MOST_DUE])}
    return {
        "stamps": [(each.value, str(each.label), stamps.get(each.value, 0)) for each in inspections.ORDER],
        "never": counted - sum(stamps.values()),
        "stamped_at": answer.counted_at,
        "due": [first[pk] for pk in due[:MOST_DUE] if pk in first],
        "due_count": len(due),
        "stamps_address": f"{reverse('inspections')}?department=",
    }


@prepared
def _quiets(department: Any, now: Any) -> QuerySet[Any]:
    """The quiet times of the department or a machine of it, in force or coming."""
    times = Quiet.objects.filter(Q(department=department) | Q(endpoint__department=department), ends_at__gt=now)
    return times.annotate(n=Count("waiting")).select_related("department", "endpoint", "made_by", "ended_by")
