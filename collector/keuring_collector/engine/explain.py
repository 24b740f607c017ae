"""Why a rule is true, false or not measurable for an endpoint now: its state, step by step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import facts as fact_tests
from keuring_collector.engine.compiled import Dated, Forecast, Growth, State, Truth
from keuring_collector.engine.forecast import Outcome
from keuring_collector.engine.model import LAST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.engine.compiled import CompiledRule, Term, Value
    from keuring_collector.engine.state import Endpoint, FleetState


class Step(NamedTuple):
    """One step of the judgement of a rule about one subject.

    ``what``: "applies" (a fact that decides whether the rule is about this machine), "value", "floor", "growth",
    "forecast", "date", "state", "hold", "recovery", "finding". ``value`` is None when it is not known. ``comparison``
    ("above", "below", "within", "older", "is", "at least", "for") says how it is held against ``limit``. ``detail`` is
    a word of the engine, such as why there is no forecast. Times and lengths of time are seconds.
    """

    subject: str
    what: str
    signal: int
    statistic: int
    value: Value | None
    comparison: str
    limit: Value | tuple[Value, ...] | None
    truth: Truth
    detail: str = ""


def explain(state: FleetState, endpoint: Endpoint, number: int) -> list[Step]:
    """The steps of rule ``number`` for each subject of the endpoint, as of its last window; empty: nothing known."""
    cells = sorted((subject, cell) for (rule, subject), cell in endpoint.cells.items() if rule == number)
    return [step for subject, cell in cells for step in _Explainer(state, endpoint, cell, subject).steps()]


class _Explainer:
    def __init__(self, state: FleetState, endpoint: Endpoint, cell: int, subject: str) -> None:
        self.state = state
        self.endpoint = endpoint
        self.cell = cell
        self.subject = subject
        self.rule: CompiledRule = state.rule(cell)
        self.first = int(state.cells.term[cell])

    def steps(self) -> Iterator[Step]:
        for test in self.rule.applies:
            about = self.subject if test.per_subject else ""
            value = self.endpoint.facts.get((test.signal, about))
            passed = fact_tests.applies((test,), self.endpoint.facts, self.subject)
            truth = Truth.TRUE if passed else Truth.FALSE
            yield Step(about, "applies", test.signal, LAST, value, test.operator.value, test.values, truth)
        yield self._main()
        for offset, term in enumerate(self.rule.terms[1:], 1):
            yield self._compared("floor", term, self.first + offset)
        yield from self._holding()

    def _number(self, row: int) -> float | None:
        x = float(self.state.terms.x[row])
        return None if math.isnan(x) else x

    def _truth(self, row: int) -> Truth:
        terms = self.state.terms
        value = float(terms.sign[row] * (terms.x[row] - terms.slope[row] * self.endpoint.at))
        if math.isnan(value):
            return Truth.UNKNOWN
        return Truth.TRUE if value > float(terms.limit[row]) else Truth.FALSE

    def _compared(self, what: str, term: Term, row: int) -> Step:
        subject = self.subject if term.same_subject else ""
        comparison = "above" if term.sign > 0 else "below"
        # While the finding stands, the recovery limit is the one in force.
        limit = float(self.state.terms.limit[row]) * term.sign if self._active else term.shown_limit
        detail = "less another signal" if term.minus_signal else ""
        value, truth = self._number(row), self._truth(row)
        return Step(subject, what, term.signal, term.statistic, value, comparison, limit, truth, detail)

    @property
    def _active(self) -> bool:
        return bool(self.state.cells.active[self.cell])

    def _main(self) -> Step:
        source, main, row = self.rule.source, self.rule.terms[0], self.first
        value, truth = self._number(row), self._truth(row)
        extra = int(self.state.cells.extra[self.cell])
        if isinstance(source, Growth):
            lane = source.lanes[0]
            detail = "days" if source.count_days else ""
            return Step(
                self.subject, "growth", lane.signal, lane.statistic, value, "at least", main.shown_limit, truth, detail
            )
        if isinstance(source, Forecast):
            outcome = Outcome(int(self.state.rings.outcome[extra])).name.lower()
            left = None if value is None else value - self.endpoint.at
            horizon = -float(self.state.terms.limit[row])
            return Step(
                self.subject, "forecast", source.signal, source.statistic, left, "within", horizon, truth, outcome
            )
        if isinstance(source, Dated):
            limit = -float(self.state.terms.limit[row])
            if source.ahead:
                left = None if value is None else value - self.endpoint.at
                return Step(self.subject, "date", source.signal, LAST, left, "within", limit, truth)
            old = None if value is None else self.endpoint.at - value
            return Step(self.subject, "date", source.signal, LAST, old, "older", -limit, truth)
        if isinstance(source, State):
            about = self.subject if source.test.per_subject else ""
            known = self.endpoint.facts.get((source.test.signal, about))
            test = source.test
            return Step(about, "state", test.signal, LAST, known, test.operator.value, test.values, truth)
        return self._compared("value", main, row)

    def _holding(self) -> Iterator[Step]:
        cells, at = self.state.cells, self.endpoint.at
        since, clearing = float(cells.since[self.cell]), float(cells.clearing[self.cell])
        if self.rule.hold and not self._active:
            held = 0.0 if math.isnan(since) else at - since
            truth = Truth.TRUE if held >= self.rule.hold else Truth.FALSE
            yield Step(self.subject, "hold", 0, 0, held, "for", self.rule.hold, truth)
        if self._active and not math.isnan(clearing):
            truth = Truth.TRUE if at - clearing >= self.rule.recovery_hold else Truth.FALSE
            yield Step(self.subject, "recovery", 0, 0, at - clearing, "for", self.rule.recovery_hold, truth)
        told = int(cells.told_severity[self.cell]) > 0
        detail = "told" if told else "waits for a fresh report" if self._active else ""
        truth = Truth.TRUE if self._active else Truth.FALSE
        if not self._active and np.isnan(self.state.terms.x[self.first]):
            truth = Truth.UNKNOWN
        yield Step(self.subject, "finding", 0, 0, None if math.isnan(since) else since, "since", None, truth, detail)
