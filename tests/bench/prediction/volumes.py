"""Simulated courses of volumes that fill, or do not: two generators, built differently, each from a seed.

``documented`` is the one that the figures are of. Per volume: a daily growth drawn evenly from -0.2 to 2 % of its
size, a weekly rhythm (a weekend day grows by 0 to 1 of a working day's amount), day-to-day variation of 5 to 30 %,
readings that are 0.02 to 0.2 % off, 0 to 3 jumps of 5 to 20 %, 0 to 2 clean-ups of 10 to 30 %, and 0 to 4 weeks without
a reading. Volumes are drawn until half of them fill within the year and half do not.

``guard`` shares none of that: growth comes in bursts, monthly steps, rates that change, rates that fade near full, and
in sawteeth that a task cuts back; readings have a noise that remembers. It is there to show when the method was tuned
to the first. Shares of the size are 0 to 1; a day's value is that of its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

YEAR = 365
FULL = 0.98
NEVER = -1


@dataclass(frozen=True, slots=True, eq=False)
class Volumes:
    """Courses, one row per volume and one column per day; ``crossing``: the first day that ends full, or NEVER.

    ``true`` is what is in use, ``read`` what was measured (NaN: no reading), ``dropped`` where it was cleaned up,
    ``kind`` how it grew. ``usual``: the growth to be expected of each day of two years, where that is known.
    """

    true: Floats
    read: Floats
    dropped: NDArray[np.bool_]
    crossing: NDArray[np.int64]
    kind: NDArray[np.str_]
    usual: Floats


class _Drawn(NamedTuple):
    true: Floats
    read: Floats
    dropped: NDArray[np.bool_]
    kind: str
    usual: Floats


def _crossings(true: Floats) -> NDArray[np.int64]:
    full = true >= FULL
    return np.where(full.any(axis=1), np.argmax(full, axis=1), NEVER)


def _walk(start: float, changes: Floats) -> Floats:
    """The level day by day; it stays between 1 % and full."""
    levels = np.empty(len(changes))
    level = start
    for day, change in enumerate(changes.tolist()):
        level = min(max(level + change, 0.01), 1.0)
        levels[day] = level
    return levels


def _missing(random: np.random.Generator, days: int) -> NDArray[np.bool_]:
    gone = np.zeros(days, dtype=np.bool_)
    for _ in range(random.integers(0, 5)):
        first = int(random.integers(0, days - 7))
        gone[first : first + 7] = True
    return gone


def _plain(random: np.random.Generator) -> _Drawn:
    rate = random.uniform(-0.002, 0.02)
    days = np.arange(2 * YEAR)
    rhythm = np.where((days + random.integers(7)) % 7 >= 5, random.uniform(0, 1), 1.0)
    rhythm /= rhythm.mean()
    spread = random.uniform(0.05, 0.3)
    usual = rate * rhythm
    changes = usual[:YEAR] * (1 + spread * random.standard_normal(YEAR))
    dropped = np.zeros(YEAR, dtype=np.bool_)
    for _ in range(random.integers(0, 4)):
        changes[random.integers(YEAR)] += random.uniform(0.05, 0.20)
    for _ in range(random.integers(0, 3)):
        day = random.integers(YEAR)
        changes[day] -= random.uniform(0.10, 0.30)
        dropped[day] = True
    true = _walk(random.uniform(0.1, 0.8), changes)
    read = np.clip(true + random.uniform(0.0002, 0.002) * random.standard_normal(YEAR), 0, 1)
    return _Drawn(true, read, dropped, "plain", usual)


def _bursts(random: np.random.Generator, days: Floats) -> Floats:
    """Most days nothing, some days much."""
    often = random.uniform(0.1, 0.5)
    return random.uniform(0.0005, 0.01) / often * random.exponential(1, len(days)) * (random.random(len(days)) < often)


def _monthly(random: np.random.Generator, days: Floats) -> Floats:
    """A step each month over a slow creep."""
    changes = np.full(len(days), random.uniform(0.0, 0.002))
    changes[(days + random.integers(30)) % 30 == 0] += random.uniform(0.01, 0.06)
    return changes


def _turning(random: np.random.Generator, days: Floats) -> Floats:
    """The pace changes every one to four months."""
    changes = np.empty(len(days))
    day = 0
    while day < len(days):
        length = int(random.integers(30, 120))
        changes[day : day + length] = random.uniform(-0.001, 0.008)
        day += length
    return changes * random.gamma(2, 0.5, len(days))


def _level(random: np.random.Generator, days: Floats) -> Floats:
    """Nothing but coming and going."""
    wander = random.uniform(0.0005, 0.004)
    changes = np.empty(len(days))
    off = 0.0
    for day, shock in enumerate((random.standard_normal(len(days)) * wander).tolist()):
        changes[day] = shock - 0.05 * off
        off += changes[day]
    return changes


KINDS: dict[str, Callable[[np.random.Generator, Floats], Floats]] = {
    "bursts": _bursts,
    "monthly": _monthly,
    "turning": _turning,
    "level": _level,
}


def _sawtooth(random: np.random.Generator) -> tuple[Floats, NDArray[np.bool_]]:
    """A task cleans up, by the calendar."""
    pace, every, keep = random.uniform(0.002, 0.015), int(random.integers(5, 45)), random.uniform(0.9, 1.0)
    pace = min(pace, 0.3 / every)
    level = random.uniform(0.3, 0.6)
    base, levels, dropped = level, np.empty(YEAR), np.zeros(YEAR, dtype=np.bool_)
    phase = int(random.integers(every))
    for day in range(YEAR):
        level += pace * random.gamma(4, 0.25)
        if (day + phase) % every == 0:
            level -= keep * (level - base)
            dropped[day] = True
        levels[day] = min(level, 1.0)
    return levels, dropped


def _fading(random: np.random.Generator) -> Floats:
    """Growth that fades as the room does: colleagues save space by themselves, and it never gets quite full."""
    top, half = random.uniform(0.8, 0.97), random.uniform(20, 120)
    start = random.uniform(0.2, 0.6)
    levels = np.empty(YEAR)
    level = start
    for day in range(YEAR):
        level += (top - level) * 0.693 / half * random.gamma(2, 0.5)
        levels[day] = level
    return levels


def _other(random: np.random.Generator, kind: str) -> _Drawn:
    days = np.arange(YEAR, dtype=np.float64)
    dropped = np.zeros(YEAR, dtype=np.bool_)
    if kind == "sawtooth":
        true, dropped = _sawtooth(random)
    elif kind == "fading":
        true = _fading(random)
    else:
        true = _walk(random.uniform(0.2, 0.85), KINDS[kind](random, days))
    noise = np.empty(YEAR)
    memory, size, last = random.uniform(0, 0.8), random.uniform(0.0001, 0.004), 0.0
    for day, shock in enumerate((random.standard_t(4, YEAR) * size).tolist()):
        last = memory * last + shock
        noise[day] = last
    return _Drawn(true, np.clip(true + noise, 0, 1), dropped, kind, np.full(2 * YEAR, np.nan))


def _gather(drawn: list[_Drawn], random: np.random.Generator) -> Volumes:
    true = np.array([course.true for course in drawn])
    gone = np.array([_missing(random, YEAR) for _ in drawn])
    return Volumes(
        true=true,
        read=np.where(gone, np.nan, np.array([course.read for course in drawn])),
        dropped=np.array([course.dropped for course in drawn]),
        crossing=_crossings(true),
        kind=np.array([course.kind for course in drawn]),
        usual=np.array([course.usual for course in drawn]),
    )


def documented(seed: int, count: int) -> Volumes:
    """``count`` volumes, every other one of which fills within the year."""
    random = np.random.default_rng(seed)
    drawn: list[_Drawn] = []
    while len(drawn) < count:
        course = _plain(random)
        fills = bool((course.true >= FULL).any())
        if fills == (len(drawn) % 2 == 0):
            drawn.append(course)
    return _gather(drawn, random)


def guard(seed: int, count: int) -> Volumes:
    """``count`` volumes of six kinds in turn."""
    random = np.random.default_rng(seed)
    kinds = (*KINDS, "sawtooth", "fading")
    return _gather([_other(random, kinds[number % len(kinds)]) for number in range(count)], random)
