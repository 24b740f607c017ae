"""What a rule test says of the rest of the fleet: the baselines that its machine is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from keuring.signals import catalogue
from keuring_collector.engine.baselines import SAME_SUBJECT, Answer, Baselines, Question, group_of
from keuring_collector.rulepack import quantity
from keuring_collector.rulepack.conditions.base import nearest_signal
from keuring_collector.rulepack.problems import Fault
from keuring_collector.rulepack.reads import questions_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keuring.signals.model import Signal
    from keuring_collector.engine.compiled import CompiledRule

DAY = 86400.0
Value = StrictBool | StrictInt | StrictFloat | StrictStr


class TrialPeers(BaseModel):
    """What is usual in a group of machines, made anew every night from ``at`` on (default: from before the story)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    signal: str
    statistic: str | None = None
    subject: str = Field(default="", description="Of which part, where the rule compares the same parts only.")
    by: dict[str, Value] = Field(description="The facts that make them peers, and their values.")
    unit: str = ""
    median: StrictInt | StrictFloat
    spread: StrictInt | StrictFloat = Field(ge=0)
    machines: StrictInt = Field(gt=0)
    at: str | None = None


def baselines(
    peers: Sequence[TrialPeers], rule: CompiledRule, begin: float, end: float, loc: tuple[str | int, ...]
) -> Baselines:
    """The baselines of a story from ``begin`` to ``end`` (seconds since 1970). Raises Fault for what no rule asks."""
    asked = questions_of(rule)
    last = int(end // DAY)

    def rows() -> Iterator[tuple[Question, tuple[str, ...], Answer]]:
        for number, entry in enumerate(peers):
            at = (*loc, "peers", number)
            signal = catalogue.BY_NAME.get(entry.signal)
            if signal is None:
                raise Fault((*at, "signal"), f"unknown signal '{entry.signal}'", nearest_signal(entry.signal))
            factor = _factor(entry, signal, at)
            first = int((begin + (0.0 if entry.at is None else quantity.duration(entry.at))) // DAY)
            # A story that begins with a complete day is judged by what held before it.
            first = first - 1 if entry.at is None else first + 1
            for question in _meant(entry, signal, asked, at):
                group = group_of(_facts(entry, question), question.facts, entry.subject)
                for day in range(first, last + 1):
                    middle, spread = entry.median * factor, entry.spread * factor
                    yield question, group or (), Answer(day, middle, spread, entry.machines)

    return Baselines(rows())


def _factor(entry: TrialPeers, signal: Signal, loc: tuple[str | int, ...]) -> float:
    try:
        return quantity.parse(f"1 {entry.unit}", signal.unit) if entry.unit else 1.0
    except ValueError as error:
        what, _, mend = str(error).partition("; ")
        raise Fault((*loc, "unit"), what, mend) from error


def _meant(entry: TrialPeers, signal: Signal, asked: set[Question], loc: tuple[str | int, ...]) -> list[Question]:
    names = set(entry.by)
    found = [
        question
        for question in sorted(asked)
        if question.signal == signal.id
        and _names(question) == names
        and (SAME_SUBJECT in question.facts) == bool(entry.subject)
        and entry.statistic in (None, _statistic(question))
    ]
    if not found:
        known = "; ".join(
            f"{catalogue.BY_ID[question.signal].name} ({_statistic(question)}) by "
            + ", ".join([*sorted(_names(question)), *(["subject"] if SAME_SUBJECT in question.facts else [])])
            for question in sorted(asked)
        )
        raise Fault(loc, "the rule asks nothing of the sort of its peers", f"it asks: {known or 'nothing'}")
    return found


def _names(question: Question) -> set[str]:
    return {catalogue.BY_ID[fact.signal].name for fact in question.facts if fact != SAME_SUBJECT}


def _statistic(question: Question) -> str:
    signal = catalogue.BY_ID[question.signal]
    return next(each.name.lower() for each in signal.statistics if each == question.statistic)


def _facts(entry: TrialPeers, question: Question) -> dict[tuple[int, str], object]:
    known = {catalogue.BY_NAME[name].id: value for name, value in entry.by.items()}
    plain = {
        identity: float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        for identity, value in known.items()
    }
    return {(fact.signal, ""): plain[fact.signal] for fact in question.facts if fact.signal}
