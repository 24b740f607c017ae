"""Wear by cycles: a life in bins, the curves that a battery resembles, the line that bends, and silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring_collector.engine import lives
from keuring_collector.engine.lives import BINS, Lives
from keuring_collector.engine.wear import By, Wear, signs
from keuring_collector.rulepack import curves
from tests.collector.batteries import family, late, truth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keuring_collector.engine.wear import Library
    from tests.collector.batteries import Course, Floats


def lived(*courses: tuple[Course, int], begin: int = 1, step: int = 1) -> Lives:
    """Batteries that were seen from cycle ``begin`` up to a cycle, every ``step`` cycles."""
    table = Lives()
    for course, upto in courses:
        row = np.array([table.take()])
        for cycle in range(begin, upto + 1, step):
            here = np.array([float(cycle)])
            lives.add(table, row, here, here, course(here))
    return table


def forecast(table: Lives, rows: Sequence[int], limit: float = 0.8, library: Library | None = None) -> Wear:
    return (library or family()).project(signs(table, np.array(rows)), limit)


# A life in bins


def test_a_life_of_any_length_fits_and_its_ends_are_both_known() -> None:
    table = lived((late(5000, 2.0), 4000))
    used = int(table.used[0])
    assert BINS // 2 <= used <= BINS
    assert table.weight[0].sum() == 4000
    assert np.all(np.diff(table.cycles[0, :used]) > 0)
    assert table.now[0] == 4000
    assert table.cycles[0, 0] < table.span[0]
    assert table.initial[0] == pytest.approx(1.0, abs=1e-4)
    expected = late(5000, 2.0)(table.cycles[0, :used].astype(np.float64))
    assert table.health[0, :used] == pytest.approx(expected, abs=1e-3)


def test_days_without_a_cycle_are_one_bin_and_few_votes() -> None:
    table = lived((late(800, 2.0), 60))
    row = np.array([0])
    for day in range(200):
        lives.add(table, row, np.array([61.0 + day]), np.array([60.0]), np.array([0.9]))
    assert table.used[0] == 60
    assert table.weight[0, 59] == 201
    found = signs(table, row)
    assert abs(float(found.pace[2][0])) < 1  # a line through the cycles, not through two hundred days of rest


def test_a_counter_that_falls_is_another_battery() -> None:
    table = lived((late(800, 2.0), 300))
    lives.add(table, np.array([0]), np.array([301.0]), np.array([2.0]), np.array([1.01]))
    assert table.used[0] == 1
    assert table.now[0] == 2
    assert np.isnan(table.initial[0])


def test_the_beginning_is_not_known_of_a_battery_that_was_not_new() -> None:
    table = lived((late(800, 2.0), 300), begin=100)
    assert np.isnan(table.initial[0])
    assert np.isfinite(signs(table, np.array([0])).cycles[0])  # but more than half of its life was seen


# Forecasts


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8])
def test_a_battery_like_known_ones_is_dated_by_them(share: float) -> None:
    end = truth(610, 2.8)
    found = forecast(lived((late(610, 2.8), int(share * end))), [0])
    assert found.by.tolist() == [By.CURVES]
    assert found.end[0] == pytest.approx(end, rel=0.06)
    assert found.low[0] < end < found.high[0]


def test_a_battery_that_bends_late_is_not_promised_what_a_line_promises() -> None:
    end = truth(610, 2.8)
    seen = int(0.5 * end)
    course = late(610, 2.8)
    recent = np.arange(seen - 50.0, seen)
    slope = np.polyfit(recent, course(recent), 1)
    line = (0.8 - slope[1]) / slope[0]
    found = forecast(lived((course, seen)), [0])
    assert abs(found.end[0] - end) < abs(line - end) / 3


def test_without_similar_curves_it_is_the_bend_and_less_sure() -> None:
    end = truth(610, 2.8)
    table = lived((late(610, 2.8), int(0.7 * end)))
    known, unseen = forecast(table, [0]), forecast(table, [0], library=family().without(source="bending"))
    assert known.by.tolist() == [By.CURVES]
    assert unseen.by.tolist() == [By.BEND]
    assert unseen.distance[0] > 2 * known.distance[0]
    assert unseen.high[0] - unseen.low[0] > 3 * (known.high[0] - known.low[0])


def test_nothing_is_said_of_what_cannot_be_known() -> None:
    short = lived((late(610, 2.8), 7))
    late_comer = lived((late(610, 2.8), 500), begin=300)  # less than half of its life was seen
    unlike = lived((lambda cycles: 1 + 0.002 * cycles, 400))  # gains: a gauge, not a battery
    for table in (short, late_comer, unlike):
        found = forecast(table, [0])
        assert found.by.tolist() == [By.TIME]
        assert np.isnan(found.end[0])
    deep = forecast(lived((late(610, 2.8), 400)), [0], limit=0.6)  # no curve is known that far
    assert deep.by.tolist() == [By.TIME]


def test_a_row_does_not_depend_on_which_others_are_forecast_with_it() -> None:
    table = lived(*((late(480 + 13 * k, 1.2 + 0.11 * k), 150 + 9 * k) for k in range(40)))
    library = family()
    together = forecast(table, range(40), library=library)
    for row in range(40):
        alone = forecast(table, [row], library=library)
        for name in Wear._fields:
            np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[row])


def test_a_wider_confidence_is_a_wider_interval_around_the_same_end() -> None:
    table = lived((late(610, 2.8), 300))
    library, found = family(), signs(lived((late(610, 2.8), 300)), np.array([0]))
    narrow, wide = library.project(found, 0.8), library.project(found, 0.8, z=1.96)
    assert wide.end == narrow.end == forecast(table, [0]).end
    assert wide.low[0] < narrow.low[0] < narrow.high[0] < wide.high[0]


# The library


def test_a_library_without_a_fold_or_source_knows_nothing_of_it() -> None:
    library = family()
    assert set((library.without(fold=2).mark % 4).tolist()) == {0, 1, 3}
    assert set(library.without(source="bending").source.tolist()) == {"straight"}
    assert library.reaching(0.8) == 24
    assert library.reaching(0.7) == 0
    assert library.ends(np.array([0.8]))[0, 5] == pytest.approx(truth(600, 2.85), rel=0.01)


def test_the_shipped_library_is_read_and_fits_together() -> None:
    library = curves.library("battery")
    assert library.health.shape == (len(library.span), len(library.grid))
    assert len(set(library.mark.tolist())) == len(library.mark)
    assert set(library.source.tolist()) == {"XJTU", "TJU", "HUST", "MIT"}
    assert library.reaching(0.9) > 150
    assert 0.5 < library.health.min() < 0.8
    assert np.all(np.diff(library.spread[0]) > 0)
    assert np.all(np.diff(library.spread[1]) >= 0)
    assert library.digest in repr(library)


@pytest.mark.parametrize("curve", [10, 60, 120, 180])
def test_the_shipped_library_foresees_its_own_curves_without_their_fold(curve: int) -> None:
    library = curves.library("battery")
    (ends,) = library.ends(np.array([0.9]))
    end, span = float(ends[curve]), float(library.span[curve])
    assert np.isfinite(end)

    def course(cycles: Floats) -> Floats:
        return np.asarray(library.initial[curve] * np.interp(cycles / span, library.grid, library.health[curve]))

    others = library.without(fold=int(library.mark[curve]) % library.folds)
    found = forecast(lived((course, int(0.7 * end))), [0], 0.9 * float(library.initial[curve]), others)
    assert found.end[0] == pytest.approx(end, rel=0.25)


@pytest.mark.corpus
def test_recorded_cells_end_near_where_it_was_foretold(corpus: Path) -> None:
    from tests.bench.prediction import cells

    everything = cells.cells(corpus)
    judged = cells.seen(everything, 0.9)
    library = curves.library("battery")
    # The figures and their aims are in docs/benchmarks.md; here is some room, for another half of the same cells.
    for unseen, most in ((False, (14, 9, 5.5, 1.8)), (True, (48, 27, 13, 5.5))):
        found = cells.judge(judged, library, unseen=unseen)
        middle = np.median(100 * cells.errors(judged, found), axis=0)
        assert np.all(middle <= most), middle
        assert 0.7 < cells.covered(judged, found) < 0.9
        by_curves = float((found.by == By.CURVES).mean())
        assert by_curves < 0.1 if unseen else by_curves > 0.6
