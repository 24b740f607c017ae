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

PACE_DAYS = 60


class Drift(Part):
    """How all series of a kind go, learned from recorded ones; a series' own slope is drawn towards it."""

    per_day: Quantity = Field(description="The median drift, in the signal's direction: '-0.03 %'.")
    spread: Quantity = Field(description="How much it differs from one to another, a standard deviation.")
    restless: Quantity = Field(description="How far one moves in a day by chance, a standard deviation.")
    date: Quantity = Field(default="100 %", description="The date, as a share of the mean time to the limit.")
    early: Quantity = Field(default="0 %", description="The interval's early end, as a share of the time to the date.")
    late: Quantity = Field(description="Its late end likewise, to which `margin` is added.")
    margin: Duration = "0d"


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
    pace_over: Duration | None = Field(
        default=None, description="The days the pace is taken from; default: at most 60 of `maximum_history`."
    )
    confidence: Quantity = Field(default="80 %", description="Width of the interval around the date.")
    latest: Duration | None = Field(
        default=None, description="The interval's late end must lie within this; default: three times `within`."
    )
    step: Quantity | None = Field(
        default=None, description="A jump of at least this ends history; default: a twentieth of the limit."
    )
    restart_on: str | None = Field(default=None, description="A size (gauge) whose change ends history.")
    identity: str | None = Field(default=None, description="A fact (a serial number) whose change ends history.")
    drift: Drift | None = Field(default=None, description="What is known of all series of this kind.")
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
        pace_days=_pace_days(condition, longest, loc),
        drift=None if condition.drift is None else _drift(condition.drift, signal.unit, (*loc, "drift")),
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


def _pace_days(condition: Forecast, longest: int, loc: Loc) -> int:
    if condition.pace_over is None:
        return min(longest, PACE_DAYS)
    days = to_days(condition.pace_over, (*loc, "pace_over"))
    if not 14 <= days <= longest:
        raise Fault((*loc, "pace_over"), f"a pace over {days} days", "14d <= pace_over <= maximum_history")
    return days


def _drift(condition: Drift, unit: str, loc: Loc) -> compiled.Drift:
    spread, restless = (to_number(getattr(condition, field), unit, (*loc, field)) for field in ("spread", "restless"))
    date, early, late = (
        to_number(getattr(condition, field), "1", (*loc, field)) for field in ("date", "early", "late")
    )
    for field, value in (("spread", spread), ("restless", restless), ("date", date)):
        if value <= 0:
            raise Fault((*loc, field), f"a {field} of {value:g}", "write a number above 0")
    if not 0 <= early <= 1 <= late:
        raise Fault((*loc, "late"), "an interval that does not hold its date", "early <= 100 % <= late")
    return compiled.Drift(
        per_day=to_number(condition.per_day, unit, (*loc, "per_day")),
        spread=spread,
        restless=restless * restless,
        median=date,
        early=early,
        late=late,
        margin=to_seconds(condition.margin, (*loc, "margin")) / DAY,
    )
