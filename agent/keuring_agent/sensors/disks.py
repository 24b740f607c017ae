"""Disks: what was read and written, how busy they were and how long they took."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    KEURING_DISK_BUSY_UTILIZATION,
    KEURING_DISK_LATENCY,
    KEURING_DISK_READ,
    KEURING_DISK_WRITE,
)
from keuring_agent.sensors.base import Readings, Sensor
from keuring_agent.sensors.rates import Growth, share

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Disks(Sensor):
    """Shares and averages since the sample before."""

    name = "disks"
    signals = (KEURING_DISK_READ, KEURING_DISK_WRITE, KEURING_DISK_BUSY_UTILIZATION, KEURING_DISK_LATENCY)

    def __init__(self) -> None:
        self._busy = Growth()
        self._latency = Growth()

    def read(self, host: Host, out: Readings) -> None:
        now = host.monotonic()
        for disk in host.disks():
            out.counter(KEURING_DISK_READ, disk.read, disk.device)
            out.counter(KEURING_DISK_WRITE, disk.written, disk.device)
            if disk.busy is None:
                out.cannot("this system does not tell how busy disks are", KEURING_DISK_BUSY_UTILIZATION)
            elif (grown := self._busy.since(disk.device, now, (disk.busy,))) is not None:
                out.gauge(KEURING_DISK_BUSY_UTILIZATION, share(grown[1][0], grown[0]), disk.device)
            if disk.operation_time is None:
                out.cannot("this system does not tell how long disks take", KEURING_DISK_LATENCY)
                continue
            grown = self._latency.since(disk.device, now, (float(disk.operations), disk.operation_time))
            if grown is not None and grown[1][0] > 0:
                operations, seconds = grown[1]
                out.gauge(KEURING_DISK_LATENCY, seconds / operations, disk.device)
