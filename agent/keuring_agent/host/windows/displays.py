"""Screens, and the machine's age as its own screen tells it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows import values

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keuring_agent.host.windows.api import System
    from keuring_agent.host.windows.values import Row

_NAMESPACE: Final = r"root\wmi"
PARAMETERS: Final = ("InstanceName", "Active")
CONNECTION: Final = ("InstanceName", "VideoOutputTechnology")
IDENTITY: Final = ("InstanceName", "WeekOfManufacture", "YearOfManufacture")
_BUILT_IN: Final = frozenset({6, 11, 13, 0x80000000})  # LVDS, embedded DisplayPort and UDI, and "internal"
_FIRST_YEAR, _LAST_YEAR, _WEEKS = 1990, 2245, 54


def in_use(rows: Iterable[Row]) -> int:
    """How many are on."""
    return sum(values.flag(row, "Active") is True for row in rows)


def panel_made(connections: Iterable[Row], identities: Iterable[Row]) -> float | None:
    """When the built-in screen was made; None where it tells a year of model, or nothing."""
    built_in = {
        values.text(row, "InstanceName")
        for row in connections
        if values.whole(row, "VideoOutputTechnology") in _BUILT_IN
    }
    own = (made(row) for row in identities if values.text(row, "InstanceName") in built_in)
    return next((time for time in own if time is not None), None)


def made(row: Row) -> float | None:
    """When a screen was made (WmiMonitorID), by week of its year; None for a year of model, or nothing."""
    year, week = values.whole(row, "YearOfManufacture"), values.whole(row, "WeekOfManufacture") or 0
    if year is None or not _FIRST_YEAR < year <= _LAST_YEAR or week > _WEEKS:
        return None
    weeks = max(0, week - 1) if week else 26  # 0: the week is not told; half-way, then
    return (datetime(year, 1, 1, tzinfo=UTC) + timedelta(weeks=weeks)).timestamp()


def count(system: System) -> int:
    """Asks."""
    rows = system.cim(_NAMESPACE, "WmiMonitorBasicDisplayParams", PARAMETERS)
    if not rows:
        raise NotMeasurable("no screen is connected that tells about itself")
    return in_use(rows)


def manufactured(system: System) -> float:
    """Asks."""
    made = panel_made(
        system.cim(_NAMESPACE, "WmiMonitorConnectionParams", CONNECTION),
        system.cim(_NAMESPACE, "WmiMonitorID", IDENTITY),
    )
    if made is None:
        raise NotMeasurable("nothing here tells when this machine was made (laptops do, by their own screen)")
    return made
