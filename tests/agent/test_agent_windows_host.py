"""A whole Windows machine from recorded answers: every signal is emitted, or said not to be measurable and why."""

from __future__ import annotations

import struct
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from keuring.signals.catalogue import BY_ID, SIGNALS
from keuring.signals.model import Kind, Statistic, Status
from keuring_agent.host import local
from keuring_agent.host.commands import Result
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows import WindowsHost
from keuring_agent.host.windows.api import Wlan
from keuring_agent.host.windows.native import MISSING
from keuring_agent.ledger import Ledger
from keuring_agent.privacy import Gate
from keuring_agent.recorder import Recorder
from keuring_agent.sensors import every
from tests.agent.windows import W32TM, RecordedWindows, certificate, event, nvme_log, statistics

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_agent.window import WindowReport

SOFTWARE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"
SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
FIREWALL = rf"{SERVICES}\SharedAccess\Parameters\FirewallPolicy"
NETWORK = r"HKLM\SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}\0001"
GUID = "{B039FEDD-F8DC-4A5D-98BF-CCF184B86F65}"
PERFORMANCE = "Microsoft-Windows-Diagnostics-Performance"


def at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000Z")


def ports() -> list[str]:
    """What psutil calls the network ports of the machine that runs this test; one of them stands for a real port."""
    return [name for name in psutil.net_io_counters(pernic=True) if not name.startswith(("lo", "utun"))]


