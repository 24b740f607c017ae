"""Charts as SVG: a line with its shade, gaps as gaps, a limit, today, and a forecast with its band.

The picture has no view box of its own: places along the time axis are percentages and heights are pixels, so that the
same SVG fits a wide screen, a phone and paper with its letters at their true size. Colours come from the style sheet.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, pgettext

from keuring_collector.console import scales
from keuring_collector.desk import wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from keuring_collector.console.scales import Scale

WIDTH: Final = 1000  # of the inner view box, along time
MOST_POINTS: Final = 240


class Point(NamedTuple):
    """One place on the line; ``low`` and ``high`` are the shade around it. Times are seconds since 1970."""

    time: float
    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the line is expected to reach ``limit``: from the last judged point to the median and the 80 % interval."""

    time: float
    value: float
    limit: float
    at: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Chart:
    """What to draw. ``gap`` is the longest time between two points that still belong to one line, in seconds."""

    name: str
    unit: str
    points: Sequence[Point]
    start: float
    end: float
    now: float
    gap: float
    limit: float | None = None
    forecast: Forecast | None = None
    events: Sequence[float] = field(default_factory=tuple)
    peers: Sequence[Point] = field(default_factory=tuple)  # how others did: their median and middle half
    small: bool = False
    by_day: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(math.isfinite(point.value) for point in self.points)


