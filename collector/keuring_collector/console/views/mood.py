"""How colleagues feel: the page for the desk, and the page behind a link in a mail, for which nobody signs in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from keuring_collector.console.numbers import number
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.deeds import MOODS
from keuring_collector.desk import scope
from keuring_collector.desk.acting import ActionError, NotPossible
from keuring_collector.desk.roles import Right
from keuring_collector.service.mood import keeping, showing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest

    from keuring_collector.fleet.models import Department
    from keuring_collector.service.mood.showing import Month, Mood

WIDTH: Final = 160
HEIGHT: Final = 32


@dataclass(frozen=True, slots=True)
class Row:
    """A department, or everybody: the last month that can be told, the one before it, and the trend."""

    department: Department | None
    months: list[Mood | None]  # as the page's months, None where there is nothing to tell
    trend: SafeString

    @property
    def last(self) -> Mood | None:
        """The newest month."""
        return self.months[-1] if self.months else None


def trend(months: Sequence[Mood | None]) -> SafeString:
    """The means as a line from 1 to 5, broken where there is nothing to tell."""
    step = WIDTH / max(1, len(months) - 1)
    parts: list[str] = []
    run: list[str] = []
    for index, mood in enumerate([*months, None]):
        if mood is not None:
            run.append(f"{index * step:.1f},{HEIGHT - 3 - (mood.mean - 1) / 4 * (HEIGHT - 6):.1f}")
        elif run:
            x, y = run[-1].split(",")
            parts.append(f'<polyline points="{" ".join(run)}"/><circle cx="{x}" cy="{y}" r="2.5"/>')
            run = []
    drawn = "".join(parts)
    return mark_safe(  # noqa: S308 - numbers only
        f'<svg class="mood-trend" viewBox="-3 0 {WIDTH + 6} {HEIGHT}" width="{WIDTH + 6}" height="{HEIGHT}" '
        f'aria-hidden="true"><path d="M0 {HEIGHT / 2}H{WIDTH}"/>{drawn}</svg>'
    )


def rows_of(months: Sequence[Month], departments: Sequence[Department], *, everybody: bool) -> list[Row]:
    """One row for each department of which anything can be told, before them one for all together."""
    found = []
    totals = [month.total for month in months]
    if everybody and any(totals):
        found.append(Row(None, totals, trend(totals)))
    for department in departments:
        moods = [month.departments.get(department.pk) for month in months]
        if any(moods):
            found.append(Row(department, moods, trend(moods)))
    return found


@requires(Right.LOOK)
@require_safe
def mood(request: HttpRequest) -> HttpResponse:
    """Mood by department over the last months, and what was said in the newest."""
    staff, now = staff_of(request), timezone.now()
    months = showing.months(now)
    departments = list(scope.departments(staff))
    names = {each.pk: each.name for each in departments}
    newest = months[-1] if months else None
    said = showing.lines(newest, list(names)) if newest else {}
    context = {
        "months": months,
        "rows": rows_of(months, departments, everybody=staff.department_ids is None),
        "said": [(names[pk], lines) for pk, lines in sorted(said.items(), key=lambda pair: names[pair[0]])],
        "newest": newest.first if newest else None,
        "running": showing.running(now),
        "fewest": showing.FEWEST,
    }
    return render(request, "console/mood.html", context)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a link in a mail. Opening it answers nothing: mail programs open links by themselves."""
    try:
        keeping.department_of(token)
    except keeping.LinkError:
        raise Http404(_("This link is none of ours, or it is older than thirty days.")) from None
    context = {"moods": MOODS, "done": False, "used": keeping.is_used(token), "wrong": "", "token": token}
    status = 200
    if request.method == "POST":
        line = request.POST.get("mood_line", "")
        try:
            keeping.answer(token, number(request.POST.get("mood", "")) or 0, line, timezone.now())
            context["done"] = True
        except ActionError as error:
            context |= {"wrong": str(error.message), "line": line, "used": isinstance(error, NotPossible)}
            status = 409 if isinstance(error, NotPossible) else 422
    return render(request, "console/mood_answer.html", context, status=status)
