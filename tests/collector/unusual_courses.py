"""Courses that machines' series take, made up: rhythms, bursts, tails, drifts, gaps; and things that happen to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine import unusual
from keuring_collector.engine.habits import Habits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DAY = 288  # windows of five minutes
WINDOW = 300.0
MONDAY = 4 * 86400.0  # the first one after the beginning of 1970
MERGED = 12 * 3600.0  # alarms closer together are one finding


def courses(days: int, seed: int) -> dict[str, Floats]:
    """One course of each kind."""
    rng = np.random.default_rng(seed)
    size = days * DAY
    day = np.arange(size) / DAY
    wave = np.sin(2 * np.pi * (day - 0.3))
    hour = 24 * (day % 1)
    working = ((day.astype(int) % 7 < 5) & (hour >= 8) & (hour < 17.5)).astype(float)
    gaps = 50 + 20 * wave + rng.normal(0, 3, size)
    gaps[rng.random(size) < 0.1] = np.nan
    gaps[5 * DAY : 6 * DAY] = np.nan
    return {
        "daily wave": 50 + 20 * wave + rng.normal(0, 3, size),
        "office hours": np.clip(3 + 25 * working * rng.gamma(2, 0.5, size) + rng.gamma(1, 1, size), 0, 100),
        "rounded": np.round(rng.normal(2, 0.05, size), 1),
        "bursts": _bursts(rng, size),
        "latency": np.exp(rng.normal(3, 0.5, size)),
        "bytes": 1e3 * (1 + rng.pareto(2.5, size)),
        "ambient": 70 + _drift(rng, size, 0.999, 0.13) + 3 * wave + rng.normal(0, 0.3, size),
        "rare spikes": np.where(rng.random(size) < 0.003, rng.gamma(4, 2e8, size), 0.0),
        "trend": 20 + 0.5 * day + rng.normal(0, 0.5, size),
        "requests": rng.poisson(np.maximum(1, 60 + 45 * wave + 20 * working)).astype(float),
        "constant": np.full(size, 5.0),
        "saturated": np.where(_drift(rng, size, 0.99, 0.3) > 0, 100.0, 60 + rng.normal(0, 5, size)),
        "gaps": gaps,
    }


def _bursts(rng: np.random.Generator, size: int) -> Floats:
    values, at = rng.gamma(1, 0.3, size), 0
    while at < size:
        at += int(rng.exponential(60))
        length = int(rng.integers(2, 15))
        values[at : at + length] += rng.uniform(80, 98)
        at += length
    return values


def _drift(rng: np.random.Generator, size: int, keeps: float, step: float) -> Floats:
    values, now = np.zeros(size), 0.0
    for place, push in enumerate(rng.normal(0, step, size).tolist()):
        now = keeps * now + push
        values[place] = now
    return values


def scores(series: Sequence[Floats], *, high: bool = True, low: bool = True, margin: float = 0.0) -> Floats:
    """The score of each window of each series; all begin on a Monday and are equally long."""
    habits, count = Habits(), len(series)
    rows = np.arange(habits.take(count), count)
    sides = unusual.Sides(
        np.full(count, high), np.full(count, low), np.full(count, margin), np.full(count, 2 * 86400.0)
    )
    table = np.array(series).T
    found = np.full(table.shape, np.nan)
    with np.errstate(invalid="ignore", over="ignore"):
        for place, values in enumerate(table):
            ends = np.full(count, MONDAY + (place + 1) * WINDOW)
            found[place] = unusual.fold(habits, rows, values, ends, sides)
    return found.T


def alarms(found: Floats) -> list[int]:
    """At which windows something begins to be unusual."""
    beyond = np.flatnonzero(found > 1)
    apart = np.diff(beyond, prepend=-10 * DAY) > MERGED / WINDOW
    places: list[int] = beyond[apart].tolist()
    return places
