"""Linux: arrays, Wi-Fi, network ports, screens, programs and the start, in the forms that their makers document."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from keuring_agent.host.linux import crashes, displays, ports, raid, software, starting, wireless
from keuring_agent.host.readings import Array, BootStep, Crash, Crashes, NotMeasurable, Program, WifiLink
from keuring_agent.host.tree import Tree
from tests.agent.trees import answering, failing, own, tree, unit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keuring_agent.host.commands import Result

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks this machine's kernel")


def md(name: str, **files: str) -> dict[str, str]:
    return {f"sys/block/{name}/md/{key}": value for key, value in files.items()}


def test_arrays_that_miss_a_disk(tmp_path: Path) -> None:
    files = md("md0", array_state="clean", degraded="1") | md("md1", array_state="active", degraded="0")
    files |= md("md2", array_state="clean", level="raid0")  # cannot miss one and live
    files |= md("md3", array_state="inactive", degraded="2")  # does not run
    pool = "sys/fs/btrfs/0123-4567"
    files |= {f"{pool}/allocation/data/raid1/x": "", f"{pool}/devinfo/1/missing": "0"}
    files |= {f"{pool}/devinfo/2/missing": "1", "sys/fs/btrfs/89/allocation/data/single/x": ""}
    files |= {"sys/fs/btrfs/89/devinfo/1/missing": "1", "sys/fs/btrfs/features/raid56": "0"}
    assert raid.arrays(tree(tmp_path, files)) == [Array("md0", 1), Array("md1", 0), Array("btrfs", 1)]
    with pytest.raises(NotMeasurable, match="no array"):
        raid.arrays(Tree(str(tmp_path / "none")))


STATION = """\
Station 02:00:00:00:01:00 (on wlp3s0)
	inactive time:	52 ms
	rx bytes:	90210
	rx packets:	812
	tx bytes:	30123
	tx packets:	412
	tx retries:	37
	tx failed:	1
	rx drop misc:	3
	signal:  	-61 [-63, -66] dBm
	signal avg:	-60 [-62, -65] dBm
	tx bitrate:	300.0 MBit/s MCS 15 40MHz short GI
"""
WIFI = {"sys/class/net/wlp3s0/phy80211/name": "phy0", "sys/class/net/eth0/device/uevent": ""}
OLDER = """\
Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
wlp3s0: 0000   49.  -61.  -256        0      0      0      0     42        0
 wlan1: 0000   60.   82.     0        0      0      0      0      0        0
