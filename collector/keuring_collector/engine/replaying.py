"""Replay: history judged in bulk. The same findings as window by window, for a tenth of the time.

Live, each round of windows is put together anew. Here the windows of each endpoint stand in a table and hardly
anything changes from one to the next, so that how to read them side by side is worked out once for thousands of rounds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine import seeding
from keuring_collector.engine.assembly import Assembly
from keuring_collector.engine.judging import Round

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.judging import Judge
    from keuring_collector.engine.model import Finding, Window
    from keuring_collector.engine.plan import Seat
    from keuring_collector.engine.state import Endpoint, FleetState
    from keuring_collector.engine.strip import Strip

MOST_VALUES = 4_000_000  # that are arranged by round at a time


class Replay:
    """Judges a strip each of different endpoints side by side. ``aside`` takes in what comes beside the values."""

    def __init__(
        self,
        state: FleetState,
        judge: Judge,
        aside: Callable[[Endpoint, Window], None],
        strips: Sequence[tuple[Endpoint, Strip]],
    ) -> None:
        self._state, self._judge, self._aside = state, judge, aside
        # The longest first: those that are still going on are always the first few.
        self._order = sorted(range(len(strips)), key=lambda place: -len(strips[place][1]))
        self._endpoints = [strips[place][0] for place in self._order]
        self._strips = [strips[place][1] for place in self._order]
        self._lengths = np.array([len(strip) for strip in self._strips])
        self._columns = np.cumsum([0, *(strip.values.shape[1] for strip in self._strips)])
        self._swept = np.array([endpoint.swept for endpoint in self._endpoints])
        self._plans: list[Seat | None] = [None] * len(strips)  # known once the first window is looked at
        self._settled = np.zeros(len(strips), np.bool_)
        self._carriers: dict[int, list[int]] = {}
        for place, strip in enumerate(self._strips):
            for row in sorted({*strip.facts, *strip.events}):
                self._carriers.setdefault(row, []).append(place)
        self._assembly: Assembly | None = None
        self._told: list[list[Finding]] = [[] for _ in strips]

    def play(self) -> list[Finding]:
        """All findings, by strip as they were given, each strip's in order."""
        rounds = int(self._lengths[0]) if len(self._lengths) else 0
        at_once = max(1, MOST_VALUES // (int(self._columns[-1]) + 1))
        for first in range(0, rounds, at_once):
            self._play(first, min(rounds, first + at_once))
        for place, endpoint in enumerate(self._endpoints):
            endpoint.swept = float(self._swept[place])
            if len(self._strips[place]):
                endpoint.at = float(self._strips[place].end[-1])
        by_strip = dict(zip(self._order, self._told, strict=True))
        return [finding for place in sorted(by_strip) for finding in by_strip[place]]

    def _play(self, first: int, last: int) -> None:
        """Judges the rounds from ``first`` up to ``last``."""
        flat = np.full((last - first, int(self._columns[-1]) + 1), np.nan)
        times = np.full((3, last - first, len(self._strips)), np.nan)
        for place, strip in enumerate(self._strips):
            count = min(last, len(strip)) - first
            if count > 0:
                rows = slice(first, first + count)
                flat[:count, self._columns[place] : self._columns[place + 1]] = strip.values[rows]
                for column, values in zip(times, (strip.start, strip.end, strip.received), strict=True):
                    column[:count, place] = values[rows]
        ends = np.minimum(times[1], times[2])
        # How many are still going on in each round.
        going = np.searchsorted(-self._lengths, -np.arange(first, last), side="left")
        active = 0
        for row in range(last - first):
            count = int(going[row])
            if count != active:
                self._assembly, active = None, count
            self._look_aside(first + row, times[1, row, :count], ends[row, :count])
            batch = Round(
                self._endpoints[:count],
                self._current(count),
                flat[row],
                times[0, row, :count],
                ends[row, :count],
                times[2, row, :count],
            )
            told = self._judge.judge(batch)
            told.sort(key=lambda item: (item[0], item[1], item[2].subject))
            for place, _, finding in told:
                self._told[place].append(finding)

    def _look_aside(self, row: int, claimed: NDArray[np.float64], end: NDArray[np.float64]) -> None:
        """Facts, events, and the daily sweep of those whose turn it is."""
        count = len(end)
        due = claimed >= self._swept[:count]
        carriers = [place for place in self._carriers.get(row, ()) if place < count]
        if row and not carriers and not due.any():
            return
        settled = due & self._settled[:count]
        if settled.any():
            settled &= ~self._forgotten(end)
        settled[carriers] = False
        self._swept[:count][settled] = end[settled] + seeding.EVERY
        aside = {*carriers, *np.flatnonzero(due & ~settled).tolist()}
        for place in sorted(aside) if row else range(count):
            endpoint, strip = self._endpoints[place], self._strips[place]
            if place in aside:
                endpoint.swept = float(self._swept[place])
                self._aside(endpoint, strip.window(row))
                self._swept[place] = endpoint.swept
            if endpoint.plan is None or endpoint.layout is not strip.layout:
                self._state.plan(endpoint, strip.layout)
            if endpoint.plan is not self._plans[place]:
                self._plans[place], self._assembly = endpoint.plan, None
            self._settled[place] = seeding.is_settled(self._state, endpoint, strip.layout)

    def _forgotten(self, end: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Of which endpoints the sweep would clear something that was not measurable for long."""
        found = np.zeros(len(end), np.bool_)
        cells, table = self._state.cells, self._state.standing
        for deck in self._current(len(end)).decks:
            busy = np.flatnonzero(cells.busy[deck.cell])
            seen, window = table.seen[cells.standing[deck.cell[busy]]], deck.window[busy]
            found[window[seen < end[window] - seeding.FORGET_AFTER]] = True
        return found

    def _current(self, count: int) -> Assembly:
        """The plans of the first ``count`` endpoints side by side."""
        if self._assembly is None:
            seats = [seat for seat in self._plans[:count] if seat is not None]
            self._assembly = Assembly(self._state, seats)
        return self._assembly
