"""Findings as others see them: how severe, expected when, on what evidence."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine.compiled import Combination
from keuring_collector.engine.daily import DAY
from keuring_collector.engine.machine import SLACK
from keuring_collector.engine.model import Change, Evidence, Expected, Finding, Severity
from keuring_collector.engine.shape import CELLS, TERMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.compiled import CompiledRule, Term
    from keuring_collector.engine.kinds.kind import Place
    from keuring_collector.engine.state import FleetState

    Ints = NDArray[np.int64]


class Items(NamedTuple):
    """What may be told: cells, their rows in the table of what stands, their rules, and the places of their windows."""

    cell: Ints
    standing: Ints
    rule: Ints
    window: Ints


def severity(state: FleetState, items: Items, first: Ints, end: NDArray[np.float64]) -> NDArray[np.int8]:
    """How severe each item is now: its rule's severity, or worse. It eases off only when told daily.

    ``first`` is where the rows of each item's endpoint begin, by table.
    """
    table, index, rule = state.standing, state.index, items.rule
    term, spec = first[:, TERMS] + state.cells.term[items.cell], index.first_term[rule]
    value = index.sign[spec] * (state.terms.x[term] - index.slope[spec] * end)
    result = index.severity[rule]
    for grade in range(index.worse.shape[1]):
        result = np.where(value > index.worse[rule, grade], index.worse_severity[rule, grade], result)
    lasting = end - table.told[items.standing] < DAY - SLACK
    return np.where(lasting, np.maximum(result, table.told_severity[items.standing]), result)


def expected(state: FleetState, items: Items, first: Ints) -> NDArray[np.float64]:
    """When each item expects it to happen; NaN where a rule speaks of now."""
    cells = state.cells
    dating = cells.dating[items.cell]
    dated = first[:, CELLS] + np.maximum(dating, 0)
    # A date that a part gives counts while that part is true.
    counts = (dating >= 0) & ((dated == items.cell) | cells.active[dated])
    date = state.terms.x[first[:, TERMS] + cells.term[dated]]
    return np.where(counts & np.isfinite(date), date, np.nan)


def finding(state: FleetState, place: Place, change: Change, at: float, grade: int) -> Finding:
    """What is said of a cell at a window that ends at ``at``."""
    rule = state.index.rules[place.number]
    told_since = float(state.standing.told_since[state.cells.standing[place.cell]])
    return Finding(
        change=change,
        rule=rule.id,
        endpoint=place.endpoint.number,
        subject=place.subject,
        at=at,
        # A clock that went back does not put the beginning after the end.
        since=min(told_since, at),
        severity=Severity(grade),
        expected=None if change is Change.CLEARED else _interval(state, place),
        evidence=tuple(evidence(state, place)),
    )


def _interval(state: FleetState, place: Place) -> Expected | None:
    dating = int(state.cells.dating[place.cell])
    if dating < 0:
        return None
    dated = state.at(place.endpoint, dating)
    at = float(state.terms.x[dated.term])
    if not math.isfinite(at) or not (dated.cell == place.cell or state.cells.active[dated.cell]):
        return None
    kind = state.index.kind[dated.number]
    low, high = (at, at) if kind is None else kind.interval(state.index.rules[dated.number].source, dated, at)
    return Expected(at, low, high)


def evidence(state: FleetState, place: Place) -> list[Evidence]:
    """The numbers and facts behind what a cell says; what is not known is left out."""
    rule = state.index.rules[place.number]
    kind = state.index.kind[place.number]
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
