"""One round: walked with a phone in the hand, also where there is no network. The page keeps itself for that
(round_worker.js), and what is noted waits in it until it can be sent (round.js), each thing once.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.staticfiles import finders
from django.db.models import Prefetch
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import pack, stories
from keuring_collector.console.numbers import number
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.deeds import MOODS, read_day
from keuring_collector.console.views.visits import rounds_of, sources
from keuring_collector.desk import actions, scope, texts
from keuring_collector.desk.acting import UNDO_FOR, ActionError, NotUnderstood
from keuring_collector.desk.models import Ticket
from keuring_collector.desk.roles import Right
from keuring_collector.service.models import Round, Stop, StopItem
from keuring_collector.service.tips import rules
from keuring_collector.service.visiting import outcomes, rounds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from django.http import HttpRequest

    from keuring_collector.desk.models import Staff


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing to talk about: a ticket or tip with what to say, or another."""

    item: StopItem
    row: stories.Row | None
    say: str
    stamp: str
    article: str  # of a tip that is no ticket
    title: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A stop as the page shows it; ``key`` names what its form will send."""

    stop: Stop
    topics: list[Topic]
    key: uuid.UUID
    can_undo: bool


def _topics(stop: Stop, tickets: Mapping[int, Ticket], now: datetime) -> list[Topic]:
    state, language = pack.current(), (get_language() or "nl")[:2]
    found = []
    for item in stop.items.all():
        ticket = tickets.get(item.ticket_id or 0)
        if item.ticket_id is not None and ticket is None:
            continue  # of a department that the reader does not see
        if item.chance and not stop.outcome and not settings.KEURING.tips:
            continue  # tips were switched off since the round was proposed
        row, said, article, title = None, "", "", item.text
        if ticket is not None:
            row = stories.row(ticket, state, language, now)
            line = texts.headline(ticket, list(ticket.lines.all()))
            spoken = stop.colleague.language if stop.colleague else language
            said = texts.say(line, state.rule(line.rule), spoken, now) if line else ""
        elif item.chance and (rule := state.rule(item.chance.rule)):
            spoken = stop.colleague.language if stop.colleague else language
            article, said = rule.article, rules.said(item.chance, rule, spoken, now)
            title = rules.headline(rule, state.pack, language)
        found.append(Topic(item, row, said, actions.stamp(ticket) if ticket else "", article, title))
    return found


def _shown(found: Round, staff: Staff, now: datetime) -> list[Shown]:
    items = Prefetch("items", StopItem.objects.select_related("endpoint", "chance__endpoint"))
    stops = list(
        found.stops.filter(removed=False)
        .select_related("colleague", "endpoint", "place", "done_by")
        .prefetch_related(items)
    )
    wanted = {item.ticket_id for stop in stops for item in stop.items.all() if item.ticket_id}
    tickets = {
        ticket.pk: ticket
        for ticket in scope.tickets(staff)
        .filter(pk__in=wanted)
        .select_related("endpoint__colleague", "endpoint__department", "owner")
        .prefetch_related("lines")
    }
    return [
        Shown(
            stop, _topics(stop, tickets, now), uuid.uuid4(),
            stop.done_by_id == staff.pk and stop.done_at is not None and now - stop.done_at < UNDO_FOR,
        )
        for stop in stops
    ]  # fmt: skip


def _page(request: HttpRequest, found: Round, wrong: str = "", stop: int = 0, status: int = 200) -> HttpResponse:
    staff, now = staff_of(request), timezone.now()
    shown = _shown(found, staff, now)
    walked = [each for each in shown if each.stop.fits]
    context = {
        "round": found,
        "stops": walked,
        "over": [each for each in shown if not each.stop.fits],
        "takes": sum(each.stop.minutes for each in walked),
        "done": sum(1 for each in walked if each.stop.outcome),
        "colleagues": found.department.colleague_set.all(),
        "moods": MOODS,
        "outcomes": Stop.Outcome.choices,
        "verdicts": Ticket.Verdict.choices,
        "today": timezone.localtime(now).date(),
        "is_mine": found.visitor_id in (None, staff.pk),
        "wrong": wrong,
        "wrong_stop": stop,
        "typed": request.POST if wrong else {},
        "who": staff.pk,
    }
    return render(request, "console/round.html", context, status=status)


def _round(staff: Staff, pk: int) -> Round:
    try:
        return rounds_of(staff).get(pk=pk)
    except Round.DoesNotExist:
        raise Http404(_("There is no such round, or it goes past a department that you do not see.")) from None


@requires(Right.LOOK)
@require_safe
def index(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's
    """What lies above all rounds: the week."""
    return HttpResponseRedirect(reverse("visits"))


@requires(Right.LOOK)
@require_safe
def walk(request: HttpRequest, pk: int) -> HttpResponse:
    """The round's page."""
    return _page(request, _round(staff_of(request), pk))


