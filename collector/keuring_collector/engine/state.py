"""The state of a fleet: the tables, and for each endpoint its cells, its facts and how to read its windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import facts as fact_tests
from keuring_collector.engine import growth, projection
from keuring_collector.engine.columns import NAN, Cells, Growths, Lanes, Rings, Terms
from keuring_collector.engine.compiled import Dated, Forecast, Growth, State, Truth
from keuring_collector.engine.index import PackIndex, subject_of
from keuring_collector.engine.model import LAST, SeriesKey

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.compiled import CompiledPack, CompiledRule
    from keuring_collector.engine.model import Event, Fact, Layout, Unmeasured

# What one endpoint may have judged at most; a machine with thousands of mounts must not cost as much as the fleet.
MOST_CELLS = 2000

CellKey = tuple[int, str]  # (rule index, subject)


class Plan(NamedTuple):
    """How to read the windows of one layout: index arrays, positions into its values and rows of the tables.

    A column of ``direct`` is (position, term); of ``minus`` likewise; of ``judged`` (cell, number of terms); of
    ``lanes`` (position, lane); of ``rings`` (position, position of the size or -1, ring). ``terms`` are the terms of
    the judged cells, cell by cell; ``growths`` those whose period moves on.
    """

    direct: NDArray[np.int64]
    minus: NDArray[np.int64]
    terms: NDArray[np.int64]
    judged: NDArray[np.int64]
    lanes: NDArray[np.int64]
    growths: NDArray[np.int64]
    rings: NDArray[np.int64]


class Endpoint:
    """What the fleet knows of one endpoint besides the rows of the tables."""

    __slots__ = ("at", "cells", "facts", "layout", "number", "plan", "swept")

    def __init__(self, number: int) -> None:
        self.number = number
        self.at = 0.0  # end of the last window
        self.cells: dict[CellKey, int] = {}
        self.facts: fact_tests.Facts = {}
        self.layout: Layout | None = None
        self.plan: Plan | None = None
        self.swept = 0.0  # event time from which on forgotten subjects are looked for again


class FleetState:
    """All tables of a fleet under one pack."""

    def __init__(self, pack: CompiledPack) -> None:
        self.pack = pack
        self.index = PackIndex(pack)
        self.terms = Terms()
        self.cells = Cells()
        self.growths = Growths(growth.BUCKETS)
        self.lanes = Lanes()
        self.rings = Rings(self.index.ring_days)
        self.subjects: dict[int, str] = {}  # by cell
        # Always false: what a rule that no longer applies is judged by, so that what it found is cleared.
        self.never = self.terms.take()
        self.terms.x[self.never], self.terms.limit[self.never] = 0.0, np.inf

    def rule(self, cell: int) -> CompiledRule:
        """The rule of a cell."""
        return self.pack.rules[int(self.cells.rule[cell])]

    def make(self, endpoint: Endpoint, number: int, subject: str) -> int:
        """The cell of rule ``number`` about ``subject``; -1 when the endpoint has too many."""
        key = (number, subject)
        found = endpoint.cells.get(key)
        if found is not None:
            return found
        if len(endpoint.cells) >= MOST_CELLS:
            return -1
        rule = self.pack.rules[number]
        cell = self.cells.take()
        first = self.terms.take(len(rule.terms))
        self.cells.rule[cell], self.cells.term[cell] = number, first
        for offset, term in enumerate(rule.terms):
            row = first + offset
            self.terms.sign[row], self.terms.slope[row], self.terms.limit[row] = term.sign, term.slope, term.limit
        if isinstance(rule.source, Growth):
            self.cells.extra[cell] = self._make_growth(rule.source, first)
        elif isinstance(rule.source, Forecast):
            row = self.rings.take()
            self.rings.term[row], self.rings.rule[row] = first, number
            self.cells.extra[cell] = row
        endpoint.cells[key] = cell
        self.subjects[cell] = subject
        endpoint.plan = None
        return cell

    def _make_growth(self, source: Growth, term: int) -> int:
        row = self.growths.take()
        lane = self.lanes.take(len(source.lanes))
        self.growths.term[row], self.growths.lane[row] = term, lane
        self.growths.width[row] = source.period / growth.BUCKETS
        self.growths.days[row] = source.count_days
        for offset, spec in enumerate(source.lanes):
            self.lanes.growth[lane + offset] = row
            self.lanes.lifetime[lane + offset] = spec.statistic == LAST
        return row

    def remove(self, endpoint: Endpoint, key: CellKey) -> None:
        """Forgets a cell and all that belongs to it."""
        cell = endpoint.cells.pop(key)
        del self.subjects[cell]
        rule, extra = self.rule(cell), int(self.cells.extra[cell])
        self.terms.give_back(int(self.cells.term[cell]), len(rule.terms))
        if isinstance(rule.source, Growth):
            self.lanes.give_back(int(self.growths.lane[extra]), len(rule.source.lanes))
            self.growths.give_back(extra)
        elif isinstance(rule.source, Forecast):
            self.rings.give_back(extra)
        self.cells.give_back(cell)
        endpoint.plan = None

    def limits(self, cell: int) -> None:
        """Puts the limits in force that go with the cell's being active or not."""
        first, active = int(self.cells.term[cell]), bool(self.cells.active[cell])
        for offset, term in enumerate(self.rule(cell).terms):
            self.terms.limit[first + offset] = term.recovery if active else term.limit

    # What arrives beside the values

    def take_facts(self, endpoint: Endpoint, facts: tuple[Fact, ...] | list[Fact]) -> None:
        """Takes over changed facts, and rewrites what rests on them."""
        changed: list[tuple[int, str]] = []
        for fact in facts:
            if fact.signal not in self.index.facts:
                continue
            key = (fact.signal, fact.subject)
            old = endpoint.facts.get(key)
            if old == fact.value and type(old) is type(fact.value):
                continue
            if fact.value is None:
                endpoint.facts.pop(key, None)
            else:
                endpoint.facts[key] = fact.value
                if old is not None:
                    self._replaced(endpoint, fact.signal, fact.subject)
            changed.append(key)
        if changed:
            self.rest_on_facts(endpoint, changed)

    def take_unmeasured(self, endpoint: Endpoint, gone: tuple[Unmeasured, ...] | list[Unmeasured]) -> None:
        """A fact that can no longer be measured is no longer known."""
        keys = [(u.signal, u.subject) for u in gone if u.reason and (u.signal, u.subject) in endpoint.facts]
        for key in keys:
            del endpoint.facts[key]
        if keys:
            self.rest_on_facts(endpoint, keys)

    def rest_on_facts(self, endpoint: Endpoint, changed: list[tuple[int, str]]) -> None:
        """Rewrites the values that rest on the ``changed`` facts; which rules apply is decided anew with the plan."""
        if any(signal in self.index.applying for signal, _ in changed):
            endpoint.plan = None
        for signal, subject in changed:
            for number in self.index.by_fact.get(signal, ()):
                rule = self.pack.rules[number]
                about = subject_of(rule, signal, subject)
                cell = self.make(endpoint, number, about)
                if cell >= 0:
                    self.terms.x[self.cells.term[cell]] = self._from_facts(rule, endpoint, about)

    def _from_facts(self, rule: CompiledRule, endpoint: Endpoint, subject: str) -> float:
        if isinstance(rule.source, Dated):
            return fact_tests.date_of(rule.source, endpoint.facts, subject)
        if isinstance(rule.source, State):
            truth = fact_tests.test_fact(rule.source.test, endpoint.facts, subject)
            return NAN if truth is Truth.UNKNOWN else float(truth is Truth.TRUE)
        return NAN

    def _replaced(self, endpoint: Endpoint, signal: int, subject: str) -> None:
        """The part that a fact identifies is another one: what was counted or collected is of the old one."""
        for number in self.index.by_identity.get(signal, ()):
            cell = endpoint.cells.get((number, subject))
            if cell is None:
                continue
            source, extra = self.pack.rules[number].source, int(self.cells.extra[cell])
            if isinstance(source, Growth):
                self.terms.x[self.cells.term[cell]] = NAN
                lane = int(self.growths.lane[extra])
                self.lanes.base[lane : lane + len(source.lanes)] = NAN
                self.growths.amount[extra] = 0
            else:
                projection.renew(self, np.array([extra]))

    def take_events(self, endpoint: Endpoint, events: tuple[Event, ...] | list[Event], latest: float) -> None:
        """Counts events; one that claims to be later than ``latest`` is counted there."""
        for event in events:
            for number, lane in self.index.by_event.get(event.signal, ()):
                source = self.pack.rules[number].source
                if not isinstance(source, Growth) or not fact_tests.event_counts(source.lanes[lane].where, event):
                    continue
                cell = self.make(endpoint, number, event.subject)
                if cell < 0:
                    continue
                row = int(self.cells.extra[cell])
                if self.growths.next[row] == -np.inf:
                    growth.rotate(self.growths, np.array([row]), np.array([latest]))
                growth.add(self.growths, row, min(event.time, latest), float(event.count))
                growth.refresh(self.growths, self.terms, np.array([row]))

    # Reading windows

    def plan(self, endpoint: Endpoint, layout: Layout) -> Plan:
        """Works out how to read windows of ``layout``; remembers it until the layout or a fact changes."""
        if endpoint.layout is not layout:
            for key in layout.keys:
                for number in self.index.by_series.get((key.signal, key.statistic), ()):
                    self.make(endpoint, number, key.subject)
        endpoint.layout = layout
        endpoint.plan = _Planner(self, endpoint, layout).plan()
        return endpoint.plan


