"""`increase`: counters or events that grew by so much within a period, or since the machine was enrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from keuring.signals import catalogue
from keuring.signals.model import Kind, Signal, Statistic
from keuring_collector.engine import compiled
from keuring_collector.engine.compiled import Operator
from keuring_collector.rulepack.conditions.base import (
    FOR_EVER,
    Duration,
    FactCondition,
    Leaf,
    Part,
    Quantity,
    exactly_one,
    fact_operator,
    find_identity,
    find_signal,
    to_number,
    to_seconds,
)
from keuring_collector.rulepack.conditions.floors import Floor, compile_floors
from keuring_collector.rulepack.problems import Fault, nearest

if TYPE_CHECKING:
    from keuring_collector.rulepack.problems import Loc

LEAST = 1 - 1e-6  # "at least" as "above a little less"


class Increase(Part):
    """Counters or events that grew by so much within a period; recurrence ("twice in 30 days")."""

    signal: str | None = None
    signals: list[str] | None = Field(default=None, min_length=1, description="Growth of all of them is added up.")
    by: Quantity = Field(description="At least this much.")
    within: Duration | None = None
    since: Literal["enrolment"] | None = Field(
        default=None, description="`enrolment`: from the first report on, for ever; each device has its own baseline."
    )
    count: Literal["total", "days"] = Field(
        default="total", description="`days`: on how many thirtieths of the period it grew, not by how much."
    )
    where: dict[str, FactCondition] = Field(default_factory=dict, description="Only events with these attributes.")
    identity: str | None = Field(default=None, description="A fact (a serial number) whose change starts afresh.")
    floors: list[Floor] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> Increase:
        exactly_one(self, "signal", "signals")
        exactly_one(self, "within", "since")
        if self.since and self.count == "days":
            raise ValueError("days are counted within a period; write within, not since")
        return self


def compile_increase(condition: Increase, loc: Loc) -> Leaf:
    """For the engine. Raises Fault."""
    names = condition.signals or [str(condition.signal)]
    lanes, subjects = [], set()
    for number, name in enumerate(names):
        here = (*loc, "signals", number) if condition.signals else (*loc, "signal")
        signal = find_signal(name, here, Kind.EVENT, Kind.COUNTER, Kind.GAUGE)
        lanes.append(_lane(condition, signal, loc, here))
        subjects.add(signal.subject)
    if len(subjects) > 1:
        raise Fault((*loc, "signals"), "these signals are of different subjects", "add up signals of one subject")
    by = to_number(condition.by, catalogue.BY_NAME[names[0]].unit, (*loc, "by"))
    if by <= 0:
        raise Fault((*loc, "by"), f"an increase by {by:g}", "write a number above 0")
    period = FOR_EVER if condition.within is None else to_seconds(condition.within, (*loc, "within"))
    if period <= 0:
        raise Fault((*loc, "within"), "a period of nothing", "write a length of time such as '30d'")
    subject = subjects.pop()
    identity = find_identity(condition.identity, subject, loc)
    source = compiled.Growth(tuple(lanes), period, count_days=condition.count == "days", identity=identity)
    main = compiled.Term(0, 0, 1.0, by * LEAST, by * LEAST, shown_limit=by)
    unit = "{}" if condition.count == "days" else catalogue.BY_NAME[names[0]].unit
    return Leaf(
        terms=(main, *compile_floors(condition.floors, subject, loc)),
        source=source,
        subject=subject,
        gap=FOR_EVER,
        limit=lambda text, at: to_number(text, unit, at) * LEAST,
    )


def _lane(condition: Increase, signal: Signal, loc: Loc, here: Loc) -> compiled.Lane:
    if signal.kind is Kind.EVENT:
        where = tuple(_attribute(signal, name, test, loc) for name, test in condition.where.items())
        return compiled.Lane(signal.id, 0, where)
    if condition.where:
        raise Fault((*loc, "where"), f"'{signal.name}' is no event and has no attributes", "leave it out")
    wanted = Statistic.SUM if signal.kind is Kind.COUNTER else Statistic.LAST
    if wanted not in signal.statistics:
        raise Fault(here, f"growth of '{signal.name}' cannot be counted", "its last value is not reported")
    return compiled.Lane(signal.id, wanted)


def _attribute(signal: Signal, name: str, test: FactCondition, loc: Loc) -> compiled.AttributeTest:
    here = (*loc, "where", name)
    if name not in signal.attributes:
        mend = nearest(name, signal.attributes) if signal.attributes else "it has none: leave 'where' out"
        raise Fault(here, f"'{signal.name}' has no attribute '{name}'", mend)
    if test.subject is not None:
        raise Fault(here, "an attribute has no subject", "leave 'subject' out")
    operator, values = fact_operator(test)
    if operator not in (Operator.IN, Operator.NOT_IN):
        raise Fault(here, "an attribute has no version", "use in or not_in")
    return compiled.AttributeTest(name, operator, tuple(str(value) for value in values))
