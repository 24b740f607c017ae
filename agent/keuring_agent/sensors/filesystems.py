"""File systems: space and inodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    KEURING_FILESYSTEM_AVAILABLE,
    KEURING_FILESYSTEM_INODES_AVAILABLE,
    KEURING_FILESYSTEM_INODES_UTILIZATION,
    KEURING_FILESYSTEM_READ_ONLY,
    KEURING_FILESYSTEM_TYPE,
    SYSTEM_FILESYSTEM_LIMIT,
    SYSTEM_FILESYSTEM_UTILIZATION,
)
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class FileSystems(Sensor):
    """Use as df tells it: of what colleagues can use, without what is kept for root."""

    name = "filesystems"
    signals = (
        SYSTEM_FILESYSTEM_UTILIZATION,
        KEURING_FILESYSTEM_AVAILABLE,
        SYSTEM_FILESYSTEM_LIMIT,
        KEURING_FILESYSTEM_INODES_UTILIZATION,
        KEURING_FILESYSTEM_INODES_AVAILABLE,
        KEURING_FILESYSTEM_TYPE,
        KEURING_FILESYSTEM_READ_ONLY,
    )
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        with_inodes = False
        for found in host.file_systems():
            name = found.mountpoint
            usable = found.used + found.available
            out.gauge(SYSTEM_FILESYSTEM_UTILIZATION, found.used / usable if usable else None, name)
            out.gauge(KEURING_FILESYSTEM_AVAILABLE, found.available, name)
            out.gauge(SYSTEM_FILESYSTEM_LIMIT, found.size, name)
            if found.inodes:
                with_inodes = True
                out.gauge(KEURING_FILESYSTEM_INODES_UTILIZATION, 1 - found.inodes_available / found.inodes, name)
                out.gauge(KEURING_FILESYSTEM_INODES_AVAILABLE, found.inodes_available, name)
            out.fact(KEURING_FILESYSTEM_TYPE, found.kind, name)
            out.fact(KEURING_FILESYSTEM_READ_ONLY, found.read_only, name)
        if not with_inodes:
            out.cannot(
                "these file systems make inodes as they need them",
                KEURING_FILESYSTEM_INODES_UTILIZATION,
                KEURING_FILESYSTEM_INODES_AVAILABLE,
            )
