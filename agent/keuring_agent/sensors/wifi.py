"""Wi-Fi: strength of the signal and frames that had to be sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import KEURING_WIFI_RETRY_RATIO, KEURING_WIFI_SIGNAL
from keuring_agent.sensors.base import Pace, Readings, Sensor
from keuring_agent.sensors.rates import Growth, share

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host

_FEWEST: Final = 100.0  # frames; a share of fewer says nothing


class Wifi(Sensor):
    """Once a window, as it takes a program's start to ask."""

    name = "wifi"
    signals = (KEURING_WIFI_SIGNAL, KEURING_WIFI_RETRY_RATIO)
    pace = Pace.WINDOW

    def __init__(self) -> None:
        self._growth = Growth()

    def read(self, host: Host, out: Readings) -> None:
        links = host.wifi()
        for link in links:
            out.gauge(KEURING_WIFI_SIGNAL, link.signal, link.interface)
            if link.sent is None or link.retried is None:
                continue
            out.watched(KEURING_WIFI_RETRY_RATIO)
            grown = self._growth.since(link.interface, host.monotonic(), (link.sent, link.retried))
            if grown is not None and sum(grown[1]) >= _FEWEST:
                sent, retried = grown[1]
                out.gauge(KEURING_WIFI_RETRY_RATIO, share(retried, sent + retried), link.interface)
        out.cannot("no Wi-Fi is connected, or its driver does not tell", *self.signals)
