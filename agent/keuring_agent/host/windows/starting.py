"""How long the start took and what it waited for, as Windows' own watch over its performance noted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import BootStep, NotMeasurable
from keuring_agent.host.windows import events, values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.events import Event

_CHANNEL: Final = "Microsoft-Windows-Diagnostics-Performance/Operational"
_PROVIDER: Final = "Microsoft-Windows-Diagnostics-Performance"
_STARTED: Final = 100
_STEPS: Final = (101, 102, 103, 109)  # a program, a driver, a service, a device
_DEVICE: Final = 109
_WRITTEN_BY: Final = 900.0  # seconds after the start; by then Windows has noted it, if it does
_TOGETHER: Final = 60.0  # seconds; steps are noted along with the start that they belong to
_SHORTEST: Final = 1.0
_LONGEST: Final = 7200.0
_MOST: Final = 10
OTHER: Final = "other"
# Programs that colleagues brought themselves, and devices, go without a name.
_INSTALLED: Final = ("\\windows\\", "\\program files\\", "\\program files (x86)\\", "\\programdata\\microsoft\\")
_UNNOTED: Final = "Windows noted nothing of its last start; it does not of each"


def _found(system: System, booted: float) -> list[Event]:
    return events.since_boot(system, _CHANNEL, {_PROVIDER: (_STARTED, *_STEPS)}, booted)


def _seconds(event: Event, name: str) -> float | None:
    found = values.number(event.named, name)
    return found / 1000 if found is not None and 0 < found < _LONGEST * 1000 else None


def duration(system: System, booted: float, uptime: float) -> float | None:
    """Seconds until the desktop was usable; None while Windows may still be noting it."""
    found = [_seconds(event, "BootTime") for event in _found(system, booted) if event.id == _STARTED]
    known = [seconds for seconds in found if seconds is not None]
    if known:
        return known[-1]  # a start from Windows' own hibernation goes on with the same run of the system
    if uptime < _WRITTEN_BY:
        return None
    raise NotMeasurable(_UNNOTED)


def sign_in(system: System, booted: float, uptime: float) -> float | None:
    """Seconds from signing in until the desktop stood there, at the last start: the profile, and the desktop itself."""
    started = [event for event in _found(system, booted) if event.id == _STARTED]
    for event in reversed(started):
        parts = [_seconds(event, name) for name in ("BootUserProfileProcessingTime", "BootExplorerInitTime")]
        known = [seconds for seconds in parts if seconds is not None]
        if known:
            return sum(known)
    if uptime < _WRITTEN_BY:
        return None
    raise NotMeasurable(_UNNOTED)


def steps(system: System, booted: float, uptime: float) -> list[BootStep] | None:
    """What took longer than usual at the last start; Windows notes no other steps."""
    found = _found(system, booted)
    started = max((event.time for event in found if event.id == _STARTED), default=None)
    if started is None:
        if uptime < _WRITTEN_BY:
            return None
        raise NotMeasurable(_UNNOTED)
    return longest(event for event in found if event.id in _STEPS and event.time >= started - _TOGETHER)


def longest(noted: Iterable[Event]) -> list[BootStep]:
    """The longest steps by the name of their file."""
    found: dict[str, float] = {}
    for event in noted:
        took = _seconds(event, "TotalTime")
        if took is not None and took >= _SHORTEST:
            name = _name(event)
            found[name] = max(took, found.get(name, 0.0))
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    return [BootStep(name, took) for name, took in ranked[:_MOST]]


def _name(event: Event) -> str:
    path = event.named.get("Path", "").lower()
    if event.id == _DEVICE or not any(part in path for part in _INSTALLED):
        return OTHER
    name = " ".join(event.named.get("Name", "").split())
    return (name[:-4] if name.lower().endswith((".exe", ".sys", ".dll")) else name) or OTHER
