"""Quiet times: which are in force or coming, and making and ending one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from keuring_collector.console import fleet_counts, pack
from keuring_collector.console.listing import open_causes
from keuring_collector.console.numbers import number
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import quiet as quiets
from keuring_collector.desk import scope
from keuring_collector.desk.acting import ActionError, NotUnderstood
from keuring_collector.desk.causes import cause_label
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import HttpRequest

    from keuring_collector.desk.models import Quiet

PAST_DAYS = 30
FIELDS = (
    "kind", "reason", "department", "model", "host_name", "cause", "from_day", "from_clock", "to_day", "to_clock",
    "weekday", "clock", "minutes",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """A quiet time as the list shows it; ``until``: in force until then, ``next``: begins then."""

    quiet: Quiet
    about: str
    when: str
    until: dt.datetime | None
    next: dt.datetime | None
    waiting: int


def about(quiet: Quiet) -> str:
    """Which machines, and for what, in words."""
    parts = [
        quiet.department.name if quiet.department else "",
        quiet.model,
        quiet.host_name,
        quiet.endpoint.host_name if quiet.endpoint else "",
    ]
    told = ", ".join(part for part in parts if part) or _("all machines")
    return f"{told}: {cause_label(quiet.cause)}" if quiet.cause else told


def weekly(quiet: Quiet) -> str:
    """When, of a weekly one; empty for one that is once."""
    if quiet.weekday is None or quiet.from_minute is None or quiet.minutes is None:
        return ""
    hours, minutes = divmod(quiet.from_minute, 60)
    last = (quiet.from_minute + quiet.minutes) % (24 * 60)
    told = {"day": WEEKDAYS[quiet.weekday], "from": f"{hours:02}:{minutes:02}", "to": f"{last // 60:02}:{last % 60:02}"}
    return _("every %(day)s, %(from)s to %(to)s") % told


def row_of(quiet: Quiet, now: dt.datetime, waiting: int) -> Row:
    """A quiet time as the list shows it now."""
    ahead = list(quiets.around(quiet, now))
    until = next((ends for begins, ends in ahead if begins <= now), None)
    begins = next((begins for begins, _ends in ahead if begins > now), None)
    return Row(quiet, about(quiet), weekly(quiet), until, None if until else begins, waiting)


def _page(
    request: HttpRequest, now: dt.datetime, typed: Mapping[str, str] | None = None, wrong: str = "", status: int = 200
) -> HttpResponse:
    staff = staff_of(request)
    found = scope.quiet_times(staff).filter(ends_at__gt=now - dt.timedelta(days=PAST_DAYS)).annotate(n=Count("waiting"))
    rows = [row_of(each, now, each.n) for each in found.select_related("department", "endpoint", "made_by", "ended_by")]
    local, causes = timezone.localtime(now), open_causes(staff, many=False)
    context = {
        "current": [row for row in rows if row.quiet.ends_at > now],
        "past": [row for row in rows if row.quiet.ends_at <= now],
        "departments": [(str(pk), name) for pk, name in scope.departments(staff).values_list("pk", "name")],
        "models": fleet_counts.models(staff, now),
        "causes": [
            (cause, cause_label(cause))
            for cause in sorted({*causes, *(rule.cause for rule in pack.current().pack.rules.values())})
        ],
        "weekdays": [(str(number), name) for number, name in WEEKDAYS.items()],
        "typed": typed or {"kind": "maintenance", "from_day": local.date().isoformat(), "from_clock": f"{local:%H:00}"},
        "wrong": wrong,
    }
    return render(request, "console/quiet.html", context, status=status)


@requires(Right.LOOK)
@require_safe
def quiet_times(request: HttpRequest) -> HttpResponse:
    """The list, and the form."""
    return _page(request, timezone.now())


@requires(Right.ACT)
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """Makes one; what was refused comes back with what was typed."""
    staff, now = staff_of(request), timezone.now()
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    department = scope.departments(staff).filter(pk=number(typed["department"]) or 0).first()
    try:
        if department is None and staff.department_ids is not None:
            raise NotUnderstood("department", _("You see only some departments: choose one of them."))
        if department is None and typed["department"]:  # it was taken away meanwhile: this would hold for all machines
            raise NotUnderstood("department", _("There is no such department. Choose one from the list."))
        quiets.make(
            kind=typed["kind"], reason=typed["reason"], actor=staff, now=now,
            starts_at=quiets.moment(typed["from_day"], typed["from_clock"]),
            ends_at=quiets.moment(typed["to_day"], typed["to_clock"]),
            department=department, model=typed["model"], host_name=typed["host_name"], cause=typed["cause"],
            weekly=_weekly(typed),
        )  # fmt: skip
    except ActionError as error:
        return _page(request, now, typed, str(error.message), 422)
    messages.success(
        request, _("Made. It holds within half a minute; what falls into it waits, and is told afterwards.")
    )
    return HttpResponseRedirect(reverse("quiet"))


def _weekly(typed: Mapping[str, str]) -> tuple[int, int, int] | None:
    if not typed["weekday"]:
        return None
    try:
        clock, minutes = dt.time.fromisoformat(typed["clock"]), int(typed["minutes"])
        return int(typed["weekday"]) % 7, clock.hour * 60 + clock.minute, minutes
    except ValueError:
        raise NotUnderstood(
            "clock", _("Of a weekly window, fill in from what time and for how many minutes.")
        ) from None


@requires(Right.ACT)
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends one now."""
    staff = staff_of(request)
    get_object_or_404(scope.quiet_times(staff), pk=pk)
    try:
        quiets.end(pk, actor=staff, now=timezone.now())
        messages.success(request, _("Ended. What waited for it is told within minutes, the most urgent first."))
    except ActionError as error:
        messages.error(request, str(error.message))
    return HttpResponseRedirect(reverse("quiet"))
