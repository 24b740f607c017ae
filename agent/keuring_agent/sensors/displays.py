"""Screens in use, and the machine's age as its own screen tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_DISPLAY_COUNT, KEURING_HARDWARE_MANUFACTURED
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host import Host


class Displays(Sensor):
    """A handful of files in /sys."""

    name = "displays"
    signals = (KEURING_DISPLAY_COUNT,)
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        out.gauge(KEURING_DISPLAY_COUNT, host.displays())


class Manufactured(Sensor):
    """Never changes, but for another screen."""

    name = "manufactured"
    signals = (KEURING_HARDWARE_MANUFACTURED,)
    pace = Pace.SLOW
    interval = 21600.0

    def read(self, host: Host, out: Readings) -> None:
        out.fact(KEURING_HARDWARE_MANUFACTURED, host.manufactured())
