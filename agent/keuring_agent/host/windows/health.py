"""What disks say of their own health: to smartctl where it is installed, else NVMe's log, ATA's table, or Windows."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from keuring_agent.host import smartctl
from keuring_agent.host.readings import NotMeasurable, Smart
from keuring_agent.host.windows import disks, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keuring_agent.host.commands import Result
    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.disks import Disk
    from keuring_agent.host.windows.values import Row

COUNTERS: Final = (
    *("DeviceId", "Temperature", "Wear", "PowerOnHours", "ReadErrorsUncorrected", "WriteErrorsUncorrected"),
)
_SLOW: Final = 20.0
_QUERY: Final = 0x002D1400  # IOCTL_STORAGE_QUERY_PROPERTY
_LOG: Final = 512
_HEAD: Final = 48  # of the answer, before the log
_CONTROLLER: Final = 4096
# PropertyId (this device's protocol), QueryType; NVMe, a log page, the page of health, sub-value, where and how long.
_HEALTH_LOG: Final = struct.pack("<2I10I", 50, 0, 3, 2, 2, 0, 40, _LOG, 0, 0, 0, 0)
_IDENTITY: Final = struct.pack("<2I10I", 50, 0, 3, 1, 1, 0, 40, _CONTROLLER, 0, 0, 0, 0)  # the controller's own
_KELVIN: Final = 273
_WARMEST: Final = 200
_FAILURE: Final = r"root\wmi"
_ROW: Final = struct.Struct("<BHBB6sB")  # attribute, flags, value, worst, raw, reserved
_ROWS: Final = 30
_POWERED, _CELSIUS = 9, (194, 190)


def nvme(disk: Disk, answer: bytes) -> Smart:
    """NVMe's SMART log (page 02h), whose counters have 128 bits."""
    log = answer[_HEAD : _HEAD + _LOG]
    if len(log) < _LOG or not any(log):
        raise NotMeasurable("this disk does not tell about its health (no SMART)")

    def counter(at: int) -> float:
        return float(int.from_bytes(log[at : at + 16], "little"))

    kelvin = int.from_bytes(log[1:3], "little")
    return _base(disk)._replace(
        kind="nvme",
        passed=log[0] == 0 if disk.passed is None else disk.passed and not log[0],
        temperature=float(kelvin - _KELVIN) if 0 < kelvin - _KELVIN < _WARMEST else None,
        critical_warning=float(log[0]),
        available_spare=log[3] / 100,
        endurance=log[5] / 100,
        data_written=counter(48) * 512_000,
        power_on_time=counter(128),
        unsafe_shutdowns=counter(144),
        media_errors=counter(160),
        warning_temperature_time=float(int.from_bytes(log[192:196], "little")) * 60,
    )


def label(answer: bytes) -> str | None:
    """The serial number that stands on an NVMe disk, from what its controller says of itself."""
    text = answer[_HEAD + 4 : _HEAD + 24].decode("ascii", "replace").replace("\0", " ").strip()
    return text if text.isascii() and text.isprintable() and text else None


def ata(disk: Disk, data: bytes, failing: bool | None) -> Smart:
    """The table of ATA's attributes, as MSStorageDriver_FailurePredictData hands it on (VendorSpecific)."""
    table = []
    for index in range(_ROWS):
        start = 2 + index * _ROW.size
        if start + _ROW.size > len(data):
            break
        attribute, _, value, _, raw, _ = _ROW.unpack_from(data, start)
        if attribute:
            table.append({"id": attribute, "value": value, "raw": {"value": int.from_bytes(raw, "little")}})
    if not table:
        raise NotMeasurable("this disk does not tell about its health (no SMART)")
    passed = disk.passed if failing is None else not failing
    document: dict[str, Any] = {
        "ata_smart_attributes": {"table": table},
        **({} if passed is None else {"smart_status": {"passed": passed}}),
        **({"rotation_rate": 0} if disk.kind == "ssd" else {}),
    }
    raw_by_id = {row["id"]: row["raw"]["value"] for row in table}
    celsius = next((raw_by_id[at] & 0xFF for at in _CELSIUS if at in raw_by_id), 0)
    hours = raw_by_id.get(_POWERED)
    found = smartctl.parse(document)
    return found._replace(
        kind=disk.kind or found.kind,
        model=disk.model,
        firmware=disk.firmware,
        serial_number=disk.serial_number,
        temperature=float(celsius) if 0 < celsius < _WARMEST else None,
        power_on_time=None if hours is None else float(hours & 0xFFFFFFFF),
    )


