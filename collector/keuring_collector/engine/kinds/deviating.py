"""Deviating: how unlike itself a series is (the condition ``unusual``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine import unusual
from keuring_collector.engine.columns import NAN
from keuring_collector.engine.compiled import Unusual
from keuring_collector.engine.daily import DAY
from keuring_collector.engine.explain import Step, number, term_truth
from keuring_collector.engine.habits import HOURLY, KEPT, NAMES, Habits
from keuring_collector.engine.kinds.kind import Kind
from keuring_collector.engine.model import Evidence, SeriesKey
from keuring_collector.engine.shape import TERMS, VALUES, Tie

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from keuring_collector.engine.assembly import Side
    from keuring_collector.engine.kinds.kind import Lists, Place, Reading
    from keuring_collector.engine.plan import Sheet
    from keuring_collector.engine.state import FleetState

DROP_AFTER = 30 * DAY  # habits are worth keeping over a holiday


class Deviating(Kind):
    """Keeps the habits of series and scores each window by them; list: (position, row)."""

    def __init__(self, state: FleetState) -> None:
        super().__init__(state)
        self.habits = Habits()
        self.table = self.keep(self.habits, *KEPT)
        self.lists = [(VALUES, self.table)]
        none = Unusual(0, 0, high=False, low=False, margin=0.0, learning=0.0)
        sources = [r.source if isinstance(r.source, Unusual) else none for r in state.index.rules] or [none]
        self._sides = unusual.Sides(
            np.array([source.high for source in sources]),
            np.array([source.low for source in sources]),
            np.array([source.margin for source in sources]),
            np.array([source.learning for source in sources]),
        )

    def series(self, source: Unusual) -> Iterable[tuple[int, int]]:
        return [(source.signal, source.statistic)]

    def identity(self, source: Unusual) -> int:
        return source.identity

    def needs(self, source: Unusual) -> Sequence[tuple[int, int]]:
        return [(self.table, 1)]

    def ties(self, source: Unusual, number: int, cell: int, term: int, rows: Sequence[int]) -> Iterable[Tie]:
        return [Tie(self.table, rows[0], "term", term, TERMS), Tie(self.table, rows[0], "rule", number)]

    def collect(self, source: Unusual, place: Place, sheet: Sheet, lists: Lists) -> None:
        at = sheet.position.get(SeriesKey(source.signal, source.statistic, place.subject), -1)
        if at >= 0:
            lists[0].append((at, place.rows[0]))
        else:
            sheet.blank.append(place.term)

    def fold(self, reading: Reading, lists: Sequence[Side]) -> None:
        (position, rows), window = lists[0]
        if not len(rows):
            return
        values = reading.flat[position]
        rule = self.habits.rule[rows]
        all_ = self._sides
        sides = unusual.Sides(all_.high[rule], all_.low[rule], all_.margin[rule], all_.learning[rule])
        scores = unusual.fold(self.habits, rows, values, reading.end[window], sides)
        self.state.terms.x[self.habits.term[rows]] = scores

    def renew(self, source: Unusual, place: Place) -> None:
        (row,) = place.rows
        self.habits.reset(row)
        self.habits.term[row], self.habits.rule[row] = place.term, place.number
        self.state.terms.x[place.term] = NAN

    def idle(self, source: Unusual, place: Place, present: set[tuple[int, int, str]], now: float) -> bool:
        old = self.habits.at[place.rows[0]] < now - DROP_AFTER
        return bool(old) and (source.signal, source.statistic, place.subject) not in present

    def kept(self, source: Unusual, place: Place, present: set[tuple[int, int, str]]) -> bool:
        return (source.signal, source.statistic, place.subject) in present

    def evidence(self, source: Unusual, place: Place) -> list[Evidence]:
        habits, row = self.habits, place.rows[0]
        if habits.lane[row] < 0:
            return []
        pairs = (("value", float(habits.value[row])), ("limit", float(habits.edge[row])))
        return [
            Evidence(role, source.signal, source.statistic, place.subject, self.state.rounded(source.signal, value))
            for role, value in pairs
            if math.isfinite(value)
        ]

    def steps(self, source: Unusual, place: Place) -> Iterator[Step]:
        habits, row, subject = self.habits, place.rows[0], place.subject
        lane, limit = int(habits.lane[row]), self.state.limit(place)
        truth, score = term_truth(self.state, place), number(self.state, place.term)
        if lane < 0 or score is None:
            known = float(habits.age[row, HOURLY])
            yield Step(subject, "known", source.signal, source.statistic, known, "for", source.learning, truth)
            return
        value, edge = float(habits.value[row]), float(habits.edge[row])
        detail = f"seen by {NAMES[lane]}"
        yield Step(subject, "habit", source.signal, source.statistic, value, "against", edge, truth, detail)
        yield Step(subject, "score", 0, 0, score, "above", limit, truth)