def laptop(booted: float) -> RecordedWindows:
    """A laptop in use for a while, one of whose colleagues has seen better days."""
    port = (ports() or ["Ethernet"])[0]
    instance = r"DISPLAY\BOE0ABC\4&1&0&UID1_0"
    battery = {"InstanceName": r"ACPI\PNP0C0A\1_0"}
    return RecordedWindows(
        rows={
            "Win32_ComputerSystem": [{"Manufacturer": "LENOVO", "Model": "20TBS57S00"}],
            "Win32_BIOS": [
                {
                    "SerialNumber": "PF1ABCDE",
                    "SMBIOSBIOSVersion": "R1EET58W",
                    "ReleaseDate": "20230905000000.000000+000",
                }
            ],
            "Win32_SystemEnclosure": [{"ChassisTypes": (10,)}],
            "Win32_Processor": [{"Name": "11th Gen Intel(R) Core(TM) i5-1135G7 @ 2.40GHz"}],
            "Win32_Battery": [{"DeviceID": "1", "EstimatedChargeRemaining": 81, "BatteryStatus": 1}],
            "BatteryStaticData": [
                {**battery, "DesignedCapacity": 45280, "ManufactureName": "SMP", "DeviceName": "LNV"}
            ],
            "BatteryFullChargedCapacity": [{**battery, "FullChargedCapacity": 38110}],
            "BatteryCycleCount": [{**battery, "CycleCount": 214}],
            "BatteryStatus": [{**battery, "Discharging": True, "RemainingCapacity": 30488}],
            "MSFT_PhysicalDisk": [
                {
                    "DeviceId": "0",
                    "BusType": 17,
                    "MediaType": 4,
                    "HealthStatus": 0,
                    "Model": "PC300 NVMe SK hynix 512GB",
                }
            ],
            "MSFT_NetAdapter": [
                {"Name": port, "InterfaceGuid": GUID, "HardwareInterface": True, "Virtual": False}
                | {"NdisPhysicalMedium": 14, "Speed": "1000000000"}
            ],
            "MSAcpi_ThermalZoneTemperature": [
                {"InstanceName": r"ACPI\ThermalZone\TZ00_0", "CurrentTemperature": 3182, "CriticalTripPoint": 3732}
            ],
            "Win32_EncryptableVolume": [
                {"DriveLetter": "C:", "ProtectionStatus": 1, "ConversionStatus": 1, "VolumeType": 0}
            ],
            "AntiVirusProduct": [{"displayName": "Windows Defender", "productState": 397568}],
            "MSFT_MpComputerStatus": [
                {"AntivirusEnabled": True, "RealTimeProtectionEnabled": True, "AMRunningMode": "Normal"}
                | {"AntivirusSignatureLastUpdated": "20261125101500.000000+000"}
            ],
            "WmiMonitorBasicDisplayParams": [
                {"InstanceName": instance, "Active": True},
                {"InstanceName": r"DISPLAY\DEL1\5&2&0&UID2_0", "Active": True},
            ],
            "WmiMonitorConnectionParams": [{"InstanceName": instance, "VideoOutputTechnology": -2147483648}],
            "WmiMonitorID": [{"InstanceName": instance, "WeekOfManufacture": 20, "YearOfManufacture": 2021}],
        },
        registry={
            r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion": {
                "CurrentBuildNumber": "22631",
                "UBR": 4317,
                "EditionID": "Professional",
                "ProductName": "Windows 10 Pro",
                "CurrentMajorVersionNumber": 10,
                "CurrentMinorVersionNumber": 0,
                "InstallationType": "Client",
            },
            rf"{SOFTWARE}\WindowsUpdate\Auto Update\RebootRequired": {},
            rf"{SOFTWARE}\Uninstall\LibreOffice": {
                "DisplayName": "LibreOffice 24.8.3.2",
                "DisplayVersion": "24.8.3.2",
            },
            rf"{SERVICES}\MpsSvc": {"Start": 2},
            **{rf"{FIREWALL}\{name}Profile": {"EnableFirewall": 1} for name in ("Domain", "Standard", "Public")},
            rf"{SERVICES}\W32Time\Parameters": {"Type": "NTP"},
            NETWORK: {"NetCfgInstanceId": GUID},
            rf"{NETWORK}\Ndi\Params\*SpeedDuplex\enum": {"0": "Auto Negotiation", "4": "100 Mbps", "6": "1.0 Gbps"},
        },
        logs={
            "System": [
                event("Microsoft-Windows-Kernel-General", 12, 100, at(booted)),
                event("Microsoft-Windows-Kernel-Power", 41, 101, at(booted + 5), named={"BugcheckCode": "159"}),
                event("EventLog", 6008, 102, at(booted + 9)),
                event("disk", 153, 110, at(booted + 60), r"\Device\Harddisk0\DR0", "0x1200", "0", r"\Device\0000003a"),
                event("disk", 51, 111, at(booted + 70), r"\Device\Harddisk1\DR4"),
                event("Microsoft-Windows-Ntfs", 55, 112, at(booted + 80), named={"DriveName": "C:"}),
                event("Microsoft-Windows-WHEA-Logger", 19, 113, at(booted + 90), named={"ApicId": "4"}),
                event("Microsoft-Windows-WHEA-Logger", 47, 114, at(booted + 91)),
                event("Microsoft-Windows-Kernel-Processor-Power", 37, 115, at(booted + 100)),
            ],
            "Application": [event("Application Error", 1000, 7, at(booted + 100), "old.exe", "1.0.0.0")],
            f"{PERFORMANCE}/Operational": [
                event(PERFORMANCE, 100, 3, at(booted + 60), named={"BootTime": "31250", "MainPathBootTime": "14250"}),
                event(
                    PERFORMANCE,
                    103,
                    4,
                    at(booted + 60),
                    named={"Name": "Spooler", "Path": r"C:\Windows\System32\spoolsv.exe", "TotalTime": "6120"},
                ),
            ],
            "Microsoft-Windows-Backup": [event("Microsoft-Windows-Backup", 4, 9, "2026-11-24T20:00:00.0000000Z")],
        },
        devices={
            ("PhysicalDrive0", 0x70020): struct.pack("<5q4Iq", 10**9, 10**8, 0, 0, 0, 50, 0, 0, 0, 0) + bytes(24),
            ("PhysicalDrive0", 0x2D1400): nvme_log(),
        },
        store=[certificate()],
        waiting=[{"Categories": ("0FA1201D-4330-4FA8-8AE9-B877473B6441",), "MsrcSeverity": "Critical"}],
        history=[{"Date": datetime(2026, 11, 12, tzinfo=UTC), "Operation": 1, "ResultCode": 2, "Title": "Cumulatief"}],
        wireless=[Wlan("{00000000-0000-0000-0000-000000000000}", True, -61, statistics(1000, 100))],
        programs={"w32tm.exe": Result(0, W32TM["nl"].encode("cp850"))},
    )


