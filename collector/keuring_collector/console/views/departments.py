"""The departments: how many machines each has, and what is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from keuring_collector.console.listing import Choices
from keuring_collector.desk.models import Ticket
from keuring_collector.fleet.models import Colleague, Department, Endpoint

if TYPE_CHECKING:
    from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Row:
    """A department with its numbers; ``department`` is None for machines that belong to none."""

    department: Department | None
    colleagues: int
    machines: int
    simulated: int
    open_count: int
    severities: list[tuple[int, int, str]]  # severity, open tickets, the queue's address
    address: str


@require_safe
def departments(request: HttpRequest) -> HttpResponse:
    """The overview; four queries."""
    machines: dict[int | None, list[int]] = {}
    active = Endpoint.objects.filter(state=Endpoint.State.ACTIVE).order_by()
    for row in active.values("department", "simulated").annotate(count=Count("id")):
        counts = machines.setdefault(row["department"], [0, 0])
        counts[0] += row["count"]
        counts[1] += row["count"] if row["simulated"] else 0
    tickets: dict[int | None, dict[int, int]] = {}
    found = Ticket.objects.filter(state__in=Ticket.OPEN).order_by()
    for row in found.values("endpoint__department", "severity").annotate(count=Count("id")):
        tickets.setdefault(row["endpoint__department"], {})[row["severity"]] = row["count"]
    people = dict(
        Colleague.objects.order_by().values_list("department").annotate(count=Count("id")).values_list(
            "department", "count"
        )
    )  # fmt: skip
    rows = []
    for department in [*Department.objects.all(), None]:
        pk = department.pk if department else None
        if department is None and None not in machines:
            continue
        opened = tickets.get(pk, {})
        chosen = Choices(department=str(pk) if pk else "")
        rows.append(
            Row(
                department,
                people.get(pk, 0),
                *machines.get(pk, [0, 0]),
                sum(opened.values()),
                [
                    (value, opened.get(value, 0), chosen.address(severity=(value,)))
                    for value in sorted(Ticket.Severity.values, reverse=True)
                ],
                chosen.address(),
            )
        )
    most = max((row.open_count for row in rows), default=0)
    return render(request, "console/departments.html", {"rows": rows, "most": most})
