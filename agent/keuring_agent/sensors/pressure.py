"""Pressure: the share of time in which work waited (PSI)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    KEURING_PRESSURE_CPU_SOME,
    KEURING_PRESSURE_IO_FULL,
    KEURING_PRESSURE_IO_SOME,
    KEURING_PRESSURE_MEMORY_FULL,
    KEURING_PRESSURE_MEMORY_SOME,
)
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.sensors.base import Readings, Sensor
from keuring_agent.sensors.rates import Growth, share

if TYPE_CHECKING:
    from keuring.signals.model import Signal
    from keuring_agent.host.protocol import Host

_RESOURCES: tuple[tuple[str, Signal, Signal | None], ...] = (
    ("cpu", KEURING_PRESSURE_CPU_SOME, None),
    ("memory", KEURING_PRESSURE_MEMORY_SOME, KEURING_PRESSURE_MEMORY_FULL),
    ("io", KEURING_PRESSURE_IO_SOME, KEURING_PRESSURE_IO_FULL),
)


class PressureStalls(Sensor):
    """From the kernel's totals, so that nothing between two samples is missed."""

    name = "pressure"
    signals = (
        KEURING_PRESSURE_CPU_SOME,
        KEURING_PRESSURE_MEMORY_SOME,
        KEURING_PRESSURE_MEMORY_FULL,
        KEURING_PRESSURE_IO_SOME,
        KEURING_PRESSURE_IO_FULL,
    )

    def __init__(self) -> None:
        self._growth = Growth()

    def read(self, host: Host, out: Readings) -> None:
        for resource, some, full in _RESOURCES:
            with out.measuring(some, *((full,) if full else ())):
                stalls = host.pressure(resource)
                grown = self._growth.since(resource, host.monotonic(), (stalls.some, stalls.full or 0.0))
                if grown is not None:
                    seconds, (some_waited, full_waited) = grown
                    out.gauge(some, share(some_waited, seconds))
                    if full is not None and stalls.full is not None:
                        out.gauge(full, share(full_waited, seconds))
                if full is not None and stalls.full is None:
                    with out.measuring(full):
                        raise NotMeasurable(f"this kernel does not tell when all work waits for {resource}")
