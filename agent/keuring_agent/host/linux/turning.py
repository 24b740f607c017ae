"""The disk below a directory: whether it turns, and how often it was used. No disk is asked, so none wakes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux import storage
from keuring_agent.host.readings import DiskBelow, NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from keuring_agent.host.tree import Tree

# They say that they turn, and are none: files, memory and what a host shows its virtual machines.
_NO_DISKS: Final = ("vd", "xvd", "loop", "zram", "nbd", "ram")
_DEEPEST: Final = 8  # volumes on arrays on encryption on partitions


_BTRFS: Final = "sys/fs/btrfs"
_UNTOLD: Final = "the file system tells no disk that it is on"


def places(tree: Tree, path: str) -> list[str]:
    """Where /sys has the devices of the file system that a directory of this program is on."""
    path = os.path.realpath(path)  # pathlib costs memory
    device = os.stat(path).st_dev  # noqa: PTH116
    if os.major(device):
        return [f"sys/dev/block/{os.major(device)}:{os.minor(device)}"]
    if not tree.is_own:
        raise NotMeasurable(_UNTOLD)  # mounts of another system have other paths
    return btrfs(tree, path)


def used(tree: Tree, places: Sequence[str]) -> DiskBelow:
    """Of all disks that these partitions, volumes and disks are made of."""
    if not places or not all(map(tree.exists, places)):
        raise NotMeasurable(_UNTOLD)
    turns, transfers = False, 0
    for disk in sorted({disk for place in places for disk in _disks(tree, place, _DEEPEST)}):
        fields = tree.text(f"{disk}/stat").split()
        transfers += int(fields[0]) + int(fields[4])
        turns = turns or tree.number(f"{disk}/queue/rotational") == 1
    return DiskBelow(turns, transfers)


def btrfs(tree: Tree, path: str) -> list[str]:
    """Devices of the Btrfs that a directory is on: its own number names none, and every subvolume has another."""
    above = [mount for mount in storage.listed(tree) if f"{path}/".startswith(f"{mount.path.rstrip('/')}/")]
    if not above:
        raise NotMeasurable(_UNTOLD)
    # Of those of one length the last covers the ones before.
    nearest = max(enumerate(above), key=lambda each: (len(each[1].path), each[0]))[1]
    if nearest.kind != "btrfs":
        raise NotMeasurable(_UNTOLD)
    source = os.path.basename(os.path.realpath(tree.path(nearest.source)))  # noqa: PTH119
    kept = {found: tree.names(f"{_BTRFS}/{found}/devices") for found in tree.names(_BTRFS)}
    kept = {found: devices for found, devices in kept.items() if devices}  # not "features"
    mine = [found for found, devices in kept.items() if source in devices] or list(kept)
    if len(mine) != 1:  # whoever mounted it named another device ("/dev/root"), and there is more than one
        raise NotMeasurable(_UNTOLD)
    return [f"{_BTRFS}/{mine[0]}/devices/{device}" for device in kept[mine[0]]]


def _disks(tree: Tree, place: str, deep: int) -> Iterator[str]:
    """Whole disks that a volume or partition is made of."""
    if tree.exists(f"{place}/partition"):
        place = f"{place}/.."  # which the system follows from where the link leads to
    slaves = tree.names(f"{place}/slaves")
    if not slaves:
        name = os.path.basename(os.path.realpath(tree.path(place)))  # noqa: PTH119  # pathlib costs memory
        if not name.startswith(_NO_DISKS):
            yield f"sys/block/{name}"
        return
    if deep:
        for slave in slaves:
            yield from _disks(tree, f"{place}/slaves/{slave}", deep - 1)
