"""What the collector was told of facts and of signals that cannot be measured, so that only changes are said.

All facts are said at the start and once a day; what was said before the agent was restarted is remembered by name, so
that what is gone since can be taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from keuring.signals.model import Signal
    from keuring_agent.privacy import Gate
    from keuring_agent.sensors.base import FactKey, Readings, Value

REPEAT: Final = 86400.0


class Ledger:
    """Facts and unmeasured signals: as they are, and as they were last said."""

    def __init__(self, remembered: Mapping[str, Any] | None = None) -> None:
        self.facts: dict[FactKey, Value] = {}
        self.unmeasured: dict[FactKey, str] = {}
        # After a restart only the names are known of what was said, so everything counts as changed.
        self._said_facts: dict[FactKey, Value | None] = dict.fromkeys(_keys(remembered, "facts"))
        self._said_unmeasured: dict[FactKey, str] = dict.fromkeys(_keys(remembered, "unmeasured"), "?")
        self._repeated = float("-inf")

    def take(self, readings: Readings, signals: Collection[Signal]) -> None:
        """Takes what one sensor, responsible for ``signals``, found in a pass that went well."""
        mine = {signal.id for signal in signals}
        for key in [key for key in self.facts if key[0] in mine - readings.held and key not in readings.facts]:
            self.facts.pop(key, None)
        self.facts.update({key: value for key, value in readings.facts.items() if key[0] in mine})
        self.unmeasured.update({key: reason for key, reason in readings.unmeasured.items() if key[0] in mine})

    def changed_facts(self, now: float, gate: Gate, looked_at: Collection[int]) -> dict[FactKey, Value | None]:
        """Facts to say; None for those that are gone.

        Only signals that were ``looked_at`` since the start can be gone. ``now`` is monotonic.
        """
        if now - self._repeated >= REPEAT:
            self._said_facts = dict.fromkeys(self._said_facts)
            self._repeated = now
        permitted = {key: value for key, value in self.facts.items() if gate.permits_id(key[0])}
        changed: dict[FactKey, Value | None] = {
            key: value for key, value in permitted.items() if self._said_facts.get(key) != value
        }
        for key in self._said_facts:
            if key not in self.facts and key[0] in looked_at and gate.permits_id(key[0]):
                changed[key] = None
        return changed

    def changed_unmeasured(self, gate: Gate) -> dict[FactKey, str]:
        """Reasons to say; "" for what can be measured again."""
        return {
            key: reason
            for key, reason in self.unmeasured.items()
            if self._said_unmeasured.get(key, "") != reason and gate.permits_id(key[0])
        }

    def said(self, facts: Mapping[FactKey, Value | None], unmeasured: Mapping[FactKey, str]) -> bool:
        """Notes what was said; returns whether the names to remember changed."""
        before = (set(self._said_facts), {key for key, reason in self._said_unmeasured.items() if reason})
        for key, value in facts.items():
            if value is None:
                self._said_facts.pop(key, None)
            else:
                self._said_facts[key] = value
        self._said_unmeasured.update(unmeasured)
        return before != (set(self._said_facts), {key for key, reason in self._said_unmeasured.items() if reason})

    def remembered(self) -> dict[str, list[list[int | str]]]:
        """The names to remember over a restart, for JSON."""
        return {
            "facts": [list(key) for key in sorted(self._said_facts)],
            "unmeasured": [list(key) for key, reason in sorted(self._said_unmeasured.items()) if reason],
        }


def _keys(remembered: Mapping[str, Any] | None, name: str) -> list[FactKey]:
    found = (remembered or {}).get(name, ())
    return [
        (item[0], item[1])
        for item in (found if isinstance(found, list) else ())
        if isinstance(item, list) and len(item) == 2 and isinstance(item[0], int) and isinstance(item[1], str)
    ]
