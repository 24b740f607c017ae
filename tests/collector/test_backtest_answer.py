"""How a backtest judges tickets: against outcomes, verdicts, and another version of the rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keuring_collector import rulepack
from keuring_collector.engine.model import Evidence, Expected
from keuring_collector.rulepack.backtest import language
from keuring_collector.rulepack.backtest.asked import Outcome, moment
from keuring_collector.rulepack.backtest.assess import Result, assess
from keuring_collector.rulepack.backtest.compare import compare
from keuring_collector.rulepack.backtest.errors import BacktestError
from keuring_collector.rulepack.backtest.tickets import Line, Ticket
from keuring_collector.store.desk import Past

if TYPE_CHECKING:
    from collections.abc import Sequence

DAY = 86400.0
START = 20_000 * DAY
SPANS = {1: (START, START + 400 * DAY), 2: (START, START + 400 * DAY)}
HORIZON = 180 * DAY


def ticket(day: float, closed: float | None = None, subject: str = "/", endpoint: int = 1) -> Ticket:
    at = START + day * DAY
    line = Line("r", subject, 3, at, at, Expected(at, at, at), (), (Evidence("value", 1, 1, subject, 1.0),), at)
    end = None if closed is None else START + closed * DAY
    return Ticket(endpoint, "c", 3, at, None, end, lines={("r", subject): line})


def outcome(day: float, kind: str = "crossing", subject: str = "/", endpoint: int = 1) -> Outcome:
    return Outcome(endpoint, kind, START + day * DAY, subject)


def past(day: float, closed: float | None, verdict: str = "", *, touched: bool = False) -> Past:
    return Past(1, START + day * DAY, None if closed is None else START + closed * DAY, verdict, touched)


def result(
    one: Ticket, outcomes: Sequence[Outcome] = (), had: Sequence[Past] = ()
) -> tuple[Result, str, float | None, int]:
    (judged,), missed = assess([one], outcomes, had, SPANS, HORIZON)
    return judged.result, judged.because, None if judged.lead is None else judged.lead / DAY, len(missed)


def test_the_problem_came_in_time() -> None:
    assert result(ticket(50), [outcome(80)]) == (Result.HIT, "crossing", 30, 0)
    assert result(ticket(50), [outcome(80, subject="")]) == (Result.HIT, "crossing", 30, 0)
    # Soon after it closed is still what it was about; long after, or before it opened, is not.
    assert result(ticket(50, 75), [outcome(80)]) == (Result.HIT, "crossing", 30, 0)
    assert result(ticket(50, 60), [outcome(80)]) == (Result.NOTHING, "", None, 1)
    assert result(ticket(50), [outcome(40)]) == (Result.NOTHING, "", None, 1)


def test_the_problem_of_another_subject_is_missed() -> None:
    assert result(ticket(50), [outcome(80, subject="/home")]) == (Result.NOTHING, "", None, 1)
    assert result(ticket(50), [outcome(80, endpoint=2)]) == (Result.NOTHING, "", None, 1)


def test_too_early_and_too_soon_to_tell() -> None:
    assert result(ticket(50), [outcome(240)]) == (Result.EARLY, "crossing", 190, 0)
    assert result(ticket(300)) == (Result.UNDECIDED, "", None, 0)
    assert result(ticket(50)) == (Result.NOTHING, "", None, 0)


def test_the_desk_has_the_last_word() -> None:
    assert result(ticket(50, 70), [outcome(60)], [past(51, 65, "wrong")]) == (Result.WRONG, "desk: wrong", 10, 0)
    assert result(ticket(50, 70), [], [past(51, 65, "known")]) == (Result.HIT, "desk: known", None, 0)
    assert result(ticket(50, 70), [], [past(51, 65, "early")]) == (Result.EARLY, "desk: early", None, 0)
    # Of another time: no word on this one.
    assert result(ticket(50, 70), [], [past(90, 95, "wrong")]) == (Result.NOTHING, "", None, 0)


def test_what_somebody_prevented_is_no_error() -> None:
    assert result(ticket(50, 70), [], [past(51, 65, touched=True)]) == (Result.ACTED, "", None, 0)


def test_a_replaced_part_is_a_problem_foreseen_but_never_missed() -> None:
    assert result(ticket(50), [outcome(60, "replaced")])[:2] == (Result.HIT, "replaced")
    assert assess([], [outcome(60, "replaced")], [], SPANS, HORIZON) == ([], [])


def test_problems_close_together_are_missed_once_and_those_at_the_start_not() -> None:
    outcomes = [outcome(0.5), outcome(50), outcome(52, "urgent"), outcome(90)]
    _, missed = assess([], outcomes, [], SPANS, HORIZON)
    assert [(each.at - START) / DAY for each in missed] == [50, 90]


def test_what_stood_when_history_began_is_marked() -> None:
    (first, second), _ = assess([ticket(0.2), ticket(5, endpoint=2)], [], [], SPANS, HORIZON)
    assert (first.at_start, second.at_start) == (True, False)


def test_tickets_of_two_versions_meet() -> None:
    first = [ticket(10, 20), ticket(100), ticket(10, endpoint=2)]
    second = [ticket(15, 30), ticket(40, 45), ticket(10, subject="/home", endpoint=2)]
    pairs = compare(first, second)
    days = [
        tuple(None if each is None else round((each.opened_at - START) / DAY) for each in (pair.first, pair.second))
        for pair in pairs
    ]
    assert days == [(10, 15), (10, None), (None, 10), (None, 40), (100, None)]
    assert pairs[0].earlier == -5 * DAY


def test_times_are_dates_or_lengths() -> None:
    assert moment("2026-08-01", 0.0, "--since") == 1_785_542_400.0
    assert moment("2026-08-01", 0.0, "--until", end=True) == 1_785_542_400.0 + DAY
    assert moment("90d", 100 * DAY, "--since") == 10 * DAY
    with pytest.raises(BacktestError, match="--since soon"):
        moment("soon", 0.0, "--since")


def test_limits_and_daily_values_are_found_wherever_they_stand() -> None:
    pack = rulepack.load()
    (limit,) = language.limits(pack.by_name["volume_filling"])
    assert (limit.limit, limit.sign) == (0.98, 1.0)
    assert language.limits(pack.by_name["volume_nearly_full"]) == ()
    columns = {column for rule in pack.rules.values() for column in language.aggregates(rule).values()}
    assert columns <= {"last", "minimum", "mean", "maximum"}
    assert columns
