"""Updates of macOS, from its own records: nothing here asks Apple."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import plists
from keuring_agent.host.readings import NotMeasurable, Updates

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

_FOUND: Final = "Library/Preferences/com.apple.SoftwareUpdate.plist"
_WANTED: Final = "Library/Managed Preferences/com.apple.SoftwareUpdate.plist"
_INSTALLED: Final = "Library/Receipts/InstallHistory.plist"
_LOOKED: Final = ("LastFullSuccessfulDate", "LastSuccessfulDate", "LastBackgroundSuccessfulDate")
_NEVER: Final = "macOS has not looked for updates yet, or has been told not to"
# Apple mends what is dangerous in updates of the system and of Safari, and gives no other sign of it.
_SECURITY: Final = re.compile(r"security|safari|^macos\b|xprotect", re.IGNORECASE)
# Who installs updates of macOS; the App Store and installers of other programs are not among them.
_INSTALLERS: Final = frozenset({"softwareupdated", "Software Update", "macOS Installer", "OS X Installer"})
_DATA: Final = "config-data"  # lists for XProtect and the like, which come by themselves
_PROTECTION: Final = re.compile(r"^(?:XProtect|MRT)", re.IGNORECASE)


def pending(tree: Tree, version: str) -> Updates:
    """What macOS found when it last looked; ``version`` is the one that runs here."""
    return of_settings(plists.file(tree, _FOUND, _NEVER), version)


def of_settings(settings: object, version: str) -> Updates:
    """A newer macOS that one may go over to is counted, but makes nothing safe that updates of this one do not."""
    fields = plists.mapping(settings)
    if not any(plists.time(fields.get(name)) for name in _LOOKED):
        raise NotMeasurable(_NEVER)
    rows = list(map(plists.mapping, plists.listing(fields.get("RecommendedUpdates"))))
    return Updates(len(rows), sum(_is_security(row, version) for row in rows))


def _is_security(row: dict[str, object], version: str) -> bool:
    name, offered = plists.text(row.get("Display Name")), plists.text(row.get("Display Version"))
    if not _SECURITY.search(name):
        return False
    other = offered.partition(".")[0] != version.partition(".")[0]
    return not (name.lower().startswith("macos") and other)


def checked(tree: Tree) -> float:
    """When macOS last looked for updates, in seconds since 1970."""
    fields = plists.mapping(plists.file(tree, _FOUND, _NEVER))
    times = [time for time in (plists.time(fields.get(name)) for name in _LOOKED) if time is not None]
    if not times:
        raise NotMeasurable(_NEVER)
    return max(times)


def automatic(tree: Tree) -> bool:
    """Whether macOS installs its updates by itself: as the organisation wants it, else as it is set here."""
    for path in (_WANTED, _FOUND):
        try:
            value = plists.mapping(plists.file(tree, path)).get("AutomaticallyInstallMacOSUpdates")
        except NotMeasurable:
            continue
        if isinstance(value, bool | int):
            return bool(value)
    raise NotMeasurable("nobody has set whether macOS installs its updates by itself")


def last_installed(tree: Tree) -> float:
    """When an update of macOS was last installed, in seconds since 1970."""
    found = [time for time, row in _history(tree) if _is_update(row)]
    if not found:
        raise NotMeasurable("the history of what was installed holds no update of macOS")
    return max(found)


def protection_updated(tree: Tree) -> float | None:
    """When lists of malware last came."""
    try:
        rows = _history(tree)
    except NotMeasurable:
        return None
    return max((time for time, row in rows if _PROTECTION.match(plists.text(row.get("displayName")))), default=None)


def _is_update(row: dict[str, object]) -> bool:
    return plists.text(row.get("processName")) in _INSTALLERS and row.get("contentType") != _DATA


def _history(tree: Tree) -> list[tuple[float, dict[str, object]]]:
    missing = "there is no history of what was installed on this machine"
    rows = map(plists.mapping, plists.listing(plists.file(tree, _INSTALLED, missing)))
    timed = ((plists.time(row.get("date")), row) for row in rows)
    return [(time, row) for time, row in timed if time is not None]
