"""When licences and subscriptions of the system end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_LICENCE_EXPIRES
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Licences(Sensor):
    """They last for years."""

    name = "licences"
    signals = (KEURING_LICENCE_EXPIRES,)
    pace = Pace.SLOW
    interval = 43200.0

    def read(self, host: Host, out: Readings) -> None:
        for found in host.licences():
            out.fact(KEURING_LICENCE_EXPIRES, found.expires, found.licence)
        out.cannot("nothing here has a licence that ends", *self.signals)
