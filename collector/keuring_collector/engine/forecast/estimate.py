"""What a forecast comes to, and where a carried-along level meets its limit."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.forecast.robust import Course

    Floats = NDArray[np.float64]


class Outcome(IntEnum):
    """Why there is a date, or none."""

    NONE_YET = 0
    DATED = 1
    SHORT = 2  # too little history
    STEPPED = 3  # a clean-up or another disk, too short ago
    LEVEL = 4  # not moving towards the limit
    UNSURE = 5  # moving, but the interval is too wide
    STALE = 6  # nothing measured lately
    CLEANED = 7  # cleaned up again and again, and not fuller than it was then


class Projection(NamedTuple):
    """Per row; dates in days since 1970 (fractions allowed), NaN or inf where ``outcome`` is not DATED."""

    at: Floats
    low: Floats
    high: Floats
    rate: Floats  # per day, in the series' own direction
    outcome: NDArray[np.int8]


class Estimate(NamedTuple):
    """Per row, before it is decided whether to say it; days from the end of the last day, pace upwards per day."""

    at: Floats
    low: Floats
    high: Floats
    pace: Floats
    reached: NDArray[np.bool_]
    stepped: NDArray[np.bool_]
    cleaned: NDArray[np.bool_]
    course: Course


class Ahead(NamedTuple):
    """The variance of the level h days ahead: ``now`` + ``grows`` * h + ``tilts`` * h * h."""

    now: Floats
    grows: Floats
    tilts: Floats


def roots(distance: Floats, pace: Floats, ahead: Ahead, z2: Floats) -> tuple[Floats, Floats]:
    """The days at which distance - pace * h is z deviations above nought, and below it; inf where it never is."""
    a = pace * pace - z2 * ahead.tilts
    b = 2 * pace * distance + z2 * ahead.grows
    c = distance * distance - z2 * ahead.now
    bounded = a > 0
    twice = np.where(bounded, 2 * a, 1.0)
    root = np.sqrt(np.maximum(b * b - 4 * a * c, 0.0))
    return np.where(bounded, (b - root) / twice, 0.0), np.where(bounded, (b + root) / twice, np.inf)
