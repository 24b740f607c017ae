"""Linux: programs in the menu, updates and their habits, programs that hang, signing in; as their makers document."""

from __future__ import annotations

import json
import os
import pwd
import sys
from typing import TYPE_CHECKING

import pytest

from keuring_agent.host.commands import Result
from keuring_agent.host.linux import bundles, hangs, menu, signing_in, update_habits, updates
from keuring_agent.host.readings import Crash, Crashes, NotMeasurable, Program, Updates
from keuring_agent.host.tree import Tree
from tests.agent.trees import answering, failing, own, tree, unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from keuring_agent.host import commands

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's records of packages")


def desktop(name: str, **more: str) -> str:
    fields = {"Type": "Application", "Name": name, "Name[nl]": "In het Nederlands", "Exec": "secret --flag", **more}
    lines = "\n".join(f"{key}={value}" for key, value in fields.items())
    return f"#!/usr/bin/env xdg-open\n[Desktop Entry]\n{lines}\n[Desktop Action New]\nName=New Window"


def dpkg_status(**versions: str) -> str:
    return "\n\n".join(
        f"Package: {name.replace('_', '-')}\nStatus: install ok installed\nVersion: {version}"
        for name, version in versions.items()
    )


MENU = "usr/share/applications"
DEBIAN = {
    f"{MENU}/gnucash.desktop": desktop("GnuCash"),
    f"{MENU}/writer.desktop": desktop("LibreOffice Writer"),
    f"{MENU}/settings.desktop": desktop("Settings"),
    f"{MENU}/settings-wifi.desktop": desktop("Wi-Fi Settings"),
    f"{MENU}/helper.desktop": desktop("Helper", NoDisplay="true"),
    f"{MENU}/handmade.desktop": desktop("Of nobody's package"),
    f"{MENU}/link.desktop": "[Desktop Entry]\nType=Link\nName=A site\nURL=https://example.org",
    "home/jan/.local/share/applications/own.desktop": desktop("Jan's own"),
    "home/jan/.local/share/flatpak/app/org.own.App/x": "",
    "var/lib/dpkg/info/gnucash.list": f"/.\n/usr\n/{MENU}\n/{MENU}/gnucash.desktop",
    "var/lib/dpkg/info/libreoffice-core.list": f"/{MENU}/writer.desktop",
    "var/lib/dpkg/info/control-center:amd64.list": f"/{MENU}/settings.desktop\n/{MENU}/settings-wifi.desktop",
    "var/lib/dpkg/info/helper.list": f"/{MENU}/helper.desktop",
    "var/lib/dpkg/info/libc6:amd64.list": "/usr/lib/libc.so.6",
    "var/lib/dpkg/status": dpkg_status(
        gnucash="1:4.13-1", libreoffice_core="4:7.4.7-1", control_center="43.4-1~deb12u1", helper="1", libc6="2.36-9"
    ),
}


def test_programs_in_the_menu_of_debian(tmp_path: Path) -> None:
    reader = menu.MenuReader(tree(tmp_path, DEBIAN), failing, 1)
    assert reader.programs() == [Program("GnuCash", "4.13"), Program("Settings", "43.4")]
    (tmp_path / "var/lib/dpkg/info/gnucash.list").unlink()
    assert len(reader.programs()) == 2  # not read again: no record changed
    os.utime(tmp_path / "var/lib/dpkg/status", (1, 1))
    assert reader.programs() == [Program("Settings", "43.4")]
    with pytest.raises(NotMeasurable, match="no record of dpkg"):
        menu.MenuReader(Tree(str(tmp_path / "none")), failing, 1).programs()


def test_programs_in_the_menu_of_other_systems(tmp_path: Path) -> None:
    files = {f"{MENU}/gnucash.desktop": desktop("GnuCash")}
    arch = files | {"var/lib/pacman/local/gnucash-5.8-1/files": f"%FILES%\nusr/\n{MENU}/gnucash.desktop\n\n%BACKUP%"}
    arch |= {"var/lib/pacman/local/zlib-1:1.3-2/files": "%FILES%\nusr/lib/libz.so"}
    assert menu.MenuReader(tree(tmp_path / "arch", arch), failing, 1).programs() == [Program("GnuCash", "5.8")]

    fedora = files | {f"{MENU}/handmade.desktop": desktop("x"), "usr/lib/sysimage/rpm/rpmdb.sqlite": ""}
    asked: list[Sequence[str]] = []

    def run(arguments: Sequence[str], _timeout: float) -> Result:
        asked.append(arguments)
        return Result(1, f"gnucash\t5.8\nfile /{MENU}/handmade.desktop is not owned by any package\n".encode())

    reader = menu.MenuReader(own(tmp_path / "fedora", fedora), run, 1)
    assert reader.programs() == [Program("GnuCash", "5.8")]
    assert asked[0][-2:] == [f"/{MENU}/gnucash.desktop", f"/{MENU}/handmade.desktop"]
    muddled = menu.MenuReader(own(tmp_path / "fedora", {}), answering(rpm="a\t1\nb\t2\nc\t3\n"), 1)
    assert muddled.programs() == []


