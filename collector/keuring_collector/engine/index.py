"""Looking rules up by what they read, and their numbers as columns; made once per pack.

Rules are numbered: those of the pack first, in its order, then the parts of those that are put together, each a rule of
its own that tells nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine.compiled import Combination

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keuring_collector.engine.compiled import CompiledPack, CompiledRule
    from keuring_collector.engine.kinds import Kind

GRADES = 2  # how often a rule may raise its severity


class PackIndex:
    """All rules and parts, and which of them a series, a fact or an event concerns.

    ``parts`` are the numbers of a combination's parts; ``whole`` is what a part belongs to (-1: a rule of the pack),
    ``root`` the rule of the pack; ``same`` whether a part is about the subject of its root; ``depth`` is 0 for what
    has no parts, else one more than its deepest part.
    """

    def __init__(self, pack: CompiledPack) -> None:
        self.rules: list[CompiledRule] = list(pack.rules)
        self.parts: dict[int, tuple[int, ...]] = {}
        self.whole = [-1] * len(pack.rules)
        self.root = list(range(len(pack.rules)))
        self.same = [True] * len(pack.rules)
        self._take_apart()
        self.depth = [0] * len(self.rules)
        for number in reversed(range(len(self.rules))):  # parts have higher numbers than their whole
            self.depth[number] = max((self.depth[part] + 1 for part in self.parts.get(number, ())), default=0)
        self.deepest = max(self.depth, default=0)
        self.depths = np.array(self.depth or [0], dtype=np.int64)
        self.is_part = np.array([whole >= 0 for whole in self.whole] or [False])
        self._numbers()

    def _take_apart(self) -> None:
        number = 0
        while number < len(self.rules):
            source = self.rules[number].source
            if isinstance(source, Combination):
                first = len(self.rules)
                for part in source.parts:
                    self.rules.append(part.rule)
                    self.whole.append(number)
                    self.root.append(self.root[number])
                    self.same.append(part.same_subject and self.same[number])
                self.parts[number] = tuple(range(first, len(self.rules)))
            number += 1

    def _numbers(self) -> None:
        rules = self.rules
        self.hold = np.array([r.hold for r in rules] or [0.0])
        self.recovery = np.array([r.recovery_hold for r in rules] or [0.0])
        self.gap = np.array([r.gap for r in rules] or [0.0])
        self.in_hours = np.array([r.business_hours for r in rules] or [False])
        self.severity = np.array([int(r.severity) for r in rules] or [0], dtype=np.int8)
        self.worse = np.full((len(rules) or 1, GRADES), np.inf)
        self.worse_severity = np.zeros((len(rules) or 1, GRADES), dtype=np.int8)
        for number, rule in enumerate(rules):
            for grade, (limit, severity) in enumerate(rule.worse[:GRADES]):
                self.worse[number, grade], self.worse_severity[number, grade] = limit, severity
        # The terms of all rules, one after the other; last the one by which a rule is judged that no longer applies.
        terms = [term for rule in rules for term in rule.terms]
        self.first_term = np.cumsum([0, *(len(rule.terms) for rule in rules)])
        self.never = len(terms)
        self.sign = np.array([term.sign for term in terms] + [1.0])
        self.slope = np.array([term.slope for term in terms] + [0.0])
        self.limit = np.array([term.limit for term in terms] + [np.inf])
        self.standing_limit = np.array([term.recovery for term in terms] + [np.inf])

    def enter(self, kinds: Mapping[type, Kind]) -> None:
        """Notes what the rules read, as their kinds know it."""
        self.kind = [None if rule.source is None else kinds[type(rule.source)] for rule in self.rules]
        self.by_series: dict[tuple[int, int], list[int]] = defaultdict(list)
        self.by_fact: dict[int, list[int]] = defaultdict(list)
        self.by_event: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.by_identity: dict[int, list[int]] = defaultdict(list)
        self.applying = {test.signal for rule in self.rules for test in rule.applies}
        self.facts = set(self.applying)  # all that any rule looks at
        for number, rule in enumerate(self.rules):
            if rule.source is None:
                self.by_series[rule.terms[0].signal, rule.terms[0].statistic].append(number)
                continue
            kind, source = kinds[type(rule.source)], rule.source
            for key in set(kind.series(source)):
                self.by_series[key].append(number)
            for signal, lane in kind.events(source):
                self.by_event[signal].append((number, lane))
            for signal in kind.facts(source):
                self.by_fact[signal].append(number)
            if identity := kind.identity(source):
                self.by_identity[identity].append(number)
            self.applying |= kind.sorting(source)
            self.facts |= kind.sorting(source)
            self.facts |= (kind.facts(source) | {kind.identity(source)}) - {0}
