"""What the pages read of measurements: points for charts, by the day or by the window, and facts in words.

Five-minute windows tell when somebody works. So staff see signals by the day; by the window only on a machine with an
open ticket, never for signals of the presence class, and each such look stands in the audit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Final

import numpy as np
from django.conf import settings

from keuring.signals.catalogue import BY_ID
from keuring.signals.model import Privacy, Signal, Statistic
from keuring_collector.console.charts import MOST_POINTS, Point, thin
from keuring_collector.desk import audit, signals
from keuring_collector.store import Series, Store, open_store

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store import DailyPoint
    from keuring_collector.store.journal import Head
    from keuring_collector.store.recent import Recent

DAY: Final = 86400
LONGEST_WINDOW: Final = 4 * 3600  # further apart than this, an agent was not running
GAP_DAYS: Final = 4.5  # a long weekend is no gap
# The statistic that makes the line, the best one first.
_LINE: Final = (Statistic.MEAN, Statistic.LAST, Statistic.SUM, Statistic.MAX, Statistic.MIN)
# What of a day's summary is the value of a statistic; of all others the last one.
_OF_DAY: Final[Mapping[int, str]] = {Statistic.MEAN: "mean", Statistic.MIN: "minimum", Statistic.MAX: "maximum"}


@dataclass(frozen=True, slots=True)
class Track:
    """One signal of one subject on one endpoint, with the statistics that its agent sends."""

    endpoint: int
    signal: Signal
    subject: str
    statistics: frozenset[int]

    @property
    def line(self) -> int:
        """The statistic that is drawn as the line."""
        return next((int(s) for s in _LINE if s in self.statistics), int(Statistic.LAST))


@dataclass(frozen=True, slots=True)
class Reading:
    """Points to draw, and the longest time between two of them that is no gap (seconds)."""

    points: list[Point]
    gap: float
    by_day: bool


@lru_cache(maxsize=4)
def _store(url: str) -> Store:
    return open_store(url)


def store() -> Store:
    """The store of the configured database; one for all threads, each with a connection of its own."""
    return _store(settings.KEURING.database_url)


def tracks(endpoint: int, keys: Iterable[tuple[int, int, str]]) -> list[Track]:
    """The signals of an endpoint that can be drawn, from its keys (signal, statistic, subject)."""
    found: dict[tuple[int, str], set[int]] = {}
    for signal, statistic, subject in keys:
        if signal in BY_ID and signals.is_measured(BY_ID[signal]):
            found.setdefault((signal, subject), set()).add(statistic)
    listed = [Track(endpoint, BY_ID[signal], subject, frozenset(s)) for (signal, subject), s in found.items()]
    return sorted(listed, key=lambda track: (signals.section(track.signal.name), track.signal.id, track.subject))


def is_by_day_only(signal: Signal) -> bool:
    """Whether a signal could tell when somebody works."""
    return signal.privacy is Privacy.PRESENCE


def by_day(track: Track, start: float, now: float, statistic: int | None = None) -> Reading:
    """One point a day since ``start``, with the day's lowest and highest as shade; also for days not compacted yet."""
    first, today = int(start // DAY), int(now // DAY)
    rows = store().daily(track.endpoint, track.signal.id, track.subject, first, today)
    journal = store().recent(track.endpoint, _since(rows, first))
    return _by_day(rows, first, now, statistic or track.line, _reported(journal, track, now))


def all_by_day(endpoint: int, listed: Collection[Track], start: float, now: float) -> Iterator[tuple[Track, Reading]]:
    """The same of many signals of one endpoint, whose points are read at once."""
    first, today = int(start // DAY), int(now // DAY)
    days = store().daily_by_series(endpoint, {track.signal.id for track in listed}, first, today)
    journal = store().recent(endpoint, min((_since(rows, first) for rows in days.values()), default=first * DAY + 1))
    for track in listed:
        rows = days.get((track.signal.id, track.subject), [])
        yield track, _by_day(rows, first, now, track.line, _reported(journal, track, now))


def _since(rows: Sequence[DailyPoint], first: int) -> float:
    """From when on windows are read, beside daily points from day ``first``: after the last day that has one."""
    return (rows[-1].day + 1 if rows else first) * DAY + 1


def _reported(journal: Recent, track: Track, now: float) -> Callable[[int, float], Series]:
    """What of a track is in the journal: a day is compacted and its windows leave the journal at once."""

    def recent(line: int, since: float) -> Series:
        found = journal.series((track.signal.id, line, track.subject))
        times, chosen = np.unique(found.times, return_index=True)
        within = (times >= since) & (times <= now)
        return Series(times[within], found.values[chosen][within])

    return recent


def _by_day(
    rows: Iterable[DailyPoint], first: int, now: float, line: int, recent: Callable[[int, float], Series]
) -> Reading:
    drawn: list[DailyPoint] = []
    lows, highs, latest = dict[int, float](), dict[int, float](), first - 1
    lowest, highest = int(Statistic.MIN), int(Statistic.MAX)  # thousands of rows: numbers compare sooner
    for row in rows:
        latest = row.day
        if row.statistic == line:
            drawn.append(row)
        if row.statistic == lowest:
            lows[latest] = row.minimum
        elif row.statistic == highest:
            highs[latest] = row.maximum
    points = _daily_points(drawn, line, lows, highs)
    points += _recent_days(recent(line, (latest + 1) * DAY + 1), line, now)
    return Reading(points, GAP_DAYS * DAY, by_day=True)


def _daily_points(
    rows: Iterable[DailyPoint], line: int, lows: Mapping[int, float], highs: Mapping[int, float]
) -> list[Point]:
    if line == Statistic.SUM:
        return [Point(row.day * DAY + DAY / 2, row.total) for row in rows]
    value = attrgetter(_OF_DAY.get(line, "last"))
    return [
        Point(row.day * DAY + DAY / 2, value(row), lows.get(row.day, row.minimum), highs.get(row.day, row.maximum))
        for row in rows
    ]


def _recent_days(series: Series, line: int, now: float) -> list[Point]:
    """Days that are still only in the journal."""
    measured = ~np.isnan(series.values)
    if not measured.any():
        return []
    times, values = series.times[measured], series.values[measured]
    points = []
    for day in np.unique((times - 1) // DAY):
        of_day = values[(times - 1) // DAY == day]
        at = min(day * DAY + DAY / 2, now)
        if line == Statistic.SUM:
            points.append(Point(at, float(of_day.sum())))
            continue
        value = {Statistic.MEAN: of_day.mean(), Statistic.MIN: of_day.min(), Statistic.MAX: of_day.max()}
        points.append(
            Point(at, float(value.get(Statistic(line), of_day[-1])), float(of_day.min()), float(of_day.max()))
        )
    return points


def by_window(track: Track, start: float, now: float, statistic: int | None = None) -> Reading:
    """One point per window (thinned to what can be seen), with lowest and highest where they are measured."""
    line = statistic or track.line
    read = store().series
    series = read(track.endpoint, track.signal.id, track.subject, line, start, now)
    edges: list[dict[float, float]] = []
    for other in (Statistic.MIN, Statistic.MAX):
        if other == line or other not in track.statistics:
            edges.append(dict(zip(series.times, series.values, strict=True)))
            continue
        found = read(track.endpoint, track.signal.id, track.subject, int(other), start, now)
        edges.append(dict(zip(found.times, found.values, strict=True)))
    shaded = {Statistic.MIN, Statistic.MAX} & track.statistics and line != Statistic.SUM
    points = [
        Point(
            float(time),
            float(value),
            float(edges[0].get(time, math.nan)) if shaded else math.nan,
            float(edges[1].get(time, math.nan)) if shaded else math.nan,
        )
        for time, value in zip(series.times, series.values, strict=True)
    ]
    return Reading(thin(points), _gap(series.times), by_day=False)


def _gap(times: NDArray[np.float64]) -> float:
    """Above which distance two windows are not one line: well over the usual distance, of which there may be several
    (older days come in longer windows), and never less than what thinning joins.
    """
    apart = np.diff(times)
    usual = apart[apart <= LONGEST_WINDOW]
    if not len(usual):
        return float(LONGEST_WINDOW)
    joined = math.ceil(len(times) / MOST_POINTS)
    return float(np.percentile(usual, 95)) * (joined + 1.5)


def events_by_day(endpoint: int, signal: Signal, subject: str, days: int, now: float) -> Reading:
    """How often an event happened on each of the last days, also when it did not; empty when it never did."""
    first, today = int(now // DAY) - days + 1, int(now // DAY)
    counts = dict.fromkeys(range(first, today + 1), 0)
    for event in store().events(endpoint, first * DAY, now):
        if event.signal == signal.id and event.subject == subject:
            counts[int(event.observed_at // DAY)] += event.count
    if not any(counts.values()):
        return Reading([], DAY, by_day=True)
    points = [Point(min(day * DAY + DAY / 2, now), float(count)) for day, count in counts.items()]
    return Reading(points, GAP_DAYS * DAY, by_day=True)


def allows_windows(signal: Signal, *, has_open_ticket: bool) -> bool:
    """Whether staff may see a signal finer than a day on a machine."""
    return has_open_ticket and not is_by_day_only(signal)


def note_look(staff: Staff, endpoint: Endpoint, **where: str | int) -> None:
    """Writes down that somebody saw a machine's signals finer than a day; ``where``: ticket, signal, days."""
    audit.record(staff, "windows.viewed", audit.machine(endpoint), where)


def latest(track: Track, head: Head) -> float | None:
    """The last value of a series, of the day before the machine was heard of last; None when there is none."""
    found = store().latest_of(track.signal.id, track.line, [track.endpoint], head.end_at - DAY)
    newest = found.get((track.endpoint, track.subject))
    return newest.value if newest else None
