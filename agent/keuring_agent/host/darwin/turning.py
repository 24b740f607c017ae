"""The disks below a directory: whether one turns, asked of diskutil once, and how often they were used (psutil)."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import plists
from keuring_agent.host.readings import DiskBelow, NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from keuring_agent.host.commands import Run

_WHOLE: Final = re.compile(r"disk\d{1,4}")
_DEVICE: Final = re.compile(r"(?:/dev/)?(disk\d{1,4}(?:s\d{1,4}){0,3})")
_MOST: Final = 8  # parts that a volume lies on: two in a Fusion Drive, more in arrays
_UNTOLD: Final = "the file system tells no disk that it is on"


def device_of(path: str, mounts: Iterable[tuple[str, str]], number: Callable[[str], int]) -> str:
    """The device of the volume that a directory is on, of (device, mount point). Firm links lead from one to another.

    ``number`` gives the device number of what is at a path.
    """
    mine = number(path)
    for device, point in mounts:
        name = _DEVICE.fullmatch(device)
        try:
            if name is not None and number(point) == mine:
                return name[1]
        except OSError:
            continue  # unmounted meanwhile
    raise NotMeasurable(_UNTOLD)


def disks_of(run: Run, timeout: float, device: str) -> tuple[list[str], bool]:
    """The whole disks that a volume is on, and whether one of them turns. Raises NotMeasurable where one is untold."""
    stores = plists.listing(_info(run, timeout, device).get("APFSPhysicalStores"))
    parts = [plists.text(plists.mapping(store).get("APFSPhysicalStore")) for store in stores] or [device]
    found: dict[str, bool] = {}
    for part in parts[:_MOST]:
        if _DEVICE.fullmatch(part) is None:
            raise NotMeasurable(_UNTOLD)
        told = _info(run, timeout, part)
        whole, solid = plists.text(told.get("ParentWholeDisk")), told.get("SolidState")
        if _WHOLE.fullmatch(whole) is None or not isinstance(solid, bool):
            raise NotMeasurable("this disk does not answer what it is asked")
        found[whole] = not solid
    return sorted(found), any(found.values())


def _info(run: Run, timeout: float, device: str) -> dict[str, object]:
    return plists.mapping(plists.read(run(["diskutil", "info", "-plist", device], timeout).output))


def used(disks: tuple[Sequence[str], bool], counters: Mapping[str, tuple[int, int]]) -> DiskBelow:
    """With the counts of reads and writes by disk."""
    names, is_turning = disks
    if not all(name in counters for name in names):
        raise NotMeasurable("no disk counts what it does")
    return DiskBelow(is_turning, sum(sum(counters[name]) for name in names))


def number(path: str) -> int:
    """The device number of what is at a path."""
    return os.stat(path).st_dev  # noqa: PTH116  # pathlib costs memory
