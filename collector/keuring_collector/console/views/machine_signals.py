"""The signals of one area of a machine: what the machine's page shows folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from keuring_collector.console import multiples, readings
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.machines import endpoint_of, has_open_ticket
from keuring_collector.desk import audit
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest


@requires(Right.LOOK)
@require_safe
def machine_signals(request: HttpRequest, identity: uuid.UUID, place: int) -> HttpResponse:
    """The small charts of one area."""
    now, staff = timezone.now(), staff_of(request)
    endpoint = endpoint_of(request, identity)
    has_open = has_open_ticket(endpoint)
    chosen = multiples.choose(request.GET, now, has_open=has_open)
    section = multiples.section(endpoint, place, chosen)
    if section is None:
        raise Http404(_("This machine has never reported signals of that kind."))
    audit.record(staff, "machine.viewed", audit.machine(endpoint), {"section": section.title})
    if chosen.closer:
        readings.note_look(staff, endpoint, section=section.title, days=chosen.days)
    return render(request, "console/machine_signals.html", {"endpoint": endpoint, "chosen": chosen, "section": section})
