"""Asks smartctl, and reads what it says in JSON, of hard disks, solid-state disks and NVMe alike."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from keuring_agent.host.readings import NotMeasurable, Smart

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run

_ASKED: Final = ("smartctl", "--json", "--info", "--health", "--attributes", "--nocheck=standby")

# Bits of smartctl's exit status.
COMMAND_LINE, OPEN_FAILED = 1, 2
_LARGEST: Final = 1 << 128  # the widest counters of NVMe have 128 bits; what is larger (or infinite, or NaN) is none
# A raw value has 48 bits. Some makers keep three counts of 16 bits in it, the one that is meant lowest; where smartctl
# does not know that of a model, it gives the whole number. No disk has as many bad sectors or failed reads as 32 bits
# hold; time-outs stay below 16 bits.
_LOWEST: Final = 0xFFFF
_MOST_SECTORS: Final = 0xFFFF_FFFF
_MOST_TIMEOUTS: Final = 0xFFFF
_NVME_UNIT: Final = 512_000  # bytes in a "data unit"
# Attributes by which makers tell wear; what the number means differs with the name.
_LEFT: Final = {"SSD_Life_Left", "Wear_Leveling_Count", "Media_Wearout_Indicator", "Remaining_Lifetime_Perc"}
_USED: Final = {"Percent_Lifetime_Remain", "Percent_Lifetime_Used"}  # its raw value counts up, whatever it is called
_WRITTEN: Final = {
    "Host_Writes_32MiB": 32 * 2**20,
    "Host_Writes_GiB": 2**30,
    "Lifetime_Writes_GiB": 2**30,
    "Host_Writes_MiB": 2**20,
}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < _LARGEST else None


def _text(value: object) -> str | None:
    return " ".join(value.split()) or None if isinstance(value, str) else None


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def ask(run: Run, timeout: float, path: str) -> Smart | None:
    """The health of the disk at ``path``; None while it sleeps, for it is not woken. Raises NotMeasurable."""
    return read(run([*_ASKED, path], timeout).output, by_root=not hasattr(os, "geteuid") or os.geteuid() == 0)


def read(output: bytes, *, by_root: bool) -> Smart | None:
    """The same of what smartctl has answered; ``by_root``: when root asked."""
    import json

    try:
        document = json.loads(output)
    except (ValueError, RecursionError):
        raise NotMeasurable("smartctl does not speak JSON; it does from version 7.0 on") from None
    failed = exit_status(document) & OPEN_FAILED
    if failed and _sleeps(document):
        return None
    if failed and not by_root:
        raise NotMeasurable(
            "disks tell their health to root only; `keuring-agent service install` sets up a helper that may ask"
        )
    return parse(document)


def exit_status(document: object) -> int:
    """How smartctl ended, as it says itself."""
    status = _object(_object(document).get("smartctl")).get("exit_status")
    return status if isinstance(status, int) else 0


def _sleeps(document: object) -> bool:
    """smartctl says so in a message, or in power_mode, and leaves the disk alone."""
    text = str(document).upper()
    return "STANDBY" in text and "SMART_STATUS" not in text


def parse(document: object) -> Smart:
    """The health in one document of smartctl. Raises NotMeasurable when the device is no disk or has no SMART."""
    data = _object(document)
    device = _object(data.get("device"))
    log = _object(data.get("nvme_smart_health_information_log"))
    table = _object(data.get("ata_smart_attributes")).get("table")
    status = _object(data.get("smart_status"))
    if not log and not table and not status and "scsi_grown_defect_list" not in data:
        messages = _object(data.get("smartctl")).get("messages")
        listed = messages if isinstance(messages, list) else []
        first = next((_text(_object(message).get("string")) for message in listed), None)
        raise NotMeasurable(first or "this disk does not tell about its health (no SMART)")
    base = Smart(
        kind=_kind(data, device, bool(log)),
        passed=status["passed"] if isinstance(status.get("passed"), bool) else None,
        model=_text(data.get("model_name") or data.get("scsi_model_name")),
        firmware=_text(data.get("firmware_version") or data.get("scsi_revision")),
        serial_number=_text(data.get("serial_number")),
        power_on_time=_number(_object(data.get("power_on_time")).get("hours")),
        temperature=_number(_object(data.get("temperature")).get("current")) or None,
        endurance=_share(_number(_object(data.get("endurance_used")).get("current_percent"))),
        available_spare=_share(_number(_object(data.get("spare_available")).get("current_percent"))),
    )
    if log:
        return _nvme(base, log)
    if isinstance(table, list):
        return _ata(base, table, _number(data.get("logical_block_size")) or 512)
    return _scsi(base, data)


def _kind(data: dict[str, Any], device: dict[str, Any], is_nvme: bool) -> str:
    if is_nvme or device.get("protocol") == "NVMe" or device.get("type") == "nvme":
        return "nvme"
    rotation = _number(data.get("rotation_rate"))
    if rotation is not None:
        return "hdd" if rotation else "ssd"
    return "ssd" if "trim" in data and _object(data["trim"]).get("supported") else "hdd"


def _nvme(base: Smart, log: dict[str, Any]) -> Smart:
    written = _number(log.get("data_units_written"))
    too_warm = _number(log.get("warning_temp_time"))
    return base._replace(
        power_on_time=_number(log.get("power_on_hours")) if base.power_on_time is None else base.power_on_time,
        temperature=base.temperature or _number(log.get("temperature")),
        endurance=_share(_number(log.get("percentage_used"))),
        available_spare=_share(_number(log.get("available_spare"))),
        critical_warning=_number(log.get("critical_warning")),
        media_errors=_number(log.get("media_errors")),
        unsafe_shutdowns=_number(log.get("unsafe_shutdowns")),
        data_written=None if written is None else written * _NVME_UNIT,
        warning_temperature_time=None if too_warm is None else too_warm * 60,  # told in minutes
    )


def _ata(base: Smart, table: list[object], block: float) -> Smart:
    found = [_object(row) for row in table]
    by_id = {row["id"]: row for row in found if isinstance(row.get("id"), int)}
    by_name = {row["name"]: row for row in found if isinstance(row.get("name"), str)}

    def counted(attribute: int, most: int = _MOST_SECTORS) -> float | None:
        value = _raw(by_id.get(attribute))
        return float(int(value) & _LOWEST) if value is not None and value > most else value

    written = _raw(by_name.get("Total_LBAs_Written"))
    written = None if written is None else written * block
    for name, unit in _WRITTEN.items():
        if name in by_name and written is None:
            count = _raw(by_name[name])
            written = None if count is None else count * unit
    unsafe = _raw(by_name.get("Unsafe_Shutdown_Count"))
    return base._replace(
        reallocated_sectors=counted(5),
        reported_uncorrectable=counted(187),
        command_timeouts=counted(188, _MOST_TIMEOUTS),
        pending_sectors=counted(197),
        offline_uncorrectable=counted(198),
        crc_errors=counted(199),
        endurance=_endurance(by_name, base.kind) if base.endurance is None else base.endurance,
        unsafe_shutdowns=_raw(by_name.get("Unexpect_Power_Loss_Ct")) if unsafe is None else unsafe,
        data_written=written,
    )


def _raw(row: dict[str, Any] | None) -> float | None:
    """The raw value; the first number of its text where makers packed more into it ("50 (Average 17)")."""
    raw = _object((row or {}).get("raw"))
    value = _number(raw.get("value"))
    text = raw.get("string")
    if value is not None and isinstance(text, str) and "(" in text:
        first = text.split()[0]
        return _number(float(first)) if first.isdecimal() else value
    return value


def _endurance(rows: dict[str, dict[str, Any]], kind: str) -> float | None:
    if kind != "ssd":
        return None
    for name in _USED & rows.keys():
        return _share(_raw(rows[name]))
    for name in sorted(_LEFT & rows.keys()):
        left = _number(rows[name].get("value"))
        return None if left is None else _share(100 - min(left, 100))
    return None


def _scsi(base: Smart, data: dict[str, Any]) -> Smart:
    errors = _object(data.get("scsi_error_counter_log"))
    counts = [
        _number(_object(errors.get(kind)).get("total_uncorrected_errors")) for kind in ("read", "write", "verify")
    ]
    known = [count for count in counts if count is not None]
    return base._replace(
        reallocated_sectors=_number(data.get("scsi_grown_defect_list")),
        reported_uncorrectable=sum(known) if known else None,
    )
