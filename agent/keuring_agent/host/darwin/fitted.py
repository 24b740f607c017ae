"""What a Mac is fitted with: memory modules, disks by size, firmware of parts, drivers that are not Apple's."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import disks, plists, profile
from keuring_agent.host.inventory import DeviceFirmware, DiskSize, Driver, MemorySlots
from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.commands import Run
    from keuring_agent.host.darwin.profile import Item

_MEMORY: Final = ("SPMemoryDataType", "Memory")
_SIZE: Final = ("dimm_size", "Size")
_SOLDERED: Final = "the memory of this Mac is part of its board, and has no places for modules"
_EXTENSION: Final = re.compile(r"^\s*\*\s*\*?\s*[A-Z0-9]{10}\s+(\S+) \(([\w.]+)", re.MULTILINE)
_LOADED: Final = re.compile(r"\s([a-zA-Z][\w-]*(?:\.[\w-]+)+) \(([\w.]+)\)")
_APPLES: Final = "com.apple."
_SECURITY: Final = ("ibridge_secure_boot", "Secure Boot")
# What Apple calls it on its own chips, and on Intel with a T2.
_LEVELS: Final = {
    "Full Security": True,
    "Reduced Security": True,
    "Medium Security": True,
    "Permissive Security": False,
    "No Security": False,
}


def memory_slots(run: Run, timeout: float) -> MemorySlots:
    """SPMemoryDataType."""
    return of_memory(profile.ask(run, timeout, "SPMemoryDataType"))


def of_memory(sections: Sequence[Item]) -> MemorySlots:
    """Banks by name; an empty one says so."""
    memory = [section for section in sections if section.name in _MEMORY]
    sizes = [item.first(*_SIZE) for item in profile.walk(memory)]
    banks = [size.lower() for size in sizes if size]
    if not banks:
        raise NotMeasurable(_SOLDERED)
    return MemorySlots(len(banks), sum("empty" not in size for size in banks))


def disk_sizes(run: Run, timeout: float) -> list[DiskSize]:
    """The machine's own physical disks."""
    found = []
    for device in disks.whole(run, timeout):
        fields = plists.mapping(plists.read(run(["diskutil", "info", "-plist", device], timeout).output))
        size = plists.number(fields.get("TotalSize")) or plists.number(fields.get("Size"))
        if size:
            found.append(DiskSize(device, int(size)))
    if not found:
        raise NotMeasurable("no disk tells its size")
    return found


def firmware(run: Run, timeout: float) -> list[DeviceFirmware]:
    """Of disks; all else comes with macOS and has its version."""
    return of_disks(profile.ask(run, timeout, "SPNVMeDataType", "SPSerialATADataType"))


def of_disks(sections: Sequence[Item]) -> list[DeviceFirmware]:
    """Each model once."""
    found = {disk.model: disk.firmware for disk in disks.of_profile(sections).values() if disk.model and disk.firmware}
    if not found:
        raise NotMeasurable("no part of this machine tells the version of its firmware")
    return [DeviceFirmware(model, version) for model, version in sorted(found.items())]


def drivers(run: Run, timeout: float) -> list[Driver]:
    """Extensions of the system and of its kernel that are in use and not Apple's."""
    said = [run(["systemextensionsctl", "list"], timeout), run(["kmutil", "showloaded", "--list-only"], timeout)]
    extensions, loaded = (result.output.decode("utf-8", "replace") for result in said)
    return of_extensions(extensions, loaded)


def of_extensions(extensions: str, loaded: str) -> list[Driver]:
    """They go by their maker's identifier, each once."""
    lines = [line for line in extensions.splitlines() if "activated enabled" in line]
    rows = [match.groups() for match in map(_EXTENSION.match, lines) if match is not None]
    rows += [match.groups() for match in _LOADED.finditer(loaded)]
    found = {name: version for name, version in rows if not name.startswith(_APPLES)}
    return [Driver(name, version, None) for name, version in sorted(found.items())]


def secure_boot(run: Run, timeout: float) -> bool:
    """Of Macs with Apple's own chip, or a T2."""
    return of_bridge(profile.ask(run, timeout, "SPiBridgeDataType"))


def of_bridge(sections: Sequence[Item]) -> bool:
    """Whether only what is signed starts; a level in another language than English is not known here."""
    levels = (item.first(*_SECURITY) for item in profile.walk(sections))
    level = _LEVELS.get(next((level for level in levels if level), ""))
    if level is None:
        raise NotMeasurable("this Mac does not tell whether it starts only what is signed (older ones do not)")
    return level
