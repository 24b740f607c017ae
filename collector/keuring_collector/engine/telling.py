"""Findings as others see them: how severe, expected when, on what evidence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine.compiled import Dated, Forecast, Growth, State
from keuring_collector.engine.daily import DAY
from keuring_collector.engine.machine import SLACK
from keuring_collector.engine.model import LAST, Change, Evidence, Expected, Finding, Severity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.compiled import CompiledRule, Term, Value
    from keuring_collector.engine.state import Endpoint, FleetState

RATE_DIGITS = 3


def severity(state: FleetState, cells: NDArray[np.int64], end: NDArray[np.float64]) -> NDArray[np.int8]:
    """How severe each of ``cells`` is now: its rule's severity, or worse. It eases off only when told daily."""
    table, index, terms = state.cells, state.index, state.terms
    rule, term = table.rule[cells], table.term[cells]
    value = terms.sign[term] * (terms.x[term] - terms.slope[term] * end)
    result = index.severity[rule]
    for grade in range(index.worse.shape[1]):
        result = np.where(value > index.worse[rule, grade], index.worse_severity[rule, grade], result)
    lasting = end - table.told[cells] < DAY - SLACK
    return np.where(lasting, np.maximum(result, table.told_severity[cells]), result)


def expected(state: FleetState, cells: NDArray[np.int64]) -> NDArray[np.float64]:
    """When each of ``cells`` expects it to happen; NaN where a rule speaks of now."""
    table, index = state.cells, state.index
    rule = table.rule[cells]
    date = state.terms.x[table.term[cells]]
    return np.where((index.forecasts[rule] | index.ahead[rule]) & np.isfinite(date), date, np.nan)


def _interval(state: FleetState, rule: CompiledRule, cell: int) -> Expected | None:
    at = float(state.terms.x[state.cells.term[cell]])
    if not math.isfinite(at):
        return None
    if isinstance(rule.source, Forecast):
        ring = int(state.cells.extra[cell])
        return Expected(at, float(state.rings.low[ring]), float(state.rings.high[ring]))
    if isinstance(rule.source, Dated) and rule.source.ahead:
        return Expected(at, at, at)
    return None


class Teller:
    """Makes findings of one fleet."""

    def __init__(self, state: FleetState) -> None:
        self._state = state

    def rounded(self, signal: int, value: float) -> float:
        """``value`` to the catalogue's precision."""
        step = self._state.pack.precision.get(signal, 0.0)
        if not step or not math.isfinite(value):
            return value
        return round(round(value / step) * step, 9)

    def finding(self, endpoint: Endpoint, cell: int, change: Change, at: float, since: float, grade: int) -> Finding:
        """What is said of ``cell`` at a window that ends at ``at``."""
        rule = self._state.rule(cell)
        subject = self._state.subjects[cell]
        return Finding(
            change=change,
            rule=rule.id,
            endpoint=endpoint.number,
            subject=subject,
            at=at,
            since=since,
            severity=Severity(grade),
            expected=None if change is Change.CLEARED else _interval(self._state, rule, cell),
            evidence=tuple(self.evidence(endpoint, cell, rule, subject)),
        )

    def evidence(self, endpoint: Endpoint, cell: int, rule: CompiledRule, subject: str) -> list[Evidence]:
        """The numbers and facts behind a finding; what is not known is left out."""
        state, source = self._state, rule.source
        first = int(state.cells.term[cell])
        main = rule.terms[0]
        found: list[Evidence] = []
        if source is None:
            found += self._compared("value", main, first, subject)
        elif isinstance(source, Growth):
            lane = source.lanes[0]
            value = float(state.terms.x[first])
            if math.isfinite(value):
                found.append(Evidence("value", lane.signal, lane.statistic, subject, value))
            found.append(Evidence("limit", lane.signal, lane.statistic, subject, main.shown_limit))
        elif isinstance(source, Forecast):
            ring = int(state.cells.extra[cell])
            found += self._projected(source, ring, subject)
        elif isinstance(source, Dated):
            found += self._facts(endpoint, {source.signal} | {s for row in source.table for s, _ in row.match}, subject)
            value = float(state.terms.x[first])
            if math.isfinite(value):
                found.append(Evidence("value", source.signal, 0, subject, value))
        elif isinstance(source, State):
            found += self._facts(endpoint, {source.test.signal}, subject)
        for offset, term in enumerate(rule.terms[1:], 1):
            found += self._compared("floor", term, first + offset, subject if term.same_subject else "")
        return found

    def _compared(self, role: str, term: Term, row: int, subject: str) -> list[Evidence]:
        value = float(self._state.terms.x[row])
        found = []
        if math.isfinite(value):
            found.append(Evidence(role, term.signal, term.statistic, subject, self.rounded(term.signal, value)))
        if role == "value":
            found.append(Evidence("limit", term.signal, term.statistic, subject, term.shown_limit))
        return found

    def _projected(self, source: Forecast, ring: int, subject: str) -> list[Evidence]:
        rings = self._state.rings
        found = []
        points = rings.point[ring, (rings.day[ring] - np.arange(1, source.maximum_days + 1)) % rings.point.shape[1]]
        known = points[~np.isnan(points)]
        value = float(rings.value[ring])
        if not math.isfinite(value) and len(known):
            value = float(known[0])
        if math.isfinite(value):
            value = self.rounded(source.signal, value)
            found.append(Evidence("value", source.signal, source.statistic, subject, value))
        found.append(Evidence("limit", source.signal, source.statistic, subject, source.limit))
        rate = float(rings.rate[ring])
        if math.isfinite(rate):
            rate = float(f"{rate:.{RATE_DIGITS}g}")
            found.append(Evidence("slope", source.signal, source.statistic, subject, rate))
        return found

    def _facts(self, endpoint: Endpoint, signals: set[int], subject: str) -> list[Evidence]:
        found = []
        for signal in sorted(signals - {0}):
            for about in dict.fromkeys((subject, "")):
                value: Value | None = endpoint.facts.get((signal, about))
                if value is not None:
                    found.append(Evidence("fact", signal, LAST, about, value))
                    break
        return found
