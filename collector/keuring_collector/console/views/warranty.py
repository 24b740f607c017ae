"""Telling until when a machine is under warranty, on its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from keuring_collector.console import readings
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.machines import endpoint_of
from keuring_collector.console.warranty import serial_of
from keuring_collector.desk import audit, wording
from keuring_collector.desk.roles import Right
from keuring_collector.fleet import warranties

if TYPE_CHECKING:
    import uuid
    from datetime import date

    from django.http import HttpRequest, HttpResponse

    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Endpoint


@requires(Right.ACT)
@require_POST
def tell(request: HttpRequest, identity: uuid.UUID) -> HttpResponse:
    """Writes down the last day of a machine's warranty; an empty one takes it away."""
    endpoint, now, text = endpoint_of(request, identity), timezone.now(), request.POST.get("ends", "").strip()
    serial = serial_of(readings.store().facts(endpoint.pk))
    back = HttpResponseRedirect(reverse("machine", args=[identity]) + "#warranty")
    if not serial:
        messages.error(request, _("This machine tells no serial number, so no warranty can be kept of it."))
        return back
    try:
        ends = warranties.day(text, wording.local_day(now)) if text else None
    except ValueError:
        messages.error(
            request, _("“%(text)s” is no day of a warranty. Choose one in the calendar.") % {"text": text[:40]}
        )
        return back
    write_down(endpoint, serial, ends, staff_of(request))
    done = _("Noted: the warranty ends on %(day)s. The rules know it within an hour of reports.")
    gone = _("Noted: no warranty is known of this machine.")
    messages.success(request, done % {"day": wording.day(ends, now)} if ends else gone)
    return back


def write_down(endpoint: Endpoint, serial: str, ends: date | None, staff: Staff) -> None:
    """Keeps the last day of the warranty of a machine with this serial number, or that none is known."""
    with transaction.atomic():
        before = warranties.tell(serial, ends, timezone.now())
        if before != ends:
            detail = {"from": before.isoformat() if before else "", "to": ends.isoformat() if ends else ""}
            audit.record_now(staff, "warranty.told", audit.machine(endpoint), detail)
