"""How unlike itself a series is: for `unusual`.

In each of several ways (habits.py) the highest and the lowest of the past are remembered: of every part of six hours
(of a day for what changes that slowly) the extremes, and of these the TOPS furthest. How far such extremes lie apart
says how far the next may lie beyond them without meaning anything: the excess over the highest ever, divided by what is
still usual, is the score; above 1 it is unusual. Usual is a share of the extremes' mean excess over the last of them
(the scale of the tail) and a share of their distance from the centre.

Bursts of a busy machine are extremes that soon are many; so they cost nothing, while the first of a new height does.
A series that is found again and again needs more each time: it wanders, and that is its habit.
The past fades, to a third in FADES. A level far beyond everything for six hours is the new normal: centre and
extremes move along, so that one shift is found once. Extremes count only after their part and the next one have ended;
else a slow rise would never be beyond what it just was.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import season
from keuring_collector.engine.habits import HOUR, HOURLY, JUMP, LANES, PART, RESTLESS, SEASON, TOPS, WINDOW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.habits import Habits

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

# Lanes in the order of habits.NAMES; a window's own value is no average.
SPAN = np.array([0.0, 0.0, HOUR, 6 * HOUR, 24 * HOUR, 6 * HOUR, HOUR, 6 * HOUR])
LENGTH = np.maximum(SPAN, 6 * HOUR)  # of a part
TAIL = 1.1  # of the scale of the tail
WIDTH = 0.44  # of the distance from the centre to the furthest
# Seventy windows of five minutes stand behind the extreme of a part, few averages: they need not be as far beyond it.
NEARER = 0.35
RARE = 300  # parts: once in so many may one be found unusual by chance
KNOWN_WELL = 28  # parts; a week of six hours each
# By the number of parts known, as of a series whose tail is exponential. A table: a logarithm may depend on the batch.
WARY = np.array([math.log(RARE / max(parts, 1)) / math.log(RARE / KNOWN_WELL) for parts in range(KNOWN_WELL)] + [1.0])
OTHER_SIDE = 0.25  # of the whole width: what a side without a past may have
LEAST = 0.01  # of the centre: smaller differences mean nothing
CENTRE = 48 * HOUR
FADES = 58 * 24 * HOUR
SOME = 2.0  # findings that any series may have; each more
IMPATIENT = 0.5  # asks for so much more of the next
LONG_AGO = 120 * 24 * HOUR  # after which a finding counts half
APART = 12 * HOUR
SHIFT_SCORE = 3.0  # the hour's level so far beyond ...
SHIFT_HOLD = 6 * HOUR  # ... for so long is a new level
LONGEST = HOUR  # what a window may stand for after a gap
FIRST = 300.0
SEASON_LEARNS = 7 * 24 * HOUR  # of deviations from the season, before they are judged
SEASONAL = np.arange(LANES) >= SEASON
LEVELS = (np.arange(LANES) != JUMP) & (np.arange(LANES) < RESTLESS)  # what moves along with a shift
ONE_SIDED = np.arange(LANES) == RESTLESS  # being calm is no finding


class Sides(NamedTuple):
    """What a rule asks, per row: whether high and low count, the least excess, and the age from which on it judges."""

    high: NDArray[np.bool_]
    low: NDArray[np.bool_]
    margin: Floats
    learning: Floats


class Bounds(NamedTuple):
    """Per row and lane: the highest and lowest of the past, and how far beyond is still usual; of season in values."""

    high: Floats
    low: Floats
    above: Floats
    below: Floats


def fold(habits: Habits, rows: Ints, values: Floats, ends: Floats, sides: Sides) -> Floats:
    """Folds a value into each of ``rows`` (each once); returns the scores, NaN where not (yet) known.

    Nothing is learnt from a value before it is judged. A value that is missing, or not later than the one before,
    changes nothing.
    """
    scores = np.full(len(rows), np.nan)
    taken = np.flatnonzero(~np.isnan(values) & (ends > habits.at[rows]))
    habits.lane[rows] = -1
    if len(taken):
        mine = Sides(sides.high[taken], sides.low[taken], sides.margin[taken], sides.learning[taken])
        scores[taken] = _fold(habits, rows[taken], values[taken], ends[taken], mine)
    return scores


def _fold(habits: Habits, rows: Ints, values: Floats, ends: Floats, sides: Sides) -> Floats:
    first = np.isneginf(habits.at[rows])
    length = np.where(first, FIRST, np.minimum(ends - habits.at[rows], LONGEST))
    hour = season.hours(ends)
    _average(habits, rows, _inputs(habits, rows, values, hour), length)
    usual = bounds(habits, rows, hour, sides.margin, length)
    high, low = scores(habits, rows, usual)
    far = np.fmax(high[:, HOURLY], low[:, HOURLY]) >= SHIFT_SCORE
    # A fall makes restless too: restlessness is for rules that ask for both sides.
    asked = sides.high[:, None] & (~ONE_SIDED | sides.low[:, None])
    high = np.where(np.isnan(high) | ~asked, -np.inf, high)
    low = np.where(np.isnan(low) | ~sides.low[:, None], -np.inf, low)
    each = np.arange(len(rows))
    lane = np.argmax(np.maximum(high, low), axis=1)
    patience = _patience(habits, rows, ends)
    score: Floats = np.maximum(high, low)[each, lane] / patience
    old_enough = habits.age[rows, HOURLY] >= sides.learning
    learnt = old_enough & ~np.isneginf(score)
    habits.lane[rows] = np.where(learnt, lane, -1)
    _count(habits, rows, learnt & (score > 1), ends)
    _show(habits, rows, lane, (high >= low)[each, lane], usual, hour)
    _remember(habits, rows, length, ends)
    season.gather(habits, rows, values, hour)
    _shift(habits, rows, far & old_enough, length)
    habits.at[rows], habits.last[rows] = ends, values
    return np.where(learnt, score, np.nan)


def _patience(habits: Habits, rows: Ints, ends: Floats) -> Floats:
    """By how much more it takes for a series that is found again and again: it wanders, and that is its habit."""
    often = habits.often[rows] / (1.0 + np.where(habits.often[rows] > 0, ends - habits.begun[rows], 0.0) / LONG_AGO)
    return 1.0 + IMPATIENT * np.maximum(often - SOME, 0.0)


def _count(habits: Habits, rows: Ints, odd: NDArray[np.bool_], ends: Floats) -> None:
    """Notes that ``odd`` rows are unusual, and which of them begin to be."""
    mine, now = rows[odd], ends[odd]
    begins = now - habits.odd[mine] > APART
    fresh, at = mine[begins], now[begins]
    passed = np.where(habits.often[fresh] > 0, at - habits.begun[fresh], 0.0)
    habits.often[fresh] = habits.often[fresh] / (1.0 + passed / LONG_AGO) + 1.0
    habits.begun[fresh] = at
    habits.odd[mine] = now


def _inputs(habits: Habits, rows: Ints, values: Floats, hour: Ints) -> Floats:
    """What each lane averages; NaN: not known."""
    inputs = np.repeat(values[:, None], LANES, axis=1)
    jump = values - habits.level[rows, PART]
    inputs[:, JUMP] = np.where(np.isnan(jump), 0.0, jump)
    change = np.abs(values - habits.last[rows])
    inputs[:, RESTLESS] = np.where(np.isnan(change), 0.0, change)
    inputs[:, SEASON:] = season.deviation(habits, rows, values, hour)[:, None]
    return inputs


def _average(habits: Habits, rows: Ints, inputs: Floats, length: Floats) -> None:
    """Moves averages, centres and ages on; a young average is the plain mean."""
    known = ~np.isnan(inputs)
    level, age = habits.level[rows], habits.age[rows]
    span = length[:, None]
    young = span / (age + span)
    weight = np.where(SPAN > 0, np.maximum(2 * span / (SPAN + span), young), 1.0)
    moved = np.where(np.isnan(level), inputs, level + weight * (inputs - level))
    habits.level[rows] = np.where(known, moved, level)
    habits.age[rows] = np.where(known, age + span, age)


def bounds(habits: Habits, rows: Ints, hour: Ints, margin: Floats, length: Floats) -> Bounds:
    """What each lane is used to, before the present window is learnt."""
    high, low = habits.high[rows].astype(np.float64), -habits.low[rows].astype(np.float64)
    centre = habits.centre[rows]
    side = OTHER_SIDE * (high[:, :, 0] - low[:, :, 0])
    # Excess is in usual deviations where it is about the season, else in the signal's own unit.
    swing = season.scale(habits, rows, hour)[:, None]
    least = np.where(SEASONAL, margin[:, None] / swing, np.maximum(margin[:, None], LEAST * np.abs(centre)))
    least = np.maximum(least, np.finfo(np.float32).tiny)
    above = TAIL * _scale(high) + WIDTH * np.maximum(high[:, :, 0] - centre, side)
    below = TAIL * -_scale(low) + WIDTH * np.maximum(centre - low[:, :, 0], side)
    nearer = np.minimum(1.0, NEARER * np.sqrt(length / FIRST))[:, None]
    wary = np.where(SPAN > 0, 1.0, nearer) * _wariness(habits.age[rows] / LENGTH)
    above, below = np.maximum(wary * above, least), np.maximum(wary * below, least)
    return Bounds(high[:, :, 0], low[:, :, 0], above, below)


def _wariness(parts: Floats) -> Floats:
    """The fewer parts are known, the likelier the next is beyond all: so much more of it is usual."""
    return WARY[np.minimum(parts, len(WARY) - 1).astype(np.int64)]


def _scale(tops: Floats) -> Floats:
    """The mean excess over the last of the tops. One after the other: the order of additions must be fixed."""
    total = np.zeros(tops.shape[:2])
    for place in range(TOPS - 1):
        total += tops[:, :, place] - tops[:, :, TOPS - 1]
    return total / (TOPS - 1)


def scores(habits: Habits, rows: Ints, usual: Bounds) -> tuple[Floats, Floats]:
    """How far each lane is above and below what is usual; NaN where it does not count or is not known."""
    level = habits.level[rows]
    full = np.isfinite(habits.high[rows, :, TOPS - 1]) & ~np.isnan(level)
    seasonal = season.shown(habits, rows)[:, None] & (habits.age[rows] >= SEASON_LEARNS)
    counts = full & (~SEASONAL | seasonal)
    high = np.where(counts, (level - usual.high) / usual.above, np.nan)
    low = np.where(counts & ~ONE_SIDED, (usual.low - level) / usual.below, np.nan)
    # A window is unusual when it is beyond all windows and came suddenly: a slow rise is for the averages to judge.
    for side in (high, low):
        side[:, WINDOW] = np.minimum(side[:, WINDOW], side[:, JUMP])
        side[:, JUMP] = np.nan
    return high, low


def _show(habits: Habits, rows: Ints, lane: Ints, above: NDArray[np.bool_], usual: Bounds, hour: Ints) -> None:
    """Notes what is least usual as people can read it: in the signal's unit, also where it is about the season."""
    each = np.arange(len(rows))
    edge = np.where(above, (usual.high + usual.above)[each, lane], (usual.low - usual.below)[each, lane])
    value = habits.level[rows, lane]
    # How far it is from the season on average, as if it were all in this hour.
    usually, swing = habits.usual[rows, season.week(hour)].astype(np.float64), season.scale(habits, rows, hour)
    seasonal = SEASONAL[lane]
    habits.value[rows] = np.where(seasonal, usually + value * swing, value)
    habits.edge[rows] = np.where(seasonal, usually + edge * swing, edge)


