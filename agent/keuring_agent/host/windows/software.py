"""Versions of a fixed list of programs, from what each wrote into the registry to be uninstalled by.

Only these: the whole list of what is installed would tell more of a colleague than anybody needs to know.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable, Program
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.values import Row

_BELOW: Final = r"Microsoft\Windows\CurrentVersion\Uninstall"
_PLACES: Final = (rf"HKLM\SOFTWARE\{_BELOW}", rf"HKLM\SOFTWARE\WOW6432Node\{_BELOW}")
_PERSON: Final = re.compile(r"^S-1-(?:5-21|12-1)-[\d-]+$")  # whoever signed in; the number goes nowhere
# By the name that their maker gives the program: what the name in the registry is as a whole. A group "version" holds
# the version where the registry's own (DisplayVersion) is another number.
_ARCHITECTURE: Final = r"(?: \((?:x64|x86|64-bit|32-bit|arm64)[^)]*\))?"
_LANGUAGE: Final = r"(?: - [a-z]{2,3}-[\w-]+)?"
PROGRAMS: Final = {
    "Mozilla Firefox ESR": rf"Mozilla Firefox(?: [\d.]+)? ESR{_ARCHITECTURE}",
    "Mozilla Firefox": rf"Mozilla Firefox(?: [\d.]+)?{_ARCHITECTURE}",
    "Mozilla Thunderbird": rf"Mozilla Thunderbird(?: [\d.]+)?(?: ESR)?{_ARCHITECTURE}",
    "Google Chrome": r"Google Chrome",
    "Microsoft Edge": r"Microsoft Edge",
    "Microsoft 365 Apps": rf"Microsoft 365(?: Apps for (?:enterprise|business))?{_LANGUAGE}",
    "Microsoft Office": (
        r"Microsoft Office (?:LTSC )?(?:Standard|Professional(?: Plus)?|Home (?:and|&) (?:Business|Student)|"
        rf"Home|Personal|ProPlus) (?P<version>20\d\d){_LANGUAGE}"
    ),
    "Microsoft Teams": r"Microsoft Teams(?: classic)?",
    "Microsoft OneDrive": r"Microsoft OneDrive",
    "Microsoft Visual Studio Code": r"Microsoft Visual Studio Code(?: \(\w+\))?",
    "LibreOffice": r"LibreOffice [\d.]+",
    "Adobe Acrobat": rf"Adobe Acrobat(?: Reader| DC| Reader DC)?{_ARCHITECTURE}(?: - .+)?",
    "GIMP": r"GIMP [\d.]+(?:-\d+)?",
    "Inkscape": r"Inkscape",
    "VLC": r"VLC media player",
    "Zoom": rf"Zoom(?: Workplace)?{_ARCHITECTURE}",
    "Slack": r"Slack(?: \(Machine - MSI\))?",
    "Signal": r"Signal [\d.]+",
    "Citrix Workspace": r"Citrix Workspace(?: \w+)?|Citrix Workspace [\d.]+",
    "7-Zip": rf"7-Zip [\d.]+{_ARCHITECTURE}",
    "Notepad++": rf"Notepad\+\+{_ARCHITECTURE}",
    "Python": r"Python (?P<version>\d+\.\d+\.\d+) \((?:64|32)-bit\)",
    "Node.js": r"Node\.js",
    "Eclipse Temurin": r"Eclipse Temurin (?:JDK|JRE) .+",
    "Docker": r"Docker Desktop",
    "OpenVPN": r"OpenVPN [\d.]+-\w+(?: \w+)?",
    "FortiClient": r"FortiClient(?: VPN)?",
    "Cisco Secure Client": r"Cisco (?:Secure Client|AnyConnect Secure Mobility Client) ?- ?.+|Cisco Secure Client",
    "Nextcloud": r"Nextcloud",
}
_NO_PROGRAM: Final = re.compile(
    r"\bKB\d{6}|Visual C\+\+|(?<!\w)\.NET\b|Redistributable|\bSDK\b|\bUpdate for\b|\bUpdate Helper\b"
    r"|Maintenance Service|\bMUI\b|Language Pack|Proofing|Runtime\b|\bDriver\b",
    re.IGNORECASE,
)
# Versions, and what else differs by machine without being another program: "(x64 nl)", " - nl-nl", "v2.1".
_BESIDES: Final = re.compile(
    r"\s*\((?:x64|x86|64-bit|32-bit|arm64|[a-z]{2}(?:-[A-Z]{2})?)[^)]*\)|\s+v?\d+(?:\.\d+)+\b| - [a-z]{2}-[a-z]{2}$"
)
_MOST: Final = 200
_PATTERNS: Final = {program: re.compile(rf"(?:{pattern})\Z", re.IGNORECASE) for program, pattern in PROGRAMS.items()}


def program(row: Row) -> Program | None:
    """What a key of the registry describes, if that is looked for; parts and updates of programs are passed over."""
    name = values.text(row, "DisplayName")
    if name is None or len(name) > 200 or values.whole(row, "SystemComponent") == 1 or row.get("ParentKeyName"):
        return None
    for title, pattern in _PATTERNS.items():
        if (match := pattern.match(name)) is not None:
            version = match.groupdict().get("version") or values.text(row, "DisplayVersion")
            return Program(title, version) if version else None
    return None


def further(row: Row) -> Program | None:
    """Any other program; parts, updates and what programs need to run are no programs of their own."""
    name, version = values.text(row, "DisplayName"), values.text(row, "DisplayVersion")
    if name is None or version is None or len(name) > 100 or program(row) is not None:
        return None
    hidden = values.whole(row, "SystemComponent") == 1 or row.get("ParentKeyName") or row.get("ReleaseType")
    if hidden or _NO_PROGRAM.search(name) or not values.text(row, "UninstallString"):
        return None
    bare = " ".join(_BESIDES.sub("", name.replace(version, "")).split()).strip(" -,")
    return Program(bare, version) if bare else None


def further_programs(system: System) -> list[Program]:
    """Those for the whole machine, at most ``_MOST``; none that somebody installed for themselves."""
    if not system.keys(_PLACES[0]):
        raise NotMeasurable("the registry does not list which programs are installed")
    rows = (system.values(rf"{place}\{key}") or {} for place in _PLACES for key in system.keys(place))
    return oldest(one for one in map(further, rows) if one is not None)[:_MOST]


def _order(version: str) -> tuple[tuple[int, ...], str]:
    return tuple(int(part[:9]) for part in re.findall(r"\d+", version)), version


def oldest(found: Iterable[Program]) -> list[Program]:
    """Each program once, sorted: of one that is there in two versions the older, as that is the one to look after."""
    versions: dict[str, str] = {}
    for one in found:
        known = versions.get(one.program)
        if known is None or _order(one.version) < _order(known):
            versions[one.program] = one.version
    return [Program(name, version) for name, version in sorted(versions.items())]


def _installed(system: System) -> Iterator[Program]:
    people = [rf"HKU\{name}\SOFTWARE\{_BELOW}" for name in system.keys("HKU") if _PERSON.match(name)]
    for place in (*_PLACES, *people):
        for key in system.keys(place):
            found = program(system.values(rf"{place}\{key}") or {})
            if found is not None:
                yield found


def programs(system: System) -> list[Program]:
    """For the machine as a whole, and for who is signed in, as many programs install themselves for one person."""
    if not system.keys(_PLACES[0]):
        raise NotMeasurable("the registry does not list which programs are installed")
    return oldest(_installed(system))
