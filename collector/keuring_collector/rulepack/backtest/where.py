"""--where: which machines a backtest is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from keuring.signals import catalogue
from keuring.signals.model import Kind
from keuring_collector.rulepack.backtest.errors import BacktestError
from keuring_collector.rulepack.problems import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keuring_collector.rulepack.backtest.asked import Machine

NAMES: Final = ("department", "machine", "model")


class Filter(NamedTuple):
    """Machines whose ``key`` is one of ``values`` (any case), or, ``inverted``, none of them."""

    text: str
    key: str
    value: str
    inverted: bool


def parse(text: str) -> Filter:
    """A filter as written: department=Finance, model!=X1, keuring.hardware.chassis=laptop. BacktestError."""
    key, equals, value = text.partition("=")
    inverted = key.endswith("!")
    key = key.removesuffix("!").strip()
    if not equals or not value.strip():
        raise BacktestError(f"--where {text}: write NAME=VALUE, as in department=Finance")
    signal = catalogue.BY_NAME.get(key)
    known = [each.name for each in catalogue.SIGNALS if each.kind is Kind.FACT and not each.subject]
    if key not in NAMES and (signal is None or signal.name not in known):
        what = "is no fact of a machine" if signal else "is not known"
        raise BacktestError(f"--where {text}: '{key}' {what}; {nearest(key, [*NAMES, *known])}".rstrip("; "))
    return Filter(text, key, value.strip().strip('"'), inverted)


def facts(filters: Iterable[Filter]) -> set[str]:
    """The names of the facts that the filters look at."""
    return {each.key for each in filters} - set(NAMES)


def choose(machines: Sequence[Machine], filters: Sequence[Filter]) -> list[Machine]:
    """The machines that pass: for each name that is filtered on, one of its values. BacktestError: none does."""
    found = list(machines)
    for key in dict.fromkeys(each.key for each in filters):
        mine = [each for each in filters if each.key == key]
        wanted = {each.value.casefold() for each in mine if not each.inverted}
        unwanted = {each.value.casefold() for each in mine if each.inverted}
        left = [
            machine
            for machine in found
            if (not wanted or _value(machine, key).casefold() in wanted)
            and _value(machine, key).casefold() not in unwanted
        ]
        if not left:
            values = {_value(machine, key) for machine in found} - {""}
            raise BacktestError(
                f"--where {mine[0].text}: no machine is so; {nearest(mine[0].value, values)}".rstrip("; ")
            )
        found = left
    return found


def _value(machine: Machine, key: str) -> str:
    if key == "department":
        return machine.department
    if key == "machine":
        return machine.name
    value = machine.facts.get("keuring.hardware.model" if key == "model" else key, "")
    return str(value).lower() if isinstance(value, bool) else str(value)
