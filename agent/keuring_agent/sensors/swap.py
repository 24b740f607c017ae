"""Swap space and the pages that move there and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import (
    KEURING_PAGING_IN,
    KEURING_PAGING_OUT,
    SYSTEM_PAGING_USAGE,
    SYSTEM_PAGING_UTILIZATION,
)
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.sensors.base import Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class SwapUse(Sensor):
    """Its peak counts, so it is read at each sample."""

    name = "swap"
    signals = (SYSTEM_PAGING_UTILIZATION, SYSTEM_PAGING_USAGE, KEURING_PAGING_IN, KEURING_PAGING_OUT)

    def read(self, host: Host, out: Readings) -> None:
        swap = host.swap()
        if not swap.total:
            raise NotMeasurable("this machine has no swap space")
        out.gauge(SYSTEM_PAGING_UTILIZATION, swap.used / swap.total)
        out.gauge(SYSTEM_PAGING_USAGE, swap.used)
        with out.measuring(KEURING_PAGING_IN, KEURING_PAGING_OUT):
            if swap.pages_in is None or swap.pages_out is None:
                raise NotMeasurable("this system does not count the pages that it moves")
            out.counter(KEURING_PAGING_IN, swap.pages_in)
            out.counter(KEURING_PAGING_OUT, swap.pages_out)
