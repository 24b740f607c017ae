"""Processor: how busy, waiting for disks, processes blocked; the number of processors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    KEURING_CPU_IOWAIT_UTILIZATION,
    KEURING_PROCESS_BLOCKED,
    SYSTEM_CPU_UTILIZATION,
)
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.sensors.base import Readings, Sensor
from keuring_agent.sensors.rates import Growth, share

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Cpu(Sensor):
    """Shares of the time since the sample before."""

    name = "cpu"
    signals = (SYSTEM_CPU_UTILIZATION, KEURING_CPU_IOWAIT_UTILIZATION, KEURING_PROCESS_BLOCKED)

    def __init__(self) -> None:
        self._growth = Growth()

    def read(self, host: Host, out: Readings) -> None:
        times = host.cpu_times()
        grown = self._growth.since("", host.monotonic(), (times.busy, times.waiting or 0.0, times.total))
        if grown is not None:
            busy, waiting, total = grown[1]
            out.gauge(SYSTEM_CPU_UTILIZATION, share(busy, total))
            if times.waiting is not None:
                out.gauge(KEURING_CPU_IOWAIT_UTILIZATION, share(waiting, total))
        out.gauge(KEURING_PROCESS_BLOCKED, times.blocked)
        with out.measuring(KEURING_CPU_IOWAIT_UTILIZATION):
            if times.waiting is None:
                raise NotMeasurable("this system does not tell how long processors wait for disks")
        with out.measuring(KEURING_PROCESS_BLOCKED):
            if times.blocked is None:
                raise NotMeasurable("this system does not count processes that wait for disks")
