"""What the rules make of one machine now, item by item.

A finding is advice or a fail from the severity on that its rule says; one of a rule that opens no tickets is advice at
most. An item is not measurable only when no rule of it could be judged. Tips are no part of an inspection.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import BY_ID
from keuring_collector.desk.inspection import items
from keuring_collector.desk.models import Inspection
from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import Truth
from keuring_collector.engine.model import Severity
from keuring_collector.rulepack.reads import questions_of, signals_of
from keuring_collector.store.replay import present

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from keuring_collector.engine.compiled import Value
    from keuring_collector.engine.explain import Step
    from keuring_collector.engine.model import Finding
    from keuring_collector.rulepack import Rule, RulePack
    from keuring_collector.store import Store

Outcome = Inspection.Outcome
_GRAVITY: Final = {Outcome.PASS: 0, Outcome.ADVICE: 1, Outcome.FAIL: 2}


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding that counts."""

    rule: Rule
    finding: Finding
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Measured:
    """What was looked at and in order: a value, or a date that many seconds ``ahead`` (negative: ago).

    ``comparison``: "above" or "below" the ``limit`` would be a finding; empty where there is no such limit.
    """

    signal: str
    subject: str
    value: Value | None = None
    ahead: float | None = None
    comparison: str = ""
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """What could not be looked at; ``reason`` is the agent's, or empty when it never said anything."""

    signal: str
    reason: str


@dataclass(slots=True)
class Item:
    """One item of the inspection."""

    name: str
    faults: list[Fault] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    unmeasured: list[Unmeasured] = field(default_factory=list)
    looked: bool = False

    @property
    def outcome(self) -> Outcome:
        """The gravest fault's, a pass, or not measurable."""
        if self.faults:
            return max((fault.outcome for fault in self.faults), key=_GRAVITY.__getitem__)
        return Outcome.PASS if self.looked else Outcome.UNMEASURABLE


def total(found: Iterable[Item]) -> Outcome:
    """What the machine's stamp says: its gravest item's; not measurable only when all of them are."""
    outcomes = [item.outcome for item in found if item.outcome is not Outcome.UNMEASURABLE]
    return max(outcomes, key=_GRAVITY.__getitem__, default=Outcome.UNMEASURABLE)


def judge(store: Store, pack: RulePack, endpoint: int) -> list[Item]:
    """The items of an endpoint's inspection as of its last report, in the order of a report; empty: none ever came."""
    fleet = Fleet(pack.compiled, freshness=float("inf"))
    if any(questions_of(rule) for rule in pack.compiled.rules):
        fleet.use_baselines(store.baselines())
    if not present(store.connection, fleet, endpoint):
        return []
    standing: dict[str, list[Finding]] = {}
    for finding in fleet.findings(endpoint):
        standing.setdefault(finding.rule, []).append(finding)
    reasons: dict[int, str] = {}
    for signal, _subject, reason in store.unmeasured(endpoint):
        reasons.setdefault(signal, reason)
    found: dict[str, Item] = {}
    for compiled in pack.compiled.rules:
        rule = pack.rules[compiled.id]
        if rule.severity.grade is Severity.TIP:
            continue
        item = found.setdefault(rule.inspection.item, Item(rule.inspection.item))
        _look(item, rule, fleet.explain(endpoint, rule.id), standing.get(rule.id, ()))
        if not item.looked:
            about = {test.signal for test in compiled.applies}
            item.unmeasured += _unmeasured(signals_of(compiled) - about, reasons)
    for item in found.values():
        item.measured = _tightest(item.measured)
        item.unmeasured = [] if item.looked else _told(item.unmeasured)
    return sorted(found.values(), key=lambda item: items.order(item.name))


def _look(item: Item, rule: Rule, steps: Sequence[Step], findings: Iterable[Finding]) -> None:
    for finding in findings:
        outcome = _outcome(rule, finding.severity)
        item.looked = True
        if outcome is not Outcome.PASS:
            item.faults.append(Fault(rule, finding, outcome))
    for part in _subjects(steps):
        if not _applies(part):
            item.looked = True  # looked at, and nothing that this rule is about
        elif part[-1].truth is Truth.FALSE:
            item.looked = True
            item.measured += _plainly(part)


def _outcome(rule: Rule, severity: Severity) -> Outcome:
    if severity < rule.inspection.advice.grade:
        return Outcome.PASS
    grave = severity >= rule.inspection.fail.grade and rule.maturity.opens_tickets
    return Outcome.FAIL if grave else Outcome.ADVICE


def _subjects(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    """The steps of each subject; the last one says whether there is a finding."""
    begin = 0
    for place, step in enumerate(steps):
        if step.what == "finding":
            yield steps[begin : place + 1]
            begin = place + 1


def _applies(steps: Sequence[Step]) -> bool:
    return all(step.truth is Truth.TRUE for step in steps if step.what == "applies")


def _plainly(steps: Sequence[Step]) -> Iterator[Measured]:
    """The one measure that a rule is about first of all, where it is one that a person can hold against a limit."""
    step = next((step for step in steps if step.what != "applies"), None)
    if step is None or step.value is None or step.signal not in BY_ID or step.detail:
        return
    name = BY_ID[step.signal].name
    if step.what == "date" and isinstance(step.value, float):
        yield Measured(name, step.subject, ahead=step.value if step.comparison == "within" else -step.value)
    elif step.what == "state":
        yield Measured(name, step.subject, step.value)
    elif step.what == "value" and isinstance(step.limit, float):
        # A value beyond the limit is in order where the rule asks for more than that; then the limit says nothing.
        decides = step.truth is Truth.FALSE
        yield Measured(
            name, step.subject, step.value, None, step.comparison if decides else "", step.limit if decides else None
        )


def _tightest(measured: Iterable[Measured]) -> list[Measured]:
    """Each measure once, with the limit that it would pass first."""
    kept: dict[tuple[str, str], Measured] = {}
    for each in measured:
        known = kept.get((each.signal, each.subject))
        if known is None or _is_tighter(each, known):
            kept[each.signal, each.subject] = each
    return list(kept.values())


def _is_tighter(new: Measured, known: Measured) -> bool:
    if new.limit is None or known.limit is None:
        return known.limit is None and new.limit is not None
    if new.comparison != known.comparison:
        return False
    return new.limit < known.limit if new.comparison == "above" else new.limit > known.limit


def _unmeasured(signals: Iterable[int], reasons: Mapping[int, str]) -> Iterator[Unmeasured]:
    for signal in sorted(signals):
        if signal in BY_ID:
            yield Unmeasured(BY_ID[signal].name, reasons.get(signal, ""))


def _told(unmeasured: Iterable[Unmeasured]) -> list[Unmeasured]:
    """Each signal once; what was never heard of only where no reason is known at all."""
    once = list(dict.fromkeys(unmeasured))
    return [each for each in once if each.reason] or once
