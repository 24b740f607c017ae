"""What is read on a Mac, by made-up answers of its programs; none of this was ever run on a Mac."""

from __future__ import annotations

import os
import plistlib
import time
from typing import TYPE_CHECKING, NamedTuple

import psutil
import pytest

from keuring_agent.host.commands import Result
from keuring_agent.host.darwin import DarwinHost, identity, kept, starting, volumes
from keuring_agent.host.readings import Backup, Certificate, Crash, NotMeasurable, Program, Shutdown
from keuring_agent.host.tree import Tree
from tests.agent import mac_says, macs
from tests.agent.mac_says import AT
from tests.agent.macs import mac, programs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.fixture(autouse=True)
def mac_in_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    """What psutil would say of a Mac where this machine has other names for it."""
    macs.psutil_of_a_mac(monkeypatch)


def test_what_a_mac_says(tmp_path: Path) -> None:
    asked: list[str] = []
    host = mac(tmp_path, asked=asked)
    system = host.operating_system()
    assert (system.type, system.name, system.version, system.build) == ("darwin", "macOS", "15.3.1", "24D70")
    rapid = "ProductName: macOS\nProductVersion: 13.4.1\nProductVersionExtra: (c)\nBuildVersion: 22F770820d\n"
    assert identity.of_versions(rapid)[2:4] == ("13.4.1", "22F770820d")
    hardware = host.hardware()
    assert hardware[:6] == ("Apple Inc.", "MacBookAir10,1", mac_says.SERIAL, "laptop", "Apple M1", "11881.81.4")
    assert host.boot_id() == "2b05150b-fa33-45bd-90f0-3369bf908e3e"
    assert [one.mountpoint for one in host.file_systems()] == ["/"]
    assert host.file_systems()[0].read_only is False  # the sealed root is; what colleagues write to is not
    assert host.file_systems()[0].inodes == 0
    assert [(one.interface, one.receive_errors, one.transmit_dropped) for one in host.networks()] == [
        ("en0", 1, None),
        ("en7", 1, None),
    ]
    assert [(one.interface, one.speed) for one in host.link_capabilities()] == [("en7", 2.5e9), ("en8", 1e10)]
    assert [tuple(one) for one in host.wifi()] == [("en0", -52.0, None, None)]
    assert host.encryption()[0] == ("/", True)
    assert host.firewall() is True
    assert host.displays() == 3
    assert host.clock() == (True, None)
    assert [tuple(one) for one in host.arrays()] == [("disk5", 1)]
    assert host.software() == [Program("Mozilla Firefox", "128.5.0"), Program("Zoom", "6.2.11")]
    assert host.certificates() == [Certificate("machine", 1804136767.0)]
    assert host.backups() == [Backup("Time Machine", 1795636800.0), Backup("Time Machine (2)", None)]
    assert host.updates() == (3, 1)  # the newer macOS and the tools make nothing safe here
    assert host.updates_installed() == 1790848800.0
    protection = host.malware_protection()
    assert (protection.enabled, protection.updated) == (True, 1795168800.0)
    assert host.manufactured() == 1604448000  # 4 November 2020
    assert [line for line in asked if line.startswith("ioreg")] == []  # the battery was not asked for


def test_the_battery_of_apple_silicon_and_of_intel(tmp_path: Path) -> None:
    host = mac(tmp_path)
    (found,) = host.batteries()
    assert (found.charge, found.discharging, found.cycles, found.model) == (0.81, True, 142, "bq20z451")
    assert found.full == pytest.approx(4054 * 11.4 / 1000)
    assert found.design == pytest.approx(49.95, abs=0.05)  # Apple sells it as 49.9 Wh
    (temperature,) = host.temperatures()
    assert temperature == ("battery", 30.12, None)

    (older,) = DarwinHost(run=programs({"ioreg -r -c AppleSmartBattery": mac_says.INTEL_BATTERY})).batteries()
    assert older.charge == pytest.approx(1839 / 4313)
    assert older.discharging is False
    assert older.full is not None
    assert older.design is not None
    assert older.full / older.design == pytest.approx(4313 / 5088)
    assert older.design == pytest.approx(58.0, abs=0.1)

    said = {"ioreg -r -c AppleSmartBattery": "+-o AppleSmartBattery  <class AppleSmartBattery, id 0x1, retain 7>\n"}
    (told,) = DarwinHost(run=programs(said)).batteries()  # what the registry keeps to itself system_profiler tells
    assert (told.charge, told.cycles, told.discharging) == (0.81, 142, True)

    with pytest.raises(NotMeasurable, match="no battery"):
        DarwinHost(run=programs({"ioreg -r -c AppleSmartBattery": ""})).batteries()


