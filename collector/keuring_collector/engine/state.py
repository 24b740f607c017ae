"""The state of a fleet: the tables, and for each endpoint its cells, its facts and how to read its windows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine import facts as fact_tests
from keuring_collector.engine import kinds
from keuring_collector.engine.baselines import Baselines
from keuring_collector.engine.columns import Cells, Terms
from keuring_collector.engine.compiled import Combination
from keuring_collector.engine.hours import Hours
from keuring_collector.engine.index import PackIndex
from keuring_collector.engine.kinds.kind import Place
from keuring_collector.engine.model import LAST, Evidence
from keuring_collector.engine.plan import Planner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.engine.compiled import CompiledPack, CompiledRule
    from keuring_collector.engine.kinds import Kind
    from keuring_collector.engine.model import Event, Fact, Layout, Unmeasured
    from keuring_collector.engine.plan import Plan

# What one endpoint may have judged at most; a machine with thousands of mounts must not cost as much as the fleet.
MOST_CELLS = 2000

CellKey = tuple[int, str]  # (rule number, subject)


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
        self.baselines = Baselines()
        self.index = PackIndex(pack)
        self.hours = None if pack.calendar is None else Hours(pack.calendar)
        self.terms = Terms()
        self.cells = Cells()
        self.combining = kinds.Combining(self)
        self.kinds: dict[type, Kind] = {**kinds.of(self), Combination: self.combining}
        self.index.enter(self.kinds)
        self.subjects: dict[int, str] = {}  # by cell
        # Always false: what a rule that no longer applies is judged by, so that what it found is cleared.
        self.never = self.terms.take()
        self.terms.x[self.never], self.terms.limit[self.never] = 0.0, np.inf
        self.unknown = self.cells.take()  # stands for parts that were never reported

    def rule(self, cell: int) -> CompiledRule:
        """The rule of a cell."""
        return self.index.rules[int(self.cells.rule[cell])]

    def kind(self, rule: CompiledRule) -> Kind | None:
        """The kind of a rule's source; None when its value comes from the window itself."""
        return None if rule.source is None else self.kinds[type(rule.source)]

    def place(self, endpoint: Endpoint, number: int, subject: str) -> Place:
        """A cell that is there, as its kind sees it."""
        cell = endpoint.cells[number, subject]
        return Place(endpoint, number, subject, cell, int(self.cells.extra[cell]), int(self.cells.term[cell]))

    def make(self, endpoint: Endpoint, number: int, subject: str) -> int:
        """The cell of rule ``number`` about ``subject``, and of what it is part of; -1: the endpoint has too many."""
        key = (number, subject)
        found = endpoint.cells.get(key)
        if found is not None:
            return found
        if len(endpoint.cells) >= MOST_CELLS:
            return -1
        rule = self.index.rules[number]
        cell = self.cells.take()
        first = self.terms.take(len(rule.terms))
        self.cells.rule[cell], self.cells.term[cell] = number, first
        self.terms.cell[first : first + len(rule.terms)] = cell
        for offset, term in enumerate(rule.terms):
            row = first + offset
            self.terms.sign[row], self.terms.slope[row], self.terms.limit[row] = term.sign, term.slope, term.limit
        kind = self.kind(rule)
        if kind is not None:
            self.cells.extra[cell] = kind.make(rule.source, number, first)
            self.cells.dating[cell] = cell if kind.dated(rule.source) else -1
        endpoint.cells[key] = cell
        self.subjects[cell] = subject
        endpoint.plan = None
        whole = self.index.whole[number]
        if whole >= 0 and self.index.same[number]:
            self.make(endpoint, whole, subject)
        return cell

    def remove(self, endpoint: Endpoint, key: CellKey) -> None:
        """Forgets a cell and all that belongs to it."""
        cell = endpoint.cells.pop(key)
        del self.subjects[cell]
        rule = self.rule(cell)
        kind = self.kind(rule)
        if kind is not None:
            kind.free(rule.source, int(self.cells.extra[cell]))
        self.terms.give_back(int(self.cells.term[cell]), len(rule.terms))
        self.cells.give_back(cell)
        endpoint.plan = None

    def limits(self, cell: int) -> None:
        """Puts the limits in force that go with the cell's being active or not."""
        first, active = int(self.cells.term[cell]), bool(self.cells.active[cell])
        for offset, term in enumerate(self.rule(cell).terms):
            self.terms.limit[first + offset] = term.recovery if active else term.limit

    # What arrives beside the values

    def take_facts(self, endpoint: Endpoint, facts: Sequence[Fact]) -> None:
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

    def take_unmeasured(self, endpoint: Endpoint, gone: Sequence[Unmeasured]) -> None:
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
                source = self.index.rules[number].source
                kind = self.kinds[type(source)]
                about = kind.about(source, signal, subject)
                cell = self.make(endpoint, number, about)
                if cell >= 0:
                    self.terms.x[self.cells.term[cell]] = kind.from_facts(source, endpoint.facts, about)

    def _replaced(self, endpoint: Endpoint, signal: int, subject: str) -> None:
        """The part that a fact identifies is another one."""
        for number in self.index.by_identity.get(signal, ()):
            cell = endpoint.cells.get((number, subject))
            if cell is not None:
                source = self.index.rules[number].source
                self.kinds[type(source)].renew(source, int(self.cells.extra[cell]), int(self.cells.term[cell]))

    def take_events(self, endpoint: Endpoint, events: Sequence[Event], latest: float) -> None:
        """Counts events; one that claims to be later than ``latest`` is counted there."""
        for event in events:
            for number, lane in self.index.by_event.get(event.signal, ()):
                source = self.index.rules[number].source
                kind = self.kinds[type(source)]
                if not kind.wants(source, lane, event):
                    continue
                cell = self.make(endpoint, number, event.subject)
                if cell >= 0:
                    kind.count(source, lane, int(self.cells.extra[cell]), event, latest)

    # Reading windows

    def plan(self, endpoint: Endpoint, layout: Layout) -> Plan:
        """Works out how to read windows of ``layout``; remembers it until the layout or a fact changes."""
        if endpoint.layout is not layout:
            for key in layout.keys:
                for number in self.index.by_series.get((key.signal, key.statistic), ()):
                    self.make(endpoint, number, key.subject)
        endpoint.layout = layout
        endpoint.plan = Planner(self, endpoint, layout).plan()
        return endpoint.plan

    # For those who tell

    def rounded(self, signal: int, value: float) -> float:
        """``value`` to the catalogue's precision."""
        step = self.pack.precision.get(signal, 0.0)
        if not step or not math.isfinite(value):
            return value
        return round(round(value / step) * step, 9)

    def known_facts(self, endpoint: Endpoint, signals: set[int], subject: str) -> list[Evidence]:
        """Those of ``signals`` that are known, of the subject or else of the machine."""
        found = []
        for signal in sorted(signals - {0}):
            for about in dict.fromkeys((subject, "")):
                value = endpoint.facts.get((signal, about))
                if value is not None:
                    found.append(Evidence("fact", signal, LAST, about, value))
                    break
        return found
