"""The life of a battery in 64 bins of cycles: what is kept of each day's (cycles, health), however long it lives.

A bin holds the means of what fell into its span of cycles. Spans start at one cycle; when all bins are taken, the spans
are doubled and neighbours merge. So a life of any length costs about a kilobyte, its beginning is as well known as its
end, and what is kept depends on the order of days only. The share of the designed capacity at the beginning (the median
of the first five bins) is kept for good; it is only known of batteries that were seen when they were new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from keuring_collector.engine.columns import NAN, Columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

BINS = 64
NEW = 30.0  # cycles; seen for the first time later than this, a battery's beginning is not known
FIRST = 5  # bins that the beginning is taken from
FALLEN = 5.0  # cycles by which a counter falls when it is another battery's


class Lives(Columns):
    """One row per battery. ``day``, ``cycles``, ``health`` and ``weight`` (days in it) have BINS columns."""

    used: NDArray[np.int32]  # bins that are taken
    span: NDArray[np.float32]  # cycles that a bin spans
    initial: NDArray[np.float32]  # health at the beginning, NaN while or where it is not known
    now: NDArray[np.float32]  # cycles at the last complete day
    count: NDArray[np.float32]  # cycles read on the day that is being collected
    by: NDArray[np.int8]  # what the last forecast came from (wear.By)
    day: NDArray[np.float32]
    cycles: NDArray[np.float32]
    health: NDArray[np.float32]
    weight: NDArray[np.float32]
    FILL: ClassVar = {
        "used": (np.int32, 0),
        "span": (np.float32, 1.0),
        "initial": (np.float32, NAN),
        "now": (np.float32, NAN),
        "count": (np.float32, NAN),
        "by": (np.int8, 0),
        "day": (np.float32, NAN),
        "cycles": (np.float32, NAN),
        "health": (np.float32, NAN),
        "weight": (np.float32, 0.0),
    }

    def __init__(self) -> None:
        super().__init__(BINS)

    @classmethod
    def wide(cls) -> frozenset[str]:
        """The bins."""
        return frozenset({"day", "cycles", "health", "weight"})


KEPT = tuple(Lives.FILL)


def add(lives: Lives, rows: Ints, days: Floats, cycles: Floats, health: Floats) -> None:
    """Folds one complete day of each of ``rows`` (each once), later than those before; no NaN."""
    fallen = cycles < lives.now[rows] - FALLEN
    for row in rows[fallen].tolist():
        lives.reset(row)
    lives.now[rows] = cycles
    while True:
        full = (lives.used[rows] == BINS) & ~_same(lives, rows, cycles)[0]
        if not full.any():
            break
        for row in rows[full].tolist():
            _halve(lives, row)
    same, last = _same(lives, rows, cycles)
    place = np.where(same, last, lives.used[rows])
    weight = np.where(same, lives.weight[rows, place], 0.0).astype(np.float64)
    for column, value in ((lives.day, days), (lives.cycles, cycles), (lives.health, health)):
        before = np.where(same, column[rows, place], 0.0).astype(np.float64)
        column[rows, place] = before + (value - before) / (weight + 1)
    lives.weight[rows, place] = weight + 1
    lives.used[rows] = place + 1
    begun = rows[(lives.used[rows] == FIRST) & np.isnan(lives.initial[rows]) & (lives.cycles[rows, 0] <= NEW)]
    lives.initial[begun] = np.sort(lives.health[begun, :FIRST], axis=1)[:, FIRST // 2]


def _same(lives: Lives, rows: Ints, cycles: Floats) -> tuple[NDArray[np.bool_], Ints]:
    """Whether ``cycles`` fall into the last bin of each row, and which that is."""
    last = lives.used[rows].astype(np.int64) - 1
    place = np.maximum(last, 0)
    span = lives.span[rows].astype(np.float64)
    inside = np.floor(cycles / span) <= np.floor(lives.cycles[rows, place] / span)
    return (last >= 0) & inside, place


def _halve(lives: Lives, row: int) -> None:
    used = int(lives.used[row])
    lives.span[row] *= 2
    part = np.floor(lives.cycles[row, :used] / lives.span[row])
    first = np.flatnonzero(np.concatenate([[True], part[1:] != part[:-1]]))
    weight = lives.weight[row, :used].astype(np.float64)
    total = np.add.reduceat(weight, first)
    for column in (lives.day, lives.cycles, lives.health):
        merged = np.add.reduceat(weight * column[row, :used], first) / total
        column[row] = NAN
        column[row, : len(first)] = merged
    lives.weight[row] = 0.0
    lives.weight[row, : len(first)] = total
    lives.used[row] = len(first)
