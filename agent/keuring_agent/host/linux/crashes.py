"""Programs that crashed, as systemd-coredump or apport noted them: when and which, never what was in them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux.journal import entries
from keuring_agent.host.linux.software import PROGRAMS
from keuring_agent.host.readings import Crash, Crashes, NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_PATTERN: Final = "proc/sys/kernel/core_pattern"
_COREDUMP: Final = "MESSAGE_ID=fc2e22bc6ee647b6b90729ab34a250b1"  # systemd's own name for this message
_JOURNAL: Final = ("journalctl", "--quiet", "--no-pager", "--output=json", "--output-fields=COREDUMP_EXE")
_KEPT: Final = "var/crash"
# Programs from elsewhere are a colleague's own, and their names nobody's business, whatever they are called.
_INSTALLED: Final = ("/usr/", "/opt/", "/bin/", "/sbin/", "/lib/", "/snap/", "/var/lib/flatpak/", "/app/")
_LOCAL: Final = "/usr/local/"
OTHER: Final = "other"
_NUMBER: Final = re.compile(r"-?\d[\d.]*$")  # gimp-2.10, python3.11
# Names of files, without a version, by the name that their maker gives the program.
_EXECUTABLES: Final = {
    "firefox-bin": "Mozilla Firefox",
    "thunderbird-bin": "Mozilla Thunderbird",
    "chrome": "Google Chrome",
    "msedge": "Microsoft Edge",
    "soffice.bin": "LibreOffice",
    "node": "Node.js",
    "dockerd": "Docker",
    "plasmashell": "KDE Plasma",
    "kwin_wayland": "KDE Plasma",
    "kwin_x": "KDE Plasma",
    "cupsd": "CUPS",
    "nautilus": "GNOME Files",
    "gnome-software": "GNOME Software",
    "gnome-terminal-server": "GNOME Terminal",
    "evince": "Evince",
    "okular": "Okular",
    "dolphin": "Dolphin",
    "Xorg": "Xorg",
    "Xwayland": "Xwayland",
    "pipewire": "PipeWire",
    "wireplumber": "WirePlumber",
} | {package: program for program, packages in PROGRAMS.items() for package in packages}


def crashes(tree: Tree, run: Run, timeout: float, position: str, now: float) -> Crashes:
    """What crashed after ``position`` (a time) until ``now``; of "" nothing, as nobody watched before."""
    pattern = tree.text(_PATTERN)
    if "systemd-coredump" not in pattern and "apport" not in pattern:
        raise NotMeasurable(
            "crashes are kept by neither systemd-coredump nor apport (see /proc/sys/kernel/core_pattern)"
        )
    if not tree.is_own:
        raise NotMeasurable("crashes can only be read on the machine itself")
    try:
        since = float(position)
    except ValueError:
        return Crashes(repr(now), [])
    if "apport" in pattern:
        return Crashes(repr(now), reports(tree, since, now))
    result = run([*_JOURNAL, f"--since=@{since:.0f}", _COREDUMP], timeout)
    if result.status:
        raise NotMeasurable("the journal of crashes may not be read by the account that the agent runs under")
    return Crashes(repr(now), [one for one in journal(result.output) if since < one.time <= now])


def journal(output: bytes) -> list[Crash]:
    """The crashes that journalctl lists."""
    found = []
    for time, entry in entries(output):
        path = entry.get("COREDUMP_EXE")
        found.append(Crash(time, program(path if isinstance(path, str) else "")))
    return found


def reports(tree: Tree, since: float, now: float) -> list[Crash]:
    """apport's files: "_usr_bin_gimp.1000.crash"; only their names and times are read."""
    found = []
    for name in tree.names(_KEPT):
        if not name.endswith(".crash"):
            continue
        try:
            time = os.stat(tree.path(f"{_KEPT}/{name}")).st_mtime  # noqa: PTH116  # see tree.py
        except OSError:
            continue
        if since < time <= now:
            path = name.removesuffix(".crash").rpartition(".")[0].replace("_", "/")
            found.append(Crash(time, program(path)))
    return found


def program(path: str) -> str:
    """The maker's name of one of the programs that are known here and came with the system; "other" for all else."""
    name = path.rpartition("/")[2].removesuffix(" (deleted)")
    if not path.startswith(_INSTALLED) or path.startswith(_LOCAL):
        return OTHER
    return known(name) or OTHER


def known(name: str) -> str | None:
    """The maker's name of the program of an executable or package; None where it is not on the list."""
    return _EXECUTABLES.get(name) or _EXECUTABLES.get(_NUMBER.sub("", name))
