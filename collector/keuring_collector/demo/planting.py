"""Plants the courses of a plan in machines that they fit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from keuring_collector.demo import hardware
from keuring_collector.demo.plan import OUTCOMES, Outcome, Planted, Problem
from keuring_collector.demo.presence import DAY

if TYPE_CHECKING:
    import numpy as np

    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.plan import Need, Plan
    from keuring_collector.demo.presence import Habits

# A machine with these starts afresh each morning.
STARTS_DAILY: Final = frozenset(
    {
        Problem.UNCLEAN_SHUTDOWNS,
        Problem.ONE_UNCLEAN_SHUTDOWN,
        Problem.START_GROWING,
        Problem.START_SLOW,
        Problem.SLOW_AFTER_UPDATES,
    }
)
# The machine is not used any more once it hinders: a disk failed, or it does not start.
FATAL: Final = frozenset(
    {
        Problem.SECTORS_GROWING,
        Problem.SPARE_DROPPING,
        Problem.IO_ERRORS,
        Problem.UNCLEAN_SHUTDOWNS,
        Problem.DISK_VERDICT,
        Problem.MEDIA_ERRORS,
        Problem.BLOCKS_FAILING,
        Problem.COMMAND_TIMEOUTS,
        Problem.DISK_STALLING,
        Problem.DISK_SLOWER,
    }
)
MAIN_VOLUME: Final = frozenset(
    {
        Problem.VOLUME_FILLING,
        Problem.CLEARED_IN_TIME,
        Problem.INODES_USED_UP,
        Problem.FULL_FOR_WEEKS,
        Problem.BIG_COPIES,
    }
)
ANY_DISK: Final = frozenset(
    {Problem.IO_ERRORS, Problem.FILE_SYSTEM_DAMAGE, Problem.DISK_VERDICT, Problem.DISK_STALLING}
)
FIRST_VOLUME: Final = frozenset({Problem.VOLUME_FULL, Problem.VOLUME_RUNAWAY, Problem.READ_ONLY})
SUBJECTS: Final = {
    Problem.MACHINE_CHECKS: "cpu0",
    Problem.ONE_MACHINE_CHECK: "cpu0",
    Problem.BATTERY_WEARING: "BAT0",
    Problem.WORN_BUT_STEADY: "BAT0",
    Problem.BATTERY_BELOW_MODEL: "BAT0",
    Problem.GAUGE_CORRECTED: "BAT0",
    Problem.ALWAYS_FULL: "BAT0",
    Problem.BATTERY_DROPPED: "BAT0",
    Problem.BATTERY_REWRITTEN: "BAT0",
    Problem.NEW_BATTERY: "BAT0",
    Problem.NETWORK_ERRORS: "eth0",
    Problem.SOME_NETWORK_ERRORS: "eth0",
    Problem.LINK_FLAPPING: "eth0",
    Problem.SLOW_LINK: "eth0",
    Problem.DOCKED_OFTEN: "wlan0",
}


def plant(machines: list[Machine], plan: Plan, now: float, random: np.random.Generator) -> list[Machine]:
    """Plants every course that the plan asks for, each in a machine of its own that it fits."""
    free = random.permutation(len(machines)).tolist()
    room = int(len(machines) * (1 - plan.least_healthy))
    for need in plan.needs:
        wanted = max(1, round(need.count * len(machines) / plan.machines))
        fitting = [index for index in free if _fits(machines[index], need)][: min(wanted, room)]
        for place, index in enumerate(fitting):
            free.remove(index)
            room -= 1
            machines[index] = _with(machines[index], need, plan, now, random, mended=place < need.mended)
    return machines


def _fits(machine: Machine, need: Need) -> bool:
    return (
        need.chassis in ("", machine.model.chassis)
        and need.system in ("", machine.system.type)
        and (not need.disk or machine.disk(need.disk) is not None)
        and (not need.models or machine.model.name in need.models)
        and not (need.problem is Problem.REBOOT_PENDING and machine.habits.free_weekday >= 0)
    )


def _subject(machine: Machine, need: Need) -> str:
    """What of the machine the course is about, as its signals name it."""
    if need.problem is Problem.LARGE_AND_FULLISH:
        return machine.volumes[-1].mountpoint
    if need.problem in MAIN_VOLUME:
        return next(volume.mountpoint for volume in machine.volumes if volume.mountpoint in ("C:", "/home"))
    if need.problem in FIRST_VOLUME:
        return machine.volumes[0].mountpoint
    disk = machine.disk(need.disk) or machine.disks[0]
    if need.disk or need.problem in ANY_DISK:
        return disk.device
    return SUBJECTS.get(need.problem, "")


def _with(
    machine: Machine, need: Need, plan: Plan, now: float, random: np.random.Generator, *, mended: bool
) -> Machine:
    timing = plan.timing[need.problem]
    since = now - float(random.uniform(min(timing.begins), max(timing.begins))) * DAY
    until = hinders = float("inf")
    if mended:
        until = now - float(random.uniform(9, 15)) * DAY
        since = min(since, until - 21 * DAY)
    if timing.lasts is not None:
        hinders = since + float(random.uniform(*timing.lasts)) * DAY
    if timing.after is not None:
        until = (since if timing.lasts is None else hinders) + float(random.uniform(*timing.after)) * DAY
    pace = float(random.uniform(*timing.pace))
    item = Planted(need.problem, _subject(machine, need), since, pace, until, hinders)
    if plan.seasons and OUTCOMES[need.problem] is Outcome.NOTHING:
        habits = machine.habits
    else:
        habits = _there(machine.habits, item, now)
    if need.problem in STARTS_DAILY:
        habits = replace(habits, sleeps=False, always_on=False)
    return _of_the_course(replace(machine, planted=(item,), habits=habits), item, now)


def _there(habits: Habits, item: Planted, now: float) -> Habits:
    """The habits of somebody whose machine is ill: who is away would hide what is planted, so nobody is while it grows;
    nor, where it hinders from its first moment, while it goes on.

    It is on each working day, and off at night.
    """
    over = item.hinders if item.hinders > item.since else item.until
    first, last = (now - item.since) / DAY + 3, (now - over) / DAY - 3
    leave = tuple((back, until) for back, until in habits.leave if until > first or back < last)
    return replace(habits, away=(0, 0), offline=(0, 0), free_weekday=-1, always_on=False, leave=leave)


def _of_the_course(machine: Machine, item: Planted, now: float) -> Machine:
    """The machine with what the course asks of its system and its battery."""
    match item.problem:
        case Problem.SUPPORT_ENDED | Problem.SUPPORT_ENDING:
            ended = item.problem is Problem.SUPPORT_ENDED
            ends = hardware.SUPPORT_ENDED if ended else hardware.SUPPORT_ENDING
            if item.hinders != float("inf"):
                ends = replace(ends, support_days=(item.hinders - now) / DAY)
            return replace(machine, system=ends)
        case Problem.WORN_BUT_STEADY | Problem.BATTERY_BELOW_MODEL:
            return replace(machine, battery=item.pace)
        case Problem.BATTERY_WEARING:
            return replace(machine, battery=item.pace + (0.16 if item.hinders == float("inf") else 0.0))
    return machine
