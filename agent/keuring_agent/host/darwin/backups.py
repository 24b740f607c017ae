"""Time Machine: when it last succeeded, from its own record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import plists
from keuring_agent.host.readings import Backup, NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

_RECORD: Final = "Library/Preferences/com.apple.TimeMachine.plist"
_NAME: Final = "Time Machine"
_NONE: Final = "Time Machine is not set up on this machine"
_CLOSED: Final = "macOS shows the record of Time Machine only to programs with full disk access"


def backups(tree: Tree) -> list[Backup]:
    """One for each disk or server that Time Machine writes to."""
    if not tree.exists(_RECORD):
        raise NotMeasurable(_NONE)
    try:
        data = tree.data(_RECORD)
    except NotMeasurable:
        raise NotMeasurable(_CLOSED) from None
    return of_record(plists.read(data))


def of_record(record: object) -> list[Backup]:
    """Disks and servers go by number: their names are a colleague's own."""
    rows = list(map(plists.mapping, plists.listing(plists.mapping(record).get("Destinations"))))
    if not rows:
        raise NotMeasurable(_NONE)
    return [
        Backup(_NAME if number == 1 else f"{_NAME} ({number})", _succeeded(row)) for number, row in enumerate(rows, 1)
    ]


def _succeeded(row: dict[str, object]) -> float | None:
    times = (plists.time(date) for date in plists.listing(row.get("SnapshotDates")))
    return max((time for time in times if time is not None), default=None)
