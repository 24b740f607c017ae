"""Growth: how much counters or events grew within a period (the condition ``increase``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine import daily, growth
from keuring_collector.engine import facts as fact_tests
from keuring_collector.engine.columns import NAN, Growths, Lanes, Sparse
from keuring_collector.engine.compiled import Growth
from keuring_collector.engine.explain import Step, number, term_truth
from keuring_collector.engine.kinds.kind import Kind
from keuring_collector.engine.model import LAST, Evidence, SeriesKey
from keuring_collector.engine.shape import TERMS, VALUES, Tie

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from keuring_collector.engine.assembly import Side
    from keuring_collector.engine.kinds.kind import Ints, Lists, Place, Reading
    from keuring_collector.engine.model import Event
    from keuring_collector.engine.plan import Sheet
    from keuring_collector.engine.seeding import Points
    from keuring_collector.engine.state import FleetState

UNKNOWN_AFTER = 7 * daily.DAY  # as of forecasts and trends
DROP_AFTER = 30 * daily.DAY  # a level that growth is measured from is worth keeping over a holiday


class Growing(Kind):
    """Counts growth; lists: (row), (position, lane)."""

    def __init__(self, state: FleetState) -> None:
        super().__init__(state)
        sources = [rule.source for rule in state.index.rules]
        width = [each.period / growth.BUCKETS if isinstance(each, Growth) else 1.0 for each in sources]
        days = [isinstance(each, Growth) and each.count_days for each in sources]
        self.growths = Growths(np.array(width), np.array(days), growth.BUCKETS)
        self.lanes = Lanes()
        self.table = self.keep(self.growths, "bucket", "next", "present")
        self.table_of_lanes = self.keep(self.lanes, "base")
        self.state.sparse.append(Sparse(self.growths, "amount", self.growths.amounts, ("part",)))
        self.lists = [(self.table,), (VALUES, self.table_of_lanes)]

    def series(self, source: Growth) -> Iterable[tuple[int, int]]:
        return [(lane.signal, lane.statistic) for lane in source.lanes if lane.statistic]

    def events(self, source: Growth) -> Iterable[tuple[int, int]]:
        return [(spec.signal, lane) for lane, spec in enumerate(source.lanes) if not spec.statistic]

    def identity(self, source: Growth) -> int:
        return source.identity

    def needs(self, source: Growth) -> Sequence[tuple[int, int]]:
        return [(self.table, 1), (self.table_of_lanes, len(source.lanes))]

    def ties(self, source: Growth, number: int, cell: int, term: int, rows: Sequence[int]) -> Iterable[Tie]:
        row, lane = rows
        yield Tie(self.table, row, "rule", number)
        yield Tie(self.table, row, "term", term, TERMS)
        yield Tie(self.table, row, "lane", lane, self.table_of_lanes)
        for offset, spec in enumerate(source.lanes):
            yield Tie(self.table_of_lanes, lane + offset, "growth", row, self.table)
            yield Tie(self.table_of_lanes, lane + offset, "lifetime", int(spec.statistic == LAST))

    def free(self, source: Growth, place: Place) -> None:
        growth.forget(self.growths, place.rows[0])

    def collect(self, source: Growth, place: Place, sheet: Sheet, lists: Lists) -> None:
        row, lane = place.rows
        lists[0].append((row,))
        for offset, spec in enumerate(source.lanes):
            at = sheet.position.get(SeriesKey(spec.signal, spec.statistic, place.subject), -1)
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
            values = reading.flat[position]
            growth.fold(self.growths, self.lanes, self.state.terms, lane, values, reading.end[window])

    def renew(self, source: Growth, place: Place) -> None:
        self.state.terms.x[place.term] = NAN
        row, lane = place.rows
        self.lanes.base[lane : lane + len(source.lanes)] = NAN
        growth.forget(self.growths, row)

    def wants(self, source: Growth, lane: int, event: Event) -> bool:
        return fact_tests.event_counts(source.lanes[lane].where, event)

    def count(self, source: Growth, lane: int, place: Place, event: Event, latest: float) -> None:
        extra = place.rows[0]
        if self.growths.next[extra] == -np.inf:
            growth.rotate(self.growths, np.array([extra]), np.array([latest]))
        growth.add(self.growths, extra, min(event.time, latest), float(event.count))
        growth.refresh(self.growths, self.state.terms, np.array([extra]))

    def seed(self, source: Growth, place: Place, key: SeriesKey, points: Points) -> None:
        extra, first = place.rows
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
                self.lanes.base[first + offset] = base
        growth.refresh(self.growths, self.state.terms, np.array([extra]))

    def idle(self, source: Growth, place: Place, present: set[tuple[int, int, str]], now: float) -> bool:
        away = self._away(source, place, present, now)
        return away > DROP_AFTER and not growth.grew(self.growths, place.rows[0])

    def absent(self, source: Growth, place: Place, present: set[tuple[int, int, str]], now: float) -> None:
        away = self._away(source, place, present, now)
        # A period passes by itself; what counts since enrolment would stand for a disk that was pulled long ago.
        if math.isinf(source.period) and away > UNKNOWN_AFTER and any(lane.statistic for lane in source.lanes):
            self.state.terms.x[place.term] = NAN
            lane = place.rows[1]
            self.lanes.base[lane : lane + len(source.lanes)] = NAN  # when it comes back, x is what it was

    def kept(self, source: Growth, place: Place, present: set[tuple[int, int, str]]) -> bool:
        return any((lane.signal, lane.statistic, place.subject) in present for lane in source.lanes)

    def meet(self, rows: Ints, now: float) -> None:
        self.growths.present[rows] = now

    def _away(self, source: Growth, place: Place, present: set[tuple[int, int, str]], now: float) -> float:
        """Seconds since a sweep last saw it measured."""
        growths, extra = self.growths, place.rows[0]
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
