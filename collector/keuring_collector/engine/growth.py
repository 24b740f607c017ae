"""How much something grew within a period: for `increase`.

A period is kept as BUCKETS parts; the newest is still filling, so what is counted covers the period to within one
part. Counters arrive as growth per window. A lifetime counter arrives as a level: its growth is what it rose above the
level before, over sleep and reboots; a fall is a reset and counts for nothing. The first level is the baseline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.columns import Growths, Lanes, Terms

BUCKETS = 30
_PARTS = np.arange(BUCKETS)

Ints = "NDArray[np.int64]"


def refresh(growths: Growths, terms: Terms, rows: NDArray[np.int64]) -> None:
    """Writes what each of ``rows`` has counted into its term."""
    amount = growths.amount[rows].astype(np.float64)
    # One part after the other: the order of additions must not depend on how many rows there are.
    total = np.zeros(len(rows))
    for part in range(BUCKETS):
        total += amount[:, part]
    days = (amount > 0).sum(axis=1)
    terms.x[growths.term[rows]] = np.where(growths.days[rows], days, total)


def rotate(growths: Growths, rows: NDArray[np.int64], times: NDArray[np.float64]) -> None:
    """Moves ``rows`` (each once) on to the part of ``times``; a time before the newest part moves nothing."""
    old = growths.bucket[rows]
    new = np.maximum(old, np.floor(times / growths.width[rows]).astype(np.int64))
    number = new[:, None] - (new[:, None] - _PARTS) % BUCKETS
    growths.amount[rows] = np.where(number > old[:, None], np.float32(0), growths.amount[rows])
    growths.bucket[rows] = new
    growths.next[rows] = (new + 1) * growths.width[rows]


def add(growths: Growths, row: int, time: float, amount: float) -> None:
    """Counts ``amount`` at ``time``, unless that is before the period."""
    width = float(growths.width[row])
    part = int(time // width)
    if part > growths.bucket[row]:
        rotate(growths, np.array([row]), np.array([time]))
    if part > growths.bucket[row] - BUCKETS:
        growths.amount[row, part % BUCKETS] += np.float32(amount)


def fold(
    growths: Growths,
    lanes: Lanes,
    terms: Terms,
    rows: NDArray[np.int64],
    values: NDArray[np.float64],
    times: NDArray[np.float64],
) -> None:
    """Folds one value into each lane of ``rows`` (each once); NaN is no value. Growths must have been rotated."""
    base = lanes.base[rows]
    known = values == values
    growth = values - base
    # A counter has no base yet when it is new; its first value is growth already, that of a lifetime counter is not.
    first = known & np.isnan(base)
    lifetime = lanes.lifetime[rows]
    touched = np.flatnonzero((growth > 0) | first)
    moved = known & lifetime
    lanes.base[rows[moved]] = values[moved]
    if not len(touched):
        return
    fresh = rows[first & ~lifetime]
    lanes.base[fresh] = 0.0
    amounts = np.where(lifetime, np.where(first, 0.0, growth), np.where(first, values, growth))[touched]
    targets = lanes.growth[rows[touched]].astype(np.int64)
    for target, amount, time in zip(targets.tolist(), amounts.tolist(), times[touched].tolist(), strict=True):
        if amount > 0:
            add(growths, target, time, amount)
    refresh(growths, terms, targets)