"""


def test_wifi_as_iw_tells_it(tmp_path: Path) -> None:
    root = own(tmp_path, WIFI)
    assert wireless.links(root, answering(iw=STATION), 1) == [WifiLink("wlp3s0", -61.0, 412, 37)]
    assert wireless.links(root, answering(iw=""), 1) == [WifiLink("wlp3s0", None, None, None)]
    # An access point itself: the strength of others is theirs.
    assert wireless.links(root, answering(iw=STATION * 2), 1) == [WifiLink("wlp3s0", None, None, None)]
    silent = STATION.replace("-61 [", "0 [").replace("tx retries", "tx other")
    assert wireless.links(root, answering(iw=silent), 1) == [WifiLink("wlp3s0", None, 412, None)]


def test_wifi_without_iw(tmp_path: Path) -> None:
    root = own(tmp_path, WIFI)
    with pytest.raises(NotMeasurable, match="iw is not installed"):
        wireless.links(root, answering(), 1)
    with pytest.raises(NotMeasurable, match="status 1"):
        wireless.links(root, failing, 1)
    root = own(tmp_path, {"proc/net/wireless": OLDER})
    expected = [WifiLink("wlp3s0", -61.0, None, None), WifiLink("wlan1", None, None, None)]
    assert wireless.links(root, answering(), 1) == expected
    assert wireless.links(Tree(str(tmp_path)), answering(iw=STATION), 1) == expected
    with pytest.raises(NotMeasurable, match="no Wi-Fi"):
        wireless.links(tree(tmp_path / "none", {"sys/class/net/eth0/device/uevent": ""}), answering(), 1)


@pytest.mark.parametrize(
    ("bits", "speed"),
    [
        ((0, 1, 2, 3, 5, 6, 7, 13), 1e9),
        ((0, 1, 2, 3, 6, 7), 1e8),
        ((3, 5, 12, 47, 48), 1e10),
        ((5, 47), 2.5e9),
        ((5, 31), 2.5e10),
        ((6, 7, 13), None),  # nothing but what is no speed
        ((5, 200), None),  # a speed that is not known here may be a faster one
        ((), None),
    ],
)
def test_what_a_port_can_do(bits: Sequence[int], speed: float | None) -> None:
    mask = sum(1 << bit for bit in bits)
    assert ports.fastest(tuple(mask >> 32 * word & 0xFFFF_FFFF for word in range(8))) == speed


def test_this_machines_own_ports_are_asked() -> None:
    try:
        found = ports.capabilities(Tree("/"))
    except NotMeasurable:
        found = []  # virtual ports tell nothing
    assert all(one.speed >= 1e7 for one in found)
    with pytest.raises(NotMeasurable, match="running kernel"):
        ports.capabilities(Tree("/elsewhere"))


def edid(week: int, year: int) -> bytes:
    block = bytearray(b"\x00\xff\xff\xff\xff\xff\xff\x00" + bytes(120))
    block[16], block[17] = week, year - 1990
    return bytes(block)


def connector(name: str, status: str = "connected", enabled: str = "enabled") -> dict[str, str]:
    return {f"sys/class/drm/{name}/status": status, f"sys/class/drm/{name}/enabled": enabled}


def test_screens(tmp_path: Path) -> None:
    files = connector("card0-eDP-1") | connector("card0-HDMI-A-1") | connector("card1-Virtual-1")
    files |= connector("card0-DP-1", enabled="disabled") | connector("card0-DP-2", "disconnected", "disabled")
    files |= connector("card0-Writeback-1", "unknown") | {"sys/class/drm/version": "drm 1.1.0"}
    root = tree(tmp_path, files)
    assert displays.in_use(root) == 2
    with pytest.raises(NotMeasurable, match="when this machine was made"):
        displays.panel_made(root)
    (tmp_path / "sys/class/drm/card0-HDMI-A-1/edid").write_bytes(edid(1, 2009))
    (tmp_path / "sys/class/drm/card0-eDP-1/edid").write_bytes(edid(32, 2021))
    assert displays.panel_made(root) == 1628208000.0  # 6 August 2021; not that of the screen on the desk
    with pytest.raises(NotMeasurable, match="no connector"):
        displays.in_use(tree(tmp_path / "server", {"sys/class/drm/version": "drm 1.1.0"}))


def test_screens_that_tell_no_date() -> None:
    assert displays.edid_made(edid(0, 2020)) == 1593561600.0  # the year alone: its middle
    assert displays.edid_made(edid(255, 2020)) is None  # a year of model
    assert displays.edid_made(edid(5, 1990)) is None
    assert displays.edid_made(edid(5, 2020)[:100]) is None
    assert displays.edid_made(bytes(128)) is None


@pytest.mark.parametrize(
    ("packaged", "version"),
    [
        ("4:7.4.7-1+deb12u8", "7.4.7"),
        ("115.3.0esr-1~deb12u1", "115.3.0esr"),
        ("3.11.2-1+b1", "3.11.2"),
        ("1:24.2.7-0ubuntu0.24.04.4", "24.2.7"),
        ("20.10.24+dfsg1-1+deb12u1", "20.10.24"),
        ("138.0.7204.168", "138.0.7204.168"),
        ("42.9", "42.9"),
    ],
)
def test_the_makers_own_version(packaged: str, version: str) -> None:
    assert software.version_of(packaged) == version


def test_programs_of_a_recorded_debian(recorded: Path) -> None:
    reader = software.SoftwareReader(Tree(str(recorded)), failing, 1)
    assert reader.programs() == [
        Program("Chromium", "156.0.8078.108"),
        Program("Node.js", "20.20.2"),
        Program("Python", "3.11.2"),
    ]


def test_programs_that_are_gone_and_programs_that_nobody_looks_for(tmp_path: Path) -> None:
    status = (
        "Package: libreoffice-core\nStatus: deinstall ok config-files\nVersion: 4:7.4.7-1\nDescription: office\n"
        " Version: 9 is not ours\n\n"
        "Package: tax-return\nStatus: install ok installed\nVersion: 1-1\n\n"
        "Package: thunderbird\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:128.1.0esr-1~deb12u1\n"
    )
    root = tree(tmp_path, {"var/lib/dpkg/status": status})
    reader = software.SoftwareReader(root, failing, 1)
    assert reader.programs() == [Program("Mozilla Thunderbird", "128.1.0esr")]
    (tmp_path / "var/lib/dpkg/status").write_text(status.replace("128.1.0", "128.2.0"))
    os.utime(tmp_path / "var/lib/dpkg/status", (1, 1))
    assert reader.programs() == [Program("Mozilla Thunderbird", "128.2.0esr")]
    with pytest.raises(NotMeasurable, match="no record of dpkg"):
        software.SoftwareReader(tree(tmp_path / "none", {}), failing, 1).programs()


def test_programs_of_pacman_rpm_and_snap(tmp_path: Path) -> None:
    pacman = {f"var/lib/pacman/local/{name}/desc": "" for name in ("firefox-131.0-1", "libreoffice-fresh-24.8.2-3")}
    snap = {"snap/slack/current/meta/snap.yaml": "name: slack\nversion: '4.40.1'\nsummary: x"}
    found = software.SoftwareReader(tree(tmp_path, pacman | snap), failing, 1).programs()
    assert found == [Program("LibreOffice", "24.8.2"), Program("Mozilla Firefox", "131.0"), Program("Slack", "4.40.1")]
    root = own(tmp_path / "fedora", {"usr/lib/sysimage/rpm/rpmdb.sqlite": ""})
    listed = "package vlc is not installed\nfirefox\t131.0.2\nlibreoffice-core\t24.2.6.2\n"
    found = software.SoftwareReader(root, answering(rpm=listed), 1).programs()
    assert found == [Program("LibreOffice", "24.2.6.2"), Program("Mozilla Firefox", "131.0.2")]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/usr/lib/libreoffice/program/soffice.bin", "LibreOffice"),
        ("/usr/lib/firefox-esr/firefox-esr", "Mozilla Firefox ESR"),
        ("/opt/google/chrome/chrome (deleted)", "Google Chrome"),
        ("/usr/bin/gimp-2.10", "GIMP"),
        ("/usr/bin/python3.11", "Python"),
        ("/usr/bin/plasmashell", "KDE Plasma"),
        ("/usr/bin/some-dating-program", "other"),
        ("/home/jan/firefox/firefox-bin", "other"),
        ("/home/jan/thesis/simulation", "other"),
        ("/usr/local/bin/jans-tool", "other"),
        ("/tmp/x", "other"),
        ("", "other"),
    ],
)
def test_what_a_crashed_program_is_called(path: str, name: str) -> None:
    assert crashes.program(path) == name


CORE = {"proc/sys/kernel/core_pattern": "|/usr/lib/systemd/systemd-coredump %P %u %g %s %t %c %h"}


def journal(*entries: tuple[float, object]) -> str:
    return "\n".join(
        json.dumps({"__CURSOR": "s=1", "__REALTIME_TIMESTAMP": str(int(time * 1e6)), "COREDUMP_EXE": path})
        for time, path in entries
    )


def test_crashes_in_the_journal(tmp_path: Path) -> None:
    root = own(tmp_path, CORE)
    asked: list[Sequence[str]] = []
    listed = journal((90.0, "/usr/bin/gimp"), (120.5, "/usr/bin/gimp"), (130.0, [47, 255]), (900.0, "/usr/bin/gimp"))

    def run(arguments: Sequence[str], timeout: float) -> Result:
        asked.append(arguments)
        return answering(journalctl=listed + "\nnot json\n{}")(arguments, timeout)

    first = crashes.crashes(root, run, 1, "", 100.0)
    assert first == Crashes("100.0", [])
    assert asked == []  # what was before the agent is not looked at
    second = crashes.crashes(root, run, 1, first.position, 200.0)
    assert second == Crashes("200.0", [Crash(120.5, "GIMP"), Crash(130.0, "other")])
    assert "--since=@100" in asked[0]
    assert "--output-fields=COREDUMP_EXE" in asked[0]  # neither the stack nor the command line is even read
    with pytest.raises(NotMeasurable, match="may not be read"):
        crashes.crashes(root, failing, 1, "100.0", 200.0)


def test_crashes_that_apport_kept(tmp_path: Path) -> None:
    names = (
        "_usr_bin_gimp.1000.crash",
        "_home_jan_thing.1000.crash",
        "_usr_bin_vlc.1000.crash",
        "_usr_bin_gimp.upload",
    )
    files = {"proc/sys/kernel/core_pattern": "|/usr/share/apport/apport -p%p -s%s"}
    root = own(tmp_path, files | {f"var/crash/{name}": "Stack: secret" for name in names})
    for number, name in enumerate(names):
        os.utime(tmp_path / "var/crash" / name, (1, 150 + 100 * (number == 2)))
    found = crashes.crashes(root, failing, 1, "100.0", 200.0).crashes
    assert sorted(found) == [Crash(150.0, "GIMP"), Crash(150.0, "other")]


def test_crashes_that_nobody_keeps(tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable, match="neither systemd-coredump nor apport"):
        crashes.crashes(own(tmp_path, {"proc/sys/kernel/core_pattern": "core"}), failing, 1, "", 1.0)
    with pytest.raises(NotMeasurable, match="on the machine itself"):
        crashes.crashes(tree(tmp_path, CORE), failing, 1, "", 1.0)


def step(name: str, began: float, ready: float, path: str = "/usr/lib/systemd/system/x.service") -> dict[str, str]:
    return {
        "Id": name,
        "InactiveExitTimestampMonotonic": str(int(began * 1e6)),
        "ActiveEnterTimestampMonotonic": str(int(ready * 1e6)),
        "FragmentPath": path,
    }


def test_the_longest_steps_of_the_start() -> None:
    services = [
        step("NetworkManager-wait-online.service", 5, 11.5),
        step("user@1000.service", 12, 14),
        step("user@1001.service", 12, 15),
        step("systemd-fsck@dev-disk-by\\x2duuid-01.service", 3, 4.5),
        step("jans-share.service", 6, 20, "/etc/systemd/system/jans-share.service"),
        step("plymouth-quit-wait.service", 5, 25),
        step("apt-daily.service", 600, 640),  # after the start
        step("cups.service", 600, 0),  # was started, and is not ready
        step("quick.service", 6, 6.2),
        {"Id": "odd.service"},
    ]
    assert starting.longest(services, 25_000_000) == [
        BootStep("other", 14.0),
        BootStep("NetworkManager-wait-online", 6.5),
        BootStep("user@", 3.0),
        BootStep("systemd-fsck@", 1.5),
    ]
    many = [step(f"s{number:02}.service", 1, 3 + number) for number in range(20)]
    assert [one.step for one in starting.longest(many, 10**9)] == [f"s{number:02}" for number in range(19, 9, -1)]


def test_the_start_is_asked_of_systemd(tmp_path: Path) -> None:
    root = own(tmp_path, systemd=True)
    slow = step("slow.service", 1, 9)

    def run(arguments: Sequence[str], timeout: float) -> Result:
        finish = "" if arguments[-1] == "*.service" else finished
        return answering(systemctl=finish or unit(**{"name": slow["Id"], **slow}))(arguments, timeout)

    finished = "FinishTimestampMonotonic=0\n"
    assert starting.steps(root, run, 1) is None
    finished = "FinishTimestampMonotonic=20000000\n"
    assert starting.steps(root, run, 1) == [BootStep("slow", 8.0)]
    with pytest.raises(NotMeasurable, match="does not tell when"):
        starting.steps(root, failing, 1)
    with pytest.raises(NotMeasurable, match="systemd does not run"):
        starting.steps(tree(tmp_path, {}), run, 1)


@pytest.mark.corpus
def test_a_recorded_list_of_dpkg(corpus: Path) -> None:
    listed = (corpus / "recorded" / "glpi-agent" / "linux" / "packaging" / "dpkg").read_text(encoding="utf-8")
    rows = [line.split("\t") for line in listed.splitlines()]
    status = "\n\n".join(f"Package: {row[0]}\nStatus: install ok installed\nVersion: {row[2]}" for row in rows)
    found = dict(software.dpkg(status.encode()))
    assert len(found) == len({row[0] for row in rows}) > 10
    assert all(version and ":" not in version for version in found.values())
