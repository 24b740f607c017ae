"""What Windows' System log says of disks, file systems, processors and itself, and of how it went down."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import Fault, KernelLog, MemoryErrors, Shutdown
from keuring_agent.host.windows import events

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

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
_LIMITED: Final = 37  # the firmware held the processor back
WATCHED: Final = {
    "disk": _DISK,
    "Ntfs": (_DAMAGED,),
    "Microsoft-Windows-Ntfs": (_DAMAGED,),
    _WHEA: (_UNCORRECTED, _CORRECTED),
    _POWER: (_WENT_DOWN,),
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
_VOLUME: Final = re.compile(r"HarddiskVolume\d{1,4}", re.ASCII)


def fault(event: Event, inside: Collection[int] | None = None) -> Fault | None:
    """What an event means, or None. ``inside`` are the numbers of disks that nobody pulls out; None: not known."""
    if event.provider == "disk":
        number = _disk(event)
        if number is None or (event.id == _GONE if inside is None else number not in inside):
            return None
        return Fault(event.time, "io_error", f"PhysicalDrive{number}", "")
    if event.provider.endswith("Ntfs"):
        return Fault(event.time, "filesystem_error", _volume(event), "")
    if event.provider == _WHEA:
        severity = "uncorrected" if event.id == _UNCORRECTED else "corrected"
        processor = event.named.get("ApicId", "")
        return Fault(event.time, "machine_check", processor if processor.isalnum() else "unknown", severity)
    code = _code(event)
    return Fault(event.time, "bug_check", "", f"0x{code:08x}") if event.id == _WENT_DOWN and code else None


def _disk(event: Event) -> int | None:
    for text in event.listed[:1]:
        if (match := _HARD_DISK.search(text)) is not None:
            return int(match[1])
    # "Disk 1 has been surprise removed": what comes after the device is the number alone.
    numbers = [text for text in event.listed[1:3] if text.isdecimal() and len(text) <= 4]
    return int(numbers[0]) if event.id == _GONE and numbers else None


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
    """Faults since ``position``, or since the start."""
    position, found = events.go_on(system, CHANNEL, WATCHED, position, booted)
    faults = [one for event in found if (one := fault(event, inside)) is not None]
    return KernelLog(position, [], faults)


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


def memory_errors(counts: dict[int, int]) -> MemoryErrors:
    """Errors that the memory itself reported since the start."""
    return MemoryErrors(counts.get(_MEMORY_CORRECTED, 0), counts.get(_MEMORY_UNCORRECTED, 0))
