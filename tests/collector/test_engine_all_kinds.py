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

from keuring_collector import business_hours
from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import (
    ByCycles,
    Combination,
    CompiledPack,
    CompiledRule,
    Dated,
    Drift,
    FactTest,
    Forecast,
    Growth,
    How,
    Lane,
    Operator,
    Part,
    Term,
    Unusual,
)
from keuring_collector.engine.kinds import KINDS
from keuring_collector.engine.model import LAST, MEAN, Change, Event, Fact, SeriesKey, Severity, Unmeasured
from keuring_collector.rulepack.calendar import calendar
from tests.collector.batteries import family, late
from tests.collector.engine_kit import (
    COUNT,
    COUNTED,
    CRASH,
    CRASHED,
    DAY,
    ENDING,
    FILLING,
    FULL,
    HOT,
    LEFT,
    LEVEL,
    LIFE,
    PENDING,
    SERIAL,
    SHORT,
    SIZE,
    START,
    SYSTEM,
    UNTIL,
    USED,
    VERSION,
    WAITING,
    said,
    term,
    window,
)
from tests.collector.test_engine_daily import BELOW, RISING, UNLIKE, known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.engine.model import Finding, Window

HEALTH, CYCLES, OTHER_UNTIL = 30, 31, 25
COURSE = late(140, 1.9)
ONE = Term(0, 0, 1, 0.5, 0.5)


def leaf(*terms: Term, source: Any = None, hold: float = 0.0) -> CompiledRule:
    return CompiledRule("", "part", Severity.TIP, terms, source, hold=hold, gap=math.inf if source else 0.0)


def whole(name: str, how: How, *parts: Part, terms: tuple[Term, ...] = (ONE,), **more: Any) -> CompiledRule:
    return CompiledRule(name, name, Severity.SOON, terms, Combination(how, parts), gap=math.inf, **more)


def until(signal: int, days: float) -> Part:
    ends = Term(0, 0, -1, -days * DAY, -days * DAY, slope=1)
    return Part(leaf(ends, source=Dated(signal)))


LASTING = Growth((Lane(LIFE, LAST),), math.inf, identity=SERIAL)
PARTS = (
    Part(leaf(term(USED, 1, 0.9), hold=900), points=1),
    Part(leaf(*COUNTED.terms, source=LASTING), points=2),
    Part(leaf(FILLING.terms[0], source=FILLING.source), points=2),
    Part(leaf(UNLIKE.terms[0], source=UNLIKE.source), points=1),
    Part(leaf(ONE, source=WAITING.source), points=1, same_subject=False),
)
BATTERY = ByCycles(
    HEALTH, LAST, LAST, 0.8, -1, 14, 60, 365, 0.1, 0.001, identity=SERIAL,
    cycles=CYCLES, cycles_statistic=LAST, curves=family(),
)  # fmt: skip
DRIFTING = Forecast(
    HEALTH, LAST, LAST, 0.8, -1, 14, 180, 365, 0.1, 0.001, pace_days=60,
    drift=Drift(-0.0003, 0.0002, 1e-6, 0.9, 0.5, 2.0, 30),
)  # fmt: skip
SOON = Term(0, 0, -1, -90 * DAY, -120 * DAY, slope=1, shown_limit=0.8)
RULES = (
    COUNTED,
    CRASHED,
    ENDING,
    FILLING,
    FULL,
    HOT,
    SHORT,
    WAITING,
    RISING,
    UNLIKE,
    BELOW,
    CompiledRule("lasting", "lasting", Severity.SOON, COUNTED.terms, LASTING, gap=math.inf),
    CompiledRule("worn", "worn", Severity.WATCH, (SOON,), BATTERY),
    CompiledRule(
        "odd", "odd", Severity.WATCH, (Term(0, 0, 1, 1, 1, shown_limit=1),),
        Unusual(LEVEL, MEAN, high=True, low=True, margin=0.5, learning=3 * DAY, identity=SERIAL), recovery_hold=3600,
    ),
    CompiledRule("fading", "fading", Severity.WATCH, (SOON,), DRIFTING),
    CompiledRule(
        "margin", "margin", Severity.WATCH,
        (replace(term(USED, 1, -0.05), minus_signal=LEFT, minus_statistic=LAST),), hold=300, recovery_hold=300,
    ),
    CompiledRule("office", "office", Severity.SOON, (term(LEVEL, 1, 5, 4, MEAN),), hold=7200, business_hours=True),
    whole("each", How.ALL, PARTS[0], PARTS[4], applies=(FactTest(SYSTEM, Operator.NOT_IN, ("Server",)),)),
    whole("either", How.ANY, until(UNTIL, 60), until(OTHER_UNTIL, 30)),
    whole("quiet", How.NOT, Part(leaf(term(USED, 1, 0.9))), recovery_hold=900),
    whole("nested", How.ALL, Part(leaf(ONE, source=Combination(How.ANY, PARTS[:2]))), Part(leaf(term(USED, 1, 0.6)))),
    replace(
        whole("risk", How.RISK, *PARTS, terms=(Term(0, 0, 1, 1.5, 0.5, shown_limit=2),)),
        worse=((2.5, Severity.URGENT),),
    ),
)  # fmt: skip
PACK = CompiledPack(
    "test", "all kinds", RULES, {USED: 0.001, LEVEL: 0.1}, calendar("Europe/Amsterdam", business_hours.DEFAULT)
)
USUAL = known((-1, 3.0, 0.5, 20), (6, 5.0, 0.5, 20), (20, 3.0, 1.0, 12))

