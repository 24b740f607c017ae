"""What is usual among peers: fleet baselines, as the dated data that judging looks things up in.

A *question* is what some rule wants to know of the fleet: one series, what a day of it comes to, over how many days,
and which facts make machines peers. A *group* is the machines whose facts have the same values; its *answer* is the
median and the spread of what they have. Answers are worked out once a day, from daily points, and hold from a later day
on: which answer a day is judged by depends on the days alone, never on when it was asked.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import median as middle_of
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine.forecast.robust import median

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

SPREAD = 1.4826  # median absolute deviation to standard deviation
FEWEST_DAYS = 3  # known days that the value of a machine rests on at least, where the period has as many
FEWEST_PEERS = 5  # machines in a group that is answered at all: fewer say nothing, and could say who they are
VALID_DAYS = 14  # an answer that is older than this is none

Group = tuple[str, ...]


class PeerFact(NamedTuple):
    """A fact that peers have in common; ``per_subject``: of the subject (a disk), else of the machine."""

    signal: int
    per_subject: bool


# In place of a fact: the name of the subject itself, for parts that are the same in each machine (a sensor, a fan).
SAME_SUBJECT = PeerFact(0, per_subject=True)


class Question(NamedTuple):
    """What a baseline is of. ``aggregate``: what a day comes to (LAST, MIN, MEAN, MAX); ``days``: how many count."""

    signal: int
    statistic: int
    aggregate: int
    days: int
    facts: tuple[PeerFact, ...]


class Answer(NamedTuple):
    """What is usual in a group, in the signal's unit; holds from ``valid_from`` (days since 1970) on."""

    valid_from: int
    median: float
    spread: float  # standard deviation, robust
    machines: int


class Baselines:
    """All answers that are known; does not change."""

    def __init__(self, rows: Iterable[tuple[Question, Group, Answer]] = ()) -> None:
        answers: dict[tuple[Question, Group], list[Answer]] = defaultdict(list)
        for question, group, found in rows:
            answers[question, group].append(found)
        # By group one row per day; as arrays, because a year of them is kept.
        self._answers = {key: np.array(sorted(known), dtype=np.float64) for key, known in answers.items()}

    def at(self, question: Question, group: Group | None, day: int) -> Answer | None:
        """The answer by which ``day`` is judged: the newest that held already, if it is not too old."""
        known = None if group is None else self._answers.get((question, group))
        if known is None:
            return None
        place = int(np.searchsorted(known[:, 0], day, side="right")) - 1
        if place < 0 or known[place, 0] <= day - VALID_DAYS:
            return None
        valid_from, middle, spread, machines = known[place].tolist()
        return Answer(int(valid_from), middle, spread, int(machines))


def group_of(facts: Mapping[tuple[int, str], object], asked: Sequence[PeerFact], subject: str) -> Group | None:
    """The group that a subject of a machine with these facts is in; None while one of them is not known."""
    values = []
    for fact in asked:
        value = subject if fact == SAME_SUBJECT else facts.get((fact.signal, subject if fact.per_subject else ""))
        if value is None or value == "":
            return None
        values.append(value.casefold() if isinstance(value, str) else str(value))
    return tuple(values)


def fewest_days(days: int) -> int:
    """How many of ``days`` must be known: a third, else the first days after a leave would speak for all of them."""
    return min(max(FEWEST_DAYS, days // 3), days)


def of_machines(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """What each row of daily points comes to: the median of the known; NaN where too few are."""
    count = points.shape[1] - np.isnan(points).sum(axis=1)
    return np.where(count >= fewest_days(points.shape[1]), median(points), np.nan)


def answer(
    question: Question,
    valid_from: int,
    points: Mapping[tuple[int, str], Sequence[float]],
    groups: Mapping[tuple[int, str], Group],
) -> dict[Group, Answer]:
    """The answers to a question, by group, from the known daily points of each (endpoint, subject).

    Each machine counts once in a group, with the median of its subjects there (a server has many disks of one model).
    """
    keys = sorted(key for key in points if key in groups)
    table = np.full((len(keys), question.days), np.nan)
    for row, key in enumerate(keys):
        known = points[key][-question.days :]
        table[row, : len(known)] = known
    subjects: dict[tuple[Group, int], list[float]] = defaultdict(list)
    for key, value in zip(keys, of_machines(table).tolist(), strict=True):
        if value == value:
            subjects[groups[key], key[0]].append(value)
    machines: dict[Group, list[float]] = defaultdict(list)
    for (group, _), values in subjects.items():
        machines[group].append(middle_of(values))
    return {
        group: Answer(valid_from, *usual(values), len(values))
        for group, values in sorted(machines.items())
        if len(values) >= FEWEST_PEERS
    }


def usual(values: Sequence[float]) -> tuple[float, float]:
    """Median and robust spread of at least one value."""
    middle = middle_of(values)
    return middle, SPREAD * middle_of([abs(value - middle) for value in values])
