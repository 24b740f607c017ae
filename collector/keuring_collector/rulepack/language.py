"""The rule language: what a rule file may say, as typed models. docs/writing-rules.md explains it to people.

Quantities and lengths of time stay as written here; compiling turns them into numbers, because their unit is the
signal's.
"""

from __future__ import annotations

import re
from datetime import date  # noqa: TC003 - pydantic reads it at run time
from enum import Enum
from string import Formatter
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    Tag,
    model_validator,
)

from keuring_collector.engine.model import Severity as Grade

# {ends} and {expires} are the date with its verb: "ends on 3 May", and afterwards "ended on 3 May".
PLACEHOLDERS = ("machine", "colleague", "subject", "date", "ends", "expires", "value", "limit")
Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Quantity = StrictInt | StrictFloat | StrictStr
Duration = StrictInt | StrictStr
Text = Annotated[str, Field(min_length=1)]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,49}$")]
# Which of the two a table is; pydantic puts it into the place of an error, where it does not belong.
ROWS, NAME = "(rows)", "(name)"
TableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,49}$")]


class Part(BaseModel):
    """Base of all models: unknown fields are refused, nothing is changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


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


class Texts(Part):
    """One text in both languages of the desk, with placeholders in braces."""

    nl: Text
    en: Text

    @model_validator(mode="after")
    def _placeholders(self) -> Texts:
        for language in ("nl", "en"):
            try:
                names = [name for _, name, _, _ in Formatter().parse(getattr(self, language)) if name is not None]
            except ValueError as error:
                raise ValueError(
                    f"the {language} text has a stray brace ({error}); write {{{{ for a real one"
                ) from error
            for name in names:
                if name not in PLACEHOLDERS:
                    known = ", ".join(f"{{{word}}}" for word in PLACEHOLDERS)
                    raise ValueError(f"the {language} text has an unknown placeholder {{{name}}}; known are {known}")
        return self


class FactCondition(Part):
    """What a fact must be: exactly one of the tests. A bare value or list in a file means `in`."""

    subject: StrictStr | None = Field(
        default=None, description="Whose fact, where it is not the finding's own subject."
    )
    in_: list[Scalar] | None = Field(default=None, alias="in", min_length=1)
    not_in: list[Scalar] | None = Field(default=None, min_length=1)
    version_below: StrictStr | None = None
    version_from: StrictStr | None = None

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_alias=True, validate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: object) -> object:
        if isinstance(value, list):
            return {"in": value}
        return value if isinstance(value, dict | FactCondition) else {"in": [value]}

    @model_validator(mode="after")
    def _one(self) -> FactCondition:
        _exactly_one(self, "in_", "not_in", "version_below", "version_from")
        return self


class Floor(Part):
    """A further comparison that must hold too: on another signal of the same subject, or of the machine."""

    signal: str
    statistic: str | None = None
    above: Quantity | None = None
    below: Quantity | None = None
    recovery: Quantity | None = Field(default=None, description="Limit while the finding stands; default: the same.")

    @model_validator(mode="after")
    def _one(self) -> Floor:
        _exactly_one(self, "above", "below")
        return self


class Threshold(Part):
    """A value beyond a limit, for some time."""

    signal: str
    statistic: str | None = None
    minus: str | None = Field(default=None, description="A signal of the same subject that is subtracted first.")
    above: Quantity | None = None
    below: Quantity | None = None
    hold: Duration = "15m"
    gap: Duration | None = Field(default=None, description="A longer time without a value starts the hold afresh.")
    floors: list[Floor] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> Threshold:
        _exactly_one(self, "above", "below")
        return self


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
    floors: list[Floor] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> Forecast:
        _exactly_one(self, "rises_to", "falls_to")
        return self


class Increase(Part):
    """Counters or events that grew by so much within a period; recurrence ("twice in 30 days")."""

    signal: str | None = None
    signals: list[str] | None = Field(default=None, min_length=1, description="Growth of all of them is added up.")
    by: Quantity = Field(description="At least this much.")
    within: Duration
    count: Literal["total", "days"] = Field(
        default="total", description="`days`: on how many thirtieths of the period it grew, not by how much."
    )
    where: dict[str, FactCondition] = Field(default_factory=dict, description="Only events with these attributes.")
    identity: str | None = Field(default=None, description="A fact (a serial number) whose change starts afresh.")
    floors: list[Floor] = Field(default_factory=list)

    @model_validator(mode="after")
    def _one(self) -> Increase:
        _exactly_one(self, "signal", "signals")
        return self


class DatedEntry(Part):
    """A date that holds for machines whose facts begin as written; `source` says who announced it."""

    subject: StrictStr | None = Field(default=None, description="How the subject begins, such as a program's name.")
    when: dict[str, StrictStr] = Field(min_length=1)
    date: date
    source: Text


class Expires(Part):
    """A date comes near: of a fact, or looked up in a table by facts. The fact goes first."""

    signal: str | None = None
    table: Annotated[
        Annotated[list[DatedEntry], Tag(ROWS)] | Annotated[TableName, Tag(NAME)],
        Discriminator(lambda value: NAME if isinstance(value, str) else ROWS),
    ] = Field(default_factory=list, description="Rows, or the name of a table of the pack (data/NAME.yaml).")
    ahead: Duration = "60d"

    @model_validator(mode="after")
    def _some(self) -> Expires:
        if self.signal is None and not self.table:
            raise ValueError("write a signal, a table or both")
        return self


class Age(Part):
    """A date in a fact lies too far back, or a duration in a gauge is too long."""

    signal: str
    statistic: str | None = None
    over: Duration
    hold: Duration = "0"


class State(Part):
    """A fact is, is not, or is an older version than."""

    signal: str
    equals: Scalar | None = None
    not_: Scalar | None = Field(default=None, alias="not")
    in_: list[Scalar] | None = Field(default=None, alias="in", min_length=1)
    not_in: list[Scalar] | None = Field(default=None, min_length=1)
    version_below: StrictStr | None = None
    hold: Duration = "0"

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_alias=True, validate_by_name=True)

    @model_validator(mode="after")
    def _one(self) -> State:
        _exactly_one(self, "equals", "not_", "in_", "not_in", "version_below")
        return self


class Condition(Part):
    """What must be true: exactly one of the fields."""

    threshold: Threshold | None = None
    forecast: Forecast | None = None
    increase: Increase | None = None
    expires: Expires | None = None
    age: Age | None = None
    state: State | None = None

    @model_validator(mode="after")
    def _one(self) -> Condition:
        _exactly_one(self, *type(self).model_fields)
        return self

    @property
    def kind(self) -> str:
        """Which of the conditions it is."""
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)


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
    privacy: Text = Field(description="For which purpose the signals are used here.")
    evidence: list[Text] = Field(min_length=1, description="Why this threshold.")
    references: list[Text] = Field(default_factory=list)
    known_gaps: list[Text] = Field(default_factory=list)
    false_positives: list[Text] = Field(default_factory=list)


_TRAILING = re.compile(r"_$")


def _exactly_one(model: BaseModel, *fields: str) -> None:
    given = [name for name in fields if getattr(model, name) is not None]
    if len(given) != 1:
        words = ", ".join(f"'{_TRAILING.sub('', name)}'" for name in fields)
        found = ", ".join(f"'{_TRAILING.sub('', name)}'" for name in given) or "none"
        raise ValueError(f"write exactly one of {words}; here: {found}")
