"""Trends: how fast a daily series surely rises or falls (the condition ``trend``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from keuring_collector.engine import daily, trend
from keuring_collector.engine.columns import NAN, Slopes
from keuring_collector.engine.compiled import Trend, Truth
from keuring_collector.engine.explain import Step, number, term_truth
from keuring_collector.engine.kinds.collecting import Collecting
from keuring_collector.engine.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.engine.kinds.kind import Ints, Place

DIGITS = 3


class Trending(Collecting):
    """Fits a line to the points of each ring when a day is complete."""

    asks: ClassVar = Trend
    table: ClassVar = Slopes

    def days(self, source: Trend) -> int:
        return source.days

    def refresh(self, source: Trend, rings: Slopes, rows: Ints) -> None:
        points = daily.history(rings, rows, source.days)
        found = trend.fit(points, source.sign, source.step, source.noise, source.z, source.minimum_days)
        rings.rate[rows], rings.outcome[rows] = found.rate, found.outcome
        self.state.terms.x[rings.term[rows]] = found.surely * source.per

    def replaced(self, rings: Slopes, rows: Ints) -> None:
        daily.clear(rings, rows)
        rings.rate[rows], rings.outcome[rows] = NAN, trend.Outcome.STEPPED
        self.state.terms.x[rings.term[rows]] = NAN

    def evidence(self, source: Trend, place: Place) -> list[Evidence]:
        rings, row = self.ring(source, place)
        value = daily.newest(rings, row, source.days, source.aggregate)
        found = []
        if math.isfinite(value):
            value = self.state.rounded(source.signal, value)
            found.append(Evidence("value", source.signal, source.statistic, place.subject, value))
        rate = float(rings.rate[row])
        if math.isfinite(rate):
            rate = float(f"{rate:.{DIGITS}g}")
            found.append(Evidence("slope", source.signal, source.statistic, place.subject, rate))
        return found

    def steps(self, source: Trend, place: Place) -> Iterator[Step]:
        rings, row = self.ring(source, place)
        outcome = trend.Outcome(int(rings.outcome[row]))
        known = outcome is trend.Outcome.KNOWN
        pace = float(rings.rate[row]) * source.per if known else None
        # How fast it goes is no question; whether that is sure, and enough, is the next step.
        truth, detail = (Truth.TRUE, "") if known else (Truth.UNKNOWN, outcome.name.lower())
        span = source.per * daily.DAY
        yield Step(place.subject, "trend", source.signal, source.statistic, pace, "in", span, truth, detail)
        surely, limit = number(self.state, place.term), self.state.limit(place)
        comparison = "up by more than" if source.sign > 0 else "down by more than"
        truth = term_truth(self.state, place)
        yield Step(place.subject, "surely", source.signal, source.statistic, surely, comparison, limit, truth)
