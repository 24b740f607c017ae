"""Evidence as tickets keep it: signals by their names, which people and programs can read without our catalogue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keuring.signals.catalogue import BY_ID, BY_NAME
from keuring_collector.engine.model import Evidence

if TYPE_CHECKING:
    from collections.abc import Iterable


def named(item: Evidence) -> dict[str, Any]:
    """One item as it is kept."""
    name = BY_ID[item.signal].name if item.signal in BY_ID else str(item.signal or "")
    return {
        "role": item.role, "signal": name, "statistic": item.statistic, "subject": item.subject, "value": item.value
    }  # fmt: skip


def as_json(evidence: Iterable[Evidence]) -> str:
    """All of a finding's, as it is kept."""
    return json.dumps([named(item) for item in evidence])


def read(item: dict[str, Any]) -> Evidence:
    """One item as the engine gave it."""
    signal = BY_NAME.get(item["signal"])
    number = 0 if signal is None else signal.id
    return Evidence(item["role"], number, item["statistic"], item["subject"], item["value"])
