"""Reports that could not be used: put aside with their reason, acknowledged, never lost in silence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from keuring_collector.console import readings, table_rows
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import scope
from keuring_collector.desk.prepared import prepared
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse

    from keuring_collector.fleet.models import Endpoint

MOST: Final = 200


class Aside(NamedTuple):
    """One report; ``size`` in bytes. ``endpoint`` None: not known."""

    endpoint: Endpoint | None
    at: datetime
    reason: str
    detail: str
    sequence: int
    size: int


@requires(Right.LOOK)
@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    """The reports put aside last."""
    staff, aside = staff_of(request), readings.store().quarantine(MOST)
    endpoints = {each.pk: each for each in _machines(staff.department_ids, {report.endpoint for report in aside})}
    rows = (
        Aside(
            endpoints.get(report.endpoint), datetime.fromtimestamp(report.received_at, UTC), report.reason,
            report.detail, report.sequence, len(report.report),
        )
        for report in aside
        if not staff.limited or report.endpoint in endpoints
    )  # fmt: skip
    return render(request, "console/problems.html", {"rows": table_rows.aside(rows, timezone.now()), "most": MOST})


@prepared
def _machines(departments: Any, numbers: Any) -> QuerySet[Endpoint]:
    return scope.endpoints_of(departments).filter(pk__in=numbers).only("uuid", "host_name", "simulated")
