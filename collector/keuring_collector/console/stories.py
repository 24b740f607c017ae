"""Tickets as the pages show them: the title with its number plate, why, how sure, and the chart behind it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.utils.html import format_html

from keuring.signals.catalogue import BY_NAME
from keuring_collector.console import charts, readings
from keuring_collector.desk import signals, texts, wording
from keuring_collector.desk.models import Ticket, TicketLine
from keuring_collector.rulepack import quantity

if TYPE_CHECKING:
    from datetime import datetime

    from django.utils.safestring import SafeString

    from keuring_collector.console.pack import PackState
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.rulepack import Rule

DAY: Final = readings.DAY
HISTORY_DAYS: Final = 90
RECENT_DAYS: Final = 14
FEWEST_DAYS: Final = 5  # fewer daily points than this are better shown by the window


def plate(endpoint: Endpoint) -> SafeString:
    """A machine's name, set like a number plate."""
    return format_html('<span class="plate">{}</span>', endpoint.host_name)


@dataclass(frozen=True, slots=True)
class Row:
    """One ticket in a list."""

    ticket: Ticket
    title: SafeString
    others: int  # findings beside the one in the title
    cause: str
    bar: SafeString


def row(ticket: Ticket, state: PackState, language: str, now: datetime, *, horizon: float = 120.0) -> Row:
    """A ticket for a list; its lines, endpoint and colleague must be fetched already."""
    lines = _lines(ticket)
    line = texts.headline(ticket, lines)
    title = (
        texts.title_html(
            line,
            state.rule(line.rule),
            language,
            texts.moment_of_reading(ticket, now),
            plate(ticket.endpoint),
        )
        if line
        else format_html("{} {}", texts.cause_label(ticket.cause), plate(ticket.endpoint))
    )
    active = sum(1 for other in lines if other.active)
    return Row(
        ticket,
        title,
        max(0, active - 1),
        texts.cause_label(ticket.cause),
        charts.interval_bar(
            now.timestamp(), _seconds(ticket.expected_low), _seconds(ticket.expected_at),
            _seconds(ticket.expected_high), horizon,
        ),
    )  # fmt: skip


def _lines(ticket: Ticket) -> list[TicketLine]:
    lines = list(ticket.lines.all())
    for line in lines:
        line.ticket = ticket  # so that no line asks the database for what is here
    return lines


def _seconds(moment: datetime | None) -> float | None:
    return moment.timestamp() if moment else None


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a ticket, told."""

    line: TicketLine
    rule: Rule | None
    title: SafeString
    why: str
    certainty: str
    proofs: list[texts.Proof]
    chart: Figure | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart with its caption and the table behind it."""

    caption: str
    svg: SafeString
    rows: list[str]
    by_day: bool


@dataclass(frozen=True, slots=True)
class Story:
    """A ticket, told: the headline first."""

    ticket: Ticket
    findings: list[Finding]
    looked_closely: bool  # signals finer than a day are shown

    @property
    def first(self) -> Finding | None:
        """The finding that gives the ticket its title."""
        return self.findings[0] if self.findings else None


def story(ticket: Ticket, state: PackState, language: str, now: datetime) -> Story:
    """Everything the left half of the ticket page tells."""
    lines = _lines(ticket)
    head = texts.headline(ticket, lines)
    lines.sort(key=lambda line: (line is not head, not line.active, -line.severity))
    moment = texts.moment_of_reading(ticket, now)
    findings = [_finding(line, state, language, now, moment) for line in lines]
    close = any(finding.chart is not None and not finding.chart.by_day for finding in findings)
    return Story(ticket, findings, close)


def _finding(line: TicketLine, state: PackState, language: str, now: datetime, moment: datetime) -> Finding:
    rule = state.rule(line.rule)
    measure = _measure(rule)
    return Finding(
        line,
        rule,
        texts.title_html(line, rule, language, moment, plate(line.ticket.endpoint)),
        texts.why(line, measure, language, moment),
        texts.certainty(line, language, moment),
        texts.proofs(line, measure, language, moment),
        _figure(line, measure, now),
    )


def _measure(rule: Rule | None) -> texts.Measure:
    """What the values of a rule's evidence are."""
    if rule is None:
        return texts.LEVEL
    increase, threshold = rule.condition.increase, rule.condition.threshold
    if increase is not None:
        name = increase.signal or (increase.signals or [""])[0]
        return texts.Measure(quantity.duration(increase.within) / DAY, increase.count == "days", signal=name)
    if threshold is not None and threshold.minus is not None:
        return texts.Measure(minus=threshold.minus, signal=threshold.signal)
    return texts.LEVEL


def _figure(line: TicketLine, measure: texts.Measure, now: datetime) -> Figure | None:
    """The chart of the signal that a line is about; None for facts and for signals without points."""
    item = texts.main_evidence(line)
    signal = BY_NAME.get(item["signal"]) if item else None
    if item is None or signal is None or not signals.is_measured(signal):
        return None
    endpoint = line.ticket.endpoint
    subject = item.get("subject") or ""
    statistics = frozenset(
        statistic
        for found, statistic, about in readings.store().keys(endpoint.pk)
        if found == signal.id and about == subject
    )
    if not statistics:
        return None
    wanted = item.get("statistic")
    track = readings.Track(endpoint.pk, signal, subject, statistics)
    return _draw(line, measure, track, wanted if wanted in statistics else None, now)


def _draw(
    line: TicketLine, measure: texts.Measure, track: readings.Track, statistic: int | None, now: datetime
) -> Figure | None:
    at = now.timestamp()
    signal = track.signal
    is_open = line.ticket.state in Ticket.OPEN
    reading = readings.by_day(track, at - HISTORY_DAYS * DAY, at, statistic)
    closer = readings.allows_windows(signal, has_open_ticket=is_open)
    if closer and (line.expected_at is None or len(reading.points) < FEWEST_DAYS):
        near = readings.by_window(track, at - RECENT_DAYS * DAY, at, statistic)
        reading = near if near.points else reading
    if not reading.points:
        return None
    forecast = _forecast(line) if measure.is_level else None
    limit = _limit(line) if measure.is_level else None
    start = reading.points[0].time
    end = at
    if forecast is not None and is_open:
        furthest = max(forecast.at, min(forecast.high, forecast.at + (forecast.at - at)))
        end = max(at, min(furthest, at + (at - start) * 1.5)) + 0.06 * max(at - start, DAY)
    unit = wording.unit_of(signal)
    name = signals.label(signal.name) + (f" ({track.subject})" if track.subject else "")
    chart = charts.Chart(
        name, unit, reading.points, start, end, at, reading.gap, limit, forecast if is_open else None,
        by_day=reading.by_day,
    )  # fmt: skip
    told = [charts.label(point, unit, now, by_day=reading.by_day) for point in reversed(reading.points)]
    return Figure(name, charts.draw(chart), told, reading.by_day)


def _numeric(line: TicketLine, role: str) -> float | None:
    item: Any = next((i for i in (line.evidence_now or line.evidence) if i.get("role") == role), None)
    value = item["value"] if item else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _limit(line: TicketLine) -> float | None:
    item = texts.main_evidence(line)
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


def small(track: readings.Track, start: float, now: float, *, closer: bool) -> Small | None:
    """A small chart of a track over [start, now]; None when nothing was measured."""
    reading = readings.by_window(track, start, now) if closer else readings.by_day(track, start, now)
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
