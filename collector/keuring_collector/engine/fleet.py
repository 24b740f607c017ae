"""The fleet: folds windows into state and judges the rules, for a batch of endpoints at once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import explain, machine, seeding, snapshot, telling
from keuring_collector.engine.assembly import Assembly
from keuring_collector.engine.compiled import Combination, Truth
from keuring_collector.engine.kinds.kind import Reading
from keuring_collector.engine.model import Change
from keuring_collector.engine.state import Endpoint, FleetState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.assembly import Deck
    from keuring_collector.engine.baselines import Baselines
    from keuring_collector.engine.compiled import CompiledPack
    from keuring_collector.engine.model import Event, Finding, SeriesKey, Window
    from keuring_collector.engine.plan import Plan

CHANGES = (Change.OPENED, Change.CONTINUED, Change.CLEARED)  # in the order of machine.Told


class _Round(NamedTuple):
    """One window each of different endpoints, side by side."""

    numbers: list[int]  # places in the batch
    windows: list[Window]
    plans: list[Plan]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    received: NDArray[np.float64]


class Fleet:
    """The state of many endpoints under one pack, and the judging of their windows.

    ``freshness``: findings are told at windows that arrived no later than this many seconds after they ended.
    Not safe for use by several threads at once.
    """

    def __init__(self, pack: CompiledPack, freshness: float = 3600.0) -> None:
        self.pack = pack
        self._freshness = freshness
        self._state = FleetState(pack)
        self._endpoints: dict[int, Endpoint] = {}
        self._assembly: Assembly | None = None

    def __contains__(self, endpoint: object) -> bool:
        return endpoint in self._endpoints

    def __len__(self) -> int:
        return len(self._endpoints)

    def use_baselines(self, baselines: Baselines) -> None:
        """What is usual among peers, from now on: for the days that are completed from here. Nothing else changes."""
        self._state.baselines = baselines

    # State in and out

    def restore(self, endpoint: int, state: bytes | None) -> bool:
        """Takes an endpoint in with the ``state`` that ``snapshot`` gave, or with an empty one (None).

        False when the snapshot is of another pack or engine, or damaged: then the endpoint is in with an empty state,
        to be filled by ``seed``, ``adopt`` and replaying its journal.
        """
        self.drop(endpoint)
        if state is not None:
            restored = snapshot.read(self._state, endpoint, state)
            if restored is not None:
                self._endpoints[endpoint] = restored
                return True
        self._endpoints[endpoint] = Endpoint(endpoint)
        return state is None

    def snapshot(self, endpoint: int) -> bytes:
        """The whole state of an endpoint. KeyError when it is not in."""
        return snapshot.write(self._state, self._endpoints[endpoint])

    def drop(self, endpoint: int) -> None:
        """Forgets an endpoint, if it is in."""
        known = self._endpoints.pop(endpoint, None)
        if known is not None:
            for key in list(known.cells):
                self._state.remove(known, key)

    def seed(
        self,
        endpoint: int,
        key: SeriesKey,
        days: NDArray[np.int64],
        last: NDArray[np.float64],
        minimum: NDArray[np.float64],
        mean: NDArray[np.float64],
        maximum: NDArray[np.float64],
        total: NDArray[np.float64],
    ) -> None:
        """Fills what rests on daily points of one series from history: ``days`` since 1970, rising; NaN: unknown."""
        points = seeding.Points(days, last, minimum, mean, maximum, total)
        seeding.seed(self._state, self._known(endpoint), key, points)

    def seed_events(self, endpoint: int, events: Sequence[Event], latest: float) -> None:
        """Counts events of history; ``latest`` is the event time up to which history goes."""
        self._state.take_events(self._known(endpoint), list(events), latest)

    def adopt(self, endpoint: int, rule: str, subject: str, since: float, severity: int) -> bool:
        """Takes over a finding that was told before the state was lost, so that its end will be told too.

        False when the pack has no such rule (any more): then whoever calls must clear it.
        """
        return seeding.adopt(self._state, self._known(endpoint), rule, subject, since, severity)

    def standing(self, endpoint: int) -> list[tuple[str, str]]:
        """The (rule, subject) of the findings that were told and stand; KeyError when the endpoint is not in."""
        cells = self._state.cells
        return [
            (self._state.rule(cell).id, subject)
            for (_, subject), cell in sorted(self._endpoints[endpoint].cells.items())
            if cells.told_severity[cell] > 0
        ]

    def explain(self, endpoint: int, rule: str) -> list[explain.Step]:
        """How the rule (its id) is judged for each subject of the endpoint, as of the last window, step by step.

        Empty when nothing that it looks at was ever reported, or the rule is not judged. KeyError: no such endpoint.
        """
        number = next((n for n, r in enumerate(self.pack.rules) if r.id == rule), -1)
        return explain.explain(self._state, self._endpoints[endpoint], number)

    def _known(self, endpoint: int) -> Endpoint:
        return self._endpoints.setdefault(endpoint, Endpoint(endpoint))

    # Judging

    def judge(self, windows: Sequence[Window]) -> list[Finding]:
        """Folds and judges windows, of any endpoints, each endpoint's in order; unknown ones start empty.

        Findings come in the order of the windows. The result does not depend on how windows were batched.
        """
        told: list[tuple[int, int, Finding]] = []
        # Dates that never come are infinite, and what is not known is NaN: neither is worth a warning.
        with np.errstate(invalid="ignore", over="ignore"):
            for numbers in _rounds(windows):
                told.extend(self._judge(self._prepare(windows, numbers)))
        told.sort(key=lambda item: (item[0], item[1], item[2].subject))
        return [finding for _, _, finding in told]

    def _prepare(self, windows: Sequence[Window], numbers: Sequence[int]) -> _Round:
        mine = [windows[number] for number in numbers]
        plans = []
        for window in mine:
            endpoint = self._endpoints.get(window.endpoint) or self._known(window.endpoint)
            plan = endpoint.plan
            endpoint.at = window.end
            if window.facts or window.events or window.unmeasured or window.end >= endpoint.swept:
                self._aside(endpoint, window)
                plan = endpoint.plan
            if plan is None or endpoint.layout is not window.layout:
                plan = self._state.plan(endpoint, window.layout)
            plans.append(plan)
        received = np.array([w.received for w in mine])
        return _Round(
            list(numbers),
            mine,
            plans,
            np.array([w.start for w in mine]),
            # Never ahead of receive time, whatever the clock of the machine said.
            np.minimum(np.array([w.end for w in mine]), received),
            received,
        )

    def _aside(self, endpoint: Endpoint, window: Window) -> None:
        """What comes beside the values: seldom, so one endpoint at a time."""
        end = min(window.end, window.received)
        if window.end >= endpoint.swept:
            seeding.sweep(self._state, endpoint, window.layout, end)
        if window.facts:
            self._state.take_facts(endpoint, list(window.facts))
        if window.unmeasured:
            self._state.take_unmeasured(endpoint, list(window.unmeasured))
        if window.events:
            self._state.take_events(endpoint, list(window.events), end)

    def _judge(self, batch: _Round) -> list[tuple[int, int, Finding]]:
        state, plans = self._state, batch.plans
        if self._assembly is None or not self._assembly.is_of(plans):
            self._assembly = Assembly(state, plans)
        assembly = self._assembly
        # One NaN at the end, for what a layout does not have.
        flat = np.concatenate([w.values for w in batch.windows] + [np.array([np.nan])])
        if len(flat) != assembly.size + 1:
            raise ValueError("a window must have one value for each key of its layout")
        reading = Reading(flat, assembly.offsets, batch.end)
        for source, kind in state.kinds.items():
            kind.fold(reading, assembly.kinds[source])

        terms = state.terms
        position, term = assembly.direct
        terms.x[term] = flat[position]
        position, term = assembly.minus
        if len(term):
            terms.x[term] -= flat[position]

        told: list[tuple[int, int, Finding]] = []
        for depth, deck in enumerate(assembly.decks):
            if depth:
                state.combining.join(assembly.kinds[Combination], depth)
            if len(deck.cell):
                told += self._level(batch, deck)
        return told

    def _level(self, batch: _Round, deck: Deck) -> list[tuple[int, int, Finding]]:
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

    def _step(
        self, batch: _Round, cell: NDArray[np.int64], truth: NDArray[np.int8], window: NDArray[np.int64]
    ) -> list[tuple[int, int, Finding]]:
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
                endpoint = self._endpoints[batch.windows[place].endpoint]
                finding = telling.finding(state, endpoint, row, change, float(end[item]), level)
                findings.append((batch.numbers[place], int(rule[item]), finding))
        return findings


def _rounds(windows: Sequence[Window]) -> list[list[int]]:
    """Places in ``windows``, so that each round has at most one window of an endpoint, in order."""
    if len({window.endpoint for window in windows}) == len(windows):
        return [list(range(len(windows)))] if windows else []
    rounds: list[list[int]] = []
    seen: dict[int, int] = {}
    for number, window in enumerate(windows):
        turn = seen.get(window.endpoint, 0)
        seen[window.endpoint] = turn + 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(number)
    return rounds


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
