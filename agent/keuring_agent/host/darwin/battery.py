"""The battery, from the registry's AppleSmartBattery, or from system_profiler where that says more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import profile, registry
from keuring_agent.host.readings import Battery, NotMeasurable, Temperature

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.commands import Run
    from keuring_agent.host.darwin.profile import Item
    from keuring_agent.host.darwin.registry import Entry

NAME: Final = "InternalBattery-0"  # as pmset calls it; Macs have one
_CLASS: Final = "AppleSmartBattery"
_CELLS: Final = re.compile(r'"CellVoltage"=\(([0-9, ]+)\)')
_NOMINAL: Final = 3.8  # volts of one cell, as Apple's own watt-hours have it
_FULLEST: Final = 4.4  # no cell has more
_PERCENT: Final = 100  # on Apple silicon the old capacities are shares, and only the raw ones mAh
_COLDEST, _HOTTEST = -20.0, 100.0
_NONE: Final = "this machine has no battery"
# Names of a field of system_profiler, by version.
_FULL: Final = ("Full Charge Capacity (mAh)", "Full charge capacity (mAh)", "sppower_battery_max_capacity")
_LEFT: Final = ("Charge Remaining (mAh)", "Charge remaining (mAh)", "sppower_battery_current_capacity")


def asked(run: Run, timeout: float) -> Entry:
    """What the registry says of the battery. Raises NotMeasurable where there is none."""
    entries = registry.ask(run, timeout, _CLASS)
    found = next((entry for entry in entries if entry.kind == _CLASS), None)
    if found is None or found.flag("BatteryInstalled") is False:
        raise NotMeasurable(_NONE)
    return found


def of_registry(entry: Entry) -> Battery:
    """Capacities in watt-hours at the voltage that the cells are made for, so that they do not sway with the charge."""
    volts = _nominal(entry)
    most, now = entry.number("MaxCapacity"), entry.number("CurrentCapacity")
    full = entry.number("NominalChargeCapacity", "AppleRawMaxCapacity")
    if full is None and most is not None and most > _PERCENT:
        full = most
    design = entry.number("DesignCapacity")
    maker = [part for part in (entry.text("Manufacturer"), entry.text("DeviceName")) if part]
    return Battery(
        NAME,
        min(1.0, max(0.0, now / most)) if most and now is not None and most > 0 else None,
        entry.flag("ExternalConnected") is False,
        _energy(full, volts),
        _energy(design, volts),
        entry.number("CycleCount"),
        " ".join(maker) or None,
    )


def _nominal(entry: Entry) -> float | None:
    cells = _CELLS.search(entry.properties.get("BatteryData", ""))
    if cells is not None:
        return _NOMINAL * len(cells[1].split(","))
    voltage = entry.number("Voltage", "AppleRawBatteryVoltage")
    return None if voltage is None else _by_voltage(voltage)


def _by_voltage(millivolts: float) -> float | None:
    """As many cells in series as the voltage takes at least; near to flat four would pass for three."""
    return _NOMINAL * -(-millivolts // (_FULLEST * 1000)) if 0 < millivolts < 20_000 else None


def _energy(milliampere_hours: float | None, volts: float | None) -> float | None:
    if milliampere_hours is None or volts is None or not 0 < milliampere_hours < 100_000:
        return None
    return milliampere_hours * volts / 1000


def temperature(entry: Entry) -> list[Temperature]:
    """The one temperature that macOS tells without root and without cost, in hundredths of a degree."""
    hundredths = entry.number("Temperature")
    celsius = None if hundredths is None else hundredths / 100
    if celsius is None or not _COLDEST < celsius < _HOTTEST or not celsius:
        raise NotMeasurable("macOS tells no temperature but the battery's, and this one does not tell it")
    return [Temperature("battery", celsius, None)]


def of_profile(sections: Sequence[Item]) -> Battery:
    """The same of system_profiler's SPPowerDataType, which does not know what the battery could hold when new."""
    items = list(profile.walk(sections))
    charge = next((item for item in items if item.name in ("Charge Information", "sppower_battery_charge_info")), None)
    if charge is None:
        raise NotMeasurable(_NONE)
    health = _named(items, "Health Information", "sppower_battery_health_info")
    model = _named(items, "Model Information", "sppower_battery_model_info")
    around = _named(items, "Battery Information", "spbattery_information")
    charger = _named(items, "AC Charger Information", "sppower_ac_charger_information")
    full = _number(charge.first(*_FULL))
    left = _number(charge.first(*_LEFT))
    percent = _number(charge.first("State of Charge (%)", "sppower_battery_state_of_charge"))
    if percent is None and full and left is not None:
        percent = 100 * left / full
    voltage = _number(around.first("Voltage (mV)", "sppower_current_voltage"))
    cycles = _number(health.first("Cycle Count", "Cycle count", "sppower_battery_cycle_count"))
    names = (
        model.first("Manufacturer", "sppower_battery_manufacturer"),
        model.first("Device Name", "Device name", "sppower_battery_device_name"),
    )
    return Battery(
        NAME,
        None if percent is None else min(1.0, max(0.0, percent / 100)),
        charger.first("Connected", "sppower_battery_charger_connected") in ("No", "FALSE"),
        _energy(full, None if voltage is None else _by_voltage(voltage)),
        None,
        None if cycles is None else int(cycles),
        " ".join(name for name in names if name) or None,
    )


def _named(items: list[Item], *names: str) -> Item:
    return next((item for item in items if item.name in names), profile.Item("", {}, []))


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and text.isdecimal() and text.isascii() and len(text) < 10 else None
