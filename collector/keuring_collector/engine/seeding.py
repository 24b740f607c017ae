"""Filling state from history, taking findings over, and forgetting subjects that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import daily, growth
from keuring_collector.engine.columns import NAN
from keuring_collector.engine.compiled import Forecast, Growth
from keuring_collector.engine.model import LAST, SeriesKey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.model import Layout
    from keuring_collector.engine.state import CellKey, Endpoint, FleetState

FORGET_AFTER = 14 * daily.DAY  # a finding whose subject is measured no more is cleared after this
DROP_AFTER_DAYS = 30  # and what was collected of it, after this


class Points(NamedTuple):
    """Daily points of one series: days since 1970, rising, and what each day came to (NaN: unknown)."""

    days: NDArray[np.int64]
    last: NDArray[np.float64]
    minimum: NDArray[np.float64]
    mean: NDArray[np.float64]
    maximum: NDArray[np.float64]
    total: NDArray[np.float64]


def seed(state: FleetState, endpoint: Endpoint, key: SeriesKey, points: Points) -> None:
    """Fills the rings and growths that rest on the series ``key``."""
    if not len(points.days):
        return
    for number in state.index.by_series.get((key.signal, key.statistic), ()):
        source = state.pack.rules[number].source
        if not isinstance(source, Forecast | Growth):
            continue
        cell = state.make(endpoint, number, key.subject)
        if cell < 0:
            continue
        if isinstance(source, Forecast):
            _seed_ring(state, int(state.cells.extra[cell]), source, points)
        else:
            _seed_growth(state, int(state.cells.extra[cell]), source, key, points)


def _seed_ring(state: FleetState, ring: int, source: Forecast, points: Points) -> None:
    rings = state.rings
    width = rings.point.shape[1]
    values = getattr(points, daily.SEEDED[source.aggregate])
    recent = points.days > points.days[-1] - width
    rings.point[ring] = np.nan
    rings.point[ring, points.days[recent] % width] = values[recent].astype(np.float32)
    rings.day[ring] = points.days[-1]
    rings.value[ring], rings.weight[ring] = NAN, 0


def _seed_growth(state: FleetState, row: int, source: Growth, key: SeriesKey, points: Points) -> None:
    growths = state.growths
    ends = (points.days + 1) * daily.DAY - 1
    if growths.next[row] == -np.inf:
        growth.rotate(growths, np.array([row]), ends[-1:].astype(np.float64))
    if key.statistic == LAST:
        known = ~np.isnan(points.last)
        levels, ends = points.last[known], ends[known]
        amounts = np.concatenate([[0.0], np.diff(levels)]) if len(levels) else levels
    else:
        levels, amounts = points.last[:0], points.total
    for end, amount in zip(ends.tolist(), amounts.tolist(), strict=True):
        if amount > 0:
            growth.add(growths, row, end, amount)
    for offset, lane in enumerate(source.lanes):
        if (lane.signal, lane.statistic) == (key.signal, key.statistic):
            base = levels[-1] if len(levels) else NAN if key.statistic == LAST else 0.0
            state.lanes.base[int(growths.lane[row]) + offset] = base
    growth.refresh(growths, state.terms, np.array([row]))


def adopt(state: FleetState, endpoint: Endpoint, rule: str, subject: str, since: float, severity: int) -> bool:
    """Makes the finding a standing one that has been told."""
    number = next((n for n, r in enumerate(state.pack.rules) if r.id == rule), -1)
    cell = state.make(endpoint, number, subject) if number >= 0 else -1
    if cell < 0:
        return False
    cells = state.cells
    cells.active[cell] = cells.busy[cell] = True
    cells.since[cell] = cells.told_since[cell] = cells.told[cell] = cells.seen[cell] = since
    cells.told_severity[cell] = severity
    state.limits(cell)
    endpoint.plan = None
    return True


def sweep(state: FleetState, endpoint: Endpoint, layout: Layout, now: float) -> None:
    """Once a day, before a window of ``layout``: clears findings that have not been measurable for long, and drops what
    is left of subjects that are gone.

    A stick that was pulled out, a volume that is mounted no more: their findings would stand for ever.
    """
    endpoint.swept = now + daily.DAY
    present = {(key.signal, key.statistic, key.subject) for key in layout.keys}
    for key, cell in list(endpoint.cells.items()):
        if state.cells.busy[cell]:
            if state.cells.seen[cell] < now - FORGET_AFTER:
                _forget(state, cell)
        elif _is_idle(state, key, cell, present, now):
            state.remove(endpoint, key)


def _forget(state: FleetState, cell: int) -> None:
    cells = state.cells
    cells.active[cell] = False
    cells.since[cell] = cells.clearing[cell] = NAN
    cells.busy[cell] = cells.told_severity[cell] > 0
    state.limits(cell)


def _is_idle(state: FleetState, key: CellKey, cell: int, present: set[tuple[int, int, str]], now: float) -> bool:
    number, subject = key
    rule, extra = state.pack.rules[number], int(state.cells.extra[cell])
    source = rule.source
    if source is None:
        return (rule.terms[0].signal, rule.terms[0].statistic, subject) not in present
    if isinstance(source, Forecast):
        old = state.rings.day[extra] < now // daily.DAY - DROP_AFTER_DAYS
        return bool(old) and (source.signal, source.statistic, subject) not in present
    if isinstance(source, Growth):
        growths = state.growths
        counted = any((lane.signal, lane.statistic, subject) in present for lane in source.lanes)
        if counted or not growths.present[extra]:
            growths.present[extra] = now
        # The level that growth is measured from is worth keeping over a holiday.
        old = growths.present[extra] < now - DROP_AFTER_DAYS * daily.DAY
        return bool(old) and not bool(growths.amount[extra].any())
    return bool(np.isnan(state.terms.x[state.cells.term[cell]]))
