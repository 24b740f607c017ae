"""The forecast of a series whose kind is known to drift towards its limit, such as the capacity of a battery.

Capacity falls in steps months apart, gauges err by a few per cent, and some never move: a line through one's own
history says little by itself. So the pace is the series' own slope, drawn towards the drift of all others by the
variances of both (the drift's is how much it differs from one to another). A restless gauge is believed less, and so is
a short history. The values are thinned to the last of each week, so a gauge that is read weekly, daily or only when it
moves comes to the same.

The date is a share of the mean time to get there: what walks in steps is there earlier than its mean course, and so is
the interval's early end. These shares were learned from recorded series, not derived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine.forecast.estimate import Estimate
from keuring_collector.engine.forecast.robust import Course, last_known, packed, slope, total
from keuring_collector.engine.forecast.spread import weighted
from keuring_collector.engine.forecast.steps import without_spikes, without_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.compiled import Drift, Forecast

    Floats = NDArray[np.float64]

BLOCK = 7  # days
FEW_BLOCKS = 4.0  # blocks that the kind's restlessness weighs as much as
PRIOR_BLOCKS = 6.0  # blocks that the belief "all of it wanders" weighs as much as
FAR = 4  # blocks over which noise and wandering are told apart
SLOPE = 1.2  # variance of a line's slope through a wandering series, times its length
STILL_DAYS = 56  # a gauge that gives the same value for so long is stuck
SLOWEST = 0.2  # least weight of the newest block in the level


def wearing(values: Floats, spec: Forecast) -> Estimate:
    """Forecasts rows of daily ``values`` that rise to the limit of ``spec``, by its drift."""
    drift = spec.drift
    if drift is None:
        raise ValueError("a forecast by drift needs a drift")
    weeks = without_spikes(last_known(values, BLOCK), spec.step)
    steps = without_steps(weeks, spec.step)
    # A battery that loses much at once has lost it: only a jump away, to another one, ends history.
    before = np.arange(weeks.shape[1]) < steps.since[:, None]
    recent = np.where(before, np.nan, weeks)[:, -round(spec.pace_days / BLOCK) :]
    course = Course(recent)
    change, days = _between(recent)
    pace = _pace(recent, course, change, days, drift, spec.sign)
    now = _level(recent, course, change)
    distance = spec.sign * spec.limit - now
    still = (np.fmax.reduce(recent, axis=1) - np.fmin.reduce(recent, axis=1) <= 0) & (
        course.width * BLOCK >= STILL_DAYS
    )
    pace = np.where(still, 0.0, pace)
    reached = distance <= 0
    mean = np.where(pace > 0, distance / np.where(pace > 0, pace, 1.0), np.inf)
    at = np.where(reached, 0.0, drift.median * mean)
    seen = Course(np.where(np.repeat(before, BLOCK, axis=1)[:, -values.shape[1] :], np.nan, values))
    seen.count = course.count  # a gauge that does not move says as little in seven days as in one
    return Estimate(
        at=at,
        low=np.where(reached, 0.0, drift.early * at),
        high=np.where(reached, 0.0, drift.late * at + drift.margin),
        pace=pace,
        reached=reached,
        stepped=steps.away > 0,
        cleaned=np.zeros(len(values), dtype=np.bool_),
        course=seen,
    )


def _between(recent: Floats) -> tuple[Floats, Floats]:
    """Changes from each known block to the next, and the days between them; NaN where there is none."""
    value, column = packed(recent)
    return value[:, 1:] - value[:, :-1], (column[:, 1:] - column[:, :-1]) * BLOCK


def _pace(recent: Floats, course: Course, change: Floats, days: Floats, drift: Drift, sign: float) -> Floats:
    """The own slope and the drift, weighed by the inverse of their variances; per day."""
    known = FEW_BLOCKS * BLOCK
    line = slope(recent) / BLOCK
    off = change - line[:, None] * days
    restless = (total(off * off) + known * drift.restless) / (total(days) + known)
    own = SLOPE * restless / (course.width * BLOCK)
    between = drift.spread * drift.spread
    share = np.where(np.isnan(line), 0.0, between / (between + own))
    return np.asarray(share * np.nan_to_num(line) + (1 - share) * sign * drift.per_day, dtype=np.float64)


def _level(recent: Floats, course: Course, change: Floats) -> Floats:
    """The level now, which follows the newest block the more, the less of what moves is noise."""
    value, _ = packed(recent)
    near = total(change * change) / np.maximum((~np.isnan(change)).sum(axis=1), 1)
    if value.shape[1] > FAR:
        over = value[:, FAR:] - value[:, :-FAR]
        seen = (~np.isnan(over)).sum(axis=1)
        far = np.where(seen > 0, total(over * over) / np.maximum(seen, 1), 2 * near)
    else:
        far = 2 * near
    wander = np.maximum(far - near, 0.0) / (FAR - 1)
    count = course.count
    wander = (count * wander + PRIOR_BLOCKS * near / 2) / (count + PRIOR_BLOCKS)
    noise = np.maximum(near - wander, 1e-8) / 2
    ratio = wander / noise
    gain = np.clip((np.sqrt(ratio * ratio + 4 * ratio) - ratio) / 2, SLOWEST, 1.0)
    return weighted(value, gain)
