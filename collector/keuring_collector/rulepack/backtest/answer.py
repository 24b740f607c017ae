"""The answer to a backtest: asks, and gathers what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from keuring_collector.engine.facts import applies
from keuring_collector.rulepack.backtest import assess, compare, work
from keuring_collector.rulepack.backtest.asked import Outcome
from keuring_collector.rulepack.compile import compile_rule
from keuring_collector.store import desk, facts
from keuring_collector.store.connection import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from keuring_collector.engine.compiled import FactTest
    from keuring_collector.rulepack.backtest.asked import Candidate, Machine, Question
    from keuring_collector.rulepack.backtest.assess import Judged
    from keuring_collector.rulepack.backtest.compare import Pair
    from keuring_collector.rulepack.backtest.replay import Seen
    from keuring_collector.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Side:
    """What one version of the rule would have done."""

    candidate: Candidate
    judged: Sequence[Judged]
    missed: Sequence[Outcome]


@dataclass(frozen=True, slots=True)
class Answer:
    """What history says: one side, or two and how they compare. ``seen`` tells of the machines that have a history."""

    question: Question
    machines: Mapping[int, Machine]
    seen: Mapping[int, Seen]
    sides: Sequence[Side]
    pairs: Sequence[Pair] | None = None


def ask(
    question: Question,
    url: str,
    jobs: int = 1,
    advance: Callable[[int], None] | None = None,
    at_once: int = work.AT_ONCE,
) -> Answer:
    """Replays the history in the database at ``url`` through the rules of ``question``, in ``jobs`` processes.

    ``advance`` is told how many machines were done, each time that some ``at_once`` are; what it raises ends the work.
    Raises StorageError. The answer depends on the question and the database alone.
    """
    machines = {machine.endpoint: machine for machine in sorted(question.machines, key=lambda each: each.endpoint)}
    rules = tuple(each.rule for each in question.candidates)
    task = work.Task(url, rules, question.since, question.until, question.freshness, question.place)
    played = work.play(task, list(machines), jobs, advance, at_once)
    seen = {each.endpoint: each for each in played.seen if each.windows}
    spans = {endpoint: (each.begin, each.end) for endpoint, each in seen.items()}
    connection = connect(url)
    sides = []
    try:
        for candidate, tickets, outcomes in zip(question.candidates, played.tickets, played.outcomes, strict=True):
            rule, applying = candidate.rule, compile_rule(candidate.rule).applies
            others = [
                Outcome(endpoint, "urgent", since, subject)
                for endpoint, subject, since in desk.grave(connection, rule.cause, rule.id)
                if endpoint in machines and _is_about(connection, applying, endpoint, subject)
            ]
            incidents = question.incidents.get(rule.cause, ())
            past = desk.past(connection, rule.cause)
            judged, missed = assess.assess(tickets, [*outcomes, *others, *incidents], past, spans, question.horizon)
            sides.append(Side(candidate, judged, missed))
    finally:
        connection.close()
    pairs = compare.compare(*played.tickets) if len(sides) == 2 else None
    return Answer(question, machines, seen, sides, pairs)


def _is_about(connection: Connection, tests: Sequence[FactTest], endpoint: int, subject: str) -> bool:
    """Whether the rule applies there: a rule on hard disks does not miss what comes over an NVMe disk."""
    if not tests:
        return True
    known = {(fact.signal, fact.subject): fact.value for fact in facts.facts(connection, endpoint)}
    return applies(tests, {key: value for key, value in known.items() if value is not None}, subject)
