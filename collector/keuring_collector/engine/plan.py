"""How to read the windows of one layout of one endpoint: worked out once, used for each window."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import facts as fact_tests
from keuring_collector.engine.columns import NAN
from keuring_collector.engine.compiled import Truth
from keuring_collector.engine.model import SeriesKey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.compiled import CompiledRule
    from keuring_collector.engine.model import Layout
    from keuring_collector.engine.state import Endpoint, FleetState

    Ints = NDArray[np.int64]


class Level(NamedTuple):
    """What is judged at one depth: columns of ``judged`` are (cell, number of terms), ``terms`` are their terms."""

    judged: Ints
    terms: Ints


class Plan(NamedTuple):
    """Index arrays: positions into a window's ``size`` values and rows of the tables.

    A column of ``direct`` is (position, term); of ``minus`` likewise. ``levels`` are what has no parts first;
    ``kinds`` the lists of each kind (kinds/), in their order.
    """

    size: int
    direct: Ints
    minus: Ints
    levels: tuple[Level, ...]
    kinds: tuple[tuple[Ints, ...], ...]


class Planner:
    """Collects the columns of one plan."""

    def __init__(self, state: FleetState, endpoint: Endpoint, layout: Layout) -> None:
        self.state = state
        self.endpoint = endpoint
        self.position = {key: number for number, key in enumerate(layout.keys)}
        self.size = len(layout.keys)
        self.direct: list[tuple[int, ...]] = []
        self.minus: list[tuple[int, ...]] = []
        depths = range(state.index.deepest + 1)
        self.terms: list[list[int]] = [[] for _ in depths]
        self.judged: list[list[tuple[int, ...]]] = [[] for _ in depths]
        self.lists: dict[type, tuple[list[tuple[int, ...]], ...]] = {
            source: tuple([] for _ in kind.widths) for source, kind in state.kinds.items()
        }

    def plan(self) -> Plan:
        """The plan."""
        depth = self.state.index.depth
        # Parts before what they are parts of: that asks them for their dates.
        for (number, subject), cell in sorted(self.endpoint.cells.items(), key=lambda item: depth[item[0][0]]):
            self._cell(cell, number, subject)
        levels = (
            Level(_columns(judged, 2), np.array(terms, dtype=np.int64))
            for judged, terms in zip(self.judged, self.terms, strict=True)
        )
        kinds = (
            tuple(_columns(rows, width) for rows, width in zip(self.lists[source], kind.widths, strict=True))
            for source, kind in self.state.kinds.items()
        )
        direct, minus = _columns(self.direct, 2), _columns(self.minus, 2)
        return Plan(self.size, direct, minus, tuple(levels), tuple(kinds))

    def _applies(self, number: int, subject: str) -> bool:
        index = self.state.index
        root = index.rules[index.root[number]]
        # What a machine's part is part of may be about several subjects, which need not all be meant.
        return not index.same[number] or fact_tests.applies(root.applies, self.endpoint.facts, subject)

    def _cell(self, cell: int, number: int, subject: str) -> None:
        state, rule = self.state, self.state.index.rules[number]
        depth, whole = state.index.depth[number], state.index.whole[number]
        busy = bool(state.cells.busy[cell])
        applicable = self._applies(number, subject)
        if applicable or busy:
            kind = state.kind(rule)
            if kind is not None:
                place = state.place(self.endpoint, number, subject)
                kind.collect(rule.source, place, self.position, self.lists[type(rule.source)])
        if not applicable and not (busy and whole >= 0):
            if busy:
                self.terms[depth].append(state.never)
                self.judged[depth].append((cell, 1))
            return
        main = rule.terms[0]
        if rule.source is None and not busy and SeriesKey(main.signal, main.statistic, subject) not in self.position:
            state.cells.truth[cell] = Truth.UNKNOWN
            return
        first = int(state.cells.term[cell])
        self._read(rule, first, subject)
        self.terms[depth].extend(range(first, first + len(rule.terms)))
        self.judged[depth].append((cell, len(rule.terms)))

    def _read(self, rule: CompiledRule, first: int, subject: str) -> None:
        """The terms that are read from the window."""
        for offset, term in enumerate(rule.terms):
            if offset == 0 and rule.source is not None:
                continue
            about = subject if term.same_subject else ""
            position = self.position.get(SeriesKey(term.signal, term.statistic, about), -1)
            other = self.position.get(SeriesKey(term.minus_signal, term.minus_statistic, about), -1)
            if position < 0 or (term.minus_signal and other < 0):
                self.state.terms.x[first + offset] = NAN
                continue
            self.direct.append((position, first + offset))
            if term.minus_signal:
                self.minus.append((other, first + offset))


def _columns(rows: list[tuple[int, ...]], width: int) -> Ints:
    return np.array(rows, dtype=np.int64).reshape(len(rows), width).T.copy()