def test_flatpaks_and_snaps_of_the_whole_machine(tmp_path: Path) -> None:
    base = "var/lib/flatpak/app/org.gaphor.Gaphor/current/active/export/share"
    xml = '<component><releases><release date="2024-01-01" version="2.23.2"/><release version="2.22"/></releases>'
    files = {f"{base}/applications/org.gaphor.Gaphor.desktop": desktop("Gaphor"), f"{base}/metainfo/x": ""}
    files |= {f"{base}/metainfo/org.gaphor.Gaphor.metainfo.xml": xml}
    files |= {"var/lib/flatpak/app/org.odd.Odd/current/active/export/share/applications/org.odd.Odd.desktop": "?"}
    files |= {"snap/kdenlive/current/meta/snap.yaml": "name: kdenlive\nversion: '24.05'\nsummary: x"}
    files |= {"snap/kdenlive/current/meta/gui/kdenlive.desktop": desktop("Kdenlive")}
    files |= {"snap/core22/current/meta/snap.yaml": "name: core22\nversion: '2024'", "snap/README": ""}
    root = tree(tmp_path, files)
    assert list(bundles.flatpaks(root)) == [("org.gaphor.Gaphor", "Gaphor", "2.23.2")]
    assert list(bundles.snaps(root)) == [("kdenlive", "Kdenlive", "24.05")]
    found = menu.MenuReader(root, failing, 1).programs()
    assert found == [Program("Gaphor", "2.23.2"), Program("Kdenlive", "24.05")]


def test_the_menu_of_a_recorded_debian(recorded: Path) -> None:
    """It has no desktop: what is installed there is no program with a place in a menu."""
    assert menu.MenuReader(Tree(str(recorded)), failing, 1).programs() == []


def telling(**outputs: tuple[int, str]) -> commands.Run:
    """Programs that end with a status and say this, by the last word but one or the last of what they are asked."""

    def run(arguments: Sequence[str], _timeout: float) -> Result:
        for word in (arguments[-1], *arguments):
            if (found := outputs.get(word.strip("-").replace("-", "_"))) is not None:
                return Result(found[0], found[1].encode())
        raise NotMeasurable(f"{arguments[0]} is not installed")

    return run


DNF = """
firefox.x86_64                  131.0.2-1.fc40               updates
kernel-core.x86_64              6.11.3-200.fc40              updates
vim-minimal.x86_64              2:9.1.785-1.fc40             updates
Obsoleting Packages
grub2-tools.x86_64              1:2.06-123.fc40              updates
    grub2-tools.x86_64          1:2.06-120.fc40              @updates
"""
ADVISORIES = """\
FEDORA-2024-1 Important/Sec. firefox-131.0.2-1.fc40.x86_64
FEDORA-2024-2 Moderate/Sec.  firefox-131.0.2-1.fc40.x86_64
FEDORA-2024-3 enhancement    vim-minimal-2:9.1.785-1.fc40.x86_64
FEDORA-2024-4 Critical/Sec.  kernel-core-6.11.3-200.fc40.x86_64
"""


def test_updates_of_dnf(tmp_path: Path) -> None:
    root = own(tmp_path, {"usr/lib/sysimage/rpm/rpmdb.sqlite": ""})
    run = telling(check_update=(100, DNF), updateinfo=(0, ADVISORIES))
    assert updates.UpdateCounter(root, run, 1).count() == Updates(3, 2)
    run = telling(check_update=(0, ""), updateinfo=(1, ""))
    assert updates.UpdateCounter(root, run, 1).count() == Updates(0, None)
    with pytest.raises(NotMeasurable, match="dnf cannot tell which updates wait; it ended with status 1"):
        updates.UpdateCounter(root, telling(check_update=(1, "")), 1).count()


def test_updates_of_pacman_and_flatpak(tmp_path: Path) -> None:
    files = {"var/lib/pacman/local/x-1-1/desc": "", "var/lib/flatpak/app/org.a.A/current": ""}
    root = own(tmp_path, files)
    listed = "firefox 131.0-1 -> 131.0.2-1\nlinux 6.11-1 -> 6.12-1 [ignored]\nvlc 3.0.20-1 -> 3.0.21-1\n"
    run = telling(upgrades=(0, listed), flatpak=(0, "org.a.A\norg.b.B\n\n"))
    counter = updates.UpdateCounter(root, run, 1)
    assert counter.count() == Updates(4, None)
    counter._run = failing
    assert counter.count() == Updates(4, None)  # nothing changed, so nobody is asked
    assert updates.UpdateCounter(root, telling(upgrades=(1, "")), 1).count() == Updates(0, None)
    with pytest.raises(NotMeasurable, match="apt, dnf, pacman and flatpak"):
        updates.UpdateCounter(own(tmp_path / "none"), run, 1).count()


