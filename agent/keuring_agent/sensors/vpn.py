"""Whether a virtual private network is up; not where to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_VPN_CONNECTIONS
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Vpn(Sensor):
    """A look at the list of interfaces."""

    name = "vpn"
    signals = (KEURING_VPN_CONNECTIONS,)
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        out.gauge(KEURING_VPN_CONNECTIONS, host.vpn_connections())
