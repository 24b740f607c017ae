"""The weekly rhythm of growth: which days of the week add more than others, as far as the data show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine.forecast.robust import SPREAD, median, total
from keuring_collector.engine.forecast.steps import changes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WEEK = 7
LOOK = 9 * WEEK  # days the rhythm is taken from
FEWEST = 3  # changes seen of every day of the week, before a rhythm is believed: one jump does not make one
MEDIAN_COST = 1.57  # variance of a median through that of a mean
FARTHEST = 1e4  # days
CAUTION = 1.5  # how much larger than chance the differences between days must be


class Rhythm(NamedTuple):
    """``offset``: by how much the level at the end of each day of the week lies above the steady course, rows x 7.

    Days are counted from the last column of the series, whose day is the last of the seven and has the offset 0.
    """

    offset: Floats

    def without(self, values: Floats) -> Floats:
        """The series as if it had no rhythm; its last day is what it was."""
        days = np.arange(values.shape[1]) - values.shape[1]
        return np.asarray(values - self.offset[:, days % WEEK], dtype=np.float64)

    def reached(self, ahead: Floats, pace: Floats) -> Floats:
        """When a steady course that arrives ``ahead`` days after the last day really does: the first time, in days."""
        rows = np.flatnonzero(np.isfinite(ahead) & (ahead < FARTHEST) & (self.offset != 0).any(axis=1))
        days, pace = ahead[rows], pace[rows]
        goal, begin = pace * days, np.floor(days)
        first = np.full(len(rows), np.inf)
        for shift in range(-WEEK, WEEK):
            start = np.maximum(begin + shift, 0.0)
            day = start.astype(np.int64)
            low = pace * start + self.offset[rows, (day - 1) % WEEK]
            high = pace * (start + 1) + self.offset[rows, day % WEEK]
            crosses = (low < goal) & (high >= goal)
            share = (goal - low) / np.where(crosses, high - low, 1.0)
            first = np.where(crosses, np.minimum(first, start + share), first)
        moved = ahead.copy()
        moved[rows] = np.where(np.isfinite(first), first, days)
        return moved


def rhythm(values: Floats) -> Rhythm:
    """From the median change of each day of the week, drawn towards no rhythm by what chance would show.

    Only changes from one day to the next count: what a gap holds cannot be told apart.
    """
    rows = len(values)
    change, days = changes(values[:, -LOOK - 1 :])
    daily = np.where(days == 1, change, np.nan)
    weeks = daily.shape[1] // WEEK
    if not weeks:
        return Rhythm(np.zeros((rows, WEEK)))
    cube = daily[:, daily.shape[1] - weeks * WEEK :].reshape(rows, weeks, WEEK)
    by_day = np.swapaxes(cube, 1, 2)
    usual = median(by_day.reshape(-1, weeks)).reshape(rows, WEEK)
    seen = (~np.isnan(cube)).sum(axis=1).min(axis=1)
    more = usual - (total(usual) / WEEK)[:, None]
    between = total(more * more) / (WEEK - 1)
    spread = SPREAD * median(np.abs(cube - usual[:, None, :]).reshape(rows, -1))
    # With few weeks, medians follow the values that they are held against.
    chance = MEDIAN_COST * spread * spread / np.maximum(seen - 1, 1)
    sure = (seen >= FEWEST) & (between > CAUTION * chance)
    share = np.where(sure, 1 - CAUTION * chance / np.where(sure, between, 1.0), 0.0)
    return Rhythm(_offsets(np.where(sure[:, None], more, 0.0) * share[:, None]))


def _offsets(more: Floats) -> Floats:
    sums = np.cumsum(more, axis=1)
    return np.asarray(sums - sums[:, -1:], dtype=np.float64)
