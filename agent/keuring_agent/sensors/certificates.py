"""When certificates of the machine expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_CERTIFICATE_EXPIRES
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Certificates(Sensor):
    """A few small files, a few times a day."""

    name = "certificates"
    signals = (KEURING_CERTIFICATE_EXPIRES,)
    pace = Pace.SLOW
    interval = 21600.0

    def read(self, host: Host, out: Readings) -> None:
        for found in host.certificates():
            out.fact(KEURING_CERTIFICATE_EXPIRES, found.expires, found.use)
