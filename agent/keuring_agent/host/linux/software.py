"""Versions of a fixed list of programs, from the records of dpkg, pacman, rpm, flatpak and snap.

Rules go by these names. What else has a place in the menu is another signal (menu.py), which can be switched off alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.linux import records
from keuring_agent.host.linux.bundles import SNAP, flatpaks
from keuring_agent.host.readings import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

# Packages of all systems, by the name that their maker gives the program.
PROGRAMS: Final = {
    "Mozilla Firefox": ("firefox",),
    "Mozilla Firefox ESR": ("firefox-esr",),
    "Mozilla Thunderbird": ("thunderbird",),
    "Google Chrome": ("google-chrome-stable",),
    "Chromium": ("chromium", "chromium-browser"),
    "Microsoft Edge": ("microsoft-edge-stable",),
    "LibreOffice": ("libreoffice-core", "libreoffice-fresh", "libreoffice-still", "libreoffice"),
    "Evolution": ("evolution",),
    "GIMP": ("gimp",),
    "Inkscape": ("inkscape",),
    "VLC": ("vlc-bin", "vlc"),
    "Zoom": ("zoom",),
    "Slack": ("slack-desktop", "slack"),
    "Signal": ("signal-desktop",),
    "Visual Studio Code": ("code",),
    "Python": ("python3", "python"),
    "Node.js": ("nodejs",),
    "Docker": ("docker-ce", "docker.io", "docker"),
    "OpenVPN": ("openvpn",),
    "Nextcloud": ("nextcloud-desktop", "nextcloud-client"),
    "GNOME Shell": ("gnome-shell",),
    "KDE Plasma": ("plasma-workspace",),
    "NetworkManager": ("network-manager", "networkmanager", "NetworkManager"),
    "CUPS": ("cups-daemon", "cups"),
}
_FLATPAKS: Final = {
    "org.mozilla.firefox": "Mozilla Firefox",
    "org.mozilla.Thunderbird": "Mozilla Thunderbird",
    "com.google.Chrome": "Google Chrome",
    "org.chromium.Chromium": "Chromium",
    "com.microsoft.Edge": "Microsoft Edge",
    "org.libreoffice.LibreOffice": "LibreOffice",
    "org.gnome.Evolution": "Evolution",
    "org.gimp.GIMP": "GIMP",
    "org.inkscape.Inkscape": "Inkscape",
    "org.videolan.VLC": "VLC",
    "us.zoom.Zoom": "Zoom",
    "com.slack.Slack": "Slack",
    "org.signal.Signal": "Signal",
    "com.visualstudio.code": "Visual Studio Code",
    "com.nextcloud.desktopclient.nextcloud": "Nextcloud",
}
PROGRAM_OF: Final = _FLATPAKS | {package: program for program, packages in PROGRAMS.items() for package in packages}
_EPOCH: Final = re.compile(r"^\d+:")
_PACKAGED: Final = re.compile(r"(?:[+~-](?:deb|dfsg|ubuntu|ds|repack|really)|\+b\d).*$")
_FIELD: Final = re.compile(rb"^(Package|Status|Version): (.+)$", re.MULTILINE)


def version_of(packaged: str) -> str:
    """The maker's own version: without the packager's epoch, revision and remarks."""
    return _PACKAGED.sub("", _EPOCH.sub("", packaged).rpartition("-")[0] or _EPOCH.sub("", packaged))


class SoftwareReader:
    """Reads a record again only after it changed. ``run`` asks rpm, whose records are no text."""

    def __init__(self, tree: Tree, run: Run, timeout: float) -> None:
        self._tree = tree
        self._run = run
        self._timeout = timeout
        self._state: list[int] = []
        self._programs: list[Program] = []

    def programs(self) -> list[Program]:
        """Each program once, sorted; of one that is installed twice the first source's version."""
        state = records.changed(self._tree)
        if state != self._state:
            found: dict[str, str] = {}
            for package, version in self._installed():
                if (program := PROGRAM_OF.get(package)) is not None:
                    found.setdefault(program, version)
            self._programs = [Program(program, version) for program, version in sorted(found.items())]
            self._state = state
        return self._programs

    def _installed(self) -> Iterator[tuple[str, str]]:
        if self._tree.exists(records.DPKG):
            yield from dpkg(self._tree.data(records.DPKG))
        for name in self._tree.names(records.PACMAN):
            package, version = records.of_pacman(name)
            yield package, version_of(f"{version}-0")
        if self._tree.is_own and any(map(self._tree.names, records.RPM)):
            yield from self._rpm()
        for name in self._tree.names(SNAP):
            described = self._tree.optional(f"{SNAP}/{name}/current/meta/snap.yaml") or ""
            lines = (line for line in described.splitlines() if line.startswith("version:"))
            if (line := next(lines, None)) is not None:
                yield name, line.removeprefix("version:").strip(" '\"")
        for identifier, _, version in flatpaks(self._tree):
            yield identifier, version

    def _rpm(self) -> Iterator[tuple[str, str]]:
        form = "%{NAME}\t%{VERSION}\n"
        result = self._run(["rpm", "--query", f"--queryformat={form}", *sorted(PROGRAM_OF)], self._timeout)
        # Packages that are not installed are said to be so, and make a status of their number.
        for line in result.output.decode("utf-8", "replace").splitlines():
            name, separator, version = line.partition("\t")
            if separator:
                yield name, version


def dpkg(status: bytes) -> Iterator[tuple[str, str]]:
    """(package, version) of what is installed, and of nothing that was removed and left its settings.

    Read through without cutting it up: thousands of pieces would stay behind as holes in the agent's memory.
    """
    package, installed = b"", False
    for match in _FIELD.finditer(status):
        key, value = match[1], match[2]
        if key == b"Package":
            package, installed = value, False
        elif key == b"Status":
            installed = value.endswith(b" installed")
        elif installed:
            yield package.decode("ascii", "replace"), version_of(value.decode("ascii", "replace"))
