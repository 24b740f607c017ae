"""The season of a series: what each hour of the week is used to, robustly, and whether the data show one at all.

An hour's mean is compared with what the same hours of the weeks before made expect of it, and with the plain centre of
the last days; the season is used while it was clearly the better of the two. Each hour of the week then learns: by a
quarter at most, and never by more than a few usual deviations, so that one odd week does not make a habit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine.habits import DAY_KINDS, HOUR, HOURLY, HOURS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.habits import Habits

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

THURSDAY = 72  # 1970 began on one; hours of the week are counted from Monday
SHOWN = 0.7  # of the plain centre's misses, at most
TESTS = 72.0  # hours in which it was put to the test, at least
MEMORY = 168.0
WEEKS = 4  # what an hour of the week is used to rests on about so many
FAR = 4.0  # usual deviations; what is further away counts as so far
SWING = 0.1  # how fast the usual deviation of an hour of the day learns
LEAST_SWING = 0.25  # of the season's misses on the whole, and
LEAST_SHARE = 0.05  # of the plain centre's: no hour is taken to be more regular than that


def hours(ends: Floats) -> Ints:
    """The hour since 1970 that windows belong to: one that ends on the hour belongs to the hour before."""
    return np.floor((ends - 0.001) / HOUR).astype(np.int64)


def week(hour: Ints) -> Ints:
    """Its place in the week, from Monday."""
    place: Ints = (hour + THURSDAY) % HOURS
    return place


def kind(hour: Ints) -> Ints:
    """Its place in a working day, or in a day of the weekend."""
    place = week(hour)
    return place % 24 + np.where(place < 5 * 24, 0, DAY_KINDS // 2)


def shown(habits: Habits, rows: Ints) -> NDArray[np.bool_]:
    """Whether the data of ``rows`` show a season."""
    better = habits.miss_season[rows] < SHOWN * habits.miss_plain[rows]
    result: NDArray[np.bool_] = better & (habits.compared[rows] >= TESTS)
    return result


def scale(habits: Habits, rows: Ints, hour: Ints) -> Floats:
    """The usual deviation in ``hour``; NaN where nothing is known yet."""
    least = LEAST_SWING * habits.miss_season[rows] + LEAST_SHARE * habits.miss_plain[rows]
    swing: Floats = habits.swing[rows, kind(hour)] + least
    return swing


def deviation(habits: Habits, rows: Ints, values: Floats, hour: Ints) -> Floats:
    """How far values are from what their hour of the week is used to, in usual deviations; NaN: not known."""
    usual = habits.usual[rows, week(hour)].astype(np.float64)
    swing = scale(habits, rows, hour)
    return np.where(swing > 0, (values - usual) / np.where(swing > 0, swing, 1.0), np.nan)


def gather(habits: Habits, rows: Ints, values: Floats, hour: Ints) -> None:
    """Takes values (known) into the hour of each of ``rows`` (each once); an hour that is over is learnt from first."""
    over = habits.hour[rows] < hour
    done = rows[over & (habits.count[rows] > 0)]
    if len(done):
        _learn(habits, done)
    fresh = rows[over]
    habits.hour[fresh] = hour[over]
    habits.total[fresh] = habits.count[fresh] = 0.0
    habits.total[rows] += values
    habits.count[rows] += 1


def _learn(habits: Habits, rows: Ints) -> None:
    mean = habits.total[rows] / habits.count[rows]
    place, day = week(habits.hour[rows]), kind(habits.hour[rows])
    usual = habits.usual[rows, place].astype(np.float64)
    known = ~np.isnan(usual)
    if known.any():
        _compare(habits, rows[known], mean[known], usual[known], day[known])
    visits = habits.visits[rows, place]
    gain = 1.0 / np.minimum(visits + 1.0, WEEKS)
    reach = np.where(visits > 1, FAR * scale(habits, rows, habits.hour[rows]), np.inf)
    step = np.where(known, gain * np.clip(mean - usual, -reach, reach), 0.0)
    habits.usual[rows, place] = np.where(known, usual + step, mean)
    habits.visits[rows, place] = np.minimum(visits + 1.0, WEEKS)


def _compare(habits: Habits, rows: Ints, mean: Floats, usual: Floats, day: Ints) -> None:
    """Puts the season to the test: what it expected of an hour, and what the centre did."""
    count = habits.compared[rows] + 1
    plain = np.abs(mean - habits.centre[rows, HOURLY])
    miss = np.abs(mean - usual)
    # What is out of all proportion says nothing about the season, only that the hour was odd.
    most = np.where(count > HOURS / WEEKS, FAR * np.maximum(habits.miss_plain[rows], habits.miss_season[rows]), np.inf)
    share = 1.0 / np.minimum(count, MEMORY)
    habits.miss_plain[rows] += share * (np.minimum(plain, most) - habits.miss_plain[rows])
    habits.miss_season[rows] += share * (np.minimum(miss, most) - habits.miss_season[rows])
    habits.compared[rows] = count
    swing = habits.swing[rows, day].astype(np.float64)
    habits.swing[rows, day] = np.where(np.isnan(swing), miss, swing + SWING * (np.minimum(miss, most) - swing))
