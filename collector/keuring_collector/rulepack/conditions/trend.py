"""`trend`: a daily series surely rises or falls by so much in a period."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from keuring.signals.model import Kind
from keuring_collector.engine import compiled
from keuring_collector.rulepack.conditions.base import (
    DAY,
    Duration,
    Leaf,
    Part,
    Quantity,
    exactly_one,
    find_identity,
    find_signal,
    find_statistic,
    to_number,
    to_seconds,
)
from keuring_collector.rulepack.conditions.floors import Floor, compile_floors
from keuring_collector.rulepack.conditions.history import (
    LONGEST,
    Daily,
    aggregate_of,
    find_restart,
    to_days,
    to_deviations,
)
from keuring_collector.rulepack.problems import Fault

if TYPE_CHECKING:
    from keuring_collector.rulepack.problems import Loc


ROUNDING = 12**-0.5  # standard deviation of what rounding to a step of 1 adds


class Trend(Part):
    """A daily series surely rises or falls by so much in a period: the interval of its slope leaves the limit out."""

    signal: str
    statistic: str | None = None
    rising_by: Quantity | None = None
    falling_by: Quantity | None = None
    per: Duration = "7d"
    daily: Daily = "mean"
    over: Duration = Field(default="28d", description="The days that are looked at.")
    minimum_history: Duration = "14d"
    confidence: Quantity = Field(default="90 %", description="Width of the interval around the slope.")
    step: Quantity | None = Field(
        default=None,
        description="A jump of at least this is no trend; default: what the limit comes to `over` all days.",
    )
    restart_on: str | None = Field(default=None, description="A size (gauge) whose change ends history.")
    identity: str | None = Field(default=None, description="A fact (a serial number) whose change ends history.")
    floors: list[Floor] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> Trend:
        exactly_one(self, "rising_by", "falling_by")
        return self


def compile_trend(condition: Trend, loc: Loc) -> Leaf:
    """For the engine. Raises Fault."""
    signal = find_signal(condition.signal, (*loc, "signal"), Kind.GAUGE, Kind.COUNTER)
    side = "rising_by" if condition.rising_by is not None else "falling_by"
    by = to_number(getattr(condition, side), signal.unit, (*loc, side))
    if by <= 0:
        raise Fault((*loc, side), f"a change by {by:g}", "write an amount above 0; rising and falling say which way")
    days, shortest = (
        to_days(condition.over, (*loc, "over")),
        to_days(condition.minimum_history, (*loc, "minimum_history")),
    )
    if not 3 <= shortest <= days <= LONGEST:
        raise Fault((*loc, "over"), "a history that cannot be", f"3d <= minimum_history <= over <= {LONGEST}d")
    per = to_seconds(condition.per, (*loc, "per")) / DAY
    if per <= 0:
        raise Fault((*loc, "per"), "a period of nothing", "write a length of time such as '7d'")
    step = by / per * days if condition.step is None else to_number(condition.step, signal.unit, (*loc, "step"))
    restart, restart_statistic = find_restart(condition.restart_on, signal, (*loc, "restart_on"))
    source = compiled.Trend(
        signal=signal.id,
        statistic=find_statistic(signal, condition.statistic, loc),
        aggregate=aggregate_of(condition.daily),
        sign=1.0 if side == "rising_by" else -1.0,
        per=per,
        days=days,
        minimum_days=shortest,
        step=step,
        noise=signal.precision * ROUNDING,
        z=to_deviations(condition.confidence, (*loc, "confidence")),
        restart_signal=restart,
        restart_statistic=restart_statistic,
        identity=find_identity(condition.identity, signal.subject, loc),
    )
    main = compiled.Term(0, 0, 1.0, by, by, shown_limit=by)
    terms = (main, *compile_floors(condition.floors, signal.subject, loc))
    return Leaf(terms, source, signal.subject, limit=lambda text, at: to_number(text, signal.unit, at))
