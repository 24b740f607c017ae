"""Other versions of a rule that might be righter: a small, bounded set around what it says now.

Of each part of its condition that has them: the limit, the hold and the horizon, each some steps either way, and then
two of them together, one step each in the same direction. A limit that a forecast leads to stays as it is: it is what
the problem *is*, and tickets of another problem could not be held against each other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import yaml

from keuring_collector.rulepack import quantity
from keuring_collector.rulepack.pack import read_rule
from keuring_collector.rulepack.problems import RulePackError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from keuring_collector.rulepack.language import Rule
    from keuring_collector.rulepack.problems import Loc

MOST: Final = 32  # versions; each is judged over all of history
DEEPEST: Final = 6  # keys and numbers down to a part of the condition
# What may be changed of a condition, and 1 where more of it means fewer tickets, -1 where less of it does.
LIMITS: Final[Mapping[str, Mapping[str, int]]] = {
    "threshold": {"above": 1, "below": -1},
    "increase": {"by": 1},
    "trend": {"rising_by": 1, "falling_by": 1},
    "jump": {"rising_by": 1, "falling_by": 1},
    "peer": {"above": 1, "below": 1},
}
LENGTHS: Final[Mapping[str, Mapping[str, int]]] = {
    "threshold": {"hold": 1},
    "forecast": {"within": -1},
    "increase": {"within": -1},
    "age": {"over": 1, "hold": 1},
    "expires": {"ahead": -1},
    "unusual": {"hold": 1},
}
FACTORS: Final = ((0.5, -2), (0.75, -1), (1.5, 1), (2.0, 2))
HOLDS: Final = (("1h", 1), ("1d", 2))  # of one that holds for no time yet
DEGREES: Final = ("°C", "C", "Cel", "dBm")  # on which a half means nothing: so many more or fewer
STEP_OF_DEGREES: Final = 3
_QUANTITY: Final = re.compile(r"([-+]?\d+(?:\.\d+)?)(\s*)([^\d\s].*)?")


@dataclass(frozen=True, slots=True)
class Change:
    """One value that is another: "threshold.above", "90 %", "95 %"; ``steps`` away, more than 0: for fewer tickets."""

    field: str
    before: str
    after: str
    steps: int
    loc: Loc


@dataclass(frozen=True, slots=True)
class Variant:
    """Another version of a rule."""

    changes: tuple[Change, ...]
    text: str
    rule: Rule


def variants(text: str, file: Path, directory: Path | None = None) -> list[Variant]:
    """The versions around the rule in ``text``, the simplest first; those that would be no rule are left out.

    ``directory``: of the pack, whose tables a rule may name. Raises RulePackError when ``text`` is none itself.
    """
    rule = read_rule(file, text, directory)
    single = list(_changes(rule.model_dump(mode="json", by_alias=True, exclude_none=True)["condition"], ("condition",)))
    first = [each for each in single if abs(each.steps) == 1]
    pairs = [pair for pair in combinations(first, 2) if pair[0].loc != pair[1].loc and pair[0].steps == pair[1].steps]
    found = []
    for changes in [*((each,) for each in single), *pairs]:
        other = text
        for change in changes:
            other = replaced(other, change.loc, change.after)
        try:
            found.append(Variant(changes, other, read_rule(file, other, directory)))
        except RulePackError:  # a limit on the wrong side of another, as a rule
            continue
    return found[:MOST]


def _changes(part: Any, loc: Loc) -> Iterator[Change]:
    """Those of a condition and of the ones within it."""
    if isinstance(part, list) and len(loc) < DEEPEST:
        for number, each in enumerate(part):
            yield from _changes(each, (*loc, number))
    if not isinstance(part, dict):
        return
    for kind, inner in part.items():
        if isinstance(inner, dict) and (kind in LIMITS or kind in LENGTHS):
            for name, sign in LIMITS.get(kind, {}).items():
                yield from _made((*loc, kind, name), sign, str(inner.get(name, "")), _limits)
            for name, sign in LENGTHS.get(kind, {}).items():
                yield from _made((*loc, kind, name), sign, str(inner.get(name, "")), _lengths)
        elif len(loc) < DEEPEST:
            yield from _changes(inner, (*loc, kind))


def _made(loc: Loc, sign: int, before: str, values: Any) -> Iterator[Change]:
    name = ".".join(str(part + 1) if isinstance(part, int) else part for part in loc[1:])
    for after, steps in values(before):
        yield Change(name, before, after, sign * steps, loc)


def _limits(text: str) -> Iterator[tuple[str, int]]:
    """Values around a quantity as it is written, with how many steps up each is."""
    match = _QUANTITY.fullmatch(text)
    if match is None or not float(match[1]):
        return
    value, gap, unit = float(match[1]), match[2], match[3] or ""
    if unit in DEGREES or (unit == "" and value < 0):
        found = [(value + step * STEP_OF_DEGREES, step) for step in (-2, -1, 1, 2)]
    elif unit == "%" and 0 < value < 100:
        quarter = min(value, 100 - value) / 4
        found = [(value + step * quarter, step) for step in (-2, -1, 1, 2)]
    else:
        found = [(value * factor, step) for factor, step in FACTORS]
    whole = unit == "" and value.is_integer()
    told = {text}
    for number, step in found:
        shown = f"{round(number)}{gap}{unit}" if whole else f"{number:.6g}{gap}{unit}"
        if number and shown not in told and not (whole and round(number) < 1 <= value):
            told.add(shown)
            yield shown, step


def _lengths(text: str) -> Iterator[tuple[str, int]]:
    """Lengths of time around one, with how many steps up each is."""
    try:
        seconds = quantity.duration(text)
    except ValueError:  # the field is not there
        return
    if not seconds:
        yield from HOLDS
        return
    for factor, step in FACTORS:
        yield _length(seconds * factor), step


def _length(seconds: float) -> str:
    """A length as people write it: whole days above two days, and so on."""
    for suffix, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{round(seconds / size)}{suffix}"
    return f"{max(1, round(seconds))}s"


def replaced(text: str, loc: Loc, value: str) -> str:
    """``text`` (YAML) with ``value`` at ``loc``, which ends in a key; the rest stays as it is written."""
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for part in loc[:-1]:
        node = node.value[part] if isinstance(part, int) else dict(_named(node))[part]
    place = dict(_named(node)).get(str(loc[-1]))
    if place is not None:
        return text[: place.start_mark.index] + value + text[place.end_mark.index :]
    first = node.value[0][0].start_mark  # it is not written: its default holds
    after = ", " if node.flow_style else "\n" + " " * first.column
    return f"{text[: first.index]}{loc[-1]}: {value}{after}{text[first.index :]}"


def _named(node: Any) -> Sequence[tuple[str, Any]]:
    return [(str(key.value), value) for key, value in node.value]
