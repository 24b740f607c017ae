"""Drivers, firmware, what guards the start, licences, services that failed, and places for memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.inventory import DeviceFirmware, Driver, Licence, MemorySlots
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.disks import Disk
    from keuring_agent.host.windows.values import Row

DRIVER: Final = ("DeviceName", "DeviceClass", "DeviceID", "DriverVersion", "DriverDate", "DriverProviderName")
MAKERS: Final = "DriverProviderName <> 'Microsoft' AND DeviceName IS NOT NULL"
SERVICE: Final = ("ExitCode",)
FAILED: Final = "StartMode = 'Auto' AND State = 'Stopped' AND ExitCode <> 0"
LICENCE: Final = ("Name", "Description", "ApplicationID", "LicenseStatus", "GracePeriodRemaining", "EvaluationEndDate")
ACTIVE: Final = "PartialProductKey IS NOT NULL"
MODULE: Final = ("Capacity",)
ARRAY: Final = ("MemoryDevices", "Use")
TPM: Final = ("SpecVersion", "ManufacturerVersion")
TPM_NAMESPACE: Final = r"root\cimv2\Security\MicrosoftTpm"
# Kinds of devices that belong to the machine, and ways in which such a part is connected: what somebody brings along
# (a headset, a telephone, a printer) goes without, as its name may be somebody's.
_CLASSES: Final = frozenset(
    {"DISPLAY", "NET", "MEDIA", "HDC", "SCSIADAPTER", "USB", "CAMERA", "BLUETOOTH", "BIOMETRIC"}
)
_PLACES: Final = ("PCI\\", "USB\\", "HDAUDIO\\", "INTELAUDIO\\", "ACPI\\")
_NUMBER: Final = re.compile(r"\s+#\d+$")
_NEVER_STARTED: Final = 1077
_SYSTEM_MEMORY: Final = 3
_MICROCODE: Final = r"HKLM\HARDWARE\DESCRIPTION\System\CentralProcessor\0"
_SECURE_BOOT: Final = r"HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot\State"
_WINDOWS: Final = "55c92734-d682-4d71-983e-d6ec3f16059f"
_LICENSED: Final = 1
_DAY: Final = 86400.0


def drivers(rows: Iterable[Row]) -> list[Driver]:
    """By the device's name, once for several alike; those that Microsoft made come with Windows."""
    found: dict[str, Driver] = {}
    for row in rows:
        name, kind = values.text(row, "DeviceName"), (values.text(row, "DeviceClass") or "").upper()
        place = (values.text(row, "DeviceID") or "").upper()
        if name is None or kind not in _CLASSES or not place.startswith(_PLACES):
            continue
        if values.text(row, "DriverProviderName") in (None, "Microsoft"):
            continue
        name = _NUMBER.sub("", name)
        version, date = values.text(row, "DriverVersion"), values.moment(row.get("DriverDate"))
        found.setdefault(name, Driver(name, version, date))
    return [found[name] for name in sorted(found)]


def microcode(key: Row) -> str | None:
    """The revision, in the upper half of eight bytes on Intel's processors, in the lower on AMD's."""
    data = key.get("Update Revision")
    if not isinstance(data, bytes) or len(data) < 4:
        return None
    revision = int.from_bytes(data[4:8], "little") or int.from_bytes(data[:4], "little")
    return f"0x{revision:x}" if revision else None


def device_firmware(system: System, disks: Iterable[Disk]) -> list[DeviceFirmware]:
    """The processor's microcode, disks by their model, and the TPM."""
    found = {}
    if (revision := microcode(system.values(_MICROCODE) or {})) is not None:
        found["microcode"] = revision
    for disk in disks:
        if disk.model and disk.firmware:
            found.setdefault(disk.model, disk.firmware)
    try:
        rows = system.cim(TPM_NAMESPACE, "Win32_Tpm", TPM)
    except NotMeasurable:
        rows = []
    for row in rows:
        if (version := values.text(row, "ManufacturerVersion")) is not None:
            found["TPM"] = version
    if not found:
        raise NotMeasurable("no part here tells the version of its firmware")
    return [DeviceFirmware(name, version) for name, version in found.items()]


def tpm(rows: Iterable[Row]) -> str:
    """Of "2.0, 0, 1.38" the first."""
    for row in rows:
        version = (values.text(row, "SpecVersion") or "").partition(",")[0].strip()
        if version[:1].isdecimal():
            return version
    raise NotMeasurable("this machine has no TPM, or it is switched off in the firmware")


def secure_boot(system: System) -> bool:
    """The firmware's own word, as Windows noted it; without UEFI there is no such thing, so nothing is refused."""
    return values.whole(system.values(_SECURE_BOOT) or {}, "UEFISecureBootEnabled") == 1


def failed_services(rows: Iterable[Row]) -> int:
    """Those that should run and ended with an error."""
    return sum(values.whole(row, "ExitCode") not in (None, 0, _NEVER_STARTED) for row in rows)


def licences(rows: Iterable[Row], now: float) -> list[Licence]:
    """Trials, and activations that must be renewed within so many minutes; to the day, as they count down."""
    found: dict[str, Licence] = {}
    for row in rows:
        name = "Windows" if (values.text(row, "ApplicationID") or "").lower() == _WINDOWS else None
        name = name or (values.text(row, "Name") or "").partition(",")[0]
        ends = values.moment(row.get("EvaluationEndDate"))
        minutes = values.number(row, "GracePeriodRemaining")
        if ends is None and minutes and values.whole(row, "LicenseStatus") == _LICENSED:
            ends = now + minutes * 60
        if name and ends is not None:
            found.setdefault(name, Licence(name, ends // _DAY * _DAY))
    if not found:
        raise NotMeasurable("no licence of Windows or Office here ends")
    return list(found.values())


def memory_slots(arrays: Iterable[Row], modules: Iterable[Row]) -> MemorySlots:
    """From Win32_PhysicalMemoryArray and Win32_PhysicalMemory; some firmware counts fewer places than modules."""
    places = sum(
        values.whole(row, "MemoryDevices") or 0 for row in arrays if values.whole(row, "Use") in (None, _SYSTEM_MEMORY)
    )
    taken = sum((values.number(row, "Capacity") or 0) > 0 for row in modules)
    if not places or not taken:
        raise NotMeasurable("the firmware does not list places for memory modules")
    return MemorySlots(max(places, taken), taken)
