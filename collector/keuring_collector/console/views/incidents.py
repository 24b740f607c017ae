"""Ordinary incidents that were imported, where they come from, and which of them count for nothing yet and why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db.models import Count
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from keuring_collector.console.permission import requires, staff_of
from keuring_collector.desk import scope
from keuring_collector.desk.causes import cause_label
from keuring_collector.desk.models import Incident, IncidentLeftOut, IncidentSource
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from keuring_collector.desk.models import Staff

OVER: Final = timedelta(days=365)
SHOWN: Final = 50
NAMES: Final = {"topdesk": "TOPdesk", "zammad": "Zammad"}


@requires(Right.LOOK)
@require_safe
def incidents(request: HttpRequest) -> HttpResponse:
    """The page."""
    return render(request, "console/incidents.html", imported(staff_of(request)))


def imported(staff: Staff) -> dict[str, Any]:
    """What was imported in a year, and what counts for nothing. That is of no department, so whoever sees some
    departments only sees none of it.
    """
    now = timezone.now()
    name = settings.KEURING.incidents_from
    lately = Incident.objects.filter(endpoint__in=scope.endpoints(staff), at__gte=now - OVER)
    counted = lately.order_by().values_list("cause").annotate(n=Count("pk")).order_by("-n", "cause")
    left = IncidentLeftOut.objects.filter(source=name) if name and not staff.limited else IncidentLeftOut.objects.none()
    groups = left.order_by().values_list("why", "category", "machine").annotate(n=Count("pk"))
    return {
        "source": IncidentSource.objects.filter(name=name).first() if name else None,
        "name": NAMES.get(name, name),
        "waits": IncidentSource.objects.filter(name=name, wait_until__gt=now).exists(),
        "causes": [(cause, cause_label(cause), n) for cause, n in counted],
        "total": sum(n for _cause, n in counted),
        "may_see_error": staff.may(Right.SETTINGS),
        "left": left.count(),
        "groups": [
            (IncidentLeftOut.Why(why), category, machine, n)
            for why, category, machine, n in groups.order_by("-n", "category", "machine")[:SHOWN]
        ],
        "newest": left.order_by("-at", "-pk")[:SHOWN],
    }
