"""What a rule reads."""

from __future__ import annotations

from keuring_collector.engine import compiled


def signals_of(rule: compiled.CompiledRule) -> set[int]:
    """The ids of all signals that a rule and its parts read."""
    found = {term.signal for term in rule.terms} | {term.minus_signal for term in rule.terms}
    found |= {test.signal for test in rule.applies}
    source = rule.source
    if isinstance(source, compiled.Growth):
        found |= {lane.signal for lane in source.lanes} | {source.identity}
    elif isinstance(source, compiled.Forecast):
        found |= {source.signal, source.restart_signal, source.identity}
    elif isinstance(source, compiled.Unusual):
        found.add(source.signal)
    elif isinstance(source, compiled.Dated):
        found |= {source.signal} | {signal for row in source.table for signal, _ in row.match}
    elif isinstance(source, compiled.State):
        found.add(source.test.signal)
    elif isinstance(source, compiled.Combination):
        for part in source.parts:
            found |= signals_of(part.rule)
    return found - {0}
