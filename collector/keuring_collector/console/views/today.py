"""What needs the reader today: what others asked of them, what is theirs, and what came back or became worse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.contrib import messages
from django.db.models import F, Q
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import pack, saved, stories, table_rows
from keuring_collector.console.listing import Choices
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.typed import number
from keuring_collector.console.views import promises
from keuring_collector.console.views.queue import live_rows
from keuring_collector.console.views.scoreboard import fallen
from keuring_collector.console.views.visits import for_today
from keuring_collector.desk import demotion, scope, wording
from keuring_collector.desk.acting import NotUnderstood
from keuring_collector.desk.counting import MOST, Count, counted_lately
from keuring_collector.desk.models import Notice, SavedFilter, Ticket, TicketHistory
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.roles import Right
from keuring_collector.fleet.models import Endpoint
from keuring_collector.service import promises as register

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django.db.models import QuerySet
    from django.http import HttpRequest

SHOWN: Final = 12  # of a section
NOTICES: Final = 50
_TOLD: Final = ("at", "kind", "text", "by__first_name", "by__username", "ticket__endpoint__host_name")  # of a notice
NEWS: Final = timedelta(days=3)  # how long something that happened is news


@dataclass(frozen=True, slots=True)
class Section:
    """Tickets that need the reader for one reason; ``address`` leads to all of them where the queue can show them."""

    name: str
    title: str
    about: str
    rows: list[stories.Row]
    count: int
    address: str = ""


class Asked(NamedTuple):
    """Which tickets a section is about, at most MOST + 1, in the order in which it shows."""

    tickets: list[int]
    name: str
    title: str
    about: str
    address: str = ""


def _sections(asked: list[Asked], now: datetime) -> list[Section]:
    """The sections that have tickets."""
    state, language = pack.current(), (get_language() or "nl")[:2]
    # Which they are was found in an index; only those that are shown are read from the table, all at once.
    which = [each.tickets for each in asked]
    read = stories.read({pk for numbers in which for pk in numbers[:SHOWN]})
    told = {pk: stories.row(ticket, state, language, now) for pk, ticket in read.items()}
    return [
        Section(
            each.name, each.title, each.about, [told[pk] for pk in numbers[:SHOWN] if pk in told], Count(len(numbers)),
            each.address,
        )
        for each, numbers in zip(asked, which, strict=True)
        if numbers
    ]  # fmt: skip


WORSENED: Final = (TicketHistory.Kind.WORSENED,)
WOKEN: Final = (TicketHistory.Kind.WOKE, TicketHistory.Kind.LINE_WOKE)
_BY_DATE: Final = F("expected_at").asc(nulls_last=True)


def _opened(departments: Any, answers: bool) -> QuerySet[Ticket]:
    return scope.tickets_of(departments, answers).filter(state__in=Ticket.OPEN, closed_at=None)


@prepared
def _due(departments: Any, answers: bool, reader: Any, day: Any) -> QuerySet[Ticket, int]:
    due = _opened(departments, answers).filter(owner=reader, state=Ticket.State.PLANNED, planned_for__lte=day)
    return _first(due.order_by("planned_for", "endpoint__department__name", "-severity", "pk"))


@prepared
def _happened(departments: Any, answers: bool, reader: Any, since: Any) -> QuerySet[Ticket, tuple[int, str]]:
    """What happened by itself since then to tickets of the reader or nobody: of each that, and what."""
    ours = _opened(departments, answers).filter(Q(owner=reader) | Q(owner=None)).exclude(state=Ticket.State.SNOOZED)
    lately = ours.filter(history__kind__in=(*WORSENED, *WOKEN), history__at__gte=since, history__actor=None)
    return lately.order_by("-severity", _BY_DATE, "pk").values_list("pk", "history__kind")


def _of_kinds(happened: list[tuple[int, str]], kinds: Collection[str]) -> list[int]:
    return list(dict.fromkeys(pk for pk, kind in happened if kind in kinds))[: MOST + 1]


@prepared
def _urgent(departments: Any, answers: bool) -> QuerySet[Ticket, int]:
    urgent = _opened(departments, answers).filter(owner=None, state=Ticket.State.NEW, severity=Ticket.Severity.URGENT)
    return _first(urgent.order_by(_BY_DATE, "pk"))


@prepared
def _mine(departments: Any, answers: bool, reader: Any, day: Any) -> QuerySet[Ticket, int]:
    mine = _opened(departments, answers).filter(owner=reader).exclude(state=Ticket.State.SNOOZED)
    others = mine.exclude(state=Ticket.State.PLANNED, planned_for__lte=day)  # which are due
    return _first(others.order_by(F("planned_for").asc(nulls_last=True), "-severity", _BY_DATE, "pk"))


def _first(ordered: QuerySet[Ticket]) -> QuerySet[Ticket, int]:
    return ordered.values_list("pk", flat=True)[: MOST + 1]


@prepared
def _notices(departments: Any, answers: bool, reader: Any) -> QuerySet[Notice]:
    found = Notice.objects.filter(staff=reader, seen_at=None)
    if departments is not None or not answers:
        found = found.filter(ticket__in=scope.tickets_of(departments, answers))
    return found.select_related("by", "ticket__endpoint").only(*_TOLD)[:NOTICES]


@requires(Right.LOOK)
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """The page that a working day begins with."""
    staff, now = staff_of(request), timezone.now()
    day, seer = timezone.localtime(now).date(), scope.reach(staff)
    mine, happened = (*seer, staff.pk, day), _happened(*seer, staff.pk, now - NEWS)
    lately = _("in the last three days, yours or nobody's")
    asked = [
        Asked(_due(*mine), "due", _("Visits that are due"), _("planned for today or earlier, by you")),
        Asked(_of_kinds(happened, WORSENED), "worsened", _("Became more urgent"), lately),
        Asked(_of_kinds(happened, WOKEN), "woken", _("Back from snooze"), lately),
        Asked(
            _urgent(*seer), "urgent", _("Urgent, and nobody's"), _("somebody should take these"),
            Choices(owner="nobody", state="new", severity=(4,)).address(),
        ),
        Asked(_mine(*mine), "mine", _("Yours"), _("the planned ones first"), Choices(owner="me").address()),
    ]  # fmt: skip
    sections = _sections(asked, now)
    if "live" in request.GET:
        return live_rows(row.ticket for section in sections for row in section.rows)
    notices = _notices(*seer, staff.pk)
    to_keep = promises.rows(register.to_keep(staff, wording.local_day(now)), wording.local_day(now))
    context = {
        "notices": table_rows.notices(notices, now),
        "seen": [str(notice.pk) for notice in notices],  # as texts, which no language writes in its own way
        "sections": sections,
        "fallen": fallen(demotion.news(now)),
        "visits": for_today(staff, now),
        "day": day,
        "to_keep": to_keep,
    }
    if not (notices or sections or to_keep):
        context["open_count"] = counted_lately(("open", staff.department_ids), lambda: _opened(*seer))
        context["machines"] = scope.endpoints(staff).filter(state=Endpoint.State.ACTIVE).exists()
    return render(request, "console/today.html", context)


@requires(Right.OWN_ACCOUNT)
@require_POST
def seen(request: HttpRequest) -> HttpResponse:
    """Puts the notices on the page away."""
    staff = staff_of(request)
    numbers = [pk for text in request.POST.getlist("notice") if (pk := number(text)) is not None]
    Notice.objects.filter(staff=staff, pk__in=numbers, seen_at=None).update(seen_at=timezone.now())
    return HttpResponseRedirect(reverse("today"))


@requires(Right.OWN_ACCOUNT)
@require_POST
def keep_view(request: HttpRequest) -> HttpResponse:
    """Keeps the view of the queue that is on the screen under a name, or forgets one."""
    staff = staff_of(request)
    query = request.POST.get("query", "")
    if (forgotten := number(request.POST.get("forget", ""))) is not None:
        SavedFilter.objects.filter(staff=staff, pk=forgotten).delete()
        messages.success(request, _("This view is no longer kept."))
    else:
        try:
            saved.keep(staff, request.POST.get("name", ""), query)
            messages.success(request, _("This view is kept; you find it above the queue."))
        except NotUnderstood as error:
            messages.error(request, str(error.message))
    return HttpResponseRedirect(f"{reverse('queue')}?{query}")
