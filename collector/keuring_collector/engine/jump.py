"""How far a series lies from what it was before it jumped, and stayed there.

The method, for a series whose rise matters (a falling one is turned over first):

1. *Jumps.* As for forecasts: single odd days are left out, and a jump is a change that is larger than ``step`` and far
   beyond the usual change from day to day.
2. *Lasting.* A jump counts once the days since it are ``lasting`` known ones, when BEFORE were known before it.
3. *Before.* The median of those. It is remembered, for the days that a row keeps pass:
   a module that dropped out stays away, also when nobody looked for months. Of several jumps the first counts.
4. *Now.* Of a new jump each of the last ``lasting`` known days lies beyond *before*, the nearest counts; of one that is
   remembered it is their median. Back by half a step or more: it is forgotten.

Selections and exact operations only: a row's result does not depend on which other rows are computed with it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine.forecast.robust import median
from keuring_collector.engine.forecast.steps import beyond_usual, without_spikes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BEFORE = 7  # known days that say what it was; few would be those of another jump
BACK = 0.5  # of a step: nearer than that to what it was, it is back
STALE_DAYS = 7


class Outcome(IntEnum):
    """Why it is known how far the series jumped, or not."""

    NONE_YET = 0
    KNOWN = 1
    SHORT = 2  # too little history
    STALE = 3  # nothing measured lately


class Jumps(NamedTuple):
    """Per row; NaN where ``outcome`` is not KNOWN. ``before``: NaN too where it did not jump, or is back."""

    by: Floats  # in the direction that is looked for; 0 when there was no jump
    before: Floats
    outcome: NDArray[np.int8]


def fit(points: Floats, before: Floats, sign: float, step: float, lasting: int) -> Jumps:
    """The jump of each row of daily ``points`` (oldest first, NaN where nothing was measured).

    ``before`` is what was remembered of an earlier one (NaN: none); ``sign`` is 1 for a rise and -1 for a fall.
    """
    values = without_spikes(sign * points, step)
    excess, bound = beyond_usual(values, step)
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    so_far = np.cumsum(known, axis=1)
    since = count[:, None] - so_far + known  # known days from this one on
    jumped = (excess > bound) & (since >= lasting) & (so_far - known >= BEFORE)
    length = values.shape[1]
    place = np.where(jumped.any(axis=1), length - 1 - np.argmax(jumped[:, ::-1], axis=1), 0)
    at = np.take_along_axis(so_far, place[:, None], axis=1) - 1  # known days before it
    level = median(np.where((so_far <= at) & (so_far > at - BEFORE) & known, values, np.nan))
    remembered = np.fmin(sign * before, np.where(jumped.any(axis=1), level, np.nan))
    latest = np.where(since <= lasting, values, np.nan)
    nearest = np.min(np.where(np.isnan(latest), np.inf, latest), axis=1)
    by = np.where(np.isnan(before), nearest, median(latest)) - remembered
    remembered = np.where(by > BACK * step, remembered, np.nan)

    newest = length - 1 - np.argmax(known[:, ::-1], axis=1)
    outcome = np.full(len(values), Outcome.KNOWN, dtype=np.int8)
    outcome[(count < BEFORE + lasting) & np.isnan(by)] = Outcome.SHORT
    outcome[(count > 0) & (length - 1 - newest > STALE_DAYS)] = Outcome.STALE
    outcome[(count == 0) & ~np.isnan(before)] = Outcome.STALE
    by = np.where(outcome == Outcome.KNOWN, np.where(np.isnan(by), 0.0, by), np.nan)
    remembered = np.where(outcome == Outcome.STALE, before, sign * remembered)
    return Jumps(by, remembered, outcome)
