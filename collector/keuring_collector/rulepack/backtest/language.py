"""What a backtest reads from a rule as it is written, wherever in its condition that stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from keuring.signals import catalogue
from keuring_collector.rulepack import quantity
from keuring_collector.rulepack.language import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.rulepack.language import Rule

AGGREGATES = {"last": "last", "min": "minimum", "mean": "mean", "max": "maximum"}
STATISTICS = {"last": 1, "min": 2, "mean": 3, "max": 4, "sum": 5}


class Limit(NamedTuple):
    """A limit that a forecast is about: reached when ``sign * value`` is at least ``sign * limit``."""

    signal: int
    statistic: int
    limit: float
    sign: float


def only_tips(rule: Rule) -> bool:
    """Whether the rule never says anything graver than a tip, and so opens no ticket."""
    return all(severity is Severity.TIP for severity in (rule.severity, *(worse.severity for worse in rule.worse)))


def limits(rule: Rule) -> tuple[Limit, ...]:
    """The limits that the rule foresees; empty for a rule that speaks of the present."""
    found = []
    for part in _parts(rule.condition.model_dump(exclude_none=True)):
        for side, sign in (("rises_to", 1.0), ("falls_to", -1.0)):
            if side in part:
                signal = catalogue.BY_NAME[part["signal"]]
                found.append(Limit(signal.id, _statistic(part), quantity.parse(part[side], signal.unit), sign))
    return tuple(found)


def aggregates(rule: Rule) -> dict[tuple[int, int], str]:
    """Which column of a day stands for a series that the rule looks at by the day: {(signal, statistic): column}."""
    return {
        (catalogue.BY_NAME[part["signal"]].id, _statistic(part)): AGGREGATES[part["daily"]]
        for part in _parts(rule.condition.model_dump(exclude_none=True))
        if part.get("daily") in AGGREGATES
    }


def identities(rule: Rule) -> set[int]:
    """The facts that name the parts which the rule watches."""
    return {
        catalogue.BY_NAME[part["identity"]].id
        for part in _parts(rule.condition.model_dump(exclude_none=True))
        if "identity" in part
    }


def _parts(data: Any) -> Iterator[dict[str, Any]]:
    """All models in a condition that look at one signal."""
    if isinstance(data, dict):
        if isinstance(data.get("signal"), str):
            yield data
        for value in data.values():
            yield from _parts(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _parts(value)


def _statistic(part: dict[str, Any]) -> int:
    name = part.get("statistic")
    return STATISTICS[name] if name else int(catalogue.BY_NAME[part["signal"]].statistics[0])
