"""Batteries in the engine: dates by cycles where these tell, by time where they do not, and the same however fed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import ByCycles, CompiledPack, CompiledRule, Term
from keuring_collector.engine.model import LAST, Change, Fact, SeriesKey, Severity
from tests.collector.batteries import family, late, truth
from tests.collector.engine_kit import DAY, SERIAL, START, window

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keuring_collector.engine.model import Finding, Window
    from tests.collector.batteries import Course

HEALTH, CYCLES = 181, 182
PER_DAY = 1.5  # cycles
COURSE, END = late(610, 2.8), truth(610, 2.8)

WORN = CompiledRule(
    "worn",
    "worn",
    Severity.WATCH,
    (Term(0, 0, -1, -90 * DAY, -120 * DAY, slope=1, shown_limit=0.8),),
    source=ByCycles(
        HEALTH,
        LAST,
        LAST,
        0.8,
        -1,
        14,
        60,
        365,
        0.1,
        0.001,
        identity=SERIAL,
        cycles=CYCLES,
        cycles_statistic=LAST,
        curves=family(),
    ),
)


def fleet() -> Fleet:
    return Fleet(CompiledPack("test", "worn", (WORN,), {HEALTH: 0.001, CYCLES: 1.0}))


def day(number: int, *, course: Course = COURSE, endpoint: int = 1, cycles: bool = True, **more: Any) -> Window:
    """The whole day ``number`` of a battery that was new on day 0."""
    count = PER_DAY * (number + 1)
    values = {(HEALTH, "BAT0"): float(course(np.array(count)))}
    if cycles:
        values[CYCLES, "BAT0"] = count
    return window(number * DAY, values, endpoint=endpoint, length=DAY, **more)


def opened(findings: Iterable[Finding]) -> Finding:
    return next(finding for finding in findings if finding.change is Change.OPENED)


def roles(finding: Finding) -> dict[str, Any]:
    return {item.role: item.value for item in finding.evidence}


def test_a_battery_that_bends_late_is_dated_by_those_like_it() -> None:
    judging = fleet()
    ends_on = END / PER_DAY  # days
    finding = opened(judging.judge([day(number) for number in range(int(ends_on) - 60)]))
    assert finding.expected is not None
    assert (finding.at - START) / DAY == pytest.approx(ends_on - 90, abs=25)
    assert (finding.expected.at - START) / DAY == pytest.approx(ends_on, abs=20)
    assert finding.expected.low < finding.expected.at < finding.expected.high
    assert roles(finding)["curves"] == pytest.approx(END, rel=0.08)
    step = next(step for step in judging.explain(1, "worn") if step.what == "forecast")
    assert step.detail == "curves"


def test_without_cycles_it_is_the_recent_line() -> None:
    judging = fleet()
    findings = judging.judge([day(number, cycles=False) for number in range(int(END / PER_DAY))])
    with_cycles = opened(fleet().judge([day(number) for number in range(int(END / PER_DAY))]))
    finding = opened(findings)
    assert finding.at > with_cycles.at  # the line sees the bend when it has come
    assert not {"curves", "bend"} & set(roles(finding))
    step = next(step for step in judging.explain(1, "worn") if step.what == "forecast")
    assert step.detail == "line"


def test_of_a_battery_unlike_all_known_ones_it_says_that_it_bends() -> None:
    judging = fleet()
    finding = opened(judging.judge([day(number, course=late(140, 1.9)) for number in range(80)]))
    assert finding.expected is not None
    assert "bend" in roles(finding)
    true = START + truth(140, 1.9) / PER_DAY * DAY
    assert finding.expected.low < true < finding.expected.high


def test_a_counter_that_stands_still_is_not_worn_by_use() -> None:
    judging = fleet()
    judging.judge([day(number) for number in range(200)])
    held = float(COURSE(np.array(300.0)))
    rest = [
        window(number * DAY, {(HEALTH, "BAT0"): held, (CYCLES, "BAT0"): 300.0}, length=DAY)
        for number in range(200, 460)
    ]
    findings = judging.judge(rest)
    assert not [finding for finding in findings if finding.change is Change.OPENED]
    assert judging.standing(1) == []


def test_another_battery_begins_anew() -> None:
    judging = fleet()
    upto = int(END / PER_DAY) - 30
    judging.judge([day(0, facts=[Fact(SERIAL, "BAT0", "A1")]), *(day(number) for number in range(1, upto))])
    assert judging.standing(1) == [("worn", "BAT0")]
    new = [
        window(
            number * DAY,
            {(HEALTH, "BAT0"): 1.0, (CYCLES, "BAT0"): float(number - upto)},
            length=DAY,
            facts=[Fact(SERIAL, "BAT0", "B2")] if number == upto else [],
        )
        for number in range(upto, upto + 20)
    ]
    findings = judging.judge(new)
    assert [finding.change for finding in findings if finding.change is not Change.CONTINUED] == [Change.CLEARED]


def test_a_snapshot_goes_on_as_if_nothing_had_happened() -> None:
    whole, first, second = fleet(), fleet(), fleet()
    windows = [day(number) for number in range(300)]
    told = whole.judge(windows)
    before = first.judge(windows[:151])
    assert second.restore(1, first.snapshot(1))
    assert [*before, *second.judge(windows[151:])] == told
    assert second.snapshot(1) == whole.snapshot(1)
    assert len(whole.snapshot(1)) < 4096


def test_how_windows_are_batched_changes_nothing() -> None:
    courses = {number: late(500 + 9 * number, 2.4 + 0.05 * number) for number in range(1, 5)}
    together, alone = fleet(), fleet()
    told = []
    for number in range(270):
        told += together.judge([day(number, course=course, endpoint=each) for each, course in courses.items()])
    separate = []
    for each, course in courses.items():
        separate += alone.judge([day(number, course=course, endpoint=each) for number in range(270)])
    assert told
    assert sorted(told, key=repr) == sorted(separate, key=repr)
    for each in courses:
        assert together.snapshot(each) == alone.snapshot(each)


@pytest.mark.parametrize("health_first", [True, False])
def test_history_gives_the_same_as_having_been_there(*, health_first: bool) -> None:
    live, seeded = fleet(), fleet()
    live.judge([day(number) for number in range(300)])
    seeded.restore(1, None)
    days = np.arange(290)
    count = np.asarray(PER_DAY * (days + 1), dtype=np.float64)
    history = {HEALTH: COURSE(count), CYCLES: count}
    for signal in history if health_first else reversed(history):
        points = history[signal]
        seeded.seed(1, SeriesKey(signal, LAST, "BAT0"), days + int(START / DAY), *[points] * 5)
    seeded.judge([day(number) for number in range(290, 300)])
    (here,) = (step for step in live.explain(1, "worn") if step.what == "forecast")
    (there,) = (step for step in seeded.explain(1, "worn") if step.what == "forecast")
    assert here == there
    assert here.detail == "curves"
