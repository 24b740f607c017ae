"""Times that the machine could not go to sleep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_SUSPEND_FAILURES
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Suspend(Sensor):
    """A total, so once a window is enough."""

    name = "suspend"
    signals = (KEURING_SUSPEND_FAILURES,)
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        out.counter(KEURING_SUSPEND_FAILURES, host.suspend_failures())
