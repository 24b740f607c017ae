"""What must hold for any reports: batching, snapshots and the company of other endpoints change nothing."""

from __future__ import annotations

import itertools
import math
import os
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keuring_collector.engine import Fleet
from keuring_collector.engine.model import Change, Event, Fact
from keuring_collector.engine.strip import Strip
from tests.collector.engine_kit import (
    COUNT,
    CRASH,
    DAY,
    LEFT,
    LEVEL,
    LIFE,
    PENDING,
    RULES,
    SERIAL,
    SIZE,
    START,
    SYSTEM,
    UNTIL,
    USED,
    VERSION,
    pack,
    window,
)

if TYPE_CHECKING:
    from keuring_collector.engine.model import Finding, Window

PACK = pack(*RULES)
# The same examples every time; `make fuzz` looks for new ones.
EXAMPLES = int(os.environ.get("KEURING_EXAMPLES", "25"))
SOME = settings(
    max_examples=EXAMPLES,
    derandomize="KEURING_EXAMPLES" not in os.environ,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SHARES = st.sampled_from([0.5, 0.6, 0.89, 0.9, 0.91, 0.95, 0.98, math.nan])
VALUES = st.fixed_dictionaries(
    {},
    optional={
        USED: SHARES,
        (USED, "y"): SHARES,
        LEFT: st.sampled_from([5.0, 9.0, 11.0, 50.0, math.nan]),
        LEVEL: st.sampled_from([1.0, 6.0, math.nan]),
        COUNT: st.sampled_from([0.0, 1.0, 6.0, math.nan]),
        LIFE: st.sampled_from([0.0, 3.0, 4.0, 20.0, math.nan]),
        SIZE: st.sampled_from([100.0, 200.0]),
    },
)
FACTS = st.lists(
    st.sampled_from(
        [
            Fact(PENDING, "", True),
            Fact(PENDING, "", False),
            Fact(PENDING, "", None),
            Fact(SYSTEM, "", "Debian"),
            Fact(SYSTEM, "", "Server"),
            Fact(VERSION, "", "11.2"),
            Fact(VERSION, "", "12"),
            Fact(SERIAL, "x", "A"),
            Fact(SERIAL, "x", "B"),
            Fact(UNTIL, "", START + 70 * DAY),
        ]
    ),
    max_size=2,
)
STEPS = st.sampled_from([300.0, 300.0, 300.0, 900.0, 5000.0, 20_000.0, DAY, 3 * DAY, -900.0])


@st.composite
def stories(draw: st.DrawFn) -> list[Window]:
    """Reports of three endpoints, each in order of its spool, mixed."""
    reports: list[Window] = []
    at = dict.fromkeys((1, 2, 3), 0.0)
    for _ in range(draw(st.integers(5, 45))):
        endpoint = draw(st.integers(1, 3))
        at[endpoint] = max(0.0, at[endpoint] + draw(STEPS))
        begun = at[endpoint]
        events = [Event(CRASH, "", START + begun, 1)] if draw(st.booleans()) and draw(st.booleans()) else []
        reports.append(
            window(
                begun,
                draw(VALUES),
                endpoint=endpoint,
                delay=draw(st.sampled_from([5.0, 5.0, 90_000.0])),
                facts=draw(FACTS),
                events=events,
            )
        )
    return reports


def one_by_one(reports: list[Window]) -> list[Finding]:
    fleet = Fleet(PACK)
    return [finding for report in reports for finding in fleet.judge([report])]


@SOME
@given(stories(), st.data())
def test_batches_of_any_size_say_the_same(reports: list[Window], data: st.DataObject) -> None:
    fleet, found, rest = Fleet(PACK), [], list(reports)
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        found += fleet.judge(rest[:size])
        del rest[:size]
    assert found == one_by_one(reports)


@SOME
@given(stories(), st.data())
def test_a_snapshot_anywhere_changes_nothing(reports: list[Window], data: st.DataObject) -> None:
    fleet, found = Fleet(PACK), []
    for report in reports:
        found += fleet.judge([report])
        if data.draw(st.booleans()):
            kept = fleet.snapshot(report.endpoint)
            fleet = fleet if data.draw(st.booleans()) else _moved(fleet, reports)
            assert fleet.restore(report.endpoint, kept)
            assert fleet.snapshot(report.endpoint) == kept
    assert found == one_by_one(reports)


def strips_of(reports: list[Window]) -> list[list[Strip]]:
    """By endpoint: its reports as strips, as history gives them."""
    found = []
    for endpoint in sorted({report.endpoint for report in reports}):
        mine = [report for report in reports if report.endpoint == endpoint]
        runs = [list(run) for _, run in itertools.groupby(mine, key=lambda report: id(report.layout))]
        found.append(
            [
                Strip(
                    endpoint,
                    run[0].layout,
                    np.array([report.start for report in run]),
                    np.array([report.end for report in run]),
                    np.array([report.received for report in run]),
                    np.array([report.values for report in run]).reshape(len(run), -1),
                    {place: report.facts for place, report in enumerate(run) if report.facts},
                    {place: report.events for place, report in enumerate(run) if report.events},
                )
                for run in runs
            ]
        )
    return found


@SOME
@given(stories())
def test_a_replay_in_bulk_says_the_same(reports: list[Window]) -> None:
    fleet, live, found = Fleet(PACK), Fleet(PACK), []
    live.judge(reports)
    for turn in itertools.zip_longest(*strips_of(reports)):
        found += fleet.replay([strip for strip in turn if strip is not None])
    for endpoint in sorted({report.endpoint for report in reports}):
        mine = [report for report in reports if report.endpoint == endpoint]
        assert [finding for finding in found if finding.endpoint == endpoint] == one_by_one(mine)
        assert fleet.snapshot(endpoint) == live.snapshot(endpoint)


def _moved(fleet: Fleet, reports: list[Window]) -> Fleet:
    """Another process, with all endpoints taken over."""
    other = Fleet(PACK)
    for endpoint in {report.endpoint for report in reports} & {1, 2, 3}:
        if endpoint in fleet:
            assert other.restore(endpoint, fleet.snapshot(endpoint))
    return other


@SOME
@given(stories())
def test_endpoints_do_not_touch_each_other(reports: list[Window]) -> None:
    for endpoint in (1, 2, 3):
        mine = [report for report in reports if report.endpoint == endpoint]
        assert [f for f in one_by_one(reports) if f.endpoint == endpoint] == one_by_one(mine)


@SOME
@given(stories())
def test_findings_keep_to_their_life_and_never_run_ahead(reports: list[Window]) -> None:
    standing: set[tuple[int, str, str]] = set()
    fleet = Fleet(PACK)
    for report in reports:
        for finding in fleet.judge([report]):
            key = (finding.endpoint, finding.rule, finding.subject)
            assert (key in standing) is (finding.change is not Change.OPENED)
            assert finding.since <= finding.at <= report.received
            if finding.change is Change.CLEARED:
                standing.remove(key)
            else:
                standing.add(key)
        told = {(report.endpoint, rule, subject) for rule, subject in fleet.standing(report.endpoint)}
        assert told == {key for key in standing if key[0] == report.endpoint}


@SOME
@given(stories(), st.binary(max_size=60), st.integers(0, 200), st.integers(0, 255))
def test_damaged_snapshots_are_refused_and_leave_nothing_behind(
    reports: list[Window], noise: bytes, place: int, value: int
) -> None:
    fleet = Fleet(PACK)
    fleet.judge(reports)
    kept = bytearray(fleet.snapshot(reports[0].endpoint))
    kept[place % len(kept)] = value
    for damaged in (noise, bytes(kept[: place % len(kept)])):
        assert not fleet.restore(9, damaged)
        assert fleet.standing(9) == []
    fleet.restore(9, bytes(kept))  # may be what it was, or be refused; it must not raise
    fleet.judge([window(50 * DAY, {USED: 0.95, LIFE: 3.0}, endpoint=9)])
