"""Trends, and being unlike one's peers: what rests on daily points and, for peers, on dated baselines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keuring_collector.engine import Fleet
from keuring_collector.engine.baselines import Answer, Baselines, PeerFact, Question
from keuring_collector.engine.compiled import CompiledRule, Peer, Term, Trend, Truth
from keuring_collector.engine.model import LAST, MEAN, Fact, SeriesKey, Severity
from tests.collector.engine_kit import DAY, LEVEL, SERIAL, START, SYSTEM, USED, pack, window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keuring_collector.engine.explain import Step
    from keuring_collector.engine.model import Finding, Window

FIRST = int(START // DAY)
RISING = CompiledRule(
    "rising",
    "rising",
    Severity.WATCH,
    (Term(0, 0, 1, 2.0, 1.0, shown_limit=2.0),),
    source=Trend(LEVEL, MEAN, MEAN, 1, 7, 28, 14, 8.0, 0.05, 1.645, identity=SERIAL),
)
ASKED = Question(LEVEL, MEAN, MEAN, 7, (PeerFact(SYSTEM, per_subject=False),))
UNLIKE = CompiledRule(
    "unlike",
    "unlike",
    Severity.WATCH,
    (Term(0, 0, 1, 3.0, 2.0, shown_limit=3.0), Term(USED, LAST, 1, 0.1, 0.1, shown_limit=0.1)),
    source=Peer(ASKED, 1, 10, 0.5),
    worse=((6.0, Severity.URGENT),),
)
BELOW = CompiledRule(
    "below", "below", Severity.TIP, (Term(0, 0, 1, 3.0, 3.0, shown_limit=3.0),), source=Peer(ASKED, -1, 10, 0.5)
)
PACK = pack(RISING, UNLIKE, BELOW)


def days(
    values: Iterable[float], begin: int = 0, endpoint: int = 1, system: str = "Debian", delay: float = 5.0
) -> list[Window]:
    """One window at noon of each day; NaN: the machine is off."""
    return [
        window(
            (begin + number) * DAY + DAY / 2,
            {LEVEL: value, USED: 0.5},
            endpoint=endpoint,
            length=3600,
            facts=[Fact(SYSTEM, "", system)],
            delay=delay,
        )
        for number, value in enumerate(values)
        if not math.isnan(value)
    ]


def known(*answers: tuple[int, float, float, int], group: str = "debian") -> Baselines:
    """Baselines from (days after START from which it holds, median, spread, machines)."""
    return Baselines((ASKED, (group,), Answer(FIRST + day, *rest)) for day, *rest in answers)  # type: ignore[arg-type]


def fleet(baselines: Baselines | None = None) -> Fleet:
    made = Fleet(PACK)
    made.use_baselines(known((-1, 40.0, 1.0, 20)) if baselines is None else baselines)
    return made


def told(where: Fleet, windows: Sequence[Window], rule: str) -> list[tuple[int, str]]:
    """(day, what) of one rule."""
    return [
        (int((finding.at - START) // DAY), finding.change.value)
        for each in windows
        for finding in where.judge([each])
        if finding.rule == rule and finding.change.value != "continued"
    ]


def steps(where: Fleet, rule: str) -> dict[str, Step]:
    return {step.what: step for step in where.explain(1, rule)}


# Trends


def test_a_rise_is_told_once_two_weeks_have_shown_it() -> None:
    rising = [40 + 0.5 * day for day in range(30)]
    assert told(fleet(), days(rising), "rising") == [(14, "opened")]


def test_slower_falling_and_jumping_series_are_left_alone() -> None:
    for course in (
        [40 + 0.2 * day for day in range(40)],
        [40 - 0.5 * day for day in range(40)],
        [40.0 + (30.0 if day > 20 else 0.0) for day in range(40)],
    ):
        assert told(fleet(), days(course), "rising") == []


def test_a_rise_that_ends_is_over_when_the_line_is_flat() -> None:
    course = [40 + 0.5 * day for day in range(20)] + [49.5] * 40
    changes = told(fleet(), days(course), "rising")
    assert [what for _, what in changes] == ["opened", "cleared"]
    assert 30 <= changes[1][0] <= 45


def test_its_evidence_and_steps_say_how_fast() -> None:
    where = fleet()
    found = [f for w in days([40 + 0.5 * day for day in range(16)]) for f in where.judge([w]) if f.rule == "rising"]
    assert [(e.role, e.value) for e in found[0].evidence] == [("value", 47.0), ("slope", 0.5)]
    said = steps(where, "rising")
    assert said["trend"].value == pytest.approx(3.5)
    assert (said["trend"].limit, said["trend"].truth) == (7 * DAY, Truth.TRUE)
    assert 2.5 < float(said["surely"].value or 0) < 3.5
    assert said["surely"].truth is Truth.TRUE


def test_another_part_begins_anew() -> None:
    where = fleet()
    windows = days([40 + 0.5 * day for day in range(20)])
    for each in windows[:-1]:
        where.judge([each])
    replaced = windows[-1]
    for serial in ("A", "B"):
        replaced.facts = [Fact(SERIAL, "x", serial)]
        where.judge([replaced])
    said = steps(where, "rising")
    assert (said["trend"].value, said["trend"].detail, said["trend"].truth) == (None, "stepped", Truth.UNKNOWN)


# Peers


def test_a_machine_unlike_its_peers_is_told_when_a_day_is_complete() -> None:
    course = [44.0] * 6
    assert told(fleet(), days(course), "unlike") == [(3, "opened")]  # three known days are needed
    assert told(fleet(), days([42.9] * 6), "unlike") == []
    assert told(fleet(), days([36.0] * 6), "unlike") == []
    assert told(fleet(), days([36.0] * 6), "below") == [(3, "opened")]


def test_hysteresis_severity_and_floors_are_those_of_every_rule() -> None:
    where = fleet(known((-1, 40.0, 1.0, 20), (10, 40.0, 1.0, 20)))
    windows = days([44.0] * 8 + [42.5] * 8 + [41.5] * 8)
    assert told(where, windows, "unlike") == [(3, "opened"), (20, "cleared")]
    where = fleet()
    worse = [f for w in days([47.0] * 5) for f in where.judge([w]) if f.rule == "unlike"]
    assert worse[0].severity is Severity.URGENT
    low = [window(day * DAY + DAY / 2, {LEVEL: 44.0, USED: 0.05}, length=3600) for day in range(6)]
    low[0].facts = [Fact(SYSTEM, "", "Debian")]
    assert told(fleet(), low, "unlike") == []


def test_a_narrow_spread_is_not_taken_for_narrower_than_the_rule_allows() -> None:
    assert told(fleet(known((-1, 40.0, 0.01, 20))), days([41.4] * 6), "unlike") == []
    assert told(fleet(known((-1, 40.0, 0.01, 20))), days([41.6] * 6), "unlike") == [(3, "opened")]


@pytest.mark.parametrize(
    ("baselines", "system", "detail"),
    [
        (Baselines(), "Debian", "no baseline"),
        (known((-1, 40.0, 1.0, 9)), "Debian", "2024-10-03"),
        (known((-1, 40.0, 1.0, 20)), "Fedora", "no baseline"),
        (known((-1, 40.0, 1.0, 20)), "", "a fact that makes peers is not known"),
        (known((4, 40.0, 1.0, 20)), "Debian", "no baseline"),
        (known((-20, 40.0, 1.0, 20)), "Debian", "no baseline"),
    ],
    ids=["none at all", "few peers", "other peers", "unknown peers", "not yet", "too old"],
)
def test_without_a_baseline_it_is_not_measurable(baselines: Baselines, system: str, detail: str) -> None:
    where = fleet(baselines)
    assert told(where, days([60.0] * 5, system=system), "unlike") == []
    said = steps(where, "unlike")
    assert said["peers"].truth is Truth.UNKNOWN
    assert said["peers"].detail == detail
    assert said["finding"].truth is Truth.UNKNOWN


def test_a_finding_stands_while_nothing_is_known_of_peers() -> None:
    where = fleet(known((-1, 40.0, 1.0, 20)))
    assert told(where, days([44.0] * 25), "unlike") == [(3, "opened")]  # from day 13 on the baseline is too old
    assert steps(where, "unlike")["peers"].truth is Truth.UNKNOWN


def test_its_evidence_and_steps_name_the_peers() -> None:
    where = fleet(known((-1, 40.0, 1.0, 20), (1, 41.0, 0.5, 22)))
    found = [f for w in days([44.0] * 5) for f in where.judge([w]) if f.rule == "unlike"]
    evidence = {item.role: item.value for item in found[0].evidence}
    assert evidence == {
        "value": 44.0,
        "limit": 42.5,
        "usual": 41.0,
        "spread": 0.5,
        "machines": 22.0,
        "dated": START + DAY,
        "fact": "Debian",
        "floor": 0.5,
    }
    said = steps(where, "unlike")
    assert (said["peers"].value, said["peers"].limit, said["peers"].detail) == (22.0, 10.0, "2024-10-05")
    assert (said["usual"].value, said["usual"].limit) == (41.0, 0.5)
    assert (said["value"].value, said["value"].comparison, said["value"].limit) == (44.0, "above", 42.0)


def test_late_reports_are_judged_by_the_baseline_of_their_day() -> None:
    baselines = known((-1, 40.0, 1.0, 20), (10, 50.0, 1.0, 20))
    course = [44.0] * 20
    assert told(fleet(baselines), days(course), "unlike") == [(3, "opened"), (11, "cleared")]
    # The same, all of it weeks later: told by what held then (and not as news, but as what stood and ended).
    late = days(course, delay=30 * DAY)
    where = fleet(baselines)
    truths = []
    for each in late:
        where.judge([each])
        truths.append(steps(where, "unlike")["value"].truth is Truth.TRUE)
    assert truths.index(True) == 3
    assert truths[10:12] == [True, False]


def test_peers_are_those_of_the_facts_of_that_day() -> None:
    baselines = Baselines(
        (ASKED, (group,), Answer(FIRST - 1, usual, 1.0, 20)) for group, usual in (("debian", 40.0), ("fedora", 50.0))
    )
    windows = days([44.0] * 6) + days([44.0] * 6, begin=6, system="Fedora")
    assert told(fleet(baselines), windows, "unlike") == [(3, "opened"), (6, "cleared")]


def test_from_history_is_the_same_as_lived() -> None:
    course = [44.0 + 0.4 * day for day in range(20)]
    lived = fleet(known((10, 40.0, 1.0, 20)))
    for each in days(course):
        lived.judge([each])
    seeded = fleet(known((10, 40.0, 1.0, 20)))
    points = np.array(course[:-1])
    numbers = np.arange(FIRST, FIRST + 19)
    seeded.seed(1, SeriesKey(LEVEL, MEAN, "x"), numbers, points, points, points, points, points)
    seeded.judge(days(course[-1:], begin=19))
    for rule in ("rising", "unlike", "below"):
        mine = [(step.what, step.value) for step in seeded.explain(1, rule) if step.what not in ("finding", "hold")]
        assert mine == [(s.what, s.value) for s in lived.explain(1, rule) if s.what not in ("finding", "hold")]


def test_rings_are_as_wide_as_they_need_to_be() -> None:
    where = fleet()
    where.judge(days([44.0]))
    tables = {type(table).__name__: table.point.shape[1] for table, _ in where._state.tables if hasattr(table, "point")}
    assert tables == {"Slopes": 32, "Peers": 8}
    assert len(where.snapshot(1)) < 1024


# Whatever the order in which things become known

SOME = settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
HISTORY = known(*[(day, 40.0 + day % 5, 0.5 + day % 3, 8 + day % 4) for day in range(-2, 40, 2)])


@st.composite
def courses(draw: st.DrawFn) -> list[Window]:
    """Some days of three endpoints, reported daily or late, mixed."""
    reports: list[Window] = []
    for endpoint in (1, 2, 3):
        level, pace = draw(st.sampled_from([38.0, 42.0, 46.0])), draw(st.sampled_from([-0.6, 0.0, 0.6]))
        values = [
            level + pace * day + draw(st.sampled_from([0.0, 0.3, -0.3, 5.0, math.nan]))
            for day in range(draw(st.integers(4, 26)))
        ]
        delay = draw(st.sampled_from([5.0, 5.0, 20 * DAY]))
        reports += days(
            values, endpoint=endpoint, system=draw(st.sampled_from(["Debian", "debian", "Fedora"])), delay=delay
        )
    return sorted(reports, key=lambda report: (report.received, report.end))


@SOME
@given(courses(), st.data())
def test_batches_snapshots_and_the_day_of_learning_change_nothing(reports: list[Window], data: st.DataObject) -> None:
    at_once = fleet(HISTORY)
    expected = [finding for report in reports for finding in at_once.judge([report])]

    # Live: each baseline becomes known on the eve of the day from which it holds.
    rows = [
        (key[0], key[1], Answer(int(row[0]), row[1], row[2], int(row[3])))
        for key, table in HISTORY._answers.items()
        for row in table.tolist()
    ]
    where, found, rest = fleet(Baselines()), [], list(reports)
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        batch, rest = rest[:size], rest[size:]
        today = int(batch[-1].received // DAY)
        where.use_baselines(Baselines(row for row in rows if row[2].valid_from <= today + 1))
        found += where.judge(batch)
        if data.draw(st.booleans()):
            kept = where.snapshot(batch[-1].endpoint)
            assert where.restore(batch[-1].endpoint, kept)
            assert where.snapshot(batch[-1].endpoint) == kept
    assert _sorted(found) == _sorted(expected)


def _sorted(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: (finding.endpoint, finding.at, finding.rule, finding.change.value))
