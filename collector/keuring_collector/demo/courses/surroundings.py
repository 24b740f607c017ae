"""Graphics, printers, sign-in and the like: all well, the same throughout. Draws nothing, so it shifts nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals import catalogue as signals

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.sheet import Sheet

GIB = 2**30
_WELL = (
    signals.KEURING_CPU_VULNERABILITIES,
    signals.KEURING_SERVICE_FAILED,
    signals.KEURING_PRINTER_UNREACHABLE,
    signals.KEURING_FIRMWARE_UPDATES_PENDING,
)


def measure(machine: Machine, sheet: Sheet, load: NDArray[np.float64]) -> None:
    """Adds what no planted course concerns."""
    for signal in _WELL:
        sheet.gauge(signal, "", 0.0)
    for counter in (signals.KEURING_CPU_THROTTLED_TIME, signals.KEURING_SUSPEND_FAILURES):
        sheet.counter(counter, "", 0.0)
    sheet.gauge(signals.KEURING_PRINTER_COUNT, "", 2.0)
    sheet.gauge(signals.KEURING_SIGN_IN_DURATION, "", 8.0)
    sheet.gauge(signals.KEURING_DISPLAY_LIMIT, "", 2.0)
    sheet.gauge(signals.KEURING_VPN_CONNECTIONS, "", 0.0 if machine.model.chassis == "desktop" else 1.0)
    sheet.gauge(signals.HW_GPU_UTILIZATION, "gpu0", 0.02 + 0.2 * load, most=1.0)
    sheet.gauge(signals.HW_GPU_MEMORY_UTILIZATION, "gpu0", 0.2 + 0.1 * load, most=1.0)
    sheet.gauge(signals.HW_GPU_MEMORY_LIMIT, "gpu0", 2.0 * GIB)