class _Planner:
    """Collects the columns of one plan."""

    def __init__(self, state: FleetState, endpoint: Endpoint, layout: Layout) -> None:
        self.state = state
        self.endpoint = endpoint
        self.position = {key: number for number, key in enumerate(layout.keys)}
        self.direct: list[tuple[int, int]] = []
        self.minus: list[tuple[int, int]] = []
        self.terms: list[int] = []
        self.judged: list[tuple[int, int]] = []
        self.lanes: list[tuple[int, int]] = []
        self.growths: list[int] = []
        self.rings: list[tuple[int, int, int]] = []

    def plan(self) -> Plan:
        for (number, subject), cell in self.endpoint.cells.items():
            self._cell(cell, self.state.pack.rules[number], subject)
        return Plan(
            _columns(self.direct, 2),
            _columns(self.minus, 2),
            np.array(self.terms, dtype=np.int64),
            _columns(self.judged, 2),
            _columns(self.lanes, 2),
            np.array(self.growths, dtype=np.int64),
            _columns(self.rings, 3),
        )

    def _cell(self, cell: int, rule: CompiledRule, subject: str) -> None:
        state = self.state
        first, busy = int(state.cells.term[cell]), bool(state.cells.busy[cell])
        applicable = fact_tests.applies(rule.applies, self.endpoint.facts, subject)
        if applicable or busy:
            self._collect(cell, rule, subject)
        if not applicable:
            if busy:
                self.terms.append(state.never)
                self.judged.append((cell, 1))
            return
        main = rule.terms[0]
        if rule.source is None and not busy and SeriesKey(main.signal, main.statistic, subject) not in self.position:
            return
        for offset, term in enumerate(rule.terms):
            if offset == 0 and rule.source is not None:
                continue
            about = subject if term.same_subject else ""
            position = self.position.get(SeriesKey(term.signal, term.statistic, about), -1)
            other = self.position.get(SeriesKey(term.minus_signal, term.minus_statistic, about), -1)
            if position < 0 or (term.minus_signal and other < 0):
                state.terms.x[first + offset] = NAN
                continue
            self.direct.append((position, first + offset))
            if term.minus_signal:
                self.minus.append((other, first + offset))
        self.terms.extend(range(first, first + len(rule.terms)))
        self.judged.append((cell, len(rule.terms)))

    def _collect(self, cell: int, rule: CompiledRule, subject: str) -> None:
        source, extra = rule.source, int(self.state.cells.extra[cell])
        if isinstance(source, Growth):
            self.growths.append(extra)
            lane = int(self.state.growths.lane[extra])
            for offset, spec in enumerate(source.lanes):
                position = self.position.get(SeriesKey(spec.signal, spec.statistic, subject), -1)
                if spec.statistic and position >= 0:
                    self.lanes.append((position, lane + offset))
        elif isinstance(source, Forecast):
            position = self.position.get(SeriesKey(source.signal, source.statistic, subject), -1)
            size = self.position.get(SeriesKey(source.restart_signal, source.restart_statistic, subject), -1)
            if position >= 0:
                self.rings.append((position, size, extra))


def _columns(
    rows: list[tuple[int, ...]] | list[tuple[int, int]] | list[tuple[int, int, int]], width: int
) -> NDArray[np.int64]:
    return np.array(rows, dtype=np.int64).reshape(len(rows), width).T.copy()
