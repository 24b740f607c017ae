"""Judging of one window each of many endpoints, side by side."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import daily, machine, telling
from keuring_collector.engine.compiled import Combination, Truth
from keuring_collector.engine.kinds.kind import Reading
from keuring_collector.engine.model import Change
from keuring_collector.engine.shape import CELLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.assembly import Assembly, Deck
    from keuring_collector.engine.model import Finding
    from keuring_collector.engine.state import Endpoint, FleetState

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CHANGES = (Change.OPENED, Change.CONTINUED, Change.CLEARED)  # in the order of machine.Told

Told = list[tuple[int, int, "Finding"]]  # place of the window, number of the rule, what was found


class Round(NamedTuple):
    """One window each of different endpoints: whose they are, their values side by side with a NaN at the end, and
    their times.
    """

    endpoints: Sequence[Endpoint]
    assembly: Assembly
    flat: Floats
    start: Floats
    end: Floats  # never ahead of receive time
    received: Floats


class Judge:
    """Judges rounds: folds the values into the state, compares, and tells."""

    def __init__(self, state: FleetState, freshness: float) -> None:
        self._state = state
        self._freshness = freshness

    def judge(self, batch: Round) -> Told:
        """What is found, in no order."""
        state, assembly, flat = self._state, batch.assembly, batch.flat
        reading = Reading(flat, batch.end, daily.day_of(batch.end))
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
            mine = np.flatnonzero(state.index.in_hours[deck.rule])
            within = state.hours.inside(batch.start[window[mine]], batch.end[window[mine]])
            truth[mine[~within]] = Truth.UNKNOWN
        stirring = np.flatnonzero((truth == Truth.TRUE) | state.cells.busy[cell])
        told = self._step(batch, deck, stirring, truth[stirring]) if len(stirring) else []
        if len(deck.parts):
            parts, known = cell[deck.parts], truth[deck.parts] != Truth.UNKNOWN
            known = np.where(known, np.int8(Truth.FALSE), np.int8(Truth.UNKNOWN))
            state.cells.truth[parts] = np.where(state.cells.active[parts], np.int8(Truth.TRUE), known)
        return told

    def _step(self, batch: Round, deck: Deck, mine: Ints, truth: NDArray[np.int8]) -> Told:
        state, cells, index = self._state, self._state.cells, self._state.index
        cell, rule, window = deck.cell[mine], deck.rule[mine], deck.window[mine]
        standing = state.stand(cell)
        start, end = batch.start[window], batch.end[window]
        holds = machine.Holds(index.hold[rule], index.recovery[rule], index.gap[rule])
        lapse = machine.elapsed if state.hours is None else partial(state.hours.lapse, mine=index.in_hours[rule])
        rows = machine.Rows(cells, cell, state.standing, standing)
        machine.step(rows, truth, machine.Times(start, end), holds, lapse)
        told = np.flatnonzero(~index.is_part[rule])  # parts tell nothing
        found = self._tell(batch, telling.Items(cell[told], standing[told], rule[told], window[told]))
        state.release(cell[~cells.busy[cell]])
        return found

    def _tell(self, batch: Round, items: telling.Items) -> Told:
        state, (cell, standing, rule, window) = self._state, items
        first, end = batch.assembly.first[window], batch.end[window]
        fresh = batch.received[window] - end <= self._freshness
        grade = telling.severity(state, items, first, end)
        told_grade = state.standing.told_severity[standing]
        rows = machine.Rows(state.cells, cell, state.standing, standing)
        said = machine.tell(rows, end, fresh, grade, telling.expected(state, items, first))
        findings = []
        for changes, change in zip(said, CHANGES, strict=True):
            for item in np.flatnonzero(changes).tolist():
                place = int(window[item])
                level = int(told_grade[item] if change is Change.CLEARED else grade[item])
                mine = state.at(batch.endpoints[place], int(cell[item] - first[item, CELLS]))
                finding = telling.finding(state, mine, change, float(end[item]), level)
                findings.append((place, int(rule[item]), finding))
        return findings


def _truth(state: FleetState, deck: Deck, end: NDArray[np.float64]) -> NDArray[np.int8]:
    """Whether each cell's terms are all true."""
    x, limit = state.terms.x[deck.rows], deck.limit
    if len(deck.sloped):
        x[deck.sloped] -= deck.slope * end[deck.slope_window]
    active = state.cells.active[deck.cell]
    if active.any():
        stands = np.flatnonzero(np.repeat(active, deck.terms))
        limit = limit.copy()
        limit[stands] = state.index.standing_limit[deck.spec[stands]]
    value = deck.sign * x
    each = (value > limit).view(np.int8) - (value <= limit).view(np.int8) + np.int8(Truth.UNKNOWN)
    found: NDArray[np.int8] = np.minimum.reduceat(each, deck.first)
    return found
