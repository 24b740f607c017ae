"""`expires` and `age`: a date comes near, or lies too far back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time  # pydantic reads date at run time
from typing import TYPE_CHECKING, Annotated

from pydantic import Discriminator, Field, StrictStr, Tag, model_validator

from keuring.signals.model import Kind, ValueType
from keuring_collector.engine.compiled import Dated, DatedRow, Term
from keuring_collector.rulepack.conditions.base import (
    FOR_EVER,
    Duration,
    Leaf,
    Part,
    Text,
    find_signal,
    find_statistic,
    to_seconds,
)
from keuring_collector.rulepack.problems import Fault

if TYPE_CHECKING:
    from keuring_collector.rulepack.problems import Loc

# Which of the two a table is; pydantic puts it into the place of an error, where it does not belong.
ROWS, NAME = "(rows)", "(name)"
TableName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,49}$")]
NOON = time(12)
LENGTHS = {"s": 1.0, "h": 3600.0}  # units of gauges that are lengths of time, in seconds


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
            raise ValueError("neither a signal nor a table; write a signal, a table or both")
        return self


class Age(Part):
    """A date in a fact lies too far back, or a duration in a gauge is too long."""

    signal: str
    statistic: str | None = None
    over: Duration
    hold: Duration = "0"


def compile_expires(condition: Expires, loc: Loc) -> Leaf:
    """For the engine. Raises Fault."""
    signal = None if condition.signal is None else find_signal(condition.signal, (*loc, "signal"))
    if signal is not None and signal.value is not ValueType.TIME:
        raise Fault((*loc, "signal"), f"'{signal.name}' is not a time", "name a fact that is a time")
    # A table that goes by a name was filled in when the pack was read.
    written = [] if isinstance(condition.table, str) else condition.table
    kinds = {signal.subject} if signal and signal.subject else set()
    rows = tuple(_row(entry, (*loc, "table", number), kinds) for number, entry in enumerate(written))
    ahead = -to_seconds(condition.ahead, (*loc, "ahead"))
    subject = max(kinds, default="")
    source = Dated(
        signal.id if signal else 0,
        rows,
        per_subject=bool(signal and signal.subject),
        by_subject=bool(rows and subject),
        ahead=True,
    )
    main = Term(0, 0, -1.0, ahead, ahead, slope=1.0)
    return Leaf((main,), source, subject, gap=FOR_EVER, limit=lambda text, at: -to_seconds(text, at))


def _row(entry: DatedEntry, loc: Loc, kinds: set[str]) -> DatedRow:
    """A row of a table; ``kinds`` are the subjects that the condition's facts are of, all the same."""
    match = []
    for name, prefix in entry.when.items():
        here = (*loc, "when", name)
        fact = find_signal(name, here, Kind.FACT)
        kinds.add(fact.subject)
        if len(kinds) > 1:
            what = f"'{name}' is per {fact.subject or 'machine'}, and other facts here are not"
            raise Fault(here, what, "a table goes by facts of the machine, or of one kind of subject")
        match.append((fact.id, prefix))
    if entry.subject and kinds == {""}:
        raise Fault((*loc, "subject"), "the facts of this table are of the machine", "leave 'subject' out")
    # Noon, so that it is that day on the calendar of every desk from UTC-11 to UTC+11.
    return DatedRow(tuple(match), datetime.combine(entry.date, NOON, UTC).timestamp(), entry.subject or "")


def compile_age(condition: Age, loc: Loc) -> Leaf:
    """For the engine. Raises Fault."""
    signal = find_signal(condition.signal, (*loc, "signal"), Kind.FACT, Kind.GAUGE)
    over, hold = to_seconds(condition.over, (*loc, "over")), to_seconds(condition.hold, (*loc, "hold"))
    if signal.kind is Kind.FACT:
        if signal.value is not ValueType.TIME:
            raise Fault((*loc, "signal"), f"'{signal.name}' is not a time", "name a fact that is a time")
        source = Dated(signal.id, per_subject=bool(signal.subject), ahead=False)
        main = Term(0, 0, -1.0, over, over, slope=1.0)
        return Leaf((main,), source, signal.subject, hold, FOR_EVER, limit=to_seconds)
    unit = LENGTHS.get(signal.unit)
    if unit is None:
        raise Fault((*loc, "signal"), f"'{signal.name}' is no length of time", "use the condition threshold for it")
    limit, statistic = over / unit, find_statistic(signal, condition.statistic, loc)
    main = Term(signal.id, statistic, 1.0, limit, limit, shown_limit=limit)
    return Leaf((main,), None, signal.subject, hold, limit=lambda text, at: to_seconds(text, at) / unit)
