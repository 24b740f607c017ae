"""A made-up MacBook: what its programs say and what its files hold, in the forms that Apple's manuals and many
published outputs show. All names and numbers are invented."""

from __future__ import annotations

import json
import os
import plistlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import psutil

from keuring_agent.host.commands import Result
from keuring_agent.host.darwin import DarwinHost
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pytest

    from keuring_agent.host import commands

AT: Final = 1795680000.0  # 26 November 2026, 08:00 in UTC: when this Mac was started
SERIAL: Final = "C02DN0AAAAAA"  # the second half of 2020, week 20 of it
CERTIFICATE: Final = """\
-----BEGIN CERTIFICATE-----
MCkwJwIBBTAAMAAwHhcNMjYwMzA0MDUwNjA3WhcNMjcwMzA0MDUwNjA3Wg==
-----END CERTIFICATE-----"""
BATTERY: Final = """\
+-o AppleSmartBattery  <class AppleSmartBattery, id 0x100000290, registered, matched, active, busy 0 (0 ms), retain 7>
    {
      "BatteryInstalled" = Yes
      "ExternalConnected" = No
      "IsCharging" = No
      "CurrentCapacity" = 81
      "MaxCapacity" = 100
      "AppleRawMaxCapacity" = 3990
      "AppleRawCurrentCapacity" = 3250
      "NominalChargeCapacity" = 4054
      "DesignCapacity" = 4382
      "CycleCount" = 142
      "Temperature" = 3012
      "Voltage" = 12100
      "InstantAmperage" = 18446744073709551003
      "DeviceName" = "bq20z451"
      "BatteryData" = {"StateOfCharge"=81,"CellVoltage"=(4034,4031,4035),"Qmax"=(4200,4190,4210)}
    }
"""
INTEL_BATTERY: Final = """\
+-o AppleSmartBattery  <class AppleSmartBattery, id 0x1000001e6, registered, matched, active, busy 0 (6 ms), retain 6>
    {
      "ExternalConnected" = Yes
      "CurrentCapacity" = 1839
      "MaxCapacity" = 4313
      "DesignCapacity" = 5088
      "CycleCount" = 182
      "Voltage" = 11400
      "Manufacturer" = "SMP"
      "DeviceName" = "bq20z451"
    }
"""
PLATFORM: Final = f"""\
+-o J313AP  <class IOPlatformExpertDevice, id 0x100000110, registered, matched, active, busy 0 (9 ms), retain 36>
    {{
      "IOPlatformSerialNumber" = "{SERIAL}"
      "manufacturer" = <"Apple Inc.">
      "model" = <"MacBookAir10,1">
    }}
"""
PROFILES: Final[dict[str, list[dict[str, Any]]]] = {
    "SPHardwareDataType": [
        {
            "_name": "hardware_overview",
            "boot_rom_version": "11881.81.4",
            "chip_type": "Apple M1",
            "machine_model": "MacBookAir10,1",
            "machine_name": "MacBook Air",
            "physical_memory": "16 GB",
            "serial_number": SERIAL,
        }
    ],
    "SPDisplaysDataType": [
        {
            "_name": "kHW_AppleM1Item",
            "sppci_model": "Apple M1",
            "spdisplays_ndrvs": [
                {"_name": "Color LCD", "spdisplays_online": "spdisplays_yes", "spdisplays_main": "spdisplays_yes"},
                {"_name": "A COLLEAGUE'S SCREEN", "spdisplays_online": "spdisplays_yes"},
                {"_name": "Shut", "spdisplays_online": "spdisplays_no"},
            ],
        }
    ],
    "SPAirPortDataType": [
        {
            "spairport_airport_interfaces": [
                {
                    "_name": "en0",
                    "spairport_status_information": "spairport_status_connected",
                    "spairport_current_network_information": {
                        "_name": "HOME OF A COLLEAGUE",
                        "spairport_signal_noise": "-52 dBm / -93 dBm",
                    },
                    "spairport_airport_other_local_wireless_networks": [
                        {"_name": "NEIGHBOURS", "spairport_signal_noise": "-80 dBm / -93 dBm"}
                    ],
                }
            ]
        }
    ],
    "SPFirewallDataType": [
        {"_name": "spfirewall_settings", "spfirewall_globalstate": "spfirewall_globalstate_limit_connections"}
    ],
    "SPNVMeDataType": [
        {
            "_name": "Apple SSD Controller",
            "_items": [
                {
                    "_name": "APPLE SSD AP0512Q",
                    "bsd_name": "disk0",
                    "device_model": "APPLE SSD AP0512Q",
                    "device_revision": "1161.80.",
                    "device_serial": "0ba0000000000001",
                    "smart_status": "Verified",
                }
            ],
        }
    ],
    "SPSerialATADataType": [],
    "SPPowerDataType": [
        {
            "_name": "spbattery_information",
            "sppower_battery_charge_info": {"sppower_battery_state_of_charge": 81},
            "sppower_battery_health_info": {
                "sppower_battery_cycle_count": 142,
                "sppower_battery_health_maximum_capacity": "93%",
            },
            "sppower_battery_model_info": {"sppower_battery_device_name": "bq20z451"},
        },
        {"_name": "sppower_ac_charger_information", "sppower_battery_charger_connected": "FALSE"},
    ],
}
DISK: Final[dict[str, Any]] = {
    "BusProtocol": "Apple Fabric",
    "MediaName": "APPLE SSD AP0512Q",
    "SMARTStatus": "Verified",
    "SolidState": True,
    "SMARTDeviceSpecificKeysMayVaryNotGuaranteed": {
        "AVAILABLE_SPARE": 100,
        "DATA_UNITS_WRITTEN_0": 9_260_388,
        "DATA_UNITS_WRITTEN_1": 0,
        "MEDIA_ERRORS_0": 0,
        "MEDIA_ERRORS_1": 0,
        "PERCENTAGE_USED": 16,
        "POWER_ON_HOURS_0": 1234,
        "POWER_ON_HOURS_1": 0,
        "TEMPERATURE": 308,
        "UNSAFE_SHUTDOWNS_0": 21,
        "UNSAFE_SHUTDOWNS_1": 0,
    },
}
MIRROR: Final = {
    "AppleRAIDSets": [
        {
            "BSD Name": "disk5",
            "Level": "Mirror",
            "Name": "A COLLEAGUE'S DISK",
            "Status": "Degraded",
            "Members": [{"MemberStatus": "Online"}, {"MemberStatus": "Failed"}],
        },
        {"BSD Name": "disk6", "Level": "Stripe", "Status": "Online", "Members": [{"MemberStatus": "Online"}]},
    ]
}
INTERFACES: Final = """\
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384
	inet 127.0.0.1 netmask 0xff000000
en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	media: autoselect
	status: active
	supported media:
		media autoselect
en7: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	media: autoselect (1000baseT <full-duplex,flow-control>)
	status: active
	supported media:
		media autoselect
		media 10baseT/UTP mediaopt full-duplex
		media 100baseTX mediaopt full-duplex
		media 1000baseT mediaopt full-duplex mediaopt flow-control
		media 2500Base-T mediaopt full-duplex
en8: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
	media: autoselect <full-duplex>
	status: inactive
	supported media:
		media 10Gbase-T mediaopt full-duplex
	hardware: 100baseTX
"""
WIRELESS: Final = """\
————————————————————————————————————————————————————————————
NETWORK
————————————————————————————————————————————————————————————
    Primary IPv4         : en0 (Wi-Fi)
————————————————————————————————————————————————————————————
WIFI
————————————————————————————————————————————————————————————
    MAC Address          : 00:00:5e:00:53:01 (hw=00:00:5e:00:53:01)
    Interface Name       : en0
    Power                : On [On]
    SSID                 : HOME OF A COLLEAGUE
    RSSI                 : -52 dBm
    Noise                : -93 dBm
————————————————————————————————————————————————————————————
AWDL
————————————————————————————————————————————————————————————
    Interface Name       : awdl0
"""
IDENTITIES: Final = f"""\
Policy: X.509 Basic
  Matching identities
  1) {"A1" * 20} "mac-0042.example.nl" (CSSMERR_TP_CERT_EXPIRED)
  2) {"B2" * 20} "com.apple.systemdefault"
     2 identities found

  Valid identities only
     0 valid identities found
"""
KEYCHAIN: Final = f"""\
SHA-256 hash: {"C3" * 32}
SHA-1 hash: {"B2" * 20}
{CERTIFICATE}
SHA-256 hash: {"D4" * 32}
SHA-1 hash: {"A1" * 20}
{CERTIFICATE}
"""
SAID: Final = {
    "sw_vers": "ProductName:\t\tmacOS\nProductVersion:\t\t15.3.1\nBuildVersion:\t\t24D70\n",
    "sysctl -n kern.bootsessionuuid": "2B05150B-FA33-45BD-90F0-3369BF908E3E\n",
    "sysctl -n machdep.cpu.brand_string": "Apple M1\n",
    "vm_stat": "Mach Virtual Memory Statistics: (page size of 16384 bytes)\nPages free:    12.\n"
    "Pageins:       99999.\nPageouts:        88.\nSwapins:        1234.\nSwapouts:       5678.\n",
    "ioreg -r -c AppleSmartBattery": BATTERY,
    "ioreg -r -c IOPlatformExpertDevice": PLATFORM,
    "systemsetup -getusingnetworktime": "Network Time: On\n",
    "fdesetup status": "FileVault is On.\n",
    "spctl --status": "assessments enabled\n",
    "/usr/libexec/ApplicationFirewall/socketfilterfw --getglobalstate": "Firewall is enabled. (State = 1) \n",
    "security find-identity": IDENTITIES,
    "security find-certificate": KEYCHAIN,
    "ifconfig -m": INTERFACES,
    "wdutil info": WIRELESS,
    "notifyutil -g com.apple.system.thermalpressurelevel": "com.apple.system.thermalpressurelevel 0\n",
    "pmset -g therm": "2026-11-26 09:00:00 +0100 CPU Power notify\n\tCPU_Speed_Limit \t= 100\n",
    "log show": "Timestamp               Ty Process[PID:TID]\n"
    "2026-11-26 08:00:03.001 Df kernel[0:0] (AppleSMC) Previous shutdown cause: 5\n",
    "last -n 50 reboot shutdown": "reboot time    Thu Nov 26 08:00\nshutdown time  Wed Nov 25 17:59\n",
    "diskutil list -plist": plistlib.dumps({"WholeDisks": ["disk0"]}).decode(),
    "diskutil info -plist": plistlib.dumps(DISK).decode(),
    "diskutil appleRAID list": plistlib.dumps(MIRROR).decode(),
}


