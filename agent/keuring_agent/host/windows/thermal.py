"""Temperatures of ACPI's thermal zones, as far as they can be believed.

Firmware often gives one number for ever, or a zone that is no part's temperature. So a zone is told only after it was
seen to move, within a range that parts can have; until then nothing is said, and why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable, Temperature
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.values import Row

KIND: Final = "MSAcpi_ThermalZoneTemperature"
FIELDS: Final = ("InstanceName", "CurrentTemperature", "CriticalTripPoint")
_AGAIN: Final = 240.0  # seconds; asking runs code of the firmware
_ZERO: Final = 273.15
_COLDEST, _HOTTEST = 0.0, 125.0
_UNMOVED: Final = "the temperatures that this machine's firmware tells do not move, so they tell nothing"


def _celsius(row: Row, name: str) -> float | None:
    """Told in tenths of a kelvin."""
    tenths = values.number(row, name)
    celsius = None if tenths is None else tenths / 10 - _ZERO
    return round(celsius, 2) if celsius is not None and _COLDEST < celsius < _HOTTEST else None


def zones(rows: Iterable[Row]) -> list[Temperature]:
    """Each zone: "ACPI\\ThermalZone\\TZ00_0" goes by "TZ00"."""
    found: dict[str, Temperature] = {}
    for row in rows:
        celsius = _celsius(row, "CurrentTemperature")
        name = (values.text(row, "InstanceName") or "").rpartition("\\")[2].partition("_")[0]
        if celsius is not None and name:
            found.setdefault(name, Temperature(f"thermal zone {name}", celsius, _celsius(row, "CriticalTripPoint")))
    return list(found.values())


class ThermalReader:
    """Remembers which zones moved."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._asked = float("-inf")
        self._found: list[Temperature] = []
        self._first: dict[str, float] = {}
        self._moved: set[str] = set()

    def read(self, now: float) -> list[Temperature]:
        """``now`` is the monotonic clock; between two questions the last answer holds."""
        if now - self._asked >= _AGAIN:
            self._asked = now
            self._found = []
            self._found = zones(self._system.cim(r"root\wmi", KIND, FIELDS))
            for zone in self._found:
                if self._first.setdefault(zone.sensor, zone.celsius) != zone.celsius:
                    self._moved.add(zone.sensor)
        if not self._found:
            raise NotMeasurable("no temperature sensor is visible (virtual machines have none)")
        believed = [zone for zone in self._found if zone.sensor in self._moved]
        if not believed:
            raise NotMeasurable(_UNMOVED)
        return believed
