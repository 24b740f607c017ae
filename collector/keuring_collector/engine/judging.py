"""Judging of one window each of many endpoints, side by side."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import machine, telling
from keuring_collector.engine.compiled import Combination, Truth
from keuring_collector.engine.kinds.kind import Reading
from keuring_collector.engine.model import Change

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.assembly import Assembly, Deck
    from keuring_collector.engine.model import Finding
    from keuring_collector.engine.state import Endpoint, FleetState

    Floats = NDArray[np.float64]

CHANGES = (Change.OPENED, Change.CONTINUED, Change.CLEARED)  # in the order of machine.Told

Told = list[tuple[int, int, "Finding"]]  # place of the window, number of the rule, what was found


class Round(NamedTuple):
    """One window each of different endpoints: whose they are, their values side by side with a NaN at the end, and
    their times.
    """

    endpoints: Sequence[int]
    assembly: Assembly
    flat: Floats
    start: Floats
    end: Floats  # never ahead of receive time
    received: Floats


class Judge:
    """Judges rounds: folds the values into the state, compares, and tells."""

    def __init__(self, state: FleetState, endpoints: Mapping[int, Endpoint], freshness: float) -> None:
        self._state = state
        self._endpoints = endpoints
        self._freshness = freshness

    def judge(self, batch: Round) -> Told:
        """What is found, in no order."""
        state, assembly, flat = self._state, batch.assembly, batch.flat
        reading = Reading(flat, assembly.offsets, batch.end)
        for source, kind in state.kinds.items():
            kind.fold(reading, assembly.kinds[source])

        terms = state.terms
        position, term = assembly.direct
        terms.x[term] = flat[position]
        position, term = assembly.minus
        if len(term):
            terms.x[term] -= flat[position]

        for source, kind in state.kinds.items():
            kind.work_out(assembly.kinds[source])

        told: Told = []
        for depth, deck in enumerate(assembly.decks):
            if depth:
                state.combining.join(assembly.kinds[Combination], depth)
            if len(deck.cell):
                told += self._level(batch, deck)
        return told

    def _level(self, batch: Round, deck: Deck) -> Told:
        """Judges what is at one depth; what it is part of comes after it."""
        state, cell, window = self._state, deck.cell, deck.window
        truth = _truth(state, deck, batch.end)
        if state.hours is not None:
            mine = np.flatnonzero(state.index.in_hours[state.cells.rule[cell]])
            within = state.hours.inside(batch.start[window[mine]], batch.end[window[mine]])
            truth[mine[~within]] = Truth.UNKNOWN
        stirring = np.flatnonzero((truth == Truth.TRUE) | state.cells.busy[cell])
        told = []
        if len(stirring):
            told = self._step(batch, cell[stirring], truth[stirring], window[stirring])
        if state.index.parts:
            active = state.cells.active[cell]
            known = np.where(truth == Truth.UNKNOWN, np.int8(Truth.UNKNOWN), np.int8(Truth.FALSE))
            state.cells.truth[cell] = np.where(active, np.int8(Truth.TRUE), known)
        return told

    def _step(self, batch: Round, cell: NDArray[np.int64], truth: NDArray[np.int8], window: NDArray[np.int64]) -> Told:
        state, cells, index = self._state, self._state.cells, self._state.index
        rule = cells.rule[cell]
        start, end = batch.start[window], batch.end[window]
        holds = machine.Holds(index.hold[rule], index.recovery[rule], index.gap[rule])
        lapse = machine.elapsed if state.hours is None else partial(state.hours.lapse, mine=index.in_hours[rule])
        turned = machine.step(cells, cell, truth, machine.Times(start, end), holds, lapse)
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


def _truth(state: FleetState, deck: Deck, end: NDArray[np.float64]) -> NDArray[np.int8]:
    """Whether each cell's terms are all true."""
    terms, rows = state.terms, deck.rows
    x = terms.x[rows]
    if len(deck.sloped):
        x[deck.sloped] -= deck.slope * end[deck.slope_window]
    value, limit = deck.sign * x, terms.limit[rows]
    each = (value > limit).view(np.int8) - (value <= limit).view(np.int8) + np.int8(Truth.UNKNOWN)
    found: NDArray[np.int8] = np.minimum.reduceat(each, deck.first)
    return found
