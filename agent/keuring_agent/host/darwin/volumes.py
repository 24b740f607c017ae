"""File systems. The volumes of an APFS container share its space, so that each container is told once."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent.host.readings import FileSystem, NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

_ON_DISK: Final = frozenset({"apfs", "hfs"})
_ROOT: Final = "/"
_DATA: Final = "/System/Volumes/Data"  # what colleagues write; the root beside it is read-only by nature
# Removable and other people's media, whose names are their own; what macOS and Xcode mount for themselves.
_LEFT_OUT: Final = ("/Volumes/", "/System/", "/Library/Developer/", "/private/", "/dev/", "/Library/Apple/")
_DEVICE: Final = re.compile(r"^(/dev/disk\d+)")


class Mount(NamedTuple):
    """A mounted volume: its device, where, which kind, and the words that describe it."""

    device: str
    path: str
    kind: str
    options: Collection[str]


def chosen(mounts: Iterable[Mount], extra_kinds: Collection[str]) -> list[tuple[str, Mount]]:
    """(subject, volume to look at) of each container or disk."""
    found: dict[str, Mount] = {}
    for mount in mounts:
        if mount.kind not in _ON_DISK and mount.kind not in extra_kinds:
            continue
        if mount.path != _DATA and (mount.path + "/").startswith(_LEFT_OUT):
            continue
        device = _DEVICE.match(mount.device)
        container = device[1] if device is not None and mount.kind == "apfs" else mount.device
        known = found.get(container)
        if known is None or mount.path == _DATA or (known.path != _DATA and len(mount.path) < len(known.path)):
            found[container] = mount
    subjects = ((_ROOT if mount.path == _DATA else mount.path, mount) for mount in found.values())
    return sorted(subjects)


def file_systems(
    mounts: Iterable[Mount], extra_kinds: Collection[str], look: Callable[[str], os.statvfs_result] = os.statvfs
) -> list[FileSystem]:
    """Space of each. What macOS would clear away when it must (purgeable) is in use until it has done so.

    APFS makes inodes as it needs them, so there is no number of them that could run out.
    """
    found = []
    for subject, mount in chosen(mounts, extra_kinds):
        try:
            state = look(mount.path)
        except OSError:
            continue  # unmounted meanwhile
        if not state.f_blocks:
            continue
        size, free = state.f_blocks * state.f_frsize, state.f_bfree * state.f_frsize
        available = state.f_bavail * state.f_frsize
        read_only = "ro" in mount.options
        found.append(FileSystem(subject, mount.kind, read_only, size, size - free, available, 0, 0))
    if not found:
        raise NotMeasurable("no file system on a local disk is mounted")
    return found
