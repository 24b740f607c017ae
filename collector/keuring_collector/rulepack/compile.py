"""From the rule language to what the engine runs: names become ids, quantities become numbers in the signal's unit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keuring_collector.engine import compiled
from keuring_collector.rulepack.conditions import compile_condition
from keuring_collector.rulepack.conditions.base import fact_operator, fact_test, to_seconds
from keuring_collector.rulepack.problems import Fault

if TYPE_CHECKING:
    from keuring_collector.engine.model import Severity
    from keuring_collector.rulepack.conditions.base import Leaf
    from keuring_collector.rulepack.language import Rule
    from keuring_collector.rulepack.problems import Loc


def compile_rule(rule: Rule) -> compiled.CompiledRule:
    """``rule`` for the engine. Raises Fault for an unknown signal, a wrong statistic or unit, and the like."""
    leaf = compile_condition(rule.condition, ("condition",))
    main = leaf.terms[0]
    if rule.recovery.limit is not None:
        main = replace(main, recovery=_recovery(rule, leaf))
    worse = tuple(_worse(rule, leaf, number) for number in range(len(rule.worse)))
    if list(worse) != sorted(worse):
        raise Fault(("worse",), "the limits do not grow worse", "write the milder one first")
    return compiled.CompiledRule(
        id=rule.id,
        name=rule.name,
        severity=rule.severity.grade,
        terms=(main, *leaf.terms[1:]),
        source=leaf.source,
        applies=_applies(rule),
        hold=leaf.hold,
        recovery_hold=to_seconds(rule.recovery.hold, ("recovery", "hold")),
        gap=leaf.gap,
        business_hours=leaf.business_hours,
        worse=worse,
    )


def _applies(rule: Rule) -> tuple[compiled.FactTest, ...]:
    return tuple(
        fact_test(name, *fact_operator(test), ("applies_to", name), test.subject)
        for name, test in rule.applies_to.items()
    )


def _limit(rule: Rule, leaf: Leaf, text: str | float, loc: Loc) -> float:
    if leaf.limit is None:
        raise Fault(loc, f"the condition '{rule.condition.kind}' has no limit", "leave it out")
    return leaf.limit(text, loc)


def _recovery(rule: Rule, leaf: Leaf) -> float:
    loc, written = ("recovery", "limit"), rule.recovery.limit
    assert written is not None  # noqa: S101 - the caller looked
    recovery = _limit(rule, leaf, written, loc)
    if recovery > leaf.terms[0].limit:
        raise Fault(loc, f"recovery at '{written}' is on the wrong side of the limit", "write one that is better")
    return recovery


def _worse(rule: Rule, leaf: Leaf, number: int) -> tuple[float, Severity]:
    entry, loc = rule.worse[number], ("worse", number, "limit")
    limit = _limit(rule, leaf, entry.limit, loc)
    if limit < leaf.terms[0].limit:
        raise Fault(loc, f"'{entry.limit}' is milder than the condition's own limit", "write one that is worse")
    return limit, entry.severity.grade
