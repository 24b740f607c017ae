"""Reports that could not be used: put aside with their reason, acknowledged, never lost in silence."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from django.shortcuts import render
from django.views.decorators.http import require_safe

from keuring_collector.console import readings
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import scope
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

MOST: Final = 200


@requires(Right.LOOK)
@require_safe
def problems(request: HttpRequest) -> HttpResponse:
    """The reports put aside last."""
    staff, aside = staff_of(request), readings.store().quarantine(MOST)
    endpoints = scope.endpoints(staff).in_bulk({report.endpoint for report in aside})
    rows = [
        {
            "endpoint": endpoints.get(report.endpoint),
            "at": datetime.fromtimestamp(report.received_at, UTC),
            "reason": report.reason,
            "detail": report.detail,
            "sequence": report.sequence,
            "size": len(report.report),
        }
        for report in aside
        if not staff.limited or report.endpoint in endpoints
    ]
    return render(request, "console/problems.html", {"rows": rows, "most": MOST})
