"""Main memory: use, promises, programs ended for want of it, and its own errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    KEURING_MEMORY_AVAILABLE,
    KEURING_MEMORY_COMMIT_UTILIZATION,
    KEURING_MEMORY_ERRORS_CORRECTED,
    KEURING_MEMORY_ERRORS_UNCORRECTED,
    KEURING_MEMORY_OOM_KILLS,
    SYSTEM_MEMORY_LIMIT,
    SYSTEM_MEMORY_UTILIZATION,
)
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class MemoryUse(Sensor):
    """What is in use, and what was promised."""

    name = "memory"
    signals = (
        SYSTEM_MEMORY_UTILIZATION,
        SYSTEM_MEMORY_LIMIT,
        KEURING_MEMORY_AVAILABLE,
        KEURING_MEMORY_COMMIT_UTILIZATION,
    )

    def read(self, host: Host, out: Readings) -> None:
        memory = host.memory()
        out.gauge(SYSTEM_MEMORY_LIMIT, memory.total)
        out.gauge(KEURING_MEMORY_AVAILABLE, memory.available)
        if memory.total:
            out.gauge(SYSTEM_MEMORY_UTILIZATION, 1 - memory.available / memory.total)
        with out.measuring(KEURING_MEMORY_COMMIT_UTILIZATION):
            if not memory.commit_limit or memory.committed is None:
                raise NotMeasurable("this system does not tell how much memory it promised")
            out.gauge(KEURING_MEMORY_COMMIT_UTILIZATION, memory.committed / memory.commit_limit)


class MemoryFaults(Sensor):
    """What went wrong with memory."""

    name = "memory_faults"
    signals = (KEURING_MEMORY_OOM_KILLS, KEURING_MEMORY_ERRORS_CORRECTED, KEURING_MEMORY_ERRORS_UNCORRECTED)
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        with out.measuring(KEURING_MEMORY_OOM_KILLS):
            out.counter(KEURING_MEMORY_OOM_KILLS, host.oom_kills())
        with out.measuring(KEURING_MEMORY_ERRORS_CORRECTED, KEURING_MEMORY_ERRORS_UNCORRECTED):
            errors = host.memory_errors()
            out.counter(KEURING_MEMORY_ERRORS_CORRECTED, errors.corrected)
            out.counter(KEURING_MEMORY_ERRORS_UNCORRECTED, errors.uncorrected)
