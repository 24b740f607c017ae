"""Forecasts of batteries by their cycles (``forecast`` with ``wear``), and by time where cycles do not tell."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keuring_collector.engine import daily, lives
from keuring_collector.engine.columns import NAN, WornRings
from keuring_collector.engine.compiled import ByCycles
from keuring_collector.engine.forecast import Outcome
from keuring_collector.engine.kinds.forecasting import Forecasting
from keuring_collector.engine.model import Evidence, SeriesKey
from keuring_collector.engine.projection import HOUR
from keuring_collector.engine.shape import VALUES, Tie
from keuring_collector.engine.wear import By, signs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from keuring_collector.engine.assembly import Side
    from keuring_collector.engine.columns import Rings
    from keuring_collector.engine.compiled import Forecast
    from keuring_collector.engine.explain import Step
    from keuring_collector.engine.kinds.kind import Ints, Lists, Place, Reading
    from keuring_collector.engine.plan import Sheet
    from keuring_collector.engine.seeding import Points
    from keuring_collector.engine.state import FleetState

# Only where time knows enough to speak, or where it is too timid: not right after a step, nor of what is not measured.
OVERRULED = (Outcome.DATED, Outcome.LEVEL, Outcome.UNSURE)
SAID = {By.CURVES: "curves", By.BEND: "bend"}


class Cycling(Forecasting):
    """Keeps the life of a battery beside its ring; last list: (position of the cycles, life)."""

    asks: ClassVar[type[Forecast]] = ByCycles
    table: ClassVar[type[Rings]] = WornRings
    may_wait: ClassVar[bool] = False  # each day is folded into the life

    def __init__(self, state: FleetState) -> None:
        super().__init__(state)
        self.lives = lives.Lives()
        self.table_of_lives = self.keep(self.lives, *lives.KEPT)
        self.lists = [*self.lists, (VALUES, self.table_of_lives)]
        # Of endpoint, rule and subject: what came of one series only, so far.
        self._seeds: dict[tuple[int, int, str], dict[int, Points]] = {}

    def series(self, source: ByCycles) -> Iterable[tuple[int, int]]:
        return [(source.signal, source.statistic), (source.cycles, source.cycles_statistic)]

    def needs(self, source: ByCycles) -> Sequence[tuple[int, int]]:
        return [*super().needs(source), (self.table_of_lives, 1)]

    def ties(self, source: ByCycles, number: int, cell: int, term: int, rows: Sequence[int]) -> Iterable[Tie]:
        yield from super().ties(source, number, cell, term, rows)
        yield Tie(self.needs(source)[0][0], rows[0], "life", rows[1], self.table_of_lives)

    def free(self, source: ByCycles, place: Place) -> None:
        self._seeds.pop((place.endpoint.number, place.number, place.subject), None)

    # Reading windows

    def collect(self, source: ByCycles, place: Place, sheet: Sheet, lists: Lists) -> None:
        super().collect(source, place, sheet, lists)
        at = sheet.position.get(SeriesKey(source.cycles, source.cycles_statistic, place.subject), -1)
        if at >= 0:
            lists[-1].append((at, place.rows[1]))

    def fold(self, reading: Reading, lists: Sequence[Side]) -> None:
        super().fold(reading, lists)
        (position, life), window = lists[-1]
        if not len(life):
            return
        values = reading.flat[position]
        known = np.flatnonzero(~np.isnan(values))
        mine = life[known]
        self.lives.count[mine], self.lives.read[mine] = values[known], reading.day[window[known]]

    def refresh(self, source: ByCycles, rings: WornRings, rows: Ints) -> None:  # type: ignore[override]
        super().refresh(source, rings, rows)
        self._close(rings, rows)
        self._overrule(source, rings, rows)

    def _close(self, rings: WornRings, rows: Ints) -> None:
        """Folds the last complete day into the lives, where both health and cycles were measured on it."""
        life = rings.life[rows].astype(np.int64)
        day = self.lives.read[life].astype(np.int64)
        width = rings.point.shape[1]
        complete = (day < rings.day[rows]) & (day > rings.day[rows] - width)
        health = np.where(complete, rings.point[rows, day % width], np.nan).astype(np.float64)
        count = self.lives.count[life].astype(np.float64)
        both = ~np.isnan(health) & ~np.isnan(count)
        if both.any():
            lives.add(self.lives, life[both], day[both].astype(np.float64), count[both], health[both])
        self.lives.count[life[complete]] = NAN

    def _overrule(self, source: ByCycles, rings: WornRings, rows: Ints) -> None:
        """Puts dates by cycles in the place of those by time, where cycles tell."""
        self.lives.by[rings.life[rows]] = By.TIME
        passed = (rings.outcome[rows] == Outcome.DATED) & (rings.at[rows] <= rings.day[rows] * daily.DAY)
        rows = rows[np.isin(rings.outcome[rows], OVERRULED) & ~passed]
        if not len(rows):
            return
        life, today = rings.life[rows].astype(np.int64), rings.day[rows].astype(np.float64)
        found = source.curves.project(signs(self.lives, life), source.limit, source.z)
        pace, spread = lives.pace(self.lives, life, today)
        now = self.lives.now[life].astype(np.float64)
        told = (found.by != By.TIME) & np.isfinite(pace)
        rows, life, today, now = rows[told], life[told], today[told], now[told]
        pace, habit = pace[told], np.log1p(source.z * spread[told]) ** 2
        with np.errstate(divide="ignore"):
            left = np.maximum(found.end[told] - now, 1e-3)
            early = np.log(left / np.maximum(found.low[told] - now, 1e-6))
            late = np.log(np.maximum(found.high[told] - now, left) / left)
        at = today + left / pace
        low = today + left / pace * np.exp(-np.sqrt(early**2 + habit))
        high = today + left / pace * np.exp(np.sqrt(late**2 + habit))
        near = high - today <= source.latest
        for column, dates in ((rings.at, at), (rings.low, low), (rings.high, high)):
            column[rows] = np.where(near, np.rint(dates * daily.DAY / HOUR) * HOUR, np.inf)
        rings.outcome[rows] = np.where(near, Outcome.DATED, Outcome.UNSURE)
        self.lives.by[life], self.lives.end[life] = found.by[told], found.end[told]
        self.state.terms.x[rings.term[rows]] = rings.at[rows]

    # What comes beside the values

    def replaced(self, rings: Rings, rows: Ints) -> None:
        super().replaced(rings, rows)
        assert isinstance(rings, WornRings)  # noqa: S101 - the tables that it was given
        for life in rings.life[rows].tolist():
            self.lives.reset(life)

    def seed(self, source: ByCycles, place: Place, key: SeriesKey, points: Points) -> None:
        if key.signal == source.signal:
            super().seed(source, place, key, points)
        mine, life = (place.endpoint.number, place.number, place.subject), place.rows[1]
        seeds = self._seeds.setdefault(mine, {})
        seeds[key.signal] = points
        if len(seeds) < 2:
            return
        health, cycles = seeds[source.signal], seeds[source.cycles]
        del self._seeds[mine]
        self.lives.reset(life)
        column = getattr(health, daily.SEEDED[source.aggregate])
        days, first, second = np.intersect1d(health.days, cycles.days, return_indices=True)
        row = np.array([life])
        for day, share, count in zip(days, column[first], cycles.last[second], strict=True):
            if not (math.isnan(share) or math.isnan(count)):
                lives.add(self.lives, row, np.array([float(day)]), np.array([count]), np.array([share]))

    # Telling

    def evidence(self, source: ByCycles, place: Place) -> list[Evidence]:  # type: ignore[override]
        found = super().evidence(source, place)
        life = place.rows[1]
        said = SAID.get(By(int(self.lives.by[life])))
        if said is not None:
            end = self.state.rounded(source.cycles, float(self.lives.end[life]))
            found.append(Evidence(said, source.cycles, source.cycles_statistic, place.subject, end))
        return found

    def steps(self, source: ByCycles, place: Place) -> Iterator[Step]:  # type: ignore[override]
        by = By(int(self.lives.by[place.rows[1]]))
        for step in super().steps(source, place):
            dated = step.detail == Outcome.DATED.name.lower()
            yield step._replace(detail=SAID.get(by, "line")) if dated else step
