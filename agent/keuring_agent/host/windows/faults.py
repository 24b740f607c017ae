"""What Windows' System log says of disks, file systems, processors and itself, and of how it went down."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.inventory import BugCheck, BugChecks
from keuring_agent.host.readings import Incident, KernelLog, MemoryErrors, Shutdown
from keuring_agent.host.windows import events, values

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.events import Event

CHANNEL: Final = "System"
_WHEA: Final = "Microsoft-Windows-WHEA-Logger"
_POWER: Final = "Microsoft-Windows-Kernel-Power"
_PROCESSOR: Final = "Microsoft-Windows-Kernel-Processor-Power"
# Bad block, controller error, error while paging, read or write tried again, gone without being taken out.
_DISK: Final = (7, 11, 51, 153, 157)
_GONE: Final = 157
_DAMAGED: Final = 55  # of NTFS
_UNCORRECTED, _CORRECTED = 18, 19  # errors of the processor itself
_MEMORY_UNCORRECTED, _MEMORY_CORRECTED = 46, 47
_WENT_DOWN: Final = 41
_UNEXPECTED: Final = 6008
_STOPPED_ITSELF: Final = 1001
_BEGAN: Final = 12
_DISPLAY: Final = "Display"
_RECOVERED: Final = 4101  # the driver of a graphics processor did not respond, and was reset
_LIMITED: Final = 37  # the firmware held the processor back
WATCHED: Final = {
    "disk": _DISK,
    "Ntfs": (_DAMAGED,),
    "Microsoft-Windows-Ntfs": (_DAMAGED,),
    _WHEA: (_UNCORRECTED, _CORRECTED),
    _DISPLAY: (_RECOVERED,),
}
_DOWN: Final = {
    _POWER: (_WENT_DOWN,),
    "EventLog": (_UNEXPECTED,),
    "Microsoft-Windows-WER-SystemErrorReporting": (_STOPPED_ITSELF,),
    "Microsoft-Windows-Kernel-General": (_BEGAN,),
}
THROTTLED: Final = {_PROCESSOR: (_LIMITED,)}
MEMORY: Final = {_WHEA: (_MEMORY_UNCORRECTED, _MEMORY_CORRECTED)}
_HARD_DISK: Final = re.compile(r"\\Harddisk(\d{1,4})(?:\\|$)", re.ASCII)
_LETTER: Final = re.compile(r"^[A-Za-z]:$")
_WORD: Final = re.compile(r"^[\w.-]{1,40}$", re.ASCII)
_VOLUME: Final = re.compile(r"HarddiskVolume\d{1,4}", re.ASCII)


def fault(event: Event, inside: Collection[int] | None = None) -> Incident | None:
    """What an event means, or None. ``inside`` are the numbers of disks that nobody pulls out; None: not known."""
    if event.provider == "disk":
        number = _disk(event)
        if number is None or (event.id == _GONE if inside is None else number not in inside):
            return None
        return Incident(event.time, "io_error", f"PhysicalDrive{number}")
    if event.provider.endswith("Ntfs"):
        return Incident(event.time, "filesystem_error", _volume(event))
    if event.provider == _WHEA:
        severity = "uncorrected" if event.id == _UNCORRECTED else "corrected"
        processor = event.named.get("ApicId", "")
        return Incident(event.time, "machine_check", processor if processor.isalnum() else "unknown", severity)
    return Incident(event.time, "gpu_reset", _driver(event)) if event.provider == _DISPLAY else None


def _disk(event: Event) -> int | None:
    for text in event.listed[:1]:
        if (match := _HARD_DISK.search(text)) is not None:
            return int(match[1])
    # "Disk 1 has been surprise removed": what comes after the device is the number alone.
    numbers = [text for text in event.listed[1:3] if text.isdecimal() and len(text) <= 4]
    return int(numbers[0]) if event.id == _GONE and numbers else None


def _driver(event: Event) -> str:
    name = event.listed[0].strip() if event.listed else ""
    return name if _WORD.match(name) else "unknown"


def _volume(event: Event) -> str:
    texts = [text.strip() for text in event.listed]
    letter = next((text for text in texts if _LETTER.match(text)), None)
    if letter is not None:
        return f"{letter}\\"
    volume = next((match[0] for match in map(_VOLUME.search, texts) if match), None)
    return volume or "unknown"


def _code(event: Event) -> int:
    """The stop code of event 41, a decimal number; 0 where the power went without one."""
    text = event.named.get("BugcheckCode", event.listed[0] if event.listed else "")
    return int(text) if text.isdecimal() and len(text) <= 10 else 0


def kernel_log(system: System, position: str, booted: float, inside: Collection[int] | None) -> KernelLog:
    """Incidents since ``position``, or since the start."""
    position, found = events.go_on(system, CHANNEL, WATCHED, position, booted)
    incidents = [one for event in found if (one := fault(event, inside)) is not None]
    return KernelLog(position, [], tuple(incidents))


def bug_checks(system: System, position: str) -> BugChecks:
    """Blue screens after ``position``, by the stop code that the next start notes; none for ""."""
    position, found = events.go_on(system, CHANNEL, {_POWER: (_WENT_DOWN,)}, position, None)
    codes = ((event.time, _code(event)) for event in found)
    return BugChecks(position, [BugCheck(time, f"0x{code:08x}") for time, code in codes if code])


def shutdown(since_start: Iterable[Event]) -> Shutdown:
    """From what the log has of this start: 41 and 6008 say that nobody asked for it, 41 and 1001 that it gave up."""
    listed = list(since_start)
    if not listed:
        return Shutdown(None, panicked=False)
    asked = not any(event.id in (_WENT_DOWN, _UNEXPECTED) for event in listed)
    gave_up = any(event.id == _STOPPED_ITSELF or (event.id == _WENT_DOWN and _code(event)) for event in listed)
    return Shutdown(asked and not gave_up, panicked=gave_up)


def last_shutdown(system: System, booted: float) -> Shutdown:
    """How the system went down before this start."""
    return shutdown(events.since_boot(system, CHANNEL, _DOWN, booted))


def memory_errors(counts: Mapping[int | str, float]) -> MemoryErrors:
    """Errors that the memory itself reported since the start."""
    return MemoryErrors(int(counts.get(_MEMORY_CORRECTED, 0)), int(counts.get(_MEMORY_UNCORRECTED, 0)))


def processor_of(event: Event) -> str:
    """Which processor was held back: each of them says so of itself, at the same time."""
    return f"{event.named.get('Group', '')}:{event.named.get('Number', '')}"


def held_back(event: Event) -> float:
    """For how many seconds, since it last said so."""
    return values.number(event.named, "CapDurationInSeconds") or 0.0
