"""Docks that the machine is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_DOCK_MODEL
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host import Host


class Docks(Sensor):
    """To be on none is an answer too. Slow, as when it comes and goes is nobody's business."""

    name = "docks"
    signals = (KEURING_DOCK_MODEL,)
    pace = Pace.SLOW
    interval = 3600.0

    def read(self, host: Host, out: Readings) -> None:
        docks = host.docks()
        out.watched(KEURING_DOCK_MODEL)
        for found in docks:
            out.fact(KEURING_DOCK_MODEL, found.model, found.dock)
