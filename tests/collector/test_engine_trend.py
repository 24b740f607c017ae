"""How fast a series rises at the least: told when the interval leaves the limit out, and hardly ever by chance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring_collector.engine.trend import Outcome, Trends, fit

if TYPE_CHECKING:
    from numpy.typing import NDArray

Z90 = 1.6449  # of an interval of 90 %: 5 % on either side
LENGTH = 28


def trend(*rows: list[float] | NDArray[np.float64], sign: float = 1.0, step: float = 20.0) -> Trends:
    points = np.full((len(rows), LENGTH), np.nan)
    for number, row in enumerate(rows):
        points[number, LENGTH - len(row) :] = row
    return fit(points, sign, step, 0.1, Z90, 14)


def line(begin: float, rate: float, count: int = LENGTH) -> NDArray[np.float64]:
    return np.asarray(begin + rate * np.arange(count), dtype=np.float64)


def test_a_straight_line_is_known_to_the_precision_of_its_values() -> None:
    found = trend(line(40, 0.5))
    assert found.outcome.tolist() == [Outcome.KNOWN]
    assert found.rate[0] == pytest.approx(0.5)
    assert 0.48 < found.surely[0] < 0.5


def test_a_fall_is_a_rise_turned_over() -> None:
    down = trend(line(40, -0.5), sign=-1.0)
    assert down.rate[0] == pytest.approx(-0.5)
    assert down.surely[0] == trend(-line(40, -0.5)).surely[0]
    assert trend(line(40, -0.5)).surely[0] < -0.5


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ([], Outcome.SHORT),
        ([40.0], Outcome.SHORT),
        (line(40, 0.5, 13), Outcome.SHORT),
        (np.concatenate([line(40, 0.5, 20), line(0, 0.5, 8)]), Outcome.STEPPED),
        (np.concatenate([line(40, 0.5, 19), np.full(9, np.nan)]), Outcome.STALE),
    ],
    ids=["nothing", "one day", "too short", "fell a week ago", "stale"],
)
def test_not_known_where_it_cannot_be(values: NDArray[np.float64], outcome: Outcome) -> None:
    found = trend(values)
    assert found.outcome.tolist() == [outcome]
    assert np.isnan(found.surely[0])
    assert np.isnan(found.rate[0])


def test_a_jump_is_no_trend() -> None:
    noise = np.tile([0.0, 0.3, -0.2, 0.1], 7)
    jumped = line(40, 0.0) + noise + np.where(np.arange(LENGTH) >= 15, 30.0, 0.0)
    assert trend(jumped).surely[0] < 0
    assert trend(jumped).rate[0] == pytest.approx(0.0, abs=0.05)


def test_wild_days_weekends_and_holes_do_not_make_one() -> None:
    days = np.arange(LENGTH)
    wild = line(40, 0.0) + np.where(days % 9 == 0, 12.0, 0.0)
    week = line(40, 0.0) + np.where(days % 7 < 5, 6.0, 0.0)
    holed = week.copy()
    holed[days % 7 >= 5] = np.nan
    assert (trend(wild, week, holed).surely < 0).all()
    risen = trend(holed + 0.5 * days)
    assert risen.surely[0] > 0.3


def courses(kind: str, count: int, length: int) -> NDArray[np.float64]:
    """Series without a trend."""
    random = np.random.default_rng(11)
    noise = random.normal(size=(count, length))
    if kind == "wandering":
        return np.asarray(np.cumsum(noise, axis=1), dtype=np.float64)
    if kind == "both":
        return np.asarray(0.3 * np.cumsum(noise, axis=1) + random.normal(size=noise.shape), dtype=np.float64)
    if kind == "outliers":
        return np.where(random.random(noise.shape) < 0.05, 15 * noise, noise)
    if kind == "sticky":
        for day in range(1, length):
            noise[:, day] += 0.5 * noise[:, day - 1]
    return np.asarray(noise, dtype=np.float64)


@pytest.mark.parametrize("length", [14, 28, 60, 120])
@pytest.mark.parametrize(
    ("kind", "most"), [("noise", 0.05), ("sticky", 0.05), ("outliers", 0.05), ("both", 0.12), ("wandering", 0.16)]
)
def test_trends_by_chance_are_few(kind: str, most: float, length: int) -> None:
    found = fit(courses(kind, 600, length), 1.0, 1e6, 0.01, Z90, 14)
    assert (found.outcome == Outcome.KNOWN).all()
    assert (found.surely > 0).mean() <= most


def test_a_trend_well_above_the_noise_is_found() -> None:
    random = np.random.default_rng(12)
    noise = random.normal(size=(400, LENGTH))
    # By four and by eight standard deviations in four weeks.
    slow, fast = (fit(line(0, rate) + noise, 1.0, 1e6, 0.01, Z90, 14) for rate in (0.15, 0.3))
    assert (slow.surely > 0).mean() > 0.7
    assert (fast.surely > 0).mean() > 0.95
    assert np.median(slow.rate) == pytest.approx(0.15, abs=0.01)
    assert (slow.surely > 0.15).mean() < 0.05


def test_a_row_does_not_depend_on_its_company() -> None:
    rows = list(courses("both", 300, LENGTH))
    together = trend(*rows)
    for number in (0, 1, 127, 128, 299):
        alone = trend(rows[number])
        for column in Trends._fields:
            np.testing.assert_array_equal(getattr(alone, column)[0], getattr(together, column)[number])
