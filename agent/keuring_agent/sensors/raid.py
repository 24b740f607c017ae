"""Redundant arrays of disks that have lost one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_RAID_MISSING_DISKS
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Raid(Sensor):
    """Counts of the kernel's own; no disk is asked."""

    name = "raid"
    signals = (KEURING_RAID_MISSING_DISKS,)
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        for found in host.arrays():
            out.gauge(KEURING_RAID_MISSING_DISKS, found.missing, found.array)
