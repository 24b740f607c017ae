"""Fleet tickets: one problem of many machines, with what these have in common and what to do for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, pgettext, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring.signals import catalogue
from keuring_collector.console import pack, readings, stories
from keuring_collector.console.choosing import colleagues_at_the_desk, givable
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.several import chosen
from keuring_collector.console.views.ticket import VERDICTS, Attempt
from keuring_collector.desk import actions, causes, gathering, notices, scope, signals
from keuring_collector.desk.models import FleetHistory, FleetTicket, Staff, Ticket
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.http import HttpRequest
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    at: datetime
    who: str
    what: str
    text: str


_DEEDS: Final[Mapping[str, _StrPromise]] = {
    "take": pgettext_lazy("deed", "take"),
    "assign": pgettext_lazy("deed", "give"),
    "plan": pgettext_lazy("deed", "plan"),
    "snooze": pgettext_lazy("deed", "snooze"),
    "resolve": pgettext_lazy("deed", "resolve"),
    "dismiss": pgettext_lazy("deed", "dismiss"),
    "silence": pgettext_lazy("deed", "silence"),
}


def _what(item: FleetHistory) -> str:
    count = item.detail.get("machines", 0)
    told = {
        "opened": pgettext("history", "put %(n)s tickets together"),
        "joined": pgettext("history", "added %(n)s tickets"),
        "left": pgettext("history", "took %(n)s tickets out"),
        "taken": pgettext("history", "took the fleet ticket"),
        "acted": pgettext("history", "did something for %(n)s of them (%(action)s)"),
        "note": pgettext("history", "wrote"),
        "closed": pgettext("history", "closed it: none of its tickets is open"),
        "dissolved": pgettext("history", "said that these are not one problem"),
    }
    done = item.detail.get("action", "")
    return told[item.kind] % {"n": count, "action": _DEEDS.get(done, done)}


def told_cause(cause: str, *, mixed: bool) -> str:
    """The cause of a fleet ticket in words; ``mixed``: somebody put tickets of other causes with it by hand."""
    told = causes.cause_label(cause)
    return _("%(cause)s and more") % {"cause": told} if mixed else told


def shared(fleet: FleetTicket) -> list[dict[str, Any]]:
    """What its machines have in common, with the name of each thing in words."""
    return [{**item, "label": signals.label(item["signal"]), "url": _page(item)} for item in fleet.common]


def _page(item: dict[str, Any]) -> str:
    """Where more is told of what they share; empty when nowhere."""
    if item["signal"] == catalogue.KEURING_HARDWARE_MODEL.name:
        return reverse("model") + "?" + urlencode({"name": item["value"]})
    if item["signal"] == catalogue.KEURING_SOFTWARE_VERSION.name:
        return reverse("program") + "?" + urlencode({"name": item["subject"]})
    return ""


@requires(Right.LOOK)
@require_safe
def fleet_ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """One fleet ticket with its children."""
    return _shown(request, pk)


def _shown(request: HttpRequest, pk: int, attempt: Attempt | None = None, status: int = 200) -> HttpResponse:
    now, language, staff = timezone.now(), (get_language() or "nl")[:2], staff_of(request)
    fleet = get_object_or_404(scope.fleet_tickets(staff).select_related("owner"), pk=pk)
    state = pack.current()
    children = stories.of_fleet(*scope.reach(staff), fleet.pk)
    children.sort(key=lambda child: (child.state not in Ticket.OPEN, -child.severity, child.endpoint.host_name))
    stories.fill(children)
    count = len(children)
    if count == stories.MOST_OF_FLEET:
        count = scope.tickets(staff).filter(parent=fleet).count()
    history = [
        Entry(
            item.at,
            (item.actor.first_name or item.actor.get_username()) if item.actor else "Keuring",
            _what(item),
            item.detail.get("text", ""),
        )
        for item in fleet.history.select_related("actor")
    ]
    context = {
        "fleet": fleet,
        "cause": told_cause(fleet.cause, mixed=len({child.cause for child in children}) > 1),
        "common": shared(fleet),
        "rows": [stories.row(child, state, language, now) for child in children],
        "count": count,
        "history": history[::-1],
        "givable": givable(colleagues_at_the_desk()),
        "verdicts": VERDICTS,
        "today": timezone.localtime(now).date(),
        "attempt": attempt,
    }
    return render(request, "console/fleet_ticket.html", context, status=status)


@requires(Right.ACT)
@require_POST
def act(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """What is done to the fleet ticket itself; acting on its children is the bulk action of the queue."""
    staff, now = staff_of(request), timezone.now()
    fleet = get_object_or_404(scope.fleet_tickets(staff), pk=pk)
    text = request.POST.get("text", "")
    try:
        if action == "take":
            gathering.take(pk, actor=staff, now=now)
            messages.success(request, _("This fleet ticket is yours now."))
        elif action == "note":
            gathering.note(pk, actor=staff, now=now, text=text)
            messages.success(request, _("Note added."))
            if told := notices.not_told(text, lambda person: gathering.child_for(fleet, person)):
                messages.warning(request, told)
        elif action == "dissolve":
            gathering.dissolve(pk, actor=staff, now=now, reason=text)
            messages.success(request, _("These tickets stand alone again; this cause is not put together for a month."))
        elif action == "leave":
            gathering.leave(pk, seen_of(request, staff), actor=staff, now=now)
            messages.success(request, _("Taken out; they stand alone again."))
        else:
            raise Http404(_("There is no such action."))
    except actions.ActionError as error:
        status = 422 if isinstance(error, actions.NotUnderstood) else 409
        return _shown(request, pk, Attempt(action, str(error.message), typed={"text": text}), status)
    return HttpResponseRedirect(reverse("fleet_ticket", args=[pk]))


def seen_of(request: HttpRequest, staff: Staff) -> dict[int, str | None]:
    """The ticked tickets that somebody may see."""
    asked = chosen(request)
    return {pk: asked[pk] for pk in scope.tickets(staff).filter(pk__in=asked).values_list("pk", flat=True)}


@requires(Right.ACT)
@require_POST
def gather(request: HttpRequest) -> HttpResponse:
    """Puts the tickets that are selected in the queue under one new fleet ticket."""
    staff = staff_of(request)
    try:
        fleet = gathering.gather_by_hand(readings.store(), seen_of(request, staff), actor=staff, now=timezone.now())
    except actions.ActionError as error:
        messages.error(request, str(error.message))
        return HttpResponseRedirect(reverse("queue"))
    return HttpResponseRedirect(reverse("fleet_ticket", args=[fleet.pk]))