def test_when_updates_were_installed_by_other_systems(tmp_path: Path) -> None:
    log = (
        "[2024-05-01T10:00:00+0200] [ALPM] upgraded vlc (1 -> 2)\n"
        "[2024-05-02T10:00:00+0200] [ALPM] installed gimp (2)\n"
    )
    assert update_habits.last_installed(tree(tmp_path / "a", {"var/log/pacman.log": log})) == 1714550400
    log = "2024-05-01T10:00:00+0200 SUBDEBUG Upgraded: vlc-1-1.x86_64\n2024-05-02T10:00:00+0200 SUBDEBUG Installed: x"
    assert update_habits.last_installed(tree(tmp_path / "f", {"var/log/dnf.rpm.log": log})) == 1714550400
    with pytest.raises(NotMeasurable, match="holds no upgrade"):
        update_habits.last_installed(tree(tmp_path / "n", {"var/log/pacman.log": "[2024-13-99T1] nothing"}))
    with pytest.raises(NotMeasurable, match="apt, dnf, pacman and flatpak"):
        update_habits.last_installed(Tree(str(tmp_path / "none")))


def test_when_updates_were_looked_for(tmp_path: Path) -> None:
    for name, path in {"apt": "var/lib/apt/lists/x", "arch": "var/lib/pacman/sync/core.db"}.items():
        root = tree(tmp_path / name, {path: ""})
        os.utime(tmp_path / name / path, (2000, 2000))
        os.utime((tmp_path / name / path).parent, (1000, 1000))
        assert update_habits.last_checked(root) == {"apt": 1000.0, "arch": 2000.0}[name]
    root = tree(tmp_path / "fedora", {"var/cache/dnf/updates-1/repodata/repomd.xml": ""})
    os.utime(tmp_path / "fedora/var/cache/dnf/updates-1/repodata", (3000, 3000))
    assert update_habits.last_checked(root) == 3000.0
    with pytest.raises(NotMeasurable, match="when updates were last looked for"):
        update_habits.last_checked(Tree(str(tmp_path / "none")))


PERIODIC = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "{}";'
APT = {"var/lib/dpkg/status": "", "usr/bin/unattended-upgrade": ""}
TIMERS = "etc/systemd/system/timers.target.wants"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (APT | {"etc/apt/apt.conf.d/20auto-upgrades": PERIODIC.format(1)}, True),
        (APT | {"etc/apt/apt.conf.d/20auto-upgrades": PERIODIC.format(0)}, False),
        (
            APT
            | {"etc/apt/apt.conf.d/20auto-upgrades": PERIODIC.format(1), "etc/apt/apt.conf.d/99x": PERIODIC.format(0)},
            False,
        ),
        (APT | {"etc/apt/apt.conf.d/20auto-upgrades": "// " + PERIODIC.format(1).splitlines()[1]}, False),
        ({"var/lib/dpkg/status": "", "etc/apt/apt.conf.d/20auto-upgrades": PERIODIC.format(1)}, False),
        ({"var/lib/rpm/Packages": "", f"{TIMERS}/dnf-automatic-install.timer": ""}, True),
        ({f"{TIMERS}/dnf-automatic.timer": "", "etc/dnf/automatic.conf": "[commands]\napply_updates = yes"}, True),
        (
            {
                "var/lib/rpm/Packages": "",
                f"{TIMERS}/dnf-automatic.timer": "",
                "etc/dnf/automatic.conf": "apply_updates = no",
            },
            False,
        ),
        ({"var/lib/pacman/local/x-1-1/desc": ""}, False),
    ],
)
def test_whether_updates_come_by_themselves(tmp_path: Path, files: dict[str, str], expected: bool) -> None:
    assert update_habits.automatic(tree(tmp_path, files)) is expected


def test_what_is_not_known_to_update_itself_is_not_guessed(tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable, match="apt, dnf, pacman and flatpak"):
        update_habits.automatic(Tree(str(tmp_path)))


