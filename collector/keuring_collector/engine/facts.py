"""Facts: tests of them, dates looked up by them, and which rules they decide."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from keuring_collector.engine.compiled import Operator, Truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keuring_collector.engine.compiled import AttributeTest, Dated, FactTest, Value
    from keuring_collector.engine.model import Event

Facts = dict[tuple[int, str], "Value"]


def _plain(value: Value) -> Value:
    return value.casefold() if isinstance(value, str) else value


def version_parts(text: str) -> tuple[int, ...]:
    """The numbers of a version, for comparing: "10.0.19045-rc1" is (10, 0, 19045, 1)."""
    return tuple(int(part) for part in re.findall(r"\d{1,18}", text))


def _version_below(value: Value, limit: Value) -> Truth:
    mine, other = version_parts(str(value)), version_parts(str(limit))
    if not mine:
        return Truth.UNKNOWN
    length = max(len(mine), len(other))
    padded = mine + (0,) * (length - len(mine)), other + (0,) * (length - len(other))
    return Truth.TRUE if padded[0] < padded[1] else Truth.FALSE


def test_value(operator: Operator, values: Iterable[Value], value: Value | None) -> Truth:
    """Whether ``value`` passes; None (never said, or gone) is unknown. Text is compared without regard to case."""
    if value is None:
        return Truth.UNKNOWN
    if operator is Operator.IN:
        return Truth.TRUE if _plain(value) in [_plain(v) for v in values] else Truth.FALSE
    if operator is Operator.NOT_IN:
        return Truth.FALSE if _plain(value) in [_plain(v) for v in values] else Truth.TRUE
    below = _version_below(value, next(iter(values)))
    if below is Truth.UNKNOWN or operator is Operator.VERSION_BELOW:
        return below
    return Truth.FALSE if below is Truth.TRUE else Truth.TRUE


def test_fact(test: FactTest, facts: Mapping[tuple[int, str], Value], subject: str) -> Truth:
    """Whether the fact of the subject, of the machine, or of a named subject passes."""
    return test_value(test.operator, test.values, facts.get((test.signal, test.about(subject))))


def applies(tests: Iterable[FactTest], facts: Mapping[tuple[int, str], Value], subject: str) -> bool:
    """Whether a rule is about this machine and subject.

    An unknown fact passes "is not" and fails "is": a rule for laptops leaves a machine of unknown kind alone, a rule
    for all but read-only media looks at a volume of unknown kind.
    """
    for test in tests:
        truth = test_fact(test, facts, subject)
        if truth is Truth.FALSE or (truth is Truth.UNKNOWN and test.operator is not Operator.NOT_IN):
            return False
    return True


def event_counts(tests: Iterable[AttributeTest], event: Event) -> bool:
    """Whether an event is of the kind that a rule counts."""
    for test in tests:
        if test_value(test.operator, test.values, event.attributes.get(test.name, "")) is Truth.FALSE:
            return False
    return True


def _matches(prefix: str, value: Value | None) -> bool:
    if value is None:
        return False
    text, start = str(value).casefold(), prefix.casefold()
    return text.startswith(start) and not (text[len(start) :][:1].isdigit() and start[-1:].isdigit())


def _begins(words: str, subject: str) -> bool:
    """Whether a name begins with these words: "Office" begins "Office 2019", not "Officina"."""
    text, start = subject.casefold(), words.casefold()
    return text.startswith(start) and not text[len(start) :][:1].isalnum()


def date_of(dated: Dated, facts: Mapping[tuple[int, str], Value], subject: str) -> float:
    """The date that a rule waits for, in seconds since 1970; NaN when it is not known."""
    if dated.signal:
        value = facts.get((dated.signal, subject), facts.get((dated.signal, "")))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    about = subject if dated.by_subject else ""
    for row in dated.table:
        if row.subject and not _begins(row.subject, subject):
            continue
        if all(_matches(prefix, facts.get((signal, about))) for signal, prefix in row.match):
            return row.date
    return math.nan
