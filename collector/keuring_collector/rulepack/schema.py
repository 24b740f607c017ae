"""JSON Schema of rule files and of their tests, for editors: names, values and what each field means as one types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keuring.signals import catalogue
from keuring.signals.model import Status
from keuring_collector.rulepack.language import Rule
from keuring_collector.rulepack.trial import TrialFile

if TYPE_CHECKING:
    from keuring.signals.model import Signal

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_BY = {
    Status.PLANNED: " Planned: no agent measures it yet.",
    Status.COLLECTOR: " No agent sends it: the collector adds it.",
}
# Fields that hold names of signals, wherever they stand.
NAMES = frozenset({"signal", "signals", "minus", "restart_on", "identity", "cycles"})


def rule_schema() -> dict[str, Any]:
    """Of a rule file."""
    return _schema(Rule.model_json_schema(by_alias=True), "A rule of Keuring")


def test_schema() -> dict[str, Any]:
    """Of a file with the tests of a rule."""
    return _schema(TrialFile.model_json_schema(by_alias=True), "The tests of a rule of Keuring")


def _schema(found: dict[str, Any], title: str) -> dict[str, Any]:
    definitions = found.setdefault("$defs", {})
    definitions["SignalName"] = {"anyOf": [_named(signal) for signal in catalogue.SIGNALS]}
    for model in [found, *definitions.values()]:
        for name, field in model.get("properties", {}).items():
            if name in NAMES:
                _name_signals(field)
    return {"$schema": DIALECT, **found, "title": title}


def _named(signal: Signal) -> dict[str, str]:
    by = _BY.get(signal.status, "")
    unit = f" In {signal.unit}." if signal.unit else ""
    return {"const": signal.name, "description": f"{signal.brief}{unit}{by}"}


def _name_signals(field: dict[str, Any]) -> None:
    """Puts the catalogue's names in the place of plain text."""
    for part in [field, *field.get("anyOf", ()), field.get("items", {})]:
        items = part.get("items")
        if part.get("type") == "string":
            del part["type"]
            part["$ref"] = "#/$defs/SignalName"
        elif isinstance(items, dict):
            _name_signals(items)
