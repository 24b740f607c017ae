"""What kinds that rest on daily points have in common: forecasts, trends, and being unlike one's peers.

Each cell has a ring of daily points, in a table of rings that are just wide enough: a week that is held against that of
peers must not cost as much as half a year of a battery. When a day is complete, x is worked out anew.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from keuring_collector.engine import daily
from keuring_collector.engine.kinds.kind import Kind
from keuring_collector.engine.model import LAST, MEAN, SeriesKey
from keuring_collector.engine.shape import CELLS, TERMS, VALUES, Tie

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.assembly import Side
    from keuring_collector.engine.columns import Days
    from keuring_collector.engine.kinds.kind import Floats, Ints, Lists, Place, Reading
    from keuring_collector.engine.plan import Sheet
    from keuring_collector.engine.seeding import Points
    from keuring_collector.engine.state import FleetState

SIZES = (8, 16, 32, 60, 92, 122, 184, 276, 368)  # a week, a month, ... a year, and some days
COLLECTED = ("day", "value", "weight", "restart", "stale", "point")
DROP_AFTER_DAYS = 30


class Reads(NamedTuple):
    """What the rules of a table of rings read: ``sizes``, and whether days come to ``others`` than their last value."""

    sizes: bool
    others: bool


class Collecting(Kind):
    """Keeps rings of daily points; of each table of rings one list: (position, of the size, row).

    ``asks`` is the type of its sources, ``table`` that of its rings. A source has ``signal``, ``statistic``,
    ``aggregate``, ``restart_signal``, ``restart_statistic`` and ``identity``.
    """

    asks: ClassVar[type]
    # What a day brings is worked out when the floors let it matter; most forecasts are of volumes with room enough.
    may_wait: ClassVar[bool] = True
    table: ClassVar[type[Days]]

    def __init__(self, state: FleetState) -> None:
        super().__init__(state)
        rules = state.index.rules
        sources: list[Any] = [rule.source for rule in rules if isinstance(rule.source, self.asks)]
        self.sizes = sorted({self._size(source) for source in sources})
        self.rings: list[Any] = [self.table(size) for size in self.sizes]
        numbers = [self.keep(rings, *COLLECTED, *self.table.OWN) for rings in self.rings]
        self.numbers = dict(zip(self.sizes, numbers, strict=True))
        self.lists = [(VALUES, VALUES, number) for number in numbers]
        self.reads = [
            Reads(any(each.restart_signal for each in mine), any(each.aggregate != LAST for each in mine))
            for mine in ([each for each in sources if self._size(each) == size] for size in self.sizes)
        ]
        self.floors = np.array([len(rule.terms) - 1 for rule in rules] or [0], dtype=np.int64)
        self.aggregate = np.array([getattr(rule.source, "aggregate", LAST) for rule in rules] or [LAST], dtype=np.int8)

    @abstractmethod
    def days(self, source: Any) -> int:
        """How many complete days it looks at."""

    @abstractmethod
    def refresh(self, source: Any, rings: Any, rows: Ints) -> None:
        """Works x out anew for ``rows`` of one rule, whose day was completed."""

    @abstractmethod
    def replaced(self, rings: Any, rows: Ints) -> None:
        """Another part is in its place: forgets the points of ``rows``, and says what x is meanwhile."""

    def _size(self, source: Any) -> int:
        # One more than is looked at: the day that is being collected overwrites the oldest.
        return next(size for size in SIZES if size > self.days(source))

    def ring(self, source: Any, place: Place) -> tuple[Any, int]:
        """The table and the row of a cell."""
        return self.rings[self.sizes.index(self._size(source))], place.rows[0]

    def series(self, source: Any) -> Iterable[tuple[int, int]]:
        return [(source.signal, source.statistic)]

    def identity(self, source: Any) -> int:
        return int(source.identity)

    def needs(self, source: Any) -> Sequence[tuple[int, int]]:
        return [(self.numbers[self._size(source)], 1)]

    def ties(self, source: Any, number: int, cell: int, term: int, rows: Sequence[int]) -> Iterable[Tie]:
        table, row = self.numbers[self._size(source)], rows[0]
        yield Tie(table, row, "rule", number)
        yield Tie(table, row, "cell", cell, CELLS)
        yield Tie(table, row, "term", term, TERMS)

    def collect(self, source: Any, place: Place, sheet: Sheet, lists: Lists) -> None:
        # Days pass for a part that is measured no more, too: what was known of it must not stand for ever.
        at = sheet.position.get(SeriesKey(source.signal, source.statistic, place.subject), -1)
        size = sheet.position.get(SeriesKey(source.restart_signal, source.restart_statistic, place.subject), -1)
        lists[self.sizes.index(self._size(source))].append((at, size, place.rows[0]))

    def fold(self, reading: Reading, lists: Sequence[Side]) -> None:
        for rings, reads, ((position, size, row), window) in zip(self.rings, self.reads, lists, strict=False):
            if len(row):
                # What a layout does not have is the last of all values: NaN.
                sizes = reading.flat[size] if reads.sizes else None
                self._fold(rings, reads, row, reading.flat[position], sizes, reading.day[window])

    def _fold(self, rings: Days, reads: Reads, rows: Ints, values: Floats, sizes: Floats | None, days: Ints) -> None:
        """Folds one value (NaN: none) into each ring of ``rows`` (each once)."""
        if sizes is not None:
            changed = daily.restarted(rings, rows, sizes)
            if len(changed):
                self.replaced(rings, changed)
        ahead = days - rings.day[rows]
        due = ahead > 0
        if due.any():
            turned = rows[due]
            daily.turn(rings, turned, days[due], self.aggregate[rings.rule[turned]] == MEAN)
            rings.stale[turned] = True
            if not self.may_wait:
                self._refresh(rings, turned)
        # What comes late, for a day that is complete, is not taken.
        taken = np.flatnonzero((ahead >= 0) & (values == values))
        if len(taken) < len(rows):
            rows, values = rows[taken], values[taken]
        if len(rows):
            daily.gather(rings, rows, values, self.aggregate[rings.rule[rows]] if reads.others else None)

    def _refresh(self, rings: Days, rows: Ints) -> None:
        rules = rings.rule[rows]
        for number in np.unique(rules).tolist():
            self.refresh(self.state.index.rules[number].source, rings, rows[rules == number])
        rings.stale[rows] = False

    def work_out(self, lists: Sequence[Side]) -> None:
        for rings, ((_, _, row), _) in zip(self.rings, lists, strict=False):
            stale = row[rings.stale[row]]
            if len(stale):
                needed = stale[self._needed(rings, stale)]
                if len(needed):
                    self._refresh(rings, needed)

    def _needed(self, rings: Days, rows: Ints) -> NDArray[np.bool_]:
        """Which of ``rows`` matter now: none of their floors is false, or something of them stands."""
        index, first, rules = self.state.index, rings.term[rows].astype(np.int64), rings.rule[rows]
        needed: NDArray[np.bool_] = self.state.cells.busy[rings.cell[rows]]
        open_, floors, known = ~needed, self.floors[rules], index.first_term[rules]
        for offset in range(1, int(floors.max(initial=0)) + 1):
            has = floors >= offset
            spec, x = known + has * offset, self.state.terms.x[first + has * offset]
            # Nothing of these stands, so that the limits in force are those at which something opens.
            open_ &= ~has | ~(index.sign[spec] * x <= index.limit[spec])
        return needed | open_

    def catch_up(self, source: Any, place: Place) -> None:
        rings, row = self.ring(source, place)
        if rings.stale[row]:
            self._refresh(rings, np.array([row]))

    def renew(self, source: Any, place: Place) -> None:
        rings, row = self.ring(source, place)
        self.replaced(rings, np.array([row]))

    def seed(self, source: Any, place: Place, key: SeriesKey, points: Points) -> None:
        rings, row = self.ring(source, place)
        daily.seed(rings, row, points.days, getattr(points, daily.SEEDED[source.aggregate]))

    def idle(self, source: Any, place: Place, present: set[tuple[int, int, str]], now: float) -> bool:
        if (source.signal, source.statistic, place.subject) in present:
            return False
        rings, row = self.ring(source, place)
        days = min(DROP_AFTER_DAYS, rings.point.shape[1] - 1)
        old = bool(rings.day[row] < now // daily.DAY - DROP_AFTER_DAYS)
        return old or math.isnan(daily.newest(rings, row, days, LAST))

    def kept(self, source: Any, place: Place, present: set[tuple[int, int, str]]) -> bool:
        return (source.signal, source.statistic, place.subject) in present

    def settled(self, source: Any, place: Place, present: set[tuple[int, int, str]]) -> bool:
        return (source.signal, source.statistic, place.subject) in present