EXAMPLES = int(os.environ.get("KEURING_EXAMPLES", "8"))
SOME = settings(
    max_examples=EXAMPLES,
    derandomize="KEURING_EXAMPLES" not in os.environ,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
WILD = [math.nan, math.nan, 1e300, -1e300, math.inf, 0.0]
FACTS = [
    *(Fact(PENDING, "", value) for value in (True, False, None)),
    *(Fact(SYSTEM, "", value) for value in ("Debian", "Debian", "Server", None)),
    *(Fact(VERSION, "", value) for value in ("11.2", "12")),
    *(Fact(SERIAL, "x", value) for value in ("A", "B", None)),
    *(Fact(UNTIL, "", value) for value in (START + 70 * DAY, START + 20 * DAY, math.inf, None)),
    Fact(OTHER_UNTIL, "", START + 40 * DAY),
]
STEPS = [300.0, 300.0, 900.0, 5000.0, 20_000.0, DAY, DAY, DAY, 3 * DAY, 16 * DAY, -900.0, -2 * DAY]


def values(draw: st.DrawFn, day: float) -> dict[Any, float]:
    """A slowly worse machine with holes, wild numbers, and parts that are now there and now not."""
    found: dict[Any, float] = {}
    for subject in draw(st.sampled_from([("x",), ("x", "y"), (), ("y",)])):
        found[USED, subject] = min(0.99, 0.55 + 0.012 * day) + draw(st.sampled_from([0.0, 0.0, 0.01, 0.3]))
        found[SIZE, subject] = draw(st.sampled_from([100.0] * 9 + [200.0]))
        found[LIFE, subject] = math.floor(day / 4) + draw(st.sampled_from([0.0, 0.0, 0.0, 30.0]))
        found[LEVEL, subject] = 3.0 + 0.3 * day + draw(st.sampled_from([0.0, 0.2, 3.0]))
        found[LEFT, subject] = draw(st.sampled_from([5.0, 11.0, 0.95]))
        found[HEALTH, subject] = float(COURSE(np.array(1.5 * (day + 20))))
        found[CYCLES, subject] = 1.5 * (day + 20)
        found[COUNT, subject] = draw(st.sampled_from([0.0, 1.0, 6.0]))
    for key in found:
        if draw(st.integers(0, 19)) == 0:
            found[key] = draw(st.sampled_from(WILD))
    return found


@st.composite
def stories(draw: st.DrawFn, endpoints: int = 2) -> list[Window]:
    """Reports of a few endpoints over weeks, each in order of its spool, mixed."""
    reports: list[Window] = []
    at = dict.fromkeys(range(1, endpoints + 1), 8 * 3600.0)
    for _ in range(draw(st.integers(15, 40))):
        endpoint = draw(st.integers(1, endpoints))
        at[endpoint] = max(0.0, at[endpoint] + draw(st.sampled_from(STEPS)))
        begun = at[endpoint]
        rare = draw(st.integers(0, 5))
        reports.append(
            window(
                begun,
                values(draw, begun / DAY),
                endpoint=endpoint,
                delay=draw(st.sampled_from([5.0, 5.0, 5.0, 90_000.0])),
                facts=draw(st.lists(st.sampled_from(FACTS), max_size=2)) if rare < 2 else [],
                events=[Event(CRASH, "", START + begun + 40 * DAY * (rare == 3), 1)] if rare in (2, 3) else [],
                unmeasured=[Unmeasured(SERIAL, "x", "no rights")] if rare == 4 else [],
            )
        )
    return reports


def fleet() -> Fleet:
    made = Fleet(PACK)
    made.use_baselines(USUAL)
    return made


def of(report: Window, endpoint: int) -> Window:
    return replace(report, endpoint=endpoint)


def one_by_one(reports: Sequence[Window], judging: Fleet | None = None) -> list[Finding]:
    judging = fleet() if judging is None else judging
    return [finding for report in reports for finding in judging.judge([report])]


def test_every_kind_is_in_the_pack_and_speaks() -> None:
    """What is proven here of silence would be worth nothing if the rules were silent."""
    assert {type(rule.source) for rule in RULES} == {None.__class__, Combination, *KINDS}
    assert {part.source.how for part in RULES if isinstance(part.source, Combination)} == set(How)
    facts = [Fact(SYSTEM, "", "Debian"), Fact(VERSION, "", "11"), Fact(PENDING, "", True), Fact(SERIAL, "x", "A")]
    facts += [Fact(UNTIL, "", START + 90 * DAY), Fact(OTHER_UNTIL, "", START + 20 * DAY)]
    reports = []
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
