"""Daily points: what forecasts are made of. One point per day, its last, least, greatest or mean value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine.model import LAST, MAX, MEAN, MIN, SUM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.columns import Days

DAY = 86400.0
RESTART_SHARE = 0.01  # a size that changes by more than this is another volume, disk or battery


def day_of(ends: NDArray[np.float64]) -> NDArray[np.int64]:
    """The day (UTC, since 1970) that windows belong to: one that ends at midnight belongs to the day before."""
    return np.floor((ends - 0.001) / DAY).astype(np.int64)


def restarted(rings: Days, rows: NDArray[np.int64], sizes: NDArray[np.float64]) -> NDArray[np.int64]:
    """Those of ``rows`` whose size changed; remembers the sizes."""
    known = ~np.isnan(sizes)
    if not known.any():
        return rows[:0]
    old = rings.restart[rows]
    changed = rows[known & (np.abs(sizes - old) > RESTART_SHARE * np.abs(old))]
    rings.restart[rows[known]] = sizes[known]
    return changed


def turn(rings: Days, rows: NDArray[np.int64], days: NDArray[np.int64], mean: NDArray[np.bool_]) -> None:
    """Completes the day of ``rows`` (each once) and begins ``days``, which are later."""
    width = rings.point.shape[1]
    old = rings.day[rows]
    value = np.where(mean, rings.value[rows] / np.maximum(rings.weight[rows], 1), rings.value[rows])
    known = ~np.isnan(value)
    rings.point[rows[known], old[known] % width] = value[known].astype(np.float32)
    rings.point[rows, days % width] = np.nan
    late = np.flatnonzero(days > old + 1)  # days without a window are not known either
    if len(late):
        after, before, mine = days[late, None], old[late, None], rows[late]
        number = after - (after - np.arange(width)) % width
        rings.point[mine] = np.where(number > before, np.float32(np.nan), rings.point[mine])
    rings.day[rows] = days
    rings.value[rows] = np.nan
    rings.weight[rows] = 0


def gather(
    rings: Days, rows: NDArray[np.int64], values: NDArray[np.float64], aggregate: NDArray[np.int8] | None
) -> None:
    """Folds one value (not NaN) into the running day of each of ``rows`` (each once); no ``aggregate``: the last."""
    new = values
    if aggregate is not None:
        old, new = rings.value[rows], values.copy()
        again = old == old
        for statistic, together in TOGETHER:
            both = again & (aggregate == statistic)
            if both.any():
                new[both] = together(old[both], values[both])
    rings.value[rows] = new
    rings.weight[rows] += 1


def clear(rings: Days, rows: NDArray[np.int64]) -> None:
    """Forgets the points of ``rows``, and what the running day has come to."""
    rings.point[rows] = np.nan
    rings.value[rows] = np.nan
    rings.weight[rows] = 0


def seed(rings: Days, row: int, days: NDArray[np.int64], values: NDArray[np.float64]) -> None:
    """Fills a row from history: the days (rising) and what each came to."""
    width = rings.point.shape[1]
    recent = days > days[-1] - width
    clear(rings, np.array([row]))
    rings.point[row, days[recent] % width] = values[recent].astype(np.float32)
    rings.day[row] = days[-1]


def history(rings: Days, rows: NDArray[np.int64], length: int) -> NDArray[np.float64]:
    """The last ``length`` complete days of each of ``rows``, oldest first; NaN where nothing was measured."""
    width = rings.point.shape[1]
    days = rings.day[rows][:, None] - np.arange(length, 0, -1)
    points: NDArray[np.float32] = rings.point[rows[:, None], days % width]
    return points.astype(np.float64)


def newest(rings: Days, row: int, length: int, aggregate: int) -> float:
    """What the running day has come to, else the newest of the last ``length`` days; NaN: nothing is known."""
    value = float(rings.value[row])
    if value == value:
        return value / float(rings.weight[row]) if aggregate == MEAN else value
    points = history(rings, np.array([row]), length)[0]
    known = points[~np.isnan(points)]
    return float(known[-1]) if len(known) else float("nan")


TOGETHER = ((MIN, np.minimum), (MAX, np.maximum), (MEAN, np.add), (SUM, np.add))
SEEDED = {LAST: "last", MIN: "minimum", MEAN: "mean", MAX: "maximum", SUM: "total"}
