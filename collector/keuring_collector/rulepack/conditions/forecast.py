"""`forecast`: a daily series will reach a limit within a horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from keuring.signals.model import Kind
from keuring_collector.engine import compiled
from keuring_collector.rulepack.conditions.base import (
    AGGREGATES,
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
from keuring_collector.rulepack.conditions.history import LONGEST, find_restart, to_days, to_deviations
from keuring_collector.rulepack.conditions.wear import Wear, by_cycles
from keuring_collector.rulepack.problems import Fault

if TYPE_CHECKING:
    from keuring_collector.rulepack.problems import Loc


class Forecast(Part):
    """A daily series will reach a limit within a horizon."""

    signal: str
    statistic: str | None = None
    rises_to: Quantity | None = None
    falls_to: Quantity | None = None
    within: Duration = "30d"
    daily: Literal["last", "min", "mean", "max"] = "last"
    minimum_history: Duration = "14d"
    maximum_history: Duration = "60d"
    confidence: Quantity = Field(default="80 %", description="Width of the interval around the date.")
    latest: Duration | None = Field(
        default=None, description="The interval's late end must lie within this; default: three times `within`."
    )
    step: Quantity | None = Field(
        default=None, description="A jump of at least this ends history; default: a twentieth of the limit."
    )
    restart_on: str | None = Field(default=None, description="A size (gauge) whose change ends history.")
    identity: str | None = Field(default=None, description="A fact (a serial number) whose change ends history.")
    wear: Wear | None = Field(default=None, description="Makes it a forecast by a battery's cycles where it can be.")
    floors: list[Floor] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> Forecast:
        exactly_one(self, "rises_to", "falls_to")
        return self


def compile_forecast(condition: Forecast, loc: Loc) -> Leaf:
    """For the engine. Raises Fault."""
    signal = find_signal(condition.signal, (*loc, "signal"), Kind.GAUGE)
    side = "rises_to" if condition.rises_to is not None else "falls_to"
    limit = to_number(getattr(condition, side), signal.unit, (*loc, side))
    within = to_seconds(condition.within, (*loc, "within"))
    shortest, longest = _history(condition, loc)
    latest = 3 * within if condition.latest is None else to_seconds(condition.latest, (*loc, "latest"))
    step = abs(limit) / 20
    if condition.step is not None:
        step = to_number(condition.step, signal.unit, (*loc, "step"))
    restart, restart_statistic = find_restart(condition.restart_on, signal, (*loc, "restart_on"))
    source = compiled.Forecast(
        signal=signal.id,
        statistic=find_statistic(signal, condition.statistic, loc),
        aggregate=AGGREGATES[condition.daily],
        limit=limit,
        sign=1.0 if side == "rises_to" else -1.0,
        minimum_days=shortest,
        maximum_days=longest,
        latest=latest / DAY,
        step=step,
        noise=max(signal.precision, abs(limit) / 1000),
        z=to_deviations(condition.confidence, (*loc, "confidence")),
        restart_signal=restart,
        restart_statistic=restart_statistic,
        identity=find_identity(condition.identity, signal.subject, loc),
    )
    if condition.wear is not None:
        source = by_cycles(condition.wear, source, signal, (*loc, "wear"))
    main = compiled.Term(0, 0, -1.0, -within, -within, slope=1.0, shown_limit=limit)
    terms = (main, *compile_floors(condition.floors, signal.subject, loc))
    return Leaf(terms, source, signal.subject, limit=lambda text, at: -to_seconds(text, at))


def _history(condition: Forecast, loc: Loc) -> tuple[int, int]:
    shortest, longest = (
        to_days(getattr(condition, field), (*loc, field)) for field in ("minimum_history", "maximum_history")
    )
    if not 3 <= shortest <= longest <= LONGEST:
        mend = f"3d <= minimum_history <= maximum_history <= {LONGEST}d"
        raise Fault((*loc, "maximum_history"), "a history that cannot be", mend)
    return shortest, longest
