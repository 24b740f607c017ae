"""How far a series strays from its course: measurement noise, which stays, and wandering, which grows with time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine.forecast.robust import SPREAD, median, packed, total

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NEAR, FAR = 2, 7  # known days between which noise and wandering are told apart
CAP = 6.0  # robust deviations beyond which a difference counts as so much
PRIOR_DAYS = 6.0  # known days that the belief "all of it wanders" weighs as much as
RECENT = 10  # known days that the level is taken from
SLOWEST = 0.15  # least weight of the newest day
FAR_OFF = 4.0  # deviations by which a recent day may lie off the recent median


class Spread(NamedTuple):
    """Variances per row: ``noise`` of one measurement, ``wander`` per day."""

    noise: Floats
    wander: Floats

    @property
    def gain(self) -> Floats:
        """The weight of the newest day in the level: that of the steady Kalman filter of a wandering level."""
        ratio = self.wander / self.noise
        return np.asarray((np.sqrt(ratio * ratio + 4 * ratio) - ratio) / 2, dtype=np.float64)


def spread(residual: Floats, floor: float, step: float) -> Spread:
    """From differences of each row's residuals over NEAR and FAR known days, however far apart they lie.

    A robust and a plain measure are averaged, for growth in bursts has a small median. Short histories cannot tell
    noise from wandering; so they are taken to wander, which is the safer of the two. ``floor`` is the least noise.
    """
    value, column = packed(residual)
    near, short = _differences(value, column, NEAR, step)
    far, long = _differences(value, column, FAR, step)
    near = np.nan_to_num(near)
    long, far = np.where(np.isnan(far), short + 1, long), np.where(np.isnan(far), near, far)
    wander = np.maximum(0.0, far - near) / np.maximum(long - short, 1)
    days = np.maximum((~np.isnan(value)).sum(axis=1) - NEAR, 1)
    wander = (days * wander + PRIOR_DAYS * near / (2 * short)) / (days + PRIOR_DAYS)
    wander = np.nan_to_num(wander)
    noise = np.maximum(near - wander * np.nan_to_num(short), 0.0) / 2
    return Spread(np.maximum(noise, floor * floor), wander)


def _differences(value: Floats, column: Floats, lag: int, step: float) -> tuple[Floats, Floats]:
    """Variance of the differences over ``lag`` known days, and the median number of days between them."""
    if lag >= value.shape[1]:
        return np.full(len(value), np.nan), np.full(len(value), np.nan)
    square = (value[:, lag:] - value[:, :-lag]) ** 2
    robust = SPREAD * SPREAD * median(square)
    count = (~np.isnan(square)).sum(axis=1)
    cap = np.maximum(CAP * CAP * robust, step * step)[:, None]
    plain = total(np.minimum(square, cap)) / np.maximum(count, 1)
    return (robust + plain) / 2, median(column[:, lag:] - column[:, :-lag])


def level(residual: Floats, found: Spread) -> Floats:
    """The level now: recent residuals weighed by how much the series wanders; one wild day does not carry it off."""
    recent, _ = packed(residual[:, -2 * RECENT :])
    recent = recent[:, -RECENT:]
    middle = median(recent[:, -5:])
    bound = FAR_OFF * np.sqrt(found.noise + 3 * found.wander)
    near = np.clip(recent, (middle - bound)[:, None], (middle + bound)[:, None])
    return weighted(near, np.maximum(found.gain, SLOWEST))


def weighted(recent: Floats, gain: Floats) -> Floats:
    """The mean of packed values, each weighing 1 - ``gain`` of the next."""
    fading = np.repeat((1 - gain)[:, None], recent.shape[1], axis=1)
    fading[:, 0] = 1.0
    weight = np.where(np.isnan(recent), 0.0, np.cumprod(fading, axis=1)[:, ::-1])
    sums = total(weight)
    return np.where(sums > 0, total(weight * recent) / np.where(sums > 0, sums, 1.0), np.nan)
