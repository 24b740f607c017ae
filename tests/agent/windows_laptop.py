"""A laptop with Windows from recorded answers: in use for a while, and one that has seen better days."""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psutil

from keuring_agent.host.commands import Result
from keuring_agent.host.windows.api import Wlan
from tests.agent.windows import W32TM, RecordedWindows, certificate, event, nvme_log, statistics

if TYPE_CHECKING:
    from keuring_agent.host.windows import WindowsHost

SOFTWARE = r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"
SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
FIREWALL = rf"{SERVICES}\SharedAccess\Parameters\FirewallPolicy"
NETWORK = r"HKLM\SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}\0001"
GUID = "{B039FEDD-F8DC-4A5D-98BF-CCF184B86F65}"
GRAPHICS = r"HKLM\SYSTEM\CurrentControlSet\Control\Class\{4D36E968-E325-11CE-BFC1-08002BE10318}"
PERFORMANCE = "Microsoft-Windows-Diagnostics-Performance"


GRAPHICS_ROW: dict[str, object] = {
    "Name": "Intel(R) Iris(R) Xe Graphics",
    "AdapterCompatibility": "Intel Corporation",
    "DriverVersion": "31.0.101.4146",
    "PNPDeviceID": r"PCI\VEN_8086&DEV_9A49\3&11583659&0&10",
}
DRIVER_ROW: dict[str, object] = {
    "DeviceName": "Intel(R) Wi-Fi 6 AX201 160MHz",
    "DeviceClass": "NET",
    "DeviceID": r"PCI\VEN_8086&DEV_A0F0\3&1",
    "DriverVersion": "22.250.1.2",
    "DriverDate": "20230917000000.000000+000",
    "DriverProviderName": "Intel",
}
BOOT = {"BootTime": "31250", "BootUserProfileProcessingTime": "2100", "BootExplorerInitTime": "3300"}


def codes(text: str) -> tuple[int, ...]:
    """A text as screens give it."""
    return (*map(ord, text), 0, 0)


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
                    "FirmwareVersion": "20007A00",
                    "Size": "512110190592",
                }
            ],
            "MSFT_NetAdapter": [
                {"Name": port, "InterfaceGuid": GUID, "HardwareInterface": True, "Virtual": False}
                | {"NdisPhysicalMedium": 14, "Speed": "1000000000"},
                {"Name": "Ethernet 2", "InterfaceDescription": "Fortinet Virtual Ethernet Adapter (NDIS 6.30)"}
                | {"InterfaceGuid": "{0}", "HardwareInterface": False, "InterfaceOperationalStatus": 1},
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
            "WmiMonitorID": [
                {"InstanceName": instance, "WeekOfManufacture": 20, "YearOfManufacture": 2021}
                | {"ManufacturerName": codes("BOE"), "UserFriendlyName": codes("NV140FHM")}
            ],
            "Win32_VideoController": [GRAPHICS_ROW],
            "Win32_PerfFormattedData_GPUPerformanceCounters_GPUEngine": [
                {"Name": f"pid_{pid}_luid_0x00000000_0x0000D1B3_phys_0_eng_0_engtype_3D", "UtilizationPercentage": "12"}
                for pid in (1200, 4711)
            ],
            "Win32_PerfFormattedData_GPUPerformanceCounters_GPUAdapterMemory": [
                {"Name": "luid_0x00000000_0x0000D1B3_phys_0", "DedicatedUsage": str(2**29)}
            ],
            "Win32_PnPSignedDriver": [DRIVER_ROW],
            "Win32_Tpm": [{"SpecVersion": "2.0, 0, 1.38", "ManufacturerVersion": "7.85.4555.0"}],
            "SoftwareLicensingProduct": [
                {"Name": "Windows(R), EnterpriseEval edition", "ApplicationID": "55c92734-d682-4d71-983e-d6ec3f16059f"}
                | {"LicenseStatus": 1, "EvaluationEndDate": "20270301120000.000000-000"}
            ],
            "Win32_Service": [{"ExitCode": 1066}, {"ExitCode": 1077}],
            "Win32_PhysicalMemoryArray": [{"MemoryDevices": 2, "Use": 3}],
            "Win32_PhysicalMemory": [{"Capacity": "8589934592"}],
            "Win32_PnPEntity": [
                {"Name": "ThinkPad USB-C Dock Gen2 USB Audio", "PNPClass": "MEDIA"},
                {"Name": "ThinkPad USB-C Dock Gen2", "PNPClass": "USB"},
            ],
            "Win32_Printer": [
                {"PortName": "IP_10.0.0.9", "WorkOffline": False, "PrinterStatus": 3},
                {"PortName": "IP_10.0.0.8", "WorkOffline": True, "PrinterStatus": 3},
                {"PortName": "PORTPROMPT:", "WorkOffline": False, "PrinterStatus": 3},
            ],
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
            rf"{SOFTWARE}\Uninstall\Drawing": {
                "DisplayName": "Example Drawing 3.1 (x64)",
                "DisplayVersion": "3.1",
                "UninstallString": "msiexec",
            },
            r"HKLM\SYSTEM\CurrentControlSet\Control\SecureBoot\State": {"UEFISecureBootEnabled": 1},
            rf"{GRAPHICS}\0000": {"HardwareInformation.qwMemorySize": 2**30},
            rf"{SERVICES}\wuauserv": {"Start": 3},
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
                event(PERFORMANCE, 100, 3, at(booted + 60), named=BOOT),
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
        searched=datetime(2026, 11, 25, 6, tzinfo=UTC),
        sources=[4, 0],
        connections=["vpn", "PPPoE"],
        wireless=[Wlan("{00000000-0000-0000-0000-000000000000}", True, -61, statistics(1000, 100))],
        programs={"w32tm.exe": Result(0, W32TM["nl"].encode("cp850"))},
    )


def trouble(windows: RecordedWindows, booted: float) -> None:
    windows.logs["Application"].append(
        event(
            *("Application Error", 1000, 8, at(booted + 200), "soffice.bin", "24.8.3.2", "673e1", "x.dll", "1.0", "0"),
            *("c0000005", "00", "1a2c", "01db", r"C:\Program Files\LibreOffice\program\soffice.bin"),
        )
    )
    outlook = r"C:\Program Files\Microsoft Office\root\Office16\OUTLOOK.EXE"
    windows.logs["Application"].append(
        event("Application Hang", 1002, 9, at(booted + 210), "OUTLOOK.EXE", "16.0.17928.20216", "1", "1", "1", outlook)
    )
    windows.logs["System"] += [
        event("Display", 4101, 120, at(booted + 220), "igfxn", ""),
        event("Microsoft-Windows-Kernel-Power", 41, 121, at(booted + 230), named={"BugcheckCode": "159"}),
    ]


def warm_up(windows: RecordedWindows, host: WindowsHost) -> None:
    """Lets a while pass: the zone moves, the disk and the Wi-Fi work."""
    windows.rows["MSAcpi_ThermalZoneTemperature"][0]["CurrentTemperature"] = 3242  # type: ignore[index]
    host._thermal._asked = float("-inf")
    windows.devices["PhysicalDrive0", 0x70020] = struct.pack(
        "<5q4Iq", 2 * 10**9, 2 * 10**8, 10**6, 10**6, 0, 150, 10, 0, 0, 10**6
    ) + bytes(24)
    windows.wireless = [Wlan("{00000000-0000-0000-0000-000000000000}", True, -61, statistics(2000, 300))]
