"""Graphics processors: what they are, how busy they are, and how full their own memory is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    HW_GPU_MEMORY_LIMIT,
    HW_GPU_MEMORY_UTILIZATION,
    HW_GPU_UTILIZATION,
    KEURING_GPU_DRIVER_VERSION,
    KEURING_GPU_MODEL,
)
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class GpuUse(Sensor):
    """Its peak counts, so it is read at each sample. One that sleeps says nothing, and is not woken."""

    name = "gpu"
    signals = (HW_GPU_UTILIZATION, HW_GPU_MEMORY_UTILIZATION, HW_GPU_MEMORY_LIMIT)

    def read(self, host: Host, out: Readings) -> None:
        for found in host.gpu_use():
            out.gauge(HW_GPU_UTILIZATION, found.busy, found.gpu)
            out.gauge(HW_GPU_MEMORY_LIMIT, found.memory_total, found.gpu)
            if found.memory_total and found.memory_used is not None:
                out.gauge(HW_GPU_MEMORY_UTILIZATION, found.memory_used / found.memory_total, found.gpu)
        out.cannot("no graphics processor here tells this, or the one that does sleeps", *self.signals)


class Gpus(Sensor):
    """Changes with a screwdriver; its driver with an update."""

    name = "gpu_models"
    signals = (KEURING_GPU_MODEL, KEURING_GPU_DRIVER_VERSION)
    pace = Pace.SLOW
    interval = 21600.0

    def read(self, host: Host, out: Readings) -> None:
        for found in host.gpus():
            out.fact(KEURING_GPU_MODEL, found.model, found.gpu)
            out.fact(KEURING_GPU_DRIVER_VERSION, found.driver, found.gpu)
        out.cannot("no graphics processor here tells this", *self.signals)
