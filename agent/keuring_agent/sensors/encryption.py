"""Whether volumes are encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_FILESYSTEM_ENCRYPTED
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Encryption(Sensor):
    """Changes hardly ever."""

    name = "encryption"
    signals = (KEURING_FILESYSTEM_ENCRYPTED,)
    pace = Pace.SLOW
    interval = 3600.0

    def read(self, host: Host, out: Readings) -> None:
        for found in host.encryption():
            out.fact(KEURING_FILESYSTEM_ENCRYPTED, found.encrypted, found.mountpoint)
