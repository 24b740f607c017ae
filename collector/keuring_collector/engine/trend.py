"""How fast a series rises or falls, and how fast it does so at the least.

The method, for a series whose rise matters (a falling one is turned over first):

1. *Steps.* As for forecasts: a jump away ends history, one towards what is feared is taken out.
2. *Pace.* The Theil-Sen slope of the daily points; more than THIN_TO days are first thinned to medians of a few.
3. *Doubt.* What the line leaves over is told apart into noise, which does not grow with time, and wandering, which
   does, by the differences of known days that lie near and far apart. The variance of the slope is
   12 * noise / (days * span^2) + wandering / span. A short history hides wandering in its own slope, and none shows
   that there is no wandering at all: so it is raised, and never thought less than PRIOR of the noise.
4. *Surely.* The slope less ``z`` deviations: what it is at least. That is what a rule holds against its limit, so a
   trend is only told when the interval leaves the limit out.

Selections and exact operations only: a row's result does not depend on which other rows are computed with it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine.forecast.robust import median, slope, thin
from keuring_collector.engine.forecast.steps import without_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

THIN_TO = 60  # points; more are thinned
SPREAD = 1.4826  # median absolute deviation to standard deviation
STALE_DAYS = 7
FEWEST = 6  # known days, whatever the span
FITTED = 28.0  # days; corrects wandering for what the fitted line hides
TOLERANCE = 2.0  # by how much far differences may be larger by chance, over the root of the known days
PRIOR = 0.02  # of the noise's variance, per day: as much wandering is always thought possible
SMALL = 4.0  # known days; a spread of few differences is uncertain itself
NEAR, FAR = 2, (5, 7, 10, 14)  # known days between which noise and wandering are told apart


class Outcome(IntEnum):
    """Why the slope is known, or not."""

    NONE_YET = 0
    KNOWN = 1
    SHORT = 2  # too little history
    STEPPED = 3  # a jump away, too short ago
    STALE = 4  # nothing measured lately


class Trends(NamedTuple):
    """Per row; per day, NaN where ``outcome`` is not KNOWN."""

    rate: Floats  # in the series' own direction
    surely: Floats  # in the direction that is looked for; below 0 when it may well go the other way
    outcome: NDArray[np.int8]


def fit(points: Floats, sign: float, step: float, noise: float, z: float, minimum_days: int) -> Trends:
    """The trend of each row of daily ``points`` (oldest first, NaN where nothing was measured).

    ``sign`` is 1 for a rise and -1 for a fall; ``step`` and ``noise`` (the least standard deviation) are in the series'
    unit; ``z`` is the half-width of the interval in standard deviations.
    """
    values, _, _, away, _ = without_steps(sign * points, step)
    stepped = away > 0
    length = values.shape[1]
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    oldest = np.argmax(known, axis=1)
    newest = length - 1 - np.argmax(known[:, ::-1], axis=1)
    span = np.where(count > 0, newest - oldest, 0)
    factor = -(-length // THIN_TO)
    pace = slope(thin(values, factor)) / factor
    # A history of one block has no pace yet.
    pace = np.where(span > 0, pace, np.nan)
    deviation = _deviation(values - pace[:, None] * np.arange(length), noise, count, span)

    outcome = np.full(len(values), Outcome.KNOWN, dtype=np.int8)
    short = (span + 1 < minimum_days) | (count < max(FEWEST, minimum_days // 4)) | np.isnan(pace)
    outcome[short] = Outcome.SHORT
    outcome[short & stepped] = Outcome.STEPPED
    outcome[(count > 0) & (length - 1 - newest > STALE_DAYS)] = Outcome.STALE
    blank = outcome != Outcome.KNOWN
    return Trends(
        rate=np.where(blank, np.nan, sign * pace),
        surely=np.where(blank, np.nan, pace - z * deviation),
        outcome=outcome,
    )


def _deviation(residual: Floats, least: float, count: NDArray[np.int64], span: NDArray[np.int64]) -> Floats:
    """The standard deviation of the slope of each row, per day."""
    order = np.argsort(~np.isnan(residual), axis=1, kind="stable")  # known values to the right, in order
    value, column = np.take_along_axis(residual, order, axis=1), order.astype(np.float64)
    column[np.isnan(value)] = np.nan
    near, short = _differences(value, column, NEAR)
    expected = near * (1 + TOLERANCE / np.sqrt(np.maximum(count, 1)))
    paces = []
    for lag in FAR:
        far, long = _differences(value, column, lag)
        # Differences over more than half the history are those of its two ends only.
        paces.append(np.where(long <= span / 2, (far - expected) / np.maximum(long - short, 1), np.nan))
    wander = np.maximum(0.0, np.nan_to_num(median(np.stack(paces, axis=1))))
    around = (SPREAD * median(np.abs(residual - median(residual)[:, None]))) ** 2
    noise = np.maximum(near - wander * short, 0.0) / 2
    noise = np.maximum(np.where(wander > 0, noise, np.maximum(noise, around)), least * least)
    length = np.maximum(span, 1).astype(np.float64)
    days = np.maximum(count, 1).astype(np.float64)
    wander = np.maximum(wander, PRIOR * noise) * (1 + FITTED / length)
    deviation: Floats = np.sqrt(12 * noise / (days * length * length) + wander / length) * (1 + SMALL / days)
    return deviation


def _differences(value: Floats, column: Floats, lag: int) -> tuple[Floats, Floats]:
    """The robust variance of differences between known values ``lag`` apart, and how many days that usually is."""
    if lag >= value.shape[1]:
        nothing = np.full(len(value), np.nan)
        return nothing, nothing
    spread = SPREAD * median(np.abs(value[:, lag:] - value[:, :-lag]))
    return spread * spread, median(column[:, lag:] - column[:, :-lag])
