"""Graphics processors, what they do, the screens on them, and how many screens they can drive."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.inventory import Gpu, GpuUse, Screen
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows import displays, values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.values import Row

CONTROLLER: Final = ("Name", "AdapterCompatibility", "DriverVersion", "PNPDeviceID")
ENGINE: Final = ("Name", "UtilizationPercentage")
MEMORY: Final = ("Name", "DedicatedUsage")
SCREEN: Final = (*displays.IDENTITY, "ManufacturerName", "UserFriendlyName")
_ENGINES: Final = "Win32_PerfFormattedData_GPUPerformanceCounters_GPUEngine"
_MEMORIES: Final = "Win32_PerfFormattedData_GPUPerformanceCounters_GPUAdapterMemory"
_CLASS: Final = r"HKLM\SYSTEM\CurrentControlSet\Control\Class\{4D36E968-E325-11CE-BFC1-08002BE10318}"
_NUMBERED: Final = re.compile(r"^\d{4}$", re.ASCII)
# Counters stand by process: which one is dropped here at once, and what is left is one part of one processor.
_PART: Final = re.compile(r"(luid_0x[0-9A-Fa-f]+_0x[0-9A-Fa-f]+_phys_\d+_eng_\d+)")
_LEAST_OWN: Final = 64 * 2**20  # bytes; processors that share the machine's memory have a little or none
_AGAIN: Final = 240.0  # seconds; WMI counts over all processes to answer
_OUTPUTS: Final = {
    **dict.fromkeys((6, 11, 13, 0x80000000), "built-in"),
    **dict.fromkeys((5,), "HDMI"),
    **dict.fromkeys((10, 18), "DisplayPort"),
    **dict.fromkeys((0, 1, 2), "VGA"),
    **dict.fromkeys((4,), "DVI"),
    **dict.fromkeys((15, 17), "wireless"),
}


def gpus(rows: Iterable[Row]) -> list[Gpu]:
    """Real ones; those that programs pretend to be (remote desktops, docks by USB) have no place on the bus."""
    found: list[Gpu] = []
    for row in rows:
        name, version = values.text(row, "Name"), values.text(row, "DriverVersion")
        if name is None or not (values.text(row, "PNPDeviceID") or "").upper().startswith("PCI\\"):
            continue
        maker = values.text(row, "AdapterCompatibility")
        driver = " ".join(part for part in (maker, version) if part) if version else None
        found.append(Gpu(f"gpu{len(found)}", name, driver))
    return found


def ask_gpus(system: System) -> list[Gpu]:
    """Asks."""
    found = gpus(system.cim(r"root\cimv2", "Win32_VideoController", CONTROLLER))
    if not found:
        raise NotMeasurable("no graphics processor is visible (virtual machines have none)")
    return found


def busy(rows: Iterable[Row]) -> float | None:
    """The share of time in which the busiest part of any processor had work; None for no counters."""
    parts: dict[str, float] = {}
    for row in rows:
        match, percent = _PART.search(values.text(row, "Name") or ""), values.number(row, "UtilizationPercentage")
        if match is not None and percent is not None:
            parts[match[1]] = parts.get(match[1], 0.0) + max(0.0, percent)
    return min(1.0, max(parts.values()) / 100) if parts else None


def own_memory(system: System) -> int | None:
    """Bytes of memory of the processor's own, as its driver wrote into the registry."""
    sizes = []
    for number in filter(_NUMBERED.match, system.keys(_CLASS)):
        size = values.number(system.values(rf"{_CLASS}\{number}") or {}, "HardwareInformation.qwMemorySize")
        if size is not None and size >= _LEAST_OWN:
            sizes.append(int(size))
    return max(sizes, default=None)


class GpuReader:
    """Asks every few minutes. Windows' counters do not tell which processor is which, so of one only is it told."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._asked = float("-inf")
        self._found: list[GpuUse] = []

    def read(self, now: float) -> Sequence[GpuUse]:
        """``now`` is the monotonic clock; between two questions the last answer holds."""
        if now - self._asked >= _AGAIN:
            self._asked = now
            self._found = []
            self._found = self._ask()
        if not self._found:
            raise NotMeasurable("Windows does not tell which of several graphics processors has work")
        return self._found

    def _ask(self) -> list[GpuUse]:
        known = ask_gpus(self._system)
        if len(known) > 1:
            return []
        share = busy(self._system.cim(r"root\cimv2", _ENGINES, ENGINE))
        total = own_memory(self._system)
        used = [values.number(row, "DedicatedUsage") for row in self._system.cim(r"root\cimv2", _MEMORIES, MEMORY)]
        most = max((int(size) for size in used if size is not None), default=None)
        return [GpuUse(known[0].gpu, share, most if total else None, total)]


def screens(connections: Iterable[Row], identities: Iterable[Row]) -> list[Screen]:
    """By the kind of plug that each is on, numbered where there are several."""
    outputs = {
        values.text(row, "InstanceName"): _OUTPUTS.get(values.whole(row, "VideoOutputTechnology") or 0, "other")
        for row in connections
    }
    counts: dict[str, int] = {}
    found = []
    for row in sorted(identities, key=lambda row: values.text(row, "InstanceName") or ""):
        output = outputs.get(values.text(row, "InstanceName"), "other")
        counts[output] = counts.get(output, 0) + 1
        name = output if counts[output] == 1 else f"{output} {counts[output]}"
        maker, model = (values.characters(row, key) for key in ("ManufacturerName", "UserFriendlyName"))
        described = " ".join(part for part in (maker, model) if part) or None
        found.append(Screen(name, described, displays.made(row)))
    return found


def ask_screens(system: System) -> list[Screen]:
    """Asks."""
    found = screens(
        system.cim(r"root\wmi", "WmiMonitorConnectionParams", displays.CONNECTION),
        system.cim(r"root\wmi", "WmiMonitorID", SCREEN),
    )
    if not found:
        raise NotMeasurable("no screen is connected that tells about itself")
    return found


def limit(sources: Sequence[int]) -> int:
    """Screens at once: those of the processor that can drive most, as some ports lead to one and some to another."""
    most = max(sources, default=0)
    if not most:
        raise NotMeasurable("no graphics processor is visible (virtual machines have none)")
    return most
