"""The queue: which tickets, narrowed down how, and the views that somebody keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.http import JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from keuring_collector.console import listing, pack, saved, stories
from keuring_collector.console.choosing import Option, colleagues_at_the_desk, givable, options
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.fleet_tickets import shared, told_cause
from keuring_collector.console.views.ticket import VERDICTS
from keuring_collector.desk import scope, starting
from keuring_collector.desk.acting import stamp
from keuring_collector.desk.causes import cause_label
from keuring_collector.desk.counting import MOST, counted_lately
from keuring_collector.desk.models import Staff, Ticket
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.roles import Right
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from keuring_collector.console.listing import Choices, Listing


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on or off; ``address`` turns it over."""

    text: str
    address: str
    on: bool
    count: int | None = None
    severity: int = 0


def _states(choices: Choices) -> list[Chip]:
    return [
        Chip(str(title), choices.address(state=state), choices.state == state)
        for state, title in listing.STATES.items()
    ]


def _severities(listed: Listing) -> list[Chip]:
    chosen = listed.choices.severity
    chips = []
    for severity in sorted(Ticket.Severity, reverse=True):
        on = severity.value in chosen
        turned = [value for value in chosen if value != severity] if on else [*chosen, severity.value]
        address = listed.choices.address(severity=tuple(sorted(turned, reverse=True)))
        count = listed.by_severity.get(severity.value, 0) if listed.by_severity or not listed.count else None
        chips.append(Chip(str(severity.label), address, on, count, severity.value))
    return chips


def _lists(choices: Choices, staff: Staff, people: Sequence[Staff], causes: Iterable[str]) -> dict[str, list[Option]]:
    departments = [(str(pk), name) for pk, name in scope.departments(staff).values_list("pk", "name")]
    names = [(str(person.pk), person.first_name or person.get_username()) for person in people]
    owners = [("me", _("Mine")), ("nobody", _("Nobody's")), *names]
    named = sorted(((cause, cause_label(cause)) for cause in causes), key=lambda pair: pair[1])
    return {
        "departments": options(departments, choices.department, _("All departments")),
        "causes": options(named, choices.cause, _("All causes")),
        "owners": options(owners, choices.owner, _("Everybody's")),
        "simulated": [
            Option(value, str(text), value == choices.simulated) for value, text in listing.SIMULATED.items()
        ],
        "sorts": [Option(value, str(text), value == choices.sort) for value, text in listing.SORTS.items()],
    }


def _together(staff: Staff) -> list[dict[str, Any]]:
    """The fleet tickets that are open, the largest first."""
    return [
        {"fleet": fleet, "cause": told_cause(fleet.cause, mixed=fleet.causes > 1), "common": shared(fleet)}
        for fleet in _largest(*scope.reach(staff))
    ]


@prepared
def _largest(departments: Any, answers: bool) -> QuerySet[Any]:
    is_open = Q(children__state__in=Ticket.OPEN)
    if departments is not None:
        is_open &= Q(children__endpoint__department__pk__in=departments)
    found = scope.fleet_tickets_of(departments, answers).filter(closed_at=None)
    causes = Count("children__cause", filter=is_open, distinct=True)
    found = found.annotate(machines=Count("children", filter=is_open, distinct=True), causes=causes)
    return found.order_by("-machines", "-opened_at")[:5]


def _machines(staff: Staff) -> int:
    """How many machines report."""
    found = scope.endpoints(staff).filter(state=Endpoint.State.ACTIVE)
    return counted_lately(("machines", staff.department_ids), lambda: found)


def live_rows(tickets: Iterable[Ticket]) -> JsonResponse:
    """The rows that a page would show now, as the page itself marks them: it asks for them to see what changed."""
    return JsonResponse({"rows": [f"{ticket.pk}@{stamp(ticket)}/{ticket.severity}" for ticket in tickets]})


@requires(Right.LOOK)
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Open tickets, grouped by when; the address holds every choice."""
    now, language = timezone.now(), (get_language() or "nl")[:2]
    staff = staff_of(request)
    choices = listing.read(request.GET)
    listed = listing.page(choices, staff, now)
    if "live" in request.GET:
        return live_rows(listed.tickets)
    people = colleagues_at_the_desk()
    state, begun = pack.current(), starting.start(now)
    causes = listing.open_causes(staff, many=begun.open_tickets > MOST)
    groups = [
        (group, [stories.row(ticket, state, language, now) for ticket in group.tickets]) for group in listed.groups
    ]
    context: dict[str, Any] = {
        "listed": listed,
        "choices": listed.choices,
        "groups": groups,
        "states": _states(choices),
        "severities": _severities(listed),
        "lists": _lists(choices, staff, people, causes),
        "before": listed.choices.address(page=listed.choices.page - 1) if listed.choices.page > 1 else "",
        "after": listed.choices.address(page=listed.choices.page + 1) if listed.more else "",
        "without_filters": listing.Choices().address(),
        "today": timezone.localtime(now).date(),
        "givable": givable(people),
        "verdicts": VERDICTS,
        "beside": listing.opened(request.GET),
        "here_query": choices.address()[1:],
        "together": _together(staff) if choices.state == "open" else [],
        "apart": choices.address(together="" if choices.together else "apart"),
        "start": begun,
        "waits": sum(begun.waiting.values()),
        "saved": saved.chips(staff, choices),
        "machines": _machines(staff) if not listed.count and choices.is_plain else None,
        "rule": state.rule(choices.rule) if choices.rule else None,
    }
    return render(request, "console/queue.html", context)
