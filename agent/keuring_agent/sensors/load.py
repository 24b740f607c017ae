"""Load averages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import SYSTEM_CPU_LOAD_AVERAGE_1M, SYSTEM_CPU_LOAD_AVERAGE_15M
from keuring_agent.sensors.base import Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class LoadAverage(Sensor):
    """As the system computes them."""

    name = "load"
    signals = (SYSTEM_CPU_LOAD_AVERAGE_1M, SYSTEM_CPU_LOAD_AVERAGE_15M)

    def read(self, host: Host, out: Readings) -> None:
        load = host.load()
        out.gauge(SYSTEM_CPU_LOAD_AVERAGE_1M, load.one)
        out.gauge(SYSTEM_CPU_LOAD_AVERAGE_15M, load.fifteen)
