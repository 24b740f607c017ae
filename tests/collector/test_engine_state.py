"""State in and out: snapshots, history, what was found before, and what the engine says of itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import Truth
from keuring_collector.engine.model import LAST, SUM, Event, Fact, SeriesKey, Window
from tests.collector.engine_kit import (
    COUNT,
    COUNTED,
    CRASH,
    CRASHED,
    DAY,
    ENDING,
    FILLING,
    FULL,
    LEFT,
    LIFE,
    PENDING,
    RULES,
    SERIAL,
    SHORT,
    START,
    SYSTEM,
    USED,
    VERSION,
    WAITING,
    pack,
    play,
    window,
)

FIRST_DAY = int(START // DAY)


def days(values: list[float], begin: int = 0) -> list[Window]:
    """One window at noon of each day."""
    return [window((begin + n) * DAY + DAY / 2, {USED: v}, length=3600) for n, v in enumerate(values)]


def seed(fleet: Fleet, signal: int, statistic: int, values: list[float], until: int) -> None:
    count = len(values)
    points = np.array(values)
    numbers = np.arange(until - count + 1, until + 1)
    fleet.seed(1, SeriesKey(signal, statistic, "x"), numbers, points, points, points, points, points)


def test_a_snapshot_is_small_and_belongs_to_its_pack() -> None:
    fleet = Fleet(pack(*RULES))
    fleet.judge(days([0.6 + n / 1000 for n in range(80)]))
    kept = fleet.snapshot(1)
    assert len(kept) < 4096
    assert Fleet(pack(*RULES)).restore(1, kept)
    other = Fleet(pack(FULL))
    assert not other.restore(1, kept)
    assert 1 in other
    assert other.standing(1) == []
    fleet.drop(1)
    assert 1 not in fleet
    with pytest.raises(KeyError):
        fleet.snapshot(1)


def _used(fleet: Fleet) -> list[int]:
    """How many rows each table of the fleet ever gave out."""
    state = fleet._state
    sparse = [each.other for each in state.sparse]
    return [table._used for table in (state.bases, *(table for table, _ in state.tables), *sparse)]


def test_dropping_gives_all_rows_back() -> None:
    fleet = Fleet(pack(*RULES))
    for _ in range(5):
        fleet.judge([window(0, {USED: 0.95, COUNT: 1.0, LIFE: 2.0}, endpoint=e) for e in range(50)])
        before = _used(fleet)
        for endpoint in range(50):
            fleet.drop(endpoint)
    fleet.judge([window(0, {USED: 0.95, COUNT: 1.0, LIFE: 2.0}, endpoint=e) for e in range(50)])
    assert _used(fleet) == before


def test_a_forecast_from_history_is_the_same_as_one_that_was_lived() -> None:
    course = [0.65 + 0.005 * n for n in range(40)]
    lived = Fleet(pack(FILLING))
    found = [f for w in days([*course, course[-1]]) for f in lived.judge([w])]
    seeded = Fleet(pack(FILLING))
    seed(seeded, USED, LAST, course, FIRST_DAY + 39)
    got = [f for w in days([course[-1]], begin=40) for f in seeded.judge([w])]
    assert found[-1].expected == got[-1].expected
    assert got[0].expected is not None
    # At 0.5 % a day from 84.5 % on, 98 % is 27 days after the last full day.
    assert abs((got[0].expected.at - START) / DAY - 67) < 1.5


def test_growth_from_history() -> None:
    fleet = Fleet(pack(COUNTED))
    seed(fleet, COUNT, SUM, [1.0] * 20, FIRST_DAY - 1)
    seed(fleet, LIFE, LAST, [5.0, 5.0, 7.0], FIRST_DAY - 1)
    # Seven days of one a day, and two of the lifetime counter: nine; the next one makes ten.
    assert play(fleet, [window(0, {COUNT: 0.0, LIFE: 7.0})]) == []
    assert play(fleet, [window(300, {COUNT: 1.0, LIFE: 7.0})]) == [(600.0, "opened", "counted")]


def test_events_from_history() -> None:
    fleet = Fleet(pack(CRASHED))
    past = [Event(CRASH, "", START - 9 * DAY, 5), Event(CRASH, "", START - 70 * DAY, 1)]
    fleet.seed_events(1, past, START)
    again = window(0, {USED: 0.1}, events=[Event(CRASH, "", START + 10, 1)])
    assert play(fleet, [again]) == [(300.0, "opened", "crashed")]


def test_a_finding_that_was_taken_over_ends_like_any_other() -> None:
    fleet = Fleet(pack(SHORT))
    fleet.restore(1, None)
    assert fleet.adopt(1, "short", "x", START - DAY, 4)
    assert not fleet.adopt(1, "gone", "x", START - DAY, 4)
    assert fleet.standing(1) == [("short", "x")]
    assert play(fleet, [window(0, {LEFT: 99, USED: 0.1})]) == [(300.0, "cleared", "short")]


def test_growth_counts_counters_and_lifetime_counters_over_sleep_resets_and_replacement() -> None:
    fleet = Fleet(pack(COUNTED))
    # The first level is the baseline, a fall is a reset, what it grew by afterwards counts.
    assert play(fleet, [window(0, {LIFE: 500}), window(DAY, {LIFE: 505}), window(DAY + 300, {LIFE: 0})]) == []
    assert play(fleet, [window(2 * DAY, {LIFE: 4})]) == []
    assert play(fleet, [window(3 * DAY, {LIFE: 5})]) == [(3 * DAY + 300, "opened", "counted")]
    # Seven days after most of it, it is over.
    got = play(fleet, [window((3 + n) * DAY, {LIFE: 5}) for n in range(1, 9)])
    assert got[-1][1:] == ("cleared", "counted")


def test_a_replaced_part_starts_afresh() -> None:
    fleet = Fleet(pack(COUNTED))
    play(fleet, [window(0, {LIFE: 1}, facts=[Fact(SERIAL, "x", "A")]), window(300, {LIFE: 5})])
    play(fleet, [window(600, {LIFE: 90}, facts=[Fact(SERIAL, "x", "B")])])
    assert play(fleet, [window(900, {LIFE: 95})]) == []
    assert play(fleet, [window(1200, {LIFE: 101})]) == [(1500.0, "opened", "counted")]


def test_days_are_counted_once() -> None:
    fleet = Fleet(pack(CRASHED))
    many = [Event(CRASH, "", START + n * 60, 9) for n in range(3)]
    assert play(fleet, [window(0, {USED: 0.1}, events=many)]) == []
    assert play(fleet, [window(DAY, {USED: 0.1}, events=[Event(CRASH, "", START + DAY, 1)])]) != []


def test_an_event_of_the_future_counts_when_it_was_reported() -> None:
    fleet = Fleet(pack(CRASHED))
    play(fleet, [window(0, {USED: 0.1}, events=[Event(CRASH, "", START + 400 * DAY, 1)])])
    got = play(fleet, [window(DAY, {USED: 0.1}, events=[Event(CRASH, "", START + DAY, 1)])])
    assert got == [(DAY + 300, "opened", "crashed")]


def test_a_date_comes_from_the_fact_or_else_from_the_table() -> None:
    fleet = Fleet(pack(ENDING))
    system = [Fact(SYSTEM, "", "debian gnu/linux"), Fact(VERSION, "", "11.4")]
    finding = fleet.judge([window(0, {USED: 0.1}, facts=system)])[0]
    assert finding.expected == (START + 30 * DAY,) * 3
    assert play(fleet, [window(300, {USED: 0.1}, facts=[Fact(VERSION, "", "110")])]) == []
    assert fleet.standing(1) == [("ending", "")]  # not known is not "no"
    assert play(fleet, [window(600, {USED: 0.1}, facts=[Fact(VERSION, "", "11")])]) == []


def test_a_growing_volume_is_dated_and_a_cleared_one_is_not() -> None:
    fleet = Fleet(pack(FILLING))
    found = [f for w in days([0.6 + 0.005 * n for n in range(50)]) for f in fleet.judge([w])]
    assert found[0].expected is not None
    assert found[0].expected.low <= found[0].expected.at <= found[0].expected.high
    roles = {item.role: item.value for item in found[-1].evidence}
    assert roles["slope"] == pytest.approx(0.005, rel=1e-3)
    assert roles["limit"] == 0.98
    got = play(fleet, days([0.55 + 0.005 * n for n in range(5)], begin=50))
    assert [item[1] for item in got if item[1] != "continued"] == ["cleared"]


def test_explaining_says_what_is_true_false_and_not_measurable() -> None:
    fleet = Fleet(pack(*RULES))
    facts = [Fact(PENDING, "", True), Fact(SYSTEM, "", "Desktop")]
    play(fleet, [window(0, {LEFT: 5, USED: 0.95}, facts=facts), window(300, {LEFT: 5, USED: math.nan})])
    short = fleet.explain(1, "short")
    assert [(s.what, s.truth) for s in short] == [
        ("value", Truth.TRUE),
        ("floor", Truth.UNKNOWN),
        ("finding", Truth.TRUE),
    ]
    assert (short[0].value, short[0].comparison, short[0].detail) == (5.0, "below", "")
    waiting = fleet.explain(1, "waiting")
    assert [(s.what, s.truth) for s in waiting] == [
        ("applies", Truth.TRUE),
        ("state", Truth.TRUE),
        ("hold", Truth.FALSE),
        ("finding", Truth.FALSE),
    ]
    assert waiting[2].value == 600.0
    forecast = fleet.explain(1, "filling")[0]
    assert (forecast.what, forecast.truth, forecast.detail) == ("forecast", Truth.UNKNOWN, "short")
    assert fleet.explain(1, "counted") == []
    assert fleet.explain(1, "no such rule") == []
    with pytest.raises(KeyError):
        fleet.explain(2, "short")


def test_a_state_with_a_hold_lasts_through_sleep() -> None:
    fleet = Fleet(pack(WAITING))
    play(fleet, [window(0, {USED: 0.1}, facts=[Fact(PENDING, "", True)])])
    assert play(fleet, [window(5 * DAY, {USED: 0.1})]) == [(5 * DAY + 300, "opened", "waiting")]
    done = window(5 * DAY + 300, {USED: 0.1}, facts=[Fact(PENDING, "", False)])
    assert play(fleet, [done]) == [(5 * DAY + 600, "cleared", "waiting")]


def test_one_endpoint_cannot_fill_the_fleet() -> None:
    fleet = Fleet(pack(FULL))
    fleet.judge([window(0, {(USED, f"/mnt/{n}"): 0.95 for n in range(5000)})])
    assert len(fleet._endpoints[1].cells) == 2000


def test_a_forecast_is_worked_out_when_its_floors_let_it_matter() -> None:
    fleet = Fleet(pack(FILLING))
    for day in range(25):
        assert fleet.judge([window(day * DAY, {USED: 0.01 + 0.02 * day}, length=3600)]) == []
    (kind,) = (kind for kind in fleet._state.kinds.values() if hasattr(kind, "rings"))
    assert kind.rings[0].stale[0]  # below the floor nobody asked
    copy = Fleet(pack(FILLING))
    assert copy.restore(1, fleet.snapshot(1))
    (step,) = (step for step in copy.explain(1, "filling") if step.what == "forecast")
    assert step.detail == "dated"  # who asks is answered
    # The floor is passed in the middle of a day: the date comes with it, from complete days alone.
    (found,) = fleet.judge([window(24 * DAY + 7200, {USED: 0.51}, length=3600)])
    assert found.expected is not None
    assert abs(found.expected.at - START - 48.5 * DAY) < 3 * DAY
    assert not kind.rings[0].stale[0]
