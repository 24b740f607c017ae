"""The forecast of a series from its own course alone, such as a volume that fills.

The pace is the Theil-Sen slope over medians of a few days each, after the weekly rhythm was taken out; the level weighs
recent days by how much the series wanders. When the last three weeks have another pace than the whole, theirs counts:
copying ends, projects begin. The variance h days ahead is that of the level, plus wandering * h, plus that of the slope
* h * h, in which a share of the pace itself counts as uncertain, for habits change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine.forecast.estimate import Ahead, Estimate, roots
from keuring_collector.engine.forecast.rhythm import rhythm
from keuring_collector.engine.forecast.robust import Course, slope, thin, total
from keuring_collector.engine.forecast.spread import Spread, level, spread
from keuring_collector.engine.forecast.steps import Steps, without_spikes, without_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.compiled import Forecast

    Floats = NDArray[np.float64]

THIN_TO = 20  # blocks that the slope is taken over: 190 pairs
RECENT_DAYS = 21
RECENT_FEWEST = 10  # known days in them
RECENT_SPAN = 13
BEND = 1.5  # deviations by which the recent pace must differ from the whole
UNSTEADY = 0.1  # share of the pace by which it must differ at least, likewise
HABIT = 0.03  # share of the pace that is uncertain however long the history
HABIT_DAYS = 28.0  # days of history at which that share's variance is twice as large
FITTED_DAYS = 28.0  # likewise of the wandering, much of which a line through a short history takes for its slope
FEW = 3.0  # known days that widen the interval, for its width too is estimated
CLEANED = 2  # clean-ups that make it a habit


class Pace(NamedTuple):
    """Per day; ``width`` and ``days``: what it was taken over, from the first to the last, and the known ones.

    ``bent``: these are the last weeks only.
    """

    pace: Floats
    width: Floats
    days: NDArray[np.int64]
    bent: NDArray[np.bool_]


def filling(values: Floats, spec: Forecast) -> Estimate:
    """Forecasts rows of daily ``values`` that rise to the limit of ``spec``."""
    values = without_spikes(values, spec.step)
    weekly = rhythm(values[:, -spec.pace_days :])
    steps = without_steps(weekly.without(values), spec.step)
    recent = steps.values[:, -spec.pace_days :]
    course = Course(recent)
    days = np.arange(recent.shape[1]) - (recent.shape[1] - 1)
    factor = -(-recent.shape[1] // THIN_TO)
    whole = slope(thin(recent, factor)) / factor
    found = spread(recent - whole[:, None] * days, spec.noise, spec.step)
    pace = _bent(recent, course, whole, found)
    residual = recent - pace.pace[:, None] * days
    again = np.flatnonzero(pace.bent)
    if len(again):
        anew = spread(residual[again], spec.noise, spec.step)
        found.noise[again], found.wander[again] = anew.noise, anew.wander
    now = level(residual, found)
    distance = spec.sign * spec.limit - now
    reached = distance <= 0
    at, low, high = _interval(np.maximum(distance, 0.0), pace, found, _jumping(steps, course), spec)
    at = np.where(reached, 0.0, weekly.reached(at, pace.pace))
    return Estimate(
        at=at,
        low=np.where(reached, 0.0, np.clip(low, 0.0, at)),
        # A reading at the limit may err: it may still take days, but it is not for that reason unknown.
        high=np.where(reached, np.minimum(high, spec.latest), np.maximum(high, at)),
        pace=pace.pace,
        reached=reached,
        stepped=steps.away > 0,
        cleaned=(steps.away >= CLEANED) & (now < steps.peak + spec.step / 2),
        course=course,
    )


def _bent(values: Floats, course: Course, whole: Floats, found: Spread) -> Pace:
    """The pace of the whole, or of the last three weeks where they differ from it by more than chance."""
    recent = values[:, -RECENT_DAYS:]
    last = Course(recent)
    pace = slope(thin(recent, 2)) / 2
    less = np.maximum(1 / last.width - 1 / np.maximum(course.width, last.width + 1), 0.0)
    variance = 12 * found.noise / (np.maximum(last.count, 2) * last.width * last.width) + 1.2 * found.wander * less
    off = (pace - whole) ** 2 > BEND * BEND * (variance + (UNSTEADY * whole) ** 2)
    bent = off & (last.count >= RECENT_FEWEST) & (last.span >= RECENT_SPAN) & (course.width > 1.3 * last.width)
    return Pace(
        np.where(bent, pace, whole),
        np.where(bent, last.width, course.width),
        np.where(bent, last.count, course.count),
        np.asarray(bent, dtype=np.bool_),
    )


def _jumping(steps: Steps, course: Course) -> Floats:
    """Variance per day of the jumps towards the limit that were taken out: more may come, and make it earlier."""
    jumps = steps.jumps[:, -course.known.shape[1] :]
    return np.asarray(total(jumps * jumps) / course.width, dtype=np.float64)


def _interval(
    distance: Floats, pace: Pace, found: Spread, jumping: Floats, spec: Forecast
) -> tuple[Floats, Floats, Floats]:
    count = np.maximum(pace.days, 2)
    square = pace.width * pace.width
    hidden = found.wander * (1 + FITTED_DAYS / pace.width)
    tilts = 12 * found.noise / (count * square) + hidden / pace.width
    habit = HABIT * HABIT * (1 + HABIT_DAYS * HABIT_DAYS / square)
    ahead = Ahead(
        now=found.noise * found.gain,
        grows=hidden + tilts * pace.width,
        tilts=tilts + habit * pace.pace * pace.pace,
    )
    z2 = spec.z * spec.z * (1 + FEW / count)
    _, high = roots(distance, pace.pace, ahead, z2)
    low, _ = roots(distance, pace.pace, ahead._replace(grows=ahead.grows + jumping), z2)
    at = np.where(pace.pace != 0, distance / np.where(pace.pace != 0, pace.pace, 1.0), np.inf)
    return at, low, high
