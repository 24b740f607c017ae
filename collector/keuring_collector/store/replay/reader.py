"""Reads what endpoints reported, as the windows in which live judging saw it; further back, as one window a day."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from keuring_collector.engine.model import Event, Fact, SeriesKey
from keuring_collector.store import frame, journal
from keuring_collector.store.block import DAY
from keuring_collector.store.replay import points, raw
from keuring_collector.store.replay.known import Known
from keuring_collector.store.replay.shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from keuring_collector.engine.strip import Strip
    from keuring_collector.store.connection import Connection, Row
    from keuring_collector.store.replay.shapes import Shape

T = TypeVar("T", Fact, Event)
FOR_EVER = 1e15  # later than any time, and still a number to both databases


@dataclass(frozen=True, slots=True)
class History:
    """What is replayed of one endpoint.

    ``strips`` in the order of judging, ``known`` what was known before. Windows that began at ``raw_from`` or later
    are as they were reported, those before are daily points; infinite: all are. ``exact``: the raw ones have the
    times and facts of live judging; else they were compacted before those were kept.
    """

    endpoint: int
    strips: Sequence[Strip] = ()
    known: Known = field(default_factory=lambda: Known(0.0))
    raw_from: float = float("inf")
    exact: bool = True

    @property
    def silent(self) -> bool:
        """Whether nothing of what was asked for was ever reported."""
        known = self.known
        said = any(strip.layout.keys or strip.facts or strip.events for strip in self.strips)
        return not (said or known.facts or known.events or known.points)


class _Placed(Generic[T]):
    """Facts or events: by window, by day, and those from before all of these."""

    def __init__(self) -> None:
        self.windows: dict[int, list[T]] = {}
        self.days: dict[int, list[T]] = {}
        self.before: list[T] = []


class Reader:
    """Reads windows of endpoints, restricted to series, facts and events of ``signals`` (None: all).

    ``aggregates`` says which column of a day stands for a series' statistic where that is not its own (a rule that
    forecasts the daily minimum of a last value): {(signal, statistic): "last", "minimum", "mean", "maximum", "total"}.
    """

    def __init__(
        self,
        connection: Connection,
        signals: Collection[int] | None = None,
        aggregates: Mapping[tuple[int, int], str] | None = None,
    ) -> None:
        self._connection = connection
        self._signals: list[int] | None = None if signals is None else sorted(signals)
        self._aggregates = dict(aggregates or {})
        self._shapes = Shapes(signals)

    def recent(self, endpoint: int, after: int = -1, *, known: bool = False) -> History:
        """The reports in the journal beyond position ``after``; with what was ``known`` before them, if asked for."""
        layouts = self._layouts(endpoint)
        windows = self._windows(endpoint, layouts, [], self._journal(endpoint, after, FOR_EVER), (0.0, FOR_EVER))
        facts, events = self._facts(endpoint, after), self._events(endpoint, after)
        placed = _place(facts, windows, None, FOR_EVER), _place(events, windows, None, FOR_EVER)
        strips = [] if windows is None else windows.strips(placed[0].windows, placed[1].windows)
        if not known:
            return History(endpoint, strips)
        begin = float(strips[0].start[0]) if strips else journal.heads(self._connection, [endpoint])[endpoint].end_at
        seeds = points.before(self._connection, endpoint, None, self._signals)
        return History(endpoint, strips, _known(begin, *placed, seeds))

    def read(self, endpoint: int, since: float = 0.0, until: float = FOR_EVER, *, seeds: bool = True) -> History:
        """The history of an endpoint from midnight (UTC) of ``since`` on, up to and with ``until``.

        Daily points stand in for windows that are no longer kept. ``seeds``: read the points of before, too.
        """
        until, first = min(until, FOR_EVER), int(since // DAY)
        layouts = self._layouts(endpoint)
        keys = _keys(layouts)
        days = (first, int((until - 1) // DAY))
        windows = self._windows(
            endpoint, layouts, self._blocks(endpoint, keys, days), self._journal(endpoint, -1, until),
            (first * float(DAY), until),
        )  # fmt: skip
        facts, events = self._facts(endpoint), self._events(endpoint)
        daily = self._days(endpoint, layouts, days, windows)
        placed = _place(facts, windows, daily, until), _place(events, windows, daily, until)
        strips = [] if daily is None else [daily.strip(endpoint, placed[0].days, placed[1].days)]
        if windows is not None:
            strips += windows.strips(placed[0].windows, placed[1].windows)
        begin = float(strips[0].start[0]) if strips else 0.0
        table = {}
        if seeds and first > 0:
            table = points.before(self._connection, endpoint, int(begin // DAY), {key.signal for key in keys})
        return History(
            endpoint,
            strips,
            _known(begin, *placed, table),
            float("inf") if windows is None else float(windows.start[0]),
            windows is None or windows.known,
        )

    def _windows(
        self,
        endpoint: int,
        layouts: Mapping[int, Shape],
        blocks: Sequence[tuple[int, str, int, bytes]],
        reports: Sequence[tuple[int, int, float, float, float, bytes]],
        period: tuple[float, float],
    ) -> raw.Windows | None:
        if not blocks and not reports:
            return None
        found = raw.Raw(self._shapes, layouts)
        days = raw.by_day(blocks)
        for day in sorted(days):
            found.add_day(day, days[day])
        found.add_journal(reports)
        windows = found.finish(endpoint, *period)
        return windows if len(windows.end) else None

    def _days(
        self, endpoint: int, layouts: Mapping[int, Shape], days: tuple[int, int], windows: raw.Windows | None
    ) -> points.Days | None:
        """The days before the first window."""
        first, last = days
        if windows is not None:
            last = min(last, int((windows.end[0] - 1) // DAY) - 1)
        if last < first:
            return None
        keys = _keys(layouts)
        # For nothing but facts and events: the days on which anything was measured, which lets dates in facts pass.
        asked = keys or sorted({shape.anchor for shape in layouts.values() if shape.anchor is not None})
        day, table = points.series(self._connection, endpoint, asked, (first, last), self._aggregates)
        if not len(day):
            return None
        return points.Days(day, self._shapes.layout(tuple(keys)), table[:, : len(keys)])

    # -- the tables --

    def _layouts(self, endpoint: int) -> dict[int, Shape]:
        rows = self._connection.execute("SELECT layout, keys FROM layout WHERE endpoint_id = ?", (endpoint,))
        return {number: self._shapes.shape(keys) for number, keys in rows}

    def _blocks(
        self, endpoint: int, keys: Sequence[SeriesKey], days: tuple[int, int]
    ) -> list[tuple[int, str, int, bytes]]:
        return [
            row
            for signal in (frame.SIGNAL, *sorted({key.signal for key in keys}))
            for row in self._connection.execute(
                "SELECT signal_id, subject, day, block FROM history "
                "WHERE endpoint_id = ? AND signal_id = ? AND day >= ? AND day <= ?",
                (endpoint, signal, *days),
            )
        ]

    def _journal(self, endpoint: int, after: int, until: float) -> list[tuple[int, int, float, float, float, bytes]]:
        rows = self._connection.execute(
            "SELECT position, layout, start_at, end_at, received_at, samples FROM journal "
            "WHERE endpoint_id = ? AND position > ? AND end_at <= ?",
            (endpoint, after, until),
        )
        return sorted(rows)  # a position is there once

    def _of_signals(
        self, sql: str, parameters: tuple[int, int], order: str, read: Callable[[Row], T]
    ) -> list[tuple[int, float, T]]:
        asked: list[int] = list(parameters)
        if self._signals is not None:
            sql += f" AND signal_id IN ({', '.join('?' * len(self._signals))})"
            asked += self._signals
        rows = self._connection.execute(f"{sql} ORDER BY {order}", asked)
        return [(row[0], row[1], read(row)) for row in rows]

    def _facts(self, endpoint: int, after: int = -1) -> list[tuple[int, float, Fact]]:
        return self._of_signals(
            "SELECT position, observed_at, signal_id, subject, value FROM fact_change "
            "WHERE endpoint_id = ? AND position > ?",
            (endpoint, after),
            "position, signal_id, subject",
            lambda row: Fact(row[2], row[3], json.loads(row[4])),
        )

    def _events(self, endpoint: int, after: int = -1) -> list[tuple[int, float, Event]]:
        return self._of_signals(
            "SELECT position, observed_at, signal_id, subject, count, attributes FROM event "
            "WHERE endpoint_id = ? AND position > ?",
            (endpoint, after),
            "position, ordinal",
            lambda row: Event(row[2], row[3], row[1], row[4], json.loads(row[5])),
        )


def _keys(layouts: Mapping[int, Shape]) -> list[SeriesKey]:
    """The series of all layouts that are read."""
    return sorted({key for shape in layouts.values() for key in shape.layout.keys})


def _place(
    items: Sequence[tuple[int, float, T]], windows: raw.Windows | None, days: points.Days | None, until: float
) -> _Placed[T]:
    """Which window each item came with; what came later than ``until`` is left out."""
    placed: _Placed[T] = _Placed()
    for position, time, item in items:
        place = -1 if windows is None else windows.place(position, time)
        if place < 0 and days is not None:
            day = days.place(time)
            if day >= len(days.day) and windows is not None:
                place = 0
            elif day >= 0:
                if time <= until:
                    placed.days.setdefault(min(day, len(days.day) - 1), []).append(item)
                continue
        if place < 0:
            placed.before.append(item)
        elif windows is not None and (place < len(windows.end) or time <= until):
            placed.windows.setdefault(min(place, len(windows.end) - 1), []).append(item)
    return placed


def _known(
    begin: float, facts: _Placed[Fact], events: _Placed[Event], seeds: Mapping[SeriesKey, NDArray[np.float64]]
) -> Known:
    latest = {(fact.signal, fact.subject): fact for fact in facts.before}
    return Known(begin, [fact for fact in latest.values() if fact.value is not None], events.before, seeds)
