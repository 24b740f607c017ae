"""Network ports: which are real, and what each can do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent.host.readings import LinkCapability, NotMeasurable
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.values import Row

NAMESPACE: Final = r"root\StandardCimv2"
ADAPTER: Final = ("Name", "InterfaceGuid", "HardwareInterface", "Virtual", "NdisPhysicalMedium", "Speed")
OLDER: Final = ("NetConnectionID", "GUID", "PhysicalAdapter", "PNPDeviceID", "Speed", "ServiceName")
_WIRELESS: Final = frozenset({1, 8, 9, 10, 12})  # of NdisPhysicalMedium: Wi-Fi, mobile networks, Bluetooth
_ROOT: Final = ("ROOT\\", "SW\\", "SWD\\", "{")  # software that behaves as an adapter
_CLASS: Final = r"HKLM\SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
_NUMBERED: Final = re.compile(r"^\d{4}$", re.ASCII)
_SPEED: Final = re.compile(r"(\d{1,4}(?:[.,]\d)?)\s*(G|M)", re.IGNORECASE | re.ASCII)
# Values of *SpeedDuplex that Microsoft fixed, in megabits per second; makers add their own, with their texts.
_FIXED: Final = {1: 10, 2: 10, 3: 100, 4: 100, 5: 1000, 6: 1000, 7: 10_000, 8: 20_000, 9: 40_000, 10: 100_000}
_ITSELF: Final = frozenset({"0"})
_NO_SPEED: Final = 1e12  # adapters that are down claim more than this


class Port(NamedTuple):
    """A real adapter: what colleagues see it called, its number (GUID), whether it has a plug, and its speed now."""

    name: str
    guid: str
    wired: bool
    speed: float | None


def _speed(row: Row) -> float | None:
    found = values.number(row, "Speed")
    return found if found is not None and 0 < found < _NO_SPEED else None


def ports(rows: Iterable[Row]) -> list[Port]:
    """From MSFT_NetAdapter, without the virtual ones."""
    found = []
    for row in rows:
        name, guid = values.text(row, "Name"), values.text(row, "InterfaceGuid")
        if name is None or guid is None or values.flag(row, "HardwareInterface") is not True:
            continue
        if values.flag(row, "Virtual"):
            continue
        wired = values.whole(row, "NdisPhysicalMedium") not in _WIRELESS
        found.append(Port(name, guid.upper(), wired, _speed(row)))
    return found


def older_ports(rows: Iterable[Row]) -> list[Port]:
    """From Win32_NetworkAdapter, which calls some virtual ones physical; whether they have a plug is not told."""
    found = []
    for row in rows:
        name, place = values.text(row, "NetConnectionID"), (values.text(row, "PNPDeviceID") or "").upper()
        if name is None or not place or place.startswith(_ROOT) or values.flag(row, "PhysicalAdapter") is False:
            continue
        found.append(Port(name, (values.text(row, "GUID") or "").upper(), wired=True, speed=_speed(row)))
    return found


def ask(system: System) -> list[Port]:
    """Asks the newer class, else the older."""
    try:
        return ports(system.cim(NAMESPACE, "MSFT_NetAdapter", ADAPTER))
    except NotMeasurable:
        return older_ports(system.cim(r"root\cimv2", "Win32_NetworkAdapter", OLDER))


def fastest(choices: Row) -> float | None:
    """Bit/s of the fastest choice of *SpeedDuplex; None for none, or where one is not understood."""
    speeds: list[float] = []
    for key in choices:
        if key in _ITSELF:
            continue
        match = _SPEED.search(values.text(choices, key) or "")
        if key.isdecimal() and int(key) in _FIXED:
            speeds.append(_FIXED[int(key)] * 1e6)
        elif match is not None:
            speeds.append(float(match[1].replace(",", ".")) * (1e9 if match[2].upper() == "G" else 1e6))
        else:
            return None
    return max(speeds, default=None)


def capabilities(system: System) -> list[LinkCapability]:
    """From what each driver offers to be set to; Wi-Fi and virtual ones offer no speed."""
    names = {port.guid: port.name for port in ask(system) if port.wired}
    found = []
    for number in filter(_NUMBERED.match, system.keys(_CLASS)):
        guid = values.text(system.values(rf"{_CLASS}\{number}") or {}, "NetCfgInstanceId")
        if guid is None or guid.upper() not in names:
            continue
        choices = system.values(rf"{_CLASS}\{number}\Ndi\Params\*SpeedDuplex\enum")
        speed = fastest(choices) if choices else None
        if speed is not None:
            found.append(LinkCapability(names[guid.upper()], speed))
    if not found:
        raise NotMeasurable("no network port tells what it can do (Wi-Fi and virtual ones do not)")
    return found
