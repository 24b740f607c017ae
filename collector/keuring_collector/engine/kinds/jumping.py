"""Jumps: how far a series lies from what it was before it jumped (the condition ``jump``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from keuring_collector.engine import daily, jump
from keuring_collector.engine.columns import NAN, Jumps
from keuring_collector.engine.compiled import Jump
from keuring_collector.engine.explain import Step, number, term_truth
from keuring_collector.engine.kinds.collecting import Collecting
from keuring_collector.engine.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.engine.kinds.kind import Ints, Place


class Jumping(Collecting):
    """Looks for a jump in the points of each ring when a day is complete."""

    asks: ClassVar = Jump
    table: ClassVar = Jumps
    may_wait: ClassVar[bool] = False  # what it was before is remembered from the day on which that is seen

    def days(self, source: Jump) -> int:
        return source.days

    def refresh(self, source: Jump, rings: Jumps, rows: Ints) -> None:
        points = daily.history(rings, rows, source.days)
        found = jump.fit(points, rings.before[rows], source.sign, source.step, source.lasting)
        rings.before[rows], rings.outcome[rows] = found.before, found.outcome
        self.state.terms.x[rings.term[rows]] = found.by

    def replaced(self, rings: Jumps, rows: Ints) -> None:
        daily.clear(rings, rows)
        rings.before[rows], rings.outcome[rows] = NAN, jump.Outcome.NONE_YET
        self.state.terms.x[rings.term[rows]] = NAN

    def evidence(self, source: Jump, place: Place) -> list[Evidence]:
        rings, row = self.ring(source, place)
        value = daily.newest(rings, row, source.days, source.aggregate)
        return [
            Evidence(role, source.signal, source.statistic, place.subject, self.state.rounded(source.signal, each))
            for role, each in (("value", value), ("before", float(rings.before[row])))
            if math.isfinite(each)
        ]

    def steps(self, source: Jump, place: Place) -> Iterator[Step]:
        rings, row = self.ring(source, place)
        outcome = jump.Outcome(int(rings.outcome[row]))
        by, limit = number(self.state, place.term), self.state.limit(place)
        detail = "" if outcome is jump.Outcome.KNOWN else outcome.name.lower()
        comparison = "up by more than" if source.sign > 0 else "down by more than"
        truth = term_truth(self.state, place)
        yield Step(place.subject, "jump", source.signal, source.statistic, by, comparison, limit, truth, detail)
