"""The queue, and what can be done to several tickets at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import listing, pack, stories
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import actions, scope
from keuring_collector.desk.causes import cause_label
from keuring_collector.desk.models import Staff, Ticket
from keuring_collector.desk.roles import Right
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest

    from keuring_collector.console.listing import Choices, Listing


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on or off; ``address`` turns it over."""

    text: str
    address: str
    on: bool
    count: int | None = None
    severity: int = 0


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a list in the filter form."""

    value: str
    text: str
    chosen: bool


def _states(choices: Choices) -> list[Chip]:
    return [
        Chip(str(title), choices.address(state=state), choices.state == state)
        for state, (title, _) in listing.STATES.items()
    ]


def _severities(listed: Listing) -> list[Chip]:
    chosen = listed.choices.severity
    chips = []
    for severity in sorted(Ticket.Severity, reverse=True):
        on = severity.value in chosen
        turned = [value for value in chosen if value != severity] if on else [*chosen, severity.value]
        address = listed.choices.address(severity=tuple(sorted(turned, reverse=True)))
        count = listed.by_severity.get(severity.value, 0)
        chips.append(Chip(str(severity.label), address, on, count, severity.value))
    return chips


def _options(pairs: Sequence[tuple[str, str]], chosen: str, everything: str) -> list[Option]:
    return [Option("", everything, not chosen), *(Option(value, text, value == chosen) for value, text in pairs)]


def _lists(choices: Choices, staff: Staff) -> dict[str, list[Option]]:
    departments = [(str(pk), name) for pk, name in scope.departments(staff).values_list("pk", "name")]
    causes = (
        scope.tickets(staff).filter(state__in=Ticket.OPEN).order_by("cause").values_list("cause", flat=True).distinct()
    )
    active = Staff.objects.filter(is_active=True).order_by("username").values_list("pk", "first_name", "username")
    people = [(str(pk), first or name) for pk, first, name in active]
    owners = [("me", _("Mine")), ("nobody", _("Nobody's")), *people]
    named = sorted(((cause, cause_label(cause)) for cause in causes), key=lambda pair: pair[1])
    return {
        "departments": _options(departments, choices.department, _("All departments")),
        "causes": _options(named, choices.cause, _("All causes")),
        "owners": _options(owners, choices.owner, _("Everybody's")),
        "simulated": [
            Option(value, str(text), value == choices.simulated) for value, text in listing.SIMULATED.items()
        ],
        "sorts": [Option(value, str(text), value == choices.sort) for value, text in listing.SORTS.items()],
    }


@requires(Right.LOOK)
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """Open tickets, grouped by when; the address holds every choice."""
    now, language = timezone.now(), (get_language() or "nl")[:2]
    staff = staff_of(request)
    choices = listing.read(request.GET)
    listed = listing.page(choices, staff, now)
    state = pack.current()
    groups = [
        (group, [stories.row(ticket, state, language, now) for ticket in group.tickets]) for group in listed.groups
    ]
    context: dict[str, Any] = {
        "listed": listed,
        "choices": listed.choices,
        "groups": groups,
        "states": _states(choices),
        "severities": _severities(listed),
        "lists": _lists(choices, staff),
        "before": listed.choices.address(page=listed.choices.page - 1) if listed.choices.page > 1 else "",
        "after": listed.choices.address(page=listed.choices.page + 1) if listed.choices.page < listed.pages else "",
        "without_filters": listing.Choices().address(),
        "today": timezone.localtime(now).date(),
        "machines": scope.endpoints(staff).filter(state=Endpoint.State.ACTIVE).count() if not listed.count else None,
        "rule": state.rule(choices.rule) if choices.rule else None,
    }
    return render(request, "console/queue.html", context)


@requires(Right.ACT)
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Takes, plans or snoozes the selected tickets; says how many went well and why others did not."""
    staff = staff_of(request)
    chosen = [int(text) for text in request.POST.getlist("ticket") if text.isdigit()][: listing.PAGE]
    back = reverse("queue") + listing.read(request.GET).address()
    if not chosen:
        messages.error(request, _("Nothing was selected. Tick some tickets first, or press x on a row."))
        return HttpResponseRedirect(back)
    done, refused = 0, []
    for ticket in scope.tickets(staff).filter(pk__in=chosen).order_by("pk"):
        try:
            _act(request, ticket, staff)
            done += 1
        except actions.ActionError as error:
            refused.append(str(error.message))
    if done:
        messages.success(request, ngettext("%(n)s ticket changed.", "%(n)s tickets changed.", done) % {"n": done})
    for reason in dict.fromkeys(refused):
        count = refused.count(reason)
        text = ngettext(
            "%(n)s ticket was left as it is: %(why)s", "%(n)s tickets were left as they are: %(why)s", count
        )
        messages.error(request, text % {"n": count, "why": reason})
    return HttpResponseRedirect(back)


def _act(request: HttpRequest, ticket: Ticket, staff: Staff) -> None:
    now, what = timezone.now(), request.POST.get("action", "")
    if what == "take":
        actions.take(ticket.pk, actor=staff, now=now)
    elif what == "plan":
        actions.plan(ticket.pk, actor=staff, now=now, day=read_day(request.POST.get("day", "")))
    elif what == "snooze":
        actions.snooze(ticket.pk, actor=staff, now=now, until=read_day(request.POST.get("day", "")))
    else:
        raise actions.NotPossible(_("The console does not know this action."))


def read_day(text: str) -> date | None:
    """A date from a form; None when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
