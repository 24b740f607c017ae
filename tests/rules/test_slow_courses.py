"""Trend rules on simulated years: seasons, weekends, holidays and changing work are no trend; dust and leaks are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring_collector import rulepack
from keuring_collector.engine.compiled import CompiledRule, Trend
from keuring_collector.engine.trend import fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MACHINES, DAYS = 100, 365
DAY = np.arange(DAYS)


def rule(name: str) -> CompiledRule:
    return next(rule for rule in rulepack.load().compiled.rules if rule.name == name)


def first_days(judged: CompiledRule, courses: Floats, every: int) -> NDArray[np.int64]:
    """Per course of daily points the first day on which the trend is sure, looking ``every`` so many days; or -1."""
    source = judged.source
    assert isinstance(source, Trend)
    found = np.full(len(courses), -1)
    for day in range(source.minimum_days, courses.shape[1], every):
        points = np.full((len(courses), source.days), np.nan)
        known = courses[:, max(0, day - source.days) : day]
        points[:, source.days - known.shape[1] :] = known
        trends = fit(points, source.sign, source.step, source.noise, source.z, source.minimum_days)
        found[(trends.surely * source.per > judged.terms[0].limit) & (found < 0)] = day
    return found


def of_work(random: np.random.Generator, step: float) -> Floats:
    """Work that changes from week to week, and stays changed."""
    weeks = np.cumsum(random.normal(0, step, (MACHINES, DAYS // 7 + 1)), axis=1)
    return np.repeat(weeks, 7, axis=1)[:, :DAYS]


@pytest.mark.parametrize("season", [2.5, 5.0], ids=["cooled rooms", "rooms without cooling"])
def test_dust_is_found_and_a_year_is_not(season: float) -> None:
    """Degrees: seasons of so much up and down, days that differ by 3, weekends and a holiday without a sample."""
    random = np.random.default_rng(5)
    year = 45 + random.normal(0, 4, (MACHINES, 1)) + season * np.sin(2 * np.pi * (DAY - 105) / 365)
    year = year + random.normal(0, 3, (MACHINES, DAYS)) + of_work(random, 0.35)
    year[:, DAY % 7 > 4] = np.nan
    for row, away in zip(year, random.integers(0, 330, MACHINES), strict=True):
        row[away : away + 15] = np.nan
    creeping = rule("temperature_creeping")
    assert (first_days(creeping, year, 7) < 0).all()
    dusty = first_days(creeping, year + DAY * (5 / 30), 7)
    assert (dusty >= 0).mean() >= 0.95
    assert np.median(dusty[dusty >= 0]) <= 120


def test_a_leak_is_found_within_weeks_and_changing_work_is_not() -> None:
    """Shares of what can be promised: days differ by 2 %, work changes by 1 % a week; a leak is 5 % a week."""
    random = np.random.default_rng(5)
    usual = (
        0.6 + random.normal(0, 0.1, (MACHINES, 1)) + random.normal(0, 0.02, (MACHINES, DAYS)) + of_work(random, 0.01)
    )
    leak = rule("memory_leak")
    assert (first_days(leak, usual, 7) >= 0).mean() <= 0.01
    leaking = first_days(leak, usual[:, :60] + DAY[:60] * (0.05 / 7), 1)
    assert (leaking >= 0).mean() >= 0.95
    assert np.median(leaking[leaking >= 0]) <= 30
