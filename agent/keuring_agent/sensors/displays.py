"""Screens: how many are in use or could be, what they are, and the machine's age as its own screen tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import (
    KEURING_DISPLAY_COUNT,
    KEURING_DISPLAY_LIMIT,
    KEURING_DISPLAY_MANUFACTURED,
    KEURING_DISPLAY_MODEL,
    KEURING_HARDWARE_MANUFACTURED,
)
from keuring_agent.sensors.base import Pace, Readings, Sensor
from keuring_agent.sensors.remembered import remember

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host
    from keuring_agent.sensors.base import Notebook

SCREENS: Final = "screens"


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
    """Which screens the machine is used with. Which of them is there now would tell where somebody works."""

    name = "screens"
    signals = (KEURING_DISPLAY_MODEL, KEURING_DISPLAY_MANUFACTURED)
    pace = Pace.SLOW
    interval = 3600.0

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def read(self, host: Host, out: Readings) -> None:
        found = [(screen.model, screen.manufactured) for screen in host.screens() if screen.model is not None]
        for number, model, made in remember(self._notebook, SCREENS, found, host.wall()):
            out.fact(KEURING_DISPLAY_MODEL, model, f"screen {number}")
            out.fact(KEURING_DISPLAY_MANUFACTURED, made, f"screen {number}")
        out.cannot("no screen here tells this", *self.signals)


class Manufactured(Sensor):
    """Never changes, but for another screen."""

    name = "manufactured"
    signals = (KEURING_HARDWARE_MANUFACTURED,)
    pace = Pace.SLOW
    interval = 21600.0

    def read(self, host: Host, out: Readings) -> None:
        out.fact(KEURING_HARDWARE_MANUFACTURED, host.manufactured())
