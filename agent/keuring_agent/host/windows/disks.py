"""Disks: which there are, and what each has done (IOCTL_DISK_PERFORMANCE)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent.host.readings import DiskUse, NotMeasurable
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.values import Row

STORAGE: Final = r"root\Microsoft\Windows\Storage"
PHYSICAL: Final = (
    *("DeviceId", "Model", "FirmwareVersion", "SerialNumber", "MediaType", "BusType", "HealthStatus"),
    *("OperationalStatus", "FriendlyName", "Size"),
)
DRIVE: Final = (
    "DeviceID",
    "Model",
    "FirmwareRevision",
    "SerialNumber",
    "InterfaceType",
    "MediaType",
    "PNPDeviceID",
    "Size",
)
_PERFORMANCE: Final = 0x00070020
_SIZE: Final = 88
# Bytes read and written, time reading, writing and idle, counts of reads and writes, queue, splits, time of asking.
_USE: Final = struct.Struct("<5q4Iq")
_TICKS: Final = 10_000_000
_KINDS: Final = {3: "hdd", 4: "ssd"}
_NVME: Final = 17
_REMOVABLE: Final = frozenset({4, 7, 12, 13, 14, 15})  # of BusType: FireWire, USB, SD, MMC, disks made of files
_MADE_OF_OTHERS: Final = 16  # a storage space


class Disk(NamedTuple):
    """A disk in the machine. ``passed`` is what Windows makes of the disk's own word."""

    number: int
    kind: str | None
    passed: bool | None
    model: str | None
    firmware: str | None
    serial_number: str | None
    size: int | None = None

    @property
    def name(self) -> str:
        """As psutil and the device itself have it."""
        return f"PhysicalDrive{self.number}"


_HEALTHY, _UNHEALTHY = 0, 2
_PREDICTS_FAILURE: Final = 5  # of OperationalStatus


def _passed(row: Row) -> bool | None:
    states = {values.whole({"": state}, "") for state in values.listed(row, "OperationalStatus")}
    health = values.whole(row, "HealthStatus")
    if _PREDICTS_FAILURE in states or health == _UNHEALTHY:
        return False
    return True if health == _HEALTHY else None


def serial_number(text: str | None) -> str | None:
    """Windows writes an NVMe disk's number (EUI) in groups: 0000_A5B0_...; with a dot at its end."""
    return (text or "").strip().rstrip(".") or None


def physical(rows: Iterable[Row]) -> list[Disk]:
    """From MSFT_PhysicalDisk, without what can be pulled out and what is made of other disks."""
    found = []
    for row in rows:
        number, bus = values.whole(row, "DeviceId"), values.whole(row, "BusType")
        if number is None or number < 0 or bus in _REMOVABLE or bus == _MADE_OF_OTHERS:
            continue
        found.append(
            Disk(
                number,
                "nvme" if bus == _NVME else _KINDS.get(values.whole(row, "MediaType") or 0),
                _passed(row),
                values.text(row, "Model") or values.text(row, "FriendlyName"),
                values.text(row, "FirmwareVersion"),
                serial_number(values.text(row, "SerialNumber")),
                values.whole(row, "Size"),
            )
        )
    return sorted(found, key=lambda disk: disk.number)


def drives(rows: Iterable[Row]) -> list[Disk]:
    """From Win32_DiskDrive, which older versions have too; its kind is not told."""
    found = []
    for row in rows:
        name = (values.text(row, "DeviceID") or "").upper()
        number = name.rpartition("PHYSICALDRIVE")[2]
        fixed = (values.text(row, "MediaType") or "").lower().startswith("fixed")
        if not number.isdecimal() or not fixed or values.text(row, "InterfaceType") in ("USB", "1394"):
            continue
        model = values.text(row, "Model")
        kind = "nvme" if "NVME" in (values.text(row, "PNPDeviceID") or "").upper() else None
        firmware = values.text(row, "FirmwareRevision")
        serial = serial_number(values.text(row, "SerialNumber"))
        found.append(Disk(int(number), kind, None, model, firmware, serial, values.whole(row, "Size")))
    return sorted(found, key=lambda disk: disk.number)


def ask(system: System) -> list[Disk]:
    """Asks the newer class, else the older."""
    try:
        found = physical(system.cim(STORAGE, "MSFT_PhysicalDisk", PHYSICAL))
    except NotMeasurable:
        found = []
    found = found or drives(system.cim(r"root\cimv2", "Win32_DiskDrive", DRIVE))
    if not found:
        raise NotMeasurable("no physical disk is visible")
    return found


def use(name: str, answer: bytes) -> DiskUse | None:
    """DISK_PERFORMANCE; None for an answer that is too short."""
    if len(answer) < _USE.size:
        return None
    read, written, reading, writing, idle, reads, writes, _, _, asked = _USE.unpack_from(answer)
    busy = max(0, asked - idle) / _TICKS
    return DiskUse(name, read, written, busy, reads + writes, (reading + writing) / _TICKS)


def uses(system: System, names: Sequence[str]) -> list[DiskUse]:
    """Of each disk that answers."""
    found = []
    for name in names:
        try:
            one = use(name, system.ioctl(name, _PERFORMANCE, b"", _SIZE))
        except NotMeasurable:
            continue
        if one is not None:
            found.append(one)
    if not found:
        raise NotMeasurable("no disk counts what it does")
    return found
