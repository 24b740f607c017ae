"""A pack of every kind of condition: restarts, batches, company, parts that go and come back, states rebuilt."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import (
    Combination,
    CompiledPack,
    CompiledRule,
    How,
)
from keuring_collector.engine.kinds import KINDS
from keuring_collector.engine.model import LAST, Change, Event, Fact, SeriesKey, Severity, Unmeasured
from tests.collector.all_kinds import (
    BATTERY,
    COURSE,
    CYCLES,
    HEALTH,
    LASTING,
    OTHER_UNTIL,
    PACK,
    RULES,
    SOON,
    USUAL,
    fleet,
    of,
    one_by_one,
    stories,
    until,
    whole,
)
from tests.collector.engine_kit import (
    COUNT,
    COUNTED,
    CRASH,
    DAY,
    FILLING,
    FULL,
    LEFT,
    LEVEL,
    LIFE,
    PENDING,
    SERIAL,
    SIZE,
    START,
    SYSTEM,
    UNTIL,
    USED,
    VERSION,
    said,
    window,
)
from tests.collector.test_engine_daily import RISING, UNLIKE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.engine.model import Finding, Window

EXAMPLES = int(os.environ.get("KEURING_EXAMPLES", "8"))
SOME = settings(
    max_examples=EXAMPLES,
    derandomize="KEURING_EXAMPLES" not in os.environ,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_every_kind_is_in_the_pack_and_speaks() -> None:
    """What is proven here of silence would be worth nothing if the rules were silent."""
    assert {type(rule.source) for rule in RULES} == {None.__class__, Combination, *KINDS}
    assert {part.source.how for part in RULES if isinstance(part.source, Combination)} == set(How)
    facts = [Fact(SYSTEM, "", "Debian"), Fact(VERSION, "", "11"), Fact(PENDING, "", True), Fact(SERIAL, "x", "A")]
    facts += [Fact(UNTIL, "", START + 90 * DAY), Fact(OTHER_UNTIL, "", START + 20 * DAY)]
    reports: list[Window] = []
    for day in range(34):
        for hour in (7, 8, 9, 10, 11):
            reports.append(
                window(
                    day * DAY + hour * 3600,
                    {
                        USED: min(0.995, 0.62 + 0.014 * day),
                        SIZE: 100.0,
                        LIFE: math.floor(day / 2),
                        LEVEL: 3.0 + 0.4 * day,
                        (LEVEL, "y"): 40.0 if day > 30 else 1.0 + 0.1 * (hour % 2),
                        LEFT: 5.0 if day < 30 else 0.9,
                        HEALTH: float(COURSE(np.array(1.5 * (day + 20)))),
                        CYCLES: 1.5 * (day + 20),
                        COUNT: 1.0,
                    },
                    length=3600,
                    facts=facts if not reports else (),
                    events=[Event(CRASH, "", START + day * DAY, 1)] if day in (3, 9) and hour == 7 else (),
                )
            )
    found = one_by_one(reports)
    assert {finding.rule for finding in found if finding.change is Change.OPENED} == {rule.id for rule in RULES}


@SOME
@given(stories(), st.data())
def test_batches_of_any_size_say_the_same(reports: list[Window], data: st.DataObject) -> None:
    judging, found, rest = fleet(), [], list(reports)
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        found += judging.judge(rest[:size])
        del rest[:size]
    alone = fleet()
    assert found == one_by_one(reports, alone)
    for endpoint in {report.endpoint for report in reports}:
        assert judging.snapshot(endpoint) == alone.snapshot(endpoint)
        for rule in RULES:
            assert judging.explain(endpoint, rule.id) == alone.explain(endpoint, rule.id)


@SOME
@given(stories(endpoints=1))
def test_a_restart_after_any_window_says_the_same_from_there_on(reports: list[Window]) -> None:
    """Every window is the last one of some process, and the first one of another."""
    steady, told, kept = fleet(), [], []
    for report in reports:
        told.append(steady.judge([report]))
        kept.append(steady.snapshot(1))
    moved, others = Fleet(PACK), Fleet(PACK)
    for judging in (moved, others):
        judging.use_baselines(USUAL)
        one_by_one([of(report, 7) for report in reports[:5]], judging)  # its rows are elsewhere
    for number, report in enumerate(reports):
        assert moved.judge([report]) == told[number]
        assert moved.snapshot(1) == kept[number]
        assert others.restore(1, kept[number])
        assert others.snapshot(1) == kept[number]
        assert others.standing(1) == moved.standing(1)
        moved, others = others, moved


@SOME
@given(stories(endpoints=3))
def test_endpoints_do_not_touch_each_other(reports: list[Window]) -> None:
    together = one_by_one(reports)
    for endpoint in (1, 2, 3):
        mine = [report for report in reports if report.endpoint == endpoint]
        assert [finding for finding in together if finding.endpoint == endpoint] == one_by_one(mine)


@SOME
@given(stories(endpoints=1), st.data())
def test_a_state_that_is_rebuilt_takes_over_what_was_told(reports: list[Window], data: st.DataObject) -> None:
    """As the write path does with another pack: the journal is replayed in silence, and what was told is adopted."""
    place = data.draw(st.integers(1, len(reports)))
    steady = fleet()
    told: dict[tuple[str, str], Finding] = {}
    for finding in one_by_one(reports[:place], steady):
        told[finding.rule, finding.subject] = finding
    rebuilt = fleet()
    rebuilt.judge([replace(report, received=math.inf) for report in reports[:place]])
    for key in steady.standing(1):
        assert rebuilt.adopt(1, *key, told[key].since, int(told[key].severity))
    assert rebuilt.standing(1) == steady.standing(1)
    for report in reports[place:]:
        before = set(rebuilt.standing(1))
        for finding in rebuilt.judge([report]):
            # Nothing is opened twice, and nothing ends that was not told.
            assert ((finding.rule, finding.subject) in before) is (finding.change is not Change.OPENED)


# One by one, what the stories above found, or could not be expected to hit


def opened_and_cleared(judging: Fleet, windows: Sequence[Window], rule: str) -> list[tuple[int, str]]:
    """(day, what) of openings and clearings."""
    return [
        (int((finding.at - START) // DAY), finding.change.value)
        for finding in one_by_one(windows, judging)
        if finding.rule == rule and finding.change is not Change.CONTINUED
    ]


def only(rule: CompiledRule) -> Fleet:
    made = Fleet(CompiledPack("test", rule.id, (rule,)))
    made.use_baselines(USUAL)
    return made


def daily(number: int, shown: dict[Any, float], **more: Any) -> Window:
    return window(number * DAY + DAY / 2, shown, length=3600, **more)


@pytest.mark.parametrize(
    "rule",
    [
        CompiledRule("gone", "gone", Severity.SOON, FILLING.terms[:1], FILLING.source),
        CompiledRule("gone", "gone", Severity.SOON, UNLIKE.terms[:1], UNLIKE.source),
        CompiledRule("gone", "gone", Severity.SOON, RISING.terms[:1], RISING.source),
        CompiledRule("gone", "gone", Severity.SOON, (SOON,), BATTERY),
        CompiledRule("gone", "gone", Severity.SOON, COUNTED.terms, LASTING, gap=math.inf),
    ],
    ids=["forecast", "peer", "trend", "wear", "since enrolment"],
)
def test_what_is_found_of_a_part_that_was_taken_away_ends_within_weeks(rule: CompiledRule) -> None:
    judging = only(rule)

    def there(day: int) -> Window:
        shown = {USED: 0.6 + 0.012 * day, SIZE: 100.0, LEVEL: 3.0 + 0.7 * day, LIFE: float(day)}
        shown |= {HEALTH: float(COURSE(np.array(1.5 * (day + 20)))), CYCLES: 1.5 * (day + 20)}
        return daily(day, shown, facts=[Fact(SYSTEM, "", "Debian")])

    story = opened_and_cleared(judging, [there(day) for day in range(27)], "gone")
    assert story[-1][1] == "opened"
    # The machine goes on to report; its layout does not have the part any more.
    (end,) = opened_and_cleared(judging, [daily(day, {(LEFT, "other"): 50.0}) for day in range(27, 90)], "gone")
    assert end[1] == "cleared"
    assert 27 + 14 <= end[0] <= 27 + 37
    assert judging.explain(1, "gone") == [] or rule.source is LASTING  # nothing is left of it


def test_growth_since_enrolment_is_known_again_when_the_part_is_back() -> None:
    judging = only(CompiledRule("lasting", "lasting", Severity.SOON, COUNTED.terms, LASTING, gap=math.inf))
    shown = [daily(day, {LIFE: 2.0 * day}) for day in range(10)]
    away = [daily(day, {LEFT: 50.0}) for day in range(10, 60)]
    back = [daily(day, {LIFE: 18.0}) for day in range(60, 63)]
    story = opened_and_cleared(judging, shown + away + back, "lasting")
    assert [what for _, what in story] == ["opened", "cleared", "opened"]
    assert story[-1][0] == 60


def test_another_part_is_another_one_also_when_there_was_none_in_between() -> None:
    judging = only(COUNTED)
    story = [
        window(0, {LIFE: 3.0}, facts=[Fact(SERIAL, "x", "A")]),
        window(600, {LEFT: 50.0}, facts=[Fact(SERIAL, "x", None)]),
        window(1200, {LIFE: 3.0}, facts=[Fact(SERIAL, "x", "A")]),  # the same again
        window(1800, {LEFT: 50.0}, unmeasured=[Unmeasured(SERIAL, "x", "gone")]),
    ]
    assert one_by_one(story, judging) == []
    other = only(COUNTED)
    assert other.restore(1, judging.snapshot(1))
    for each in (judging, other):
        assert each.judge([window(2400, {LIFE: 5000.0}, facts=[Fact(SERIAL, "x", "B")])]) == []
        assert said(each.judge([window(3000, {LIFE: 5010.0})])) == [("opened", "counted")]


def test_the_date_of_several_is_the_soonest_that_is_true() -> None:
    judging = only(whole("either", How.ANY, until(UNTIL, 60), until(OTHER_UNTIL, 30)))
    shown = {(USED, ""): 0.1}
    facts = [Fact(UNTIL, "", START + 300 * DAY), Fact(OTHER_UNTIL, "", START + 20 * DAY)]
    (found,) = judging.judge([window(0, shown, facts=facts)])
    assert found.expected is not None
    assert found.expected.at == START + 20 * DAY
    (found,) = judging.judge([window(300, shown, facts=[Fact(UNTIL, "", START + 10 * DAY)])])
    assert found.expected is not None
    assert found.expected.at == START + 10 * DAY
    (found,) = judging.judge([window(600, shown, facts=[Fact(UNTIL, "", None)])])
    assert found.expected is not None
    assert found.expected.at == START + 20 * DAY


def test_a_finding_outlasts_a_holiday_of_the_machine() -> None:
    judging = only(FULL)
    story = [window(number * 300, {USED: 0.95}) for number in range(4)]
    story += [window(21 * DAY + number * 300, {USED: 0.95}) for number in range(4)]
    assert opened_and_cleared(judging, story, "full") == [(0, "opened")]


def test_a_finding_that_is_taken_over_after_long_is_not_taken_for_one_that_is_gone() -> None:
    judging = only(FULL)
    judging.judge([window(number * 300, {USED: 0.95}, delay=math.inf) for number in range(10)])
    assert judging.adopt(1, "full", "x", START - 20 * DAY, int(Severity.SOON))
    assert said(judging.judge([window(DAY + 600, {USED: 0.95})])) == [("continued", "full")]


def test_a_rule_that_stops_to_be_about_a_machine_clears_and_comes_back() -> None:
    judging = fleet()
    shown = {USED: 0.95}
    story = [window(number * 300, shown, facts=[Fact(PENDING, "", True)]) for number in range(5)]
    story += [window(1500, shown, facts=[Fact(SYSTEM, "", "Server")]), window(1800, shown)]
    story += [window(2100, shown, facts=[Fact(SYSTEM, "", "Debian")]), window(2400, shown)]
    told = [said([finding]) for finding in one_by_one(story, judging) if finding.rule == "each"]
    assert told == [[("opened", "each")], [("cleared", "each")], [("opened", "each")]]


def test_thousands_of_subjects_cost_no_more_than_is_allowed() -> None:
    judging = fleet()
    shown = {(signal, f"s{number}"): 0.95 for number in range(3000) for signal in (USED, LEVEL, LIFE)}
    alone = fleet()
    windows = [window(number * 300, shown, facts=[Fact(PENDING, "", True)]) for number in range(3)]
    assert judging.judge(windows) == one_by_one(windows, alone)
    assert len(judging.standing(1)) <= 2000
    kept = judging.snapshot(1)
    other = fleet()
    assert other.restore(1, kept)
    assert other.snapshot(1) == kept
    assert SeriesKey(USED, LAST, "s0") in windows[0].layout.keys
