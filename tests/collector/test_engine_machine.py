"""Hold, hysteresis, gaps, freshness: what makes a comparison a finding."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from keuring_collector.engine import Fleet
from keuring_collector.engine.model import Change, Fact, Severity, Unmeasured
from tests.collector.engine_kit import (
    DAY,
    FULL,
    HOT,
    LEFT,
    LEVEL,
    PENDING,
    SHORT,
    START,
    SYSTEM,
    USED,
    WAITING,
    pack,
    play,
    said,
    window,
)

if TYPE_CHECKING:
    from keuring_collector.engine.model import Window

NAN = math.nan


def used(*values: float, begin: float = 0.0, step: float = 300.0, delay: float = 5.0) -> list[Window]:
    return [window(begin + number * step, {USED: value}, delay=delay) for number, value in enumerate(values)]


def test_a_finding_opens_when_the_hold_is_over_and_clears_when_recovery_is() -> None:
    fleet = Fleet(pack(FULL))
    got = play(fleet, used(0.5, 0.95, 0.95, 0.95, 0.95, 0.85, 0.85, 0.75, 0.75, 0.75))
    # The hold of 900 s counts from the start of the first true window; 0.85 is above the recovery limit of 0.8.
    assert got == [(1200.0, "opened", "full"), (2700.0, "cleared", "full")]


def test_the_limit_itself_is_not_beyond_the_limit() -> None:
    assert play(Fleet(pack(FULL)), used(*[0.9] * 20)) == []


def test_a_dip_restarts_the_hold() -> None:
    assert play(Fleet(pack(FULL)), used(0.95, 0.95, 0.5, 0.95, 0.95)) == []


def test_a_missing_sample_is_neither_true_nor_false() -> None:
    assert play(Fleet(pack(FULL)), used(0.95, NAN, NAN, 0.95)) == [(1200.0, "opened", "full")]
    assert play(Fleet(pack(FULL)), used(*[NAN] * 50)) == []
    fleet = Fleet(pack(FULL))
    play(fleet, used(0.95, 0.95, 0.95))
    assert play(fleet, used(*[NAN] * 50, begin=900)) == []
    assert fleet.standing(1) == [("full", "x")]


@pytest.mark.parametrize(("gap", "opens_at"), [(3600.0, 4800.0), (3900.0, 5400.0)])
def test_a_gap_longer_than_an_hour_restarts_the_hold(gap: float, opens_at: float) -> None:
    # Two windows, a gap, then true again: the hold goes on (first true window of all) or starts afresh.
    fleet = Fleet(pack(FULL))
    windows = used(0.95, 0.95) + used(*[0.95] * 6, begin=600 + gap)
    got = play(fleet, windows)
    assert got[0] == (600 + gap + (300 if gap == 3600.0 else 900), "opened", "full")
    assert got[0][0] <= opens_at + 1


def test_a_rule_may_bridge_longer_gaps() -> None:
    fleet = Fleet(pack(HOT))
    got = play(fleet, [window(0, {LEVEL: 9}), window(7200, {LEVEL: 9}), window(16000, {LEVEL: 9})])
    assert got == [(7500.0, "opened", "hot")]


def test_a_clock_that_went_back_restarts_the_hold() -> None:
    fleet = Fleet(pack(FULL))
    windows = used(0.95, 0.95, begin=10_000) + used(*[0.95] * 4)
    assert play(fleet, windows) == [(900.0, "opened", "full")]


def test_floors_must_hold_too_and_an_unknown_floor_keeps_the_rule_silent() -> None:
    fleet = Fleet(pack(SHORT))
    assert play(fleet, [window(0, {LEFT: 5, USED: 0.5})]) == []
    assert play(fleet, [window(300, {LEFT: 5, USED: NAN})]) == []
    assert play(fleet, [window(600, {LEFT: 5})]) == []
    assert play(fleet, [window(900, {LEFT: 5, USED: 0.95})]) == [(1200.0, "opened", "short")]
    finding = fleet.judge([window(900 + DAY, {LEFT: 4, USED: 0.951})])[0]
    assert [(e.role, e.signal, e.value) for e in finding.evidence] == [
        ("value", LEFT, 4.0),
        ("limit", LEFT, 10),
        ("floor", USED, 0.951),
    ]


def test_each_subject_is_judged_by_itself() -> None:
    fleet = Fleet(pack(SHORT))
    values = {(LEFT, "/"): 5.0, (USED, "/"): 0.95, (LEFT, "/data"): 5.0, (USED, "/data"): 0.2}
    assert [(f.subject, f.since) for f in fleet.judge([window(0, values)])] == [("/", START)]


def test_a_backlog_that_came_and_went_says_nothing() -> None:
    late = used(0.95, 0.95, 0.95, 0.95, delay=90_000) + used(0.5, 0.5, 0.5, 0.5, begin=1200, delay=90_000)
    assert play(Fleet(pack(FULL)), late + used(0.5, begin=2400)) == []


def test_what_is_still_true_after_a_backlog_opens_at_the_first_fresh_window() -> None:
    fleet = Fleet(pack(FULL))
    windows = used(*[0.95] * 6, delay=90_000) + used(0.95, begin=1800)
    got = [f for w in windows for f in fleet.judge([w])]
    assert [(f.at - START, f.since - START, f.change) for f in got] == [(2100.0, 0.0, Change.OPENED)]


def test_a_finding_that_cleared_and_came_back_within_a_backlog_is_the_same_finding() -> None:
    fleet = Fleet(pack(FULL))
    play(fleet, used(*[0.95] * 4))
    backlog = used(*[0.5] * 4, begin=1200, delay=90_000) + used(*[0.95] * 4, begin=2400, delay=90_000)
    assert play(fleet, backlog) == []
    assert play(fleet, used(0.95, begin=3600)) == []
    assert fleet.standing(1) == [("full", "x")]


def test_it_is_said_again_once_a_day_and_when_it_grows_worse() -> None:
    fleet = Fleet(pack(FULL))
    windows = used(*[0.95] * 100, step=3600, begin=0)
    got = play(fleet, windows)
    first = got[0][0]
    assert [at - first for at, change, _ in got if change == "continued"] == [DAY, 2 * DAY, 3 * DAY, 4 * DAY][
        : len(got) - 1
    ]
    worse = fleet.judge([window(100 * 3600, {USED: 0.99})])
    assert [(f.change, f.severity) for f in worse] == [(Change.CONTINUED, Severity.URGENT)]
    # It eases off at the daily telling only, so that it does not waver.
    assert fleet.judge([window(101 * 3600, {USED: 0.95})]) == []
    later = fleet.judge([window(101 * 3600 + DAY, {USED: 0.95})])
    assert [(f.change, f.severity) for f in later] == [(Change.CONTINUED, Severity.SOON)]


def test_a_finding_never_speaks_of_later_than_its_report() -> None:
    fleet = Fleet(pack(SHORT))
    finding = fleet.judge([window(0, {LEFT: 5, USED: 0.95}, delay=-200)])[0]
    assert finding.at == START + 100


def test_a_rule_that_stops_applying_clears_what_it_found() -> None:
    fleet = Fleet(pack(WAITING))
    facts = [Fact(PENDING, "", True), Fact(SYSTEM, "", "Desktop")]
    play(fleet, [window(0, {USED: 0.1}, facts=facts)])
    assert play(fleet, [window(2 * DAY, {USED: 0.1})]) == [(2 * DAY + 300, "opened", "waiting")]
    gone = window(2 * DAY + 300, {USED: 0.1}, facts=[Fact(SYSTEM, "", "Server")])
    assert play(fleet, [gone]) == [(2 * DAY + 600, "cleared", "waiting")]


def test_a_fact_that_can_no_longer_be_measured_is_unknown() -> None:
    fleet = Fleet(pack(WAITING))
    play(fleet, [window(0, {USED: 0.1}, facts=[Fact(PENDING, "", True)])])
    play(fleet, [window(2 * DAY, {USED: 0.1})])
    assert fleet.standing(1) == [("waiting", "")]
    lost = window(3 * DAY, {USED: 0.1}, unmeasured=[Unmeasured(PENDING, "", "no such tool")])
    assert play(fleet, [lost]) == [(3 * DAY + 300, "continued", "waiting")]
    assert fleet.standing(1) == [("waiting", "")]


def test_a_subject_that_is_gone_for_two_weeks_is_cleared() -> None:
    fleet = Fleet(pack(SHORT))
    stick = {(LEFT, "/media"): 5.0, (USED, "/media"): 0.95}
    assert play(fleet, [window(0, stick)]) == [(300.0, "opened", "short")]
    got = play(fleet, [window(DAY * day, {(LEFT, "/"): 99.0, (USED, "/"): 0.1}) for day in range(1, 20)])
    assert [item for item in got if item[1] != "continued"] == [(15 * DAY + 300, "cleared", "short")]


def test_findings_of_several_windows_come_in_order() -> None:
    fleet = Fleet(pack(FULL, SHORT))
    batch = [window(n * 300, {LEFT: 5, USED: 0.95}, endpoint=e) for n in range(4) for e in (2, 1)]
    assert said(fleet.judge(batch)) == [("opened", "short")] * 2 + [("opened", "full")] * 2


def test_an_empty_batch_and_an_empty_pack() -> None:
    assert Fleet(pack(FULL)).judge([]) == []
    assert Fleet(pack()).judge([window(0, {USED: 0.95})]) == []
    assert Fleet(pack(FULL)).judge([window(0, {})]) == []
