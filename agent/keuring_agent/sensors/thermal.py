"""Temperatures and fans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import HW_FAN_SPEED, HW_TEMPERATURE, HW_TEMPERATURE_LIMIT
from keuring_agent.sensors.base import Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Thermal(Sensor):
    """Heat comes and goes quickly, so it is read at each sample."""

    name = "thermal"
    signals = (HW_TEMPERATURE, HW_TEMPERATURE_LIMIT, HW_FAN_SPEED)

    def read(self, host: Host, out: Readings) -> None:
        with out.measuring(HW_TEMPERATURE, HW_TEMPERATURE_LIMIT):
            for found in host.temperatures():
                out.gauge(HW_TEMPERATURE, found.celsius, found.sensor)
                out.gauge(HW_TEMPERATURE_LIMIT, found.limit, found.sensor)
            out.cannot("no sensor tells its limit", HW_TEMPERATURE_LIMIT)
        with out.measuring(HW_FAN_SPEED):
            for fan in host.fans():
                out.gauge(HW_FAN_SPEED, fan.rpm, fan.fan)
