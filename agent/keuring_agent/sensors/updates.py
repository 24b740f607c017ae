"""Updates: how many wait, when the last came, whether more will come by themselves, and whether a restart is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    KEURING_REBOOT_PENDING,
    KEURING_UPDATES_AUTOMATIC,
    KEURING_UPDATES_CHECKED,
    KEURING_UPDATES_LAST_INSTALLED,
    KEURING_UPDATES_PENDING,
    KEURING_UPDATES_SECURITY_PENDING,
)
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Reboot(Sensor):
    """A look at one file."""

    name = "reboot"
    signals = (KEURING_REBOOT_PENDING,)
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        out.fact(KEURING_REBOOT_PENDING, host.reboot_pending())


class PendingUpdates(Sensor):
    """Costs seconds of processor time, so every few hours at most."""

    name = "updates"
    signals = (
        KEURING_UPDATES_PENDING,
        KEURING_UPDATES_SECURITY_PENDING,
        KEURING_UPDATES_LAST_INSTALLED,
        KEURING_UPDATES_AUTOMATIC,
        KEURING_UPDATES_CHECKED,
    )
    pace = Pace.SLOW

    def __init__(self, interval: float) -> None:
        self.interval = interval

    def read(self, host: Host, out: Readings) -> None:
        with out.measuring(KEURING_UPDATES_LAST_INSTALLED):
            out.fact(KEURING_UPDATES_LAST_INSTALLED, host.updates_installed())
        with out.measuring(KEURING_UPDATES_AUTOMATIC):
            out.fact(KEURING_UPDATES_AUTOMATIC, host.updates_automatic())
        with out.measuring(KEURING_UPDATES_CHECKED):
            out.fact(KEURING_UPDATES_CHECKED, host.updates_checked())
        with out.measuring(KEURING_UPDATES_PENDING, KEURING_UPDATES_SECURITY_PENDING):
            updates = host.updates()
            out.gauge(KEURING_UPDATES_PENDING, updates.pending)
            out.gauge(KEURING_UPDATES_SECURITY_PENDING, updates.security)
            out.cannot("this system does not tell which updates are for security", KEURING_UPDATES_SECURITY_PENDING)
