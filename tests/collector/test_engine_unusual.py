"""Series unlike themselves: what is found, what is left alone, and that nothing depends on company or future."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring_collector.engine import Fleet, season, unusual
from keuring_collector.engine.compiled import CompiledRule, Term, Truth, Unusual
from keuring_collector.engine.habits import Habits
from keuring_collector.engine.model import MEAN, Change, Fact, Severity
from tests.collector.engine_kit import DAY, LEVEL, SERIAL, START, USED, pack, play, window
from tests.collector.unusual_courses import DAY as WINDOWS
from tests.collector.unusual_courses import alarms, courses, scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.model import Window

HOUR = 3600.0
WEEK = 168  # windows of an hour


def rule(*, high: bool = True, low: bool = True, margin: float = 0.0, days: float = 7) -> CompiledRule:
    source = Unusual(LEVEL, MEAN, high=high, low=low, margin=margin, learning=days * DAY)
    return CompiledRule(
        "odd", "odd", Severity.WATCH, (Term(0, 0, 1, 1, 1, shown_limit=1),), source, recovery_hold=12 * HOUR
    )


def told(values: Sequence[float], judged_by: CompiledRule | None = None) -> list[tuple[float, str, str]]:
    return play(Fleet(pack(judged_by or rule())), story(values))


def story(values: Sequence[float]) -> list[Window]:
    return [window(number * HOUR, {LEVEL: value}, length=HOUR) for number, value in enumerate(values)]


def steady(hours: int, seed: int = 1) -> NDArray[np.float64]:
    values: NDArray[np.float64] = np.round(20 + np.random.default_rng(seed).normal(0, 1, hours), 3)
    return values


def working_weeks(weeks: int, seed: int = 1) -> NDArray[np.float64]:
    """Busy from eight to six on working days, else quiet."""
    hour = np.arange(weeks * WEEK)
    begin = season.week(np.array([int(START // HOUR)]))[0]
    place = (hour + begin) % WEEK
    busy = (place < 120) & (place % 24 >= 8) & (place % 24 < 18)
    values: NDArray[np.float64] = np.round(5 + 40 * busy + np.random.default_rng(seed).normal(0, 1.5, len(hour)), 3)
    return values


def test_a_new_level_is_found_once_and_is_the_new_normal() -> None:
    values = steady(6 * WEEK)
    values[3 * WEEK :] += 15
    found = told(values.tolist(), rule(margin=2))
    assert [what for _, what, _ in found if what != "continued"] == ["opened", "cleared"]
    assert found[0][0] == (3 * WEEK + 1) * HOUR
    assert found[-1][0] <= (3 * WEEK + 48) * HOUR


def test_the_same_steady_series_is_left_alone() -> None:
    assert told(steady(6 * WEEK).tolist(), rule(margin=3)) == []


@pytest.mark.parametrize(
    ("high", "low", "by", "found"), [(True, False, -15, 0), (False, True, -15, 1), (True, True, -15, 1)]
)
def test_only_the_sides_that_were_asked_for_count(*, high: bool, low: bool, by: float, found: int) -> None:
    values = steady(4 * WEEK)
    values[3 * WEEK : 3 * WEEK + 5] += by
    opened = [each for each in told(values.tolist(), rule(high=high, low=low, margin=3)) if each[1] == "opened"]
    assert len(opened) == found


def test_an_excess_below_the_margin_is_none() -> None:
    values = steady(4 * WEEK)
    values[3 * WEEK :] += 15
    assert told(values.tolist(), rule(margin=30)) == []
    assert told(values.tolist(), rule(margin=3)) != []


def test_nothing_is_said_before_the_minimum_history() -> None:
    values = steady(3 * WEEK)
    values[100:105] += 30
    assert told(values.tolist(), rule(days=7)) == []
    assert told(values.tolist(), rule(days=3)) != []


def test_busy_at_an_hour_that_is_always_quiet_is_found_though_other_hours_are_as_busy() -> None:
    values = working_weeks(7)
    begin = int(season.week(np.array([int(START // HOUR)]))[0])
    saturday = 6 * WEEK - begin + 5 * 24 + 2
    calm = told(values.tolist(), rule(low=False, margin=5))
    values[saturday : saturday + 5] = 45
    found = told(values.tolist(), rule(low=False, margin=5))
    assert calm == []
    assert found[0][1] == "opened"
    assert (saturday + 1) * HOUR <= found[0][0] <= (saturday + 5) * HOUR


def seasons(values: NDArray[np.float64]) -> bool:
    habits = Habits()
    row, sides = np.array([habits.take()]), unusual.Sides(*(np.array([each]) for each in (True, True, 0.0, 0.0)))
    with np.errstate(invalid="ignore", over="ignore"):
        for number, value in enumerate(values):
            unusual.fold(habits, row, np.array([value]), np.array([START + (number + 1) * HOUR]), sides)
    return bool(season.shown(habits, row)[0])


def test_a_season_is_used_where_the_data_show_one_and_nowhere_else() -> None:
    assert seasons(working_weeks(4))
    assert not seasons(working_weeks(1))
    assert not seasons(steady(6 * WEEK))
    assert not seasons(np.cumsum(np.random.default_rng(3).normal(0, 1, 6 * WEEK)))
    shuffled = np.random.default_rng(4).permutation(working_weeks(6))
    assert not seasons(shuffled)


def test_one_odd_week_does_not_make_a_habit() -> None:
    values = working_weeks(9)
    values[5 * WEEK : 6 * WEEK] = 5  # a week's holiday
    opened = [at for at, what, _ in told(values.tolist(), rule(low=False, margin=5)) if what == "opened"]
    assert opened == []


def test_what_is_not_measured_is_neither_usual_nor_unusual() -> None:
    values = steady(5 * WEEK)
    values[2 * WEEK : 3 * WEEK] = np.nan
    assert told(values.tolist(), rule(margin=3)) == []
    fleet = Fleet(pack(rule()))
    windows = story(steady(2 * WEEK).tolist())
    fleet.judge(windows)
    fleet.judge([window(2 * WEEK * HOUR, {LEVEL: math.nan}, length=HOUR)])
    assert fleet.explain(1, "odd")[-1].truth is Truth.UNKNOWN
    fleet.judge([window((2 * WEEK + 1) * HOUR, {LEVEL: 20.0}, length=HOUR)])
    fleet.judge([window((2 * WEEK + 2) * HOUR, {USED: 0.5}, length=HOUR)])
    assert fleet.explain(1, "odd")[-1].truth is Truth.UNKNOWN


def test_a_clock_that_goes_back_teaches_nothing() -> None:
    fleet = Fleet(pack(rule()))
    fleet.judge(story(steady(2 * WEEK).tolist()))
    before = fleet.snapshot(1)
    fleet.judge([window(WEEK * HOUR, {LEVEL: 500.0}, length=HOUR)])
    again = Fleet(pack(rule()))
    again.restore(1, before)
    values = steady(WEEK, seed=2).tolist()
    later = [window((2 * WEEK + n) * HOUR, {LEVEL: value}, length=HOUR) for n, value in enumerate(values)]
    assert fleet.judge(later) == again.judge(later) == []


def test_the_finding_says_how_far_it_is_and_how_far_it_might_have_been() -> None:
    values = steady(4 * WEEK)
    values[3 * WEEK :] += 15
    fleet = Fleet(pack(rule()))
    finding = next(f for f in fleet.judge(story(values.tolist())) if f.change is Change.OPENED)
    value, limit = finding.evidence
    assert (value.role, limit.role) == ("value", "limit")
    assert value.value == pytest.approx(values[3 * WEEK], abs=0.06)
    assert 20 < float(limit.value) < float(value.value)
    steps = {step.what: step for step in fleet.explain(1, "odd")}
    assert steps["score"].limit == 1
    assert "seen by" in steps["habit"].detail


def test_what_is_still_learning_says_so() -> None:
    fleet = Fleet(pack(rule()))
    fleet.judge(story(steady(48).tolist()))
    step = next(step for step in fleet.explain(1, "odd") if step.what == "known")
    assert step.value == pytest.approx(48 * HOUR, abs=HOUR)
    assert (step.limit, step.truth) == (7 * DAY, Truth.UNKNOWN)


def test_habits_survive_a_snapshot_and_a_quiet_month() -> None:
    values = working_weeks(6)
    values[5 * WEEK + 60 : 5 * WEEK + 70] = 90
    windows = story(values.tolist())
    whole, halves = Fleet(pack(rule())), Fleet(pack(rule()))
    first = halves.judge(windows[: 3 * WEEK])
    other = Fleet(pack(rule()))
    assert other.restore(1, halves.snapshot(1))
    assert first + other.judge(windows[3 * WEEK :]) == whole.judge(windows)
    fleet = Fleet(pack(rule()))
    fleet.judge(windows[: 4 * WEEK])
    after = window((4 * WEEK + 600) * HOUR, {LEVEL: 400.0}, length=HOUR)
    assert [finding.change for finding in fleet.judge([after])] == [Change.OPENED]


def test_the_row_of_a_series_stays_small() -> None:
    habits = Habits()
    assert sum(getattr(habits, name)[:1].nbytes for name in Habits.FILL) <= 2100


def test_a_series_that_was_found_often_needs_more() -> None:
    habits = Habits()
    rows = np.arange(habits.take(2), 2)
    sides = unusual.Sides(*(np.full(2, each) for each in (True, True)), *(np.full(2, each) for each in (0.0, 0.0)))
    with np.errstate(invalid="ignore", over="ignore"):
        for number, value in enumerate(steady(3 * WEEK)):
            unusual.fold(habits, rows, np.full(2, value), np.full(2, START + (number + 1) * HOUR), sides)
        habits.often[1], habits.begun[1] = 6.0, START
        once, again = unusual.fold(habits, rows, np.full(2, 40.0), np.full(2, START + (3 * WEEK + 1) * HOUR), sides)
    assert once > 1
    # Of six findings three weeks ago some five still count, and three of them more than any series may have.
    assert once / again == pytest.approx(1 + 0.5 * (6 / (1 + (3 * 7 + 1 / 24) / 120) - 2))
    assert habits.often[0] >= 1


def test_another_part_begins_afresh() -> None:
    source = Unusual(LEVEL, MEAN, high=True, low=True, margin=0.0, learning=7 * DAY, identity=SERIAL)
    fleet = Fleet(pack(replace(rule(), source=source)))
    values = steady(3 * WEEK)
    values[2 * WEEK :] += 30
    windows = [
        window(n * HOUR, {LEVEL: value}, length=HOUR, facts=[Fact(SERIAL, "x", "old" if n < 2 * WEEK else "new")])
        for n, value in enumerate(values.tolist())
    ]
    assert fleet.judge(windows) == []


def test_company_changes_nothing() -> None:
    kinds = list(courses(5, 5).values())
    together = scores(kinds)
    assert np.isfinite(together).any()
    for number in (0, 4, 12):
        assert np.array_equal(together[number], scores([kinds[number]])[0], equal_nan=True)
    backwards = scores(kinds[::-1])[::-1]
    assert np.array_equal(together, backwards, equal_nan=True)


def test_the_future_changes_nothing() -> None:
    kinds = list(courses(6, 6).values())
    other = [course.copy() for course in kinds]
    half = 5 * WINDOWS
    for course in other:
        course[half:] = 1e6
    assert np.array_equal(scores(kinds)[:, :half], scores(other)[:, :half], equal_nan=True)


def test_most_courses_of_machines_are_left_alone_and_shifts_in_them_found() -> None:
    calm, shifted, names = [], [], []
    for seed in range(2):
        for name, course in courses(21, seed).items():
            names.append(name)
            calm.append(course)
            changed = course.copy()
            changed[18 * WINDOWS :] += 5 * np.nanstd(course) + 1
            shifted.append(changed)
    found = scores(calm + shifted)
    # Three weeks each; the first days know little, so that is where most of the false ones are.
    false = sum(len(alarms(each)) for each in found[: len(calm)])
    assert false / len(calm) < 1
    regular = [
        n for n, name in enumerate(names) if name in ("daily wave", "office hours", "bursts", "constant", "gaps")
    ]
    assert sum(len(alarms(found[n])) for n in regular) <= len(regular) // 2
    late = [any(at >= 18 * WINDOWS for at in alarms(each)) for each in found[len(calm) :]]
    assert sum(late) >= 0.9 * len(late)