def counted(disk: Disk, row: Row | None) -> Smart:
    """Windows' own counters of a disk (MSFT_StorageReliabilityCounter); those that it does not tell are 0 or empty."""
    if row is None and disk.passed is None:
        raise NotMeasurable("this disk does not tell about its health (no SMART)")
    row = row or {}
    celsius, wear = values.number(row, "Temperature"), values.number(row, "Wear")
    errors = [values.number(row, f"{kind}ErrorsUncorrected") for kind in ("Read", "Write")]
    known = [count for count in errors if count is not None]
    return _base(disk)._replace(
        temperature=celsius if celsius and 0 < celsius < _WARMEST else None,
        endurance=None if wear is None or disk.kind == "hdd" else wear / 100,
        power_on_time=values.number(row, "PowerOnHours") or None,
        reported_uncorrectable=sum(known) if known else None,
    )


def _base(disk: Disk) -> Smart:
    return Smart(
        kind=disk.kind or "hdd",
        passed=disk.passed,
        model=disk.model,
        firmware=disk.firmware,
        serial_number=disk.serial_number,
    )


def instance_of(rows: Iterable[Row], device: str) -> str | None:
    """The name in root\\wmi of a disk: that of plug and play, with a number behind it."""
    for row in rows:
        if (values.text(row, "DeviceID") or "").upper().endswith(f"\\{device.upper()}"):
            return (values.text(row, "PNPDeviceID") or "").upper() or None
    return None


def _of_instance(rows: Iterable[Row], instance: str) -> Row | None:
    named = ((row, (values.text(row, "InstanceName") or "").upper()) for row in rows)
    return next((row for row, name in named if name.rpartition("_")[0] == instance), None)


class HealthReader:
    """Asks one disk by the best way that it answers."""

    def __init__(self, system: System) -> None:
        self._system = system

    def read(self, disk: Disk) -> Smart | None:
        """None while the disk sleeps: it is not woken."""
        if not self._system.turns(disk.name):
            return None
        try:
            return self._smartctl(disk)
        except NotMeasurable:
            pass
        try:
            return self._nvme(disk) if disk.kind == "nvme" else self._table(disk)
        except NotMeasurable:
            return self._counters(disk)

    def _smartctl(self, disk: Disk) -> Smart | None:
        def run(arguments: Sequence[str], timeout: float) -> Result:
            return self._system.run("smartctl.exe", arguments[1:], timeout)

        return smartctl.ask(run, _SLOW, f"/dev/pd{disk.number}")

    def _nvme(self, disk: Disk) -> Smart:
        found = nvme(disk, self._protocol(disk, _HEALTH_LOG, _LOG))
        try:
            serial_number = label(self._protocol(disk, _IDENTITY, _CONTROLLER))
        except NotMeasurable:
            serial_number = None
        return found._replace(serial_number=serial_number or found.serial_number)

    def _protocol(self, disk: Disk, question: bytes, size: int) -> bytes:
        return self._system.ioctl(disk.name, _QUERY, question + bytes(size), _HEAD + size, write=True)

    def _table(self, disk: Disk) -> Smart:
        drives = self._system.cim(r"root\cimv2", "Win32_DiskDrive", ("DeviceID", "PNPDeviceID"))
        instance = instance_of(drives, disk.name)
        if instance is None:
            raise NotMeasurable("this disk does not tell about its health (no SMART)")
        kind = "MSStorageDriver_FailurePredict"
        data = self._system.cim(_FAILURE, f"{kind}Data", ("InstanceName", "VendorSpecific"))
        status = self._system.cim(_FAILURE, f"{kind}Status", ("InstanceName", "PredictFailure"))
        codes = values.listed(_of_instance(data, instance) or {}, "VendorSpecific")
        table = bytes(code & 0xFF for code in codes if isinstance(code, int))
        return ata(disk, table, values.flag(_of_instance(status, instance) or {}, "PredictFailure"))

    def _counters(self, disk: Disk) -> Smart:
        try:
            rows = self._system.cim(disks.STORAGE, "MSFT_StorageReliabilityCounter", COUNTERS)
        except NotMeasurable:
            rows = []
        mine = (row for row in rows if values.whole(row, "DeviceId") == disk.number)
        return counted(disk, next(mine, None))
