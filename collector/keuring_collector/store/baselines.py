"""Fleet baselines in the database: what the rules ask, answered once a day from daily points, and read back as data.

An answer holds from the day after it was made on, so that everybody who judges a day, live or later, has the same one.
Until then it may be made again; afterwards it never changes.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from keuring.signals import catalogue
from keuring_collector.engine.baselines import Answer, Baselines, Group, PeerFact, Question, answer, group_of
from keuring_collector.engine.daily import SEEDED
from keuring_collector.store import facts
from keuring_collector.store.block import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from keuring_collector.store.connection import Connection

COLUMNS: Final = ("signal_id", "statistic", "aggregate", "days", "facts")
QUESTION: Final = ", ".join(COLUMNS)
CONDITION: Final = " AND ".join(f"{column} = ?" for column in COLUMNS)


def make(
    connection: Connection,
    questions: Iterable[Question],
    now: float,
    compacted_before: int,
    stop: Callable[[], bool] = lambda: False,
) -> int:
    """Answers those of ``questions`` that have no answer yet for the day after ``now``; returns how many it answered.

    ``compacted_before``: the first day (since 1970) of which daily points may still be missing. ``stop`` is asked
    between endpoints; a question that is not finished then is left for the next time.
    """
    valid_from = int(now // DAY) + 1
    made = {
        _question(row)
        for row in connection.execute(f"SELECT {QUESTION} FROM baseline_made WHERE valid_from = ?", (valid_from,))
    }
    count = 0
    for question in sorted(set(questions) - made):
        points = _points(connection, question, compacted_before, stop)
        if points is None:
            break
        answers = answer(question, valid_from, points, _groups(connection, question, points))
        _put(connection, question, valid_from, answers, now)
        count += 1
    return count


def load(connection: Connection) -> Baselines:
    """All answers that are kept."""
    rows = connection.execute(f"SELECT {QUESTION}, peers, valid_from, median, spread, machines FROM baseline")
    questions: dict[tuple[int | str, ...], Question] = {}
    return Baselines(
        (
            questions.get(row[:5]) or questions.setdefault(row[:5], _question(row)),
            tuple(json.loads(row[5])),
            Answer(*row[6:]),
        )
        for row in rows
    )


def state(connection: Connection) -> tuple[int, float]:
    """What changes whenever answers were made: how many questions are answered, and when the last one was."""
    count, last = connection.execute("SELECT count(*), max(made_at) FROM baseline_made")[0]
    return int(count), float(last or 0.0)


def purge(connection: Connection, before_day: int) -> int:
    """Lets go of answers that held from before ``before_day``; returns how many."""
    count = int(connection.execute("SELECT count(*) FROM baseline WHERE valid_from < ?", (before_day,))[0][0])
    connection.execute("DELETE FROM baseline WHERE valid_from < ?", (before_day,))
    connection.execute("DELETE FROM baseline_made WHERE valid_from < ?", (before_day,))
    return count


def _points(
    connection: Connection, question: Question, until: int, stop: Callable[[], bool]
) -> dict[tuple[int, str], list[float]] | None:
    """The known daily points of each (endpoint, subject) in the last days before ``until``; None when stopped."""
    # One machine at a time, by the key of the table: a week of one series must not cost a year of all of them.
    machine = "" if catalogue.BY_ID[question.signal].subject else "subject = '' AND "
    sql = (
        f"SELECT subject, {SEEDED[question.aggregate]} FROM daily WHERE endpoint_id = ? AND signal_id = ? AND {machine}"
        "statistic = ? AND day >= ? AND day < ? ORDER BY subject, day"
    )
    found: dict[tuple[int, str], list[float]] = defaultdict(list)
    for (endpoint,) in connection.execute("SELECT endpoint_id FROM endpoint_head ORDER BY endpoint_id"):
        if stop():
            return None
        parameters = (endpoint, question.signal, question.statistic, until - question.days, until)
        for subject, value in connection.execute(sql, parameters):
            found[endpoint, subject].append(value)
    return found


def _groups(
    connection: Connection, question: Question, points: Iterable[tuple[int, str]]
) -> dict[tuple[int, str], Group]:
    known: dict[int, dict[tuple[int, str], facts.Value]] = defaultdict(dict)
    for fact in question.facts:
        for (endpoint, subject), value in facts.facts_of(connection, fact.signal).items():
            known[endpoint][fact.signal, subject] = value
    groups = {}
    for endpoint, subject in points:
        group = group_of(known[endpoint], question.facts, subject)
        if group is not None:
            groups[endpoint, subject] = group
    return groups


def _put(connection: Connection, question: Question, valid_from: int, answers: dict[Group, Answer], now: float) -> None:
    key = _key(question)
    with connection.transaction():
        connection.execute(f"DELETE FROM baseline WHERE {CONDITION} AND valid_from = ?", (*key, valid_from))
        connection.execute_many(
            f"INSERT INTO baseline ({QUESTION}, peers, valid_from, median, spread, machines) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(*key, json.dumps(group), *found) for group, found in sorted(answers.items())],
        )
        connection.execute(
            f"INSERT INTO baseline_made ({QUESTION}, valid_from, made_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*key, valid_from, now),
        )


def _key(question: Question) -> tuple[int | str, ...]:
    return (*question[:4], json.dumps([[fact.signal, fact.per_subject] for fact in question.facts]))


def _question(row: tuple[int, int, int, int, str]) -> Question:
    asked = tuple(PeerFact(signal, per_subject) for signal, per_subject in json.loads(row[4]))
    return Question(*row[:4], asked)
