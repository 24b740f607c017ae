"""Docks that the machine is used with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import KEURING_DOCK_MODEL
from keuring_agent.sensors.base import Pace, Readings, Sensor
from keuring_agent.sensors.remembered import remember

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host
    from keuring_agent.sensors.base import Notebook

DOCKS: Final = "docks"


class Docks(Sensor):
    """To be used with none is an answer too. Whether it is on one now would tell where somebody works."""

    name = "docks"
    signals = (KEURING_DOCK_MODEL,)
    pace = Pace.SLOW
    interval = 3600.0

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def read(self, host: Host, out: Readings) -> None:
        found = [(dock.model, None) for dock in host.docks()]
        out.watched(KEURING_DOCK_MODEL)
        for number, model, _ in remember(self._notebook, DOCKS, found, host.wall()):
            out.fact(KEURING_DOCK_MODEL, model, f"dock {number}")
