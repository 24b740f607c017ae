"""Network: errors, drops and links that come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    KEURING_NETWORK_DROPPED_RECEIVE,
    KEURING_NETWORK_DROPPED_TRANSMIT,
    KEURING_NETWORK_ERRORS_RECEIVE,
    KEURING_NETWORK_ERRORS_TRANSMIT,
    KEURING_NETWORK_LINK_CAPABILITY,
    KEURING_NETWORK_LINK_CHANGES,
    KEURING_NETWORK_LINK_SPEED,
)
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Network(Sensor):
    """Totals, so once a window is enough."""

    name = "network"
    signals = (
        KEURING_NETWORK_ERRORS_RECEIVE,
        KEURING_NETWORK_ERRORS_TRANSMIT,
        KEURING_NETWORK_DROPPED_RECEIVE,
        KEURING_NETWORK_DROPPED_TRANSMIT,
        KEURING_NETWORK_LINK_CHANGES,
        KEURING_NETWORK_LINK_SPEED,
    )
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        for found in host.networks():
            name = found.interface
            out.counter(KEURING_NETWORK_ERRORS_RECEIVE, found.receive_errors, name)
            out.counter(KEURING_NETWORK_ERRORS_TRANSMIT, found.transmit_errors, name)
            out.counter(KEURING_NETWORK_DROPPED_RECEIVE, found.receive_dropped, name)
            out.counter(KEURING_NETWORK_DROPPED_TRANSMIT, found.transmit_dropped, name)
            out.counter(KEURING_NETWORK_LINK_CHANGES, found.link_changes, name)
            out.fact(KEURING_NETWORK_LINK_SPEED, found.speed, name)
        out.cannot("this system does not count packets that it drops unsent", KEURING_NETWORK_DROPPED_TRANSMIT)
        out.cannot("this system does not count links that come and go", KEURING_NETWORK_LINK_CHANGES)
        out.cannot("no link tells its speed (links that are down and virtual ones do not)", KEURING_NETWORK_LINK_SPEED)


class LinkCapabilities(Sensor):
    """What ports can do does not change; only another dock brings another port."""

    name = "ports"
    signals = (KEURING_NETWORK_LINK_CAPABILITY,)
    pace = Pace.SLOW
    interval = 3600.0

    def read(self, host: Host, out: Readings) -> None:
        for found in host.link_capabilities():
            out.fact(KEURING_NETWORK_LINK_CAPABILITY, found.speed, found.interface)
