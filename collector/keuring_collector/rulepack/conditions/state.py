"""`state`: a fact is, is not, or is an older version than."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, StrictStr, model_validator

from keuring_collector.engine import compiled
from keuring_collector.engine.compiled import Operator
from keuring_collector.rulepack.conditions.base import (
    FOR_EVER,
    Duration,
    Leaf,
    Part,
    Scalar,
    exactly_one,
    fact_test,
    find_signal,
    to_seconds,
)

if TYPE_CHECKING:
    from keuring_collector.rulepack.problems import Loc


class State(Part):
    """A fact is, is not, or is an older version than."""

    signal: str
    equals: Scalar | None = None
    not_: Scalar | None = Field(default=None, alias="not")
    in_: list[Scalar] | None = Field(default=None, alias="in", min_length=1)
    not_in: list[Scalar] | None = Field(default=None, min_length=1)
    version_below: StrictStr | None = None
    hold: Duration = "0"

    @model_validator(mode="after")
    def _one(self) -> State:
        exactly_one(self, "equals", "not_", "in_", "not_in", "version_below")
        return self


def compile_state(condition: State, loc: Loc) -> Leaf:
    """For the engine. Raises Fault."""
    operator, values = _operator(condition)
    test = fact_test(condition.signal, operator, values, (*loc, "signal"))
    subject = find_signal(condition.signal, (*loc, "signal")).subject
    hold = to_seconds(condition.hold, (*loc, "hold"))
    return Leaf((compiled.Term(0, 0, 1.0, 0.5, 0.5),), compiled.State(test), subject, hold, FOR_EVER)


def _operator(condition: State) -> tuple[Operator, list[Scalar]]:
    if condition.equals is not None:
        return Operator.IN, [condition.equals]
    if condition.not_ is not None:
        return Operator.NOT_IN, [condition.not_]
    if condition.in_ is not None:
        return Operator.IN, list(condition.in_)
    if condition.not_in is not None:
        return Operator.NOT_IN, list(condition.not_in)
    return Operator.VERSION_BELOW, [str(condition.version_below)]