def crash_after(windows: RecordedWindows, booted: float) -> None:
    windows.logs["Application"].append(
        event(
            *("Application Error", 1000, 8, at(booted + 200), "soffice.bin", "24.8.3.2", "673e1", "x.dll", "1.0", "0"),
            *("c0000005", "00", "1a2c", "01db", r"C:\Program Files\LibreOffice\program\soffice.bin"),
        )
    )


def warm_up(windows: RecordedWindows, host: WindowsHost) -> None:
    """Lets a while pass: the zone moves, the disk and the Wi-Fi work."""
    windows.rows["MSAcpi_ThermalZoneTemperature"][0]["CurrentTemperature"] = 3242  # type: ignore[index]
    host._thermal._asked = float("-inf")
    windows.devices["PhysicalDrive0", 0x70020] = struct.pack(
        "<5q4Iq", 2 * 10**9, 2 * 10**8, 10**6, 10**6, 0, 150, 10, 0, 0, 10**6
    ) + bytes(24)
    windows.wireless = [Wlan("{00000000-0000-0000-0000-000000000000}", True, -61, statistics(2000, 300))]


def window_of(
    host: WindowsHost, between: Callable[[], None], notebook: dict[str, Any] | None = None
) -> tuple[WindowReport, dict[str, str]]:
    complaints: list[str] = []
    ledger = Ledger()
    recorder = Recorder(host, every(notebook or {}, 0.0, 0.0), ledger, Gate(), 5.0, complaints.append)
    for sensor in recorder._sensors:
        sensor.interval = 0.0  # slow ones read twice as well
    recorder.sample(closing=True)
    between()
    recorder.sample(closing=True)
    recorder.add_own(0, 0, 0)
    report = recorder.close()
    assert report is not None
    assert complaints == []
    reasons = {BY_ID[identity].name: reason for (identity, _), reason in ledger.unmeasured.items() if reason}
    return report, reasons


def told(report: WindowReport) -> set[str]:
    found = {key.signal for key in report.series} | {key[0] for key in report.facts}
    return {BY_ID[identity].name for identity in found} | {event.signal.name for event in report.events}


@pytest.fixture(scope="module")
def whole() -> tuple[WindowReport, dict[str, str]]:
    booted = psutil.boot_time()
    windows = laptop(booted)
    host = WindowsHost(system=windows)

    def between() -> None:
        warm_up(windows, host)
        crash_after(windows, booted)

    notebook = {"boot_id": "the one before", "agent_stopped": False, "seen_at": booted - 60}
    return window_of(host, between, notebook)


def test_every_signal_of_windows_is_emitted(whole: tuple[WindowReport, dict[str, str]]) -> None:
    report, reasons = whole
    wanted = {signal.name for signal in SIGNALS if signal.status is Status.EMITTED and "windows" in signal.platforms}
    disk_kinds = {name for name in wanted if name.startswith("keuring.smart.")}  # those of other kinds of disks
    here = {"system.cpu.frequency", "system.paging.utilization", "system.paging.usage"}  # psutil on this machine
    here |= {"keuring.network.link.speed"} | (set() if ports() else {n for n in wanted if ".network." in n})
    missing = wanted - told(report)
    assert missing - disk_kinds - here == set()
    assert {name for name in missing if not reasons.get(name)} == set()
    assert len(wanted & told(report)) > 80


