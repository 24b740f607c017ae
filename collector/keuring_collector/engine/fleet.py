"""The fleet: folds windows into state and judges the rules, for a batch of endpoints at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine import explain, seeding, snapshot, telling
from keuring_collector.engine.assembly import Assembly
from keuring_collector.engine.judging import Judge, Round
from keuring_collector.engine.model import Change
from keuring_collector.engine.replaying import Replay
from keuring_collector.engine.state import FleetState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.baselines import Baselines
    from keuring_collector.engine.compiled import CompiledPack
    from keuring_collector.engine.model import Event, Finding, SeriesKey, Window
    from keuring_collector.engine.state import Endpoint
    from keuring_collector.engine.strip import Strip

# Endpoints that are judged side by side: enough for numpy, and what is at hand stays in the processor's cache.
AT_ONCE = 1024


class Fleet:
    """The state of many endpoints under one pack, and the judging of their windows.

    ``freshness``: findings are told at windows that arrived no later than this many seconds after they ended.
    Not safe for use by several threads at once.
    """

    def __init__(self, pack: CompiledPack, freshness: float = 3600.0) -> None:
        self.pack = pack
        self._state = FleetState(pack)
        self._endpoints: dict[int, Endpoint] = {}
        self._judge = Judge(self._state, freshness)
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
        self._known(endpoint)
        return state is None

    def snapshot(self, endpoint: int) -> bytes:
        """The whole state of an endpoint. KeyError when it is not in."""
        return snapshot.write(self._state, self._endpoints[endpoint])

    def drop(self, endpoint: int) -> None:
        """Forgets an endpoint, if it is in."""
        known = self._endpoints.pop(endpoint, None)
        if known is not None:
            self._state.leave(known)

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
        rules = self._state.index.rules
        return [(rules[number].id, subject) for number, subject, _ in self._told(self._endpoints[endpoint])]

    def findings(self, endpoint: int) -> list[Finding]:
        """What was told and stands, as of the endpoint's last window; KeyError when the endpoint is not in."""
        state, mine = self._state, self._endpoints[endpoint]
        return [
            telling.finding(state, state.place(mine, number, subject), Change.CONTINUED, mine.at, grade)
            for number, subject, grade in self._told(mine)
        ]

    def _told(self, mine: Endpoint) -> Iterator[tuple[int, str, int]]:
        """The number of the rule, the subject and the severity of each finding that was told and stands."""
        state = self._state
        for key in mine.shape.keys:
            row = int(state.cells.standing[state.cell(mine, key)])
            if row >= 0 and (grade := int(state.standing.told_severity[row])) > 0:
                yield (*key, grade)

    def explain(self, endpoint: int, rule: str) -> list[explain.Step]:
        """How the rule (its id) is judged for each subject of the endpoint, as of the last window, step by step.

        Empty when nothing that it looks at was ever reported, or the rule is not judged. KeyError: no such endpoint.
        """
        number = next((n for n, r in enumerate(self.pack.rules) if r.id == rule), -1)
        return explain.explain(self._state, self._endpoints[endpoint], number)

    def _known(self, endpoint: int) -> Endpoint:
        known = self._endpoints.get(endpoint)
        if known is None:
            known = self._endpoints[endpoint] = self._state.enter(endpoint)
        return known

    # Judging

    def judge(self, windows: Sequence[Window]) -> list[Finding]:
        """Folds and judges windows, of any endpoints, each endpoint's in order; unknown ones start empty.

        Findings come in the order of the windows. The result does not depend on how windows were batched.
        """
        told: list[tuple[int, int, Finding]] = []
        # Dates that never come are infinite, and what is not known is NaN: neither is worth a warning.
        with np.errstate(invalid="ignore", over="ignore"):
            for numbers in _rounds(windows):
                found = self._judge.judge(self._prepare([windows[number] for number in numbers]))
                told.extend((numbers[place], rule, finding) for place, rule, finding in found)
        told.sort(key=lambda item: (item[0], item[1], item[2].subject))
        return [finding for _, _, finding in told]

    def replay(self, strips: Sequence[Strip]) -> list[Finding]:
        """Judges history: a strip each of different endpoints, side by side. The same as ``judge`` of all the windows.

        Findings come by strip, each strip's in order.
        """
        with np.errstate(invalid="ignore", over="ignore"):
            pairs = [(self._known(strip.endpoint), strip) for strip in strips if len(strip)]
            return Replay(self._state, self._judge, self._aside, pairs).play()

    def _prepare(self, mine: Sequence[Window]) -> Round:
        endpoints, seats = [], []
        for window in mine:
            endpoint = self._endpoints.get(window.endpoint) or self._known(window.endpoint)
            endpoint.at = window.end
            if window.facts or window.events or window.unmeasured or window.end >= endpoint.swept:
                self._aside(endpoint, window)
            seat = endpoint.plan
            if seat is None or endpoint.layout is not window.layout:
                seat = self._state.plan(endpoint, window.layout)
            endpoints.append(endpoint)
            seats.append(seat)
        if self._assembly is None or not self._assembly.is_of(seats):
            self._assembly = Assembly(self._state, seats)
        # One NaN at the end, for what a layout does not have.
        flat = np.concatenate([w.values for w in mine] + [np.array([np.nan])])
        if len(flat) != self._assembly.size + 1:
            raise ValueError("a window must have one value for each key of its layout")
        received = np.array([w.received for w in mine])
        return Round(
            endpoints,
            self._assembly,
            flat,
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


def _rounds(windows: Sequence[Window]) -> list[list[int]]:
    """Places in ``windows``, so that each round has at most one window of an endpoint, in order, and not too many."""
    rounds: list[list[int]] = []
    seen: dict[int, int] = {}
    for number, window in enumerate(windows):
        turn = seen.get(window.endpoint, 0)
        seen[window.endpoint] = turn + 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(number)
    return [each[first : first + AT_ONCE] for each in rounds for first in range(0, len(each), AT_ONCE)]
