"""Growth: how much counters or events grew within a period (the condition ``increase``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keuring_collector.engine import daily, growth
from keuring_collector.engine import facts as fact_tests
from keuring_collector.engine.columns import NAN, Growths, Lanes
from keuring_collector.engine.explain import Step, number, term_truth
from keuring_collector.engine.kinds.kind import Kind
from keuring_collector.engine.model import LAST, Evidence, SeriesKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from keuring_collector.engine.assembly import Side
    from keuring_collector.engine.columns import Columns
    from keuring_collector.engine.compiled import Growth
    from keuring_collector.engine.kinds.kind import Lists, Place, Reading
    from keuring_collector.engine.model import Event
    from keuring_collector.engine.seeding import Points
    from keuring_collector.engine.state import FleetState

UNKNOWN_AFTER = 7 * daily.DAY  # as of forecasts and trends
DROP_AFTER = 30 * daily.DAY  # a level that growth is measured from is worth keeping over a holiday


class Growing(Kind):
    """Counts growth; lists: (row), (position, lane)."""

    widths: ClassVar = (1, 2)

    def __init__(self, state: FleetState) -> None:
        super().__init__(state)
        self.growths = Growths(growth.BUCKETS)
        self.lanes = Lanes()

    def series(self, source: Growth) -> Iterable[tuple[int, int]]:
        return [(lane.signal, lane.statistic) for lane in source.lanes if lane.statistic]

    def events(self, source: Growth) -> Iterable[tuple[int, int]]:
        return [(spec.signal, lane) for lane, spec in enumerate(source.lanes) if not spec.statistic]

    def identity(self, source: Growth) -> int:
        return source.identity

    def make(self, source: Growth, number: int, term: int) -> int:
        row = self.growths.take()
        lane = self.lanes.take(len(source.lanes))
        self.growths.term[row], self.growths.lane[row] = term, lane
        self.growths.width[row] = source.period / growth.BUCKETS
        self.growths.days[row] = source.count_days
        for offset, spec in enumerate(source.lanes):
            self.lanes.growth[lane + offset] = row
            self.lanes.lifetime[lane + offset] = spec.statistic == LAST
        return row

    def free(self, source: Growth, extra: int) -> None:
        self.lanes.give_back(int(self.growths.lane[extra]), len(source.lanes))
        self.growths.give_back(extra)

    def tables(self) -> Sequence[tuple[Columns, tuple[str, ...]]]:
        return (self.growths, ("bucket", "next", "present", "amount")), (self.lanes, ("base",))

    def rows(self, source: Growth, extra: int) -> Sequence[Iterable[int]]:
        lane = int(self.growths.lane[extra])
        return (extra,), range(lane, lane + len(source.lanes))

    def collect(self, source: Growth, place: Place, position: Mapping[SeriesKey, int], lists: Lists) -> None:
        lists[0].append((place.extra,))
        lane = int(self.growths.lane[place.extra])
        for offset, spec in enumerate(source.lanes):
            at = position.get(SeriesKey(spec.signal, spec.statistic, place.subject), -1)
            if spec.statistic and at >= 0:
                lists[1].append((at, lane + offset))

    def fold(self, reading: Reading, lists: Sequence[Side]) -> None:
        (rows,), window = lists[0]
        if not len(rows):
            return
        due = reading.end[window] >= self.growths.next[rows]
        if due.any():
            growth.rotate(self.growths, rows[due], reading.end[window[due]])
            terms = self.state.terms
            seen = rows[due][~np.isnan(terms.x[self.growths.term[rows[due]]])]
            growth.refresh(self.growths, terms, seen)
        (position, lane), window = lists[1]
        if len(lane):
            values = reading.flat[position + reading.offsets[window]]
            growth.fold(self.growths, self.lanes, self.state.terms, lane, values, reading.end[window])

    def renew(self, source: Growth, extra: int, term: int) -> None:
        self.state.terms.x[term] = NAN
        lane = int(self.growths.lane[extra])
        self.lanes.base[lane : lane + len(source.lanes)] = NAN
        self.growths.amount[extra] = 0

    def wants(self, source: Growth, lane: int, event: Event) -> bool:
        return fact_tests.event_counts(source.lanes[lane].where, event)

    def count(self, source: Growth, lane: int, extra: int, event: Event, latest: float) -> None:
        if self.growths.next[extra] == -np.inf:
            growth.rotate(self.growths, np.array([extra]), np.array([latest]))
        growth.add(self.growths, extra, min(event.time, latest), float(event.count))
        growth.refresh(self.growths, self.state.terms, np.array([extra]))

    def seed(self, source: Growth, extra: int, key: SeriesKey, points: Points) -> None:
        ends = (points.days + 1) * daily.DAY - 1
        if self.growths.next[extra] == -np.inf:
            growth.rotate(self.growths, np.array([extra]), ends[-1:].astype(np.float64))
        if key.statistic == LAST:
            known = ~np.isnan(points.last)
            levels, ends = points.last[known], ends[known]
            amounts = np.concatenate([[0.0], np.diff(levels)]) if len(levels) else levels
        else:
            levels, amounts = points.last[:0], points.total
        for end, amount in zip(ends.tolist(), amounts.tolist(), strict=True):
            if amount > 0:
                growth.add(self.growths, extra, end, amount)
        for offset, lane in enumerate(source.lanes):
            if (lane.signal, lane.statistic) == (key.signal, key.statistic):
                base = levels[-1] if len(levels) else NAN if key.statistic == LAST else 0.0
                self.lanes.base[int(self.growths.lane[extra]) + offset] = base
        growth.refresh(self.growths, self.state.terms, np.array([extra]))

    def idle(self, source: Growth, place: Place, present: set[tuple[int, int, str]], now: float) -> bool:
        away = self._away(source, place, present, now)
        return away > DROP_AFTER and not bool(self.growths.amount[place.extra].any())

    def absent(self, source: Growth, place: Place, present: set[tuple[int, int, str]], now: float) -> None:
        away = self._away(source, place, present, now)
        # A period passes by itself; what counts since enrolment would stand for a disk that was pulled long ago.
        if math.isinf(source.period) and away > UNKNOWN_AFTER and any(lane.statistic for lane in source.lanes):
            self.state.terms.x[place.term] = NAN
            lane = int(self.growths.lane[place.extra])
            self.lanes.base[lane : lane + len(source.lanes)] = NAN  # when it comes back, x is what it was

    def _away(self, source: Growth, place: Place, present: set[tuple[int, int, str]], now: float) -> float:
        """Seconds since a sweep last saw it measured."""
        growths, extra = self.growths, place.extra
        counted = any((lane.signal, lane.statistic, place.subject) in present for lane in source.lanes)
        if counted or not growths.present[extra]:
            growths.present[extra] = now
        return now - float(growths.present[extra])

    def evidence(self, source: Growth, place: Place) -> list[Evidence]:
        lane, main = source.lanes[0], self.state.index.rules[place.number].terms[0]
        value = float(self.state.terms.x[place.term])
        found = []
        if math.isfinite(value):
            found.append(Evidence("value", lane.signal, lane.statistic, place.subject, value))
        found.append(Evidence("limit", lane.signal, lane.statistic, place.subject, main.shown_limit))
        return found

    def steps(self, source: Growth, place: Place) -> Iterator[Step]:
        lane, limit = source.lanes[0], self.state.index.rules[place.number].terms[0].shown_limit
        value, truth = number(self.state, place.term), term_truth(self.state, place)
        detail = "days" if source.count_days else ""
        if len(source.lanes) > 1:
            detail = f"{detail}, of {len(source.lanes)} signals together".removeprefix(", ")
        yield Step(place.subject, "growth", lane.signal, lane.statistic, value, "at least", limit, truth, detail)
