"""One ticket: its story on the left, what to do on the right, and the actions at its foot."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as made
from typing import TYPE_CHECKING, Any, Final

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import articles, chronicle, facts, pack, readings, stories
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.queue import read_day
from keuring_collector.desk import actions, causes, scope, texts
from keuring_collector.desk.models import Staff, Ticket, TicketHistory
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.http import HttpRequest
    from django.utils.functional import _StrPromise

_DONE: Final[Mapping[str, _StrPromise]] = {
    "take": gettext_lazy("This ticket is yours now."),
    "plan": gettext_lazy("Planned."),
    "snooze": gettext_lazy("Snoozed. It comes back on that day, or sooner if it becomes more urgent."),
    "resolve": gettext_lazy("Resolved. Thank you: your verdict makes the rules better."),
    "dismiss": gettext_lazy("Dismissed. It comes back only if it becomes more urgent."),
    "note": gettext_lazy("Note added."),
}
_VERDICTS: Final = (
    ("right", gettext_lazy("Right"), gettext_lazy("it was, or would have become, a problem")),
    ("early", gettext_lazy("Too early"), gettext_lazy("true, but there was no hurry yet")),
    ("wrong", gettext_lazy("Wrong"), gettext_lazy("there was nothing the matter")),
    ("known", gettext_lazy("Known already"), gettext_lazy("we were working on it")),
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An action that was refused: what was tried, why not, and what was filled in."""

    action: str
    message: str
    field: str = ""
    typed: Mapping[str, str] = made(default_factory=dict)


def _page(
    request: HttpRequest, ticket: Ticket, now: datetime, attempt: Attempt | None = None, status: int = 200
) -> HttpResponse:
    language = (get_language() or "nl")[:2]
    staff = staff_of(request)
    state = pack.current()
    told = stories.story(ticket, state, language, now)
    if told.looked_closely:
        readings.note_look(staff, ticket.endpoint, ticket=ticket.pk)
    first, moment = told.first, texts.moment_of_reading(ticket, now)
    line, rule = (first.line, first.rule) if first else (None, None)
    others = (
        Ticket.objects.filter(endpoint=ticket.endpoint)
        .exclude(pk=ticket.pk)
        .select_related("endpoint__colleague", "endpoint__department", "owner")
        .prefetch_related("lines")
        .order_by("closed_at", "-severity", "-opened_at")
    )
    is_open = ticket.state in Ticket.OPEN
    context: dict[str, Any] = {
        "ticket": ticket,
        "story": told,
        "first": first,
        "is_open": is_open,
        "is_gone": is_open and not any(finding.line.active for finding in told.findings),
        "cause": causes.cause_label(ticket.cause),
        "advice": texts.advice(line, rule, language, moment) if line else [],
        "say": _say(line, rule, ticket, moment) if line else [],
        "article": articles.link(state, rule, language) if rule else None,
        "card": facts.card(ticket.endpoint, now),
        "others": [stories.row(other, state, language, now) for other in _open_first(list(others))[:6]],
        "helped": _helped(ticket, staff),
        "history": chronicle.entries(ticket, now),
        "stamp": actions.stamp(ticket),
        "verdicts": [(number, *verdict) for number, verdict in enumerate(_VERDICTS, 1)],
        "attempt": attempt,
        "is_mine": ticket.owner_id == staff.pk,
        "today": timezone.localtime(now).date(),
    }
    return render(request, "console/ticket.html", context, status=status)


def _helped(ticket: Ticket, staff: Staff) -> list[TicketHistory]:
    """What was written when other tickets of the same cause were resolved, and were right; the newest first."""
    found = TicketHistory.objects.filter(
        kind=TicketHistory.Kind.RESOLVED,
        ticket__in=scope.tickets(staff).filter(cause=ticket.cause, verdict=Ticket.Verdict.RIGHT),
    )
    told = found.exclude(ticket=ticket).filter(detail__has_key="text").select_related("actor", "ticket__endpoint")
    return list(told.order_by("-at")[:3])


def _open_first(tickets: list[Ticket]) -> list[Ticket]:
    return sorted(tickets, key=lambda ticket: ticket.state not in Ticket.OPEN)


def _say(line: Any, rule: Any, ticket: Ticket, moment: datetime) -> list[tuple[str, str, str]]:
    """What to say, the colleague's own language first: (language, its name, the text)."""
    colleague = ticket.endpoint.colleague
    first = colleague.language if colleague else "nl"
    order = sorted((("nl", "Nederlands"), ("en", "English")), key=lambda pair: pair[0] != first)
    said = [(code, name, texts.say(line, rule, code, moment)) for code, name in order]
    return [row for row in said if row[2]]


def _ticket(staff: Staff, pk: int) -> Ticket:
    found = scope.tickets(staff).select_related("endpoint__colleague", "endpoint__department", "owner")
    try:
        return found.prefetch_related("lines").get(pk=pk)
    except Ticket.DoesNotExist:
        raise Http404(_("There is no such ticket, or it belongs to a department that you do not see.")) from None


@requires(Right.LOOK)
@require_safe
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """The ticket page."""
    return _page(request, _ticket(staff_of(request), pk), timezone.now())


@requires(Right.ACT)
@require_POST
def act(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Does one action and goes back to the ticket; what was refused comes back with what was typed."""
    if action not in _DONE:
        raise Http404(_("There is no such action."))
    staff, now = staff_of(request), timezone.now()
    _ticket(staff, pk)
    try:
        _do(request, pk, action, staff, now)
    except Ticket.DoesNotExist as error:
        raise Http404(_("There is no such ticket.")) from error
    except actions.NotUnderstood as error:
        return _refused(request, pk, action, now, str(error.message), 422, error.field)
    except actions.ActionError as error:
        return _refused(request, pk, action, now, str(error.message), 409)
    messages.success(request, _DONE[action])
    return HttpResponseRedirect(reverse("ticket", args=[pk]))


def _refused(
    request: HttpRequest, pk: int, action: str, now: datetime, message: str, status: int, where: str = ""
) -> HttpResponse:
    typed = {name: request.POST.get(name, "") for name in ("day", "until", "text", "reason", "verdict")}
    return _page(request, _ticket(staff_of(request), pk), now, Attempt(action, message, where, typed), status)


def _do(request: HttpRequest, pk: int, action: str, staff: Staff, now: datetime) -> None:
    form = request.POST
    seen = form.get("seen")
    verdict = form.get("verdict", "")
    if action == "take":
        actions.take(pk, actor=staff, now=now, seen=seen)
    elif action == "plan":
        actions.plan(pk, actor=staff, now=now, day=read_day(form.get("day", "")), seen=seen)
    elif action == "snooze":
        actions.snooze(pk, actor=staff, now=now, until=read_day(form.get("until", "")), seen=seen)
    elif action == "resolve":
        actions.resolve(pk, actor=staff, now=now, verdict=verdict, text=form.get("text", ""), seen=seen)
    elif action == "dismiss":
        actions.dismiss(pk, actor=staff, now=now, verdict=verdict, reason=form.get("reason", ""), seen=seen)
    else:
        actions.note(pk, actor=staff, now=now, text=form.get("text", ""))
