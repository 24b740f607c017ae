"""Calls that came to the simulated desk in the ordinary way, as its ITSM exports them; most had no ticket before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from keuring_collector.desk import incidents

if TYPE_CHECKING:
    from keuring_collector.demo.fleet import Fleet

CALLS: Final = (  # what it turned out to be, and how many days ago
    ("battery-wear", 12),
    ("wifi", 17),
    ("sudden-shutdowns", 23),
    ("start-slow", 31),
    ("disk-failing", 38),
    ("wifi", 45),
    ("application-faults", 52),
    ("heat", 66),
    ("network-link", 74),
)


def write(fleet: Fleet) -> None:
    """Imports the calls, each of another machine."""
    now = datetime.fromtimestamp(fleet.now, UTC)
    apart = max(1, len(fleet.machines) // len(CALLS))
    rows = [
        incidents.Row(0, machine.host_name, cause, now - timedelta(days=days, hours=2), f"I 2611 {number:03}")
        for number, (machine, (cause, days)) in enumerate(zip(fleet.machines[::apart], CALLS, strict=False), start=1)
    ]
    incidents.apply(incidents.plan(rows, now))
