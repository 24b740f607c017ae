"""Batteries: charge, wear and age."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import (
    HW_BATTERY_CHARGE,
    KEURING_BATTERY_CAPACITY_DESIGN,
    KEURING_BATTERY_CAPACITY_FULL,
    KEURING_BATTERY_CYCLES,
    KEURING_BATTERY_HEALTH,
    KEURING_BATTERY_MODEL,
)
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host
    from keuring_agent.sensors.base import Notebook

# Under these names other sensors find the last charge, which tells a flat battery from a crash.
CHARGE: Final = "battery_charge"
DISCHARGING: Final = "battery_discharging"


class Batteries(Sensor):
    """Charge moves slowly enough for once a window."""

    name = "battery"
    signals = (
        HW_BATTERY_CHARGE,
        KEURING_BATTERY_HEALTH,
        KEURING_BATTERY_CYCLES,
        KEURING_BATTERY_CAPACITY_FULL,
        KEURING_BATTERY_CAPACITY_DESIGN,
        KEURING_BATTERY_MODEL,
    )
    pace = Pace.WINDOW

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def read(self, host: Host, out: Readings) -> None:
        self._notebook.pop(CHARGE, None)
        try:
            batteries = host.batteries()
        except NotMeasurable:
            self._notebook.pop(DISCHARGING, None)
            raise
        charges = [battery.charge for battery in batteries if battery.charge is not None]
        if charges:
            self._notebook[CHARGE] = max(charges)
            self._notebook[DISCHARGING] = any(battery.discharging for battery in batteries)
        for battery in batteries:
            name = battery.battery
            out.gauge(HW_BATTERY_CHARGE, battery.charge, name)
            if battery.full and battery.design:
                out.gauge(KEURING_BATTERY_HEALTH, battery.full / battery.design, name)
            out.gauge(KEURING_BATTERY_CYCLES, battery.cycles, name)
            out.gauge(KEURING_BATTERY_CAPACITY_FULL, battery.full, name)
            out.gauge(KEURING_BATTERY_CAPACITY_DESIGN, battery.design, name)
            out.fact(KEURING_BATTERY_MODEL, battery.model, name)
        out.cannot("the battery does not tell this", *self.signals)
