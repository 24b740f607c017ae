"""The disks below a directory: whether one turns, asked once, and how often they were used. None is woken by it.

A volume tells its disks (IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS), and a disk whether seeking costs it time
(StorageDeviceSeekPenaltyProperty), which is what Windows itself goes by. Both need no privilege.
"""

from __future__ import annotations

import ntpath
import struct
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import DiskBelow, NotMeasurable
from keuring_agent.host.windows import disks

if TYPE_CHECKING:
    from keuring_agent.host.windows.api import System

EXTENTS: Final = 0x00560000
QUERY: Final = 0x002D1400  # IOCTL_STORAGE_QUERY_PROPERTY
SEEK_PENALTY: Final = struct.pack("<3I", 7, 0, 0)  # PropertyId, QueryType, nothing further
_COUNT: Final = struct.Struct("<I4x")
_EXTENT: Final = struct.Struct("<I4x2q")  # number of the disk, where it begins, how long it is
_PENALTY: Final = struct.Struct("<2I?3x")  # Version, Size, IncursSeekPenalty
_MOST: Final = 64  # extents; a volume has one, or a few where it spans disks
_UNTOLD: Final = "the file system tells no disk that it is on"


class DiskReader:
    """Remembers which disks a directory is on, and whether one of them turns."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._known: dict[str, tuple[list[str], bool]] = {}

    def below(self, path: str) -> DiskBelow:
        """Of the drive that begins a path."""
        drive = ntpath.splitdrive(path)[0]
        if len(drive) != 2:
            raise NotMeasurable(_UNTOLD)  # another machine's
        if drive not in self._known:
            names = on(self._system.ioctl(drive, EXTENTS, b"", _COUNT.size + _MOST * _EXTENT.size))
            self._known[drive] = names, any(turns(self._system, name) for name in names)
        names, is_turning = self._known[drive]
        used = [one.operations for one in disks.uses(self._system, names)]
        if len(used) < len(names):
            raise NotMeasurable("no disk counts what it does")
        return DiskBelow(is_turning, sum(used))


def on(answer: bytes) -> list[str]:
    """Names of the disks in VOLUME_DISK_EXTENTS."""
    if len(answer) < _COUNT.size:
        raise NotMeasurable(_UNTOLD)
    room = (len(answer) - _COUNT.size) // _EXTENT.size
    count = min(_COUNT.unpack_from(answer)[0], room)
    numbers = {_EXTENT.unpack_from(answer, _COUNT.size + index * _EXTENT.size)[0] for index in range(count)}
    if not numbers:
        raise NotMeasurable(_UNTOLD)
    return [f"PhysicalDrive{number}" for number in sorted(numbers)]


def turns(system: System, name: str) -> bool:
    """Of one disk. Raises NotMeasurable where it does not tell."""
    answer = system.ioctl(name, QUERY, SEEK_PENALTY, _PENALTY.size)
    if len(answer) < _PENALTY.size - 3:  # some drivers leave out what fills it up
        raise NotMeasurable("this disk does not answer what it is asked")
    return bool(answer[8])
