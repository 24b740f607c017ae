"""When a battery reaches its limit, in cycles: by the known curves that it resembles, else by a line that bends.

Batteries bend late: a line through what is seen promises far too long a life. What is known of bends are the curves of
a *library*: batteries that were measured from new to worn, each as its health (relative to its beginning) at points of
its own life. A forecast is made so:

1. *Signs.* Of the battery so far: its cycles, its health when new (as a share of the design), what it has lost, and how
   fast it loses over the last tenth, quarter and half of its cycles, times its cycles. All lines are least squares.
2. *The bend.* Four lines (through the last tenth, quarter and half, and from the beginning) each say how long the rest
   of the life is, in lives so far. How these and the share of the allowed loss that is used up go together with the
   true end is a quadratic with 21 coefficients, fitted by ridge regression to moments of all curves of the library at
   four limits, each source weighing as the root of its moments. It knows no cycles and no kinds, so it is right about
   batteries of a kind that was never seen (as right as one can be).
3. *The curves.* The seven most similar curves (each at its most similar moment, by the signs) say by how much the bend
   was wrong for them. Their weighted mean is added, less the more distant they are: weight 1 / (1 + (d / 0.5)^2)^2, and
   0.003 more in the divisor. Since all is relative to the cycles so far, that stretches their curves to this battery's.
4. *Interval.* The spread of the logarithm of life over life so far, as a share of itself, by the distance of the
   seventh curve; a table in the library, from cross-validated errors.
5. *Which of the two.* With the seventh curve nearer than NEAR the forecast is by known curves; nearer than FAR by the
   bend; else none. There is none either when fewer than seven curves reach the limit, or half the life was not seen.

The library is fitted when it is read: all that it holds are curves, so it can be asked without some of them
(``without``), which is how it is judged on batteries that it was made from.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.lives import Lives

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Index = Ints | NDArray[np.bool_] | tuple[Ints, Ints]

CURVES = 7
MOMENTS = 32  # of each curve
SEEN = (0.05, 0.98)  # shares of a curve's life that its moments lie between
LEVELS = (0.95, 0.9, 0.85, 0.8)  # limits that the bend is fitted at
FITTED = (0.08, 0.97)  # shares of the life up to the limit
RIDGE = 0.01
LONGEST = 15.0  # lives so far that the bend may promise
WIDTH, REMOTE = 0.5, 0.003
WINDOWS = (0.1, 0.25, 0.5)
FEWEST = 4  # bins of a line
FEWEST_BINS, FEWEST_CYCLES = 8, 8.0
NEAR, FAR = 1.6, 12.0
USABLE = 0.985  # later moments of a curve say nothing about its end
ROOT = 0.005  # loss that counts as one before its root is taken
# How far apart signs are: one of each of these.
SCALES = (0.3, 0.03, 0.28, 0.5, 0.5, 0.5)
LEAST_LEFT, LEAST_PACE = 0.002, 0.004
CHUNK = 32  # rows that are compared with all moments at once
Z80 = 1.2816


class By(IntEnum):
    """What a forecast came from."""

    TIME = 0  # not from here
    CURVES = 1
    BEND = 2


class Signs(NamedTuple):
    """Per battery; ``loss`` is a share of the beginning, the paces are losses per life so far. NaN: not measurable."""

    cycles: Floats
    initial: Floats
    loss: Floats
    pace: tuple[Floats, Floats, Floats]

    def of(self, rows: Index) -> Signs:
        """Of some of the batteries, or of some moments of curves."""
        first, second, third = self.pace
        return Signs(self.cycles[rows], self.initial[rows], self.loss[rows], (first[rows], second[rows], third[rows]))


class Wear(NamedTuple):
    """Per battery, in cycles since new; NaN where ``by`` is TIME. ``distance`` is that of the seventh curve."""

    end: Floats
    low: Floats
    high: Floats
    distance: Floats
    by: NDArray[np.int8]

    @classmethod
    def none(cls, rows: int) -> Wear:
        """No forecasts yet."""
        end, low, high, distance = (np.full(rows, np.nan) for _ in range(4))
        return cls(end, low, high, distance, np.zeros(rows, dtype=np.int8))


def _total(values: Floats) -> Floats:
    """Sums of rows, in the order of columns whatever the shape."""
    result: Floats = np.cumsum(values, axis=1)[:, -1]
    return result


def _line(x: Floats, y: Floats, weight: Floats, now: Floats) -> tuple[Floats, Floats]:
    """Slopes of weighted least squares of each row, and the lines' values at ``now``."""
    whole = _total(weight)
    middle, height = _total(weight * x) / whole, _total(weight * y) / whole
    off = x - middle[:, None]
    slope = _total(weight * off * (y - height[:, None])) / _total(weight * off * off)
    return slope, height + slope * (now - middle)


