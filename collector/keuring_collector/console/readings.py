"""What the pages read of measurements: points for charts, by the day or by the window, and facts in words.

Five-minute windows tell when somebody works. So staff see signals by the day; by the window only on a machine with an
open ticket, never for signals of the presence class, and each such look stands in the audit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
from django.conf import settings

from keuring.signals.catalogue import BY_ID
from keuring.signals.model import Privacy, Signal, Statistic
from keuring_collector.console.charts import MOST_POINTS, Point, thin
from keuring_collector.desk import audit, signals
from keuring_collector.store import Store, open_store

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store import Days
    from keuring_collector.store.journal import Head, Layouts

DAY: Final = 86400
LONGEST_WINDOW: Final = 4 * 3600  # further apart than this, an agent was not running
GAP_DAYS: Final = 4.5  # a long weekend is no gap
# The statistic that makes the line, the best one first.
_LINE: Final = (Statistic.MEAN, Statistic.LAST, Statistic.SUM, Statistic.MAX, Statistic.MIN)
_EDGES: Final = frozenset({int(Statistic.MIN), int(Statistic.MAX)})  # of the shade


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One signal of one subject on one endpoint, with the statistics that its agent sends; equal to itself only."""

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


def tracks(endpoint: int, layouts: Layouts) -> list[Track]:
    """The signals of an endpoint that can be drawn, from what its reports ever held."""
    found: dict[tuple[int, str], set[int]] = {}
    for signal, statistic, subject in {key for keys in layouts.values() for key in keys}:
        if signal in BY_ID and signals.is_measured(BY_ID[signal]):
            found.setdefault((signal, subject), set()).add(statistic)
    listed = [Track(endpoint, BY_ID[signal], subject, frozenset(s)) for (signal, subject), s in found.items()]
    return sorted(listed, key=lambda track: (signals.section(track.signal.name), track.signal.id, track.subject))


def is_by_day_only(signal: Signal) -> bool:
    """Whether a signal could tell when somebody works."""
    return signal.privacy is Privacy.PRESENCE


def by_day(track: Track, start: float, now: float, statistic: int | None = None) -> Reading:
    """One point a day since ``start``, with the day's lowest and highest as shade; also for days not compacted yet."""
    return _by_day(track.endpoint, [(track, statistic or track.line)], start, now)[track]


def all_by_day(
    endpoint: int, listed: Collection[Track], start: float, now: float, layouts: Layouts
) -> dict[Track, Reading]:
    """The same of many signals of one endpoint, whose points are read at once."""
    return _by_day(endpoint, [(track, track.line) for track in listed], start, now, layouts)


def _by_day(
    endpoint: int, listed: Sequence[tuple[Track, int]], start: float, now: float, layouts: Layouts | None = None
) -> dict[Track, Reading]:
    """Of tracks with the statistic that makes the line: days that are compacted, then those in the journal.

    A day is compacted and its windows leave the journal at once.
    """
    first = int(start // DAY)
    keys = [
        (track.signal.id, statistic, track.subject)
        for track, line in listed
        for statistic in {line, *(_EDGES & track.statistics)}
    ]
    known = store().days(endpoint, keys, (first, int(now // DAY)))
    last: dict[tuple[int, str], int] = {}
    for (signal, _statistic, subject), found in known.items():
        last[signal, subject] = max(found.days[-1], last.get((signal, subject), 0))
    journal = store().recent(endpoint, (min(last.values(), default=first - 1) + 1) * DAY + 1, layouts)
    recent = journal.days([(track.signal.id, line, track.subject) for track, line in listed], now)
    read = {}
    for (track, line), newest in zip(listed, recent, strict=True):
        signal, subject = track.signal.id, track.subject
        drawn, lowest, highest = (known.get((signal, each, subject)) for each in (line, Statistic.MIN, Statistic.MAX))
        points = _points(drawn, line, now, lowest, highest) if drawn else []
        latest = last.get((signal, subject), first - 1)
        points += [point for day, point in zip(newest.days, _points(newest, line, now), strict=True) if day > latest]
        read[track] = Reading(points, GAP_DAYS * DAY, by_day=True)
    return read


def _points(drawn: Days, line: int, now: float, lowest: Days | None = None, highest: Days | None = None) -> list[Point]:
    times = [min(day * DAY + DAY / 2, now) for day in drawn.days]
    if line == Statistic.SUM:
        return [Point(time, value) for time, value in zip(times, drawn.values, strict=True)]
    edges = _edge(drawn, drawn.lows, lowest), _edge(drawn, drawn.highs, highest)
    return [*map(Point._make, zip(times, drawn.values, *edges, strict=True))]


def _edge(drawn: Days, own: tuple[float, ...], measured: Days | None) -> Sequence[float]:
    """The lowest or highest of each day: as it was measured, else of the line's own windows."""
    if measured is None:
        return own
    if measured.days == drawn.days:
        return measured.values
    known = dict(zip(measured.days, measured.values, strict=True))
    return [known.get(day, value) for day, value in zip(drawn.days, own, strict=True)]


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
    return store().latest_value((track.signal.id, track.line, track.subject), track.endpoint, head.end_at - DAY)