def test_what_is_no_signal_of_windows_says_why(whole: tuple[WindowReport, dict[str, str]]) -> None:
    _, reasons = whole
    others = {
        signal.name for signal in SIGNALS if signal.status is Status.EMITTED and "windows" not in signal.platforms
    }
    # The kernel of Linux alone has an oops; on this machine psutil sees inodes.
    quiet = {signal.name for signal in SIGNALS if signal.kind is Kind.EVENT}
    assert {name for name in others if not reasons.get(name)} - quiet == set()
    assert reasons["keuring.pressure.io.full"] == "Windows does not tell how long work waits"


def test_values_of_the_whole_machine(whole: tuple[WindowReport, dict[str, str]]) -> None:
    report, _ = whole
    facts = {BY_ID[identity].name: value for (identity, _), value in report.facts.items()}
    assert facts["os.name"] == "Windows 11 Pro"
    assert facts["os.version"] == "10.0.22631"
    assert facts["os.build_id"] == "22631.4317"
    assert facts["keuring.hardware.serial_number"] == "PF1ABCDE"
    assert facts["keuring.reboot.pending"] is True
    assert facts["keuring.malware_protection.updated"] == datetime(2026, 11, 25, 10, 15, tzinfo=UTC).timestamp()
    seen = {(found.signal.name, found.subject, *(dict(found.attributes).values() or [""])) for found in report.events}
    assert seen == {
        ("keuring.disk.io_error", "PhysicalDrive0", ""),  # and none of disk 1, which is a stick
        ("keuring.filesystem.error", "C:\\", ""),
        ("keuring.cpu.machine_check", "4", "corrected"),
        ("keuring.system.bug_check", "", "0x0000009f"),
        ("keuring.system.unclean_shutdown", "", "kernel_panic"),
        ("keuring.application.crash", "LibreOffice", "24.8.3.2"),
    }
    last = {
        (BY_ID[key.signal].name, key.subject): value
        for key, value in zip(report.series, report.values, strict=True)
        if key.statistic == Statistic.LAST
    }
    expected = {
        ("hw.battery.charge", "BAT0"): 0.8,
        ("keuring.battery.health", "BAT0"): 0.842,
        ("keuring.battery.cycles", "BAT0"): 214,
        ("keuring.boot.duration", ""): 31.2,
        ("keuring.boot.step.duration", "Spooler"): 6.1,
        ("keuring.updates.pending", ""): 1,
        ("keuring.updates.security.pending", ""): 1,
        ("keuring.smart.endurance.utilization", "PhysicalDrive0"): 0.07,
        ("keuring.smart.power_on_time", "PhysicalDrive0"): 3000,
        ("hw.temperature.limit", "thermal zone TZ00"): 100,
    }
    assert {key: last[key] for key in expected} == pytest.approx(expected, abs=0.06)


def test_a_windows_that_tells_nothing_says_why_and_nothing_fails() -> None:
    host = WindowsHost(system=RecordedWindows(waiting=NotMeasurable("no"), history=NotMeasurable("no")))
    report, reasons = window_of(host, lambda: None)
    assert "system.memory.utilization" in told(report)
    assert reasons["keuring.filesystem.encrypted"] == "this edition of Windows does not keep this"
    assert reasons["keuring.wifi.signal"] == "this machine has no Wi-Fi"
    assert reasons["keuring.updates.pending"] == "no"
    wanted = {signal.name for signal in SIGNALS if signal.status is Status.EMITTED and signal.kind is not Kind.EVENT}
    wanted.remove("system.cpu.utilization")  # psutil's, and a share of time that did not pass
    assert {name for name in wanted - told(report) if not reasons.get(name)} == set()


def test_local_takes_windows_and_without_pywin32_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    host = local()
    monkeypatch.undo()
    assert isinstance(host, WindowsHost)
    assert host.platform == "windows"
    if sys.platform != "win32":
        with pytest.raises(NotMeasurable) as error:
            host.firewall()
        assert error.value.reason == MISSING
