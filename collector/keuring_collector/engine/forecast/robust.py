"""Medians, sums and slopes of rows, by exact operations only: what a row comes to does not depend on its company.

Sums run from left to right (a cumulative sum); numpy's own reductions add in an order that depends on the shape.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

CHUNK = 512  # rows whose pairs are held in memory at once
SPREAD = 1.4826  # median absolute deviation to standard deviation


def median(values: Floats) -> Floats:
    """Median of each row's finite values, NaN where there are none. Rows may hold NaN."""
    ordered = np.sort(values, axis=1)  # NaN goes last
    count = values.shape[1] - np.isnan(ordered).sum(axis=1)
    rows = np.arange(len(values))
    upper = ordered[rows, np.minimum(count // 2, values.shape[1] - 1)]
    lower = ordered[rows, np.maximum(count - 1, 0) // 2]
    return np.where(count > 0, (lower + upper) / 2, np.nan)


def total(values: Floats) -> Floats:
    """Sum of each row's finite values, added from left to right."""
    if not values.shape[1]:
        return np.zeros(len(values))
    sums: Floats = np.cumsum(np.where(np.isnan(values), 0.0, values), axis=1)[:, -1]
    return sums


@lru_cache(maxsize=16)
def _pairs(length: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    first, second = np.triu_indices(length, 1)
    return first, second, (second - first).astype(np.float64)


def slope(values: Floats) -> Floats:
    """The Theil-Sen slope per column step of each row; NaN where fewer than two values are known."""
    first, second, distance = _pairs(values.shape[1])
    result = np.empty(len(values))
    for start in range(0, len(values), CHUNK):
        rows = values[start : start + CHUNK]
        result[start : start + CHUNK] = median((rows[:, second] - rows[:, first]) / distance)
    return result


def thin(values: Floats, factor: int) -> Floats:
    """Medians of ``factor`` columns each, the last block ending with the last column."""
    if factor == 1:
        return values
    return median(blocks(values, factor).reshape(-1, factor)).reshape(len(values), -1)


def last_known(values: Floats, factor: int) -> Floats:
    """The last known value of each ``factor`` columns, the last block ending with the last column."""
    cube = blocks(values, factor)
    place = factor - 1 - np.argmax(~np.isnan(cube[:, :, ::-1]), axis=2)
    taken: Floats = np.take_along_axis(cube, place[:, :, None], axis=2)[:, :, 0]
    return taken


def blocks(values: Floats, factor: int) -> Floats:
    """Rows x blocks x ``factor``; what is missing at the beginning is unknown."""
    missing = -values.shape[1] % factor
    padded = np.concatenate([np.full((len(values), missing), np.nan), values], axis=1)
    return padded.reshape(len(values), -1, factor)


def packed(values: Floats) -> tuple[Floats, Floats]:
    """The known values of each row moved to the right in their order, and the columns they came from."""
    order = np.argsort(~np.isnan(values), axis=1, kind="stable")
    value = np.take_along_axis(values, order, axis=1)
    return value, np.where(np.isnan(value), np.nan, order)


class Course:
    """What is known of each row of ``values``, in columns; rows without a known value have a span of 0."""

    def __init__(self, values: Floats) -> None:
        length = values.shape[1]
        self.known = ~np.isnan(values)
        self.count = self.known.sum(axis=1)
        oldest = np.argmax(self.known, axis=1)
        self.age = np.where(self.count > 0, np.argmax(self.known[:, ::-1], axis=1), 0)  # of the newest
        self.span = np.where(self.count > 0, length - 1 - self.age - oldest, 0)
        self.width = np.maximum(self.span, 1).astype(np.float64)
