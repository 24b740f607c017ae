"""The warranties of the simulated fleet, as the list of its supplier has them: some end in the weeks to come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from keuring_collector.desk import wording
from keuring_collector.fleet import warranties
from keuring_collector.fleet.serials import canonical

if TYPE_CHECKING:
    from keuring_collector.demo.fleet import Fleet

SPAN: Final = 4 * 365  # days over which they end
OVER: Final = 30  # of these days lie behind
NOT_ON_LIST: Final = 10  # each how many-th machine


def write(fleet: Fleet) -> None:
    """Imports the list, before the machines report."""
    now = datetime.fromtimestamp(fleet.now, UTC)
    rows = [
        warranties.Row(
            machine.index,
            canonical(machine.serial),
            wording.local_day(now) + timedelta(days=machine.index * 367 % SPAN - OVER),
        )
        for machine in fleet.machines
        if machine.index % NOT_ON_LIST != NOT_ON_LIST - 1
    ]
    warranties.apply(warranties.plan(rows, ()), now)