def test_disks_without_smartctl_and_with_it(tmp_path: Path) -> None:
    host = mac(tmp_path)
    assert host.smart_devices() == ["disk0"]
    found = host.smart("disk0")
    assert found is not None
    assert (found.kind, found.passed, found.model) == ("nvme", True, "APPLE SSD AP0512Q")
    assert (found.firmware, found.serial_number) == ("1161.80.", "0ba0000000000001")
    assert (found.endurance, found.available_spare, found.temperature) == (0.16, 1.0, 35)
    assert (found.power_on_time, found.unsafe_shutdowns, found.media_errors) == (1234, 21, 0)
    assert found.data_written == 9_260_388 * 512_000

    document = '{"smart_status": {"passed": false}, "nvme_smart_health_information_log": {"media_errors": 7}}'
    told = DarwinHost(run=programs({"smartctl --json": document})).smart("disk0")
    assert told is not None
    assert (told.passed, told.media_errors) == (False, 7)
    assert DarwinHost(run=programs({"smartctl --json": "no JSON"})).smart("disk0") == found


def test_crashes_are_told_of_known_programs_by_name_and_of_no_others(tmp_path: Path) -> None:
    host = mac(tmp_path)
    tree = host._tree
    folder = "Library/Logs/DiagnosticReports"
    macs.written(tree, f"{folder}/Firefox-2026-11-26-083000.ips", AT + 100)
    macs.written(tree, f"Users/anna/{folder}/own-2026-11-26-084000.ips", AT + 200)
    macs.written(tree, f"{folder}/Some_2026-11-26-083100_mac.hang", AT + 300)
    assert host.crashes("").crashes == []
    found = host.crashes(repr(AT))
    assert found.crashes == [Crash(AT + 100, "Mozilla Firefox"), Crash(AT + 200, "other")]
    assert host.crashes(repr(AT + 100)).crashes == [Crash(AT + 200, "other")]
    assert float(found.position) == pytest.approx(host.wall(), abs=60)
    with pytest.raises(NotMeasurable, match="administrators"):
        DarwinHost(run=programs(), tree=Tree(str(tmp_path / "nothing"))).crashes("")


def test_programs_ended_for_want_of_memory_are_counted_from_now_on(tmp_path: Path) -> None:
    host = mac(tmp_path)
    assert host.oom_kills() == 0
    (tmp_path / "Library/Logs/DiagnosticReports/JetsamEvent-2026-11-26-090000.ips").write_text("{}")
    assert host.oom_kills() == 1
    (tmp_path / "Library/Logs/DiagnosticReports/JetsamEvent-2026-11-20-083000.ips").unlink()
    assert host.oom_kills() == 1


@pytest.mark.parametrize(
    ("said", "clean"),
    [
        ({}, True),
        ({"log show": "kernel: (AppleSMC) Previous shutdown cause: -61\n"}, False),
        ({"log show": "kernel: Previous shutdown cause: 3\nkernel: Previous shutdown cause: 5\n"}, True),
        ({"log show": "Previous shutdown cause: -128\n"}, True),  # not kept: the record of starts is believed
        ({"log show": "", "last": "reboot time  Thu\nreboot time  Wed\n"}, False),
        ({"log show": "", "last": "reboot time  Thu\n\nwtmp begins Wed\n"}, None),
        ({"log show": "", "last": "shutdown time  Thu\nreboot time  Wed\n"}, None),
    ],
)
def test_how_the_system_went_down(said: dict[str, str], clean: bool | None, tmp_path: Path) -> None:
    said = {"last -n 50 reboot shutdown": said.pop("last"), **said} if "last" in said else said
    assert mac(tmp_path, said).last_shutdown() == Shutdown(clean, panicked=False)