def _stop_number(request: HttpRequest) -> int:
    return number(request.POST.get("stop", "")) or 0


def _add(request: HttpRequest, found: Round) -> object:
    pk = number(request.POST.get("colleague", ""))
    colleague = found.department.colleague_set.filter(pk=pk).first() if pk else None
    return rounds.add(
        found.pk,
        colleague=colleague,
        about=request.POST.get("about", ""),
        minutes=number(request.POST.get("minutes", "")),
    )


_CHANGES: Final[Mapping[str, Any]] = {
    "start": lambda r, f: rounds.start(f.pk, actor=staff_of(r)),
    "finish": lambda _r, f: rounds.finish(f.pk, now=timezone.now()),
    "again": lambda _r, f: rounds.again(f.pk, sources(f.department)),
    "take-away": lambda r, f: rounds.take_away(f.pk, _stop_number(r)),
    "take-in": lambda r, f: rounds.take_in(f.pk, _stop_number(r)),
    "earlier": lambda r, f: rounds.move(f.pk, _stop_number(r), earlier=True),
    "later": lambda r, f: rounds.move(f.pk, _stop_number(r), earlier=False),
    "add": _add,
    "undo": lambda r, f: outcomes.take_back(
        get_object_or_404(f.stops, pk=_stop_number(r)).pk, actor=staff_of(r), now=timezone.now()
    ),
}


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _refused(request: HttpRequest, found: Round, error: ActionError, stop: int = 0) -> HttpResponse:
    status = 422 if isinstance(error, NotUnderstood) else 409
    if _wants_json(request):
        where = error.field if isinstance(error, NotUnderstood) else ""
        return JsonResponse({"why": str(error.message), "where": where}, status=status)
    return _page(request, found, str(error.message), stop, status)


@requires(Right.ACT)
@require_POST
def change(request: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Changes a round. A phone asks for JSON; a form goes back to the page."""
    found = _round(staff_of(request), pk)
    if action not in _CHANGES:
        raise Http404(_("There is no such action."))
    try:
        _CHANGES[action](request, found)
    except ActionError as error:
        return _refused(request, found, error)
    if _wants_json(request):
        return JsonResponse({"conflicts": []})
    return HttpResponseRedirect(reverse("round", args=[pk]))


def told_in(form: Any) -> outcomes.Told:
    """What a form tells of a stop. Raises NotUnderstood for a mood or a version that is no number."""
    work = tuple(
        outcomes.Work(
            int(name[3:]), form[name], read_day(form.get(f"day_{name[3:]}", "")), form.get(f"seen_{name[3:]}")
        )
        for name in form
        if name.startswith("do_") and number(name[3:]) is not None and form[name]
    )
    tips = tuple(
        outcomes.Tip(int(name[4:]), form[name])
        for name in form
        if name.startswith("tip_") and number(name[4:]) is not None and form[name]
    )
    mood = form.get("mood", "")
    if mood and number(mood) is None:
        raise NotUnderstood("mood", _("Choose one of the five moods."))
    return outcomes.Told(
        form.get("outcome", ""), form.get("note", ""), read_day(form.get("back_on", "")),
        number(mood) if mood else None, form.get("mood_line", ""), work, number(form.get("seen", "")), tips,
    )  # fmt: skip


@requires(Right.ACT)
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Notes what became of a stop, once for each key. A phone asks for JSON; a form goes back to the page."""
    staff, now = staff_of(request), timezone.now()
    found = get_object_or_404(Stop, pk=pk, round__in=rounds_of(staff))
    try:
        try:
            key = uuid.UUID(request.POST.get("key", ""))
        except ValueError:
            raise NotUnderstood("key", _("Send a key of your own with it, a UUID, so that it counts once.")) from None
        answer = outcomes.report(pk, told_in(request.POST), actor=staff, now=now, key=key, pack=pack.current().pack)
    except ActionError as error:
        return _refused(request, _round(staff, found.round_id), error, pk)
    if _wants_json(request):
        return JsonResponse(answer)
    for conflict in answer["conflicts"]:
        messages.error(request, conflict)
    return HttpResponseRedirect(f"{reverse('round', args=[found.round_id])}#stop-{pk}")


@login_not_required
@require_safe
def worker(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - Django's
    """The service worker of rounds; it stands here, because a worker serves what lies below its own address."""
    path = finders.find("console/round_worker.js")
    assert isinstance(path, str)  # noqa: S101 - it stands beside this module
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - a path of Django's
        response = HttpResponse(file.read(), content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response
