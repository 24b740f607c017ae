"""When a series reaches its limit: a date with an interval, or an honest "cannot tell".

The method, for a series that rises to its limit (a falling one is turned over first):

1. *Steps.* The change from one known day to the next, less the usual change per day, is compared with its own robust
   spread. A jump away from the limit (a clean-up, a new disk) ends history: only what came after it counts. A jump
   towards the limit (one large copy) is taken out, so that it is not mistaken for a pace.
2. *Pace.* The Theil-Sen slope: the median of the slopes of all pairs of days. Up to 29 % of wild days do not move it,
   and neither do weekends or missing weeks. Long histories are first thinned to medians of a few days.
3. *Level.* The median of the last five known days, carried along the slope to the present.
4. *Noise.* What the slope leaves over is split by its structure function into measurement noise, which does not grow
   with time, and wandering, which does: the variance of differences over a lag is 2 * noise + wandering * lag, taken at
   the second and the seventh known day back. Wandering is raised for short histories, whose line hides some of it.
5. *Interval.* The variance at h days ahead is noise + wandering * h + (variance of the slope) * (h + span / 2)^2; the
   interval's ends are where level + slope * h +/- z * deviation meets the limit: the roots of a quadratic.
6. *Silence.* No date is given with too little history, right after a step, without a rising slope, when the late end
   of the interval is unbounded or beyond ``latest``, or when the newest point is more than a week old.

Only exact operations and selections are used (no logarithms, no sums whose order could vary), so a row's result does
not depend on which other rows are computed with it.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.compiled import Forecast

    Floats = NDArray[np.float64]

THIN_TO = 60  # points; more are thinned
CHUNK = 128  # rows whose pairs are held in memory at once
WILD = 8.0  # deviations that make a jump
SPREAD = 1.4826  # median absolute deviation to standard deviation
STALE_DAYS = 7
FEWEST = 6  # known days, whatever the span
RECENT = 5  # known days that the level is taken from
FITTED = 28.0  # days; corrects wandering for what the fitted line hides
NEAR, FAR = 2, 7  # known days between which noise and wandering are told apart


class Outcome(IntEnum):
    """Why there is a date, or none."""

    NONE_YET = 0
    DATED = 1
    SHORT = 2  # too little history
    STEPPED = 3  # a clean-up or another disk, too short ago
    LEVEL = 4  # not moving towards the limit
    UNSURE = 5  # moving, but the interval is too wide
    STALE = 6  # nothing measured lately


class Projection(NamedTuple):
    """Per row; dates in days since 1970 (fractions allowed), NaN or inf where ``outcome`` is not DATED."""

    at: Floats
    low: Floats
    high: Floats
    rate: Floats  # per day, in the series' own direction
    outcome: NDArray[np.int8]


def median(values: Floats) -> Floats:
    """Median of each row's finite values, NaN where there are none. Rows may hold NaN."""
    ordered = np.sort(values, axis=1)  # NaN goes last
    count = values.shape[1] - np.isnan(ordered).sum(axis=1)
    rows = np.arange(len(values))
    upper = ordered[rows, np.minimum(count // 2, values.shape[1] - 1)]
    lower = ordered[rows, np.maximum(count - 1, 0) // 2]
    return np.where(count > 0, (lower + upper) / 2, np.nan)


@lru_cache(maxsize=8)
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


def without_steps(values: Floats, step: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Rows with jumps towards the limit taken out and what came before a jump away removed; and which had the latter.

    Values rise to their limit. A jump is larger than ``step`` and than WILD robust deviations of the daily change.
    """
    length = values.shape[1]
    columns = np.arange(length)
    known = ~np.isnan(values)
    latest = np.maximum.accumulate(np.where(known, columns, -1), axis=1)
    before = np.concatenate([np.full((len(values), 1), -1), latest[:, :-1]], axis=1)
    usable = known & (before >= 0)
    previous = np.take_along_axis(values, np.maximum(before, 0), axis=1)
    days = np.where(usable, columns - before, 1)
    change = np.where(usable, values - previous, np.nan)
    usual = median(change / days)[:, None]
    excess = change - usual * days
    spread = SPREAD * median(np.abs(excess))[:, None]
    bound = np.maximum(step, np.where(np.isnan(spread), 0, WILD * spread))
    away = excess < -bound
    last = np.where(away.any(axis=1), length - 1 - np.argmax(away[:, ::-1], axis=1), 0)
    jumps = np.where(excess > bound, excess, 0.0)
    later = np.cumsum(jumps[:, ::-1], axis=1)[:, ::-1] - jumps
    stepped: NDArray[np.bool_] = np.any(away, axis=1)
    return np.where(columns >= last[:, None], values + later, np.nan), stepped


def _thin(values: Floats, factor: int) -> Floats:
    """Medians of ``factor`` days each, the last block ending with the last day."""
    if factor == 1:
        return values
    rows, length = values.shape
    missing = -length % factor
    padded = np.concatenate([np.full((rows, missing), np.nan), values], axis=1)
    blocks = padded.reshape(rows * (padded.shape[1] // factor), factor)
    return median(blocks).reshape(rows, -1)


def _noise(residual: Floats, floor: float) -> tuple[Floats, Floats]:
    """Variance of measurement noise, and of wandering per column step, of each row.

    Known values are compared with the second and the seventh before them, however far apart they lie: so a weekly
    series is judged as well as a daily one.
    """
    rows, length = residual.shape
    order = np.argsort(~np.isnan(residual), axis=1, kind="stable")  # known values to the right, in order
    value, column = np.take_along_axis(residual, order, axis=1), order.astype(np.float64)
    column[np.isnan(value)] = np.nan
    spreads, distances = [], []
    for lag in (NEAR, FAR):
        if lag >= length:
            spreads.append(np.full(rows, np.nan))
            distances.append(np.full(rows, np.nan))
            continue
        spreads.append((SPREAD * median(np.abs(value[:, lag:] - value[:, :-lag]))) ** 2)
        distances.append(median(column[:, lag:] - column[:, :-lag]))
    (near, far), (short, long) = spreads, distances
    long, far = np.where(np.isnan(far), short + 1, long), np.where(np.isnan(far), near, far)
    wander = np.maximum(0.0, far - near) / np.maximum(long - short, 1)
    noise = np.maximum(floor * floor, np.maximum(near - wander * short, 0.0) / 2)
    return np.nan_to_num(noise, nan=floor * floor), np.nan_to_num(wander)


def project(points: Floats, last_day: NDArray[np.int64], today: NDArray[np.int64], spec: Forecast) -> Projection:
    """Forecasts each row of daily ``points`` (oldest first, the last column is ``last_day``), seen from ``today``."""
    values, stepped = without_steps(spec.sign * points, spec.step)
    limit = spec.sign * spec.limit
    length = values.shape[1]
    known = ~np.isnan(values)
    count = known.sum(axis=1)
    oldest = np.argmax(known, axis=1)
    newest = length - 1 - np.argmax(known[:, ::-1], axis=1)
    span = np.where(count > 0, newest - oldest, 0)
    short = (span + 1 < spec.minimum_days) | (count < max(FEWEST, spec.minimum_days // 4))
    stale = (count > 0) & (today - 1 - (last_day - (length - 1 - newest)) > STALE_DAYS)

    factor = -(-length // THIN_TO)
    pace = slope(_thin(values, factor)) / factor
    column = np.arange(length) - (length - 1)
    residual = values - pace[:, None] * column
    recent = np.cumsum(known[:, ::-1], axis=1)[:, ::-1] <= RECENT
    level = median(np.where(recent & known, residual, np.nan))
    noise, wander = _noise(residual, spec.noise)

    distance = limit - level
    width = np.maximum(span, 1).astype(np.float64)
    # A line fitted to a short history takes much of the wandering for its slope.
    wander *= 1 + FITTED / width
    tilt = 12 * noise / (np.maximum(count, 2) * width * width) + wander / width
    # z^2 * variance(h) = (distance - pace * h)^2, with variance(h) = c0 + c1 h + tilt h^2
    z2 = spec.z * spec.z
    c0 = noise + tilt * width * width / 4
    c1 = wander + tilt * width
    a = pace * pace - z2 * tilt
    b = 2 * pace * distance + z2 * c1
    c = distance * distance - z2 * c0
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.maximum(b * b - 4 * a * c, 0.0))
        at = distance / pace
        low = np.where(a > 0, (b - root) / (2 * a), 0.0)
        high = np.where(a > 0, (b + root) / (2 * a), np.inf)
    # How long ago the newest day is counts too: dates are from there on.
    reached = distance <= 0
    at = np.where(reached, 0.0, at)
    low = np.where(reached, 0.0, np.clip(low, 0.0, at))
    high = np.where(reached, 0.0, np.maximum(high, at))

    outcome = np.full(len(values), Outcome.DATED, dtype=np.int8)
    outcome[high > spec.latest] = Outcome.UNSURE
    outcome[(pace <= 0) & ~reached] = Outcome.LEVEL
    outcome[short] = Outcome.SHORT
    outcome[short & stepped] = Outcome.STEPPED
    outcome[stale] = Outcome.STALE
    outcome[count == 0] = Outcome.SHORT
    dated = outcome == Outcome.DATED
    nothing = np.isin(outcome, (Outcome.SHORT, Outcome.STALE, Outcome.NONE_YET))
    blank = np.where(nothing, np.nan, np.inf)
    origin = (last_day + 1).astype(np.float64)
    return Projection(
        at=np.where(dated, origin + at, blank),
        low=np.where(dated, origin + low, blank),
        high=np.where(dated, origin + high, blank),
        rate=spec.sign * pace,
        outcome=outcome,
    )
