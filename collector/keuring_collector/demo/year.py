"""A year of a fleet: one in which nothing is ill, and one in which every problem is planted in several machines.

Each course begins on a day of its own, so that all seasons see all problems. What only looks like a problem is planted
in plenty in the healthy fleet, and some of it in the sick one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_collector.demo.plan import Need, Plan, Problem, Timing

if TYPE_CHECKING:
    from collections.abc import Mapping

DAYS: Final = 365
_ALL_YEAR: Final = (366.0, 366.0)
_COMMON: Final = frozenset({"Notitie 14 G2", "Notitie 14 G3", "Bureau 400"})  # with peers enough
_LITTLE_MEMORY: Final = frozenset({"Vlonder 13"})


def _course(
    lasts: tuple[float, float], pace: tuple[float, float] = (0.0, 0.0), after: tuple[float, float] = (3.0, 5.0)
) -> Timing:
    """A course that hinders ``lasts`` days after it begins, on any day of the year, and is mended ``after`` days."""
    return Timing((305.0, lasts[1] + 8.0), pace, lasts, after)


def _at_once(
    pace: tuple[float, float] = (0.0, 0.0), after: tuple[float, float] = (15.0, 30.0), begins: float = 305.0
) -> Timing:
    """A course that hinders from its first moment."""
    return Timing((begins, 45.0), pace, (0.0, 0.0), after)


def _look_alike(pace: tuple[float, float] = (0.0, 0.0)) -> Timing:
    return Timing(_ALL_YEAR, pace)


_TIMING: Final[Mapping[Problem, Timing]] = {
    Problem.VOLUME_FILLING: _course((40, 200)),
    Problem.VOLUME_FULL: _course((100, 140)),
    Problem.VOLUME_RUNAWAY: _course((2, 7)),
    Problem.INODES_USED_UP: _course((30, 120)),
    Problem.FILE_SYSTEM_DAMAGE: _course((5, 20), (4, 9)),  # pace: how often
    Problem.READ_ONLY: _at_once(after=(3, 5)),
    Problem.SECTORS_GROWING: _course((15, 80), (0.4, 3.0)),  # pace: sectors a day
    Problem.SPARE_DROPPING: _course((30, 120), (0.03, 0.09)),  # pace: spare at the end
    Problem.IO_ERRORS: _course((5, 15), (2.0, 6.0)),  # pace: errors a day
    Problem.DISK_VERDICT: _course((1.5, 14)),
    Problem.MEDIA_ERRORS: _course((20, 90), (15, 120)),  # pace: how many at the end
    Problem.BLOCKS_FAILING: _course((20, 90), (12, 150)),  # pace: how many at the end
    Problem.ENDURANCE_ENDING: Timing((360, 310), (0.0, 0.0), (150, 300), (3, 5)),
    Problem.COMMAND_TIMEOUTS: _course((25, 60), (1, 5)),  # pace: at most, on a day
    Problem.DISK_STALLING: _course((3, 7), (0.5, 1.2)),  # pace: seconds for an answer
    Problem.DISK_SLOWER: _course((25, 90), (3, 8)),  # pace: times as slow
    Problem.DISK_WAITED_FOR: _at_once((0.3, 0.5)),  # pace: share of time
    Problem.HARD_DISK_HOT: _course((40, 120), (26, 32)),  # pace: Cel
    Problem.NVME_HOT: _course((40, 120), (36, 42)),  # pace: Cel
    Problem.CABLE: _course((20, 60), (2, 30)),  # pace: errors a day
    Problem.BATTERY_WEARING: Timing((366, 366), (0.80, 0.97), (200, 355)),  # pace: health at the start
    Problem.BATTERY_BELOW_MODEL: Timing(_ALL_YEAR, (0.66, 0.72)),  # pace: health
    Problem.OVERHEATING: _at_once((0.7, 1.3)),
    Problem.DUST: _course((90, 200), (14, 25)),  # pace: Cel at the end
    Problem.FAN_STOPPED: _course((5, 14), (10, 18)),  # pace: Cel
    Problem.MACHINE_CHECKS: _course((25, 60), (4, 8)),  # pace: how many
    Problem.MEMORY_CORRECTED: _course((15, 60), (1, 5)),  # pace: at most, on a day
    Problem.MEMORY_UNCORRECTED: _at_once(),
    Problem.KERNEL_OOPSES: _course((15, 40), (4, 8)),  # pace: how many
    Problem.UNCLEAN_SHUTDOWNS: _course((25, 50), (4, 7)),  # pace: how many
    Problem.MEMORY_PRESSURE: _at_once((0.22, 0.4)),
    Problem.MEMORY_LEAK: _course((20, 40), after=(1, 2)),
    Problem.OUT_OF_MEMORY: _at_once((1, 3)),  # pace: programs, at most, on a day
    Problem.PROCESSOR_SHORT: _at_once((0.38, 0.6)),  # pace: share of time
    Problem.NETWORK_ERRORS: _course((20, 60), (500, 6000)),  # pace: errors a day
    Problem.LINK_FLAPPING: _course((15, 30), (60, 200)),  # pace: changes a day
    Problem.START_GROWING: _course((60, 160)),
    Problem.START_SLOW: Timing((305, 60), (35, 70), (0.0, 0.0)),  # pace: seconds
    Problem.CLOCK_OFF: _at_once((40.0, 110.0)),  # pace: seconds
    Problem.CLOCK_DRIFTING: _course((30, 90)),
    Problem.REBOOT_PENDING: _course((28, 35), after=(0.3, 0.9)),  # a restart by force
    Problem.UPDATES_PENDING: _course((60, 90), (8.0, 20.0)),  # shut out; pace: security updates then
    Problem.SECURITY_STUCK: _course((60, 90), (3, 15)),  # shut out; pace: updates then
    Problem.BATTERY_DROPPED: Timing((305, 45), (0.13, 0.28)),  # pace: health that is gone
    Problem.BATTERY_REWRITTEN: Timing((305, 45), (0.72, 0.9)),  # pace: share of what it was
    Problem.MEMORY_MISSING: _at_once((0.5, 0.5)),  # pace: share that is left
    Problem.SUPPORT_ENDED: Timing(_ALL_YEAR, (0.0, 0.0), (0.0, 0.0)),
    Problem.SUPPORT_ENDING: Timing(_ALL_YEAR, (0.0, 0.0), (150, 350)),
    Problem.UP_FOR_LONG: Timing((300, 80), (0.0, 0.0), None, (36, 44)),
    Problem.OLD_FIRMWARE: _look_alike((1500.0, 2600.0)),  # pace: days
    Problem.ALWAYS_FULL: Timing((305, 80)),
    Problem.LITTLE_MEMORY: Timing((305, 60), (0.88, 0.92)),  # pace: share
    Problem.FULL_FOR_WEEKS: Timing((305, 80), (0.895, 0.91)),  # pace: share
    Problem.SLOW_LINK: Timing((305, 40)),
    Problem.LARGE_AND_FULLISH: _look_alike((0.88, 0.90)),  # pace: share used
    Problem.OLD_SECTORS: _look_alike((4.0, 24.0)),  # pace: sectors
    Problem.ONE_MACHINE_CHECK: Timing((300, 20), (1.0, 1.0)),
    Problem.ONE_UNCLEAN_SHUTDOWN: Timing((300, 10), (1.0, 1.0)),
    Problem.OLD_CABLE: _look_alike((3.0, 60.0)),  # pace: errors
    Problem.BUSY_AFTERNOONS: _look_alike(),
    Problem.WORN_BUT_STEADY: _look_alike((0.84, 0.88)),  # pace: health
    Problem.ONE_OOPS: Timing((300, 10), (1.0, 1.0)),
    Problem.ONE_MEMORY_ERROR: Timing((300, 10)),
    Problem.ONE_MEDIA_ERROR: Timing((300, 10)),
    Problem.TWO_BAD_BLOCKS: Timing((300, 100)),
    Problem.FEW_TIMEOUTS: _look_alike(),
    Problem.WARM_PLACE: _look_alike((3.0, 6.0)),  # pace: Cel
    Problem.SLOW_AFTER_UPDATES: _look_alike(),
    Problem.LEAK_AND_RESTART: _look_alike(),
    Problem.BIG_COPIES: _look_alike(),
    Problem.SOME_NETWORK_ERRORS: _look_alike((10.0, 60.0)),  # pace: errors a week
    Problem.DOCKED_OFTEN: _look_alike((4.0, 12.0)),  # pace: changes a day
    Problem.GAUGE_CORRECTED: Timing((300, 30), (0.02, 0.05)),  # pace: health
    Problem.FAN_RESTS: _look_alike(),
    Problem.CLOCK_SET_ONCE: Timing((300, 10), (2.0, 20.0), None, (0.05, 0.3)),  # pace: seconds
    Problem.FIRMWARE_OF_TWO_YEARS: _look_alike((500.0, 700.0)),  # pace: days, when the year is over
    Problem.MUCH_WRITTEN: _look_alike(),
    Problem.MEMORY_FOR_GRAPHICS: Timing((300, 30), (0.25, 2.0)),  # pace: GiB
    Problem.NEW_BATTERY: Timing((300, 30)),
}

# Counts are for 1,000 machines. What is hardest to place comes first.
_LOOK_ALIKES: Final = (
    Need(Problem.OLD_SECTORS, 20, disk="hdd"),
    Need(Problem.OLD_CABLE, 20, disk="hdd"),
    Need(Problem.LARGE_AND_FULLISH, 15, disk="hdd"),
    Need(Problem.FEW_TIMEOUTS, 10, disk="hdd"),
    Need(Problem.TWO_BAD_BLOCKS, 15, disk="ssd"),
    Need(Problem.SOME_NETWORK_ERRORS, 20, chassis="desktop"),
    Need(Problem.WORN_BUT_STEADY, 25, chassis="laptop"),
    Need(Problem.GAUGE_CORRECTED, 20, chassis="laptop"),
    Need(Problem.DOCKED_OFTEN, 20, chassis="laptop", system="linux"),
    Need(Problem.ONE_MEDIA_ERROR, 20, disk="nvme"),
    Need(Problem.MUCH_WRITTEN, 20, disk="nvme"),
    Need(Problem.BUSY_AFTERNOONS, 20, system="linux"),
    Need(Problem.ONE_MACHINE_CHECK, 15, system="linux"),
    Need(Problem.ONE_MEMORY_ERROR, 15, system="linux"),
    Need(Problem.ONE_OOPS, 15, system="linux"),
    Need(Problem.WARM_PLACE, 20, system="linux"),
    Need(Problem.FAN_RESTS, 20, system="linux"),
    Need(Problem.SLOW_AFTER_UPDATES, 20, system="linux"),
    Need(Problem.LEAK_AND_RESTART, 20),
    Need(Problem.ONE_UNCLEAN_SHUTDOWN, 25),
    Need(Problem.BIG_COPIES, 20),
    Need(Problem.CLOCK_SET_ONCE, 10),
    Need(Problem.FIRMWARE_OF_TWO_YEARS, 20),
    Need(Problem.MEMORY_FOR_GRAPHICS, 20),
    Need(Problem.NEW_BATTERY, 10, chassis="laptop"),
)
EACH: Final = 12
_ILLS: Final = (
    Need(Problem.SECTORS_GROWING, EACH, disk="hdd"),
    Need(Problem.CABLE, EACH, disk="hdd"),
    Need(Problem.COMMAND_TIMEOUTS, EACH, disk="hdd"),
    Need(Problem.HARD_DISK_HOT, EACH, disk="hdd"),
    Need(Problem.BLOCKS_FAILING, EACH, disk="ssd"),
    Need(Problem.DISK_SLOWER, EACH, disk="nvme"),
    Need(Problem.NETWORK_ERRORS, EACH, chassis="desktop"),
    Need(Problem.SLOW_LINK, EACH, chassis="desktop"),
    Need(Problem.LINK_FLAPPING, EACH, chassis="desktop", system="linux"),
    Need(Problem.LITTLE_MEMORY, EACH, models=_LITTLE_MEMORY),
    Need(Problem.SPARE_DROPPING, EACH, disk="nvme"),
    Need(Problem.MEDIA_ERRORS, EACH, disk="nvme"),
    Need(Problem.NVME_HOT, EACH, disk="nvme"),
    Need(Problem.ENDURANCE_ENDING, EACH, disk="nvme"),
    Need(Problem.BATTERY_BELOW_MODEL, EACH, chassis="laptop", models=_COMMON),
    Need(Problem.START_SLOW, EACH, system="linux", models=_COMMON),
    Need(Problem.BATTERY_WEARING, EACH, chassis="laptop"),
    Need(Problem.MEMORY_LEAK, EACH, chassis="laptop"),
    Need(Problem.UP_FOR_LONG, EACH, chassis="laptop"),
    Need(Problem.ALWAYS_FULL, EACH, chassis="laptop"),
    Need(Problem.REBOOT_PENDING, EACH, chassis="laptop"),
    Need(Problem.SUPPORT_ENDED, EACH, system="linux"),
    Need(Problem.SUPPORT_ENDING, EACH, system="linux"),
    Need(Problem.INODES_USED_UP, EACH, system="linux"),
    Need(Problem.FILE_SYSTEM_DAMAGE, EACH, system="linux"),
    Need(Problem.READ_ONLY, EACH, system="linux"),
    Need(Problem.IO_ERRORS, EACH, system="linux"),
    Need(Problem.DISK_WAITED_FOR, EACH, system="linux"),
    Need(Problem.OVERHEATING, EACH, system="linux"),
    Need(Problem.DUST, EACH, system="linux", models=_COMMON),
    Need(Problem.FAN_STOPPED, EACH, system="linux", models=_COMMON),
    Need(Problem.MACHINE_CHECKS, EACH, system="linux"),
    Need(Problem.MEMORY_CORRECTED, EACH, system="linux"),
    Need(Problem.MEMORY_UNCORRECTED, EACH, system="linux"),
    Need(Problem.KERNEL_OOPSES, EACH, system="linux"),
    Need(Problem.MEMORY_PRESSURE, EACH, system="linux"),
    Need(Problem.OUT_OF_MEMORY, EACH, system="linux"),
    Need(Problem.PROCESSOR_SHORT, EACH, system="linux"),
    Need(Problem.START_GROWING, EACH, system="linux"),
    Need(Problem.CLOCK_OFF, EACH, system="linux"),
    Need(Problem.CLOCK_DRIFTING, EACH),
    Need(Problem.SECURITY_STUCK, EACH),
    Need(Problem.UNCLEAN_SHUTDOWNS, EACH),
    Need(Problem.UPDATES_PENDING, EACH),
    Need(Problem.OLD_FIRMWARE, EACH),
    Need(Problem.DISK_VERDICT, EACH),
    Need(Problem.DISK_STALLING, EACH),
    Need(Problem.FULL_FOR_WEEKS, EACH, models=_COMMON),
    Need(Problem.VOLUME_FILLING, EACH),
    Need(Problem.VOLUME_FULL, EACH),
    Need(Problem.VOLUME_RUNAWAY, EACH),
    Need(Problem.BATTERY_DROPPED, EACH, chassis="laptop"),
    Need(Problem.BATTERY_REWRITTEN, EACH, chassis="laptop"),
    Need(Problem.MEMORY_MISSING, EACH),
)
HEALTHY: Final = Plan(_LOOK_ALIKES, _TIMING, machines=1000, days=DAYS, least_healthy=0.3, seasons=True)
SICK: Final = Plan(_ILLS, _TIMING, machines=1000, days=DAYS, least_healthy=0.25, seasons=True)
