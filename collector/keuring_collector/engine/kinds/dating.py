"""Dates in facts, or looked up by facts (the conditions ``expires`` and ``age``)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from keuring_collector.engine import facts as fact_tests
from keuring_collector.engine.explain import Step, number, term_truth
from keuring_collector.engine.kinds.kind import Kind
from keuring_collector.engine.model import LAST, Evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keuring_collector.engine.compiled import Dated, Value
    from keuring_collector.engine.kinds.kind import Place


class Dating(Kind):
    """x is a date, written when a fact changes."""

    def facts(self, source: Dated) -> set[int]:
        return {signal for row in source.table for signal, _ in row.match} | {source.signal} - {0}

    def about(self, source: Dated, signal: int, subject: str) -> str:
        per_subject = source.per_subject if signal == source.signal else source.by_subject
        return subject if per_subject else ""

    def from_facts(self, source: Dated, facts: Mapping[tuple[int, str], Value], subject: str) -> float:
        return fact_tests.date_of(source, facts, subject)

    def dated(self, source: Dated) -> bool:
        return source.ahead

    def settled(self, source: Dated, place: Place, present: set[tuple[int, int, str]]) -> bool:
        return not self.idle(source, place, present, 0.0)

    def evidence(self, source: Dated, place: Place) -> list[Evidence]:
        found = self.state.known_facts(place.endpoint, self.facts(source), place.subject)
        value = float(self.state.terms.x[place.term])
        # A date from a table has no signal of its own; the facts that it rests on say enough.
        if source.signal and math.isfinite(value):
            found.append(Evidence("value", source.signal, 0, place.subject, value))
        return found

    def steps(self, source: Dated, place: Place) -> Iterator[Step]:
        value, truth, at = number(self.state, place.term), term_truth(self.state, place), place.endpoint.at
        limit = -self.state.limit(place)
        if source.ahead:
            left = None if value is None else value - at
            yield Step(place.subject, "date", source.signal, LAST, left, "within", limit, truth)
        else:
            old = None if value is None else at - value
            yield Step(place.subject, "date", source.signal, LAST, old, "older", -limit, truth)
