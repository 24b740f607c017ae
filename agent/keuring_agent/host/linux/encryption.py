"""Whether file systems lie on encrypted devices, from the device mapper's names in /sys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux import storage
from keuring_agent.host.readings import Encryption, NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Collection

    from keuring_agent.host.tree import Tree

_BLOCK: Final = "sys/class/block"
# The machine starts from these, before anybody can unlock anything; nobody's work is on them.
_STARTED_FROM: Final = frozenset({"/boot", "/boot/efi", "/efi"})
_KEYED: Final = ("CRYPT-LUKS", "CRYPT-PLAIN", "CRYPT-TCRYPT", "CRYPT-BITLK")
_DEEPEST: Final = 8


def encryption(tree: Tree, extra_kinds: Collection[str]) -> list[Encryption]:
    """Of each file system whose device /sys knows. Files that are encrypted one by one, and disks that do it
    themselves, are not seen."""
    found = []
    for name, mount, _ in storage.mounts(tree, extra_kinds):
        if mount.path in _STARTED_FROM or mount.kind not in storage.ON_DISK:
            continue
        answers = [_encrypted(tree, device, 0) for device in _devices(tree, mount)]
        if answers and None not in answers:
            found.append(Encryption(name, all(answers)))
    if not found:
        raise NotMeasurable("what the file systems here lie on does not tell whether it is encrypted")
    return found


def _devices(tree: Tree, mount: storage.Mount) -> list[str]:
    """Block devices of a mount; those of Btrfs have a number that is no device's."""
    source = mount.source.rpartition("/")[2]
    if mount.source.startswith("/dev/mapper/"):
        mapped = (name for name in tree.names("sys/block") if tree.optional(f"sys/block/{name}/dm/name") == source)
        source = next(mapped, "")
    if not source or not tree.exists(f"{_BLOCK}/{source}"):
        names = tree.names(_BLOCK)
        return [name for name in names if tree.optional(f"{_BLOCK}/{name}/dev") == mount.device]
    for identifier in tree.names("sys/fs/btrfs") if mount.kind == "btrfs" else []:
        members = tree.names(f"sys/fs/btrfs/{identifier}/devices")
        if source in members:
            return members
    return [source]


def _encrypted(tree: Tree, device: str, depth: int) -> bool | None:
    """Whether all that a device is made of is encrypted; None for what cannot be told (loops, network disks)."""
    directory = f"{_BLOCK}/{device}"
    if (tree.optional(f"{directory}/dm/uuid") or "").startswith(_KEYED):
        return True
    below = tree.names(f"{directory}/slaves")
    if below and depth < _DEEPEST:
        answers = [_encrypted(tree, name, depth + 1) for name in below]
        return None if None in answers else all(answers)
    return None if device.startswith(("dm-", "md", "loop", "zram", "nbd", "zd")) else False
