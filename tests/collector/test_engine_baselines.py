"""What is usual among peers: each machine once, robustly, and by the day that is judged."""

from __future__ import annotations

import numpy as np
import pytest

from keuring_collector.engine.baselines import (
    FEWEST_PEERS,
    SAME_SUBJECT,
    VALID_DAYS,
    Answer,
    Baselines,
    PeerFact,
    Question,
    answer,
    fewest_days,
    group_of,
    of_machines,
    usual,
)
from keuring_collector.engine.model import LAST, MEAN

MODEL, SYSTEM, DISK = 20, 21, 22
BOOT = Question(1, LAST, LAST, 7, (PeerFact(MODEL, per_subject=False), PeerFact(SYSTEM, per_subject=False)))
HEAT = Question(2, MEAN, MEAN, 7, (PeerFact(DISK, per_subject=True),))


def test_groups_are_by_the_values_of_facts_whatever_their_case() -> None:
    facts: dict[tuple[int, str], object] = {
        (MODEL, ""): "ThinkPad X1",
        (SYSTEM, ""): 11.0,
        (DISK, "sda"): "ST4000",
        (DISK, "sdb"): "",
    }
    assert group_of(facts, BOOT.facts, "") == ("thinkpad x1", "11.0")
    assert group_of(facts, HEAT.facts, "sda") == ("st4000",)
    assert group_of(facts, HEAT.facts, "sdb") is None
    assert group_of(facts, HEAT.facts, "sdc") is None
    assert group_of({}, BOOT.facts, "") is None
    assert group_of({}, (), "") == ()


def test_the_same_part_of_others_may_be_what_makes_peers() -> None:
    asked = (SAME_SUBJECT, PeerFact(MODEL, per_subject=False))
    facts: dict[tuple[int, str], object] = {(MODEL, ""): "X1"}
    assert group_of(facts, asked, "fan1") == ("fan1", "x1")
    assert group_of(facts, asked, "") is None
    fans = Question(3, MEAN, MEAN, 7, asked)
    points = {(machine, f"fan{n}"): [1000.0 * n] * 7 for machine in range(1, 8) for n in (1, 2)}
    found = answer(fans, 100, points, {key: (key[1], "x1") for key in points})
    assert {group: each.median for group, each in found.items()} == {("fan1", "x1"): 1000.0, ("fan2", "x1"): 2000.0}


def test_median_and_spread_are_robust() -> None:
    assert usual([20.0]) == (20.0, 0.0)
    middle, spread = usual([18, 19, 20, 21, 22, 23, 500])
    assert [middle, spread] == pytest.approx([21, 2 * 1.4826])


def test_an_answer_counts_each_machine_once() -> None:
    points = {(machine, ""): [10.0 + machine] * 7 for machine in range(1, 8)}
    groups = dict.fromkeys(points, ("x1", "11.0"))
    found = answer(BOOT, 100, points, groups)
    assert list(found[("x1", "11.0")]) == pytest.approx([100, 14.0, 2 * 1.4826, 7])
    assert len(found) == 1

    # One server with many hot disks is one machine.
    disks = {(machine, "sda"): [40.0 + machine] * 7 for machine in range(1, 7)}
    disks |= {(9, f"sd{number}"): [60.0] * 7 for number in range(24)}
    found = answer(HEAT, 100, disks, dict.fromkeys(disks, ("st4000",)))
    assert found["st4000",].machines == 7
    assert found["st4000",].median == 44.0


def test_few_days_few_peers_and_unknown_groups_do_not_count() -> None:
    points = {(machine, ""): [10.0] * 7 for machine in range(FEWEST_PEERS)}
    groups = dict.fromkeys(points, ("x1",))
    assert answer(BOOT, 1, points, groups)["x1",].machines == FEWEST_PEERS
    assert answer(BOOT, 1, {**points, (0, ""): [10.0, 11.0]}, groups) == {}
    assert answer(BOOT, 1, points, {key: groups[key] for key in list(groups)[1:]}) == {}
    assert answer(BOOT, 1, {}, {}) == {}


def test_order_does_not_matter() -> None:
    points = {(machine, ""): [float(machine * day % 11) for day in range(7)] for machine in range(20)}
    groups = {key: (str(key[0] % 2),) for key in points}
    backwards = dict(reversed(list(points.items())))
    assert answer(BOOT, 1, points, groups) == answer(BOOT, 1, backwards, groups)


def test_a_day_is_judged_by_the_newest_answer_that_held_already() -> None:
    known = [Answer(day, float(day), 1.0, 10) for day in (104, 100, 102)]
    baselines = Baselines((BOOT, ("x1",), each) for each in known)
    assert baselines.at(BOOT, ("x1",), 99) is None
    assert [baselines.at(BOOT, ("x1",), day).valid_from for day in (100, 101, 102, 103, 104, 110)] == [  # type: ignore[union-attr]
        100, 100, 102, 102, 104, 104,
    ]  # fmt: skip
    assert baselines.at(BOOT, ("x1",), 104 + VALID_DAYS - 1) == Answer(104, 104.0, 1.0, 10)
    assert baselines.at(BOOT, ("x1",), 104 + VALID_DAYS) is None
    assert baselines.at(BOOT, ("x2",), 104) is None
    assert baselines.at(HEAT, ("x1",), 104) is None
    assert baselines.at(BOOT, None, 104) is None


@pytest.mark.parametrize(("days", "fewest"), [(1, 1), (2, 2), (7, 3), (14, 4), (30, 10), (60, 20)])
def test_a_third_of_the_days_must_be_known_and_three(days: int, fewest: int) -> None:
    assert fewest_days(days) == fewest
    known = np.full((2, days), np.nan)
    known[0, :fewest], known[1, : fewest - 1] = 5.0, 5.0
    np.testing.assert_array_equal(of_machines(known), [5.0, np.nan])


def test_the_first_days_after_a_leave_do_not_speak_for_a_month() -> None:
    """A laptop that sleeps tells of its one slow start each day."""
    month = np.full((1, 30), np.nan)
    month[0, -5:] = 90.0
    assert np.isnan(of_machines(month)[0])
    month[0, :6] = 20.0
    assert of_machines(month)[0] == 20.0
