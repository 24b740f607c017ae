"""`jump`: a daily series jumped by so much, and did not come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from keuring.signals.model import Kind
from keuring_collector.engine import compiled
from keuring_collector.engine.jump import BEFORE
from keuring_collector.rulepack.conditions.base import (
    Duration,
    Leaf,
    Part,
    Quantity,
    exactly_one,
    find_identity,
    find_signal,
    find_statistic,
    to_number,
)
from keuring_collector.rulepack.conditions.floors import Floor, compile_floors
from keuring_collector.rulepack.conditions.history import LONGEST, Daily, aggregate_of, find_restart, to_days
from keuring_collector.rulepack.problems import Fault

if TYPE_CHECKING:
    from keuring_collector.rulepack.problems import Loc


class Jump(Part):
    """A daily series is by more than this below (above) what it was before it jumped, until it is back."""

    signal: str
    statistic: str | None = None
    rising_by: Quantity | None = None
    falling_by: Quantity | None = None
    lasting: Duration = Field(default="3d", description="For so many known days; whole ones.")
    daily: Daily = "last"
    over: Duration = Field(default="28d", description="The days in which a jump is looked for; it stays found longer.")
    restart_on: str | None = Field(default=None, description="A size (gauge) whose change starts afresh.")
    identity: str | None = Field(default=None, description="A fact (a serial number) whose change starts afresh.")
    floors: list[Floor] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> Jump:
        exactly_one(self, "rising_by", "falling_by")
        return self


def compile_jump(condition: Jump, loc: Loc) -> Leaf:
    """For the engine. Raises Fault."""
    signal = find_signal(condition.signal, (*loc, "signal"), Kind.GAUGE)
    side = "rising_by" if condition.rising_by is not None else "falling_by"
    by = to_number(getattr(condition, side), signal.unit, (*loc, side))
    if by <= 0:
        raise Fault((*loc, side), f"a jump by {by:g}", "write an amount above 0; rising and falling say which way")
    lasting, days = to_days(condition.lasting, (*loc, "lasting")), to_days(condition.over, (*loc, "over"))
    if lasting < 1:
        raise Fault((*loc, "lasting"), "a jump that need not last", "write whole days, 1d or more")
    shortest = 2 * (lasting + BEFORE)
    if not shortest <= days <= LONGEST:
        what = f"{days} days to find a jump in that lasts {lasting}"
        raise Fault((*loc, "over"), what, f"write {shortest}d to {LONGEST}d")
    restart, restart_statistic = find_restart(condition.restart_on, signal, (*loc, "restart_on"))
    source = compiled.Jump(
        signal=signal.id,
        statistic=find_statistic(signal, condition.statistic, loc),
        aggregate=aggregate_of(condition.daily),
        sign=1.0 if side == "rising_by" else -1.0,
        step=by,
        lasting=lasting,
        days=days,
        restart_signal=restart,
        restart_statistic=restart_statistic,
        identity=find_identity(condition.identity, signal.subject, loc),
    )
    main = compiled.Term(0, 0, 1.0, by, by, shown_limit=by)
    terms = (main, *compile_floors(condition.floors, signal.subject, loc))
    return Leaf(terms, source, signal.subject, limit=lambda text, at: to_number(text, signal.unit, at))
