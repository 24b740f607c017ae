"""Filling state from history, taking findings over, and forgetting subjects that are gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import daily
from keuring_collector.engine.columns import NAN
from keuring_collector.engine.compiled import Truth
from keuring_collector.engine.shape import CELLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.kinds import Kind
    from keuring_collector.engine.model import Layout, SeriesKey
    from keuring_collector.engine.state import Endpoint, FleetState

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
    numbers = state.index.by_series.get((key.signal, key.statistic), ())
    state.make_all(endpoint, [(number, key.subject) for number in numbers if state.index.kind[number] is not None])
    for number in numbers:
        rule = state.index.rules[number]
        kind = state.index.kind[number]
        if kind is not None and (number, key.subject) in endpoint.cells:
            kind.seed(rule.source, state.place(endpoint, number, key.subject), key, points)


def adopt(state: FleetState, endpoint: Endpoint, rule: str, subject: str, since: float, severity: int) -> bool:
    """Makes the finding a standing one that has been told."""
    number = next((n for n, r in enumerate(state.pack.rules) if r.id == rule), -1)
    if number < 0 or not state.make(endpoint, number, subject):
        return False
    cell, table = state.cell(endpoint, (number, subject)), state.standing
    state.cells.active[cell] = state.cells.busy[cell] = True
    row = state.stand(np.array([cell]))
    table.since[row] = table.told_since[row] = table.told[row] = since
    # It may have begun long ago; from when on nothing is known of it begins with what was replayed.
    table.seen[row] = max(since, endpoint.at)
    table.told_severity[row] = severity
    endpoint.plan = None
    return True


def sweep(state: FleetState, endpoint: Endpoint, layout: Layout, now: float) -> None:
    """Once a day, before a window of ``layout``: clears findings that have not been measurable for long; and once a
    week, drops what is left of subjects that are gone.

    A stick that was pulled out, a volume that is mounted no more: their findings would stand for ever. What a machine
    did not report while it was away itself is not held against it: until when it was there, the sweep before tells.
    """
    there = min(now, endpoint.swept)
    week = _week(endpoint, endpoint.swept - EVERY)
    endpoint.swept = now + EVERY
    first = int(state.bases.first[endpoint.row, CELLS])
    run = slice(first, first + len(endpoint.cells))
    busy = np.flatnonzero(state.cells.busy[run]) + first
    for cell in busy[state.standing.seen[state.cells.standing[busy]] < there - FORGET_AFTER].tolist():
        _forget(state, cell)
    if week == _week(endpoint, now):
        return
    round_ = _round(state, endpoint, layout)
    for kind, table, rows in round_.met:
        kind.meet(rows + state.bases.first[endpoint.row, table], now)
    gone, quiet = [], (~state.cells.busy[run]).tolist()
    for place in state.places(endpoint, round_.look):
        rule, kind_ = state.index.rules[place.number], state.index.kind[place.number]
        if not quiet[place.cell - first]:
            if kind_ is not None:
                kind_.absent(rule.source, place, round_.present, now)
        elif kind_ is None or kind_.idle(rule.source, place, round_.present, now):
            gone.append((place.number, place.subject))
    state.remove(endpoint, gone)


class Round(NamedTuple):
    """What a weekly sweep comes to for endpoints of one shape and layout: the places to ``look`` at one by one, and of
    each kind the rows in its first table that are ``met``.
    """

    keys: tuple[SeriesKey, ...]
    present: set[tuple[int, int, str]]
    look: list[int]
    met: list[tuple[Kind, int, NDArray[np.int64]]]


def _round(state: FleetState, endpoint: Endpoint, layout: Layout) -> Round:
    shape = endpoint.shape
    if shape.round is not None and shape.round.keys == layout.keys:
        return shape.round
    present, look = {(key.signal, key.statistic, key.subject) for key in layout.keys}, []
    met: dict[Kind, tuple[int, list[int]]] = {}
    for number, place in enumerate(state.places(endpoint, range(len(shape.keys)))):
        rule, kind = state.index.rules[place.number], state.index.kind[place.number]
        if kind is None:
            if (rule.terms[0].signal, rule.terms[0].statistic, place.subject) not in present:
                look.append(number)
        elif not kind.kept(rule.source, place, present):
            look.append(number)
        elif place.rows:
            met.setdefault(kind, (shape.tables[number][0], []))[1].append(shape.rows[number][0])
    rows = [(kind, table, np.array(mine, dtype=np.int64)) for kind, (table, mine) in met.items()]
    shape.round = Round(layout.keys, present, look, rows)
    return shape.round


def _week(endpoint: Endpoint, at: float) -> float:
    """The week of a time; it begins on another day for each endpoint, so that they do not all drop things at once."""
    return (at + endpoint.number % 7 * daily.DAY) // (7 * daily.DAY)


def _forget(state: FleetState, cell: int) -> None:
    cells, table, row = state.cells, state.standing, int(state.cells.standing[cell])
    cells.active[cell] = False
    table.since[row] = table.clearing[row] = NAN
    cells.busy[cell] = table.told_severity[row] > 0
    cells.truth[cell] = Truth.UNKNOWN
    if not cells.busy[cell]:
        state.release(np.array([cell]))


def is_settled(state: FleetState, endpoint: Endpoint, layout: Layout) -> bool:
    """Whether ``sweep`` has nothing to do but to forget, as long as layout and facts stay as they are."""
    present = {(key.signal, key.statistic, key.subject) for key in layout.keys}
    for place in state.places(endpoint, range(len(endpoint.cells))):
        rule, kind = state.index.rules[place.number], state.index.kind[place.number]
        if kind is None:
            if (rule.terms[0].signal, rule.terms[0].statistic, place.subject) not in present:
                return False
        elif not kind.settled(rule.source, place, present):
            return False
    return True
