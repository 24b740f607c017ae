"""Firewall and protection against malware."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    KEURING_FIREWALL_ENABLED,
    KEURING_MALWARE_PROTECTION_ENABLED,
    KEURING_MALWARE_PROTECTION_UPDATED,
)
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Firewall(Sensor):
    """Starts a program or two."""

    name = "firewall"
    signals = (KEURING_FIREWALL_ENABLED,)
    pace = Pace.SLOW
    interval = 3600.0

    def read(self, host: Host, out: Readings) -> None:
        out.fact(KEURING_FIREWALL_ENABLED, host.firewall())


class MalwareProtection(Sensor):
    """Starts a program."""

    name = "malware_protection"
    signals = (KEURING_MALWARE_PROTECTION_ENABLED, KEURING_MALWARE_PROTECTION_UPDATED)
    pace = Pace.SLOW
    interval = 3600.0

    def read(self, host: Host, out: Readings) -> None:
        found = host.malware_protection()
        out.fact(KEURING_MALWARE_PROTECTION_ENABLED, found.enabled)
        out.fact(KEURING_MALWARE_PROTECTION_UPDATED, found.updated)
        out.cannot("this product does not tell when it was updated", KEURING_MALWARE_PROTECTION_UPDATED)
