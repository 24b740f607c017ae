"""Drivers that do not come with the system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_DRIVER_RELEASED, KEURING_DRIVER_VERSION
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Drivers(Sensor):
    """They change with an update."""

    name = "drivers"
    signals = (KEURING_DRIVER_VERSION, KEURING_DRIVER_RELEASED)
    pace = Pace.SLOW
    interval = 21600.0

    def read(self, host: Host, out: Readings) -> None:
        for found in host.drivers():
            out.fact(KEURING_DRIVER_VERSION, found.version, found.driver)
            out.fact(KEURING_DRIVER_RELEASED, found.released, found.driver)
        out.cannot("no driver here tells this", *self.signals)
