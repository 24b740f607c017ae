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
    TIP = "tip"  # something that would help, and no ticket


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
    # Planted in the demo only: the rule is true, and who works there would not call it a problem.
    TIGHT_ON_PURPOSE = "tight_on_purpose"
    # Planted in the year only.
    VOLUME_RUNAWAY = "volume_runaway"
    INODES_USED_UP = "inodes_used_up"
    FILE_SYSTEM_DAMAGE = "file_system_damage"
    READ_ONLY = "read_only"
    DISK_VERDICT = "disk_verdict"
    MEDIA_ERRORS = "media_errors"
    BLOCKS_FAILING = "blocks_failing"
    ENDURANCE_ENDING = "endurance_ending"
    COMMAND_TIMEOUTS = "command_timeouts"
    DISK_STALLING = "disk_stalling"
    DISK_SLOWER = "disk_slower"
    DISK_WAITED_FOR = "disk_waited_for"
    HARD_DISK_HOT = "hard_disk_hot"
    NVME_HOT = "nvme_hot"
    BATTERY_BELOW_MODEL = "battery_below_model"
    DUST = "dust"
    FAN_STOPPED = "fan_stopped"
    MEMORY_CORRECTED = "memory_corrected"
    MEMORY_UNCORRECTED = "memory_uncorrected"
    KERNEL_OOPSES = "kernel_oopses"
    MEMORY_LEAK = "memory_leak"
    OUT_OF_MEMORY = "out_of_memory"
    PROCESSOR_SHORT = "processor_short"
    NETWORK_ERRORS = "network_errors"
    LINK_FLAPPING = "link_flapping"
    START_GROWING = "start_growing"
    START_SLOW = "start_slow"
    CLOCK_DRIFTING = "clock_drifting"
    SECURITY_STUCK = "security_stuck"
    # They deserve a tip, which is no ticket.
    UP_FOR_LONG = "up_for_long"
    OLD_FIRMWARE = "old_firmware"
    ALWAYS_FULL = "always_full"
    LITTLE_MEMORY = "little_memory"
    FULL_FOR_WEEKS = "full_for_weeks"
    SLOW_LINK = "slow_link"
    # What the good rules leave alone.
    CLEARED_IN_TIME = "cleared_in_time"
    LARGE_AND_FULLISH = "large_and_fullish"
    OLD_SECTORS = "old_sectors"
    ONE_MACHINE_CHECK = "one_machine_check"
    ONE_UNCLEAN_SHUTDOWN = "one_unclean_shutdown"
    OLD_CABLE = "old_cable"
    BUSY_AFTERNOONS = "busy_afternoons"
    WORN_BUT_STEADY = "worn_but_steady"
    # The same, in the year only.
    ONE_OOPS = "one_oops"
    ONE_MEMORY_ERROR = "one_memory_error"
    ONE_MEDIA_ERROR = "one_media_error"
    TWO_BAD_BLOCKS = "two_bad_blocks"
    FEW_TIMEOUTS = "few_timeouts"
    WARM_PLACE = "warm_place"
    SLOW_AFTER_UPDATES = "slow_after_updates"
    LEAK_AND_RESTART = "leak_and_restart"
    BIG_COPIES = "big_copies"
    SOME_NETWORK_ERRORS = "some_network_errors"
    DOCKED_OFTEN = "docked_often"
    GAUGE_CORRECTED = "gauge_corrected"
    FAN_RESTS = "fan_rests"
    CLOCK_SET_ONCE = "clock_set_once"
    FIRMWARE_OF_TWO_YEARS = "firmware_of_two_years"
    MUCH_WRITTEN = "much_written"


TIPS: Final = frozenset(
    {
        Problem.UP_FOR_LONG,
        Problem.OLD_FIRMWARE,
        Problem.ALWAYS_FULL,
        Problem.LITTLE_MEMORY,
        Problem.FULL_FOR_WEEKS,
        Problem.SLOW_LINK,
    }
)
DEMO_ONLY: Final = frozenset({Problem.TIGHT_ON_PURPOSE})
LOOK_ALIKES: Final = frozenset(list(Problem)[list(Problem).index(Problem.LARGE_AND_FULLISH) :])

