"""How many processes there are; which ones is not looked at. And how fast, hot and safely the processor runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    KEURING_CPU_THROTTLED_TIME,
    KEURING_CPU_THROTTLING,
    KEURING_CPU_VULNERABILITIES,
    SYSTEM_CPU_FREQUENCY,
    SYSTEM_PROCESS_COUNT,
)
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Processes(Sensor):
    """One look at the list of process numbers."""

    name = "processes"
    signals = (SYSTEM_PROCESS_COUNT,)
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        out.gauge(SYSTEM_PROCESS_COUNT, host.process_count())


class Frequency(Sensor):
    """Frequency and throttling."""

    name = "frequency"
    signals = (SYSTEM_CPU_FREQUENCY, KEURING_CPU_THROTTLING, KEURING_CPU_THROTTLED_TIME)
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        with out.measuring(SYSTEM_CPU_FREQUENCY):
            out.gauge(SYSTEM_CPU_FREQUENCY, host.cpu_frequency())
        with out.measuring(KEURING_CPU_THROTTLING):
            out.counter(KEURING_CPU_THROTTLING, host.throttled())
        with out.measuring(KEURING_CPU_THROTTLED_TIME):
            out.counter(KEURING_CPU_THROTTLED_TIME, host.throttled_time())


class Vulnerabilities(Sensor):
    """Changes with a kernel or with microcode, so at most at a start."""

    name = "vulnerabilities"
    signals = (KEURING_CPU_VULNERABILITIES,)
    pace = Pace.SLOW
    interval = 21600.0

    def read(self, host: Host, out: Readings) -> None:
        out.gauge(KEURING_CPU_VULNERABILITIES, host.vulnerabilities())
