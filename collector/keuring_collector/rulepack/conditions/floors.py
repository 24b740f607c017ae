"""Floors: further comparisons that must be true besides a condition's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from keuring.signals.model import Kind
from keuring_collector.engine.compiled import Term
from keuring_collector.rulepack.conditions.base import (
    Part,
    Quantity,
    beyond,
    exactly_one,
    find_signal,
    find_statistic,
    to_number,
)
from keuring_collector.rulepack.problems import Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keuring.signals.model import Signal
    from keuring_collector.rulepack.problems import Loc


class Sided(Part):
    """Something with a limit on one side."""

    above: Quantity | None = None
    below: Quantity | None = None

    @model_validator(mode="after")
    def _one_side(self) -> Self:
        exactly_one(self, "above", "below")
        return self


class Floor(Sided):
    """A further comparison that must hold too: on another signal of the same subject, or of the machine."""

    signal: str
    statistic: str | None = None
    recovery: Quantity | None = Field(default=None, description="Limit while the finding stands; default: the same.")


def side(part: Sided) -> float:
    """1 for above, -1 for below."""
    return 1.0 if part.above is not None else -1.0


def written(part: Sided, signal: Signal, loc: Loc) -> tuple[float, float]:
    """The limit of ``part`` as a term compares with it, and as it is shown. Raises Fault."""
    name = "above" if part.above is not None else "below"
    shown = to_number(getattr(part, name), signal.unit, (*loc, name))
    return beyond(signal, shown, side(part)), shown


def compile_floors(floors: Iterable[Floor], subject: str, loc: Loc) -> tuple[Term, ...]:
    """The terms of ``floors`` of a condition about ``subject``. Raises Fault."""
    return tuple(_compile(floor, subject, (*loc, "floors", number)) for number, floor in enumerate(floors))


def _compile(floor: Floor, subject: str, loc: Loc) -> Term:
    signal = find_signal(floor.signal, (*loc, "signal"), Kind.GAUGE, Kind.COUNTER)
    if signal.subject and signal.subject != subject:
        what = f"'{signal.name}' is per {signal.subject}, the rule is about {subject or 'the machine'}"
        raise Fault((*loc, "signal"), what, "a floor must be of the same subject, or of the machine")
    limit, shown = written(floor, signal, loc)
    recovery = limit
    if floor.recovery is not None:
        recovery = beyond(signal, to_number(floor.recovery, signal.unit, (*loc, "recovery")), side(floor))
        if recovery > limit:
            raise Fault((*loc, "recovery"), "recovery is on the wrong side of the limit", "write one that is better")
    statistic = find_statistic(signal, floor.statistic, loc)
    same = bool(signal.subject)
    return Term(signal.id, statistic, side(floor), limit, recovery, same_subject=same, shown_limit=shown)
