"""The forecasts of the shipped rules, through the engine: on simulated volumes, and on recorded laptops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring_collector import rulepack
from keuring_collector.engine.compiled import Forecast
from tests.bench.prediction import disk, laptops
from tests.bench.prediction.volumes import NEVER, documented, guard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keuring_collector.engine.compiled import CompiledRule
    from tests.bench.prediction.volumes import Volumes


@pytest.fixture(scope="module")
def rules() -> dict[str, CompiledRule]:
    return {rule.name: rule for rule in rulepack.load().compiled.rules}


@pytest.mark.parametrize(
    ("generator", "error", "false", "held"), [(documented, 1.0, 0, 0.7), (guard, 5.0, 5, 0.6)], ids=["plain", "rough"]
)
def test_volumes_are_dated_to_the_day_and_tickets_come_true(
    rules: dict[str, CompiledRule],
    generator: Callable[[int, int], Volumes],
    error: float,
    false: int,
    held: float,
) -> None:
    volumes = generator(3, 60)
    said = disk.play(volumes, rules["volume_filling"])
    off, _, asked = disk.errors(volumes, said, 14, 14)
    assert asked >= 15
    assert len(off) >= asked * 0.4
    assert np.median(off) <= error
    assert disk.judged(volumes, said)[0] <= false
    assert disk.coverage(volumes, said)[0] >= held


@pytest.mark.parametrize("generator", [documented, guard])
def test_a_generator_is_what_it_says_and_the_same_again(generator: Callable[[int, int], Volumes]) -> None:
    volumes, again = generator(5, 24), generator(5, 24)
    assert np.array_equal(volumes.read, again.read, equal_nan=True)
    fills = volumes.crossing != NEVER
    assert 0.3 <= fills.mean() <= 0.7
    rows = np.flatnonzero(fills)
    assert (volumes.true[rows, volumes.crossing[rows]] >= 0.98).all()
    assert (volumes.true[~fills] < 0.98).all()
    assert np.isnan(volumes.read).any()
    assert 0 <= np.nanmin(volumes.read) <= np.nanmax(volumes.read) <= 1


@pytest.mark.corpus
def test_most_crossings_are_foreseen_and_most_tickets_come_true(corpus: Path, rules: dict[str, CompiledRule]) -> None:
    courses = laptops.courses(corpus / "battery_laptops")
    cases = laptops.judge(courses, rules["battery_wearing"])
    lead, right, held, width = laptops.summary(cases)
    assert sum(case.crossing is not None for case in cases) >= 40
    assert lead > 0.65
    assert right > 0.8
    assert 0.7 < held < 0.92
    assert width <= 150


@pytest.mark.corpus
def test_the_rule_says_of_batteries_what_the_recorded_ones_say(corpus: Path, rules: dict[str, CompiledRule]) -> None:
    source = rules["battery_wearing"].source
    assert isinstance(source, Forecast)
    assert source.drift is not None
    found = laptops.learned(laptops.courses(corpus / "battery_laptops"))
    assert found.batteries >= 20
    assert source.drift.per_day == pytest.approx(found.drift, rel=0.5)
    assert source.drift.spread == pytest.approx(found.spread, rel=0.5)
    assert source.drift.restless == pytest.approx(found.restless**2, rel=0.5)
