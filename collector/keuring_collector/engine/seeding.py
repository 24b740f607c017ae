"""Filling state from history, taking findings over, and forgetting subjects that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import daily
from keuring_collector.engine.columns import NAN
from keuring_collector.engine.compiled import Truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.model import Layout, SeriesKey
    from keuring_collector.engine.state import CellKey, Endpoint, FleetState

EVERY = daily.DAY  # seconds between two sweeps
FORGET_AFTER = 14 * daily.DAY  # a finding whose subject is measured no more is cleared after this


class Points(NamedTuple):
    """Daily points of one series: days since 1970, rising, and what each day came to (NaN: unknown)."""

    days: NDArray[np.int64]
    last: NDArray[np.float64]
    minimum: NDArray[np.float64]
    mean: NDArray[np.float64]
    maximum: NDArray[np.float64]
    total: NDArray[np.float64]


def seed(state: FleetState, endpoint: Endpoint, key: SeriesKey, points: Points) -> None:
    """Fills what rests on daily points of the series ``key``."""
    if not len(points.days):
        return
    for number in state.index.by_series.get((key.signal, key.statistic), ()):
        rule = state.index.rules[number]
        kind = state.kind(rule)
        if kind is None:
            continue
        cell = state.make(endpoint, number, key.subject)
        if cell >= 0:
            kind.seed(rule.source, int(state.cells.extra[cell]), key, points)


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
    """Once a day, before a window of ``layout``: clears findings that have not been measurable for long; and once a
    week, drops what is left of subjects that are gone.

    A stick that was pulled out, a volume that is mounted no more: their findings would stand for ever.
    """
    week = _week(endpoint, endpoint.swept - EVERY)
    endpoint.swept = now + EVERY
    cells = state.cells
    rows = np.fromiter(endpoint.cells.values(), np.int64, len(endpoint.cells))
    for cell in rows[cells.busy[rows] & (cells.seen[rows] < now - FORGET_AFTER)].tolist():
        _forget(state, cell)
    if week == _week(endpoint, now):
        return
    present = {(key.signal, key.statistic, key.subject) for key in layout.keys}
    for key, cell in list(endpoint.cells.items()):
        if not cells.busy[cell] and _is_idle(state, endpoint, key, present, now):
            state.remove(endpoint, key)


def _week(endpoint: Endpoint, at: float) -> float:
    """The week of a time; it begins on another day for each endpoint, so that they do not all drop things at once."""
    return (at + endpoint.number % 7 * daily.DAY) // (7 * daily.DAY)


def _forget(state: FleetState, cell: int) -> None:
    cells = state.cells
    cells.active[cell] = False
    cells.since[cell] = cells.clearing[cell] = NAN
    cells.busy[cell] = cells.told_severity[cell] > 0
    cells.truth[cell] = Truth.UNKNOWN
    state.limits(cell)


def _is_idle(
    state: FleetState, endpoint: Endpoint, key: CellKey, present: set[tuple[int, int, str]], now: float
) -> bool:
    number, subject = key
    rule = state.index.rules[number]
    kind = state.kind(rule)
    if kind is None:
        return (rule.terms[0].signal, rule.terms[0].statistic, subject) not in present
    return kind.idle(rule.source, state.place(endpoint, number, subject), present, now)


def is_settled(state: FleetState, endpoint: Endpoint, layout: Layout) -> bool:
    """Whether ``sweep`` has nothing to do but to forget, as long as layout and facts stay as they are."""
    present = {(key.signal, key.statistic, key.subject) for key in layout.keys}
    for number, subject in endpoint.cells:
        rule = state.index.rules[number]
        kind = state.kind(rule)
        if kind is None:
            if (rule.terms[0].signal, rule.terms[0].statistic, subject) not in present:
                return False
        elif not kind.settled(rule.source, state.place(endpoint, number, subject), present):
            return False
    return True