@pytest.mark.parametrize(
    ("name", "program"),
    [
        ("cups.service", "CUPS"),
        ("NetworkManager.service", "NetworkManager"),
        ("org.gnome.Shell@wayland.service", "GNOME Shell"),
        ("app-gnome-firefox-12345.scope", "Mozilla Firefox"),
        ("app-flatpak-org.libreoffice.LibreOffice-2468.scope", "LibreOffice"),
        ("plasma-plasmashell.service", "KDE Plasma"),
        ("app-gnome-jans.diary-99.scope", "other"),
        ("user@1000.service", "other"),
        ("", "other"),
    ],
)
def test_what_a_program_that_hung_is_called(name: str, program: str) -> None:
    assert hangs.program(name) == program


def entries(*found: Mapping[str, object]) -> str:
    return "\n".join(json.dumps({"__CURSOR": "s=1", **entry}) for entry in found)


def test_programs_that_hang(tmp_path: Path) -> None:
    root = own(tmp_path, systemd=True)
    asked: list[Sequence[str]] = []
    listed = entries(
        {"__REALTIME_TIMESTAMP": "90000000", "UNIT": "cups.service"},
        {"__REALTIME_TIMESTAMP": "120500000", "UNIT": "cups.service"},
        {"__REALTIME_TIMESTAMP": "130000000", "USER_UNIT": "app-gnome-secret-1.scope"},
        {"__REALTIME_TIMESTAMP": "140000000", "UNIT": [1, 2]},
        {"__REALTIME_TIMESTAMP": "900000000", "UNIT": "cups.service"},
    )

    def run(arguments: Sequence[str], timeout: float) -> Result:
        asked.append(arguments)
        return answering(journalctl=listed + "\nnot json\n[]\n{}")(arguments, timeout)

    first = hangs.hangs(root, run, 1, "", 100.0)
    assert first == Crashes("100.0", [])
    assert asked == []  # what was before the agent is not looked at
    second = hangs.hangs(root, run, 1, first.position, 200.0)
    assert second == Crashes("200.0", [Crash(120.5, "CUPS"), Crash(130.0, "other"), Crash(140.0, "other")])
    assert {"UNIT_RESULT=watchdog", "UNIT_RESULT=timeout", "--since=@100"} <= set(asked[0])
    with pytest.raises(NotMeasurable, match="may not be read"):
        hangs.hangs(root, failing, 1, "100.0", 200.0)
    with pytest.raises(NotMeasurable, match="systemd does not run"):
        hangs.hangs(Tree(str(tmp_path)), run, 1, "100.0", 200.0)


def test_how_long_signing_in_took(tmp_path: Path) -> None:
    root = own(tmp_path, systemd=True)
    greeter = {"_UID": "120", "__MONOTONIC_TIMESTAMP": "9000000", "USER_UNIT": "graphical-session.target"}
    first = {"_UID": "1000", "__MONOTONIC_TIMESTAMP": "50000000"}
    later = {"_UID": "1001", "__MONOTONIC_TIMESTAMP": "908400000"}
    began = unit("user@1001.service", InactiveExitTimestampMonotonic="900000000")

    def run(arguments: Sequence[str], timeout: float) -> Result:
        if arguments[0] == "systemctl":
            assert arguments[-1] == "user@1001.service"
        return answering(journalctl=entries(first, greeter, later) + "\nodd", systemctl=began)(arguments, timeout)

    assert signing_in.duration(root, run, 1) == pytest.approx(8.4)
    assert signing_in.duration(root, answering(journalctl=entries(greeter)), 1) is None
    away = answering(journalctl=entries(later), systemctl=unit("user@1001.service"))
    assert signing_in.duration(root, away, 1) is None


def test_a_desktop_that_was_not_reached_by_signing_in(tmp_path: Path) -> None:
    root = own(tmp_path, systemd=True)
    late = entries({"_UID": "1000", "__MONOTONIC_TIMESTAMP": "5000000000"})
    began = unit("user@1000.service", InactiveExitTimestampMonotonic="1000000")
    assert signing_in.duration(root, answering(journalctl=late, systemctl=began), 1) is None
    assert signing_in.duration(root, answering(journalctl=late, systemctl=""), 1) is None
    with pytest.raises(NotMeasurable, match="may not be read"):
        signing_in.duration(root, failing, 1)
    with pytest.raises(NotMeasurable, match="systemd does not run"):
        signing_in.duration(Tree(str(tmp_path)), failing, 1)


def test_who_is_kept_running_without_signing_in_tells_nothing_of_signing_in(tmp_path: Path) -> None:
    me = pwd.getpwuid(os.getuid()).pw_name
    root = own(tmp_path, {f"var/lib/systemd/linger/{me}": ""}, systemd=True)
    with pytest.raises(NotMeasurable, match="without signing in"):
        signing_in._refuse_lingering(root, os.getuid())
    signing_in._refuse_lingering(root, 4_000_000_000)  # nobody's
