"""Which chart tells a finding's story, and the small charts of a machine."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from keuring.signals.catalogue import BY_NAME, SYSTEM_MEMORY_LIMIT
from keuring.signals.model import Kind
from keuring_collector.console import charts, drawing, readings
from keuring_collector.desk import signals, texts, wording
from keuring_collector.desk.models import Ticket
from keuring_collector.desk.placeholders import main_evidence

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from django.utils.safestring import SafeString

    from keuring.signals.model import Signal
    from keuring_collector.desk.models import TicketLine
    from keuring_collector.fleet.models import Endpoint

DAY: Final = readings.DAY
HISTORY_DAYS: Final = 90
EVENT_DAYS: Final = 30
RECENT_DAYS: Final = 14
_SAMPLE: Final = SYSTEM_MEMORY_LIMIT.name
FEWEST_DAYS: Final = 5  # fewer daily points than this are better shown by the window


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its caption, the table behind it, and where the signal can be looked at more closely."""

    caption: str
    svg: SafeString
    rows: list[str]
    by_day: bool
    address: str


def of_line(line: TicketLine, measure: texts.Measure, now: datetime) -> Figure | None:
    """The chart of the signal that a line is about; None for facts and for signals without points."""
    item = main_evidence(line)
    signal = BY_NAME.get(item["signal"]) if item else None
    if item is None or signal is None or signal.kind is Kind.FACT:
        return None
    endpoint, subject = line.ticket.endpoint, item.get("subject") or ""
    if signal.kind is Kind.EVENT:
        reading = readings.events_by_day(endpoint.pk, signal, subject, EVENT_DAYS, now.timestamp())
        return _draw(line, measure, signal, subject, reading, now)
    statistics = frozenset(
        statistic
        for found, statistic, about in readings.store().keys(endpoint.pk)
        if found == signal.id and about == subject
    )
    if not statistics:
        return None
    wanted = item.get("statistic") if item.get("statistic") in statistics else None
    reading = _history(line, readings.Track(endpoint.pk, signal, subject, statistics), wanted, now.timestamp())
    return _draw(line, measure, signal, subject, reading, now)


def _history(line: TicketLine, track: readings.Track, statistic: int | None, at: float) -> readings.Reading:
    """By the day; by the window only on a machine of which so little is known that days would show nothing."""
    reading = readings.by_day(track, at - HISTORY_DAYS * DAY, at, statistic)
    is_open = line.ticket.state in Ticket.OPEN
    if len(reading.points) >= FEWEST_DAYS or not readings.allows_windows(track.signal, has_open_ticket=is_open):
        return reading
    near = readings.by_window(track, at - RECENT_DAYS * DAY, at, statistic)
    return near if near.points else reading


def _draw(
    line: TicketLine, measure: texts.Measure, signal: Signal, subject: str, reading: readings.Reading, now: datetime
) -> Figure | None:
    if not reading.points:
        return None
    at, endpoint = now.timestamp(), line.ticket.endpoint
    is_level = measure.is_level and signal.kind is not Kind.EVENT
    forecast = _forecast(line) if is_level and line.ticket.state in Ticket.OPEN else None
    start, end = min(reading.points[0].time, at - 3600), at
    if forecast is not None:
        furthest = max(forecast.at, min(forecast.high, forecast.at + (forecast.at - at)))
        end = max(at, min(furthest, at + (at - start) * 1.5)) + 0.06 * max(at - start, DAY)
    unit = wording.unit_of(signal)
    name = signals.label(signal.name) + (f" ({subject})" if subject else "")
    chart = charts.Chart(
        name, unit, reading.points, start, end, at, reading.gap, _limit(line) if is_level else None, forecast,
        by_day=reading.by_day,
    )  # fmt: skip
    told = charts.labels(chart)
    address = "" if signal.kind is Kind.EVENT else closer(endpoint)(signal, subject)
    return Figure(name, charts.draw(chart, told), told[::-1], reading.by_day, address)


def closer(endpoint: Endpoint, days: int = 30) -> Callable[[Signal, str], str]:
    """The addresses of signals' own pages, of which a machine has dozens, by signal and subject."""
    at = drawing.addresses("signal", endpoint.uuid, _SAMPLE)

    def address(signal: Signal, subject: str) -> str:
        query = urlencode({"days": days, "subject": subject} if subject else {"days": days})
        return f"{at(signal.name)}?{query}"

    return address


def _numeric(line: TicketLine, role: str) -> float | None:
    item: Any = next((i for i in (line.evidence_now or line.evidence) if i.get("role") == role), None)
    value = item["value"] if item else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _limit(line: TicketLine) -> float | None:
    item = main_evidence(line)
    limit = next((i for i in (line.evidence_now or line.evidence) if i.get("role") == "limit"), None)
    # A limit on another signal than the one drawn has no place in the picture.
    return _numeric(line, "limit") if item and limit and limit["signal"] == item["signal"] else None


def _forecast(line: TicketLine) -> charts.Forecast | None:
    value, limit = _numeric(line, "value"), _limit(line)
    if value is None or limit is None or not (line.expected_at and line.expected_low and line.expected_high):
        return None
    judged = line.judged_at.timestamp()
    if line.expected_at.timestamp() <= judged:
        return None
    return charts.Forecast(
        judged, value, limit, line.expected_at.timestamp(), max(judged, line.expected_low.timestamp()),
        line.expected_high.timestamp(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Small:
    """A small chart and its last value in words; ``is_zero`` when there was nothing but zeros to draw."""

    svg: SafeString
    last: str
    is_zero: bool


def small(track: readings.Track, reading: readings.Reading, start: float, now: float) -> Small | None:
    """A small chart of a track over [start, now]; None when nothing was measured."""
    measured = [point for point in reading.points if math.isfinite(point.value)]
    if not measured:
        return None
    unit = wording.unit_of(track.signal)
    chart = charts.Chart(
        signals.label(track.signal.name),
        unit,
        reading.points,
        start,
        now,
        now,
        reading.gap,
        small=True,
        by_day=reading.by_day,
    )  # fmt: skip
    is_zero = all(point.value == 0 and not point.high > 0 for point in measured)
    return Small(charts.draw(chart), wording.amount(measured[-1].value, unit), is_zero)
