"""Redundant arrays: md's and Btrfs's own counts in /sys, which wake no disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import Array, NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

_BTRFS: Final = "sys/fs/btrfs"
_REDUNDANT: Final = frozenset({"raid1", "raid1c3", "raid1c4", "raid10", "raid5", "raid6"})
_STOPPED: Final = frozenset({"clear", "inactive"})


def arrays(tree: Tree) -> list[Array]:
    """Arrays that run and that could lose a disk; a disk that is being rebuilt is still missing."""
    found = []
    for name in tree.names("sys/block"):
        state = tree.optional(f"sys/block/{name}/md/array_state")
        missing = tree.number(f"sys/block/{name}/md/degraded")  # only redundant levels have it
        if state is not None and state not in _STOPPED and missing is not None and missing >= 0:
            found.append(Array(name, missing))
    found += _btrfs(tree)
    if not found:
        raise NotMeasurable("there is no array of disks that could lose one (those of controllers are not seen)")
    return found


def _btrfs(tree: Tree) -> list[Array]:
    """Btrfs's identifiers say nothing to a person, so they are numbered."""
    counts = []
    for identifier in tree.names(_BTRFS):
        directory = f"{_BTRFS}/{identifier}"
        if not _REDUNDANT.intersection(tree.names(f"{directory}/allocation/data")):
            continue
        missing = [tree.number(f"{directory}/devinfo/{name}/missing") for name in tree.names(f"{directory}/devinfo")]
        told = [count for count in missing if count is not None]
        if told:
            counts.append(sum(told))
    return [Array("btrfs" if number == 1 else f"btrfs ({number})", count) for number, count in enumerate(counts, 1)]
