"""Forecasts: when a daily series reaches its limit (the condition ``forecast``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from keuring_collector.engine import daily, projection
from keuring_collector.engine.columns import Rings
from keuring_collector.engine.compiled import Forecast
from keuring_collector.engine.explain import Step, number, term_truth
from keuring_collector.engine.forecast import Outcome
from keuring_collector.engine.kinds.collecting import Collecting
from keuring_collector.engine.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.engine.kinds.kind import Ints, Place

RATE_DIGITS = 3


class Forecasting(Collecting):
    """Projects rings of daily points when a day is complete."""

    asks: ClassVar[type[Forecast]] = Forecast
    table: ClassVar[type[Rings]] = Rings

    def days(self, source: Forecast) -> int:
        return source.maximum_days

    def refresh(self, source: Forecast, rings: Rings, rows: Ints) -> None:
        projection.project(self.state, rings, rows, source)

    def replaced(self, rings: Rings, rows: Ints) -> None:
        projection.renew(self.state, rings, rows)

    def dated(self, source: Forecast) -> bool:
        return True

    def interval(self, source: Forecast, place: Place, at: float) -> tuple[float, float]:
        rings, ring = self.ring(source, place)
        return float(rings.low[ring]), float(rings.high[ring])

    def evidence(self, source: Forecast, place: Place) -> list[Evidence]:
        (rings, ring), subject = self.ring(source, place), place.subject
        found = []
        value = daily.newest(rings, ring, source.maximum_days, source.aggregate)
        if math.isfinite(value):
            value = self.state.rounded(source.signal, value)
            found.append(Evidence("value", source.signal, source.statistic, subject, value))
        found.append(Evidence("limit", source.signal, source.statistic, subject, source.limit))
        rate = float(rings.rate[ring])
        if math.isfinite(rate):
            rate = float(f"{rate:.{RATE_DIGITS}g}")
            found.append(Evidence("slope", source.signal, source.statistic, subject, rate))
        return found

    def steps(self, source: Forecast, place: Place) -> Iterator[Step]:
        value, at = number(self.state, place.term), place.endpoint.at
        left = None if value is None else value - at
        horizon = -self.state.limit(place)
        rings, ring = self.ring(source, place)
        outcome = Outcome(int(rings.outcome[ring])).name.lower()
        truth = term_truth(self.state, place)
        yield Step(place.subject, "forecast", source.signal, source.statistic, left, "within", horizon, truth, outcome)
