"""The departments: how many machines each has, and what is open."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from keuring_collector.console import fleet_counts
from keuring_collector.console.listing import Choices
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import quiet, scope
from keuring_collector.desk.models import Quiet, Ticket
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from keuring_collector.fleet.models import Department


@dataclass(frozen=True, slots=True)
class Row:
    """A department with its numbers; ``department`` is None for machines that belong to none."""

    department: Department | None
    colleagues: int
    machines: int
    simulated: int
    open_count: int
    severities: list[tuple[int, int, str]]  # severity, open tickets, the queue's address
    quiets: list[Quiet]


def _bar(row: Row, most: int) -> SafeString:
    """The open tickets as one bar, the most urgent first; ``most`` fills it."""
    pieces, at = [], 0.0
    for severity, count, _address in row.severities:
        width = 100 * count / most if most else 0
        if count:
            pieces.append(f'<rect class="s{severity}" x="{at:.2f}%" width="{width:.2f}%" height="8"/>')
        at += width
    return mark_safe(f'<svg class="bars" width="100%" height="8" aria-hidden="true">{"".join(pieces)}</svg>')  # noqa: S308 - numbers only


@requires(Right.LOOK)
@require_safe
def departments(request: HttpRequest) -> HttpResponse:
    """The overview; three queries, and counts that may be some minutes old where there is much."""
    staff, now = staff_of(request), timezone.now()
    answer = fleet_counts.ask("departments", staff, now)
    machines: dict[int | None, Counter[bool]] = {}
    for pk, simulated, count in answer.content["machines"]:
        machines.setdefault(pk, Counter())[simulated] = count
    tickets: dict[int | None, dict[int, int]] = {}
    for pk, severity, count in answer.content["tickets"]:
        tickets.setdefault(pk, {})[severity] = count
    people: dict[int | None, int] = dict(answer.content["colleagues"])
    silent = quiet.of_departments(now)
    rows = []
    for department in [*scope.departments(staff), None]:
        pk = department.pk if department else None
        if department is None and None not in machines:
            continue
        own, opened, chosen = machines.get(pk, Counter()), tickets.get(pk, {}), Choices(department=str(pk or ""))
        severities = [
            (value, opened.get(value, 0), chosen.address(severity=(value,)))
            for value in sorted(Ticket.Severity.values, reverse=True)
        ]
        rows.append(
            Row(
                department, people.get(pk, 0), own.total(), own[True], sum(opened.values()), severities,
                silent.get(pk or 0, []),
            )
        )  # fmt: skip
    most = max((row.open_count for row in rows), default=0)
    context = {"rows": [(row, _bar(row, most)) for row in rows], "counted_at": answer.counted_at}
    return render(request, "console/departments.html", context)
