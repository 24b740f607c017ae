"""Changes that nobody makes in the console: of the collector's settings and of the rules. They are noticed by comparing
with what the audit last said, so one made while the collector stood still is noticed too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keuring_collector.desk import audit
from keuring_collector.desk.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Mapping


def note_settings(shown: Mapping[str, str]) -> bool:
    """Writes down which settings differ from last time; ``shown``: without secrets. Returns whether any do."""
    before = _last("settings.changed").get("all")
    if not isinstance(before, dict):
        before = {}
    changed = {name: value for name, value in shown.items() if before.get(name, "") != value} if before else {}
    if before and not changed and set(before) == set(shown):
        return False
    first = {} if before else {"first": True}
    audit.record_now(None, "settings.changed", "", {"changed": changed, "all": dict(shown), **first})
    return True


def note_rules(version: str) -> bool:
    """Writes down that another version of the pack is in force. Returns whether it is."""
    before = _last("rules.changed").get("version")
    if before == version:
        return False
    audit.record_now(
        None, "rules.changed", "", {"version": version, **({"from": before} if before else {"first": True})}
    )
    return True


def _last(action: str) -> dict[str, Any]:
    entry = AuditEntry.objects.filter(action=action, actor="").order_by("-sequence").first()
    return entry.told if entry else {}
