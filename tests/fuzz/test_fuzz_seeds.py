"""A little of what `make fuzz` does for long: seeds, small damage to them, and every input that ever crashed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from tests.fuzz.mutation import mutations
from tests.fuzz.targets import BY_NAME

FOUND = Path(__file__).parent / "found"
NAMES = sorted(BY_NAME)


@pytest.mark.parametrize("name", NAMES)
def test_seeds_and_damaged_seeds_are_swallowed(name: str) -> None:
    target = BY_NAME[name]
    seeds = target.seeds()
    assert seeds
    assert all(seeds)
    for data in (b"", *seeds, *mutations(seeds, 200, seed=11)):
        target.swallow(data)


@pytest.mark.parametrize("name", NAMES)
def test_shaped_inputs_are_swallowed(name: str) -> None:
    target = BY_NAME[name]

    @seed(20)
    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(target.shaped())
    def swallow(data: bytes) -> None:
        target.swallow(data)

    swallow()


@pytest.mark.parametrize("name", NAMES)
def test_what_once_crashed_no_longer_does(name: str) -> None:
    for path in sorted((FOUND / name).glob("*")):
        BY_NAME[name].swallow(path.read_bytes())


def test_found_inputs_belong_to_a_target() -> None:
    assert {path.name for path in FOUND.glob("*")} <= set(NAMES)
