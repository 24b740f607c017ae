"""The promise register: what the desk promised, what became of it, and the share kept per month."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.typed import number
from keuring_collector.console.views.announcements import language
from keuring_collector.desk import scope, wording
from keuring_collector.desk.acting import ActionError, NotUnderstood
from keuring_collector.desk.roles import Right
from keuring_collector.service import promises as register
from keuring_collector.service.announcing import letters
from keuring_collector.service.models import Promise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.http import HttpRequest

SHOWN = 200
FIELDS = ("text", "due_on", "department", "ticket")


@dataclass(frozen=True, slots=True)
class Row:
    """A promise as the register shows it."""

    promise: Promise
    what: str
    overdue: bool
    may_withdraw: bool
    may_close: bool


def rows(found: Iterable[Promise], today: dt.date) -> list[Row]:
    """Promises for a list."""
    return [
        Row(
            each,
            what(each),
            is_overdue(each, today),
            each.kind == Promise.Kind.HAND and each.due_on >= today,
            each.kind == Promise.Kind.HAND or (each.kind == Promise.Kind.DATE and each.due_on <= today),
        )
        for each in found
    ]


def is_overdue(promise: Promise, today: dt.date) -> bool:
    """Whether its day has passed and nobody said what became of it."""
    return promise.state == Promise.State.OPEN and promise.due_on < today


def what(promise: Promise) -> str:
    """What was promised."""
    announcement = promise.announcement
    if announcement is None:
        return promise.text
    title = announcement.text("title", letters.language_of(announcement, language()))
    if promise.kind == Promise.Kind.TELL_BY:
        return _("To tell more about “%(title)s”") % {"title": title}
    return _("To do as announced: “%(title)s”") % {"title": title}


@requires(Right.LOOK)
@require_safe
def promises(request: HttpRequest) -> HttpResponse:
    """The register."""
    return _page(request, timezone.now())


def _page(
    request: HttpRequest, now: dt.datetime, typed: Mapping[str, str] | None = None, wrong: str = "", status: int = 200
) -> HttpResponse:
    staff, today = staff_of(request), wording.local_day(now)
    found = register.seen_by(staff)
    waiting, closed = found.filter(state=Promise.State.OPEN), found.exclude(state=Promise.State.OPEN)
    context = {
        "open": rows(waiting[:SHOWN], today),
        "closed": rows(closed.order_by("-closed_at")[:SHOWN], today),
        "months": [month for month in register.months(found, today) if month.due or month.withdrawn],
        "departments": [(str(pk), name) for pk, name in scope.departments(staff).values_list("pk", "name")],
        "today": today,
        "typed": typed or {},
        "wrong": wrong,
    }
    return render(request, "console/promises.html", context, status=status)


@requires(Right.ACT)
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """Writes a promise down, of a ticket or by itself; what was refused comes back with what was typed."""
    staff, now = staff_of(request), timezone.now()
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    ticket = None
    if typed["ticket"]:
        seen = scope.tickets(staff).select_related("endpoint__department")
        ticket = get_object_or_404(seen, pk=number(typed["ticket"]) or 0)
    try:
        department = scope.departments(staff).filter(pk=number(typed["department"]) or 0).first()
        if ticket is None and department is None and staff.department_ids is not None:
            raise NotUnderstood("department", _("You see only some departments: choose one of them."))
        register.make(
            typed["text"], _day(typed["due_on"]), actor=staff, now=now, ticket=ticket, department=department
        )  # fmt: skip
    except ActionError as error:
        return _page(request, now, typed, str(error.message), 422)
    messages.success(request, _("Written down. You are reminded on Today before its day."))
    return HttpResponseRedirect(reverse("ticket", args=[ticket.pk]) if ticket else reverse("promises"))


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text.strip())
    except ValueError:
        raise NotUnderstood("due_on", _("Choose the day by which you will do it.")) from None


@requires(Right.ACT)
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Says what became of a promise."""
    staff, now = staff_of(request), timezone.now()
    get_object_or_404(register.seen_by(staff), pk=pk)
    try:
        register.close(
            pk, request.POST.get("state", ""), request.POST.get("reason", ""), actor=staff, now=now
        )  # fmt: skip
    except ActionError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("Noted in the register."))
    return HttpResponseRedirect(reverse("promises"))
