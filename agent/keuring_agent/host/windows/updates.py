"""Updates, from Windows Update's own lists and the registry."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable, Updates
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.values import Row

_SECURITY: Final = "0FA1201D-4330-4FA8-8AE9-B877473B6441"
_DEFINITIONS: Final = "E0789628-CE08-4437-BE74-2495B842F43B"  # signatures of the malware protection: some a day
_INSTALLATION, _SUCCEEDED, _WITH_ERRORS = 1, 2, 3
_SIGNATURES: Final = re.compile(r"\bKB(?:2267602|4052623|890830)\b")  # Defender's signatures, itself, the removal tool
_SERVICE: Final = r"HKLM\SYSTEM\CurrentControlSet\Services\wuauserv"
_POLICY: Final = r"HKLM\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU"
_MANAGED: Final = r"HKLM\SOFTWARE\Microsoft\PolicyManager\current\device\Update"
_DISABLED: Final = 4  # a service's Start
_MANAGED_OFF: Final = 5
_ASKS_FIRST: Final = frozenset({2, 3})  # AUOptions: tells, or fetches, and waits
_FIX: Final = ("InstalledOn",)
_AMERICAN: Final = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4})$")
_HEXADECIMAL: Final = re.compile(r"^[0-9a-fA-F]{16}$")
_PENDING: Final = (
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending",
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired",
)


def count(waiting: Iterable[Row]) -> Updates:
    """How many wait, without signatures, of which there is always one."""
    pending = security = 0
    for row in waiting:
        kinds = {str(kind).strip("{}").upper() for kind in values.listed(row, "Categories")}
        if _DEFINITIONS in kinds:
            continue
        pending += 1
        security += _SECURITY in kinds or values.text(row, "MsrcSeverity") is not None
    return Updates(pending, security)


def last_installed(history: Iterable[Row]) -> float | None:
    """When something other than signatures was last installed."""
    times = [
        values.moment(row.get("Date"))
        for row in history
        if values.whole(row, "Operation") == _INSTALLATION
        and values.whole(row, "ResultCode") in (_SUCCEEDED, _WITH_ERRORS)
        and not _SIGNATURES.search(values.text(row, "Title") or "")
    ]
    return max((time for time in times if time is not None), default=None)


def last_fix(fixes: Iterable[Row]) -> float | None:
    """The day of the newest of Win32_QuickFixEngineering, which writes it in the American way, or as a FILETIME."""
    times = [_day(values.text(row, "InstalledOn") or "") for row in fixes]
    return max((time for time in times if time is not None), default=None)


def _day(text: str) -> float | None:
    if _HEXADECIMAL.match(text):
        return values.filetime(int(text, 16))
    match = _AMERICAN.match(text)
    if match is None:
        return None
    try:
        return datetime(int(match[3]), int(match[1]), int(match[2]), tzinfo=UTC).timestamp()
    except ValueError:
        return None


def installed(system: System) -> float:
    """The history's, else the fixes'."""
    try:
        found = last_installed(system.installed_updates())
    except NotMeasurable:
        found = None
    if found is None:
        found = last_fix(system.cim(r"root\cimv2", "Win32_QuickFixEngineering", _FIX))
    if found is None:
        raise NotMeasurable("Windows' history of updates holds no date")
    return found


def automatic(service: Row | None, policy: Row | None, managed: Row | None) -> bool:
    """Whether updates come by themselves, as they do unless a policy or a disabled service says otherwise."""
    if service is None or values.whole(service, "Start") == _DISABLED:
        return False
    if (
        values.whole(policy or {}, "NoAutoUpdate") == 1
        or values.whole(managed or {}, "AllowAutoUpdate") == _MANAGED_OFF
    ):
        return False
    return values.whole(policy or {}, "AUOptions") not in _ASKS_FIRST


def ask_automatic(system: System) -> bool:
    """Asks the registry."""
    return automatic(system.values(_SERVICE), system.values(_POLICY), system.values(_MANAGED))


def checked(system: System) -> float:
    """When Windows Update last looked, and found somebody who answered."""
    found = values.moment(system.last_search())
    if found is None:
        raise NotMeasurable("Windows Update does not tell when it last looked for updates")
    return found


def reboot_pending(system: System, keys: Sequence[str] = _PENDING) -> bool:
    """The marks of Windows' servicing and of Windows Update. Files that programs wait to rename are no updates."""
    return any(system.values(key) is not None for key in keys)
