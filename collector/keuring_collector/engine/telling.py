"""Findings as others see them: how severe, expected when, on what evidence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine.compiled import Combination
from keuring_collector.engine.daily import DAY
from keuring_collector.engine.machine import SLACK
from keuring_collector.engine.model import Change, Evidence, Expected, Finding, Severity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.compiled import CompiledRule, Term
    from keuring_collector.engine.kinds.kind import Place
    from keuring_collector.engine.state import Endpoint, FleetState


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
    table = state.cells
    dating = table.dating[cells]
    # A date that a part gives counts while that part is true.
    counts = (dating >= 0) & ((dating == cells) | table.active[dating])
    date = state.terms.x[table.term[dating]]
    return np.where(counts & np.isfinite(date), date, np.nan)


def finding(state: FleetState, endpoint: Endpoint, cell: int, change: Change, at: float, grade: int) -> Finding:
    """What is said of ``cell`` at a window that ends at ``at``."""
    number, subject = int(state.cells.rule[cell]), state.subjects[cell]
    rule = state.index.rules[number]
    return Finding(
        change=change,
        rule=rule.id,
        endpoint=endpoint.number,
        subject=subject,
        at=at,
        # A clock that went back does not put the beginning after the end.
        since=min(float(state.cells.told_since[cell]), at),
        severity=Severity(grade),
        expected=None if change is Change.CLEARED else _interval(state, cell),
        evidence=tuple(evidence(state, state.place(endpoint, number, subject))),
    )


def _interval(state: FleetState, cell: int) -> Expected | None:
    at = float(expected(state, np.array([cell]))[0])
    if math.isnan(at):
        return None
    dating = int(state.cells.dating[cell])
    kind = state.kind(state.rule(dating))
    low, high = (at, at) if kind is None else kind.interval(int(state.cells.extra[dating]), at)
    return Expected(at, low, high)


def evidence(state: FleetState, place: Place) -> list[Evidence]:
    """The numbers and facts behind what a cell says; what is not known is left out."""
    rule = state.index.rules[place.number]
    kind = state.kind(rule)
    if kind is None:
        found = _compared(state, "value", rule.terms[0], place.term, place.subject)
    else:
        found = kind.evidence(rule.source, place)
    for offset, term in enumerate(rule.terms[1:], 1):
        found += _compared(state, "floor", term, place.term + offset, place.subject if term.same_subject else "")
    return found


def _compared(state: FleetState, role: str, term: Term, row: int, subject: str) -> list[Evidence]:
    value = float(state.terms.x[row])
    found = []
    if math.isfinite(value):
        found.append(Evidence(role, term.signal, term.statistic, subject, state.rounded(term.signal, value)))
    if role == "value":
        found.append(Evidence("limit", term.signal, term.statistic, subject, term.shown_limit))
    return found


def looked_at(rule: CompiledRule) -> tuple[int, int]:
    """The (signal, statistic) that a rule is about first of all; (0, 0) when it is about facts."""
    source = rule.source
    if source is None:
        return rule.terms[0].signal, rule.terms[0].statistic
    if isinstance(source, Combination):
        return looked_at(source.parts[0].rule)
    lanes = getattr(source, "lanes", None)
    main = lanes[0] if lanes else source
    return getattr(main, "signal", 0), getattr(main, "statistic", 0)
