"""Starts that scatter and jump are not told; starts that grow slower by the week are, where they scatter little."""

from __future__ import annotations

import uuid

import numpy as np
import pytest

from keuring.signals.catalogue import KEURING_BOOT_DURATION
from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.engine.model import LAST, Change, Layout, SeriesKey, Window
from keuring_collector.rulepack.pack import compile_pack

DAY = 86400.0
START = 1_767_571_200.0  # Monday 5 January 2026
LAYOUT = Layout((SeriesKey(KEURING_BOOT_DURATION.id, LAST, ""),))


def named(machines: int, days: int, drift: float, scatter: tuple[float, float], seed: int) -> int:
    """How many machines are named at least once, of those that lose ``drift`` seconds a day.

    Each starts on every other working day; ``scatter`` is the range of their log-normal noise. One start in fifty takes
    four times as long, and now and then an update makes all further ones some eight seconds slower or quicker.
    """
    random = np.random.default_rng(seed)
    rule = next(each for each in rulepack.load().compiled.rules if each.name == "start_growing_slower")
    fleet = Fleet(compile_pack([rule], str(uuid.UUID(int=seed))))
    base, noise = random.uniform(20, 120, machines), random.uniform(*scatter, machines)
    last, jumps, found = base.copy(), np.zeros(machines), set()
    for day in range(days):
        if day % 7 > 4:
            continue
        jumps += (random.random(machines) < 1 / 130) * random.normal(0, 8, machines)
        level = np.maximum(base + jumps + drift * day, 5)
        took = level * np.exp(noise * random.standard_normal(machines)) * np.where(random.random(machines) < 0.02, 4, 1)
        last = np.where(random.random(machines) < 0.5, took, last)
        at = START + day * DAY + DAY / 3
        fleet_day = [
            Window(number, at, at + DAY / 3, at + DAY / 3 + 5, str(day), LAYOUT, np.round(last[number : number + 1], 1))
            for number in np.flatnonzero(random.random(machines) > 0.1).tolist()
        ]
        found |= {finding.endpoint for finding in fleet.judge(fleet_day) if finding.change is Change.OPENED}
    return len(found)


@pytest.mark.parametrize("seed", [1, 2])
def test_steady_machines_are_left_alone(seed: int) -> None:
    assert named(80, 250, 0.0, (0.05, 0.4), seed) <= 1


def test_machines_that_lose_a_second_a_day_are_named_where_it_can_be_seen() -> None:
    assert named(40, 150, 1.0, (0.02, 0.1), 3) >= 20
