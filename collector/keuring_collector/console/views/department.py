"""One department: its machines, what is open, how its APK stands, what tickets were worth there, and where it sits."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Max, Q
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from keuring_collector.console import facts, fleet_counts, listing, pack, stories
from keuring_collector.console.listing import Choices
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views import inspections, quiet, scoreboard
from keuring_collector.console.views.machines import with_tickets
from keuring_collector.desk import scope
from keuring_collector.desk.counting import MOST, lately
from keuring_collector.desk.counts import DUE_AHEAD
from keuring_collector.desk.illness import FEWEST
from keuring_collector.desk.inspection import issuing
from keuring_collector.desk.models import Ticket
from keuring_collector.desk.roles import Right
from keuring_collector.fleet.models import Department, Endpoint
from keuring_collector.service.visiting import unseen

if TYPE_CHECKING:
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
    found = scope.departments(staff).filter(pk=pk).first()
    if found is None:
        raise Http404(_("There is no such department, or you do not see it."))
    machines = scope.endpoints(staff).filter(department=found, state=Endpoint.State.ACTIVE)
    counted = machines.aggregate(all=Count("pk"), simulated=Count("pk", filter=Q(simulated=True)))
    count: int = counted["all"]
    people = scope.colleagues(staff).filter(department=found)
    context = {
        "department": found,
        "count": count,
        "simulated": counted["simulated"],
        **_places(people, found),
        "address": Choices(department=str(pk)).address(),
        **_tickets(staff, pk, now),
        **_machines(machines, pk, count, now),
        **_apk(staff, machines, pk, count, now),
        # Of fewer machines the figures would be about those who work at them.
        "score": scoreboard.of_department(staff, pk, now) if count >= FEWEST else None,
        "quiets": _quiets(staff, found, now),
        "seen": next(iter(unseen.departments(scope.departments(staff).filter(pk=pk), timezone.localdate(now))), None),
    }
    return render(request, "console/department.html", context)


def _places(people: Any, found: Department) -> dict[str, Any]:
    """The colleagues and their places, where most sit first; who has none sits where the department does."""
    places: Counter[str] = Counter()
    for place, count in people.order_by().values_list("place").annotate(count=Count("id")):
        places[place or found.place] += count
    everybody = places.total()
    del places[""]
    first = sorted(places.items(), key=lambda each: (-each[1], each[0]))[:MOST_PLACES]
    return {"colleagues": everybody, "sites": [Place(*each) for each in first]}


def _tickets(staff: Staff, pk: int, now: datetime) -> dict[str, Any]:
    """The open tickets: how many of each severity, and the first of the queue."""
    chosen = Choices(department=str(pk), sort="severity")
    listed = listing.page(chosen, staff, now, most=MOST_TICKETS)
    state, language = pack.current(), (get_language() or "nl")[:2]
    return {
        "open_count": sum(listed.by_severity.values()),
        "severities": [
            (value, listed.by_severity.get(value, 0), Choices(department=str(pk)).address(severity=(value,)))
            for value in sorted(Ticket.Severity.values, reverse=True)
        ],
        "tickets": [stories.row(each, state, language, now) for each in listed.tickets],
    }


def _machines(machines: QuerySet[Endpoint], department: int, count: int, now: datetime) -> dict[str, Any]:
    """The machines with most to do first, and when they were last heard of."""
    shown = with_tickets(machines)
    if count > MOST:
        # Those with tickets, which are fewer than the machines, and then those without any for the room that is left.
        here = Ticket.objects.filter(
            endpoint__department=department, endpoint__state=Endpoint.State.ACTIVE, closed_at=None
        )
        opened = here.exclude(state=Ticket.State.RESTING).order_by()  # as it is said in listing.tickets
        busy = opened.values_list("endpoint").annotate(worst=Max("severity"), n=Count("pk"))
        which = [pk for pk, *_n in busy.order_by("-worst", "-n", "endpoint__host_name", "endpoint")[:MOST_MACHINES]]
        if len(which) < MOST_MACHINES:
            others = machines.exclude(pk__in=which).order_by("host_name", "pk").values_list("pk", flat=True)
            which += others[: MOST_MACHINES - len(which)]
        shown = with_tickets(Endpoint.objects.filter(pk__in=which))
    found = list(shown.order_by("-worst", "-open_tickets", "host_name", "pk")[:MOST_MACHINES])
    contacts = facts.contacts([each.pk for each in found], now)
    return {"machines": [(each, contacts[each.pk]) for each in found]}


def _apk(staff: Staff, machines: QuerySet[Endpoint], pk: int, count: int, now: datetime) -> dict[str, Any]:
    """How many machines have which stamp, and which are due within a month."""
    answer = fleet_counts.ask("inspections", staff, now)
    stamps = {outcome: n for department, outcome, n in answer.content["outcomes"] if department == pk}
    counted = sum(n for department, n in answer.content["machines"] if department == pk)
    # All of them, by number: asked for the first ten, PostgreSQL walks through the whole fleet by age to find these.
    due = lately(
        ("due", pk),
        lambda: list(issuing.due(now + DUE_AHEAD).filter(pk__in=machines).values_list("pk", flat=True)),
        lambda _due: count > MOST,
    )
    first = Endpoint.objects.select_related("department", "colleague").in_bulk(due[:MOST_DUE])
    return {
        "stamps": [(each.value, str(each.label), stamps.get(each.value, 0)) for each in inspections.ORDER],
        "never": counted - sum(stamps.values()),
        "stamped_at": answer.counted_at,
        "due": [first[pk] for pk in due[:MOST_DUE] if pk in first],
        "due_count": len(due),
        "stamps_address": f"{reverse('inspections')}?department=",
    }


def _quiets(staff: Staff, found: Department, now: datetime) -> list[quiet.Row]:
    """The quiet times of the department or a machine of it, in force or coming."""
    times = scope.quiet_times(staff).filter(Q(department=found) | Q(endpoint__department=found), ends_at__gt=now)
    waiting = times.annotate(n=Count("waiting")).select_related("department", "endpoint", "made_by", "ended_by")
    return [quiet.row_of(each, now, each.n) for each in waiting]