def _signs(cycles: Floats, loss: Floats, weight: Floats, now: Floats, initial: Floats) -> Signs:
    """From bins (rows by bins; weight 0: not taken, then the rest is 0 too); taken ones come first."""
    known = weight > 0
    last = known.sum(axis=1)[:, None] - FEWEST
    column = np.arange(cycles.shape[1])
    paces, level = [], now
    for number, share in enumerate(WINDOWS):
        inside = known & ((cycles >= (now * (1 - share))[:, None]) | (column >= last))
        slope, value = _line(cycles, loss, np.where(inside, weight, 0.0), now)
        paces.append(slope * now)
        level = value if number == 0 else level
    return Signs(now, initial, level, (paces[0], paces[1], paces[2]))


def signs(lives: Lives, rows: Ints) -> Signs:
    """Of batteries; not measurable when they were seen for too short, or for less than half of their life."""
    used = lives.used[rows]
    # Whose beginning was not seen is taken to have begun as designed.
    initial = np.nan_to_num(lives.initial[rows].astype(np.float64), nan=1.0)
    known = np.arange(lives.cycles.shape[1]) < used[:, None]
    cycles = np.where(known, lives.cycles[rows], 0.0).astype(np.float64)
    loss = np.where(known, 1 - lives.health[rows] / initial[:, None], 0.0)
    # No more votes than cycles: a battery that rests says nothing new.
    weight = np.where(known, np.minimum(lives.weight[rows], lives.span[rows][:, None]), 0.0).astype(np.float64)
    now = lives.now[rows].astype(np.float64)
    enough = (used >= FEWEST_BINS) & (now >= FEWEST_CYCLES) & (cycles[:, 0] <= now / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = _signs(cycles, loss, weight, now, initial)
    blank = np.where(enough, 0.0, np.nan)
    return Signs(now + blank, initial, found.loss, found.pace)


def _bend_terms(loss: Floats, paces: tuple[Floats, ...], allowed: Floats) -> Floats:
    """What the bend is a linear function of, last axis: one, five numbers, and their products."""
    left = np.maximum(allowed - loss, LEAST_LEFT)
    base = [2 * np.clip(loss / allowed, -0.5, 1.0)]
    base += [np.log1p(left / np.maximum(pace, LEAST_PACE)) for pace in (*paces, loss)]
    pairs = [base[i] * base[j] for i in range(len(base)) for j in range(i, len(base))]
    return np.stack([np.ones_like(loss), *base, *pairs], axis=-1)


def _compared(found: Signs) -> Floats:
    """The signs in units of their scales, first axis."""
    roots = [np.sign(v) * np.sqrt(np.abs(v) / ROOT) for v in (found.loss, *found.pace)]
    units = [np.log(found.cycles), found.initial, *roots]
    return np.stack([unit / scale for unit, scale in zip(units, SCALES, strict=True)])


def _solve(matrix: Floats, right: Floats) -> Floats:
    """Of a small positive definite system, by elimination in a fixed order."""
    a, b = matrix.copy(), right.copy()
    size = len(b)
    for i in range(size):
        for j in range(i + 1, size):
            factor = a[j, i] / a[i, i]
            a[j, i:] -= factor * a[i, i:]
            b[j] -= factor * b[i]
    for i in reversed(range(size)):
        for j in range(i + 1, size):
            b[i] -= a[i, j] * b[j]
        b[i] /= a[i, i]
    return b


@dataclass(frozen=True, eq=False)
class Library:
    """Known curves. ``health[i, k]`` is the share of its beginning that curve i has at ``grid[k]`` of its ``span``.

    ``initial``: health when new, as a share of the design. ``mark`` (a hash; modulo ``folds`` its fold) and ``source``
    say which battery a curve was learned from. ``spread``: distances (rising) and half the width of the 80 % interval.
    """

    name: str
    digest: str
    grid: Floats
    health: Floats
    span: Floats
    initial: Floats
    source: NDArray[np.str_]
    mark: Ints
    folds: int
    spread: tuple[Floats, Floats] = field(repr=False)

    def __repr__(self) -> str:
        return f"Library({self.name!r}, {self.digest!r})"  # goes into the fingerprint of a pack

    def without(self, *, fold: int | None = None, source: str | None = None) -> Library:
        """What is known without the curves of a fold or a source."""
        stays = np.ones(len(self.span), dtype=bool)
        if fold is not None:
            stays &= self.mark % self.folds != fold
        if source is not None:
            stays &= self.source != source
        kept = ("health", "span", "initial", "source", "mark")
        return replace(self, **{name: getattr(self, name)[stays] for name in kept})

    def reaching(self, limit: float) -> int:
        """How many curves fall to ``limit``, a share of their beginning."""
        return int(np.isfinite(self.ends(np.array([limit]))).sum())

    @property
    def deepest(self) -> float:
        """The lowest whole percentage that enough curves fall to."""
        return next((share / 100 for share in range(1, 100) if self.reaching(share / 100) >= CURVES), 1.0)

    def ends(self, limits: Floats) -> Floats:
        """Cycles at which curves first fall to each of ``limits``: limits by curves; infinite where they do not."""
        below = self.health <= limits[:, None, None]
        place = np.argmax(below, axis=2)
        curve = np.arange(len(self.span))
        before = np.maximum(place - 1, 0)
        high, low = self.health[curve, before], self.health[curve, place]
        with np.errstate(divide="ignore", invalid="ignore"):
            part = (high - limits[:, None]) / (high - low)
            share = self.grid[before] + part * (self.grid[place] - self.grid[before])
        return np.where(below.any(axis=2) & (place > 0), share * self.span, np.inf)

    @cached_property
    def moments(self) -> Signs:
        """The signs of each curve at MOMENTS of its life: curves by moments."""
        share = np.linspace(*SEEN, MOMENTS)
        bins = (np.arange(64) + 0.5) / 64
        now = self.span[:, None] * share
        rows = now.reshape(-1)
        loss = np.stack([1 - np.interp(np.outer(share, bins), self.grid, curve) for curve in self.health])
        cycles = rows[:, None] * bins
        initial = np.repeat(self.initial, MOMENTS)
        found = _signs(cycles, loss.reshape(len(rows), -1), np.ones_like(cycles), rows, initial)
        shape = now.shape
        first, second, third = (pace.reshape(shape) for pace in found.pace)
        return Signs(now, initial.reshape(shape), found.loss.reshape(shape), (first, second, third))

    @cached_property
    def _places(self) -> Floats:
        return _compared(self.moments)

    @cached_property
    def _coefficients(self) -> Floats:
        """Of the bend."""
        terms, targets, weights = [], [], []
        _, codes = np.unique(self.source, return_inverse=True)
        for level, ends in zip(LEVELS, self.ends(np.array(LEVELS)), strict=True):
            share = self.moments.cycles / ends[:, None]
            used = (share > FITTED[0]) & (share < FITTED[1])
            if not used.any():
                continue
            paces = tuple(pace[used] for pace in self.moments.pace)
            terms.append(_bend_terms(self.moments.loss[used], paces, np.full(int(used.sum()), 1 - level)))
            targets.append(-np.log(share[used]))
            code = np.broadcast_to(codes[:, None], used.shape)[used]
            weight = (1 / np.sqrt(np.maximum(np.bincount(code), 1)))[code]
            weights.append(weight / _total(weight[None])[0])
        x, y, w = np.concatenate(terms), np.concatenate(targets), np.concatenate(weights)
        w /= _total(w[None])[0]
        middle = _total((x * w[:, None]).T)
        scale = np.sqrt(_total(((x - _total(x.T) / len(x)) ** 2).T) / len(x))
        middle[0], scale[0] = 0.0, 1.0
        z = ((x - middle) / scale).T
        weighted = z * w
        matrix = np.stack([_total(weighted * row) for row in z])
        matrix += np.diag([0.0] + [RIDGE] * (len(z) - 1))
        slopes = _solve(matrix, _total(weighted * y)) / scale
        slopes[0] -= _total((slopes * middle)[None])[0]
        return slopes

    def _bend(self, loss: Floats, paces: tuple[Floats, ...], allowed: Floats) -> Floats:
        """The logarithm of the life in lives so far."""
        terms = _bend_terms(loss, paces, allowed)
        value = terms[..., 0] * self._coefficients[0]
        for number in range(1, terms.shape[-1]):
            value = value + terms[..., number] * self._coefficients[number]
        clipped: Floats = np.clip(value, np.log(1.01), np.log(LONGEST))
        return clipped

    def project(self, found: Signs, limit: float, z: float = Z80) -> Wear:
        """When batteries reach ``limit`` (a share of the design); ``z``: half-width in standard deviations."""
        result = Wear.none(len(found.cycles))
        known = np.isfinite(found.cycles) & np.isfinite(found.pace[0] + found.pace[1] + found.pace[2])
        rows = np.flatnonzero(known & (found.initial > limit))
        for start in range(0, len(rows), CHUNK):
            self._fill(result, found, rows[start : start + CHUNK], limit, z)
        return result

    def _fill(self, result: Wear, found: Signs, rows: Ints, limit: float, z: float) -> None:
        mine = found.of(rows)
        level = np.round(limit / mine.initial, 4)
        ends = self.ends(level)
        squared, moment = self._nearest(mine, ends)
        order = np.argsort(squared, axis=1, kind="stable")[:, :CURVES]
        distance = np.sqrt(np.take_along_axis(squared, order, axis=1))
        at = np.take_along_axis(moment, order, axis=1)
        past = self.moments.of((order, at))
        with np.errstate(divide="ignore", invalid="ignore"):
            life = np.log(np.take_along_axis(ends, order, axis=1) / past.cycles)
            error = life - self._bend(past.loss, past.pace, np.broadcast_to(1 - level[:, None], life.shape))
            weight = 1 / (1 + (distance / WIDTH) ** 2) ** 2
            forecast = self._bend(mine.loss, mine.pace, 1 - level)
            forecast = np.maximum(forecast + _total(weight * error) / (_total(weight) + REMOTE), 0.0)
        far = distance[:, -1]
        half = np.interp(far, *self.spread) * z / Z80
        low, high = forecast * np.maximum(1 - half, 0), forecast * (1 + half)
        for column, value in ((result.end, forecast), (result.low, low), (result.high, high)):
            column[rows] = np.where(far <= FAR, mine.cycles * np.exp(value), np.nan)
        result.distance[rows] = far
        result.by[rows] = np.where(far <= NEAR, By.CURVES, np.where(far <= FAR, By.BEND, By.TIME))

    def _nearest(self, mine: Signs, ends: Floats) -> tuple[Floats, Ints]:
        """Squared distances of each battery to each curve at its most similar moment, and which moment that is.

        Infinite where the curve does not get to the battery's limit; what comes after a curve's end says nothing.
        """
        squared = np.zeros((len(mine.cycles), *self.moments.cycles.shape))
        for unit, own in zip(self._places, _compared(mine), strict=True):
            squared += (unit - own[:, None, None]) ** 2
        squared[~(self.moments.cycles < USABLE * np.where(np.isfinite(ends), ends, 0.0)[:, :, None])] = np.inf
        moment = np.argmin(squared, axis=2)
        return np.take_along_axis(squared, moment[:, :, None], axis=2)[:, :, 0], moment
