"""Where a series jumped: a clean-up, a copy, another disk; and days that stand out alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine.forecast.robust import SPREAD, median

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WILD = 7.0  # deviations that make a jump


class Steps(NamedTuple):
    """Per row of a series that rises to its limit.

    ``values``: without the jumps towards the limit and without what came before a jump away. ``jumps``: their sizes, in
    the columns in which they ended. ``away``: how many jumps away there were, ``since``: the column in which the last
    of them ended (0: none), and ``peak``: the highest value that one of them began from (-inf: none).
    """

    values: Floats
    jumps: Floats
    since: NDArray[np.int64]
    away: NDArray[np.int64]
    peak: Floats


def without_spikes(values: Floats, step: float) -> Floats:
    """Days that lie at least ``step`` above, or below, both known neighbours, which agree, become unknown."""
    length = values.shape[1]
    columns = np.arange(length)
    known = ~np.isnan(values)
    before = _previous(known, columns)
    after = length - 1 - _previous(known[:, ::-1], columns)[:, ::-1]
    inner = known & (before >= 0) & (after < length)
    left = np.take_along_axis(values, np.maximum(before, 0), axis=1)
    right = np.take_along_axis(values, np.minimum(after, length - 1), axis=1)
    above = np.minimum(values - left, values - right) > step
    below = np.minimum(left - values, right - values) > step
    alone = inner & (above | below) & (np.abs(left - right) <= step)
    return np.where(alone, np.nan, values)


def changes(values: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """The change of each known day from the known day before it (NaN: none), and how many days lie between."""
    columns = np.arange(values.shape[1])
    known = ~np.isnan(values)
    before = _previous(known, columns)
    usable = known & (before >= 0)
    previous = np.take_along_axis(values, np.maximum(before, 0), axis=1)
    return np.where(usable, values - previous, np.nan), np.where(usable, columns - before, 1)


def _previous(known: NDArray[np.bool_], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    latest = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    return np.concatenate([np.full((len(known), 1), -1), latest[:, :-1]], axis=1)


def beyond_usual(values: Floats, step: float) -> tuple[Floats, Floats]:
    """By how much each known day changed more than it usually does, and the least of it that is a jump.

    A jump is larger than ``step`` and than WILD robust deviations of the daily change. Over a gap of n days the bound
    is that of n days' wandering.
    """
    change, days = changes(values)
    usual = median(change / days)[:, None]
    root = np.sqrt(days)
    excess = change - usual * days
    spread = SPREAD * median(np.abs(excess) / root)[:, None]
    return excess, np.maximum(step, np.where(np.isnan(spread), 0, WILD * spread * root))


def without_steps(values: Floats, step: float) -> Steps:
    """Takes jumps towards the limit out, and removes what came before a jump away."""
    columns = np.arange(values.shape[1])
    change, _ = changes(values)
    excess, bound = beyond_usual(values, step)
    away = excess < -bound
    jumps = np.where(excess > bound, excess, 0.0)
    later = np.cumsum(jumps[:, ::-1], axis=1)[:, ::-1] - jumps
    count = away.sum(axis=1)
    last = np.where(count > 0, values.shape[1] - 1 - np.argmax(away[:, ::-1], axis=1), 0)[:, None]
    return Steps(
        values=np.where(columns >= last, values + later, np.nan),
        jumps=np.where(columns > last, jumps, 0.0),
        away=count,
        peak=np.max(np.where(away, values - change, -np.inf), axis=1, initial=-np.inf),
        since=last[:, 0],
    )
