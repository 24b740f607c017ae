"""The disk below a directory: whether it turns, and how often it was used. No disk is asked, so none wakes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import DiskBelow, NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.tree import Tree

# They say that they turn, and are none: files, memory and what a host shows its virtual machines.
_NO_DISKS: Final = ("vd", "xvd", "loop", "zram", "nbd", "ram")
_DEEPEST: Final = 8  # volumes on arrays on encryption on partitions


def disk_below(tree: Tree, device: int) -> DiskBelow:
    """Of the file system with that device number, as stat gives it."""
    place = f"sys/dev/block/{os.major(device)}:{os.minor(device)}"
    if not tree.exists(place):
        raise NotMeasurable("the file system tells no disk that it is on")
    turns, transfers = False, 0
    for disk in sorted(set(_disks(tree, place, _DEEPEST))):
        fields = tree.text(f"{disk}/stat").split()
        transfers += int(fields[0]) + int(fields[4])
        turns = turns or tree.number(f"{disk}/queue/rotational") == 1
    return DiskBelow(turns, transfers)


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
