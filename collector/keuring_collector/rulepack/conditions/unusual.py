"""`unusual`: a series is unlike itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, StrictFloat, StrictInt, model_validator

from keuring.signals.model import Kind
from keuring_collector.engine import compiled
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
    to_seconds,
)
from keuring_collector.rulepack.conditions.floors import Floor, compile_floors
from keuring_collector.rulepack.problems import Fault

if TYPE_CHECKING:
    from keuring_collector.rulepack.problems import Loc

Score = StrictInt | StrictFloat
LEAST_SCORE = 0.5  # below that a series would be unlike itself every week
LONGEST_HOLD = 6 * 3600.0  # by then it is the new normal
SHORTEST = 2 * 86400.0  # before that there are no extremes to compare with


class Unusual(Part):
    """A series is unlike its own past: further beyond all of it than its extremes lie apart. 1 is the edge."""

    signal: str
    statistic: str | None = None
    above: Score | None = Field(default=None, description="Only what is higher than ever counts.")
    below: Score | None = Field(default=None, description="Only what is lower than ever counts.")
    beyond: Score | None = Field(default=None, description="Both count.")
    margin: Quantity | None = Field(default=None, description="An excess smaller than this is none.")
    minimum_history: Duration = Field(default="7d", description="Time in which it was measured, before it is judged.")
    hold: Duration = "0"
    identity: str | None = Field(default=None, description="A fact (a serial number) whose change starts afresh.")
    floors: list[Floor] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one_side(self) -> Unusual:
        exactly_one(self, "above", "below", "beyond")
        return self


def compile_unusual(condition: Unusual, loc: Loc) -> Leaf:
    """For the engine. Raises Fault."""
    signal = find_signal(condition.signal, (*loc, "signal"), Kind.GAUGE, Kind.COUNTER)
    side = next(name for name in ("above", "below", "beyond") if getattr(condition, name) is not None)
    limit = _score(getattr(condition, side), (*loc, side))
    margin = 0.0
    if condition.margin is not None:
        margin = to_number(condition.margin, signal.unit, (*loc, "margin"))
        if margin < 0:
            raise Fault((*loc, "margin"), f"a margin of {condition.margin}", "write a quantity above 0")
    learning = to_seconds(condition.minimum_history, (*loc, "minimum_history"))
    if learning < SHORTEST:
        raise Fault((*loc, "minimum_history"), "too little history to know what is usual", "write '2d' or more")
    hold = to_seconds(condition.hold, (*loc, "hold"))
    if hold > LONGEST_HOLD:
        raise Fault((*loc, "hold"), "what lasts longer than 6h is the new normal", "write '6h' or less")
    source = compiled.Unusual(
        signal=signal.id,
        statistic=find_statistic(signal, condition.statistic, loc),
        high=side != "below",
        low=side != "above",
        margin=margin,
        learning=learning,
        identity=find_identity(condition.identity, signal.subject, loc),
    )
    main = compiled.Term(0, 0, 1.0, limit, limit, shown_limit=limit)
    terms = (main, *compile_floors(condition.floors, signal.subject, loc))
    return Leaf(terms, source, signal.subject, hold=hold, limit=_score)


def _score(text: str | float, loc: Loc) -> float:
    if not isinstance(text, int | float) or text < LEAST_SCORE:
        raise Fault(loc, f"'{text}' is no score", f"write a number from {LEAST_SCORE:g} up; 1 is the edge of the usual")
    return float(text)
