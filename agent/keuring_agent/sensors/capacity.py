"""What the machine is fitted with: places for memory, and disks by their size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_DISK_SIZE, KEURING_MEMORY_MODULES, KEURING_MEMORY_SLOTS
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Capacity(Sensor):
    """Changes with a screwdriver."""

    name = "capacity"
    signals = (KEURING_MEMORY_SLOTS, KEURING_MEMORY_MODULES, KEURING_DISK_SIZE)
    pace = Pace.SLOW
    interval = 43200.0

    def read(self, host: Host, out: Readings) -> None:
        with out.measuring(KEURING_MEMORY_SLOTS, KEURING_MEMORY_MODULES):
            memory = host.memory_slots()
            out.fact(KEURING_MEMORY_SLOTS, memory.slots)
            out.fact(KEURING_MEMORY_MODULES, memory.modules)
        with out.measuring(KEURING_DISK_SIZE):
            for disk in host.disk_sizes():
                out.fact(KEURING_DISK_SIZE, disk.size, disk.device)
