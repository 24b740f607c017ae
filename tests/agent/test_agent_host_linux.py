"""Reading Linux: the true values of this machine, and trees as the kernel's documentation describes them."""

from __future__ import annotations

import os
import struct
import sys
import time
from typing import TYPE_CHECKING

import pytest

from keuring_agent.host import commands, local
from keuring_agent.host.commands import Result
from keuring_agent.host.linux import (
    LinuxHost,
    identity,
    memory,
    network,
    parts,
    processor,
    storage,
    system,
    update_habits,
    updates,
)
from keuring_agent.host.readings import Battery, NotMeasurable, Shutdown, Updates
from keuring_agent.host.tree import Tree
from tests.agent.trees import own, tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads this machine's /proc")


def test_cpu_lines_of_old_kernels(tmp_path: Path) -> None:
    found = processor.times(tree(tmp_path, {"proc/stat": "cpu  100 0 50 850\nctxt 1\n"}))
    tick = processor.TICK
    assert list(found) == [pytest.approx(150 * tick), 0, pytest.approx(1000 * tick), None]


def test_throttling_counts_each_package_once(tmp_path: Path) -> None:
    base = "sys/devices/system/cpu"
    files = {}
    for cpu, (package, count) in enumerate([(0, 5), (0, 5), (1, 2)]):
        files[f"{base}/cpu{cpu}/thermal_throttle/package_throttle_count"] = str(count)
        files[f"{base}/cpu{cpu}/thermal_throttle/core_throttle_count"] = "9"
        files[f"{base}/cpu{cpu}/topology/physical_package_id"] = str(package)
    assert processor.throttled(tree(tmp_path, files)) == 7
    with pytest.raises(NotMeasurable, match="does not count"):
        processor.throttled(Tree(str(tmp_path / "none")))


def test_frequency_of_the_policies(tmp_path: Path) -> None:
    base = "sys/devices/system/cpu/cpufreq"
    files = {f"{base}/policy0/scaling_cur_freq": "2000000", f"{base}/policy1/scaling_cur_freq": "1000000"}
    assert processor.frequency(tree(tmp_path, files)) == 1.5e9


def test_pressure_totals(tmp_path: Path) -> None:
    lines = "some avg10=0.00 avg60=0.00 avg300=0.00 total=2500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=1000000"
    found = processor.pressure(tree(tmp_path, {"proc/pressure/io": lines}), "io")
    assert found == (2.5, 1.0)
    with pytest.raises(NotMeasurable, match="does not measure pressure"):
        processor.pressure(Tree(str(tmp_path)), "cpu")


def test_memory_errors_over_controllers(tmp_path: Path) -> None:
    base = "sys/devices/system/edac/mc"
    files = {f"{base}/mc{n}/{kind}_count": str(n + 1) for n in (0, 1) for kind in ("ce", "ue")}
    assert memory.errors(tree(tmp_path, files)) == (3, 3)


MOUNTS = """\
22 27 0:21 / /proc rw - proc proc rw
27 1 8:2 / / rw,relatime - ext4 /dev/sda2 rw
28 27 8:2 /var/www /srv/www rw - ext4 /dev/sda2 rw
29 27 8:3 / /home/jan rw - ext4 /dev/sda3 rw
30 27 8:4 / /home/piet/mail rw - ext4 /dev/sda4 rw
31 27 7:1 / /snap/core/1 ro - squashfs /dev/loop1 ro
32 27 0:40 / /run/user/1000 rw - tmpfs tmpfs rw
33 27 8:17 / /media/jan/STICK rw - vfat /dev/sdb1 rw
34 27 0:50 / /mnt/share rw - nfs4 server:/x rw
35 27 8:5 / /with\\040space ro,relatime - xfs /dev/sda5 ro
36 27 0:60 / /tmp rw - tmpfs tmpfs rw
"""


