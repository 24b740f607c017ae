"""Scores on known numbers: what counts as right, how sure that is, and what was missed."""

from __future__ import annotations

import pytest

from keuring_collector.desk import scoreboard
from keuring_collector.desk.scoreboard import DAY, Case, Happened
from keuring_collector.rulepack import wilson

MONTHS = ("2026-07", "2026-08")


def case(number: int, verdict: str = "", outcome: str = "", month: str = "2026-08", **fields: float | None) -> Case:
    given = {"closed_at": 3 * DAY, **fields}
    return Case(number, number, "volume-space", 0.0, month, verdict=verdict, outcome=outcome, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    # Newcombe (1998), table I, method 3: 81/263, 15/148, 0/20, 1/29.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_on_published_numbers(right: int, of: int, low: float, high: float) -> None:
    found = wilson.share(right, of)
    assert found is not None
    assert (found.share, found.of) == (right / of, of)
    assert found.low == pytest.approx(low, abs=1e-4)
    assert found.high == pytest.approx(high, abs=1e-4)


def test_nothing_counted_is_no_share() -> None:
    assert wilson.share(0, 0) is None
    empty = scoreboard.score([], 0, 0, 0.0, MONTHS)
    assert empty.is_early
    assert (empty.precision, empty.lead, empty.per_hundred, empty.to_verdict) == (None, None, None, None)
    assert [month.opened for month in empty.months] == [0, 0]


def test_verdicts_and_outcomes_count_as_the_page_says() -> None:
    cases = [
        case(1, "right"), case(2, "known"), case(3, "early"), case(4, "wrong"),
        case(5, outcome="came", came_at=9 * DAY), case(6, outcome="early", came_at=200 * DAY, month="2026-07"),
        case(7, outcome="nothing"), case(8, outcome="undecided"), case(9, closed_at=None),
        case(10, "wrong", outcome="came", came_at=20 * DAY),  # what a person said counts before
    ]  # fmt: skip
    found = scoreboard.score(cases, incidents=4, missed=1, machine_months=250, months=MONTHS)
    assert found.precision is not None
    assert (found.precision.share, found.precision.of) == (3 / 8, 8)
    assert found.is_early  # eight are fewer than ten
    assert (found.tickets, found.verdicts) == (10, 5)
    assert (found.lead, found.leads) == (20 * DAY, 3)
    assert (found.missed, found.incidents) == (1, 4)
    assert found.per_hundred == pytest.approx(4.0)
    assert found.to_verdict == 3 * DAY
    assert [(month.name, month.opened, month.right, month.judged) for month in found.months] == [
        ("2026-07", 1, 0, 1), ("2026-08", 9, 3, 7),
    ]  # fmt: skip


def test_the_children_of_one_fleet_ticket_are_one_judgement() -> None:
    children = [Case(n, n, "volume-space", 0.0, "2026-08", 1.0, "wrong", fleet=7) for n in range(12)]
    found = scoreboard.score([*children, case(50, "right")], 0, 0, 1.0, MONTHS)
    assert found.precision is not None
    assert (found.precision.share, found.precision.of, found.verdicts) == (0.5, 2, 2)
    assert found.tickets == 13


def test_an_incident_is_missed_without_a_ticket_of_its_cause_before_it() -> None:
    told = Case(1, 1, "volume-space", 10 * DAY, "2026-08", closed_at=20 * DAY)
    opened = Case(2, 2, "volume-space", 10 * DAY, "2026-08")
    happened = [
        Happened(1, "volume-space", 15 * DAY), Happened(1, "volume-space", 33 * DAY),
        Happened(2, "volume-space", 90 * DAY),
        Happened(1, "volume-space", 9 * DAY),  # before the ticket
        Happened(1, "volume-space", 35 * DAY),  # long after it
        Happened(1, "disk-failing", 15 * DAY), Happened(3, "volume-space", 15 * DAY),
    ]  # fmt: skip
    assert scoreboard.missed(happened, [told, opened]) == happened[3:]


def test_a_rule_falls_by_its_upper_bound_and_never_by_few_verdicts() -> None:
    three_of_twenty, one_of_ten = wilson.share(3, 20), wilson.share(1, 10)
    assert three_of_twenty is not None
    assert three_of_twenty.high == pytest.approx(0.3604, abs=1e-4)
    assert scoreboard.is_below(three_of_twenty, 20, 0.5)
    assert not scoreboard.is_below(three_of_twenty, 20, 0.36)
    assert not scoreboard.is_below(three_of_twenty, 9, 0.5)
    assert scoreboard.is_below(one_of_ten, 10, 0.5)
    assert not scoreboard.is_below(wilson.share(4, 10), 10, 0.5)
    assert not scoreboard.is_below(None, 0, 0.5)


def test_machine_months_count_what_was_enrolled_then() -> None:
    month = scoreboard.MONTH
    assert scoreboard.machine_months([-month, 0.0, 1.5 * month, 9 * month], 0.0, 2 * month) == pytest.approx(4.5)
