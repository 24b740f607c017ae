"""Judging of one window each of many endpoints, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import machine, telling
from keuring_collector.engine.compiled import Combination, Truth
from keuring_collector.engine.kinds.kind import Reading, Together
from keuring_collector.engine.model import Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.model import Finding
    from keuring_collector.engine.plan import Level, Plan
    from keuring_collector.engine.state import Endpoint, FleetState

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

CHANGES = (Change.OPENED, Change.CONTINUED, Change.CLEARED)  # in the order of machine.Told

Told = list[tuple[int, int, "Finding"]]  # place of the window, number of the rule, what was found


class _Level(NamedTuple):
    """What is judged at one depth: cells, with the number of their terms, the first of these, and their window."""

    terms: Ints
    term_window: Ints
    cell: Ints
    first: Ints
    window: Ints


class Beside:
    """The plans of some endpoints side by side: how to read one window of each. Serves as long as the plans do."""

    def __init__(self, state: FleetState, plans: Sequence[Plan], sizes: Sequence[int]) -> None:
        self.offsets = np.cumsum([0, *sizes[:-1]])
        self.direct = _shifted([plan.direct for plan in plans], self.offsets)
        self.minus = _shifted([plan.minus for plan in plans], self.offsets)
        columns = zip(*(plan.kinds for plan in plans), strict=True)
        self.lists = {source: Together(each) for source, each in zip(state.kinds, columns, strict=True)}
        self.levels = [_level([plan.levels[depth] for plan in plans]) for depth in range(state.index.deepest + 1)]


def _level(levels: Sequence[Level]) -> _Level:
    places = np.arange(len(levels))
    cell, count = np.concatenate([level.judged for level in levels], axis=1)
    return _Level(
        np.concatenate([level.terms for level in levels]),
        np.repeat(places, [len(level.terms) for level in levels]),
        cell,
        np.cumsum(count) - count,
        np.repeat(places, [level.judged.shape[1] for level in levels]),
    )


def _shifted(columns: Sequence[Ints], offsets: Ints) -> Ints:
    """(position, row) columns of all windows, the positions counted in their values side by side."""
    together = np.concatenate(columns, axis=1)
    if together.shape[1]:
        together[0] += np.repeat(offsets, [c.shape[1] for c in columns])
    return together


class Round(NamedTuple):
    """One window each of different endpoints: by window, whose it is and its times; ``flat``: all values, and a NaN."""

    endpoints: Sequence[int]
    beside: Beside
    flat: Floats
    start: Floats
    end: Floats  # never ahead of receive time, whatever the clock of the machine said
    received: Floats


class Judge:
    """Judges rounds: folds the values into the state, compares, and tells."""

    def __init__(self, state: FleetState, endpoints: Mapping[int, Endpoint], freshness: float) -> None:
        self._state = state
        self._endpoints = endpoints
        self._freshness = freshness

    def judge(self, batch: Round) -> Told:
        """What is found, in no order."""
        state, beside = self._state, batch.beside
        reading = Reading(batch.flat, beside.offsets, batch.end)
        for source, kind in state.kinds.items():
            kind.fold(reading, beside.lists[source])

        terms = state.terms
        position, term = beside.direct
        terms.x[term] = batch.flat[position]
        position, term = beside.minus
        if len(term):
            terms.x[term] -= batch.flat[position]

        told: Told = []
        for depth, level in enumerate(beside.levels):
            if depth:
                state.combining.join(beside.lists[Combination], depth)
            told += self._level(batch, level)
        return told

    def _level(self, batch: Round, level: _Level) -> Told:
        """Judges what is at one depth; what it is part of comes after it."""
        state, cell = self._state, level.cell
        if not len(level.terms):
            return []
        truth = _truth(state, level, batch.end)
        stirring = np.flatnonzero((truth == Truth.TRUE) | state.cells.busy[cell])
        told: Told = []
        if len(stirring):
            told = self._step(batch, cell[stirring], truth[stirring], level.window[stirring])
        if state.index.parts:
            active = state.cells.active[cell]
            known = np.where(truth == Truth.UNKNOWN, np.int8(Truth.UNKNOWN), np.int8(Truth.FALSE))
            state.cells.truth[cell] = np.where(active, np.int8(Truth.TRUE), known)
        return told

    def _step(self, batch: Round, cell: Ints, truth: NDArray[np.int8], window: Ints) -> Told:
        state, cells, index = self._state, self._state.cells, self._state.index
        rule = cells.rule[cell]
        start, end = batch.start[window], batch.end[window]
        holds = machine.Holds(index.hold[rule], index.recovery[rule], index.gap[rule])
        turned = machine.step(cells, cell, truth, machine.Times(start, end), holds)
        for row in cell[turned].tolist():
            state.limits(row)
        if index.parts:  # parts tell nothing
            told = ~index.is_part[rule]
            cell, rule, window, end = cell[told], rule[told], window[told], end[told]
        fresh = batch.received[window] - end <= self._freshness
        grade = telling.severity(state, cell, end)
        told_grade = cells.told_severity[cell]
        said = machine.tell(cells, cell, end, fresh, grade, telling.expected(state, cell))
        findings = []
        for changes, change in zip(said, CHANGES, strict=True):
            for item in np.flatnonzero(changes).tolist():
                row, place = int(cell[item]), int(window[item])
                level = int(told_grade[item] if change is Change.CLEARED else grade[item])
                endpoint = self._endpoints[batch.endpoints[place]]
                finding = telling.finding(state, endpoint, row, change, float(end[item]), level)
                findings.append((place, int(rule[item]), finding))
        return findings


def _truth(state: FleetState, level: _Level, end: Floats) -> NDArray[np.int8]:
    """Whether each cell's terms are all true."""
    terms, rows = state.terms, level.terms
    value = terms.sign[rows] * (terms.x[rows] - terms.slope[rows] * end[level.term_window])
    limit = terms.limit[rows]
    each = (value > limit).view(np.int8) - (value <= limit).view(np.int8) + np.int8(Truth.UNKNOWN)
    return np.minimum.reduceat(each, level.first)