def test_which_file_systems_count_and_what_they_are_called(tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/1/mountinfo": MOUNTS.rstrip()})
    for path in ("home/jan", "home/piet/mail", "with space", "tmp", "srv/www"):
        (tmp_path / path).mkdir(parents=True)
    found = storage.file_systems(root, ())
    assert [(one.mountpoint, one.kind, one.read_only) for one in found] == [
        ("/", "ext4", False),
        ("/home/*", "ext4", False),
        ("/home/* (2)", "ext4", False),
        ("/with space", "xfs", True),
    ]
    assert "/tmp" in [one.mountpoint for one in storage.file_systems(root, ("tmpfs",))]
    with pytest.raises(NotMeasurable, match="no file system"):
        storage.file_systems(tree(tmp_path / "x", {"proc/1/mountinfo": MOUNTS.splitlines()[0]}), ())


def test_a_file_system_that_is_shown_in_part_only(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    lines = "1 0 8:9 /a /data rw - ext4 /dev/sda9 rw\n2 0 8:9 /b /data/longer rw - ext4 /dev/sda9 rw"
    found = storage.file_systems(tree(tmp_path, {"proc/1/mountinfo": lines}), ())
    assert [one.mountpoint for one in found] == ["/data"]


def test_a_read_only_view_is_no_read_only_file_system(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()  # under systemd's ProtectSystem=strict; and a disk that failed
    lines = "1 0 8:1 / / ro,relatime - ext4 /dev/sda1 rw\n2 0 8:2 / /data rw - ext4 /dev/sda2 ro,errors=remount-ro"
    found = storage.file_systems(tree(tmp_path, {"proc/1/mountinfo": lines}), ())
    assert [(one.mountpoint, one.read_only) for one in found] == [("/", False), ("/data", True)]


def test_disks_are_whole_and_physical(tmp_path: Path) -> None:
    stats = (
        "   8  0 sda 100 0 2048 500 50 0 4096 250 0 600 750 0 0 0 0\n"
        "   8  1 sda1 90 0 2000 400 40 0 4000 200 0 500 600\n"
        " 253  0 dm-0 1 0 1 1 1 0 1 1 0 1 1\n"
        "  11  0 sr0 1 0 1 1 1 0 1 1 0 1 1"
    )
    files = {"proc/diskstats": stats, "sys/block/sda/device/model": "x", "sys/block/sr0/device/model": "x"}
    files["sys/block/dm-0/size"] = "1"
    (found,) = storage.disks(tree(tmp_path, files))
    assert found == ("sda", 2048 * 512, 4096 * 512, 0.6, 150, 0.75)


def test_network_names_carry_no_hardware_address(tmp_path: Path) -> None:
    files = {"sys/class/net/lo/statistics/rx_errors": "0"}
    for name in ("enx0050b6112233", "wlan0"):
        for number, key in enumerate(("rx_errors", "tx_errors", "rx_dropped", "tx_dropped")):
            files[f"sys/class/net/{name}/statistics/{key}"] = str(number)
        files[f"sys/class/net/{name}/device/uevent"] = ""
        files[f"sys/class/net/{name}/speed"] = "1000" if name == "wlan0" else "-1"
    found = network.networks(tree(tmp_path, files))
    assert [one.interface for one in found] == ["enx*", "wlan0"]
    assert found[1][1:] == (0, 1, 2, 3, None, 1e9)
    assert found[0].speed is None


def hwmon(chip: str, name: str, **files: str) -> dict[str, str]:
    base = f"sys/class/hwmon/{chip}"
    return {f"{base}/name": name, **{f"{base}/{key}": value for key, value in files.items()}}


def test_temperatures_and_fans_of_hwmon(tmp_path: Path) -> None:
    core = {"temp1_input": "52000", "temp1_label": "Package id 0", "temp1_crit": "100000", "temp1_max": "90000"}
    core |= {"temp2_input": "50000", "temp2_label": "Core 0"}
    board = {"temp1_input": "-128000", "temp2_input": "41500", "temp2_max": "80000", "fan1_input": "0"}
    board |= {"fan2_input": "1800", "fan2_label": "CPU", "temp10_input": "30000"}
    files = hwmon("hwmon0", "coretemp", **core) | hwmon("hwmon1", "nct6775", **board)
    files |= hwmon("hwmon2", "drivetemp", temp1_input="30000") | hwmon("hwmon3", "nvme", temp1_input="38850")
    files |= hwmon("hwmon4", "nvme", temp1_input="40000")
    root = tree(tmp_path, files)
    assert {one.sensor: (one.celsius, one.limit) for one in parts.temperatures(root)} == {
        "coretemp Package id 0": (52.0, 100.0),
        "nct6775 temp2": (41.5, 80.0),
        "nct6775 temp10": (30.0, None),
        "nvme temp1": (38.85, None),
        "nvme#2 temp1": (40.0, None),
    }
    assert {one.fan: one.rpm for one in parts.fans(root)} == {"nct6775 fan1": 0.0, "nct6775 CPU": 1800.0}


def test_thermal_zones_where_there_is_no_hwmon(tmp_path: Path) -> None:
    base = "sys/class/thermal"
    files = {f"{base}/thermal_zone0/temp": "45000", f"{base}/thermal_zone0/type": "cpu-thermal"}
    (found,) = parts.temperatures(tree(tmp_path, files | {f"{base}/cooling_device0/type": "Fan"}))
    assert found == ("cpu-thermal", 45.0, None)


def battery(name: str, **files: str) -> dict[str, str]:
    return {f"sys/class/power_supply/{name}/{key}": value for key, value in files.items()}


def test_batteries_in_energy_and_in_charge(tmp_path: Path) -> None:
    in_energy = battery(
        "BAT0", type="Battery", capacity="83", status="Discharging", energy_full="45200000",
        energy_full_design="51000000", cycle_count="230", manufacturer="LGC", model_name="5B10W13930",
    )  # fmt: skip
    in_charge = battery(
        "BAT1", type="Battery", capacity="104", status="Full", charge_full="4000000", charge_full_design="5000000",
        voltage_min_design="11400000", cycle_count="0", present="1",
    )  # fmt: skip
    others = battery("AC", type="Mains") | battery("mouse", type="Battery", scope="Device", capacity="5")
    others |= battery("BAT2", type="Battery", present="0")
    one, two = parts.batteries(tree(tmp_path, in_energy | in_charge | others))
    assert one == Battery("BAT0", 0.83, True, 45.2, 51.0, 230, "LGC 5B10W13930")
    assert two[:3] == ("BAT1", 1.0, False)
    assert list(two[3:5]) == [pytest.approx(45.6), pytest.approx(57.0)]
    assert two[5:] == (None, None)
    with pytest.raises(NotMeasurable, match="no battery"):
        parts.batteries(tree(tmp_path / "desktop", battery("AC", type="Mains")))


def wtmp(*records: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack("=hxxi32s4s32s308x", kind, 0, b"~", b"", name) for kind, name in records)


BOOT, SHUTDOWN, LOGIN = (2, b"reboot"), (1, b"shutdown"), (7, b"jan")


@pytest.mark.parametrize(
    ("records", "clean"),
    [
        ([BOOT, LOGIN, SHUTDOWN, BOOT], True),
        ([BOOT, SHUTDOWN, BOOT, LOGIN, BOOT], False),
        ([BOOT], None),
        ([SHUTDOWN, BOOT], None),
        ([], None),
    ],
)
def test_shutdowns_in_wtmp(tmp_path: Path, records: list[tuple[int, bytes]], clean: bool | None) -> None:
    (tmp_path / "var/log").mkdir(parents=True)
    (tmp_path / "var/log/wtmp").write_bytes(b"torn" + wtmp(*records))
    assert system.last_shutdown(Tree(str(tmp_path)), time.time()) == Shutdown(clean, False)


def test_a_panic_that_was_kept(tmp_path: Path) -> None:
    assert system.last_shutdown(tree(tmp_path, {"sys/fs/pstore/dmesg-efi-1": "Panic"}), time.time()).panicked


def test_reboot_pending(tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable, match="keeps no mark"):
        system.reboot_pending(Tree(str(tmp_path)), 0)
    root = tree(tmp_path, {"boot/vmlinuz-6.1.0-1": "kernel"})
    assert system.reboot_pending(root, time.time() + 60) is False
    assert system.reboot_pending(root, time.time() - 60) is True  # installed since the start
    assert system.reboot_pending(tree(tmp_path, {"run/reboot-required": "*"}), time.time() + 60) is True


def test_the_start_is_timed_by_systemd(tmp_path: Path) -> None:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    here = Tree("/")

    def answer(output: str) -> commands.Run:
        return lambda _arguments, _timeout: Result(0, output.encode())

    if not here.exists("run/systemd/system"):
        with pytest.raises(NotMeasurable, match="systemd does not run"):
            system.boot_duration(here, answer(""), 1)
    here.root, own_root = str(tmp_path) + "/", here.root
    with pytest.raises(NotMeasurable):
        system.boot_duration(here, answer(""), 1)
    here.root = own_root


OS = 'NAME="Fedora Linux"\nVERSION_ID=40\n# comment\nSUPPORT_END=2025-05-13\n'


def test_the_system(tmp_path: Path) -> None:
    files = {"etc/os-release": OS, "proc/sys/kernel/osrelease": "6.8", "proc/sys/kernel/hostname": "lt-1.example.org"}
    found = identity.operating_system(tree(tmp_path, files))
    assert (found.name, found.version, found.build, found.host_name) == ("Fedora Linux", "40", "6.8", "lt-1")
    assert found.support_end == 1747094400


def dmi(**fields: str) -> dict[str, str]:
    return {f"sys/class/dmi/id/{key}": value for key, value in fields.items()}


def test_hardware_and_what_makers_forgot(tmp_path: Path) -> None:
    cpu = {"proc/cpuinfo": "model name\t: Example  CPU @ 2GHz\nflags\t\t: fpu vme"}
    good = dmi(
        sys_vendor="LENOVO", product_name="20XW", chassis_type="10", bios_version="N32ET", bios_date="11/30/2023"
    )
    found = identity.hardware(tree(tmp_path / "1", good | dmi(product_serial="PF1234") | cpu))
    assert found == ("LENOVO", "20XW", "PF1234", "laptop", "Example CPU @ 2GHz", "N32ET", 1701302400.0)
    junk = dmi(sys_vendor="To Be Filled By O.E.M.", product_serial="Default string", chassis_type="3", bios_date="x")
    found = identity.hardware(tree(tmp_path / "2", junk | dmi(product_name="00000000")))
    assert found == (None, None, None, "desktop", None, None, None)
    virtual = {"proc/cpuinfo": "model name : X\nflags : fpu hypervisor lahf_lm"}
    assert identity.hardware(tree(tmp_path / "3", virtual)).chassis == "virtual"
    assert identity.hardware(tree(tmp_path / "4", dmi(sys_vendor="QEMU", chassis_type="1"))).chassis == "virtual"


APT = """\
Listing...
libssl3/stable-security 3.0.14-1 amd64 [upgradable from: 3.0.11-1]
libsecurity-perl/stable 2.0 all [upgradable from: 1.0]
tzdata/stable,stable 2024b-0 all [upgradable from: 2024a-0]
firefox/noble-updates,noble-security 2 amd64 [upgradable from: 1]
vim/stable-security 9.1 amd64 [upgradable from: 9.0]
"""


def test_updates_are_counted_as_apt_lists_them_without_those_held_back() -> None:
    assert updates.parse(APT) == Updates(pending=5, security=3)
    assert updates.parse(APT, {"vim"}) == Updates(pending=4, security=2)


def test_apt_is_asked_again_only_after_something_changed(tmp_path: Path) -> None:
    held = "Package: vim\nStatus: hold ok installed\n"
    root = own(tmp_path, {"var/lib/dpkg/status": held, "var/lib/apt/lists/deb_Packages.lz4": ""})
    calls = []

    def run(arguments: Sequence[str], timeout: float) -> Result:
        if arguments[0] == "grep":
            return commands.run(arguments, timeout)
        calls.append(arguments)
        return Result(0, APT.encode())

    counter = updates.UpdateCounter(root, run, 1)
    assert counter.count() == counter.count() == Updates(4, 2)
    assert len(calls) == 1
    os.utime(tmp_path / "var/lib/dpkg/status", (1, 1))
    counter.count()
    assert len(calls) == 2


def test_updates_elsewhere() -> None:
    with pytest.raises(NotMeasurable, match="on the machine itself"):
        updates.UpdateCounter(Tree("/elsewhere"), commands.run, 1).count()


def test_when_updates_were_last_installed(tmp_path: Path) -> None:
    history = (
        "\nStart-Date: 2026-01-02  03:04:05\nUpgrade: a:amd64 (1, 2)\nEnd-Date: 2026-01-02  03:04:15\n"
        "\nStart-Date: 2026-01-03  03:04:05\nInstall: b:amd64 (1)\nEnd-Date: 2026-01-03  03:04:15\n"
    )
    root = tree(tmp_path, {"var/lib/dpkg/status": "", "var/log/apt/history.log": history})
    assert time.localtime(update_habits.last_installed(root))[:6] == (2026, 1, 2, 3, 4, 15)
    (tmp_path / "var/log/apt/history.log").write_text("")
    with pytest.raises(NotMeasurable, match="no upgrade"):
        update_habits.last_installed(root)


def test_programs_are_bounded_in_time_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    assert commands.run(["printf", "%s", "x" * 100_000], 5) == Result(0, b"x" * 100_000)
    assert commands.run(["false"], 5).status == 1
    began = time.monotonic()
    with pytest.raises(NotMeasurable, match=r"longer than 0\.2 s"):
        commands.run(["sleep", "30"], 0.2)
    assert time.monotonic() - began < 3
    with pytest.raises(NotMeasurable, match="is not installed"):
        commands.run(["no-such-program"], 1)
    monkeypatch.setattr(commands, "LIMIT", 1000)
    with pytest.raises(NotMeasurable, match="wrote too much"):
        commands.run(["yes"], 5)


def test_programs_get_neither_our_input_nor_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEURING_AGENT_SECRET", "x")
    assert b"KEURING" not in commands.run(["env"], 5).output
    assert commands.run(["cat"], 5).output == b""


def smart_host(tmp_path: Path, output: bytes, status: int = 0) -> LinuxHost:
    return LinuxHost(str(tmp_path), run=lambda _arguments, _timeout: Result(status, output))


def test_a_sleeping_disk_is_left_alone(tmp_path: Path) -> None:
    asleep = b'{"smartctl": {"exit_status": 2, "messages": [{"string": "Device is in STANDBY mode, exit(2)"}]}}'
    assert smart_host(tmp_path, asleep, 2).smart("sda") is None


def test_a_smartctl_without_json(tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable, match=r"7\.0"):
        smart_host(tmp_path, b"=== START ===").smart("sda")


@pytest.mark.skipif(commands.which("smartctl") is None, reason="needs smartctl")
def test_smartctl_on_this_machine_answers_or_explains() -> None:
    host = local()
    for device in host.smart_devices():
        try:
            found = host.smart(device)
        except NotMeasurable as error:
            assert len(error.reason) > 10  # noqa: PT017  # which answer is right depends on the disk
        else:
            assert found is None or found.kind in ("hdd", "ssd", "nvme")


def test_a_root_elsewhere_is_read_there(recorded: Path) -> None:
    host = local(str(recorded))
    assert host.cpu_count() == 2
    assert host.memory().total == 24684096 * 1024
    assert host.boot_id() == (recorded / "proc/sys/kernel/random/boot_id").read_text().strip()
    assert ([one.mountpoint for one in host.file_systems()], [one.device for one in host.disks()]) == (["/"], ["vda"])
