"""The rule language: what a rule file may say, as typed models. docs/writing-rules.md explains it to people.

The conditions are in conditions/, one file each. Quantities and lengths of time stay as written here; compiling turns
them into numbers, because their unit is the signal's.
"""

from __future__ import annotations

from enum import Enum
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from keuring_collector.engine.model import Severity as Grade
from keuring_collector.rulepack import quantity
from keuring_collector.rulepack.conditions.base import Duration, FactCondition, Part, Quantity, Text, Texts
from keuring_collector.rulepack.conditions.condition import Condition  # noqa: TC001 - pydantic reads it

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,49}$")]


class Maturity(Enum):
    """How far a rule has proven itself. `stable` and `test` open tickets; `experimental` is judged and counted but
    opens none; `deprecated` is not judged.
    """

    EXPERIMENTAL = "experimental"
    TEST = "test"
    STABLE = "stable"
    DEPRECATED = "deprecated"

    @property
    def opens_tickets(self) -> bool:
        """Whether findings of such a rule become tickets."""
        return self in (Maturity.TEST, Maturity.STABLE)


class Severity(Enum):
    """How soon somebody should act."""

    TIP = "tip"
    WATCH = "watch"
    SOON = "soon"
    URGENT = "urgent"

    @property
    def grade(self) -> Grade:
        """The same as the engine's number."""
        return Grade[self.name]


class Recovery(Part):
    """When the finding is over: the value is back beyond `limit` (default: the condition's own) for `hold`."""

    limit: Quantity | None = None
    hold: Duration = "0"


class Worse(Part):
    """A further limit of the condition's value, at which the finding is more severe."""

    limit: Quantity
    severity: Severity


class Inspection(Part):
    """What the rule says in the periodic APK: for which item, and from which severity on it is advice or a fail."""

    item: Slug
    advice: Severity = Severity.WATCH
    fail: Severity = Severity.URGENT


class Rule(Part):
    """One rule."""

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{2,59}$")]
    maturity: Maturity
    severity: Severity
    ticket_from: Severity = Field(
        default=Severity.WATCH,
        description="A milder finding opens no ticket, but is judged, counted and on the report; tips never do.",
    )
    cause: Slug
    skill: Slug
    applies_to: dict[str, FactCondition] = Field(default_factory=dict)
    condition: Condition
    recovery: Recovery = Recovery()
    worse: list[Worse] = Field(default_factory=list, max_length=2)
    title: Texts
    advice: Texts
    say: Texts
    article: Slug
    inspection: Inspection
    precision_floor: Quantity | None = Field(
        default=None,
        description="The rule falls to advice when, after ten verdicts, even the best share of right tickets that they "
        "allow is below this; default: the collector's setting `precision_floor`.",
    )
    privacy: Text = Field(description="For which purpose the signals are used here.")
    evidence: list[Text] = Field(min_length=1, description="Why this threshold.")
    references: list[Text] = Field(default_factory=list)
    known_gaps: list[Text] = Field(default_factory=list)
    false_positives: list[Text] = Field(default_factory=list)

    @field_validator("precision_floor")
    @classmethod
    def _share(cls, value: str | float | None) -> str | float | None:
        if value is not None and not 0 < quantity.parse(value, "1") < 1:
            raise ValueError(f"'{value}' is no share between none and all; write it as in '60 %'")
        return value

    def floor(self, default: float) -> float:
        """The share of right tickets below which it falls to advice; ``default`` where it does not state its own."""
        return default if self.precision_floor is None else quantity.parse(self.precision_floor, "1")

    @model_validator(mode="after")
    def _tips(self) -> Rule:
        if self.ticket_from is Severity.TIP:
            raise ValueError("ticket_from: a tip is offered, it never opens a ticket; write watch, soon or urgent")
        return self
