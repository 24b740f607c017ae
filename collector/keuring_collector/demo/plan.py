"""What was planted in the simulated fleet: the truth that its tickets can be held against."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

from keuring.signals import catalogue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keuring.signals.model import Signal


class Outcome(Enum):
    """What a planted course must lead to."""

    TICKET = "ticket"  # an open ticket
    CLOSED = "closed"  # perhaps a ticket on the way, but none that is open at the end
    NOTHING = "nothing"  # it only looks like a problem: never a ticket


class Problem(Enum):
    """The courses that can be planted."""

    VOLUME_FILLING = "volume_filling"
    VOLUME_FULL = "volume_full"
    BATTERY_WEARING = "battery_wearing"
    OVERHEATING = "overheating"
    SECTORS_GROWING = "sectors_growing"
    SPARE_DROPPING = "spare_dropping"
    IO_ERRORS = "io_errors"
    MACHINE_CHECKS = "machine_checks"
    UNCLEAN_SHUTDOWNS = "unclean_shutdowns"
    CABLE = "cable"
    MEMORY_PRESSURE = "memory_pressure"
    REBOOT_PENDING = "reboot_pending"
    UPDATES_PENDING = "updates_pending"
    SUPPORT_ENDED = "support_ended"
    SUPPORT_ENDING = "support_ending"
    CLOCK_OFF = "clock_off"
    # What the good rules leave alone.
    CLEARED_IN_TIME = "cleared_in_time"
    LARGE_AND_FULLISH = "large_and_fullish"
    OLD_SECTORS = "old_sectors"
    ONE_MACHINE_CHECK = "one_machine_check"
    ONE_UNCLEAN_SHUTDOWN = "one_unclean_shutdown"
    OLD_CABLE = "old_cable"
    BUSY_AFTERNOONS = "busy_afternoons"
    WORN_BUT_STEADY = "worn_but_steady"


OUTCOMES: Final[Mapping[Problem, Outcome]] = {
    **dict.fromkeys(Problem, Outcome.TICKET),
    Problem.CLEARED_IN_TIME: Outcome.CLOSED,
    Problem.LARGE_AND_FULLISH: Outcome.NOTHING,
    Problem.OLD_SECTORS: Outcome.NOTHING,
    Problem.ONE_MACHINE_CHECK: Outcome.NOTHING,
    Problem.ONE_UNCLEAN_SHUTDOWN: Outcome.NOTHING,
    Problem.OLD_CABLE: Outcome.NOTHING,
    Problem.BUSY_AFTERNOONS: Outcome.NOTHING,
    Problem.WORN_BUT_STEADY: Outcome.NOTHING,
}

# The signals of which a right ticket's evidence names at least one.
SIGNALS: Final[Mapping[Problem, tuple[Signal, ...]]] = {
    Problem.VOLUME_FILLING: (catalogue.SYSTEM_FILESYSTEM_UTILIZATION, catalogue.KEURING_FILESYSTEM_AVAILABLE),
    Problem.VOLUME_FULL: (catalogue.SYSTEM_FILESYSTEM_UTILIZATION, catalogue.KEURING_FILESYSTEM_AVAILABLE),
    Problem.BATTERY_WEARING: (catalogue.KEURING_BATTERY_HEALTH,),
    Problem.OVERHEATING: (catalogue.KEURING_CPU_THROTTLING, catalogue.HW_TEMPERATURE),
    Problem.SECTORS_GROWING: (
        catalogue.KEURING_SMART_REALLOCATED_SECTORS,
        catalogue.KEURING_SMART_PENDING_SECTORS,
        catalogue.KEURING_SMART_OFFLINE_UNCORRECTABLE,
        catalogue.KEURING_SMART_REPORTED_UNCORRECTABLE,
    ),
    Problem.SPARE_DROPPING: (
        catalogue.KEURING_SMART_AVAILABLE_SPARE,
        catalogue.KEURING_SMART_CRITICAL_WARNING,
        catalogue.KEURING_SMART_MEDIA_ERRORS,
    ),
    Problem.IO_ERRORS: (catalogue.KEURING_DISK_IO_ERROR, catalogue.KEURING_FILESYSTEM_ERROR),
    Problem.MACHINE_CHECKS: (catalogue.KEURING_CPU_MACHINE_CHECK,),
    Problem.UNCLEAN_SHUTDOWNS: (catalogue.KEURING_SYSTEM_UNCLEAN_SHUTDOWN,),
    Problem.CABLE: (catalogue.KEURING_SMART_CRC_ERRORS,),
    Problem.MEMORY_PRESSURE: (
        catalogue.KEURING_PRESSURE_MEMORY_SOME,
        catalogue.KEURING_PRESSURE_MEMORY_FULL,
        catalogue.KEURING_MEMORY_COMMIT_UTILIZATION,
        catalogue.SYSTEM_PAGING_UTILIZATION,
    ),
    Problem.REBOOT_PENDING: (catalogue.KEURING_REBOOT_PENDING,),
    Problem.UPDATES_PENDING: (
        catalogue.KEURING_UPDATES_SECURITY_PENDING,
        catalogue.KEURING_UPDATES_LAST_INSTALLED,
        catalogue.KEURING_UPDATES_PENDING,
    ),
    Problem.SUPPORT_ENDED: (catalogue.KEURING_OS_SUPPORT_END, catalogue.OS_VERSION),
    Problem.SUPPORT_ENDING: (catalogue.KEURING_OS_SUPPORT_END, catalogue.OS_VERSION),
    Problem.CLOCK_OFF: (catalogue.KEURING_CLOCK_OFFSET, catalogue.KEURING_CLOCK_SYNCHRONISED),
}


@dataclass(frozen=True, slots=True)
class Planted:
    """A course planted in one machine: from when, how fast (``pace``, by problem), and until it was mended.

    Times are seconds since 1970.
    """

    problem: Problem
    subject: str
    since: float
    pace: float = 1.0
    until: float = float("inf")

    @property
    def outcome(self) -> Outcome:
        """What it must lead to."""
        return OUTCOMES[self.problem] if self.until == float("inf") else Outcome.CLOSED


@dataclass(frozen=True, slots=True)
class Need:
    """Which machines a course can be planted in, in how many of 200, and in how many of those it was mended."""

    problem: Problem
    count: int
    mended: int = 0
    chassis: str = ""
    system: str = ""
    disk: str = ""  # the subject is the disk of that kind


# Order matters: what is hardest to place comes first.
NEEDS: Final = (
    Need(Problem.SECTORS_GROWING, 4, disk="hdd"),
    Need(Problem.OLD_SECTORS, 3, disk="hdd"),
    Need(Problem.CABLE, 2, disk="hdd"),
    Need(Problem.OLD_CABLE, 2, disk="hdd"),
    Need(Problem.LARGE_AND_FULLISH, 3, disk="hdd"),
    Need(Problem.SPARE_DROPPING, 2, chassis="laptop", disk="nvme"),
    Need(Problem.BATTERY_WEARING, 6, mended=1, chassis="laptop"),
    Need(Problem.WORN_BUT_STEADY, 4, chassis="laptop"),
    Need(Problem.SUPPORT_ENDED, 1, system="linux"),
    Need(Problem.SUPPORT_ENDING, 3, system="linux"),
    Need(Problem.OVERHEATING, 4, mended=1, system="linux"),
    Need(Problem.MEMORY_PRESSURE, 3, mended=1, system="linux"),
    Need(Problem.BUSY_AFTERNOONS, 4, system="linux"),
    Need(Problem.CLOCK_OFF, 1, system="linux"),
    Need(Problem.IO_ERRORS, 2, system="linux"),
    Need(Problem.MACHINE_CHECKS, 2, system="linux"),
    Need(Problem.ONE_MACHINE_CHECK, 2, system="linux"),
    Need(Problem.UNCLEAN_SHUTDOWNS, 3),
    Need(Problem.ONE_UNCLEAN_SHUTDOWN, 4),
    Need(Problem.REBOOT_PENDING, 4, chassis="laptop"),
    Need(Problem.UPDATES_PENDING, 3),
    Need(Problem.VOLUME_FILLING, 8),
    Need(Problem.VOLUME_FULL, 2),
    Need(Problem.CLEARED_IN_TIME, 4, mended=4),
)
