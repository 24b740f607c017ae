"""Versions of a fixed list of programs, from the bundles in /Applications.

Only these are looked for: the whole list of what is installed would tell more of a colleague than anybody needs to know
(and system_profiler would take half a minute over it).
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import plists
from keuring_agent.host.readings import NotMeasurable, Program

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

_FOLDER: Final = "Applications"
# The bundle's identifier and its names in /Applications, by the name that its maker gives the program.
_KNOWN: Final = {
    "Adobe Acrobat": ("com.adobe.Acrobat.Pro", "Adobe Acrobat DC/Adobe Acrobat.app"),
    "Adobe Acrobat Reader": ("com.adobe.Reader", "Adobe Acrobat Reader.app", "Adobe Acrobat Reader DC.app"),
    "Chromium": ("org.chromium.Chromium", "Chromium.app"),
    "Docker": ("com.docker.docker", "Docker.app"),
    "GIMP": ("org.gimp.gimp", "GIMP.app", "GIMP-2.10.app"),
    "Google Chrome": ("com.google.Chrome", "Google Chrome.app"),
    "Inkscape": ("org.inkscape.Inkscape", "Inkscape.app"),
    "LibreOffice": ("org.libreoffice.script", "LibreOffice.app"),
    "Microsoft Edge": ("com.microsoft.edgemac", "Microsoft Edge.app"),
    "Microsoft Excel": ("com.microsoft.Excel", "Microsoft Excel.app"),
    "Microsoft OneDrive": ("com.microsoft.OneDrive", "OneDrive.app"),
    "Microsoft Outlook": ("com.microsoft.Outlook", "Microsoft Outlook.app"),
    "Microsoft PowerPoint": ("com.microsoft.Powerpoint", "Microsoft PowerPoint.app"),
    "Microsoft Teams": ("com.microsoft.teams2", "Microsoft Teams.app"),
    "Microsoft Word": ("com.microsoft.Word", "Microsoft Word.app"),
    "Mozilla Firefox": ("org.mozilla.firefox", "Firefox.app"),
    "Mozilla Thunderbird": ("org.mozilla.thunderbird", "Thunderbird.app"),
    "Nextcloud": ("com.nextcloud.desktopclient", "Nextcloud.app"),
    "OpenVPN": ("org.openvpn.client.app", "OpenVPN Connect.app", "OpenVPN Connect/OpenVPN Connect.app"),
    "Safari": ("com.apple.Safari", "Safari.app"),
    "Signal": ("org.whispersystems.signal-desktop", "Signal.app"),
    "Slack": ("com.tinyspeck.slackmacgap", "Slack.app"),
    "Tunnelblick": ("net.tunnelblick.tunnelblick", "Tunnelblick.app"),
    "VLC": ("org.videolan.vlc", "VLC.app"),
    "Visual Studio Code": ("com.microsoft.VSCode", "Visual Studio Code.app"),
    "Webex": ("Cisco-Systems.Spark", "Webex.app"),
    "Zoom": ("us.zoom.xos", "zoom.us.app"),
}
# Parts of macOS itself that colleagues see fall over.
_PARTS: Final = {
    "com.apple.dock": "Dock",
    "com.apple.finder": "Finder",
    "com.apple.mail": "Mail",
    "com.apple.Preview": "Preview",
    "com.apple.WindowServer": "WindowServer",
}
_BUNDLES: Final = {name: program for program, (_, *names) in _KNOWN.items() for name in names}
_IDENTIFIERS: Final = {found[0].lower(): program for program, found in _KNOWN.items()} | {
    identifier.lower(): part for identifier, part in _PARTS.items()
}
OTHER: Final = "other"
# "16.3 (18614.4.6)" and "7.6.2.1 build 5": only what its maker calls the version.
_VERSION: Final = re.compile(r"^[vV]?(\d[\w.+-]*)")


def of_identifier(identifier: str) -> str:
    """The maker's name of one of the programs that are known here; "other" for all else, as it is nobody's business."""
    return _IDENTIFIERS.get(identifier.lower(), OTHER)


def of_bundle(path: str, version: str) -> Program | None:
    """The program of a bundle in /Applications, None for one that is not looked for or has no version."""
    program = _BUNDLES.get(path.removeprefix(f"/{_FOLDER}/"))
    match = _VERSION.match(version)
    return None if program is None or match is None else Program(program, match[1])


class SoftwareReader:
    """Reads a bundle again only after it changed: half of /Applications is replaced with each update of a program."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._seen: dict[str, tuple[int, Program | None]] = {}

    def programs(self) -> list[Program]:
        """Each program once, sorted; of one that is there under two names the first."""
        if not self._tree.names(_FOLDER):
            raise NotMeasurable("there is no folder of programs that may be read")
        found: dict[str, Program] = {}
        for name in _BUNDLES:
            program = self._program(name)
            if program is not None:
                found.setdefault(program.program, program)
        return [found[name] for name in sorted(found)]

    def further(self) -> list[Program]:
        """All other programs in /Applications, by the names of their bundles; none from colleagues' own folders."""
        names = [name for name in self._tree.names(_FOLDER) if name.endswith(".app") and name not in _BUNDLES]
        return [found for found in map(self._program, names) if found is not None]

    def _program(self, name: str) -> Program | None:
        path = f"{_FOLDER}/{name}/Contents/Info.plist"
        try:
            changed = os.stat(self._tree.path(path)).st_mtime_ns  # noqa: PTH116  # see tree.py
        except OSError:
            return None
        known = self._seen.get(name)
        if known is None or known[0] != changed:
            known = self._seen[name] = (changed, self._read(name, path))
        return known[1]

    def _read(self, name: str, path: str) -> Program | None:
        try:
            fields = plists.mapping(plists.file(self._tree, path))
        except NotMeasurable:
            return None
        version = plists.text(fields.get("CFBundleShortVersionString")) or plists.text(fields.get("CFBundleVersion"))
        match = _VERSION.match(version)
        other = Program(name.removesuffix(".app"), match[1]) if match is not None and name not in _BUNDLES else None
        return of_bundle(name, version) or other
