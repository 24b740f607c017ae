"""What the machine is fitted with: memory modules, disks, drivers from elsewhere, and firmware of parts."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from keuring_agent.host.inventory import DeviceFirmware, DiskSize, Driver, MemorySlots
from keuring_agent.host.linux.storage import whole_disks
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.tree import Tree

_DMI: Final = "sys/firmware/dmi/tables/DMI"
_ARRAY, _MODULE, _END = 16, 17, 127  # kinds of structures of SMBIOS
_SYSTEM_MEMORY: Final = 3  # what an array is used for
_EMPTY: Final = 0
_SECTOR: Final = 512
_MODULES: Final = "sys/module"
_FOREIGN: Final = frozenset("OPE")  # taints: built elsewhere, proprietary, not signed
_MOST: Final = 50


def memory_slots(tree: Tree) -> MemorySlots:
    """From the firmware's tables, which root alone may read on most systems."""
    return slots(tree.data(_DMI, "the firmware has no tables that list memory modules (SMBIOS)"))


def slots(table: bytes) -> MemorySlots:
    """Counts SMBIOS structures of type 17 that belong to main memory: not to flash, video or cache."""
    arrays: dict[int, bool] = {}
    modules: list[tuple[int, int]] = []
    for kind, handle, body in _structures(table):
        if kind == _ARRAY and len(body) >= 6:
            arrays[handle] = body[5] == _SYSTEM_MEMORY
        elif kind == _MODULE and len(body) >= 14:
            (array,) = struct.unpack_from("<H", body, 4)
            (size,) = struct.unpack_from("<H", body, 12)
            modules.append((array, size))
    sizes = [size for array, size in modules if arrays.get(array, True)]
    if not sizes:
        raise NotMeasurable("the firmware's tables list no memory modules")
    return MemorySlots(len(sizes), sum(size != _EMPTY for size in sizes))


def _structures(table: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(type, handle, formatted part) of each; the strings after it, serial numbers among them, are passed over."""
    at = 0
    while at + 4 <= len(table):
        kind, length, handle = struct.unpack_from("<BBH", table, at)
        if length < 4 or kind == _END:
            return
        yield kind, handle, table[at : at + length]
        end = table.find(b"\0\0", at + length)
        if end < 0:
            return
        at = end + 2


def disk_sizes(tree: Tree) -> list[DiskSize]:
    """The kernel's own note; no disk is asked. A reader without a card has none."""
    sizes = [(disk, tree.number(f"sys/block/{disk}/size")) for disk in whole_disks(tree)]
    found = [DiskSize(disk, size * _SECTOR) for disk, size in sizes if size]
    if not found:
        raise NotMeasurable("no physical disk is visible")
    return found


def drivers(tree: Tree) -> list[Driver]:
    """Modules that were not built with the kernel. When they were made is told by none of them."""
    names = tree.names(_MODULES)
    if not names:
        raise NotMeasurable("the kernel does not list its drivers")
    foreign = [name for name in names if _FOREIGN & set(tree.optional(f"{_MODULES}/{name}/taint") or "")]
    found = [Driver(name, tree.optional(f"{_MODULES}/{name}/version"), None) for name in foreign[:_MOST]]
    if not found:
        raise NotMeasurable("all drivers come with the kernel, whose version is the system's build")
    return found


def firmware(tree: Tree) -> list[DeviceFirmware]:
    """What the kernel knows without asking a part: microcode, disks, and Thunderbolt controllers."""
    named: list[tuple[str, str | None]] = [("microcode", _microcode(tree))]
    for name in tree.names("sys/class/nvme"):
        directory = f"sys/class/nvme/{name}"
        named.append((tree.optional(f"{directory}/model") or name, tree.optional(f"{directory}/firmware_rev")))
    for disk in whole_disks(tree):
        directory = f"sys/block/{disk}/device"
        if (revision := tree.optional(f"{directory}/rev")) is not None:
            named.append((tree.optional(f"{directory}/model") or disk, revision))
    for name in tree.names("sys/bus/thunderbolt/devices"):
        if name.endswith("-0"):  # the machine's own end; docks are another matter
            version = tree.optional(f"sys/bus/thunderbolt/devices/{name}/nvm_version")
            named.append(("Thunderbolt controller", version))
    return numbered((" ".join(device.split()), version) for device, version in named if version)


def numbered(named: Iterator[tuple[str, str]]) -> list[DeviceFirmware]:
    """Alike parts of one version are one; of another version they get a number."""
    found: dict[str, str] = {}
    for device, version in named:
        name, number = device, 1
        while found.get(name, version) != version:
            number += 1
            name = f"{device} ({number})"
        found[name] = version
    return [DeviceFirmware(device, version) for device, version in found.items()]


def _microcode(tree: Tree) -> str | None:
    for line in tree.lines("proc/cpuinfo"):
        key, _, value = line.partition(":")
        if key.strip() == "microcode":
            return value.strip() or None
    return None
