"""When a series reaches its limit: dates, intervals, and silence where it cannot know."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring_collector.engine.compiled import Forecast
from keuring_collector.engine.forecast import Outcome, Projection, project
from keuring_collector.engine.forecast.robust import median, slope
from keuring_collector.engine.model import LAST

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPEC = Forecast(1, LAST, LAST, 0.98, 1, 14, 60, 365, 0.049, 0.001)
LENGTH = 60


def forecast(*rows: list[float] | NDArray[np.float64], spec: Forecast = SPEC) -> Projection:
    points = np.full((len(rows), LENGTH), np.nan)
    for number, row in enumerate(rows):
        points[number, LENGTH - len(row) :] = row
    last = np.full(len(rows), 999)
    return project(points, last, last + 1, spec)


def line(begin: float, rate: float, count: int = 40) -> NDArray[np.float64]:
    return np.asarray(begin + rate * np.arange(count), dtype=np.float64)


def test_a_straight_line_is_dated_to_the_day() -> None:
    found = forecast(line(0.6, 0.005))  # 0.795 on day 999; 0.98 is 37 days later
    assert found.outcome.tolist() == [Outcome.DATED]
    assert found.at[0] == pytest.approx(1037, abs=0.5)
    assert found.low[0] <= found.at[0] <= found.high[0]
    assert found.high[0] - found.low[0] < 5
    assert found.rate[0] == pytest.approx(0.005)


def test_a_falling_series_is_the_same_turned_over() -> None:
    up = forecast(line(0.6, 0.005))
    spec = replace(SPEC, limit=-0.98, sign=-1.0)
    down = forecast(-line(0.6, 0.005), spec=spec)
    assert down.at == pytest.approx(up.at)
    assert down.rate == pytest.approx(-up.rate)


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        (line(0.6, 0.005, 13), Outcome.SHORT),
        ([], Outcome.SHORT),
        ([0.7], Outcome.SHORT),
        (line(0.8, 0.0), Outcome.LEVEL),
        (line(0.9, -0.003), Outcome.LEVEL),
        (np.concatenate([line(0.6, 0.005, 30), line(0.5, 0.005, 10)]), Outcome.STEPPED),
        (line(0.5, 0.0008), Outcome.UNSURE),  # more than a year away
        (np.concatenate([line(0.6, 0.005, 30), np.full(9, np.nan)]), Outcome.STALE),
    ],
    ids=["too short", "nothing", "one day", "level", "falling", "cleaned up", "far away", "stale"],
)
def test_silence_where_it_cannot_know(values: NDArray[np.float64], outcome: Outcome) -> None:
    found = forecast(values)
    assert found.outcome.tolist() == [outcome]
    assert not np.isfinite(found.at[0])


def test_after_a_clean_up_two_weeks_are_enough_again() -> None:
    values = np.concatenate([line(0.7, 0.005, 30), line(0.5, 0.005, 20)])
    assert forecast(values).outcome.tolist() == [Outcome.DATED]


def test_one_large_copy_is_taken_out() -> None:
    quiet = line(0.6, 0.002, 20)
    found = forecast(np.concatenate([quiet, quiet[-1] + 0.15 + line(0.002, 0.002, 20)]))
    assert found.rate[0] == pytest.approx(0.002, abs=1e-6)


def test_weekends_and_missing_weeks_do_not_move_it() -> None:
    days = np.arange(56)
    working = np.where(days % 7 < 5, 0.007, 0.0)
    course = 0.55 + np.cumsum(working)
    holes = course.copy()
    holes[20:34] = np.nan
    holes[days % 7 >= 5] = np.nan
    whole, holed = forecast(course), forecast(holes)
    true = 1000 + (0.98 - course[-1]) / 0.005
    assert whole.at[0] == pytest.approx(true, abs=3)
    assert holed.at[0] == pytest.approx(true, abs=4)


def test_the_interval_holds_about_four_in_five() -> None:
    random = np.random.default_rng(5)
    count, seen = 400, 60
    rates = random.uniform(0.002, 0.008, (count, 1))
    days = np.arange(seen + 300)
    for noise, wander in ((0.004, 0.0), (0.002, 0.002), (0.0, 0.004)):
        course = 0.98 - rates * (seen + random.uniform(5, 40, (count, 1))) + rates * days
        course = course + np.cumsum(random.normal(0, wander, course.shape), axis=1)
        measured = course + random.normal(0, noise, course.shape)
        found = forecast(*measured[:, :seen])
        true = 1000 - seen + np.argmax(course >= 0.98, axis=1)
        dated = found.outcome == Outcome.DATED
        inside = (true >= found.low - 1) & (true <= found.high + 1)
        assert dated.mean() > 0.9
        assert 0.7 < inside[dated].mean() <= 1.0


def test_a_row_does_not_depend_on_its_company() -> None:
    random = np.random.default_rng(6)
    rows = [line(0.5, 0.004, 60) + random.normal(0, 0.01, 60) for _ in range(300)]
    together = forecast(*rows)
    for number in (0, 1, 127, 128, 299):
        alone = forecast(rows[number])
        for column in Projection._fields:
            assert getattr(alone, column)[0] == getattr(together, column)[number]


def test_median_and_slope_leave_missing_days_out() -> None:
    values = np.array([[np.nan, 3.0, 1.0, 2.0], [np.nan, np.nan, np.nan, np.nan], [4.0, 1.0, np.nan, np.nan]])
    assert np.array_equal(median(values), [2.0, np.nan, 2.5], equal_nan=True)
    assert np.array_equal(slope(np.array([[0.0, np.nan, 2.0, 3.0]])), [1.0])
