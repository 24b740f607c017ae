"""Looking rules up by what they read, and their numbers as columns; made once per pack."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine.compiled import Dated, Forecast, Growth, State
from keuring_collector.engine.model import LAST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.engine.compiled import CompiledPack, CompiledRule

GRADES = 2  # how often a rule may raise its severity


class PackIndex:
    """Which rules a series, a fact or an event concerns, and the rules' numbers by rule index."""

    def __init__(self, pack: CompiledPack) -> None:
        self.pack = pack
        self.by_series: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.by_fact: dict[int, list[int]] = defaultdict(list)
        self.by_event: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.by_identity: dict[int, list[int]] = defaultdict(list)
        self.facts: set[int] = set()  # all that any rule looks at
        self.applying: set[int] = set()  # those that decide whether a rule applies
        for number, rule in enumerate(pack.rules):
            self._enter(number, rule)
        rules = pack.rules
        self.hold = np.array([r.hold for r in rules] or [0.0])
        self.recovery = np.array([r.recovery_hold for r in rules] or [0.0])
        self.gap = np.array([r.gap for r in rules] or [0.0])
        self.severity = np.array([int(r.severity) for r in rules] or [0], dtype=np.int8)
        self.worse = np.full((len(rules) or 1, GRADES), np.inf)
        self.worse_severity = np.zeros((len(rules) or 1, GRADES), dtype=np.int8)
        for number, rule in enumerate(rules):
            for grade, (limit, severity) in enumerate(rule.worse[:GRADES]):
                self.worse[number, grade], self.worse_severity[number, grade] = limit, severity
        self.forecasts = np.array([isinstance(r.source, Forecast) for r in rules] or [False])
        self.ahead = np.array([isinstance(r.source, Dated) and r.source.ahead for r in rules] or [False])
        self.aggregate = np.array(
            [r.source.aggregate if isinstance(r.source, Forecast) else LAST for r in rules] or [LAST], dtype=np.int8
        )
        days = max((r.source.maximum_days for r in rules if isinstance(r.source, Forecast)), default=1)
        # One more than a forecast reads: the day that is being collected overwrites the oldest.
        self.ring_days = -(-(days + 1) // 8) * 8

    def _enter(self, number: int, rule: CompiledRule) -> None:
        source = rule.source
        self.applying.update(test.signal for test in rule.applies)
        self.facts |= self.applying
        for signal, statistic in set(_series(rule)):
            self.by_series[signal, statistic].append(number)
        if isinstance(source, Growth):
            for lane, spec in enumerate(source.lanes):
                if not spec.statistic:
                    self.by_event[spec.signal].append((number, lane))
        signals: set[int] = set()
        if isinstance(source, State):
            signals.add(source.test.signal)
        elif isinstance(source, Dated):
            signals.update(signal for row in source.table for signal, _ in row.match)
            signals.update({source.signal} - {0})
        for signal in signals:
            self.by_fact[signal].append(number)
        self.facts |= signals
        if isinstance(source, Growth | Forecast) and source.identity:
            self.by_identity[source.identity].append(number)
            self.facts.add(source.identity)


def _series(rule: CompiledRule) -> Iterator[tuple[int, int]]:
    """The series that bring a subject of the rule into being."""
    source = rule.source
    if source is None:
        yield rule.terms[0].signal, rule.terms[0].statistic
    elif isinstance(source, Forecast):
        yield source.signal, source.statistic
    elif isinstance(source, Growth):
        yield from ((lane.signal, lane.statistic) for lane in source.lanes if lane.statistic)


def subject_of(rule: CompiledRule, signal: int, subject: str) -> str:
    """The subject of the finding that a fact concerns: its own, or the machine as a whole."""
    source = rule.source
    if isinstance(source, State):
        return subject if source.test.per_subject else ""
    if isinstance(source, Dated):
        return subject if source.per_subject and signal == source.signal else ""
    return subject
