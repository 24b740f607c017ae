"""Whether the clock is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_CLOCK_OFFSET, KEURING_CLOCK_SYNCHRONISED
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Clock(Sensor):
    """As the system's own time service sees it."""

    name = "clock"
    signals = (KEURING_CLOCK_OFFSET, KEURING_CLOCK_SYNCHRONISED)
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        state = host.clock()
        out.fact(KEURING_CLOCK_SYNCHRONISED, state.synchronised)
        with out.measuring(KEURING_CLOCK_OFFSET):
            if state.synchronised and state.offset is None:
                raise NotMeasurable("the time service does not tell by how much the clock is off")
            if state.offset is None:
                raise NotMeasurable("the clock follows no time server, so nobody here knows by how much it is off")
            out.gauge(KEURING_CLOCK_OFFSET, abs(state.offset))
