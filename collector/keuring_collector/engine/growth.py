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
    kept = growths.amount[rows]
    has = kept >= 0
    amount = growths.amounts.part[kept[has]].astype(np.float64)
    # One part after the other: the order of additions must not depend on how many rows there are.
    total = np.zeros(len(amount))
    for part in range(BUCKETS):
        total += amount[:, part]
    x = np.zeros(len(rows))
    x[has] = np.where(growths.days[growths.rule[rows[has]]], (amount > 0).sum(axis=1), total)
    terms.x[growths.term[rows]] = x


def rotate(growths: Growths, rows: NDArray[np.int64], times: NDArray[np.float64]) -> None:
    """Moves ``rows`` (each once) on to the part of ``times``; a time before the newest part moves nothing."""
    old, width = growths.bucket[rows], growths.width[growths.rule[rows]]
    new = np.maximum(old, np.floor(times / width).astype(np.int64))
    growths.bucket[rows] = new
    growths.next[rows] = (new + 1) * width
    has = np.flatnonzero(growths.amount[rows] >= 0)
    if not len(has):
        return
    old, new, kept = old[has], new[has], growths.amount[rows[has]]
    number = new[:, None] - (new[:, None] - _PARTS) % BUCKETS
    part = np.where(number > old[:, None], np.float32(0), growths.amounts.part[kept])
    growths.amounts.part[kept] = part
    for row in rows[has[~part.any(axis=1)]].tolist():
        forget(growths, row)


def add(growths: Growths, row: int, time: float, amount: float) -> None:
    """Counts ``amount`` at ``time``, unless that is before the period."""
    width = float(growths.width[growths.rule[row]])
    part = int(time // width)
    if part > growths.bucket[row]:
        rotate(growths, np.array([row]), np.array([time]))
    if part > growths.bucket[row] - BUCKETS:
        if growths.amount[row] < 0:
            growths.amount[row] = growths.amounts.take()
        growths.amounts.part[growths.amount[row], part % BUCKETS] += np.float32(amount)


def grew(growths: Growths, row: int) -> bool:
    """Whether anything grew within the period, as of when it was last looked at."""
    return bool(growths.amount[row] >= 0) and bool(growths.amounts.part[growths.amount[row]].any())


def forget(growths: Growths, row: int) -> None:
    """Forgets what grew."""
    if growths.amount[row] >= 0:
        growths.amounts.give_back(int(growths.amount[row]))
        growths.amount[row] = -1


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
