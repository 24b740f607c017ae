"""Conditions put together: all, any, not and risk, their holds, subjects, evidence and snapshots."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import (
    Combination,
    CompiledRule,
    FactTest,
    How,
    Operator,
    Part,
    State,
    Term,
    Truth,
)
from keuring_collector.engine.model import Change, Fact, Severity
from tests.collector.engine_kit import (
    COUNTED,
    DAY,
    ENDING,
    FILLING,
    LEFT,
    PENDING,
    SIZE,
    START,
    SYSTEM,
    USED,
    VERSION,
    pack,
    play,
    said,
    term,
    window,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.engine.compiled import Source
    from keuring_collector.engine.model import Window

ONE = Term(0, 0, 1, 0.5, 0.5)


def leaf(*terms: Term, source: Source | None = None, hold: float = 0.0) -> CompiledRule:
    return CompiledRule("", "part", Severity.TIP, terms, source, hold=hold, gap=math.inf if source else 0.0)


def whole(name: str, how: How, *parts: Part, **more: object) -> CompiledRule:
    return CompiledRule(name, name, Severity.SOON, (ONE,), Combination(how, parts), gap=math.inf, **more)  # type: ignore[arg-type]


USED_UP = Part(leaf(term(USED, 1, 0.9)))
LITTLE = Part(leaf(term(LEFT, -1, 10)))
LONG = Part(leaf(term(USED, 1, 0.9), hold=900))
WAITS = Part(leaf(ONE, source=State(FactTest(PENDING, Operator.IN, (True,)))), same_subject=False)


def risk(*points: tuple[Part, float], at_least: float = 3.0) -> CompiledRule:
    parts = tuple(Part(part.rule, gives, part.same_subject) for part, gives in points)
    main = Term(0, 0, 1, at_least - 0.5, at_least - 0.5, shown_limit=at_least)
    worse = ((4.5, Severity.URGENT),)
    return CompiledRule(
        "risk", "risk", Severity.WATCH, (main,), Combination(How.RISK, parts), gap=math.inf, worse=worse
    )


def at(number: int, **values: float) -> Window:
    names = {"used": USED, "left": LEFT}
    return window(number * 300, {names[name]: value for name, value in values.items()})


def test_all_is_true_when_every_part_is() -> None:
    fleet = Fleet(pack(whole("both", How.ALL, USED_UP, LITTLE)))
    stories = [at(0, used=0.95, left=50), at(1, used=0.95, left=5), at(2, used=0.5, left=5)]
    assert play(fleet, stories) == [(600.0, "opened", "both"), (900.0, "cleared", "both")]


def test_any_is_true_when_one_part_is() -> None:
    fleet = Fleet(pack(whole("either", How.ANY, USED_UP, LITTLE)))
    stories = [at(0, used=0.5, left=50), at(1, used=0.95, left=50), at(2, used=0.5, left=5), at(3, used=0.5, left=50)]
    assert play(fleet, stories) == [(600.0, "opened", "either"), (1200.0, "cleared", "either")]


def test_not_turns_truth_around_and_leaves_the_unknown_unknown() -> None:
    fleet = Fleet(pack(whole("quiet", How.NOT, USED_UP)))
    assert said(fleet.judge([at(0, left=5)])) == []
    assert said(fleet.judge([at(1, used=math.nan)])) == []
    assert said(fleet.judge([at(2, used=0.5)])) == [("opened", "quiet")]
    assert said(fleet.judge([at(3, used=math.nan)])) == []  # what stands goes on standing
    assert said(fleet.judge([at(4, used=0.95)])) == [("cleared", "quiet")]


def test_an_unmeasured_part_keeps_all_from_being_true_but_not_from_being_false() -> None:
    fleet = Fleet(pack(whole("both", How.ALL, USED_UP, LITTLE)))
    assert said(fleet.judge([at(0, used=0.95, left=math.nan)])) == []
    assert fleet.explain(1, "both")[-1].truth is Truth.UNKNOWN
    fleet.judge([at(1, used=0.5, left=math.nan)])
    assert fleet.explain(1, "both")[-1].truth is Truth.FALSE


def test_each_part_holds_by_itself() -> None:
    fleet = Fleet(pack(whole("held", How.ALL, LONG, LITTLE)))
    stories = [at(number, used=0.95, left=5 if number >= 4 else 50) for number in range(6)]
    assert play(fleet, stories) == [(1500.0, "opened", "held")]


def test_a_part_about_the_machine_goes_with_each_subject() -> None:
    fleet = Fleet(pack(whole("each", How.ALL, USED_UP, WAITS)))
    values = {(USED, "/"): 0.95, (USED, "/home"): 0.97, (USED, "/data"): 0.2}
    assert fleet.judge([window(0, values)]) == []
    found = fleet.judge([window(300, values, facts=[Fact(PENDING, "", True)])])
    assert [(finding.change, finding.subject) for finding in found] == [
        (Change.OPENED, "/"),
        (Change.OPENED, "/home"),
    ]
    gone = fleet.judge([window(600, values, facts=[Fact(PENDING, "", False)])])
    assert [finding.change for finding in gone] == [Change.CLEARED, Change.CLEARED]


def test_points_add_up_and_more_of_them_are_worse() -> None:
    fleet = Fleet(pack(risk((USED_UP, 2), (LITTLE, 1), (WAITS, 2))))
    assert fleet.judge([at(0, used=0.95, left=50)]) == []  # two points of three
    (found,) = fleet.judge([at(1, used=0.95, left=5)])
    assert (found.change, found.severity) == (Change.OPENED, Severity.WATCH)
    points = [item.value for item in found.evidence if item.role == "points"]
    assert points == [3.0, 2.0, 1.0]  # together, and each
    worse = window(600, {USED: 0.95, LEFT: 5}, facts=[Fact(PENDING, "", True)])
    (found,) = fleet.judge([worse])
    assert (found.change, found.severity) == (Change.CONTINUED, Severity.URGENT)


def test_what_is_not_measured_gives_no_points() -> None:
    fleet = Fleet(pack(risk((USED_UP, 3), (LITTLE, 1))))
    assert said(fleet.judge([at(0, left=5)])) == []
    assert fleet.explain(1, "risk")[-1].truth is Truth.FALSE  # one of three, and that is known
    assert said(fleet.judge([at(1, used=0.95)])) == [("opened", "risk")]
    unknown = Fleet(pack(risk((USED_UP, 3), (LITTLE, 1))))
    unknown.judge([at(0, used=math.nan, left=math.nan)])
    assert unknown.explain(1, "risk")[-1].truth is Truth.UNKNOWN


def test_a_date_that_a_part_expects_is_the_date_of_the_whole() -> None:
    dated = Part(leaf(ENDING.terms[0], source=ENDING.source), same_subject=True)
    fleet = Fleet(pack(whole("dated", How.ALL, dated, Part(WAITS.rule))))
    facts = [Fact(SYSTEM, "", "Debian"), Fact(VERSION, "", "11"), Fact(PENDING, "", True)]
    (found,) = fleet.judge([window(0, {(USED, ""): 0.1}, facts=facts)])
    assert found.expected is not None
    assert found.expected.at == START + 30 * DAY


def test_a_forecast_within_keeps_its_interval() -> None:
    part = Part(leaf(*FILLING.terms, source=FILLING.source))
    fleet = Fleet(pack(whole("filling", How.ALL, part, Part(leaf(term(SIZE, 1, 0))))))
    days = [window(day * DAY, {USED: 0.6 + 0.01 * day, SIZE: 100.0}, length=3600) for day in range(25)]
    found = [finding for each in days for finding in fleet.judge([each])]
    assert found
    expected = found[-1].expected
    assert expected is not None
    assert expected.low <= expected.at <= expected.high
    assert START + 36 * DAY <= expected.at <= START + 40 * DAY
    assert {item.role for item in found[-1].evidence} >= {"value", "limit", "slope"}


def test_combinations_within_combinations() -> None:
    either = Part(leaf(ONE, source=Combination(How.ANY, (USED_UP, LITTLE))))
    fleet = Fleet(pack(whole("nested", How.ALL, either, WAITS)))
    assert said(fleet.judge([at(0, used=0.95, left=50)])) == []
    one = window(300, {USED: 0.5, LEFT: 5}, facts=[Fact(PENDING, "", True)])
    assert said(fleet.judge([one])) == [("opened", "nested")]
    assert said(fleet.judge([at(2, used=0.5, left=50)])) == [("cleared", "nested")]


def test_explaining_names_every_part() -> None:
    fleet = Fleet(pack(risk((USED_UP, 2), (Part(leaf(*COUNTED.terms, source=COUNTED.source)), 2), at_least=2)))
    fleet.judge([at(0, used=0.95)])
    steps = fleet.explain(1, "risk")
    assert [step.what for step in steps] == ["value", "points", "part", "points", "risk", "finding"]
    assert [step.value for step in steps if step.what == "points"] == [2.0, 0.0]


def test_a_rule_that_no_longer_applies_clears_what_it_found() -> None:
    tests = (FactTest(SYSTEM, Operator.NOT_IN, ("Server",)),)
    fleet = Fleet(pack(whole("both", How.ALL, USED_UP, LITTLE, applies=tests)))
    assert said(fleet.judge([at(0, used=0.95, left=5)])) == [("opened", "both")]
    server = window(300, {USED: 0.95, LEFT: 5}, facts=[Fact(SYSTEM, "", "Server")])
    assert said(fleet.judge([server])) == [("cleared", "both")]


def test_a_snapshot_keeps_the_parts() -> None:
    rules = pack(whole("held", How.ALL, LONG, LITTLE), risk((USED_UP, 2), (LITTLE, 1)))
    fleet, other = Fleet(rules), Fleet(rules)
    windows = [at(number, used=0.95, left=5 if number >= 2 else 50) for number in range(6)]
    for each in windows[:3]:
        fleet.judge([each])
    assert other.restore(1, fleet.snapshot(1))
    assert other.snapshot(1) == fleet.snapshot(1)
    for each in windows[3:]:
        assert other.judge([each]) == fleet.judge([each])


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from([0.5, 0.95, math.nan]), st.sampled_from([5.0, 50.0, math.nan])),
        min_size=1,
        max_size=40,
    ),
    st.integers(1, 7),
)
@settings(max_examples=60, deadline=None)
def test_how_windows_are_batched_does_not_matter(story: list[tuple[int, float, float]], size: int) -> None:
    rules = pack(
        whole("both", How.ALL, LONG, LITTLE),
        whole("either", How.ANY, USED_UP, LITTLE),
        whole("quiet", How.NOT, LITTLE),
        risk((USED_UP, 2), (LITTLE, 1)),
    )
    counts: dict[int, int] = {}
    windows: list[Window] = []
    for endpoint, used, left in story:
        number = counts[endpoint] = counts.get(endpoint, -1) + 1
        windows.append(window(number * 300, {USED: used, LEFT: left}, endpoint=endpoint))
    alone, together = Fleet(rules), Fleet(rules)
    one_by_one = [finding for each in windows for finding in alone.judge([each])]
    batched = [f for first in range(0, len(windows), size) for f in together.judge(windows[first : first + size])]
    assert batched == one_by_one


def _expected(how: How, truths: Sequence[Truth]) -> Truth:
    return min(truths) if how is How.ALL else max(truths)


@pytest.mark.parametrize("how", [How.ALL, How.ANY])
@pytest.mark.parametrize("used", [0.5, math.nan, 0.95])
@pytest.mark.parametrize("left", [50.0, math.nan, 5.0])
def test_the_table_of_truth(how: How, used: float, left: float) -> None:
    fleet = Fleet(pack(whole("whole", how, USED_UP, LITTLE)))
    fleet.judge([at(0, used=used, left=left)])
    truth = {0.5: Truth.FALSE, 0.95: Truth.TRUE, 50.0: Truth.FALSE, 5.0: Truth.TRUE}
    wanted = _expected(how, [truth.get(used, Truth.UNKNOWN), truth.get(left, Truth.UNKNOWN)])
    step = next(step for step in fleet.explain(1, "whole") if step.what == how.value)
    assert step.truth is wanted
    assert np.isnan(np.nan if step.value is None else 0.0) == (wanted is Truth.UNKNOWN)
