"""States: a fact is so, or is not (the condition ``state``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring_collector.engine import facts as fact_tests
from keuring_collector.engine.columns import NAN
from keuring_collector.engine.compiled import Truth
from keuring_collector.engine.explain import Step, term_truth
from keuring_collector.engine.kinds.kind import Kind
from keuring_collector.engine.model import LAST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from keuring_collector.engine.compiled import State, Value
    from keuring_collector.engine.kinds.kind import Place
    from keuring_collector.engine.model import Evidence


class Stating(Kind):
    """x is 1 where the test of a fact is true and 0 where it is false, written when the fact changes."""

    def facts(self, source: State) -> set[int]:
        return {source.test.signal}

    def about(self, source: State, signal: int, subject: str) -> str:
        return subject if source.test.per_subject else ""

    def from_facts(self, source: State, facts: Mapping[tuple[int, str], Value], subject: str) -> float:
        truth = fact_tests.test_fact(source.test, facts, subject)
        return NAN if truth is Truth.UNKNOWN else float(truth is Truth.TRUE)

    def settled(self, source: State, place: Place, present: set[tuple[int, int, str]]) -> bool:
        return not self.idle(source, place, present, 0.0)

    def evidence(self, source: State, place: Place) -> list[Evidence]:
        return self.state.known_facts(place.endpoint, {source.test.signal}, place.subject)

    def steps(self, source: State, place: Place) -> Iterator[Step]:
        test = source.test
        about = test.about(place.subject)
        known = place.endpoint.facts.get((test.signal, about))
        truth = term_truth(self.state, place)
        yield Step(about, "state", test.signal, LAST, known, test.operator.value, test.values, truth)
