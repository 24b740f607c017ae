"""The windows of one endpoint as they were: from the frames and blocks of history, and from the journal."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from keuring_collector.engine.model import SeriesKey
from keuring_collector.engine.strip import Strip
from keuring_collector.store import block, frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.model import Event, Fact, Layout
    from keuring_collector.store.connection import Row
    from keuring_collector.store.replay.shapes import Shape, Shapes

T = TypeVar("T")
UNKNOWN = -1  # the position of a window that was compacted before frames were kept
ROUNDING = 0.5  # seconds: such a window's end is known to the second


class Raw:
    """Windows in the order in which they came: a table of values with a column per series that is read."""

    def __init__(self, shapes: Shapes, layouts: Mapping[int, Shape]) -> None:
        self._shapes = shapes
        self._layouts = dict(layouts)
        self._guessed = 0
        self._frames: list[frame.Frame] = []
        self._parts: list[tuple[slice | NDArray[np.intp], SeriesKey, NDArray[np.float64]]] = []
        self._tables: list[tuple[NDArray[np.intp], Layout, NDArray[np.float64]]] = []
        self._count = 0

    def add_day(self, day: int, rows: Iterable[tuple[int, str, bytes]]) -> None:
        """Takes in what history has of a day: (signal, subject, block); the frame is the one without a signal."""
        packed = list(rows)
        frames = [frame.unpack(day, data) for signal, _, data in packed if signal == frame.SIGNAL]
        ends = np.rint(frames[0].end) if frames else None
        blocks = [
            (signal, subject, block.unpack(signal, day, data, ends))
            for signal, subject, data in packed
            if signal != frame.SIGNAL
        ]
        windows = frames[0] if frames else self._guess(blocks)
        seconds = np.rint(windows.end)
        for signal, subject, each in blocks:
            places = self._places(seconds, each.ends)
            for statistic, values in each.columns.items():
                self._parts.append((places, SeriesKey(signal, statistic, subject), values))
        self._add(windows)

    def _places(self, seconds: NDArray[np.float64], ends: NDArray[np.float64]) -> slice | NDArray[np.intp]:
        if len(ends) == len(seconds):
            return slice(self._count, self._count + len(ends))
        return self._count + np.searchsorted(seconds, ends)

    def _guess(self, blocks: Sequence[tuple[int, str, block.Block]]) -> frame.Frame:
        """Windows of a day without a frame: they began where the one before ended, and came in when they ended."""
        ends = np.unique(np.concatenate([each.ends for _, _, each in blocks]))
        length = float(np.median(np.diff(ends))) if len(ends) > 1 else 300.0
        before = np.concatenate([[-np.inf], ends[:-1]])
        keys = sorted(
            SeriesKey(signal, statistic, subject) for signal, subject, each in blocks for statistic in each.columns
        )
        self._guessed -= 1
        shape = self._shapes.of_keys(tuple(keys))
        self._layouts[self._guessed] = shape
        unknown = np.full(len(ends), UNKNOWN, np.int64)
        layout = np.full(len(ends), self._guessed, np.int64)
        return frame.Frame(unknown, layout, np.maximum(before, ends - length), ends, ends)

    def add_journal(self, rows: Sequence[Row]) -> None:
        """Takes in reports: (position, layout, start, end, received, samples)."""
        if not rows:
            return
        position, layout, start, end, received, samples = zip(*rows, strict=True)
        numbers = np.array(layout, np.int64)
        for number in dict.fromkeys(layout):
            mine = np.flatnonzero(numbers == number)
            shape = self._layouts[number]
            self._tables.append((self._count + mine, shape.layout, shape.values(samples[place] for place in mine)))
        times = (np.array(column, np.float64) for column in (start, end, received))
        self._add(frame.Frame(np.array(position, np.int64), numbers, *times))

    def _add(self, windows: frame.Frame) -> None:
        self._frames.append(windows)
        self._count += len(windows)

    def finish(self, endpoint: int, since: float, until: float) -> Windows:
        """All that was taken in and ended in (``since``, ``until``], in the order in which it was judged."""
        position, number, start, end, received = (
            np.concatenate(columns) for columns in zip(*(each.columns() for each in self._frames), strict=True)
        )
        columns: dict[SeriesKey, int] = {}
        for each in np.unique(number).tolist():
            for key in self._layouts[each].layout.keys:
                columns.setdefault(key, len(columns))
        table = np.full((self._count, len(columns)), np.nan)
        for places, key, values in self._parts:
            if key in columns:
                table[places, columns[key]] = values
        for places, layout, values in self._tables:
            table[places[:, None], [columns[key] for key in layout.keys]] = values
        known = bool((position != UNKNOWN).all())
        order = np.argsort(position if known else end, kind="stable")  # in order already, but for clocks that jumped
        order = order[(end[order] > since) & (end[order] <= until)]
        return Windows(
            endpoint, columns, self._layouts, known, position[order], number[order], start[order], end[order],
            received[order], table[order],
        )  # fmt: skip


class Windows(NamedTuple):
    """Windows of one endpoint in order; ``known``: their positions and times are those of live judging."""

    endpoint: int
    columns: Mapping[SeriesKey, int]
    layouts: Mapping[int, Shape]
    known: bool
    position: NDArray[np.int64]
    number: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    received: NDArray[np.float64]
    table: NDArray[np.float64]

    def place(self, position: int, time: float) -> int:
        """The window that something of this position, or else time, came with; -1: before all of them."""
        if self.known:
            return -1 if position < self.position[0] else int(np.searchsorted(self.position, position))
        # A fact of the very first window was known when that ended.
        return -1 if time < self.start[0] else int(np.searchsorted(self.end + ROUNDING, time))

    def strips(self, facts: Mapping[int, list[Fact]], events: Mapping[int, list[Event]]) -> list[Strip]:
        """The windows as strips, a new one wherever the layout changes; facts and events by place."""
        numbers, inverse = np.unique(self.number, return_inverse=True)
        names = np.array([id(self.layouts[each].layout) for each in numbers.tolist()])[inverse]
        cuts = [0, *(np.flatnonzero(np.diff(names)) + 1).tolist(), len(names)]
        found = []
        for first, last in itertools.pairwise(cuts):
            layout = self.layouts[int(self.number[first])].layout
            taken = [self.columns[key] for key in layout.keys]
            part = self.table[first:last]
            values = part if taken == list(range(part.shape[1])) else np.ascontiguousarray(part[:, taken])
            found.append(
                Strip(
                    self.endpoint,
                    layout,
                    self.start[first:last],
                    self.end[first:last],
                    self.received[first:last],
                    values,
                    _within(facts, first, last),
                    _within(events, first, last),
                )
            )
        return found


def _within(placed: Mapping[int, list[T]], first: int, last: int) -> dict[int, list[T]]:
    return {place - first: items for place, items in placed.items() if first <= place < last}


def by_day(rows: Iterable[Row]) -> dict[int, list[tuple[int, str, bytes]]]:
    """Rows (signal, subject, day, block) of history, by day."""
    days: dict[int, list[tuple[int, str, bytes]]] = defaultdict(list)
    for signal, subject, day, data in rows:
        days[day].append((signal, subject, bytes(data)))
    return days
