"""Chooses rows and whole points for a table: greedily, with exchanges, by what desks see.

What is made as large as possible is the share of failed drives that a table finds a day and a week ahead, averaged over
shares of healthy drives flagged from 0.3 to 2 %. Every drive counts once, however often it was read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tests.bench.prediction import points
from tests.bench.prediction.drive_records import DAY, SIGNALS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tests.bench.prediction.drive_records import Bools, Floats, Records, Times

FLAGGED = (0.3, 0.5, 0.6, 0.7, 0.8, 1.0, 1.3, 1.6, 2.0)  # percent of healthy drives
WEIGHTS = (0.5, 1.0, 1.5, 2.0, 1.5, 1.0, 1.0, 1.0, 1.5)


class Row(NamedTuple):
    """A sign: a level above ``least`` (period 0), or growth of at least ``least`` within ``days`` (inf: ever)."""

    attributes: tuple[int, ...]
    days: float
    least: int


class Curve(NamedTuple):
    """Percent of healthy drives flagged, and of failed ones found a day and a week ahead, at 1, 2, … points."""

    flagged: Floats
    day: Floats
    week: Floats

    def score(self) -> float:
        """What the search makes as large as it can."""
        rising = [np.concatenate([[0.0], each[::-1]]) for each in self]
        found = sum(np.interp(FLAGGED, rising[0], each) for each in rising[1:])
        return float(np.average(found, weights=WEIGHTS)) / 2

    def within(self, percent: float) -> int:
        """The fewest points at which no more than ``percent`` of healthy drives are flagged."""
        return int(np.argmax(np.append(self.flagged, 0.0) <= percent)) + 1


class _Side(NamedTuple):
    """Moments of some drives: which rows hold, and where each drive begins."""

    holds: Bools
    begin: NDArray[np.int64]
    drive: Times

    def best(self, total: Times, chosen: Bools) -> Times:
        """The most points that each chosen drive ever had."""
        return np.maximum.reduceat(total, self.begin)[chosen[self.drive]] if len(self.begin) else total[:0]


@dataclass(slots=True)
class Period:
    """Drives judged in a stretch of time. Those that fail after it count as healthy: nobody could know."""

    records: Records
    rows: Sequence[Row]
    since: int
    until: int
    among: Bools
    failed: Bools = field(init=False)
    healthy: Bools = field(init=False)
    sides: tuple[_Side, _Side, _Side] = field(init=False)
    chosen: Bools = field(init=False)

    def __post_init__(self) -> None:
        records = self.records
        seen = (records.end >= self.since) & (records.begin < self.until) & self.among
        self.failed = records.failed & seen & (records.end < self.until)
        self.healthy = seen & ~self.failed
        self.chosen = np.ones(len(records), bool)
        at = points.moments(records, self.since, self.until)
        matrix = np.stack([holds(row, records, at) for row in self.rows])
        lead = records.end[at.drive] - at.time
        keep = matrix.any(axis=0)
        self.sides = (
            _side(matrix, at, keep & self.healthy[at.drive]),
            _side(matrix, at, keep & self.failed[at.drive] & (lead >= DAY)),
            _side(matrix, at, keep & self.failed[at.drive] & (lead >= 7 * DAY)),
        )

    def total(self, table: Table) -> list[Times]:
        """The points at every moment of each side."""
        found = []
        for side in self.sides:
            total = np.zeros(side.holds.shape[1], np.int64)
            for row, given in table.items():
                total += side.holds[row] * given
            found.append(total)
        return found

    def curve(self, totals: Sequence[Times]) -> Curve:
        """What comes of those points, among the chosen drives."""
        best = [side.best(total, self.chosen) for side, total in zip(self.sides, totals, strict=True)]
        most = max(int(each.max(initial=0)) for each in best) + 2
        failed = max(1, int((self.failed & self.chosen).sum()))
        of = (max(1, int((self.healthy & self.chosen).sum())), failed, failed)
        reached = [np.cumsum(np.bincount(each, minlength=most)[::-1])[::-1][1:] for each in best]
        return Curve(*(100 * count / total for count, total in zip(reached, of, strict=True)))


Table = dict[int, int]  # number of a row: its points


def holds(row: Row, records: Records, at: points.Moments) -> Bools:
    """Where a sign is there."""
    signals = [SIGNALS[attribute] for attribute in row.attributes]
    if row.days:
        return points.grown(records, signals, row.days * DAY, at) >= row.least
    return records.levels[signals[0]][at.row] > row.least


def _side(matrix: Bools, at: points.Moments, mine: Bools) -> _Side:
    drive = at.drive[mine]
    begin = np.flatnonzero(np.concatenate([[True], drive[1:] != drive[:-1]])) if len(drive) else np.zeros(0, np.int64)
    return _Side(np.ascontiguousarray(matrix[:, mine]), begin, drive[begin])


class Search:
    """A greedy search over several periods at once."""

    def __init__(self, periods: Sequence[Period], most_points: int, gain: float) -> None:
        self.periods = periods
        self.most_points, self.gain = most_points, gain

    def choose(self, drives: Bools) -> None:
        """Which drives are looked at: for cross-validation."""
        for period in self.periods:
            period.chosen = drives

    def score(self, table: Table) -> float:
        """The mean over the periods."""
        return float(np.mean([period.curve(period.total(table)).score() for period in self.periods]))

    def table(self, rows: int) -> Table:
        """At most ``rows`` rows. Ends when none gains enough."""
        table: Table = {}
        best = 0.0
        while len(table) < rows:
            better, row, given = self._one_more(table, best)
            if better < best + self.gain:
                break
            table[row] = table.get(row, 0) + given
            best = self._points(table, better)
            if len(table) in (5, 8):
                best = self._points(table, self._exchange(table, best))
        return table

    def _with(self, totals: Sequence[list[Times]], row: int, given: int) -> float:
        scores = []
        for period, total in zip(self.periods, totals, strict=True):
            more = [each + side.holds[row] * given for each, side in zip(total, period.sides, strict=True)]
            scores.append(period.curve(more).score())
        return float(np.mean(scores))

    def _one_more(self, table: Table, best: float) -> tuple[float, int, int]:
        totals = [period.total(table) for period in self.periods]
        found = (best, -1, 0)
        for row in range(len(self.periods[0].rows)):
            for given in (1, 2):
                score = self._with(totals, row, given)
                if score > found[0] + 1e-9:
                    found = (score, row, given)
        return found

    def _points(self, table: Table, best: float) -> float:
        """Moves points up and down while that helps; a row without points goes."""
        moving = True
        while moving:
            moving = False
            totals = [period.total(table) for period in self.periods]
            for row in list(table):
                for step in (-2, -1, 1, 2):
                    if 0 <= table[row] + step <= self.most_points:
                        score = self._with(totals, row, step)
                        if score > best + 1e-3:
                            best, moving = score, True
                            table[row] += step
                            totals = [period.total(table) for period in self.periods]
        for row in [row for row, given in table.items() if not given]:
            del table[row]
        return best

    def _exchange(self, table: Table, best: float) -> float:
        """Puts another row in the place of each where that is better."""
        for row in list(table):
            given = table.pop(row)
            totals = [period.total(table) for period in self.periods]
            better = (best + 5e-3, row)
            for other in range(len(self.periods[0].rows)):
                if other not in table:
                    score = self._with(totals, other, given)
                    better = max(better, (score, other), key=lambda item: item[0])
            if better[1] != row:
                best = better[0]
            table[better[1]] = given
        return best
