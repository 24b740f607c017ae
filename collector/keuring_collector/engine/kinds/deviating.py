"""Deviating: how unlike itself a series is (the condition ``unusual``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keuring_collector.engine import unusual
from keuring_collector.engine.columns import NAN
from keuring_collector.engine.compiled import Unusual
from keuring_collector.engine.daily import DAY
from keuring_collector.engine.explain import Step, number, term_truth
from keuring_collector.engine.habits import HOURLY, KEPT, NAMES, Habits
from keuring_collector.engine.kinds.kind import Kind
from keuring_collector.engine.model import Evidence, SeriesKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from keuring_collector.engine.assembly import Side
    from keuring_collector.engine.columns import Columns
    from keuring_collector.engine.kinds.kind import Lists, Place, Reading
    from keuring_collector.engine.state import FleetState

DROP_AFTER = 30 * DAY  # habits are worth keeping over a holiday


class Deviating(Kind):
    """Keeps the habits of series and scores each window by them; list: (position, row)."""

    widths: ClassVar = (2,)

    def __init__(self, state: FleetState) -> None:
        super().__init__(state)
        self.habits = Habits()
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

    def make(self, source: Unusual, number: int, term: int) -> int:
        row = self.habits.take()
        self.habits.term[row], self.habits.rule[row] = term, number
        return row

    def free(self, source: Unusual, extra: int) -> None:
        self.habits.give_back(extra)

    def tables(self) -> Sequence[tuple[Columns, tuple[str, ...]]]:
        return ((self.habits, KEPT),)

    def rows(self, source: Unusual, extra: int) -> Sequence[Iterable[int]]:
        return ((extra,),)

    def collect(self, source: Unusual, place: Place, position: Mapping[SeriesKey, int], lists: Lists) -> None:
        at = position.get(SeriesKey(source.signal, source.statistic, place.subject), -1)
        if at >= 0:
            lists[0].append((at, place.extra))
        else:
            self.state.terms.x[place.term] = NAN

    def fold(self, reading: Reading, lists: Sequence[Side]) -> None:
        (position, rows), window = lists[0]
        if not len(rows):
            return
        values = reading.flat[position + reading.offsets[window]]
        rule = self.habits.rule[rows]
        sides = unusual.Sides(*(column[rule] for column in self._sides))
        scores = unusual.fold(self.habits, rows, values, reading.end[window], sides)
        self.state.terms.x[self.habits.term[rows]] = scores

    def renew(self, source: Unusual, extra: int, term: int) -> None:
        number = int(self.habits.rule[extra])
        self.habits.reset(extra)
        self.habits.term[extra], self.habits.rule[extra] = term, number
        self.state.terms.x[term] = NAN

    def idle(self, source: Unusual, place: Place, present: set[tuple[int, int, str]], now: float) -> bool:
        old = self.habits.at[place.extra] < now - DROP_AFTER
        return bool(old) and (source.signal, source.statistic, place.subject) not in present

    def evidence(self, source: Unusual, place: Place) -> list[Evidence]:
        habits, row = self.habits, place.extra
        if habits.lane[row] < 0:
            return []
        pairs = (("value", float(habits.value[row])), ("limit", float(habits.edge[row])))
        return [
            Evidence(role, source.signal, source.statistic, place.subject, self.state.rounded(source.signal, value))
            for role, value in pairs
            if math.isfinite(value)
        ]

    def steps(self, source: Unusual, place: Place) -> Iterator[Step]:
        habits, row, subject = self.habits, place.extra, place.subject
        lane, limit = int(habits.lane[row]), float(self.state.terms.limit[place.term])
        truth, score = term_truth(self.state, place), number(self.state, place.term)
        if lane < 0 or score is None:
            known = float(habits.age[row, HOURLY])
            yield Step(subject, "known", source.signal, source.statistic, known, "for", source.learning, truth)
            return
        value, edge = float(habits.value[row]), float(habits.edge[row])
        detail = f"seen by {NAMES[lane]}"
        yield Step(subject, "habit", source.signal, source.statistic, value, "against", edge, truth, detail)
        yield Step(subject, "score", 0, 0, score, "above", limit, truth)
