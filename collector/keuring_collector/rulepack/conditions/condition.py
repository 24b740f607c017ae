"""What a rule is about: one condition, or conditions put together with `all`, `any`, `not` and `risk`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import Field, StrictInt, model_validator

from keuring_collector.engine import compiled
from keuring_collector.engine.compiled import How
from keuring_collector.engine.model import Severity
from keuring_collector.rulepack.conditions.base import FOR_EVER, Leaf, Part, Texts, exactly_one
from keuring_collector.rulepack.conditions.dates import Age, Expires, compile_age, compile_expires
from keuring_collector.rulepack.conditions.forecast import Forecast, compile_forecast
from keuring_collector.rulepack.conditions.increase import Increase, compile_increase
from keuring_collector.rulepack.conditions.jump import Jump, compile_jump
from keuring_collector.rulepack.conditions.peer import Peer, compile_peer
from keuring_collector.rulepack.conditions.state import State, compile_state
from keuring_collector.rulepack.conditions.threshold import Threshold, compile_threshold
from keuring_collector.rulepack.conditions.trend import Trend, compile_trend
from keuring_collector.rulepack.conditions.unusual import Unusual, compile_unusual
from keuring_collector.rulepack.problems import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from keuring_collector.rulepack.problems import Loc

DEEPEST: Final = 4  # levels of conditions within conditions that a reader can still follow


class Condition(Part):
    """What must be true: exactly one of the fields."""

    threshold: Threshold | None = None
    forecast: Forecast | None = None
    trend: Trend | None = None
    jump: Jump | None = None
    increase: Increase | None = None
    expires: Expires | None = None
    age: Age | None = None
    state: State | None = None
    peer: Peer | None = None
    unusual: Unusual | None = None
    risk: Risk | None = None
    all_: list[Condition] | None = Field(default=None, alias="all", min_length=2)
    any_: list[Condition] | None = Field(default=None, alias="any", min_length=2)
    not_: Condition | None = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _one(self) -> Condition:
        exactly_one(self, *type(self).model_fields)
        return self

    @property
    def field(self) -> str:
        """The field that is given."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    @property
    def kind(self) -> str:
        """Which of the conditions it is, as it is written."""
        return self.field.removesuffix("_")


class Sign(Part):
    """A weak signal, and the points that it gives while it is true; `why` is what the desk reads."""

    when: Condition
    points: StrictInt = Field(gt=0)
    why: Texts


class Risk(Part):
    """Several weak signals together: their points add up."""

    points: list[Sign] = Field(min_length=2)
    at_least: StrictInt = Field(gt=0)


COMPILERS: Final[dict[str, Callable[[Any, Loc], Leaf]]] = {
    "threshold": compile_threshold,
    "forecast": compile_forecast,
    "trend": compile_trend,
    "jump": compile_jump,
    "increase": compile_increase,
    "expires": compile_expires,
    "age": compile_age,
    "state": compile_state,
    "peer": compile_peer,
    "unusual": compile_unusual,
}


def compile_condition(condition: Condition, loc: Loc, depth: int = 1) -> Leaf:
    """For the engine; ``loc`` is where the condition stands. Raises Fault."""
    kind = condition.kind
    inner, here = getattr(condition, condition.field), (*loc, kind)
    if kind in COMPILERS:
        return COMPILERS[kind](inner, here)
    if depth == DEEPEST:
        raise Fault(here, f"conditions within conditions, more than {DEEPEST} levels", "write a simpler rule")
    if kind == "risk":
        return _risk(inner, here, depth)
    if kind == "not":
        return _together(How.NOT, [(inner, here)], here, depth)
    return _together(How(kind), [(each, (*here, number)) for number, each in enumerate(inner)], here, depth)


def _risk(risk: Risk, loc: Loc, depth: int) -> Leaf:
    parts = [(sign.when, (*loc, "points", number, "when")) for number, sign in enumerate(risk.points)]
    possible = sum(sign.points for sign in risk.points)
    if risk.at_least > possible:
        raise Fault((*loc, "at_least"), f"all points together are {possible}", "write fewer")
    points = [float(sign.points) for sign in risk.points]
    main = compiled.Term(0, 0, 1.0, risk.at_least - 0.5, risk.at_least - 0.5, shown_limit=float(risk.at_least))
    return _together(How.RISK, parts, loc, depth, points, main, lambda text, at: _points(text, at, possible))


def _points(text: str | float, loc: Loc, possible: int) -> float:
    if not isinstance(text, int) or not 0 < text <= possible:
        raise Fault(loc, f"'{text}' is no number of points", f"write a whole number from 1 to {possible}")
    return text - 0.5


def _together(
    how: How,
    conditions: Sequence[tuple[Condition, Loc]],
    loc: Loc,
    depth: int,
    points: Sequence[float] = (),
    main: compiled.Term | None = None,
    limit: Callable[[str | float, Loc], float] | None = None,
) -> Leaf:
    leaves = [compile_condition(condition, at, depth + 1) for condition, at in conditions]
    subjects = sorted({leaf.subject for leaf in leaves if leaf.subject})
    if len(subjects) > 1:
        what = f"these conditions are about different things: {', '.join(subjects)}"
        raise Fault(loc, what, "put together what is about one of them, or about the machine")
    subject = subjects[0] if subjects else ""
    parts = tuple(
        compiled.Part(
            compiled.CompiledRule(
                "",
                f"{how.value}.{number}",
                Severity.TIP,
                leaf.terms,
                leaf.source,
                hold=leaf.hold,
                gap=leaf.gap,
                business_hours=leaf.business_hours,
            ),
            points[number] if points else 0.0,
            same_subject=leaf.subject == subject,
        )
        for number, leaf in enumerate(leaves)
    )
    term = main or compiled.Term(0, 0, 1.0, 0.5, 0.5)
    return Leaf((term,), compiled.Combination(how, parts), subject, gap=FOR_EVER, limit=limit)


def _rule(name: str, leaf: Leaf) -> compiled.CompiledRule:
    """A part as a rule that tells nothing."""
    return compiled.CompiledRule("", name, Severity.TIP, leaf.terms, leaf.source, hold=leaf.hold, gap=leaf.gap)
