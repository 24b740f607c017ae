"""Batteries: charge and state from Win32_Battery, wear from the driver's own classes, else from powercfg's report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from xml.etree import ElementTree as ET

from keuring_agent.host.readings import Battery, NotMeasurable
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.values import Row

STATUS: Final = ("InstanceName", "Discharging", "RemainingCapacity")
STATIC: Final = ("InstanceName", "DesignedCapacity", "ManufactureName", "DeviceName")
FULL: Final = ("InstanceName", "FullChargedCapacity")
CYCLES: Final = ("InstanceName", "CycleCount")
SIMPLE: Final = ("DeviceID", "EstimatedChargeRemaining", "BatteryStatus")
_NAMESPACE: Final = r"root\wmi"
_DISCHARGING: Final = frozenset({1, 4, 5})  # BatteryStatus: on battery, low, critical
_UNKNOWN: Final = 0xFFFFFFFF
_DAMAGED: Final = "powercfg's report of the battery cannot be read"
_MOST: Final = 1_000_000  # mWh; no laptop's battery holds as much


class Wear(NamedTuple):
    """What one battery can hold now and could when new (mWh), its full charges, and who made it."""

    full: float | None
    design: float | None
    cycles: int | None
    model: str | None


def _capacity(row: Row, name: str) -> float | None:
    found = values.number(row, name)
    return found if found is not None and 0 < found < _MOST else None


def _by_instance(rows: Iterable[Row]) -> dict[str, Row]:
    return {name: row for row in rows if (name := values.text(row, "InstanceName")) is not None}


def wear(static: Iterable[Row], full: Iterable[Row], cycles: Iterable[Row]) -> dict[str, Wear]:
    """By the driver's name of each battery, in the order of that name."""
    designed, filled, counted = _by_instance(static), _by_instance(full), _by_instance(cycles)
    found = {}
    for name in sorted({*designed, *filled}):
        about = designed.get(name, {})
        # Some drivers answer with text, some with codes.
        named = [values.text(about, key) or values.characters(about, key) for key in ("ManufactureName", "DeviceName")]
        count = values.whole(counted.get(name, {}), "CycleCount")
        found[name] = Wear(
            _capacity(filled.get(name, {}), "FullChargedCapacity"),
            _capacity(about, "DesignedCapacity"),
            count if count not in (0, _UNKNOWN) else None,  # 0: the battery does not count
            " ".join(part for part in named if part) or None,
        )
    return found


def batteries(simple: Sequence[Row], status: Iterable[Row], worn: dict[str, Wear]) -> list[Battery]:
    """One for each that the driver names, else for each of Win32_Battery."""
    if not simple and not worn:
        raise NotMeasurable("this machine has no battery")
    states = _by_instance(status)
    found = []
    names = list(worn) or [""] * len(simple)
    for index, name in enumerate(names):
        one = worn.get(name, Wear(None, None, None, None))
        row = simple[index] if index < len(simple) else {}
        state = states.get(name, {})
        remaining = _capacity(state, "RemainingCapacity")
        # Of two batteries only the driver's own names tell which is which.
        charge = 100 * remaining / one.full if remaining and one.full else None
        if charge is None:
            charge = values.number(row, "EstimatedChargeRemaining")
        discharging = values.flag(state, "Discharging")
        if discharging is None:
            discharging = values.whole(row, "BatteryStatus") in _DISCHARGING
        found.append(
            Battery(
                f"BAT{index}",
                None if charge is None else min(100.0, max(0.0, charge)) / 100,
                discharging,
                None if one.full is None else one.full / 1000,
                None if one.design is None else one.design / 1000,
                one.cycles,
                one.model,
            )
        )
    return found


def report(text: str) -> dict[str, Wear]:
    """powercfg's report in XML. Its dates of use, hour by hour, are not looked at."""
    if "<!" in text:
        raise NotMeasurable(_DAMAGED)
    try:
        tree = ET.fromstring(text)  # noqa: S314  # without a DTD there is nothing to expand
    except ET.ParseError as error:
        raise NotMeasurable(_DAMAGED) from error
    found: dict[str, Wear] = {}
    for element in tree.iter():
        if element.tag.rpartition("}")[2] != "Battery":
            continue
        row: Row = {child.tag.rpartition("}")[2]: child.text for child in element}
        count = values.whole(row, "CycleCount")
        name = " ".join(part for part in (values.text(row, "Manufacturer"), values.text(row, "Id")) if part)
        full, design = _capacity(row, "FullChargeCapacity"), _capacity(row, "DesignCapacity")
        found[f"{len(found)}"] = Wear(full, design, count or None, name or None)
    return found


class BatteryReader:
    """Asks for wear once an hour: it changes by the month, and some drivers ask the battery itself each time."""

    _AGAIN: Final = 3600.0

    def __init__(self, system: System) -> None:
        self._system = system
        self._asked = float("-inf")
        self._wear: dict[str, Wear] = {}

    def read(self, now: float) -> list[Battery]:
        """``now`` is the monotonic clock."""
        simple = self._system.cim(r"root\cimv2", "Win32_Battery", SIMPLE)
        if not simple:
            raise NotMeasurable("this machine has no battery")
        if now - self._asked >= self._AGAIN:
            self._asked = now
            self._wear = wear(
                self._rows("BatteryStaticData", STATIC),
                self._rows("BatteryFullChargedCapacity", FULL),
                self._rows("BatteryCycleCount", CYCLES),
            )
            if not any(one.full for one in self._wear.values()):
                self._wear = self._reported() or self._wear
        return batteries(simple, self._rows("BatteryStatus", STATUS), self._wear)

    def _reported(self) -> dict[str, Wear]:
        try:
            return report(self._system.battery_report())
        except NotMeasurable:
            return {}

    def _rows(self, kind: str, fields: Sequence[str]) -> Sequence[Row]:
        """Nothing where the driver does not tell; what the others tell counts all the same."""
        try:
            return self._system.cim(_NAMESPACE, kind, fields)
        except NotMeasurable:
            return ()
