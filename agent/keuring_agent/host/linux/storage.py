"""File systems and disks, from /proc and /sys."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent.host.readings import DiskUse, FileSystem, NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from keuring_agent.host.tree import Tree

# What lives on disks and can fill up. Not: what is read-only by nature (squashfs, iso9660), what has no disk (tmpfs),
# and what is elsewhere (nfs, cifs), where a server that does not answer would hold the agent up.
ON_DISK: Final = frozenset(
    [
        "ext2",
        "ext3",
        "ext4",
        "xfs",
        "btrfs",
        "zfs",
        "bcachefs",
        "f2fs",
        "jfs",
        "reiserfs",
        "nilfs2",
        "vfat",
        "exfat",
        "ntfs",
        "ntfs3",
        "fuseblk",
        "hfsplus",
    ]
)
# Removable media, whose mount points carry the names of colleagues; and what programs mount for themselves.
_LEFT_OUT: Final = (
    "/media/",
    "/run/",
    "/proc/",
    "/sys/",
    "/dev/",
    "/var/lib/docker/",
    "/var/lib/containers/",
    "/snap/",
)
_HOME: Final = "/home/"
_SECTOR: Final = 512  # the unit of /proc/diskstats, whatever the disk's own


class Mount(NamedTuple):
    """A line of mountinfo."""

    device: str
    path: str
    read_only: bool
    kind: str
    whole: bool  # the file system's own root, not a part of it that is shown elsewhere
    source: str  # the block device, as whoever mounted it called it


def _unescape(path: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        path = path.replace(code, character)
    return path


def listed(tree: Tree) -> Iterator[Mount]:
    """Every mount, as mountinfo has it."""
    source = "proc/self/mountinfo" if tree.is_own else "proc/1/mountinfo"
    for line in tree.data(source).decode("utf-8", "replace").splitlines():
        left, _, right = line.partition(" - ")
        fields, tail = left.split(" "), right.split(" ")
        # The file system's own options, not those of this view of it: systemd shows a hardened service every mount
        # read-only, but only the kernel, or whoever mounted it, makes the file system itself so.
        read_only = "ro" in tail[-1].split(",")
        yield Mount(fields[2], _unescape(fields[4]), read_only, tail[0], fields[3] == "/", _unescape(tail[1]))


def subject(path: str, taken: Collection[str]) -> str:
    """What a mount point is called: a home directory's without its owner's name."""
    if not path.startswith(_HOME):
        return path
    name, number = _HOME + "*", 1
    while name in taken:
        number += 1
        name = f"{_HOME}* ({number})"
    return name


def mounts(tree: Tree, extra_kinds: Collection[str]) -> Iterator[tuple[str, Mount, os.statvfs_result]]:
    """Each file system once, by its subject, at the mount point that shows the whole of it, else the shortest."""
    chosen: dict[str, Mount] = {}
    for mount in listed(tree):
        if mount.kind not in ON_DISK and mount.kind not in extra_kinds:
            continue
        if mount.kind in ON_DISK and (mount.path + "/").startswith(_LEFT_OUT):
            continue
        known = chosen.get(mount.device)
        if known is None or (not mount.whole, len(mount.path)) < (not known.whole, len(known.path)):
            chosen[mount.device] = mount
    taken: set[str] = set()
    for mount in sorted(chosen.values(), key=lambda mount: mount.path):
        try:
            state = os.statvfs(tree.path(mount.path))
        except OSError:
            continue  # unmounted meanwhile, or not to be looked into
        if not state.f_blocks:
            continue
        name = subject(mount.path, taken)
        taken.add(name)
        yield name, mount, state


def file_systems(tree: Tree, extra_kinds: Collection[str]) -> list[FileSystem]:
    """Space and inodes of each."""
    found = [
        FileSystem(
            name,
            mount.kind,
            mount.read_only,
            state.f_blocks * state.f_frsize,
            (state.f_blocks - state.f_bfree) * state.f_frsize,
            state.f_bavail * state.f_frsize,
            state.f_files,
            state.f_favail,
        )
        for name, mount, state in mounts(tree, extra_kinds)
    ]
    if not found:
        raise NotMeasurable("no file system on a local disk is mounted")
    return found


def whole_disks(tree: Tree) -> list[str]:
    """Physical disks: not partitions, nor what is made of other disks or of memory."""
    return [
        name
        for name in tree.names("sys/block")
        if tree.exists(f"sys/block/{name}/device") and not name.startswith(("sr", "fd", "loop", "zram", "nbd"))
    ]


def disks(tree: Tree) -> list[DiskUse]:
    """/proc/diskstats."""
    wanted = set(whole_disks(tree))
    found = []
    for line in tree.text("proc/diskstats").splitlines():
        fields = line.split()
        if fields[2] not in wanted:
            continue
        # Per disk: reads, merged, sectors, ms; writes, merged, sectors, ms; in flight, ms busy, weighted ms.
        reads, _, sectors_read, read_ms, writes, _, sectors_written, write_ms, _, busy_ms = map(int, fields[3:13])
        found.append(
            DiskUse(
                fields[2],
                sectors_read * _SECTOR,
                sectors_written * _SECTOR,
                busy_ms / 1000,
                reads + writes,
                (read_ms + write_ms) / 1000,
            )
        )
    if not found:
        raise NotMeasurable("no physical disk is visible")
    return found
