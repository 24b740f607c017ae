"""Services of the system that failed: how many, not which."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_SERVICE_FAILED
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class FailedServices(Sensor):
    """Starts a program."""

    name = "services"
    signals = (KEURING_SERVICE_FAILED,)
    pace = Pace.SLOW
    interval = 3600.0

    def read(self, host: Host, out: Readings) -> None:
        out.gauge(KEURING_SERVICE_FAILED, host.failed_services())
