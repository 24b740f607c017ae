"""Printers: how many are set up, and how many of them cannot be reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_PRINTER_COUNT, KEURING_PRINTER_UNREACHABLE
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Printers(Sensor):
    """As the system's own print service knows it; the agent asks no printer."""

    name = "printers"
    signals = (KEURING_PRINTER_COUNT, KEURING_PRINTER_UNREACHABLE)
    pace = Pace.SLOW
    interval = 3600.0

    def read(self, host: Host, out: Readings) -> None:
        found = host.printers()
        out.gauge(KEURING_PRINTER_COUNT, found.installed)
        out.gauge(KEURING_PRINTER_UNREACHABLE, found.unreachable)
