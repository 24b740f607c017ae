"""What a year brings to every machine: a summer, large jobs, slow starts, installations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from keuring.signals import catalogue as signals
from keuring_collector.demo.presence import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.sheet import Sheet

YEAR: Final = 365.2425 * DAY
WARMEST: Final = 205 * DAY  # after New Year: late July
ROOM: Final = 3.0  # Cel that an office is warmer in summer than in spring, and cooler in winter
SENSOR: Final = "coretemp/Package id 0"


def play(machine: Machine, sheet: Sheet, random: np.random.Generator) -> None:
    """Changes what a machine measured by the time of year, and by what happens now and then on any machine."""
    warmth = _warmth(sheet.windows.end, random)
    sheet.change(signals.HW_TEMPERATURE, SENSOR, lambda values: values + warmth)
    sheet.change(signals.HW_FAN_SPEED, "fan1", lambda values: values + 60.0 * warmth)
    for disk in machine.disks:
        sheet.change(signals.KEURING_SMART_TEMPERATURE, disk.device, lambda values: values + warmth)
    # Each machine has its own place: some are warmer, some start slower.
    own = float(random.normal(0, 1.2))
    sheet.change(signals.HW_TEMPERATURE, SENSOR, lambda values: values + own)
    boots = int(sheet.windows.boot[-1]) + 1 if len(sheet) else 0
    late = random.gamma(1.5, 2.0, boots) + np.where(random.random(boots) < 0.02, random.uniform(30, 90, boots), 0.0)
    sheet.change(signals.KEURING_BOOT_DURATION, "", lambda values: values + late[sheet.windows.boot])
    if machine.model.chassis == "laptop":
        # A thin laptop slows down for a moment at heavy work, some tens of times a week.
        slowed = random.poisson(1.5 * sheet.windows.hours)
        sheet.change(signals.KEURING_CPU_THROTTLING, "", lambda values: values + slowed)


def _warmth(end: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Degrees by season, with spells of a week or so that all machines of an office have in common."""
    season = ROOM * np.cos(2 * np.pi * (end - WARMEST) / YEAR)
    spell = np.sin(end / (5.3 * DAY)) + np.sin(end / (3.1 * DAY))
    warmth: NDArray[np.float64] = season + 0.7 * spell + random.normal(0, 0.5, len(end))
    return warmth
