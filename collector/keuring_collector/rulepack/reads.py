"""What a rule reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring_collector.engine import compiled

if TYPE_CHECKING:
    from keuring_collector.engine.baselines import Question


def signals_of(rule: compiled.CompiledRule) -> set[int]:
    """The ids of all signals that a rule and its parts read."""
    found = {term.signal for term in rule.terms} | {term.minus_signal for term in rule.terms}
    found |= {test.signal for test in rule.applies}
    source = rule.source
    if isinstance(source, compiled.Growth):
        found |= {lane.signal for lane in source.lanes} | {source.identity}
    elif isinstance(source, compiled.Forecast):
        found |= {source.signal, source.restart_signal, source.identity}
        found |= {source.cycles} if isinstance(source, compiled.ByCycles) else set()
    elif isinstance(source, compiled.Unusual):
        found |= {source.signal, source.identity}
    elif isinstance(source, compiled.Dated):
        found |= {source.signal} | {signal for row in source.table for signal, _ in row.match}
    elif isinstance(source, compiled.State):
        found.add(source.test.signal)
    elif isinstance(source, compiled.Trend | compiled.Jump):
        found |= {source.signal, source.restart_signal, source.identity}
    elif isinstance(source, compiled.Peer):
        found |= {source.signal, source.restart_signal, source.identity}
        found |= {fact.signal for fact in source.question.facts}
    elif isinstance(source, compiled.Combination):
        for part in source.parts:
            found |= signals_of(part.rule)
    return found - {0}


def keeps_hours(rule: compiled.CompiledRule) -> bool:
    """Whether a rule or a part of it keeps to business hours."""
    parts = rule.source.parts if isinstance(rule.source, compiled.Combination) else ()
    return rule.business_hours or any(keeps_hours(part.rule) for part in parts)


def questions_of(rule: compiled.CompiledRule) -> set[Question]:
    """What a rule and its parts ask of the fleet."""
    if isinstance(rule.source, compiled.Peer):
        return {rule.source.question}
    if isinstance(rule.source, compiled.Combination):
        return {question for part in rule.source.parts for question in questions_of(part.rule)}
    return set()
