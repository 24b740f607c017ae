"""Which windows do not wait for company: something broke, or a disk expects its own failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import (
    KEURING_CPU_MACHINE_CHECK,
    KEURING_DISK_IO_ERROR,
    KEURING_FILESYSTEM_ERROR,
    KEURING_KERNEL_OOPS,
    KEURING_SMART_PASSED,
    KEURING_SYSTEM_UNCLEAN_SHUTDOWN,
)

if TYPE_CHECKING:
    from keuring_agent.window import WindowReport

# A window with one of these is sent at once; others wait for company.
URGENT_EVENTS: Final = frozenset(
    signal.id
    for signal in (
        KEURING_CPU_MACHINE_CHECK,
        KEURING_DISK_IO_ERROR,
        KEURING_FILESYSTEM_ERROR,
        KEURING_KERNEL_OOPS,
        KEURING_SYSTEM_UNCLEAN_SHUTDOWN,
    )
)


def is_urgent(report: WindowReport) -> bool:
    """Whether a window should not wait."""
    if any(event.signal.id in URGENT_EVENTS for event in report.events):
        return True
    return any(key[0] == KEURING_SMART_PASSED.id and value is False for key, value in report.facts.items())
