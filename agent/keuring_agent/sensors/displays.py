"""Screens: how many are in use or could be, what they are, and the machine's age as its own screen tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    KEURING_DISPLAY_COUNT,
    KEURING_DISPLAY_LIMIT,
    KEURING_DISPLAY_MANUFACTURED,
    KEURING_DISPLAY_MODEL,
    KEURING_HARDWARE_MANUFACTURED,
)
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host import Host


class Displays(Sensor):
    """A handful of files in /sys."""

    name = "displays"
    signals = (KEURING_DISPLAY_COUNT, KEURING_DISPLAY_LIMIT)
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        with out.measuring(KEURING_DISPLAY_COUNT):
            out.gauge(KEURING_DISPLAY_COUNT, host.displays())
        with out.measuring(KEURING_DISPLAY_LIMIT):
            out.gauge(KEURING_DISPLAY_LIMIT, host.display_limit())


class Screens(Sensor):
    """Which screens there are. Slow, as when one comes and goes is nobody's business."""

    name = "screens"
    signals = (KEURING_DISPLAY_MODEL, KEURING_DISPLAY_MANUFACTURED)
    pace = Pace.SLOW
    interval = 3600.0

    def read(self, host: Host, out: Readings) -> None:
        for found in host.screens():
            out.fact(KEURING_DISPLAY_MODEL, found.model, found.display)
            out.fact(KEURING_DISPLAY_MANUFACTURED, found.manufactured, found.display)
        out.cannot("no screen here tells this", *self.signals)


class Manufactured(Sensor):
    """Never changes, but for another screen."""

    name = "manufactured"
    signals = (KEURING_HARDWARE_MANUFACTURED,)
    pace = Pace.SLOW
    interval = 21600.0

    def read(self, host: Host, out: Readings) -> None:
        out.fact(KEURING_HARDWARE_MANUFACTURED, host.manufactured())