OUTCOMES: Final[Mapping[Problem, Outcome]] = {
    **dict.fromkeys(Problem, Outcome.TICKET),
    Problem.CLEARED_IN_TIME: Outcome.CLOSED,
    **dict.fromkeys(TIPS, Outcome.TIP),
    **dict.fromkeys(LOOK_ALIKES, Outcome.NOTHING),
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
    Problem.TIGHT_ON_PURPOSE: (catalogue.KEURING_PRESSURE_MEMORY_SOME,),
    Problem.REBOOT_PENDING: (catalogue.KEURING_REBOOT_PENDING,),
    Problem.UPDATES_PENDING: (
        catalogue.KEURING_UPDATES_SECURITY_PENDING,
        catalogue.KEURING_UPDATES_LAST_INSTALLED,
        catalogue.KEURING_UPDATES_PENDING,
    ),
    Problem.SUPPORT_ENDED: (catalogue.KEURING_OS_SUPPORT_END, catalogue.OS_VERSION),
    Problem.SUPPORT_ENDING: (catalogue.KEURING_OS_SUPPORT_END, catalogue.OS_VERSION),
    Problem.CLOCK_OFF: (catalogue.KEURING_CLOCK_OFFSET, catalogue.KEURING_CLOCK_SYNCHRONISED),
    Problem.VOLUME_RUNAWAY: (catalogue.SYSTEM_FILESYSTEM_UTILIZATION, catalogue.KEURING_FILESYSTEM_AVAILABLE),
    Problem.INODES_USED_UP: (catalogue.KEURING_FILESYSTEM_INODES_UTILIZATION,),
    Problem.FILE_SYSTEM_DAMAGE: (catalogue.KEURING_FILESYSTEM_ERROR,),
    Problem.READ_ONLY: (catalogue.KEURING_FILESYSTEM_READ_ONLY,),
    Problem.DISK_VERDICT: (catalogue.KEURING_SMART_PASSED,),
    Problem.MEDIA_ERRORS: (catalogue.KEURING_SMART_MEDIA_ERRORS,),
    Problem.BLOCKS_FAILING: (catalogue.KEURING_SMART_REALLOCATED_SECTORS,),
    Problem.ENDURANCE_ENDING: (catalogue.KEURING_SMART_ENDURANCE_UTILIZATION,),
    Problem.COMMAND_TIMEOUTS: (catalogue.KEURING_SMART_COMMAND_TIMEOUTS,),
    Problem.DISK_STALLING: (catalogue.KEURING_DISK_LATENCY,),
    Problem.DISK_SLOWER: (catalogue.KEURING_DISK_LATENCY,),
    Problem.DISK_WAITED_FOR: (catalogue.KEURING_PRESSURE_IO_FULL, catalogue.KEURING_PRESSURE_IO_SOME),
    Problem.HARD_DISK_HOT: (catalogue.KEURING_SMART_TEMPERATURE,),
    Problem.NVME_HOT: (catalogue.KEURING_SMART_TEMPERATURE,),
    Problem.BATTERY_BELOW_MODEL: (catalogue.KEURING_BATTERY_HEALTH,),
    Problem.DUST: (catalogue.HW_TEMPERATURE, catalogue.HW_FAN_SPEED, catalogue.KEURING_CPU_THROTTLING),
    Problem.FAN_STOPPED: (catalogue.HW_FAN_SPEED, catalogue.HW_TEMPERATURE),
    Problem.MEMORY_CORRECTED: (catalogue.KEURING_MEMORY_ERRORS_CORRECTED,),
    Problem.MEMORY_UNCORRECTED: (catalogue.KEURING_MEMORY_ERRORS_UNCORRECTED,),
    Problem.KERNEL_OOPSES: (catalogue.KEURING_KERNEL_OOPS,),
    Problem.MEMORY_LEAK: (catalogue.KEURING_MEMORY_COMMIT_UTILIZATION, catalogue.SYSTEM_MEMORY_UTILIZATION),
    Problem.OUT_OF_MEMORY: (catalogue.KEURING_MEMORY_OOM_KILLS,),
    Problem.PROCESSOR_SHORT: (catalogue.KEURING_PRESSURE_CPU_SOME, catalogue.SYSTEM_CPU_UTILIZATION),
    Problem.NETWORK_ERRORS: (catalogue.KEURING_NETWORK_ERRORS_RECEIVE, catalogue.KEURING_NETWORK_ERRORS_TRANSMIT),
    Problem.LINK_FLAPPING: (catalogue.KEURING_NETWORK_LINK_CHANGES,),
    Problem.START_GROWING: (catalogue.KEURING_BOOT_DURATION,),
    Problem.START_SLOW: (catalogue.KEURING_BOOT_DURATION,),
    Problem.CLOCK_DRIFTING: (catalogue.KEURING_CLOCK_SYNCHRONISED, catalogue.KEURING_CLOCK_OFFSET),
    Problem.SECURITY_STUCK: (catalogue.KEURING_UPDATES_SECURITY_PENDING,),
    Problem.UP_FOR_LONG: (catalogue.SYSTEM_UPTIME,),
    Problem.OLD_FIRMWARE: (catalogue.KEURING_FIRMWARE_RELEASED,),
    Problem.ALWAYS_FULL: (catalogue.HW_BATTERY_CHARGE,),
    Problem.LITTLE_MEMORY: (catalogue.SYSTEM_MEMORY_UTILIZATION,),
    Problem.FULL_FOR_WEEKS: (catalogue.SYSTEM_FILESYSTEM_UTILIZATION,),
    Problem.SLOW_LINK: (catalogue.KEURING_NETWORK_LINK_SPEED,),
}


