"""The search for a table finds the sign that was planted, and the shipped table is the one on its page."""

from __future__ import annotations

import re

import numpy as np
import pytest

from keuring_collector import rulepack
from keuring_collector.engine.compiled import Combination
from tests.bench.calibrate.search import Curve, Period, Row, Search
from tests.bench.prediction import drives
from tests.bench.prediction.drive_records import DAY, SIGNALS, Records

WAITING, REPLACED = Row((197,), 30, 5), Row((5,), 0, 3)


def planted(healthy: int, failed: int) -> Records:
    """Drives of 100 days with a change on day 50: pending sectors of most that fail, replaced ones of a few of all."""
    count = healthy + failed
    rng = np.random.default_rng(7)
    fails = np.arange(count) >= healthy
    drive = np.repeat(np.arange(count), 2)
    time = np.tile([0, 50 * DAY], count)
    levels = {signal: np.zeros(2 * count) for signal in SIGNALS.values()}
    levels[SIGNALS[197]][1::2] = np.where(fails & (rng.random(count) < 0.8), 8.0, 0.0)
    levels[SIGNALS[5]][1::2] = np.where(rng.random(count) < 0.01, 4.0, 0.0)
    return Records(
        model=np.array(["made up"] * count),
        begin=np.zeros(count, np.int64),
        end=np.full(count, 100 * DAY),
        failed=fails,
        drive=drive,
        time=time,
        until=time + 50 * DAY,
        start=np.repeat(2 * np.arange(count), 2),
        levels=levels,
    )


@pytest.fixture
def period() -> Period:
    records = planted(2000, 100)
    return Period(records, [REPLACED, WAITING], 0, 200 * DAY, np.ones(len(records), bool))


def test_the_planted_sign_comes_first(period: Period) -> None:
    table = Search([period], most_points=4, gain=0.5).table(1)
    assert list(table) == [1]
    curve = period.curve(period.total(table))
    assert curve.flagged[0] == 0
    assert 70 < curve.day[0] < 90
    assert curve.day[0] == curve.week[0]


def test_a_row_that_gains_too_little_is_left_out(period: Period) -> None:
    assert list(Search([period], most_points=4, gain=30.0).table(2)) == [1]


def test_only_chosen_drives_are_counted(period: Period) -> None:
    period.chosen = ~period.failed
    curve = period.curve(period.total({1: 1, 0: 1}))
    assert curve.day.max(initial=0) == 0
    assert 0.3 < curve.flagged[0] < 3


def test_those_that_fail_after_the_period_are_healthy_in_it() -> None:
    records = planted(100, 10)
    period = Period(records, [WAITING], 0, 60 * DAY, np.ones(len(records), bool))
    assert not period.failed.any()
    assert period.healthy.all()


def test_the_fewest_points_within_a_share() -> None:
    curve = Curve(np.array([3.0, 1.9, 0.7]), np.array([50.0, 40.0, 30.0]), np.array([40.0, 30.0, 20.0]))
    assert (curve.within(2.0), curve.within(0.75), curve.within(0.1)) == (2, 3, 4)


def test_the_shipped_table_is_the_one_on_its_page() -> None:
    pack = rulepack.load()
    rule = pack.by_name[drives.RULE]
    page = pack.files[rule.id].with_suffix(".md").read_text(encoding="utf-8")
    table = page.partition("## The table")[2].partition("## The levels")[0]
    found = re.findall(r"^\| (\d+) \| (.+?) \|", table, re.MULTILINE)
    compiled = next(each for each in pack.compiled.rules if each.name == drives.RULE).source
    assert isinstance(compiled, Combination)
    assert sorted(int(points) for points, _ in found) == sorted(int(part.points) for part in compiled.parts)
    levels = [int(each) for each in re.findall(r"^- [A-Z][a-z ]+: from (\d+) points? on", page, re.MULTILINE)]
    assert rule.condition.risk is not None
    assert levels == [rule.condition.risk.at_least, *(int(str(worse.limit)) for worse in rule.worse)]
