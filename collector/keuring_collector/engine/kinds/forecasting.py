"""Forecasts: when a daily series reaches its limit (the condition ``forecast``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keuring_collector.engine import daily, projection
from keuring_collector.engine.columns import NAN, Rings
from keuring_collector.engine.explain import Step, number, term_truth
from keuring_collector.engine.forecast import Outcome
from keuring_collector.engine.kinds.kind import Kind, side_by_side
from keuring_collector.engine.model import Evidence, SeriesKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from keuring_collector.engine.columns import Columns
    from keuring_collector.engine.compiled import Forecast
    from keuring_collector.engine.kinds.kind import Ints, Lists, Place, Reading
    from keuring_collector.engine.seeding import Points
    from keuring_collector.engine.state import FleetState

DROP_AFTER_DAYS = 30
RATE_DIGITS = 3
RING = ("day", "value", "weight", "restart", "at", "low", "high", "rate", "outcome", "point")


class Forecasting(Kind):
    """Keeps rings of daily points and projects them when a day is complete; list: (position, of the size, ring)."""

    widths: ClassVar = (3,)

    def __init__(self, state: FleetState) -> None:
        super().__init__(state)
        self.rings = Rings(state.index.ring_days)

    def series(self, source: Forecast) -> Iterable[tuple[int, int]]:
        return [(source.signal, source.statistic)]

    def identity(self, source: Forecast) -> int:
        return source.identity

    def make(self, source: Forecast, number: int, term: int) -> int:
        row = self.rings.take()
        self.rings.term[row], self.rings.rule[row] = term, number
        return row

    def free(self, source: Forecast, extra: int) -> None:
        self.rings.give_back(extra)

    def tables(self) -> Sequence[tuple[Columns, tuple[str, ...]]]:
        return ((self.rings, RING),)

    def rows(self, source: Forecast, extra: int) -> Sequence[Iterable[int]]:
        return ((extra,),)

    def collect(self, source: Forecast, place: Place, position: Mapping[SeriesKey, int], lists: Lists) -> None:
        at = position.get(SeriesKey(source.signal, source.statistic, place.subject), -1)
        size = position.get(SeriesKey(source.restart_signal, source.restart_statistic, place.subject), -1)
        if at >= 0:
            lists[0].append((at, size, place.extra))

    def fold(self, reading: Reading, columns: Sequence[tuple[Ints, ...]]) -> None:
        (position, size, ring), each = side_by_side(columns, 0)
        if not len(ring):
            return
        shift = np.repeat(reading.offsets, each)
        sizes = reading.flat[np.where(size < 0, len(reading.flat) - 1, size + shift)]
        days = np.repeat(daily.day_of(reading.end), each)
        projection.fold(self.state, self.rings, ring, reading.flat[position + shift], sizes, days)

    def renew(self, source: Forecast, extra: int, term: int) -> None:
        projection.renew(self.state, self.rings, np.array([extra]))

    def seed(self, source: Forecast, extra: int, key: SeriesKey, points: Points) -> None:
        rings = self.rings
        width = rings.point.shape[1]
        values = getattr(points, daily.SEEDED[source.aggregate])
        recent = points.days > points.days[-1] - width
        rings.point[extra] = np.nan
        rings.point[extra, points.days[recent] % width] = values[recent].astype(np.float32)
        rings.day[extra] = points.days[-1]
        rings.value[extra], rings.weight[extra] = NAN, 0

    def idle(self, source: Forecast, place: Place, present: set[tuple[int, int, str]], now: float) -> bool:
        old = self.rings.day[place.extra] < now // daily.DAY - DROP_AFTER_DAYS
        return bool(old) and (source.signal, source.statistic, place.subject) not in present

    def settled(self, source: Forecast, place: Place, present: set[tuple[int, int, str]]) -> bool:
        return (source.signal, source.statistic, place.subject) in present

    def dated(self, source: Forecast) -> bool:
        return True

    def interval(self, extra: int, at: float) -> tuple[float, float]:
        return float(self.rings.low[extra]), float(self.rings.high[extra])

    def evidence(self, source: Forecast, place: Place) -> list[Evidence]:
        rings, ring, subject = self.rings, place.extra, place.subject
        found = []
        points = rings.point[ring, (rings.day[ring] - np.arange(1, source.maximum_days + 1)) % rings.point.shape[1]]
        known = points[~np.isnan(points)]
        value = float(rings.value[ring])
        if not math.isfinite(value) and len(known):
            value = float(known[0])
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
        horizon = -float(self.state.terms.limit[place.term])
        outcome = Outcome(int(self.rings.outcome[place.extra])).name.lower()
        truth = term_truth(self.state, place)
        yield Step(place.subject, "forecast", source.signal, source.statistic, left, "within", horizon, truth, outcome)