def test_a_panic_is_one_that_was_written_since_the_start(tmp_path: Path) -> None:
    host = mac(tmp_path)
    path = "Library/Logs/DiagnosticReports/panic-full-2026-11-26-080100.0002.panic"
    (tmp_path / path).write_text("{}")
    macs.written(host._tree, path, AT - 10)
    assert host.last_shutdown().panicked is False
    macs.written(host._tree, path, AT + 10)
    assert host.last_shutdown().panicked is True


def test_a_start_lasts_until_the_login_window() -> None:
    began = time.mktime(time.strptime("Thu Nov 26 08:00:31 2026", "%a %b %d %H:%M:%S %Y"))
    listing = mac_says.PROCESSES
    assert starting.until_login(listing, began - 29) == 29
    assert starting.until_login("    0 Thu Nov 26 08:00:02 2026 launchd\n", began) is None
    with pytest.raises(NotMeasurable, match="opened anew"):
        starting.until_login(listing, began - 86400)


def test_throttling_counts_how_often_it_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    level = "notifyutil -g com.apple.system.thermalpressurelevel"
    answers = iter(["0", "2", "3", "1", "2"])

    def run(arguments: Sequence[str], _timeout: float) -> Result:
        assert " ".join(arguments) == level
        return Result(0, f"com.apple.system.thermalpressurelevel {next(answers)}\n".encode())

    machine = os.uname()
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((*machine[:4], "arm64")))
    host = DarwinHost(run=run)
    assert [host.throttled() for _ in range(5)] == [0, 1, 1, 1, 2]
    monkeypatch.setattr(os, "uname", lambda: os.uname_result((*machine[:4], "x86_64")))
    assert mac(tmp_path, {"pmset -g therm": "\tCPU_Speed_Limit \t= 60\n"}).throttled() == 1
    note = "Note: No CPU power status has been recorded\n"
    assert mac(tmp_path, {"pmset -g therm": note}).throttled() == 0
    silent = mac(tmp_path, {"pmset -g therm": "?", level: "?"})
    with pytest.raises(NotMeasurable, match="heat"):
        silent.throttled()


def test_each_container_is_told_once_and_under_its_own_name() -> None:
    mounts = [volumes.Mount(*partition[:3], partition.opts.split(",")) for partition in macs.PARTITIONS]
    mounts += [
        volumes.Mount("/dev/disk5s2", "/data/below", "apfs", ["rw"]),
        volumes.Mount("/dev/disk5s1", "/srv", "apfs", ["rw"]),
        volumes.Mount("/dev/disk6", "/Library/Developer/CoreSimulator/Volumes/x", "apfs", ["ro"]),
        volumes.Mount("server:/x", "/net", "nfs", ["rw"]),
        volumes.Mount("/dev/disk7s1", "/old", "hfs", ["rw"]),
        volumes.Mount("/dev/disk7s2", "/older", "hfs", ["rw"]),
    ]
    assert [(subject, mount.path) for subject, mount in volumes.chosen(mounts, ())] == [
        ("/", "/System/Volumes/Data"),
        ("/old", "/old"),
        ("/older", "/older"),
        ("/srv", "/srv"),
    ]
    assert ("/net", "/net") in [(subject, mount.path) for subject, mount in volumes.chosen(mounts, {"nfs"})]


def test_swap_counts_its_own_pages_and_not_those_of_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Swap(NamedTuple):
        total: int = 2**30
        used: int = 2**20
        sin: int = 99999 * 4096
        sout: int = 0

    monkeypatch.setattr(psutil, "swap_memory", Swap)
    found = mac(tmp_path).swap()
    assert (found.pages_in, found.pages_out) == (1234, 5678)
    assert mac(tmp_path, {"vm_stat": "?"}).swap()[2:] == (None, None)