def _remember(habits: Habits, rows: Ints, length: Floats, ends: Floats) -> None:
    """Centres and extremes; a part that is over moves to the tops one part later."""
    level, age, centre = habits.level[rows], habits.age[rows], habits.centre[rows]
    span = length[:, None]
    weight = np.maximum(np.minimum(span / np.maximum(age, span), 1.0), np.minimum(span / CENTRE, 1.0))
    habits.centre[rows] = np.where(np.isnan(centre), level, centre + weight * (level - centre))
    habits.rising[rows, :, 0] = np.fmax(habits.rising[rows, :, 0], level)
    habits.falling[rows, :, 0] = np.fmax(habits.falling[rows, :, 0], -level)
    over = (np.floor(age / LENGTH) > np.floor((age - span) / LENGTH)) & ~np.isnan(level)
    for lane in np.flatnonzero(over.any(axis=0)).tolist():
        _close(habits, rows[over[:, lane]], lane, ends[over[:, lane]])


def _close(habits: Habits, rows: Ints, lane: int, ends: Floats) -> None:
    """Ends a part of one lane: what is remembered fades towards the centre, and the part before is remembered."""
    centre = habits.centre[rows, lane][:, None]
    passed = ends - habits.closed[rows, lane]
    fade = np.where(np.isnan(passed), 1.0, 1.0 / (1.0 + passed / FADES))[:, None]
    for tops, part, middle in (
        (habits.high, habits.rising, centre),
        (habits.low, habits.falling, -centre),
    ):
        faded = middle + (tops[rows, lane].astype(np.float64) - middle) * fade
        together = np.concatenate([faded, part[rows, lane, 1:]], axis=1)
        tops[rows, lane] = np.sort(together, axis=1)[:, :0:-1]
        part[rows, lane, 1] = part[rows, lane, 0]
        part[rows, lane, 0] = -np.inf
    habits.closed[rows, lane] = ends


def _shift(habits: Habits, rows: Ints, far: NDArray[np.bool_], length: Floats) -> None:
    """Takes a level for the new normal that was far beyond everything for some hours, whatever side a rule is about."""
    habits.beyond[rows] = np.where(far, habits.beyond[rows] + length, 0.0)
    moved = rows[habits.beyond[rows] >= SHIFT_HOLD]
    if not len(moved):
        return
    habits.beyond[moved] = 0.0
    level = habits.level[moved, HOURLY]
    by = level - habits.centre[moved, HOURLY]
    for lane in np.flatnonzero(LEVELS).tolist():
        quick = SPAN[lane] <= HOUR
        habits.level[moved, lane] = habits.centre[moved, lane] = level
        # Slower averages vary less than it is known where the new level lies: they begin anew.
        habits.high[moved, lane] = habits.high[moved, lane] + by[:, None] if quick else -np.inf
        habits.low[moved, lane] = habits.low[moved, lane] - by[:, None] if quick else -np.inf
    habits.rising[moved] = habits.falling[moved] = -np.inf
