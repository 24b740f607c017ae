"""`threshold`: a value beyond a limit, for some time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from keuring.signals.model import Kind
from keuring_collector.engine.compiled import Term
from keuring_collector.rulepack.conditions.base import (
    Duration,
    Leaf,
    beyond,
    find_signal,
    find_statistic,
    to_number,
    to_seconds,
)
from keuring_collector.rulepack.conditions.floors import Floor, Sided, compile_floors, side, written
from keuring_collector.rulepack.problems import Fault

if TYPE_CHECKING:
    from keuring_collector.rulepack.problems import Loc


class Threshold(Sided):
    """A value beyond a limit, for some time."""

    signal: str
    statistic: str | None = None
    minus: str | None = Field(default=None, description="A signal of the same subject that is subtracted first.")
    hold: Duration = "15m"
    gap: Duration | None = Field(default=None, description="A longer time without a value starts the hold afresh.")
    hours: Literal["business"] | None = Field(
        default=None, description="`business`: only windows within business hours count, and only their time passes."
    )
    floors: list[Floor] = Field(default_factory=list)


def compile_threshold(condition: Threshold, loc: Loc) -> Leaf:
    """For the engine. Raises Fault."""
    signal = find_signal(condition.signal, (*loc, "signal"), Kind.GAUGE, Kind.COUNTER)
    limit, shown = written(condition, signal, loc)
    minus = minus_statistic = 0
    if condition.minus is not None:
        other = find_signal(condition.minus, (*loc, "minus"))
        if (other.unit, other.subject) != (signal.unit, signal.subject):
            raise Fault((*loc, "minus"), f"'{other.name}' has another unit or subject than '{signal.name}'")
        minus, minus_statistic = other.id, find_statistic(other, None, (*loc, "minus"))
    main = Term(
        signal.id,
        find_statistic(signal, condition.statistic, loc),
        side(condition),
        limit,
        limit,
        minus_signal=minus,
        minus_statistic=minus_statistic,
        shown_limit=shown,
    )
    return Leaf(
        terms=(main, *compile_floors(condition.floors, signal.subject, loc)),
        source=None,
        subject=signal.subject,
        hold=to_seconds(condition.hold, (*loc, "hold")),
        gap=0.0 if condition.gap is None else to_seconds(condition.gap, (*loc, "gap")),
        business_hours=condition.hours is not None,
        limit=lambda text, at: beyond(signal, to_number(text, signal.unit, at), side(condition)),
    )
