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
PACED = 180.0  # days that the pace is taken from
FEWEST_POINTS, FEWEST_DAYS = 4, 14.0  # that a pace needs
LEAST_PACE = 0.005  # cycles a day; what is used less is not worn by use
SPREAD = 1.4826  # median absolute deviation to standard deviation
LEAST_SPREAD = 0.1  # of the pace, however regular it was: people change their habits
NEW = 30.0  # cycles; seen for the first time later than this, a battery's beginning is not known
FIRST = 5  # bins that the beginning is taken from
FALLEN = 5.0  # cycles by which a counter falls when it is another battery's


class Lives(Columns):
    """One row per battery. ``day``, ``cycles``, ``health`` and ``weight`` (days in it) have BINS columns."""

    used: NDArray[np.int32]  # bins that are taken
    span: NDArray[np.float32]  # cycles that a bin spans
    initial: NDArray[np.float32]  # health at the beginning, NaN while or where it is not known
    now: NDArray[np.float32]  # cycles at the last complete day
    read: NDArray[np.int32]  # the day on which cycles were last read, days since 1970
    count: NDArray[np.float32]  # what was read then, NaN when it is folded already
    by: NDArray[np.int8]  # what the last forecast came from (wear.By)
    end: NDArray[np.float32]  # cycles at which it was to reach the limit
    day: NDArray[np.float32]
    cycles: NDArray[np.float32]
    health: NDArray[np.float32]
    weight: NDArray[np.float32]
    FILL: ClassVar = {
        "used": (np.int32, 0),
        "span": (np.float32, 1.0),
        "initial": (np.float32, NAN),
        "now": (np.float32, NAN),
        "read": (np.int32, -1),
        "count": (np.float32, NAN),
        "by": (np.int8, 0),
        "end": (np.float32, NAN),
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


def pace(lives: Lives, rows: Ints, today: Floats) -> tuple[Floats, Floats]:
    """Cycles a day over the last half year, and its standard deviation as a share of it; NaN: not known.

    The median over all pairs of bins (and of today), and the robust spread of the paces from bin to bin.
    """
    now = lives.now[rows].astype(np.float64)
    day = np.concatenate([lives.day[rows].astype(np.float64), today[:, None]], axis=1)
    cycles = np.concatenate([lives.cycles[rows].astype(np.float64), now[:, None]], axis=1)
    day = np.where(day >= today[:, None] - PACED, day, np.nan)
    points = (~np.isnan(day)).sum(axis=1)
    # Known bins to the right, in order; what nobody knows is left out, for pairs are many.
    order = np.argsort(~np.isnan(day), axis=1, kind="stable")[:, day.shape[1] - int(points.max(initial=2)) :]
    day, cycles = np.take_along_axis(day, order, axis=1), np.take_along_axis(cycles, order, axis=1)
    first, second = np.triu_indices(day.shape[1], 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = day[:, second] - day[:, first]
        middle = _median(np.where(apart > 0, (cycles[:, second] - cycles[:, first]) / apart, np.nan))
        steps = np.diff(cycles, axis=1) / np.diff(day, axis=1)
        spread = SPREAD * _median(np.abs(steps - middle[:, None])) / np.sqrt(np.maximum(points - 1, 1)) / middle
    span = today - np.fmin.reduce(day, axis=1)
    known = (points >= FEWEST_POINTS) & (span >= FEWEST_DAYS) & (middle >= LEAST_PACE)
    return np.where(known, middle, np.nan), np.where(known, np.maximum(spread, LEAST_SPREAD), np.nan)


def _median(values: Floats) -> Floats:
    """Of each row's numbers; NaN where there are none."""
    ordered = np.sort(values, axis=1)  # NaN goes last
    count = values.shape[1] - np.isnan(ordered).sum(axis=1)
    row = np.arange(len(values))
    upper, lower = (
        ordered[row, np.minimum(count // 2, values.shape[1] - 1)],
        ordered[row, np.maximum(count - 1, 0) // 2],
    )
    return np.where(count > 0, (lower + upper) / 2, np.nan)
