"""Whether the clock follows a time server: what w32tm says, as no API tells it. Its words differ by language, so only
its numbers are read, which stand in one order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import ClockState, NotMeasurable
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from keuring_agent.host.windows.api import System

_SETTINGS: Final = r"HKLM\SYSTEM\CurrentControlSet\Services\W32Time\Parameters"
_QUERY: Final = ("/query", "/status", "/verbose")
_TIMEOUT: Final = 4.0
_FIRST: Final = re.compile(r"^[^:]*:\s*(\d+)\b", re.ASCII)
_SECONDS: Final = re.compile(r":\s*(-?\d+[.,]\d+)s\s*$", re.ASCII)
_REFERENCE: Final = re.compile(r":\s*0x([0-9A-Fa-f]{8})\b", re.ASCII)
_NOT_SYNCHRONISED: Final = 3  # the leap indicator, the first line; the second is the stratum
_ITS_OWN: Final = frozenset({"00000000", "4C4F434C"})  # no source, or "LOCL": the machine's own clock
_OFFSET: Final = 2  # of the seconds: root delay, root dispersion, phase offset


def parse(text: str) -> ClockState:
    """w32tm's answer in any language."""
    lines = [line for line in text.splitlines() if line.strip()]
    numbers = [int(match[1]) for line in lines[:2] if (match := _FIRST.match(line))]
    if len(numbers) < 2:
        raise NotMeasurable("Windows' time service does not tell how the clock is")
    leap, stratum = numbers
    reference = next((match[1].upper() for line in lines if (match := _REFERENCE.search(line))), "")
    if leap == _NOT_SYNCHRONISED or not stratum or reference in _ITS_OWN:
        return ClockState(synchronised=False, offset=None)
    seconds = [float(match[1].replace(",", ".")) for line in lines if (match := _SECONDS.search(line))]
    return ClockState(synchronised=True, offset=seconds[_OFFSET] if len(seconds) > _OFFSET else None)


def read(system: System) -> ClockState:
    """Asks, unless nothing is set up to be followed."""
    kind = values.text(system.values(_SETTINGS) or {}, "Type")
    if kind == "NoSync":
        return ClockState(synchronised=False, offset=None)
    done = system.run("w32tm.exe", _QUERY, _TIMEOUT)
    if done.status:
        raise NotMeasurable("Windows' time service does not run, or may not be asked")
    return parse(done.output.decode("utf-8", "replace"))
