"""Windows: graphics, docks, printers, private networks, drivers, licences, and how updates come."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from keuring_agent.host.inventory import (
    DeviceFirmware,
    Dock,
    Driver,
    Gpu,
    GpuUse,
    Licence,
    MemorySlots,
    Printers,
    Screen,
)
from keuring_agent.host.readings import NotMeasurable, Program
from keuring_agent.host.windows import graphics, identity, parts, software, starting, surroundings, updates
from tests.agent.windows import RecordedWindows, event
from tests.agent.windows_laptop import GRAPHICS, codes

Row = dict[str, object]
BOOT = "Microsoft-Windows-Diagnostics-Performance"
ENGINES = "Win32_PerfFormattedData_GPUPerformanceCounters_GPUEngine"
MEMORIES = "Win32_PerfFormattedData_GPUPerformanceCounters_GPUAdapterMemory"


def controller(name: str, place: str) -> Row:
    return {"Name": name, "AdapterCompatibility": "X", "DriverVersion": "1.2", "PNPDeviceID": place}


def engine(process: int, part: int, percent: int) -> Row:
    name = f"pid_{process}_luid_0x00000000_0x0000AB12_phys_0_eng_{part}_engtype_3D"
    return {"Name": name, "UtilizationPercentage": str(percent)}


def test_graphics_that_programs_pretend_to_be() -> None:
    rows = [controller("Remote Display", r"SWD\X"), controller("Real", r"PCI\Y"), controller("Dock", r"USB\Z")]
    assert graphics.gpus(rows) == [Gpu("gpu0", "Real", "X 1.2")]
    with pytest.raises(NotMeasurable, match="no graphics processor"):
        graphics.ask_gpus(RecordedWindows(rows={"Win32_VideoController": rows[:1]}))


def test_the_busiest_part_over_all_processes() -> None:
    assert graphics.busy([engine(1, 0, 30), engine(2, 0, 25), engine(1, 1, 40)]) == 0.55
    assert graphics.busy([engine(1, 0, 80), engine(2, 0, 70)]) == 1.0
    assert graphics.busy([]) is None


def test_one_graphics_processor_is_asked_now_and_then() -> None:
    windows = RecordedWindows(
        rows={
            "Win32_VideoController": [controller("Real", r"PCI\Y")],
            ENGINES: [engine(1, 0, 30)],
            MEMORIES: [{"DedicatedUsage": "300000000"}, {"DedicatedUsage": "0"}],
        },
        registry={
            rf"{GRAPHICS}\0000": {"HardwareInformation.qwMemorySize": 2**33},
            rf"{GRAPHICS}\Configuration": {},
        },
    )
    reader = graphics.GpuReader(windows)
    assert reader.read(0) == [GpuUse("gpu0", 0.3, 300_000_000, 2**33)]
    reader.read(60)
    assert windows.asked.count(ENGINES) == 1
    windows.rows["Win32_VideoController"] = [controller("A", r"PCI\A"), controller("B", r"PCI\B")]
    with pytest.raises(NotMeasurable, match="which of several"):
        reader.read(600)


def test_a_processor_without_memory_of_its_own_tells_none() -> None:
    assert graphics.own_memory(RecordedWindows(registry={rf"{GRAPHICS}\0000": {}})) is None


def test_screens_by_their_plugs() -> None:
    connections: list[Row] = [{"InstanceName": name, "VideoOutputTechnology": 5} for name in ("A", "B")]
    identities: list[Row] = [
        {"InstanceName": "A", "ManufacturerName": codes("DEL"), "UserFriendlyName": codes("DELL U2422H")}
        | {"WeekOfManufacture": 1, "YearOfManufacture": 2020},
        {"InstanceName": "B", "ManufacturerName": codes("AOC"), "YearOfManufacture": 0},
    ]
    made = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
    assert graphics.screens(connections, identities) == [
        Screen("HDMI", "DEL DELL U2422H", made),
        Screen("HDMI 2", "AOC", None),
    ]


def test_how_many_screens_at_once() -> None:
    assert graphics.limit([0, 3, 4]) == 4
    with pytest.raises(NotMeasurable):
        graphics.limit([0])


def test_a_dock_shows_itself_as_several_devices() -> None:
    rows: list[Row] = [
        {"Name": "Dell Universal Dock D6000", "PNPClass": "USB"},
        {"Name": "Dell Universal Dock D6000 Audio", "PNPClass": "MEDIA"},
        {"Name": "ThinkPad Thunderbolt 3 Dock USB Audio", "PNPClass": "MEDIA"},
        {"Name": "Docker Desktop VM", "PNPClass": "USB"},
        {"Name": "Somebody's dock", "PNPClass": "WPD"},
    ]
    assert surroundings.docks(rows) == [
        Dock("dock0", "Dell Universal Dock D6000"),
        Dock("dock1", "ThinkPad Thunderbolt 3 Dock"),
    ]
    assert surroundings.docks([]) == []


@pytest.mark.parametrize(
    "off", [{"WorkOffline": True}, {"PrinterStatus": 7}, {"DetectedErrorState": 9}, {"PrinterState": 0x80}]
)
def test_printers_that_are_not_reached(off: Row) -> None:
    fine = {"PortName": "IP_10.0.0.9", "WorkOffline": False, "PrinterStatus": 3, "DetectedErrorState": 0}
    assert surroundings.printers([fine, {**fine, **off}, {**fine, "PortName": "nul:"}]) == Printers(2, 1)


def test_drivers_of_the_machine_and_none_of_what_is_brought_along() -> None:
    def driver(name: str, kind: str, place: str, maker: str = "Intel") -> Row:
        named: Row = {"DeviceName": name, "DeviceClass": kind, "DeviceID": place, "DriverProviderName": maker}
        return {**named, "DriverVersion": "1.2.3", "DriverDate": "20230917000000.000000+000"}

    rows = [
        driver("Intel(R) Ethernet #2", "NET", r"PCI\A"),
        driver("Intel(R) Ethernet", "NET", r"PCI\B"),
        driver("Jan's headphones", "MEDIA", r"BTHENUM\C"),
        driver("Jan's telephone", "WPD", r"USB\D"),
        driver("PCI bus", "SYSTEM", r"PCI\E"),
        driver("Generic camera", "CAMERA", r"USB\F", "Microsoft"),
    ]
    assert parts.drivers(rows) == [Driver("Intel(R) Ethernet", "1.2.3", datetime(2023, 9, 17, tzinfo=UTC).timestamp())]


@pytest.mark.parametrize(("data", "revision"), [("00000000f4000000", "0xf4"), ("1f10a00800000000", "0x8a0101f")])
def test_microcode_of_two_makers(data: str, revision: str) -> None:
    assert parts.microcode({"Update Revision": bytes.fromhex(data)}) == revision
    assert parts.microcode({}) is None


def test_firmware_of_parts_and_none() -> None:
    windows = RecordedWindows(rows={"Win32_Tpm": [{"SpecVersion": "2.0, 0, 1.38", "ManufacturerVersion": "7.85"}]})
    assert parts.device_firmware(windows, []) == [DeviceFirmware("TPM", "7.85")]
    with pytest.raises(NotMeasurable, match="no part"):
        parts.device_firmware(RecordedWindows(), [])
    with pytest.raises(NotMeasurable, match="no TPM"):
        parts.tpm([])
    assert not parts.secure_boot(RecordedWindows())


def test_licences_that_end_and_those_that_do_not() -> None:
    now = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
    forever: Row = {"Name": "Windows(R), Professional edition", "LicenseStatus": 1, "GracePeriodRemaining": 0}
    forever["EvaluationEndDate"] = "16010101000000.000000-000"
    renewed: Row = {"Name": "Office 21, X", "LicenseStatus": 1, "GracePeriodRemaining": 1440}
    assert parts.licences([forever, renewed], now) == [
        Licence("Office 21", datetime(2026, 11, 26, tzinfo=UTC).timestamp())
    ]
    with pytest.raises(NotMeasurable, match="no licence"):
        parts.licences([forever], now)


def test_services_and_memory() -> None:
    assert parts.failed_services([{"ExitCode": 0}, {"ExitCode": 1077}, {"ExitCode": 5}]) == 1
    assert parts.memory_slots(
        [{"MemoryDevices": 2, "Use": 3}, {"MemoryDevices": 1, "Use": 5}], [{"Capacity": 1}] * 3
    ) == (
        MemorySlots(3, 3)  # the firmware counts too few places
    )
    with pytest.raises(NotMeasurable):
        parts.memory_slots([], [])


@pytest.mark.parametrize(
    ("service", "policy", "managed", "expected"),
    [
        ({"Start": 3}, None, None, True),
        ({"Start": 4}, None, None, False),
        ({"Start": 3}, {"NoAutoUpdate": 1}, None, False),
        ({"Start": 3}, {"AUOptions": 2}, None, False),
        ({"Start": 3}, {"AUOptions": 4}, {"AllowAutoUpdate": 2}, True),
        ({"Start": 3}, None, {"AllowAutoUpdate": 5}, False),
    ],
)
def test_updates_by_themselves(service: Row, policy: Any, managed: Any, expected: bool) -> None:
    assert updates.automatic(service, policy, managed) is expected


def test_when_updates_were_looked_for_and_the_revision() -> None:
    with pytest.raises(NotMeasurable, match="last looked"):
        updates.checked(RecordedWindows())
    with pytest.raises(NotMeasurable, match="no revision"):
        identity.patch_level(RecordedWindows())


def test_signing_in_at_the_last_of_several_starts() -> None:
    def start(record: int, profile: str) -> str:
        named = {"BootUserProfileProcessingTime": profile, "BootExplorerInitTime": "1000"}
        return event(BOOT, 100, record, "2026-11-25T12:00:00Z", named=named)

    noon = datetime(2026, 11, 25, 12, tzinfo=UTC).timestamp()
    windows = RecordedWindows(logs={f"{BOOT}/Operational": [start(1, "9000"), start(2, "2000")]})
    assert starting.sign_in(windows, noon, 60) == 3.0
    windows.logs[f"{BOOT}/Operational"] = []
    assert starting.sign_in(windows, noon, 60) is None
    with pytest.raises(NotMeasurable):
        starting.sign_in(windows, noon, 9000)


@pytest.mark.parametrize(
    ("name", "version", "expected"),
    [
        ("Paint.NET", "5.0.13", Program("Paint.NET", "5.0.13")),
        ("Microsoft .NET Runtime - 8.0.11 (x64)", "64.44.23191", None),
        ("KeePassXC", "2.7.9", Program("KeePassXC", "2.7.9")),
        ("WinSCP 6.3.5", "6.3.5", Program("WinSCP", "6.3.5")),
        ("Greenshot 1.2.10.6", "1.2.10.6", Program("Greenshot", "1.2.10.6")),
        ("Microsoft Visual C++ 2015-2022 Redistributable (x64)", "14.38", None),
        ("Mozilla Firefox (x64 nl)", "132.0", None),  # told by software()
        ("Mozilla Maintenance Service", "132.0", None),
        ("QGIS 3.34.12 'Prizren'", "3.34.12", Program("QGIS 'Prizren'", "3.34.12")),
    ],
)
def test_further_programs(name: str, version: str, expected: Program | None) -> None:
    row: Row = {"DisplayName": name, "DisplayVersion": version, "UninstallString": "msiexec"}
    assert software.further(row) == expected
    assert software.further({**row, "SystemComponent": 1}) is None
    assert software.further({**row, "UninstallString": None}) is None
