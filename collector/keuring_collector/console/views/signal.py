"""One signal of a machine in full: any stretch of time, beside the other machines of its model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from keuring.signals.catalogue import BY_NAME
from keuring_collector.console import charts, facts, peers, readings, stretches
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.machines import endpoint_of, has_open_ticket
from keuring_collector.desk import audit, signals, wording
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    import uuid

    from django.http import HttpRequest

    from keuring_collector.console.peers import Peers
    from keuring_collector.console.stretches import Stretch


@requires(Right.LOOK)
@require_safe
def signal(request: HttpRequest, identity: uuid.UUID, name: str) -> HttpResponse:
    """The large chart of one signal, and the table behind it."""
    now, staff = timezone.now(), staff_of(request)
    endpoint, found = endpoint_of(request, identity), BY_NAME.get(name)
    if found is None or not signals.is_measured(found):
        raise Http404(_("There is no such signal."))
    known = readings.tracks(endpoint.pk, readings.store().layouts(endpoint.pk))
    subject = request.GET.get("subject", "")
    track = next((t for t in known if t.signal is found and t.subject == subject), None)
    if track is None:
        raise Http404(_("This machine has never reported that signal."))
    audit.record(staff, "machine.viewed", audit.machine(endpoint), {"signal": name})
    has_open = has_open_ticket(endpoint)
    fine = readings.allows_windows(found, has_open_ticket=has_open)
    stretch = stretches.read(request.GET, now, fine=fine)
    closer = fine and stretch.days <= stretches.FINE_DAYS
    if closer:
        readings.note_look(staff, endpoint, signal=name, **_asked(stretch))
    reading = readings.by_window(track, stretch.start, stretch.end) if closer else None
    if reading is None or not reading.points:  # windows are kept for months, days for years
        reading = readings.by_day(track, stretch.start, stretch.end)
    model = facts.model(endpoint)
    alike = peers.beside(track, staff, model, stretch.start, stretch.end)
    title, unit = signals.label(found.name), wording.unit_of(found)
    points = [point for point in reading.points if stretch.start <= point.time <= stretch.end]
    chart = charts.Chart(
        title, unit, points, stretch.start, stretch.end, now.timestamp(), reading.gap,
        by_day=reading.by_day, peers=alike.points if alike else (),
    )  # fmt: skip
    told = charts.labels(chart)
    today = timezone.localtime(now).date()
    context: dict[str, Any] = {
        "endpoint": endpoint,
        "signal": found,
        "title": title,
        "subject": subject,
        "stretch": stretch,
        "today": today,
        "later": stretch.later(today),
        "nearer": stretch.closer(1 if fine else stretches.FINE_DAYS),
        "wider": stretch.wider(today),
        "periods": [
            (
                stretch.period_address(period),
                ngettext("%(n)s day", "%(n)s days", period) % {"n": period},
                fine or period > stretches.FINE_DAYS,
                period == stretch.period,
            )
            for period in stretches.PERIODS
        ],
        "svg": None if chart.is_empty else charts.draw(chart, told),
        "rows": _rows(points, told, unit, alike if reading.by_day else None),
        "by_day": reading.by_day,
        "model": model,
        "alike": alike,
        "presence": readings.is_by_day_only(found),
        "has_open": has_open,
    }
    return render(request, "console/signal.html", context)


def _asked(stretch: Stretch) -> dict[str, str | int]:
    """What of a stretch is written down."""
    if stretch.period:
        return {"days": stretch.period}
    return {"first": stretch.first.isoformat(), "last": stretch.last.isoformat()}


def _rows(points: list[charts.Point], told: list[str], unit: str, alike: Peers | None) -> list[tuple[str, str]]:
    """The values in words, the newest first, each with that of the model on the same day when days are shown."""
    of_day = {int(point.time // readings.DAY): point.value for point in alike.points} if alike else {}
    rows = []
    for point, text in zip(reversed(points), reversed(told), strict=True):
        other = of_day.get(int(point.time // readings.DAY))
        rows.append((text, "" if other is None else wording.amount(other, unit)))
    return rows
