"""What kinds that rest on daily points have in common: forecasts, trends, and being unlike one's peers.

Each cell has a ring of daily points, in a table of rings that are just wide enough: a week that is held against that of
peers must not cost as much as half a year of a battery. When a day is complete, x is worked out anew.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keuring_collector.engine import daily
from keuring_collector.engine.kinds.kind import Kind
from keuring_collector.engine.model import LAST, MEAN, SeriesKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.assembly import Side
    from keuring_collector.engine.columns import Columns, Days
    from keuring_collector.engine.kinds.kind import Floats, Ints, Lists, Place, Reading
    from keuring_collector.engine.seeding import Points
    from keuring_collector.engine.state import FleetState

SIZES = (8, 16, 32, 64, 96, 128, 192, 256, 384)
COLLECTED = ("day", "value", "weight", "restart", "stale", "point")
DROP_AFTER_DAYS = 30


class Collecting(Kind):
    """Keeps rings of daily points; list: (position, of the size, table, row).

    ``asks`` is the type of its sources, ``table`` that of its rings. A source has ``signal``, ``statistic``,
    ``aggregate``, ``restart_signal``, ``restart_statistic`` and ``identity``.
    """

    asks: ClassVar[type]
    # What a day brings is worked out when the floors let it matter; most forecasts are of volumes with room enough.
    may_wait: ClassVar[bool] = True
    table: ClassVar[type[Days]]
    widths: ClassVar[tuple[int, ...]] = (4,)

    def __init__(self, state: FleetState) -> None:
        super().__init__(state)
        rules = state.index.rules
        sizes = {self._size(rule.source) for rule in rules if isinstance(rule.source, self.asks)}
        self.sizes = sorted(sizes)
        self.rings: list[Any] = [self.table(size) for size in self.sizes]
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

    def ring(self, extra: int) -> tuple[Any, int]:
        """The table and the row of a cell."""
        row, number = divmod(extra, len(self.rings))
        return self.rings[number], row

    def series(self, source: Any) -> Iterable[tuple[int, int]]:
        return [(source.signal, source.statistic)]

    def identity(self, source: Any) -> int:
        return int(source.identity)

    def make(self, source: Any, number: int, term: int) -> int:
        table = self.sizes.index(self._size(source))
        rings = self.rings[table]
        row: int = rings.take()
        rings.term[row], rings.rule[row] = term, number
        return row * len(self.rings) + table

    def free(self, source: Any, extra: int) -> None:
        rings, row = self.ring(extra)
        rings.give_back(row)

    def tables(self) -> Sequence[tuple[Columns, tuple[str, ...]]]:
        return [(rings, (*COLLECTED, *self.table.OWN)) for rings in self.rings]

    def rows(self, source: Any, extra: int) -> Sequence[Iterable[int]]:
        row, mine = divmod(extra, len(self.rings))
        return [(row,) if number == mine else () for number in range(len(self.rings))]

    def collect(self, source: Any, place: Place, position: Mapping[SeriesKey, int], lists: Lists) -> None:
        at = position.get(SeriesKey(source.signal, source.statistic, place.subject), -1)
        size = position.get(SeriesKey(source.restart_signal, source.restart_statistic, place.subject), -1)
        if at >= 0:
            row, number = divmod(place.extra, len(self.rings))
            lists[0].append((at, size, number, row))

    def fold(self, reading: Reading, lists: Sequence[Side]) -> None:
        (position, size, table, row), window = lists[0]
        if not len(row):
            return
        shift = reading.offsets[window]
        values = reading.flat[position + shift]
        # The last of all values is NaN.
        sizes = reading.flat[np.where(size < 0, -1, size + shift)]
        days = daily.day_of(reading.end)[window]
        if len(self.rings) == 1:
            self._fold(self.rings[0], row, values, sizes, days)
            return
        for number, rings in enumerate(self.rings):
            mine = np.flatnonzero(table == number)
            if len(mine):
                self._fold(rings, row[mine], values[mine], sizes[mine], days[mine])

    def _fold(self, rings: Days, rows: Ints, values: Floats, sizes: Floats, days: Ints) -> None:
        """Folds one value (NaN: none) into each ring of ``rows`` (each once)."""
        changed = daily.restarted(rings, rows, sizes)
        if len(changed):
            self.replaced(rings, changed)
        due = days > rings.day[rows]
        if due.any():
            turned = rows[due]
            daily.turn(rings, turned, days[due], self.aggregate[rings.rule[turned]] == MEAN)
            rings.stale[turned] = True
            if not self.may_wait:
                self._refresh(rings, turned)
        taken = np.flatnonzero((days >= rings.day[rows]) & ~np.isnan(values))
        if len(taken):
            mine = rows[taken]
            daily.gather(rings, mine, values[taken], self.aggregate[rings.rule[mine]])

    def _refresh(self, rings: Days, rows: Ints) -> None:
        rules = rings.rule[rows]
        for number in np.unique(rules).tolist():
            self.refresh(self.state.index.rules[number].source, rings, rows[rules == number])
        rings.stale[rows] = False

    def work_out(self, lists: Sequence[Side]) -> None:
        _, _, table, row = lists[0].columns
        for number, rings in enumerate(self.rings):
            mine = row if len(self.rings) == 1 else row[table == number]
            stale = mine[rings.stale[mine]]
            if len(stale):
                needed = stale[self._needed(rings, stale)]
                if len(needed):
                    self._refresh(rings, needed)

    def _needed(self, rings: Days, rows: Ints) -> NDArray[np.bool_]:
        """Which of ``rows`` matter now: none of their floors is false, or something of them stands."""
        terms, first = self.state.terms, rings.term[rows].astype(np.int64)
        needed: NDArray[np.bool_] = np.ones(len(rows), dtype=np.bool_)
        floors = self.floors[rings.rule[rows]]
        for offset in range(1, int(floors.max(initial=0)) + 1):
            floor = np.where(floors >= offset, first + offset, -1)
            needed &= (floor < 0) | ~(terms.sign[floor] * terms.x[floor] <= terms.limit[floor])
        return needed | self.state.cells.busy[terms.cell[first]]

    def catch_up(self, source: Any, place: Place) -> None:
        rings, row = self.ring(place.extra)
        if rings.stale[row]:
            self._refresh(rings, np.array([row]))

    def renew(self, source: Any, extra: int, term: int) -> None:
        rings, row = self.ring(extra)
        self.replaced(rings, np.array([row]))

    def seed(self, source: Any, extra: int, key: SeriesKey, points: Points) -> None:
        rings, row = self.ring(extra)
        daily.seed(rings, row, points.days, getattr(points, daily.SEEDED[source.aggregate]))

    def idle(self, source: Any, place: Place, present: set[tuple[int, int, str]], now: float) -> bool:
        rings, row = self.ring(place.extra)
        old = rings.day[row] < now // daily.DAY - DROP_AFTER_DAYS
        return bool(old) and (source.signal, source.statistic, place.subject) not in present

    def settled(self, source: Any, place: Place, present: set[tuple[int, int, str]]) -> bool:
        return (source.signal, source.statistic, place.subject) in present