def thin(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most ``most`` points: neighbours become one, with the shade that holds them all; the last value of each."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(len(points) / most)
    thinned = []
    for first in range(0, len(points), size):
        group = [point for point in points[first : first + size] if math.isfinite(point.value)]
        if not group:
            thinned.append(points[first])
            continue
        lows = [point.low if math.isfinite(point.low) else point.value for point in group]
        highs = [point.high if math.isfinite(point.high) else point.value for point in group]
        mean = sum(point.value for point in group) / len(group)
        thinned.append(Point(group[-1].time, mean, min(lows), max(highs)))
    return thinned


def runs(points: Iterable[Point], gap: float) -> list[list[Point]]:
    """The points cut where there was no sample, or where two are further apart than ``gap``."""
    cut: list[list[Point]] = []
    current: list[Point] = []
    before = -math.inf
    for point in points:
        time, value, _low, _high = point
        missing = not math.isfinite(value)
        if current and (missing or time - before > gap):
            cut.append(current)
            current = []
        if not missing:
            current.append(point)
            before = time
    if current:
        cut.append(current)
    return cut


def labels(chart: Chart) -> list[str]:
    """Each point in words, as shown under the cursor and in the table: "14 december: 8,2 GB (7,9 – 8,4 GB)"."""
    with wording.one_language():
        return [*_labels(chart.points, chart.unit, chart.now, by_day=chart.by_day)]


def draw(chart: Chart, told: Sequence[str] | None = None) -> SafeString:
    """The chart as an SVG element, in the language in force; ``told``: its labels, where they were made already."""
    with wording.one_language():
        return _Drawing(chart, labels(chart) if told is None else told).svg()


class _Drawing:
    def __init__(self, chart: Chart, told: Sequence[str]) -> None:
        self.chart = chart
        finite = [point for point in chart.points if math.isfinite(point.value)]
        self.times, self.values = [point.time for point in finite], [point.value for point in finite]
        self.told = [text for point, text in zip(chart.points, told, strict=True) if math.isfinite(point.value)]
        self.height = 44 if chart.small else 200
        self.top = 6 if chart.small else 24
        self.time = scales.moments(chart.start, chart.end)
        shown = [*self.values, *(value for point in chart.points for value in point[2:])]
        shown += [value for point in chart.peers for value in point[2:]]
        if chart.limit is not None and not chart.small:
            shown.append(chart.limit)
        lowest, highest = scales.extent(shown) or (0.0, 1.0)
        self.value: Scale = scales.values(lowest, highest, chart.unit, 2 if chart.small else 4)
        self.places, self.heights = self.xs(self.times), self.ys(self.values)

    def x(self, time: float) -> float:
        return round(self.time.share(time) * WIDTH, 1)

    def y(self, value: float) -> float:
        return round(self._heights([value])[0], 1)

    def xs(self, times: Iterable[float]) -> Sequence[str]:
        """Where moments lie, as SVG takes it; a page of charts has thousands of them, so no call is made for each."""
        return _xs(self.time.low, self.time.high, tuple(times))

    def ys(self, values: Iterable[float]) -> list[str]:
        """Where values lie, as SVG takes it."""
        return _written(self._heights(values))

    def _heights(self, values: Iterable[float]) -> list[float]:
        height, low, span = self.height, self.value.low, self.value.high - self.value.low
        return [height * (1 - (value - low) / span) for value in values]

    def percent(self, time: float) -> str:
        return f"{round(self.time.share(time) * 100, 2):g}%"

    def svg(self) -> SafeString:
        chart = self.chart
        total = self.top + self.height + (6 if chart.small else 26)
        inner = (
            f'<svg class="lines" width="100%" height="{self.height}" viewBox="0 0 {WIDTH} {self.height}" '
            f'preserveAspectRatio="none" overflow="visible">{self._others()}{self._future()}{self._history()}</svg>'
        )
        parts = [self._values(), inner, self._marks()]
        if not chart.small:
            parts.insert(1, self._times())
            parts.append(self._today())
            parts.append(self._limit())
            parts.append(self._expected())
        kind = "chart small" if chart.small else "chart"
        return mark_safe(  # noqa: S308 - every text in it is escaped where it is put in
            f'<svg class="{kind}" width="100%" height="{total}" role="img" tabindex="0" '
            f'aria-label="{escape(self._summary())}" data-top="{self.top}" data-height="{self.height}" '
            f'{self._data()}><svg class="plot" y="{self.top}" width="100%" height="{self.height}" overflow="visible">'
            f'{"".join(parts)}<g class="cursor" hidden="hidden"><line y1="0" y2="{self.height}"/>'
            f'<circle r="3.5"/></g></svg></svg>'
        )

    def _summary(self) -> str:
        chart = self.chart
        if not self.values:
            return gettext("%(name)s: nothing measured in this period") % {"name": chart.name}
        return gettext("%(name)s: from %(low)s to %(high)s, last %(last)s. Arrow keys read the values.") % {
            "name": chart.name,
            "low": wording.amount(min(self.values), chart.unit),
            "high": wording.amount(max(self.values), chart.unit),
            "last": wording.amount(self.values[-1], chart.unit),
        }

    def _data(self) -> str:
        told = escape("|".join(self.told))
        return f'data-x="{_listed(self.places)}" data-y="{_listed(self.heights)}" data-labels="{told}"'

    def _values(self) -> str:
        ticks = self.value.ticks
        if self.chart.small and len(ticks) > 2:
            ticks = (ticks[0], ticks[-1])
        places = [(self.y(value), escape(text)) for value, text in ticks]
        return "".join(
            f'<line class="grid" x1="0" x2="100%" y1="{at}" y2="{at}"/>'
            f'<text class="value" x="-8" y="{at + 4:g}" text-anchor="end">{text}</text>'
            for at, text in places
        )

    def _times(self) -> str:
        forecast = self.chart.forecast
        taken = self.time.share(forecast.at) if forecast is not None and forecast.at <= self.chart.end else math.inf
        ticks = [tick for tick in self.time.ticks if abs(self.time.share(tick[0]) - taken) > 0.17]
        return "".join(
            f'<line class="tick" x1="{self.percent(at)}" x2="{self.percent(at)}" y1="{self.height}" '
            f'y2="{self.height + 5}"/><text class="time{" odd" if number % 2 else ""}" x="{self.percent(at)}" '
            f'y="{self.height + 19}" text-anchor="middle">{escape(text)}</text>'
            for number, (at, text) in enumerate(ticks)
        )

    def _history(self) -> str:
        drawn, first = [], 0
        for run in runs(self.chart.points, self.chart.gap):
            last = first + len(run)
            places, heights = self.places[first:last], self.heights[first:last]
            shaded = [point for point in run if math.isfinite(point.low) and math.isfinite(point.high)]
            if len(shaded) > 1 and any(point.high > point.low for point in shaded):
                drawn.append(f'<polygon class="shade" points="{self._around(shaded)}"/>')
            if len(run) == 1:  # a point on its own would not be seen as a line
                drawn.append(f'<path class="line" d="M{self.x(run[0].time) - 2},{heights[0]}h4"/>')
            else:
                drawn.append(f'<polyline class="line" points="{_pairs(places, heights)}"/>')
            first = last
        return "".join(drawn)

    def _along(self, points: Sequence[Point]) -> str:
        """The line through points."""
        times, values, _lows, _highs = zip(*points, strict=True)
        return _pairs(self.xs(times), self.ys(values))

    def _around(self, points: Sequence[Point]) -> str:
        """The edge of their shade: along what is highest, and back along what is lowest."""
        times, _values, lows, highs = zip(*points, strict=True)
        places = self.xs(times)
        return _pairs([*places, *reversed(places)], self.ys((*highs, *reversed(lows))))

    def _others(self) -> str:
        """How others did, behind the line itself."""
        drawn = []
        for run in runs(self.chart.peers, self.chart.gap):
            drawn.append(f'<polygon class="others" points="{self._around(run)}"/>')
            drawn.append(f'<polyline class="others" points="{self._along(run)}"/>')
        return "".join(drawn)

    def _future(self) -> str:
        forecast = self.chart.forecast
        if forecast is None or self.chart.small:
            return ""
        edge = self.chart.end

        def reached(goal: float) -> list[tuple[float, float]]:
            """The way to the limit at time ``goal``, cut off where the picture ends."""
            if goal <= edge:
                return [(goal, forecast.limit)]
            share = (edge - forecast.time) / (goal - forecast.time)
            return [(edge, forecast.value + share * (forecast.limit - forecast.value))]

        low, high = reached(forecast.low), reached(forecast.high)
        corner = [(edge, forecast.limit)] if forecast.high > edge >= forecast.low else []
        band = [(forecast.time, forecast.value), *low, *corner, *reversed(high)]
        points = " ".join(f"{self.x(time)},{self.y(value)}" for time, value in band)
        end = reached(forecast.at)[0]
        return (
            f'<polygon class="band" points="{points}"/><path class="median" '
            f'd="M{self.x(forecast.time)},{self.y(forecast.value)}L{self.x(end[0])},{self.y(end[1])}"/>'
        )

    def _marks(self) -> str:
        return "".join(
            f'<line class="event" x1="{self.percent(at)}" x2="{self.percent(at)}" y1="{self.height - 7}" '
            f'y2="{self.height}"/>'
            for at in self.chart.events
            if self.chart.start <= at <= self.chart.end
        )

    def _today(self) -> str:
        chart = self.chart
        if not chart.start < chart.now < chart.end:
            return ""
        place, today = self.percent(chart.now), pgettext("chart", "today")
        return (
            f'<line class="today" x1="{place}" x2="{place}" y1="-6" y2="{self.height}"/>'
            f'<text class="now" x="{place}" y="-11" text-anchor="middle">{escape(today)}</text>'
        )

    def _limit(self) -> str:
        chart = self.chart
        if chart.limit is None:
            return ""
        at = self.y(chart.limit)
        above = at > 18
        text = pgettext("chart", "limit %(value)s") % {"value": wording.amount(chart.limit, chart.unit)}
        return (
            f'<line class="limit" x1="0" x2="100%" y1="{at}" y2="{at}"/>'
            f'<text class="limit" x="6" y="{at - 6 if above else at + 15:g}">{escape(text)}</text>'
        )

    def _expected(self) -> str:
        """The expected date: a mark on the limit, the interval around it, and the date on the axis below."""
        forecast, chart = self.chart.forecast, self.chart
        if forecast is None or forecast.at > chart.end:
            return ""
        at, place = self.y(forecast.limit), self.percent(forecast.at)
        text = scales.short_day(datetime.fromtimestamp(forecast.at, UTC))
        anchor = "end" if self.time.share(forecast.at) > 0.94 else "middle"
        last = self.percent(min(forecast.high, chart.end))
        return (
            f'<line class="span" x1="{self.percent(forecast.low)}" x2="{last}" y1="{at}" y2="{at}"/>'
            f'<line class="drop" x1="{place}" x2="{place}" y1="{at}" y2="{self.height + 5}"/>'
            f'<circle class="expected" cx="{place}" cy="{at}" r="4.5"/>'
            f'<text class="expected" x="{place}" y="{self.height + 19}" text-anchor="{anchor}">{escape(text)}</text>'
        )


@lru_cache(maxsize=64)  # charts that stand under each other have the same days
def _xs(low: float, high: float, times: tuple[float, ...]) -> Sequence[str]:
    span = high - low
    return _written([(time - low) / span * WIDTH for time in times])


def _written(places: Sequence[float]) -> list[str]:
    """Numbers with one decimal, written and rounded by one format: one for each takes several times as long."""
    return ("%.1f " * len(places) % tuple(places)).split()


def _pairs(xs: Iterable[str], ys: Iterable[str]) -> str:
    """Places as SVG takes them."""
    return " ".join(map(",".join, zip(xs, ys, strict=True)))


def _listed(places: Iterable[str]) -> str:
    """Numbers with one decimal, where they need it."""
    return f"{','.join(places)},".replace(".0,", ",")[:-1]


def _labels(points: Sequence[Point], unit: str, now: float, *, by_day: bool) -> Iterator[str]:
    tell = wording.writer(unit)
    moments = _moments(tuple([point.time for point in points]), now, wording.language(), by_day=by_day)
    for moment, (_time, value, low, high) in zip(moments, points, strict=True):
        text = f"{moment}: {tell(value) if math.isfinite(value) else gettext('unknown')}"
        # Where one of them is unknown (NaN) it is not above the other.
        yield f"{text} ({tell(low)} – {tell(high)})" if low < high < math.inf and low > -math.inf else text


@lru_cache(maxsize=64)  # charts that stand under each other have the same days
def _moments(times: tuple[float, ...], now: float, _language: str | None, *, by_day: bool) -> list[str]:
    tell, reader = wording.day if by_day else wording.clock, datetime.fromtimestamp(now, UTC)
    return [tell(datetime.fromtimestamp(time, UTC), reader) for time in times]


def axis(start: float, end: float) -> SafeString:
    """A time axis on its own, for charts that stand under each other."""
    scale = scales.moments(start, end)
    ticks = "".join(
        f'<line class="tick" x1="{share}%" x2="{share}%" y1="17" y2="22"/><text '
        f'class="time{" odd" if number % 2 else ""}" x="{share}%" y="13" text-anchor="middle">{escape(text)}</text>'
        for number, (share, text) in enumerate((round(scale.share(at) * 100, 2), text) for at, text in scale.ticks)
    )
    return mark_safe(  # noqa: S308 - every text in it is escaped above
        f'<svg class="chart" width="100%" height="22" aria-hidden="true">{ticks}</svg>'
    )


def interval_bar(now: float, low: float | None, at: float | None, high: float | None, horizon: float) -> SafeString:
    """The queue's short bar on the time axis that all rows share: from today to ``horizon`` days, the interval and
    the expected date on it. The axis is a square root of time, so that this week is as visible as this season.
    """

    def place(time: float) -> float:
        days = max(0.0, (time - now) / scales.DAY)
        return round(4 + 92 * math.sqrt(min(days, horizon) / horizon), 1)

    if at is None:
        return mark_safe('<svg class="interval" width="100%" height="12" aria-hidden="true"></svg>')
    first, last = place(low if low is not None else at), place(high if high is not None else at)
    return mark_safe(  # noqa: S308 - numbers only
        '<svg class="interval" width="100%" height="12" aria-hidden="true">'
        '<line class="axis" x1="4%" x2="96%" y1="6" y2="6"/><line class="zero" x1="4%" x2="4%" y1="2" y2="10"/>'
        f'<line class="range" x1="{first}%" x2="{last}%" y1="6" y2="6"/>'
        f'<circle class="date" cx="{place(at)}%" cy="6" r="3.5"/></svg>'
    )
