"""How to read the windows of one layout: worked out once for all endpoints of a shape, used for each window.

A plan is one list of numbers. Each is a position in a window's values, or a row that is counted from where the
endpoint's run begins in some table; ``owner`` says which, so that the plans of a batch are put side by side by one
addition (assembly.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import facts as fact_tests
from keuring_collector.engine.columns import NAN
from keuring_collector.engine.compiled import Truth
from keuring_collector.engine.kinds.kind import Place
from keuring_collector.engine.model import SeriesKey
from keuring_collector.engine.shape import CELLS, ITSELF, TERMS, VALUES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.compiled import CompiledRule
    from keuring_collector.engine.model import Layout
    from keuring_collector.engine.shape import CellKey
    from keuring_collector.engine.state import Endpoint, FleetState

    Ints = NDArray[np.int64]

READ = (VALUES, TERMS)  # position, term
JUDGED = (CELLS, ITSELF, ITSELF)  # cell, rule, how many terms
COMPARED = (TERMS, ITSELF)  # term, its number among those of all rules

APPLIES, BUSY = 1, 2
MANY = 16  # endpoints from which on columns are spread one by one

Owners = tuple[int, ...]
Entries = list[tuple[int, ...]]


class Plan:
    """What endpoints of one shape, layout and applicability share.

    ``rel`` and ``owner`` are the numbers of all lists, column by column, of which each has a slice of ``columns``;
    ``counts`` is the length of each list. ``blank`` are the terms that are not in the window, ``unknown`` the cells
    that are not judged, ``wholes`` those whose date is their parts'; ``grouped`` the cells that their kind arranges by
    the facts.
    """

    def __init__(self, size: int, lists: list[tuple[Owners, Entries]], sheet: Sheet) -> None:
        self.size = size
        self.counts = [len(rows) for _, rows in lists]
        rel, owner = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        self.columns: list[slice] = []
        self.whose: list[int | None] = []  # of a column: the owner of all its numbers; None: they differ
        start = 0
        for owners, rows in lists:
            for column, whose in enumerate(owners):
                values = np.array([row[column] for row in rows], dtype=np.int64)
                absent = (values < 0) & (whose == VALUES)
                rel.append(values)
                owner.append(np.where(absent, ITSELF, whose))
                self.columns.append(slice(start, start + len(rows)))
                self.whose.append(None if absent.any() else whose)
                start += len(rows)
        self.rel, self.owner = np.concatenate(rel), np.concatenate(owner)
        self.blank = np.array(sheet.blank, dtype=np.int64)
        self.unknown = np.array(sheet.unknown, dtype=np.int64)
        self.wholes = np.array(sheet.wholes, dtype=np.int64)
        self.grouped = tuple(sheet.grouped)

    def spread(self, begins: Ints) -> list[Ints]:
        """The columns of all lists for some endpoints, one endpoint after the other; ``begins`` by owner."""
        if len(begins) == 1:
            alone = begins[0, self.owner] + self.rel
            return [alone[column] for column in self.columns]
        if len(begins) < MANY:
            numbers = begins[:, self.owner] + self.rel
            return [numbers[:, column].reshape(-1) for column in self.columns]
        found = []
        for column, whose in zip(self.columns, self.whose, strict=True):
            first = begins[:, self.owner[column]] if whose is None else begins[:, whose, None]
            found.append((first + self.rel[column]).reshape(-1))
        return found

    def settle(self, state: FleetState, endpoint: Endpoint) -> None:
        """Writes what is so as long as the plan holds."""
        first = state.bases.first[endpoint.row]
        state.terms.x[self.blank + first[TERMS]] = NAN
        state.cells.truth[self.unknown + first[CELLS]] = Truth.UNKNOWN
        state.cells.dating[self.wholes + first[CELLS]] = -1
        for place in self.grouped:
            cell = state.at(endpoint, place)
            kind = state.index.kind[cell.number]
            if kind is not None:
                kind.group(state.index.rules[cell.number].source, cell)


class Seat(NamedTuple):
    """The plan of one endpoint, by the row of where its runs begin; made anew whenever either may have changed."""

    row: int
    plan: Plan


class Sheet:
    """Where kinds enter how they read windows: ``position`` of each series, the ``places`` of cells, and what a plan
    has besides its lists.
    """

    def __init__(self, position: dict[SeriesKey, int], places: dict[CellKey, int], unknown: int) -> None:
        self.position = position
        self.places = places
        self.missing = unknown  # the place of a cell that is never known
        self.blank: list[int] = []
        self.unknown: list[int] = []
        self.wholes: list[int] = []
        self.grouped: list[int] = []


class Planner:
    """Finds the plan of an endpoint among those that others have, or makes it."""

    def __init__(self, state: FleetState, endpoint: Endpoint, layout: Layout) -> None:
        self.state = state
        self.endpoint = endpoint
        self.layout = layout
        self.shape = endpoint.shape

    def plan(self) -> Plan:
        """The plan; what it says of this endpoint is written."""
        treated = self._treated()
        key = (self.shape, self.layout.keys, treated)
        plan = self.state.plans.get(key)
        if plan is None:
            plan = self.state.plans[key] = self._make(treated)
        plan.settle(self.state, self.endpoint)
        return plan

    def _treated(self) -> bytes:
        """By place whether the rule applies, and whether the cell is busy."""
        index, facts = self.state.index, self.endpoint.facts
        first = int(self.state.bases.first[self.endpoint.row, CELLS])
        busy = self.state.cells.busy[first : first + len(self.shape.keys)].tolist()
        known: dict[CellKey, bool] = {}
        found = bytearray(len(busy))
        for place, (number, subject) in enumerate(self.shape.keys):
            applies = True
            # What a machine's part is part of may be about several subjects, which need not all be meant.
            if index.same[number]:
                root = (index.root[number], subject)
                if root not in known:
                    known[root] = fact_tests.applies(index.rules[root[0]].applies, facts, subject)
                applies = known[root]
            found[place] = APPLIES * applies + BUSY * busy[place]
        return bytes(found)

    def _make(self, treated: bytes) -> Plan:
        state, index = self.state, self.state.index
        position = {key: number for number, key in enumerate(self.layout.keys)}
        self.sheet = Sheet(position, self.shape.places, self.shape.unknown)
        self.direct: list[tuple[int, ...]] = []
        self.minus: list[tuple[int, ...]] = []
        self.judged: list[list[tuple[int, ...]]] = [[] for _ in range(index.deepest + 1)]
        self.compared: list[list[tuple[int, ...]]] = [[] for _ in range(index.deepest + 1)]
        self.lists: dict[type, tuple[list[tuple[int, ...]], ...]] = {
            source: tuple([] for _ in kind.lists) for source, kind in state.kinds.items()
        }
        # Parts before what they are parts of: that asks them for their dates.
        for place in sorted(range(len(treated)), key=lambda place: index.depth[self.shape.keys[place][0]]):
            self._cell(place, applies=bool(treated[place] & APPLIES), busy=bool(treated[place] & BUSY))
        lists = [self.direct, self.minus]
        for judged, compared in zip(self.judged, self.compared, strict=True):
            lists += [judged, compared]
        for mine in self.lists.values():
            lists += mine
        return Plan(len(position), list(zip(state.lists, lists, strict=True)), self.sheet)

    def _cell(self, place: int, *, applies: bool, busy: bool) -> None:
        index, (number, subject) = self.state.index, self.shape.keys[place]
        rule, kind, depth = index.rules[number], index.kind[number], index.depth[number]
        first = self.shape.terms[place]
        if (applies or busy) and kind is not None:
            cell = Place(self.endpoint, number, subject, place, self.shape.rows[place], first)
            kind.collect(rule.source, cell, self.sheet, self.lists[type(rule.source)])
        if not applies and not (busy and index.whole[number] >= 0):
            if busy:
                self.compared[depth].append((self.shape.never, index.never))
                self.judged[depth].append((place, number, 1))
            return
        main = rule.terms[0]
        here = SeriesKey(main.signal, main.statistic, subject) in self.sheet.position
        if rule.source is None and not busy and not here:
            self.sheet.unknown.append(place)
            return
        self._read(rule, first, subject)
        known = int(index.first_term[number])
        self.compared[depth] += [(first + offset, known + offset) for offset in range(len(rule.terms))]
        self.judged[depth].append((place, number, len(rule.terms)))

    def _read(self, rule: CompiledRule, first: int, subject: str) -> None:
        """The terms that are read from the window."""
        position = self.sheet.position
        for offset, term in enumerate(rule.terms):
            if offset == 0 and rule.source is not None:
                continue
            about = subject if term.same_subject else ""
            at = position.get(SeriesKey(term.signal, term.statistic, about), -1)
            other = position.get(SeriesKey(term.minus_signal, term.minus_statistic, about), -1)
            if at < 0 or (term.minus_signal and other < 0):
                self.sheet.blank.append(first + offset)
                continue
            self.direct.append((at, first + offset))
            if term.minus_signal:
                self.minus.append((other, first + offset))
