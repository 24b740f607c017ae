"""When a series reaches its limit: dates, intervals, and silence where it cannot know."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keuring_collector.engine.compiled import Drift, Forecast
from keuring_collector.engine.forecast import Outcome, Projection, project
from keuring_collector.engine.forecast.robust import last_known, median, packed, slope, thin, total
from keuring_collector.engine.forecast.steps import without_spikes, without_steps
from keuring_collector.engine.model import LAST

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPEC = Forecast(1, LAST, LAST, 0.98, 1, 14, 120, 365, 0.049, 0.001)
LENGTH = 120
DRIFT = Drift(per_day=-0.0003, spread=0.0005, restless=2.7e-5, median=0.7, early=0.02, late=2.0, margin=45.0)
WEAR = Forecast(1, LAST, LAST, 0.6, -1, 35, 182, 365, 0.15, 0.001, pace_days=140, drift=DRIFT)


def forecast(*rows: list[float] | NDArray[np.float64], spec: Forecast = SPEC) -> Projection:
    points = np.full((len(rows), spec.maximum_days), np.nan)
    for number, row in enumerate(rows):
        points[number, spec.maximum_days - len(row) :] = row
    last = np.full(len(rows), 999)
    return project(points, last, last + 1, spec)


def line(begin: float, rate: float, count: int = 40) -> NDArray[np.float64]:
    return np.asarray(begin + rate * np.arange(count), dtype=np.float64)


def test_a_straight_line_is_dated_to_the_day() -> None:
    found = forecast(line(0.6, 0.005))  # 0.795 on day 999; 0.98 is 37 days later
    assert found.outcome.tolist() == [Outcome.DATED]
    assert found.at[0] == pytest.approx(1037, abs=0.5)
    assert found.low[0] <= found.at[0] <= found.high[0]
    assert found.high[0] - found.low[0] < 6
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
        (np.tile(line(0.5, 0.01, 30), 4), Outcome.CLEANED),
        (np.concatenate([line(0.636, 0.0, 12), line(0.814, 0.0, 7)]), Outcome.LEVEL),  # one copy, not a rhythm
    ],
    ids=["too short", "nothing", "one day", "level", "falling", "cleaned up", "far away", "stale", "sawtooth", "copy"],
)
def test_silence_where_it_cannot_know(values: NDArray[np.float64], outcome: Outcome) -> None:
    found = forecast(values)
    assert found.outcome.tolist() == [outcome]
    assert not np.isfinite(found.at[0])


def test_after_a_clean_up_two_weeks_are_enough_again() -> None:
    values = np.concatenate([line(0.7, 0.005, 30), line(0.5, 0.005, 20)])
    assert forecast(values).outcome.tolist() == [Outcome.DATED]


def test_a_sawtooth_that_grows_beyond_its_teeth_gets_a_date() -> None:
    values = np.concatenate([line(0.5, 0.008, 30), line(0.5, 0.008, 30), line(0.5, 0.008, 40)])
    inside, beyond = forecast(values[:85]), forecast(values)
    assert inside.outcome.tolist() == [Outcome.CLEANED]
    assert beyond.outcome.tolist() == [Outcome.DATED]
    assert beyond.at[0] == pytest.approx(1000 + (0.98 - 0.812) / 0.008, abs=1)


def test_one_large_copy_is_taken_out() -> None:
    quiet = line(0.6, 0.002, 20)
    found = forecast(np.concatenate([quiet, quiet[-1] + 0.15 + line(0.002, 0.002, 20)]))
    assert found.rate[0] == pytest.approx(0.002, abs=1e-6)
    assert found.low[0] < forecast(line(0.712, 0.002)).low[0]  # there may be another


def test_a_day_that_stands_out_alone_counts_for_nothing() -> None:
    values = line(0.6, 0.005)
    for wild in (0.95, 0.2):
        spiked = values.copy()
        spiked[20] = wild
        assert forecast(spiked).at == pytest.approx(forecast(values).at, abs=0.1)


def test_a_late_bend_counts_and_a_faster_past_does_not() -> None:
    faster = np.concatenate([line(0.5, 0.001, 35), line(0.541, 0.006, 25)])
    slower = np.concatenate([line(0.3, 0.012, 35), line(0.722, 0.002, 25)])
    found = forecast(faster, slower)
    assert found.rate == pytest.approx([0.006, 0.002], rel=0.05)


def test_the_weekly_rhythm_tells_the_day() -> None:
    days = np.arange(63)
    for monday in range(7):
        growth = np.where((days + monday) % 7 < 5, 0.007, 0.0)
        course = 0.90 - growth[:42].sum() + np.cumsum(growth)
        seen = 42
        full = int(np.argmax(course >= 0.98 - 1e-9))
        exact = full + (0.98 - course[full - 1]) / 0.007
        found = forecast(course[:seen])
        assert found.at[0] - 1000 + seen == pytest.approx(exact, abs=0.1)


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


def test_a_reading_at_the_limit_says_now_but_not_to_the_hour() -> None:
    random = np.random.default_rng(3)
    found = forecast(line(0.8, 0.00455) + random.normal(0, 0.004, 40) + 0.01)
    assert found.outcome.tolist() == [Outcome.DATED]
    assert found.low[0] == found.at[0] == 1000
    assert 1000 < found.high[0] < 1010  # noise of 0.4 %, at a pace of 0.5 %


# Properties

rates = st.floats(0.001, 0.01)
seeds = st.integers(0, 10_000)


def _noisy(rate: float, seed: int, count: int = 60) -> NDArray[np.float64]:
    random = np.random.default_rng(seed)
    course = 0.9 - rate * count + np.cumsum(rate * random.gamma(4, 0.25, count))
    return np.asarray(course + random.normal(0, 0.002, count), dtype=np.float64)


@settings(max_examples=40, deadline=None)
@given(rate=rates, seed=seeds, factor=st.sampled_from([0.25, 2.0, 1024.0]), offset=st.floats(-4, 4))
def test_units_and_origin_do_not_matter(rate: float, seed: int, factor: float, offset: float) -> None:
    values = _noisy(rate, seed)
    plain = forecast(values)
    spec = replace(SPEC, limit=(SPEC.limit + offset) * factor, step=SPEC.step * factor, noise=SPEC.noise * factor)
    other = forecast((values + offset) * factor, spec=spec)
    assert other.outcome.tolist() == plain.outcome.tolist()
    for column in ("at", "low", "high"):
        assert getattr(other, column) == pytest.approx(getattr(plain, column), abs=0.01)


@settings(max_examples=40, deadline=None)
@given(rate=rates, seed=seeds, place=st.integers(3, 56), size=st.floats(0.1, 5.0))
def test_one_wild_day_moves_the_date_by_less_than_chance_does(rate: float, seed: int, place: int, size: float) -> None:
    values = _noisy(rate, seed)
    wild = values.copy()
    wild[place] += size
    plain, moved = forecast(values), forecast(wild)
    if plain.outcome[0] == Outcome.DATED:
        assert moved.outcome[0] == Outcome.DATED
        assert plain.low[0] - 1 <= moved.at[0] <= plain.high[0] + 1


@settings(max_examples=40, deadline=None)
@given(rate=rates, seed=seeds, place=st.integers(5, 40), size=st.floats(0.15, 0.5))
def test_what_lies_before_a_clean_up_does_not_matter(rate: float, seed: int, place: int, size: float) -> None:
    values = _noisy(rate, seed)
    cleaned = values.copy()
    cleaned[:place] += size
    alone, after = forecast(values[place:]), forecast(cleaned)
    if alone.outcome[0] == Outcome.SHORT:
        assert after.outcome[0] == Outcome.STEPPED
    elif alone.outcome[0] == Outcome.DATED:
        # The weekly rhythm, but nothing else, may be taken from before.
        assert after.outcome[0] in (Outcome.DATED, Outcome.UNSURE)
        assert after.rate == pytest.approx(alone.rate, rel=0.25)


@settings(max_examples=25, deadline=None)
@given(seed=seeds, spec=st.sampled_from([SPEC, WEAR]))
def test_a_row_does_not_depend_on_its_company(seed: int, spec: Forecast) -> None:
    random = np.random.default_rng(seed)
    rows = [line(0.5 if spec is SPEC else 0.9, spec.sign * 0.003, 60) + random.normal(0, 0.01, 60) for _ in range(70)]
    for row in rows:
        row[random.random(60) < 0.2] = np.nan
    together = forecast(*rows, spec=spec)
    for number in (0, 1, 33, 69):
        alone = forecast(rows[number], spec=spec)
        for column in Projection._fields:
            assert np.array_equal(getattr(alone, column)[0], getattr(together, column)[number], equal_nan=True)


# Calibration: of the intervals given, how many hold


def _courses(kind: str, count: int, seen: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """``seen`` days measured of courses that are full 4 to 40 days later, and when, in days after the last."""
    random = np.random.default_rng(7)
    days = seen + 400
    changes = np.broadcast_to(random.uniform(0.001, 0.01, (count, 1)), (count, days)).copy()
    pace = changes[:, 0].copy()
    noise = np.zeros((count, days))
    if kind == "still":
        noise = random.normal(0, 1, (count, days)) * random.uniform(0.0005, 0.006, (count, 1))
    elif kind == "wandering":
        changes *= 1 + random.uniform(0.2, 1.0, (count, 1)) * random.normal(size=(count, days))
    elif kind == "working days":
        working = (np.arange(days) + random.integers(0, 7, (count, 1))) % 7 < 5
        changes *= np.where(working, 1.4, 0) * random.gamma(0.5, 2, (count, days))
    elif kind == "bursts":
        often = random.uniform(0.1, 0.4, (count, 1))
        changes *= random.exponential(1, (count, days)) * (random.random((count, days)) < often) / often
    course = np.cumsum(changes, axis=1)
    course += 0.98 - pace[:, None] * random.uniform(4, 40, (count, 1)) - course[:, seen - 1 : seen]
    fair = (course[:, :seen] < 0.98).all(axis=1) & (course[:, -1] > 0.98)
    course, noise = course[fair], noise[fair]
    rows, full = np.arange(len(course)), np.argmax(course >= 0.98, axis=1)
    before, after = course[rows, full - 1], course[rows, full]
    return (course + noise)[:, :seen], full - seen + (0.98 - before) / (after - before)


@pytest.mark.parametrize(
    ("kind", "seen", "least"),
    [
        ("still", 14, 0.9),
        ("still", 60, 0.9),
        ("wandering", 14, 0.8),
        ("wandering", 30, 0.8),
        ("wandering", 60, 0.8),
        ("working days", 14, 0.7),
        ("working days", 30, 0.7),
        ("working days", 60, 0.8),
        ("bursts", 14, 0.75),
        ("bursts", 60, 0.8),
    ],
)
def test_the_interval_holds_about_four_in_five(kind: str, seen: int, least: float) -> None:
    measured, full = _courses(kind, 400, seen)
    found = forecast(*measured)
    dated = found.outcome == Outcome.DATED
    inside = (found.low <= 1000 + full) & (full + 1000 <= found.high)
    assert dated.sum() > 30
    assert inside[dated].mean() >= least


# Wear


def test_a_battery_that_wears_steadily_is_foreseen_the_better_the_more_is_seen() -> None:
    course = line(0.82, -0.002, 90)
    early, late = forecast(course[:40], spec=WEAR), forecast(course[:70], spec=WEAR)
    assert early.outcome[0] == late.outcome[0] == Outcome.DATED
    true = np.array([1000 + (0.742 - 0.6) / 0.002, 1000 + (0.682 - 0.6) / 0.002])
    assert abs(late.at[0] - true[1]) < abs(early.at[0] - true[0])
    assert early.low[0] < true[0] < early.high[0]
    assert late.low[0] < true[1] < late.high[0]


def test_a_restless_gauge_is_believed_less() -> None:
    random = np.random.default_rng(4)
    steady = line(0.8, -0.001, 120)
    restless = steady + np.repeat(random.normal(0, 0.04, 18), 7)[:120]
    found = forecast(steady, restless, spec=WEAR)
    assert abs(found.rate[1] + 0.0003) < abs(found.rate[0] + 0.0003)


def test_weekly_and_daily_readings_of_one_battery_come_to_the_same() -> None:
    weekly = np.full(140, np.nan)
    weekly[6::7] = line(0.75, -0.005, 20)
    held = np.repeat(weekly[6::7], 7)
    found = forecast(weekly, held, spec=WEAR)
    assert found.outcome.tolist() == [Outcome.DATED, Outcome.DATED]
    assert found.rate[0] == pytest.approx(found.rate[1], rel=0.05)


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        (line(0.66, -0.001, 34), Outcome.SHORT),
        (np.full(140, 0.605), Outcome.LEVEL),  # a gauge that never moves
        (line(0.99, -0.0003, 140), Outcome.UNSURE),
        (np.concatenate([line(0.7, -0.001, 80), line(0.99, 0.0, 20)]), Outcome.STEPPED),  # another battery
    ],
    ids=["too short", "stuck", "far away", "replaced"],
)
def test_silence_about_batteries(values: NDArray[np.float64], outcome: Outcome) -> None:
    assert forecast(values, spec=WEAR).outcome.tolist() == [outcome]


# Tools


def test_tools_leave_missing_days_out() -> None:
    values = np.array([[np.nan, 3.0, 1.0, 2.0], [np.nan, np.nan, np.nan, np.nan], [4.0, 1.0, np.nan, np.nan]])
    assert np.array_equal(median(values), [2.0, np.nan, 2.5], equal_nan=True)
    assert total(values).tolist() == [6.0, 0.0, 5.0]
    assert np.array_equal(slope(np.array([[0.0, np.nan, 2.0, 3.0]])), [1.0])
    assert np.array_equal(thin(values, 3)[0], [np.nan, 2.0], equal_nan=True)
    assert np.array_equal(last_known(values, 2)[2], [1.0, np.nan], equal_nan=True)
    value, column = packed(values)
    assert np.array_equal(value[2], [np.nan, np.nan, 4.0, 1.0], equal_nan=True)
    assert np.array_equal(column[2], [np.nan, np.nan, 0.0, 1.0], equal_nan=True)


def test_steps_and_spikes_are_told_apart() -> None:
    course = line(0.5, 0.002, 30)[None, :]
    spiked, copied, cleaned = course.copy(), course.copy(), course.copy()
    spiked[0, 10] += 0.2
    copied[0, 10:] += 0.2
    cleaned[0, 10:] -= 0.2
    assert np.isnan(without_spikes(spiked, 0.05)).sum() == 1
    for other in (copied, cleaned):
        assert not np.isnan(without_spikes(other, 0.05)).any()
    found = without_steps(copied, 0.05)
    assert found.away.tolist() == [0]
    assert found.jumps.sum() == pytest.approx(0.2)
    assert np.ptp(np.diff(found.values)) < 1e-9
    found = without_steps(cleaned, 0.05)
    assert found.away.tolist() == [1]
    assert found.since.tolist() == [10]
    assert found.peak == pytest.approx([0.518])
    assert np.isnan(found.values[0, :10]).all()
