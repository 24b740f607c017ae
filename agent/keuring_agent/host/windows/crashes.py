"""Programs that crashed or hung: when, which and in which version, never what was in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import Crash, Crashes
from keuring_agent.host.windows import events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.events import Event

CHANNEL: Final = "Application"
CRASHED: Final = {"Application Error": (1000,)}
HUNG: Final = {"Application Hang": (1002,)}
OTHER: Final = "other"
_NAME, _VERSION = 0, 1  # of what both kinds of event say, in this order, whatever the version of Windows
_CRASH_PATH, _HANG_PATH = 10, 5
# Programs from elsewhere are a colleague's own, and their names nobody's business.
_INSTALLED: Final = ("\\program files\\", "\\program files (x86)\\", "\\windows\\")
_FOR_ONE: Final = "\\appdata\\"  # where some makers install for one person
_NUMBER: Final = re.compile(r"^\d{1,6}(?:\.\d{1,9}){1,3}$", re.ASCII)
# Names of files by the name that their maker gives the program; those of a machine's own Windows stand by their file.
EXECUTABLES: Final = {
    "winword": "Microsoft Word",
    "excel": "Microsoft Excel",
    "powerpnt": "Microsoft PowerPoint",
    "outlook": "Microsoft Outlook",
    "olk": "Microsoft Outlook",
    "onenote": "Microsoft OneNote",
    "msaccess": "Microsoft Access",
    "onedrive": "Microsoft OneDrive",
    "visio": "Microsoft Visio",
    "teams": "Microsoft Teams",
    "ms-teams": "Microsoft Teams",
    "msedge": "Microsoft Edge",
    "msedgewebview2": "Microsoft Edge WebView2",
    "code": "Microsoft Visual Studio Code",
    "firefox": "Mozilla Firefox",
    "thunderbird": "Mozilla Thunderbird",
    "chrome": "Google Chrome",
    "soffice": "LibreOffice",
    "soffice.bin": "LibreOffice",
    "acrobat": "Adobe Acrobat",
    "acrord32": "Adobe Acrobat",
    "gimp": "GIMP",
    "inkscape": "Inkscape",
    "vlc": "VLC",
    "zoom": "Zoom",
    "slack": "Slack",
    "signal": "Signal",
    "7zfm": "7-Zip",
    "notepad++": "Notepad++",
    "python": "Python",
    "node": "Node.js",
    "java": "Java",
    "docker desktop": "Docker",
    "openvpn": "OpenVPN",
    "openvpn-gui": "OpenVPN",
    "forticlient": "FortiClient",
    "vpnui": "Cisco Secure Client",
    "csc_ui": "Cisco Secure Client",
    "nextcloud": "Nextcloud",
    "selfservice": "Citrix Workspace",
    "wfica32": "Citrix Workspace",
    "explorer": "Windows Explorer",
    "searchhost": "Windows Search",
    "startmenuexperiencehost": "Windows Start",
    "shellexperiencehost": "Windows Shell",
    "spoolsv": "Windows Print Spooler",
    "svchost": "Windows Service Host",
    "dwm": "Windows Desktop Manager",
    "lsass": "Windows Local Security",
    "taskmgr": "Windows Task Manager",
    "systemsettings": "Windows Settings",
}


def _path(event: Event) -> str:
    # 1000 tells it from Windows 8 on, in the eleventh place; 1002 in the sixth.
    place = _HANG_PATH if event.provider == "Application Hang" else _CRASH_PATH
    named = event.named.get("AppPath")
    return named if named is not None else event.listed[place] if len(event.listed) > place else ""


def program(name: str, path: str) -> str:
    """The maker's name of one of the programs that are known here and properly installed; "other" for all else."""
    lowered = path.lower()
    stem = name.lower().removesuffix(".exe")
    known = EXECUTABLES.get(stem) or EXECUTABLES.get(re.sub(r"-\d[\d.]*$", "", stem))
    installed = any(part in lowered for part in _INSTALLED) or _FOR_ONE in lowered
    return known if known and (installed or not path) else OTHER


def crash(event: Event) -> Crash | None:
    """What an event tells; None for one that names nothing."""
    if not event.listed:
        return None
    title = program(event.listed[_NAME].rpartition("\\")[2], _path(event))
    version = event.listed[_VERSION] if len(event.listed) > _VERSION else ""
    known = title != OTHER and _NUMBER.match(version) and version.strip("0.")
    return Crash(event.time, title, version if known else None)


def read(system: System, wanted: Mapping[str, Sequence[int]], position: str) -> Crashes:
    """What crashed (or hung) after ``position``; of "" nothing, as nobody watched before."""
    position, found = events.go_on(system, CHANNEL, wanted, position, None)
    return Crashes(position, [one for event in found if (one := crash(event)) is not None])
