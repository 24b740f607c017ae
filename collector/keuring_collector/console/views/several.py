"""What is done to several tickets at once, and taking back what was just done."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from keuring_collector.console import listing, stories
from keuring_collector.console.numbers import number
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.deeds import Call, read_day, somebody
from keuring_collector.desk import actions, gathering, quiet, scope, undoing
from keuring_collector.desk.acting import checked_day, morning_of
from keuring_collector.desk.models import Ticket
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from django.http import HttpRequest


def _silence(call: Call) -> None:
    """Silences the cause of a ticket on its machine until a day; the ticket itself stays as it is."""
    day = checked_day("day", read_day(call.text("day")), call.now, first=1)
    ticket = Ticket.objects.select_related("endpoint").get(pk=call.ticket)
    quiet.silence_ticket(ticket, actor=call.actor, now=call.now, until=morning_of(day), reason=call.text("reason"))


_ACTS: Final[Mapping[str, Callable[[Call], object]]] = {
    "take": lambda c: actions.take(c.ticket, **c.guarded),
    "assign": lambda c: actions.assign(c.ticket, to=somebody(c.number("to")), **c.guarded),
    "plan": lambda c: actions.plan(c.ticket, day=read_day(c.text("day")), **c.guarded),
    "snooze": lambda c: actions.snooze(c.ticket, until=read_day(c.text("day")), **c.guarded),
    "resolve": lambda c: actions.resolve(c.ticket, verdict=c.text("verdict"), text=c.text("reason"), **c.guarded),
    "dismiss": lambda c: actions.dismiss(c.ticket, verdict=c.text("verdict"), reason=c.text("reason"), **c.guarded),
    "silence": _silence,
}


def chosen(request: HttpRequest) -> dict[int, str | None]:
    """The ticked rows: each ticket with its stamp as it was shown, None where the form gave none."""
    pairs = (text.partition("@") for text in request.POST.getlist("ticket"))
    numbers = {pk: seen or None for text, _at, seen in pairs if (pk := number(text)) is not None}
    return dict(list(numbers.items())[: stories.MOST_OF_FLEET])  # no page shows more


@requires(Right.ACT)
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """One action on the selected tickets; says how many went well and why others did not."""
    staff, now, step = staff_of(request), timezone.now(), uuid.uuid4()
    asked = chosen(request)
    fleet = scope.fleet_tickets(staff).filter(pk=number(request.GET.get("fleet", "")) or 0).first()
    back = reverse("fleet_ticket", args=[fleet.pk]) if fleet else ""
    back = back or reverse("queue") + listing.read(request.GET).address()
    if not asked:
        messages.error(request, _("Nothing was selected. Tick some tickets first, or press x on a row."))
        return HttpResponseRedirect(back)
    act = _ACTS.get(request.POST.get("action", ""))
    if act is None:
        messages.error(request, _("The console does not know this action."))
        return HttpResponseRedirect(back)
    if request.POST.get("mood"):  # it belongs to one colleague; of several nobody would know whose it was
        messages.error(
            request, _("Nothing was changed. How somebody felt belongs to one ticket: resolve that by itself.")
        )
        return HttpResponseRedirect(back)
    done, refused = 0, []
    for pk in scope.tickets(staff).filter(pk__in=asked).order_by("pk").values_list("pk", flat=True):
        try:
            act(Call(request, pk, staff, now, asked[pk], step))
            done += 1
        except actions.ActionError as error:
            refused.append(str(error.message))
    if done and fleet:
        gathering.acted(fleet.pk, request.POST.get("action", ""), done, actor=staff, now=now)
    if done:
        text = ngettext("%(n)s ticket changed.", "%(n)s tickets changed.", done) % {"n": done}
        undoable = request.POST.get("action") != "silence"
        if request.POST.get("action") == "resolve":
            text = f"{text} {_resolved(request.POST.get('reason', ''))}"
        messages.success(request, text, extra_tags=f"undo:{step}" if undoable else "")
    for reason in dict.fromkeys(refused):
        count = refused.count(reason)
        text = ngettext(
            "%(n)s ticket was left as it is: %(why)s", "%(n)s tickets were left as they are: %(why)s", count
        )
        messages.error(request, text % {"n": count, "why": reason})
    return HttpResponseRedirect(back)


def _resolved(helped: str) -> str:
    """What the page of a single ticket asks or offers, and this did not."""
    if helped.strip():
        return _("Nobody's mood was noted. What helped can become an article: open one of them.")
    return _("Nobody's mood was noted, nor what helped: a note on one of them tells the next.")


@requires(Right.ACT)
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Takes back what the reader just did; for a minute, and only what nobody built upon."""
    staff = staff_of(request)
    onward = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(onward, {request.get_host()}, require_https=request.is_secure()):
        onward = reverse("queue")
    try:
        done = undoing.undo(uuid.UUID(request.POST.get("step", "")), actor=staff, now=timezone.now())
    except ValueError:
        messages.error(request, _("The console does not know this action."))
    except actions.ActionError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(
            request,
            ngettext("Undone: %(n)s ticket is as it was.", "Undone: %(n)s tickets are as they were.", done)
            % {"n": done},
        )
    return HttpResponseRedirect(onward)