def test_answers_are_kept_for_a_while_and_so_is_that_there_is_none() -> None:
    now = 0.0
    answers = kept.Kept(lambda: now)
    asked = []

    def ask() -> int:
        asked.append(now)
        if len(asked) == 2:
            raise NotMeasurable("not now")
        return len(asked)

    assert answers.of("x", 60, ask) == 1
    now = 59.0
    assert answers.of("x", 60, ask) == 1
    now = 60.0
    for _ in range(2):
        with pytest.raises(NotMeasurable, match="not now"):
            answers.of("x", 60, ask)
    now = 120.0
    assert answers.of("x", 60, ask) == 3
    assert asked == [0.0, 60.0, 120.0]


def test_what_a_mac_is_fitted_with_and_connected_to(tmp_path: Path) -> None:
    host = mac(tmp_path)
    assert [tuple(one) for one in host.gpus()] == [("gpu0", "Apple M1", None)]
    assert [tuple(one) for one in host.gpu_use()] == [("gpu0", 0.42, None, None)]
    assert [tuple(one) for one in host.screens()] == [
        ("built-in", "Color LCD", None),
        ("external 1", "DELL U2720Q", 1595980800.0),  # week 31 of 2020; the tablet goes without its name
    ]
    assert [tuple(one) for one in host.docks()] == [("dock", "CalDigit, Inc. TS4"), ("dock (2)", "Dell Inc. Dell dock")]
    assert host.printers() == (3, 2)
    assert host.vpn_connections() == 1
    assert [tuple(one) for one in host.disk_sizes()] == [("disk0", 500_277_792_768)]
    assert [tuple(one) for one in host.device_firmware()] == [("APPLE SSD AP0512Q", "1161.80.")]
    assert [tuple(one) for one in host.drivers()] == [
        ("org.example.hid", "1.8.0", None),
        ("org.example.kext", "1.2.3", None),
    ]
    assert host.secure_boot() is True
    assert host.further_software() == [Program("Example", "1.0")]
    with pytest.raises(NotMeasurable, match="part of its board"):
        host.memory_slots()


def test_what_goes_on_by_itself(tmp_path: Path) -> None:
    host = mac(tmp_path)
    assert host.patch_level() == "24D70"
    assert host.updates_automatic() is True
    assert host.updates_checked() == 1795669200.0
    assert host.failed_services() == 2
    assert host.sign_in_duration() == 9
    wanted = tmp_path / "Library/Managed Preferences/com.apple.SoftwareUpdate.plist"
    wanted.parent.mkdir()
    wanted.write_bytes(plistlib.dumps({"AutomaticallyInstallMacOSUpdates": False}))
    assert host.updates_automatic() is False
    nobody = mac(tmp_path, {"ps -A -c": "    0 Thu Nov 26 08:00:31 2026 loginwindow\n"})
    assert nobody.sign_in_duration() is None
    later = mac_says.PROCESSES.replace("08:05:09", "09:45:09")
    with pytest.raises(NotMeasurable, match="Finder"):
        mac(tmp_path, {"ps -A -c": later}).sign_in_duration()


def test_hangs_and_panics_are_told_from_the_last_look_on(tmp_path: Path) -> None:
    host = mac(tmp_path)
    folder = "Library/Logs/DiagnosticReports"
    panic = f"{folder}/Kernel_2026-11-26-080100_mac.panic"
    (tmp_path / panic).write_text("{}")
    macs.written(host._tree, f"{folder}/Some_2026-11-26-083100_mac.hang", AT + 300)
    macs.written(host._tree, panic, AT + 60)
    assert host.hangs("").crashes == []
    assert host.hangs(repr(AT)).crashes == [Crash(AT + 300, "Safari")]
    assert host.bug_checks("").bug_checks == []
    assert [tuple(one) for one in host.bug_checks(repr(AT)).bug_checks] == [(AT + 60, "panic")]
    assert host.bug_checks(repr(AT + 60)).bug_checks == []
