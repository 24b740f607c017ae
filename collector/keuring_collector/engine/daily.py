"""Daily points: what forecasts are made of. One point per day, its last, least, greatest or mean value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine.model import LAST, MAX, MEAN, MIN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.columns import Rings

DAY = 86400.0
RESTART_SHARE = 0.01  # a size that changes by more than this is another volume, disk or battery


def day_of(ends: NDArray[np.float64]) -> NDArray[np.int64]:
    """The day (UTC, since 1970) that windows belong to: one that ends at midnight belongs to the day before."""
    return np.floor((ends - 0.001) / DAY).astype(np.int64)


def restarted(rings: Rings, rows: NDArray[np.int64], sizes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Those of ``rows`` whose size changed; remembers the sizes."""
    old = rings.restart[rows]
    known = ~np.isnan(sizes)
    changed = rows[known & (np.abs(sizes - old) > RESTART_SHARE * np.abs(old))]
    rings.restart[rows[known]] = sizes[known]
    return changed


def turn(rings: Rings, rows: NDArray[np.int64], days: NDArray[np.int64], mean: NDArray[np.bool_]) -> None:
    """Completes the day of ``rows`` (each once) and begins ``days``, which are later."""
    width = rings.point.shape[1]
    old = rings.day[rows]
    value = np.where(mean, rings.value[rows] / np.maximum(rings.weight[rows], 1), rings.value[rows])
    known = ~np.isnan(value)
    rings.point[rows[known], old[known] % width] = value[known].astype(np.float32)
    number = days[:, None] - (days[:, None] - np.arange(width)) % width
    rings.point[rows] = np.where(number > old[:, None], np.float32(np.nan), rings.point[rows])
    rings.day[rows] = days
    rings.value[rows] = np.nan
    rings.weight[rows] = 0


def gather(rings: Rings, rows: NDArray[np.int64], values: NDArray[np.float64], aggregate: NDArray[np.int8]) -> None:
    """Folds one value (not NaN) into the running day of each of ``rows`` (each once)."""
    old = rings.value[rows]
    new = values.copy()
    again = ~np.isnan(old)
    for statistic, together in ((MIN, np.minimum), (MAX, np.maximum), (MEAN, np.add)):
        both = again & (aggregate == statistic)
        new[both] = together(old[both], values[both])
    rings.value[rows] = new
    rings.weight[rows] += 1


def history(rings: Rings, rows: NDArray[np.int64], length: int) -> NDArray[np.float64]:
    """The last ``length`` complete days of each of ``rows``, oldest first; NaN where nothing was measured."""
    width = rings.point.shape[1]
    days = rings.day[rows][:, None] - np.arange(length, 0, -1)
    points: NDArray[np.float32] = rings.point[rows[:, None], days % width]
    return points.astype(np.float64)


SEEDED = {LAST: "last", MIN: "minimum", MEAN: "mean", MAX: "maximum"}