class Counters(NamedTuple):
    """What psutil says of an interface."""

    errin: int = 1
    errout: int = 2
    dropin: int = 3
    dropout: int = 0


class State(NamedTuple):
    """The same, of its link."""

    speed: int = 1000


class Partition(NamedTuple):
    """What psutil says of a mounted volume."""

    device: str
    mountpoint: str
    fstype: str
    opts: str


PARTITIONS = [
    Partition("/dev/disk3s1s1", "/", "apfs", "ro,local,rootfs"),
    Partition("/dev/disk3s6", "/System/Volumes/VM", "apfs", "rw,local"),
    Partition("/dev/disk3s5", "/System/Volumes/Data", "apfs", "rw,local"),
    Partition("/dev/disk4s1", "/Volumes/A COLLEAGUE'S STICK", "hfs", "rw,local"),
]


def psutil_of_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has psutil say what differs on a Mac."""
    names = ["lo0", "en0", "en7", "awdl0", "utun3", "bridge0"]
    monkeypatch.setattr(psutil, "net_io_counters", lambda **_: {name: Counters() for name in names})
    monkeypatch.setattr(psutil, "net_if_stats", lambda: {name: State() for name in names})
    monkeypatch.setattr(psutil, "disk_partitions", lambda **_: PARTITIONS)
    monkeypatch.setattr(psutil, "boot_time", lambda: AT)


def programs(said: Mapping[str, str] | None = None, asked: list[str] | None = None) -> commands.Run:
    """Programs that answer by the beginning of their command line; those without an answer are not installed.

    ``asked`` is filled with the command lines.
    """
    answers = {**SAID, **(said or {})}

    def run(arguments: Sequence[str], timeout: float) -> Result:
        assert 0 < timeout <= 30
        line = " ".join(arguments)
        if asked is not None:
            asked.append(line)
        if arguments[0] == "system_profiler" and arguments[1] == "-json" and "system_profiler" not in answers:
            return Result(0, json.dumps({kind: PROFILES[kind] for kind in arguments[2:]}).encode())
        for beginning, answer in answers.items():
            if line.startswith(beginning):
                return Result(0, answer.encode())
        raise NotMeasurable(f"{arguments[0]} is not installed")

    return run


def moment(text: str) -> datetime:
    """A date as property lists hold it: in UTC, without saying so."""
    return datetime.fromisoformat(text)


def report(identifier: str, bug_type: str = "309") -> str:
    """A report of a crash, in the form that macOS has since 12."""
    head = {"app_name": "X", "bundleID": identifier, "bug_type": bug_type, "timestamp": "2026-11-26 08:30:00.00 +0100"}
    return f"{json.dumps(head)}\n" + json.dumps({"procPath": "/opt/secret", "asi": {"x": ["abort()"]}})


def files(root: Path) -> Tree:
    """What such a Mac keeps on its disk."""
    (root / "System/Volumes/Data").mkdir(parents=True, exist_ok=True)
    lists: dict[str, Any] = {
        "Library/Preferences/com.apple.SoftwareUpdate.plist": {
            "LastSuccessfulDate": moment("2026-11-26T05:00:00"),
            "RecommendedUpdates": [
                {"Display Name": "macOS Sequoia 15.7.2", "Display Version": "15.7.2"},
                {"Display Name": "macOS Tahoe 26.1", "Display Version": "26.1"},
                {"Display Name": "Command Line Tools for Xcode", "Display Version": "16.4"},
            ],
        },
        "Library/Receipts/InstallHistory.plist": [
            {"date": moment("2026-10-01T10:00:00"), "displayName": "macOS 15.3.1", "processName": "softwareupdated"},
            {
                "date": moment("2026-11-20T10:00:00"),
                "displayName": "XProtectPlistConfigData",
                "processName": "softwareupdated",
                "contentType": "config-data",
            },
            {"date": moment("2026-11-25T10:00:00"), "displayName": "Some program", "processName": "installer"},
        ],
        "Library/Preferences/com.apple.TimeMachine.plist": {
            "Destinations": [
                {"SnapshotDates": [moment("2026-11-24T20:00:00"), moment("2026-11-25T20:00:00")]},
                {"LastKnownVolumeName": "A COLLEAGUE'S DISK"},
            ]
        },
        "Applications/Firefox.app/Contents/Info.plist": {"CFBundleShortVersionString": "128.5.0"},
        "Applications/zoom.us.app/Contents/Info.plist": {"CFBundleShortVersionString": "6.2.11 (43613)"},
        "Applications/A Colleague's Own.app/Contents/Info.plist": {"CFBundleShortVersionString": "1.0"},
    }
    for path, content in lists.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(plistlib.dumps(content))
    for name, text in {
        "Library/Logs/DiagnosticReports/Firefox-2026-11-26-083000.ips": report("org.mozilla.firefox"),
        "Library/Logs/DiagnosticReports/Some_2026-11-26-083100_mac.hang": "Identifier:  com.apple.Safari\n",
        "Library/Logs/DiagnosticReports/JetsamEvent-2026-11-20-083000.ips": report("", "298"),
        "Users/anna/Library/Logs/DiagnosticReports/own-2026-11-26-084000.ips": report("nl.example.own"),
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Tree(str(root))


def written(tree: Tree, path: str, time: float) -> None:
    """Makes a file as old as a test wants it."""
    os.utime(tree.path(path), (time, time))


def mac(root: Path, said: Mapping[str, str] | None = None, asked: list[str] | None = None) -> DarwinHost:
    """The whole Mac; on this machine psutil tells of this machine."""
    return DarwinHost(run=programs(said, asked), tree=files(root))
