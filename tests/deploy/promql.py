"""What deploy/ says in PromQL, and which metrics there are."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.repository import DEPLOY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROMETHEUS: Final = DEPLOY / "prometheus"
DASHBOARDS: Final = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
_NAME: Final = re.compile(r"\bkeuring[a-z0-9_:]*")


def rules(kind: str) -> dict[str, dict[str, Any]]:
    """The rules of one kind ("record" or "alert") by name."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted((PROMETHEUS / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            found.update({rule[kind]: rule for rule in group["rules"] if kind in rule})
    return found


def dashboard(path: Path) -> dict[str, Any]:
    """A dashboard."""
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def panels(path: Path) -> list[dict[str, Any]]:
    """The panels of a dashboard that show something (not the rows)."""
    return [panel for panel in dashboard(path)["panels"] if panel["type"] != "row"]


def queries() -> Iterator[tuple[str, str]]:
    """Every query of every panel: (dashboard and panel, expression as Prometheus takes it)."""
    for path in DASHBOARDS:
        for panel in panels(path):
            for target in panel["targets"]:
                expression = target["expr"].replace("$collector", ".*").replace("$__rate_interval", "1m")
                yield f"{path.stem}: {panel['title']} ({target['refId']})", expression


def metrics_in(expression: str) -> set[str]:
    """The names of Keuring's metrics and recorded series in an expression, without values of labels."""
    return set(_NAME.findall(re.sub(r'"[^"]*"', '""', expression)))
