"""When backups last succeeded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring.signals.catalogue import KEURING_BACKUP_SUCCEEDED
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host


class Backups(Sensor):
    """What was told before holds until a newer success: after a start of the system nothing is known of it."""

    name = "backup"
    signals = (KEURING_BACKUP_SUCCEEDED,)
    pace = Pace.SLOW
    interval = 3600.0

    def read(self, host: Host, out: Readings) -> None:
        backups = host.backups()
        out.watched(KEURING_BACKUP_SUCCEEDED)
        for found in backups:
            out.fact(KEURING_BACKUP_SUCCEEDED, found.succeeded, found.backup)
            if found.succeeded is None:
                out.hold(KEURING_BACKUP_SUCCEEDED)
