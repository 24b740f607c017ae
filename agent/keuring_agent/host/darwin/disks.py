"""Disks: their health, from diskutil and system_profiler where smartctl is not installed, and arrays of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import plists, profile
from keuring_agent.host.readings import Array, NotMeasurable, Smart

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.commands import Run
    from keuring_agent.host.darwin.profile import Item

# What diskutil passes on of an NVMe disk's own record; Apple does not promise that it always will.
_RECORD: Final = "SMARTDeviceSpecificKeysMayVaryNotGuaranteed"
_KELVIN: Final = 273.15
_NVME_UNIT: Final = 512_000  # bytes in a "data unit"
_HALF: Final = 1 << 64  # numbers of 128 bits come in two halves, the lower one first
_PASSED: Final = {"Verified": True, "Failing": False, "Failed": False}
_PCI: Final = ("PCI-Express", "PCI", "Apple Fabric")
_UNTOLD: Final = "this disk does not tell about its health (no SMART)"


def whole(run: Run, timeout: float) -> list[str]:
    """The machine's own physical disks."""
    result = run(["diskutil", "list", "-plist", "internal", "physical"], timeout)
    names = plists.listing(plists.mapping(plists.read(result.output)).get("WholeDisks"))
    found = [plists.text(name) for name in names if plists.text(name)]
    if not found:
        raise NotMeasurable("no physical disk is visible")
    return found


def health(run: Run, timeout: float, device: str) -> Smart:
    """What macOS itself tells of one disk."""
    told = of_diskutil(plists.read(run(["diskutil", "info", "-plist", device], timeout).output))
    try:
        known = of_profile(profile.ask(run, timeout, "SPNVMeDataType", "SPSerialATADataType")).get(device)
    except NotMeasurable:
        known = None
    if known is not None:
        told = told._replace(
            passed=known.passed if told.passed is None else told.passed,
            model=known.model or told.model,
            firmware=known.firmware,
            serial_number=known.serial_number,
        )
    if told.passed is None and all(value is None for value in told[5:]):
        raise NotMeasurable(_UNTOLD)
    return told


def of_diskutil(document: object) -> Smart:
    """One disk's `diskutil info -plist`."""
    fields = plists.mapping(document)
    record = plists.mapping(fields.get(_RECORD))
    kelvin = plists.number(record.get("TEMPERATURE"))
    spare, used = plists.number(record.get("AVAILABLE_SPARE")), plists.number(record.get("PERCENTAGE_USED"))
    written = _wide(record, "DATA_UNITS_WRITTEN")
    kind = "nvme" if record or fields.get("BusProtocol") in _PCI else "ssd" if fields.get("SolidState") else "hdd"
    return Smart(
        kind=kind,
        passed=_PASSED.get(plists.text(fields.get("SMARTStatus"))),
        model=plists.text(fields.get("MediaName")) or None,
        power_on_time=_wide(record, "POWER_ON_HOURS"),
        temperature=None if not kelvin else round(kelvin - _KELVIN),
        endurance=None if used is None else used / 100,
        available_spare=None if spare is None else spare / 100,
        critical_warning=plists.number(record.get("CRITICAL_WARNING")),
        media_errors=_wide(record, "MEDIA_ERRORS"),
        unsafe_shutdowns=_wide(record, "UNSAFE_SHUTDOWNS"),
        data_written=None if written is None else written * _NVME_UNIT,
    )


def _wide(record: dict[str, object], name: str) -> float | None:
    low, high = plists.number(record.get(f"{name}_0")), plists.number(record.get(f"{name}_1"))
    return None if low is None or low < 0 else low + (high or 0.0) * _HALF


def of_profile(sections: Sequence[Item]) -> dict[str, Smart]:
    """Each disk that system_profiler names, by its device."""
    found = {}
    for section in sections:
        for item in section.walk():
            device = item.first("bsd_name", "BSD Name")
            model = item.first("device_model", "Model")
            if device and model:
                is_solid = item.first("spsata_medium_type", "Medium Type") == "Solid State"
                found[device] = Smart(
                    kind="nvme" if "NVM" in section.name else "ssd" if is_solid else "hdd",
                    passed=_PASSED.get(item.first("smart_status", "S.M.A.R.T. status", "S.M.A.R.T. Status") or ""),
                    model=model,
                    firmware=item.first("device_revision", "Revision"),
                    serial_number=item.first("device_serial", "Serial Number"),
                )
    return found


def arrays(run: Run, timeout: float) -> list[Array]:
    """Mirrors that macOS itself keeps."""
    return of_sets(plists.read(run(["diskutil", "appleRAID", "list", "-plist"], timeout).output))


def of_sets(document: object) -> list[Array]:
    """They go by their device: their names are a colleague's own."""
    found = []
    for row in map(plists.mapping, plists.listing(plists.mapping(document).get("AppleRAIDSets"))):
        name = plists.text(row.get("BSD Name")) or plists.text(row.get("BSDName"))
        if plists.text(row.get("Level")).lower() != "mirror" or not name:
            continue
        members = list(map(plists.mapping, plists.listing(row.get("Members"))))
        missing = sum(member.get("MemberStatus") != "Online" for member in members)
        found.append(Array(name, max(missing, int(row.get("Status") != "Online"))))
    if not found:
        raise NotMeasurable("there is no redundant array of disks here")
    return found
