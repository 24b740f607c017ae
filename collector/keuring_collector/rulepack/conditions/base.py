"""What all conditions share: how their models behave, and how names and quantities become ids and numbers."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from keuring.signals import catalogue
from keuring.signals.model import Kind, Signal, Statistic, ValueType
from keuring_collector.engine import compiled
from keuring_collector.engine.compiled import Operator
from keuring_collector.rulepack import quantity
from keuring_collector.rulepack.problems import Fault, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

    from keuring_collector.rulepack.problems import Loc

Scalar = StrictBool | StrictInt | StrictFloat | StrictStr
Quantity = StrictInt | StrictFloat | StrictStr
Duration = StrictInt | StrictStr
Text = Annotated[str, Field(min_length=1)]
# {ends} and {expires} are the date with its verb: "ends on 3 May", and afterwards "ended on 3 May".
PLACEHOLDERS: Final = ("machine", "colleague", "subject", "date", "ends", "expires", "value", "limit")
DAY: Final = 86400.0
FOR_EVER: Final = math.inf
# A limit is passed when it is passed by a thousandth of the signal's step: values on a grid compare exactly.
GRID_SHARE: Final = 1e-3
AGGREGATES: Final = {"last": Statistic.LAST, "min": Statistic.MIN, "mean": Statistic.MEAN, "max": Statistic.MAX}
_PYTHON: Final[dict[ValueType, tuple[type, ...]]] = {
    ValueType.BOOLEAN: (bool,),
    ValueType.NUMBER: (int, float),
    ValueType.STRING: (str,),
}
_TRAILING: Final = re.compile(r"_$")


class Part(BaseModel):
    """Base of all models: unknown fields are refused, nothing is changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_alias=True, validate_by_name=True)


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

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, value: object) -> object:
        if isinstance(value, list):
            return {"in": value}
        return value if isinstance(value, dict | FactCondition) else {"in": [value]}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The bare forms too."""
        scalar = {"type": ["boolean", "number", "string"]}
        return {"anyOf": [handler(core), scalar, {"type": "array", "items": scalar, "minItems": 1}]}

    @model_validator(mode="after")
    def _one(self) -> FactCondition:
        exactly_one(self, "in_", "not_in", "version_below", "version_from")
        return self


def exactly_one(model: BaseModel, *fields: str) -> None:
    """Raises ValueError unless one of ``fields`` is given, and no more."""
    given = [name for name in fields if getattr(model, name) is not None]
    if len(given) != 1:
        words = ", ".join(f"'{_TRAILING.sub('', name)}'" for name in fields)
        found = ", ".join(f"'{_TRAILING.sub('', name)}'" for name in given) or "none"
        raise ValueError(f"write exactly one of {words}; here: {found}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A condition after compilation.

    ``subject`` is what it is about ("device"; empty: the machine); ``limit`` turns a limit as written in `recovery`,
    `worse` or at the given place into what the first term is compared with (None: it has no limit).
    """

    terms: tuple[compiled.Term, ...]
    source: compiled.Source | None
    subject: str
    hold: float = 0.0
    gap: float = 0.0
    business_hours: bool = False
    limit: Callable[[str | float, Loc], float] | None = None


def nearest_signal(name: str) -> str:
    """Advice on a name that no signal has."""
    return nearest(name, catalogue.BY_NAME) or "take one of the signals in protos/keuring/signals/SIGNALS.md"


def find_signal(name: str, loc: Loc, *kinds: Kind) -> Signal:
    """The signal of that name, of one of ``kinds`` (none: any). Raises Fault."""
    signal = catalogue.BY_NAME.get(name)
    if signal is None:
        raise Fault(loc, f"unknown signal '{name}'", nearest_signal(name))
    if kinds and signal.kind not in kinds:
        wanted = " or ".join(f"a {kind.value}" for kind in kinds)
        what = f"'{signal.name}' is a {signal.kind.value}, where {wanted} is needed"
        raise Fault(loc, what, "name another signal, or use another condition for this one")
    return signal


def find_statistic(signal: Signal, name: str | None, loc: Loc) -> Statistic:
    """The statistic of that name, or the only one. Raises Fault; ``loc`` is the condition's."""
    known = {statistic.name.lower(): statistic for statistic in signal.statistics}
    words = ", ".join(known)
    if name is None:
        if len(known) > 1:
            raise Fault(loc, f"'{signal.name}' has several statistics", f"add statistic: one of {words}")
        return signal.statistics[0]
    if name not in known:
        raise Fault((*loc, "statistic"), f"'{signal.name}' has no statistic '{name}'", f"it has: {words}")
    return known[name]


def to_number(text: str | float, unit: str, loc: Loc) -> float:
    """A quantity in ``unit``. Raises Fault."""
    return _convert(lambda: quantity.parse(text, unit), loc)


def to_seconds(text: str | float, loc: Loc) -> float:
    """A length of time. Raises Fault."""
    return _convert(lambda: quantity.duration(text), loc)


def _convert(read: Callable[[], float], loc: Loc) -> float:
    try:
        return read()
    except ValueError as error:
        what, _, mend = str(error).partition("; ")
        raise Fault(loc, what, mend) from error


def beyond(signal: Signal, limit: float, sign: float) -> float:
    """A limit as a term compares with it: signed, and a little further."""
    return sign * limit + signal.precision * GRID_SHARE


def fact_test(
    name: str, operator: Operator, values: Iterable[Scalar], loc: Loc, subject: str | None = None
) -> compiled.FactTest:
    """The test of one fact: of the finding's own subject, or of the one that is named. Raises Fault."""
    signal = find_signal(name, loc, Kind.FACT)
    wanted = _PYTHON.get(signal.value)
    if wanted is None:
        raise Fault(loc, f"'{signal.name}' is a time", "use the condition expires or age for it")
    plain: list[compiled.Value] = []
    for value in values:
        if not isinstance(value, wanted) or (isinstance(value, bool) and signal.value is not ValueType.BOOLEAN):
            mend = "put it in quotes" if signal.value is ValueType.STRING else "write it without quotes"
            raise Fault(loc, f"'{signal.name}' is a {signal.value.value}, and {value!r} is not", mend)
        plain.append(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)
    if subject is None:
        return compiled.FactTest(signal.id, operator, tuple(plain), per_subject=bool(signal.subject))
    if not signal.subject:
        raise Fault(loc, f"'{signal.name}' is of the machine and has no subjects", "leave 'subject' out")
    return compiled.FactTest(signal.id, operator, tuple(plain), subject=subject)


def fact_operator(condition: FactCondition) -> tuple[Operator, list[Scalar]]:
    """What a fact is held against, and how."""
    if condition.in_ is not None:
        return Operator.IN, list(condition.in_)
    if condition.not_in is not None:
        return Operator.NOT_IN, list(condition.not_in)
    if condition.version_below is not None:
        return Operator.VERSION_BELOW, [condition.version_below]
    return Operator.VERSION_FROM, [str(condition.version_from)]


def find_identity(name: str | None, subject: str, loc: Loc) -> int:
    """The id of a fact of the same subject; 0 for None. Raises Fault."""
    if name is None:
        return 0
    signal = find_signal(name, (*loc, "identity"))
    if signal.kind is not Kind.FACT or signal.subject != subject:
        what = f"'{name}' is no fact of the same subject"
        raise Fault((*loc, "identity"), what, "name one, such as a serial number, or leave it out")
    return signal.id
