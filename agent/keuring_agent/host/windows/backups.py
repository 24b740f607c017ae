"""When Windows' own backups last succeeded: Windows Server Backup, its older kin, and File History."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import Backup, NotMeasurable
from keuring_agent.host.windows import events, values

if TYPE_CHECKING:
    from keuring_agent.host.windows.api import System

_CHANNEL: Final = "Microsoft-Windows-Backup"
_SUCCEEDED: Final = {_CHANNEL: (4,)}
_HISTORY: Final = r"SOFTWARE\Microsoft\Windows\CurrentVersion\FileHistory"
_PERSON: Final = re.compile(r"^S-1-(?:5-21|12-1)-[\d-]+$")  # whoever signed in; the number goes nowhere
WINDOWS, FILE_HISTORY = "Windows Backup", "File History"


def _windows(system: System) -> Backup | None:
    try:
        found = events.parsed(system.events(_CHANNEL, events.query(_SUCCEEDED), 0))
    except NotMeasurable:
        return None
    return Backup(WINDOWS, max(event.time for event in found)) if found else None


def _file_history(system: System) -> Backup | None:
    """Of who is signed in, as it is one person's own. "ProtectedUpToTime" is a FILETIME, and 0 while it is at work."""
    times: list[float | None] = []
    for name in filter(_PERSON.match, system.keys("HKU")):
        key = system.values(rf"HKU\{name}\{_HISTORY}")
        if key and "ProtectedUpToTime" in key:
            times.append(values.filetime(key["ProtectedUpToTime"]))
    known = [time for time in times if time is not None]
    return Backup(FILE_HISTORY, max(known, default=None)) if times else None


def backups(system: System) -> list[Backup]:
    """Those that ever succeeded. Copies that Windows keeps on the same disk (restore points) are no backup."""
    found = [backup for backup in (_windows(system), _file_history(system)) if backup is not None]
    if not found:
        raise NotMeasurable("no backup of Windows' own has succeeded, as far as Windows notes")
    return found
