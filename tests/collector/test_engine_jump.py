"""How far a series lies from what it was before it jumped: found once it lasts, remembered until it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import CompiledRule, Jump, Term, Truth
from keuring_collector.engine.jump import BEFORE, Jumps, Outcome, fit
from keuring_collector.engine.model import LAST, MEAN, Change, Fact, Severity
from tests.collector.engine_kit import LEVEL, SERIAL, pack
from tests.collector.test_engine_daily import days, told

if TYPE_CHECKING:
    from collections.abc import Sequence

NAN = float("nan")
LENGTH = 28
FALLEN = CompiledRule(
    "fallen", "fallen", Severity.SOON, (Term(0, 0, 1, 3.0, 2.0, shown_limit=3.0),),
    source=Jump(LEVEL, MEAN, LAST, -1, 3.0, 2, LENGTH, identity=SERIAL),
)  # fmt: skip


def jump(*rows: Sequence[float], before: float = NAN, sign: float = -1.0, lasting: int = 2) -> Jumps:
    points = np.full((len(rows), LENGTH), np.nan)
    for number, row in enumerate(rows):
        points[number, LENGTH - len(row) :] = row
    return fit(points, np.full(len(rows), before), sign, 3.0, lasting)


@pytest.mark.parametrize(
    ("course", "by", "before"),
    [
        ([16.0] * 9 + [8.0, 8.0], 8.0, 16.0),
        ([16.0] * 9 + [NAN, NAN, 8.0, NAN, 8.0], 8.0, 16.0),
        ([16.0, 15.8] * 5 + [8.2, 8.0, 8.1], 7.8, 16.0),
        ([16.0] * 9 + [8.0], 0.0, NAN),  # not yet for so long
        ([16.0] * 9 + [8.0, 16.0], 0.0, NAN),  # back at once
        ([8.0] * 9 + [16.0] * 5, 0.0, NAN),  # the other way
        ([8.0] * 9 + [16.0] * 3 + [8.0] * 5, 0.0, NAN),  # back to what it was for long
        ([16.0] * 9 + [13.5] * 5, 0.0, NAN),  # too little
        ([16.0 - 0.4 * day for day in range(20)], 0.0, NAN),  # wear
        ([16.0] * 9 + [8.0] * 3 + [15.0] * 3, 0.0, NAN),  # it was away, and is back
    ],
)
def test_by_how_much_and_from_what(course: list[float], by: float, before: float) -> None:
    found = jump(course)
    assert found.outcome.tolist() == [Outcome.KNOWN]
    assert max(found.by[0], 0.0) == pytest.approx(by, abs=1.5 if by == 0.0 else 0.3)
    assert np.isnan(found.before[0]) == np.isnan(before)
    assert found.by[0] <= 3.0 or found.before[0] == pytest.approx(before, abs=0.2)
    # A rise is a fall turned over.
    risen = jump([-value for value in course], sign=1.0)
    np.testing.assert_array_equal((risen.by, risen.before), (found.by, -found.before))


def test_what_it_was_is_remembered_when_its_days_are_not_and_forgotten_when_it_is_back() -> None:
    assert (jump([8.0] * LENGTH, before=16.0).by[0], jump([8.0] * LENGTH).by[0]) == (8.0, 0.0)
    assert np.isnan(jump([15.0] * LENGTH, before=16.0).before[0])
    again = jump([8.0] * 10 + [4.0] * 4, before=16.0)
    assert (again.by[0], again.before[0]) == (12.0, 16.0)


@pytest.mark.parametrize(
    ("course", "outcome"),
    [
        ([], Outcome.SHORT),
        ([16.0] * (BEFORE + 1), Outcome.SHORT),
        ([16.0] * 12 + [NAN] * 9, Outcome.STALE),
    ],
)
def test_not_known_where_it_cannot_be(course: list[float], outcome: Outcome) -> None:
    found = jump(course)
    assert found.outcome.tolist() == [outcome]
    assert np.isnan(found.by[0])
    assert jump([NAN] * LENGTH, before=16.0).before[0] == 16.0  # it may come back as it was


def test_alone_or_with_others_it_is_the_same() -> None:
    random = np.random.default_rng(3)
    rows = [list(random.choice([8.0, 16.0, 15.8, NAN], LENGTH)) for _ in range(40)]
    together = jump(*rows)
    for number, row in enumerate(rows):
        alone = jump(row)
        assert [each[0].tobytes() for each in alone] == [each[number].tobytes() for each in together]


def test_it_is_told_as_long_as_it_lasts_and_says_from_what() -> None:
    fleet = Fleet(pack(FALLEN))
    windows = days([16.0] * 12 + [8.0] * 60 + [15.9] * 6)
    found = [each for window in windows for each in fleet.judge([window])]
    opened = next(each for each in found if each.change is Change.OPENED)
    assert [(each.role, each.value) for each in opened.evidence] == [("value", 8.0), ("before", 16.0)]
    assert told(Fleet(pack(FALLEN)), windows, "fallen") == [(14, "opened"), (74, "cleared")]
    (step,) = [each for each in fleet.explain(1, "fallen") if each.what == "jump"]
    assert (step.value, step.comparison, step.limit, step.truth) == (0.0, "down by more than", 3.0, Truth.FALSE)


def test_another_part_begins_anew() -> None:
    fleet = Fleet(pack(FALLEN))
    windows = days([16.0] * 12 + [8.0] * 10)
    for number, serial in ((0, "A"), (12, "B")):
        windows[number].facts = [*windows[number].facts, Fact(SERIAL, "x", serial)]
    assert told(fleet, windows, "fallen") == []
    (step,) = [each for each in fleet.explain(1, "fallen") if each.what == "jump"]
    assert (step.value, step.truth) == (0.0, Truth.FALSE)