@dataclass(frozen=True, slots=True)
class Planted:
    """A course planted in one machine: from when, how fast (``pace``, by problem), and until it was mended.

    Times are seconds since 1970. ``hinders``: when the colleague cannot work as usual any more (the volume is full, the
    disk fails, the battery is at its end); infinite where that does not happen within what is simulated.
    """

    problem: Problem
    subject: str
    since: float
    pace: float = 1.0
    until: float = float("inf")
    hinders: float = float("inf")

    @property
    def outcome(self) -> Outcome:
        """What it must lead to."""
        mended = OUTCOMES[self.problem] is Outcome.TICKET and self.until != float("inf")
        return Outcome.CLOSED if mended and self.hinders == float("inf") else OUTCOMES[self.problem]


@dataclass(frozen=True, slots=True)
class Need:
    """Which machines a course can be planted in, in how many of a plan's machines, and in how many it was mended."""

    problem: Problem
    count: int
    mended: int = 0
    chassis: str = ""
    system: str = ""
    disk: str = ""  # the subject is the disk of that kind
    models: frozenset[str] = frozenset()  # none: any


@dataclass(frozen=True, slots=True)
class Timing:
    """When a course begins, and how fast it goes.

    ``begins``: days before now, from and to. ``pace``: its meaning differs by course. ``lasts``: days from its begin
    to when it hinders, no days: at once; None: not within what is simulated. ``after``: days from then until
    it is mended.
    """

    begins: tuple[float, float]
    pace: tuple[float, float] = (0.0, 0.0)
    lasts: tuple[float, float] | None = None
    after: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What is planted in a fleet. Counts of ``needs`` are for ``machines`` of them; history is ``days`` long."""

    needs: tuple[Need, ...]
    timing: Mapping[Problem, Timing]
    machines: int
    days: int
    least_healthy: float  # the share in which nothing is planted, at least
    seasons: bool = False  # summers, leave, large jobs: what a longer history has


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
    # With what the desk says of these, there are verdicts enough to look for a better threshold.
    Need(Problem.MEMORY_PRESSURE, 9, mended=7, system="linux"),
    Need(Problem.TIGHT_ON_PURPOSE, 6, system="linux"),
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

_TIMING: Final[Mapping[Problem, Timing]] = {
    Problem.VOLUME_FILLING: Timing((90, 60), (5.0, 26.0)),  # pace: days left now
    Problem.VOLUME_FULL: Timing((70, 50), (0.0, 0.0)),
    Problem.CLEARED_IN_TIME: Timing((80, 70), (0.0, 0.0)),
    Problem.BATTERY_WEARING: Timing((90, 90), (0.52, 0.60)),  # pace: health now
    Problem.WORN_BUT_STEADY: Timing((90, 90), (0.80, 0.84)),  # pace: health throughout
    Problem.OVERHEATING: Timing((20, 12), (0.7, 1.3)),
    Problem.SECTORS_GROWING: Timing((25, 12), (0.6, 3.0)),  # pace: sectors a day
    Problem.OLD_SECTORS: Timing((90, 90), (4.0, 24.0)),  # pace: sectors throughout
    Problem.SPARE_DROPPING: Timing((40, 25), (0.04, 0.09)),  # pace: spare now
    Problem.IO_ERRORS: Timing((9, 5), (2.0, 6.0)),  # pace: errors a day
    Problem.MACHINE_CHECKS: Timing((18, 10), (3.0, 5.0)),  # pace: how many
    Problem.ONE_MACHINE_CHECK: Timing((60, 20), (1.0, 1.0)),
    Problem.UNCLEAN_SHUTDOWNS: Timing((22, 14), (4.0, 6.0)),
    Problem.ONE_UNCLEAN_SHUTDOWN: Timing((60, 10), (1.0, 1.0)),
    Problem.CABLE: Timing((15, 10), (8.0, 30.0)),  # pace: errors a day
    Problem.OLD_CABLE: Timing((90, 90), (3.0, 60.0)),  # pace: errors throughout
    Problem.MEMORY_PRESSURE: Timing((20, 12), (0.22, 0.4)),  # pace: share of time waited
    Problem.TIGHT_ON_PURPOSE: Timing((60, 18), (0.106, 0.112)),  # pace: share of time waited
    Problem.BUSY_AFTERNOONS: Timing((90, 90), (0.0, 0.0)),
    Problem.REBOOT_PENDING: Timing((34, 26), (0.0, 0.0)),
    Problem.UPDATES_PENDING: Timing((60, 48), (8.0, 20.0)),  # pace: security updates now
    Problem.SUPPORT_ENDED: Timing((90, 90), (0.0, 0.0)),
    Problem.SUPPORT_ENDING: Timing((90, 90), (0.0, 0.0)),
    Problem.LARGE_AND_FULLISH: Timing((90, 90), (0.90, 0.93)),  # pace: share used
    Problem.CLOCK_OFF: Timing((10, 6), (40.0, 120.0)),  # pace: seconds
}
DEMO: Final = Plan(NEEDS, _TIMING, machines=200, days=90, least_healthy=0.5)
