"""Why a rule is true, false or not measurable for an endpoint now: its state, step by step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine import facts as fact_tests
from keuring_collector.engine.compiled import Truth
from keuring_collector.engine.model import LAST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.engine.compiled import Term, Value
    from keuring_collector.engine.kinds.kind import Place
    from keuring_collector.engine.state import Endpoint, FleetState


class Step(NamedTuple):
    """One step of the judgement of a rule about one subject.

    ``what``: "applies" (a fact that decides whether the rule is about this machine), "value", "floor", "growth",
    "forecast", "date", "state", "trend", "surely", "jump", "peers", "usual", "part" (one that was never reported),
    "points", "all", "any", "not", "risk", "hours", "hold", "recovery", "finding", "known" (for how long a series
    was), "habit" (a value and how far it may go), "score". ``value`` is None when it is not known. ``comparison``
    ("above", "below", "within", "older", "is", "at least", "for", "of", "against") says how it is held against
    ``limit``. ``detail`` is a word of the engine, such as why there is no forecast. Times and lengths of time
    are seconds.
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
    subjects = sorted(subject for rule, subject in endpoint.cells if rule == number)
    return [step for subject in subjects for step in _steps(state, state.place(endpoint, number, subject))]


def number(state: FleetState, row: int) -> float | None:
    """The x of a term, None when it is not known."""
    x = float(state.terms.x[row])
    return None if math.isnan(x) else x


def term_truth(state: FleetState, place: Place, offset: int = 0) -> Truth:
    """Whether a term of a cell is true, as of the endpoint's last window."""
    term, x = state.index.rules[place.number].terms[offset], float(state.terms.x[place.term + offset])
    value = term.sign * (x - term.slope * place.endpoint.at)
    if math.isnan(value):
        return Truth.UNKNOWN
    return Truth.TRUE if value > state.limit(place, offset) else Truth.FALSE


def _steps(state: FleetState, place: Place) -> Iterator[Step]:
    rule = state.index.rules[place.number]
    for test in rule.applies:
        about = test.about(place.subject)
        value = place.endpoint.facts.get((test.signal, about))
        passed = fact_tests.applies((test,), place.endpoint.facts, place.subject)
        truth = Truth.TRUE if passed else Truth.FALSE
        yield Step(about, "applies", test.signal, LAST, value, test.operator.value, test.values, truth)
    yield from main_steps(state, place)
    yield from _holding(state, place, told=True)


def main_steps(state: FleetState, place: Place) -> Iterator[Step]:
    """The steps of a cell's terms, and of its hold where it is part of something."""
    rule = state.index.rules[place.number]
    kind = state.index.kind[place.number]
    if kind is None:
        yield _compared(state, place, "value", rule.terms[0], 0)
    else:
        kind.catch_up(rule.source, place)
        yield from kind.steps(rule.source, place)
    for offset, term in enumerate(rule.terms[1:], 1):
        yield _compared(state, place, "floor", term, offset)
    if state.index.whole[place.number] >= 0:
        yield from _holding(state, place, told=False)


def _compared(state: FleetState, place: Place, what: str, term: Term, offset: int) -> Step:
    subject = place.subject if term.same_subject else ""
    comparison = "above" if term.sign > 0 else "below"
    # While the finding stands, the recovery limit is the one in force.
    active = bool(state.cells.active[place.cell])
    standing = state.limit(place, offset) * term.sign
    limit = state.rounded(term.signal, standing) if active else term.shown_limit
    detail = "less another signal" if term.minus_signal else ""
    value, truth = number(state, place.term + offset), term_truth(state, place, offset)
    return Step(subject, what, term.signal, term.statistic, value, comparison, limit, truth, detail)


def _passed(state: FleetState, place: Place, since: float) -> float:
    """How much of the time that counts for a rule passed since then."""
    begin, end = np.array([since]), np.array([place.endpoint.at])
    if state.hours is None:
        return float((end - begin)[0])
    return float(state.hours.lapse(begin, end, state.index.in_hours[[place.number]])[0])


def _holding(state: FleetState, place: Place, *, told: bool) -> Iterator[Step]:
    cells, rule = state.cells, state.index.rules[place.number]
    row, table = int(cells.standing[place.cell]), state.standing
    since, clearing = (float(table.since[row]), float(table.clearing[row])) if row >= 0 else (math.nan, math.nan)
    announced, active = row >= 0 and int(table.told_severity[row]) > 0, bool(cells.active[place.cell])
    if rule.business_hours and state.hours is not None:
        now = np.array([place.endpoint.at])
        within = bool(state.hours.inside(now - 1.0, now)[0])
        truth = Truth.TRUE if within else Truth.UNKNOWN
        yield Step(place.subject, "hours", 0, 0, "open" if within else "closed", "is", "open", truth)
    if rule.hold and not active:
        held = 0.0 if math.isnan(since) else _passed(state, place, since)
        truth = Truth.TRUE if held >= rule.hold else Truth.FALSE
        yield Step(place.subject, "hold", 0, 0, held, "for", rule.hold, truth)
    if active and not math.isnan(clearing):
        gone = _passed(state, place, clearing)
        truth = Truth.TRUE if gone >= rule.recovery_hold else Truth.FALSE
        yield Step(place.subject, "recovery", 0, 0, gone, "for", rule.recovery_hold, truth)
    if not told:
        return
    detail = "told" if announced else "waits for a fresh report" if active else ""
    truth = Truth.TRUE if active else Truth.FALSE
    if not active and np.isnan(state.terms.x[place.term]):
        truth = Truth.UNKNOWN
    yield Step(place.subject, "finding", 0, 0, None if math.isnan(since) else since, "since", None, truth, detail)
