"""The simulated machines: who has which, what is in it, and what is planted in it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from keuring_collector.demo import hardware, plan
from keuring_collector.demo.hardware import GIB, Model, System
from keuring_collector.demo.presence import DAY, Habits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.demo.names import Colleague
    from keuring_collector.demo.plan import Planted, Problem

_T = TypeVar("_T", Model, System)
LAPTOP_SHARE: Final = 0.62
WINDOWS_SHARE: Final = 0.4
FEWEST_HEALTHY: Final = 0.5
_NAMESPACE: Final = uuid.UUID("5f0f4a0e-7c1c-4c55-9c5e-2f6d1f3f5a10")


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk: ``device`` is the subject of its signals."""

    device: str
    kind: str  # nvme, ssd, hdd
    capacity: int  # By
    serial: str
    hours: float  # on, before history begins
    written: float  # By, before history begins


@dataclass(frozen=True, slots=True)
class Volume:
    """A file system: ``mountpoint`` is the subject of its signals. ``used`` is the share in use now."""

    mountpoint: str
    kind: str
    size: int  # By
    used: float
    grows: float  # share a day, when all is well
    device: str


@dataclass(frozen=True, slots=True)
class Machine:
    """One simulated machine. ``uuid`` is its identity, as a certificate would give it."""

    index: int
    uuid: uuid.UUID
    host_name: str
    serial: str
    model: Model
    system: System
    colleague: Colleague
    habits: Habits
    disks: tuple[Disk, ...]
    volumes: tuple[Volume, ...]
    battery: float  # health when history begins; 0: none
    planted: tuple[Planted, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether nothing planted in it must lead to a ticket."""
        return all(item.outcome is not plan.Outcome.TICKET for item in self.planted)

    def has(self, problem: Problem) -> Planted | None:
        """What is planted of this kind, if anything."""
        return next((item for item in self.planted if item.problem is problem), None)

    def disk(self, kind: str) -> Disk | None:
        """The first disk of a kind."""
        return next((disk for disk in self.disks if disk.kind == kind), None)


def draw(seed: int, now: float, colleagues: Sequence[Colleague]) -> tuple[Machine, ...]:
    """One machine for each colleague, the same for the same arguments, with courses planted in some."""
    machines = [_one(index, seed, colleague) for index, colleague in enumerate(colleagues)]
    return tuple(_plant(machines, now, np.random.default_rng([seed, 1])))


def _pick(options: Sequence[_T], random: np.random.Generator) -> _T:
    shares = np.array([option.share for option in options])
    return options[int(random.choice(len(options), p=shares / shares.sum()))]


def _one(index: int, seed: int, colleague: Colleague) -> Machine:
    random = np.random.default_rng([seed, 2, index])
    laptop = bool(random.random() < LAPTOP_SHARE)
    model = _pick(hardware.LAPTOPS if laptop else hardware.DESKTOPS, random)
    system = _pick(hardware.WINDOWS if random.random() < WINDOWS_SHARE else hardware.LINUX, random)
    disks = _disks(model, system, random)
    return Machine(
        index=index,
        uuid=uuid.uuid5(_NAMESPACE, f"{seed}/{index}"),
        host_name=f"{'LT' if laptop else 'WS'}-{index + 101:04d}",
        serial=f"{model.vendor[:2].upper()}{random.integers(10**7, 10**8)}",
        model=model,
        system=system,
        colleague=colleague,
        habits=_habits(laptop, random),
        disks=disks,
        volumes=_volumes(system, disks, random),
        battery=float(np.clip(random.normal(0.91, 0.05), 0.82, 1.0)) if laptop else 0.0,
    )


def _habits(laptop: bool, random: np.random.Generator) -> Habits:
    arrives = float(np.clip(random.normal(8.4, 0.6), 6.5, 10.0))
    back = int(random.integers(12, 70))
    return Habits(
        arrives=arrives,
        leaves=arrives + float(np.clip(random.normal(8.7, 0.5), 7.0, 10.5)),
        free_weekday=int(random.choice([-1, 2, 4], p=[0.7, 0.12, 0.18])),
        always_on=not laptop and bool(random.random() < 0.2),
        sleeps=laptop,
        away=(back, back - int(random.integers(5, 17))) if random.random() < 0.45 else (0, 0),
        offline=(back + 4, back) if random.random() < 0.06 else (0, 0),
    )


def _disks(model: Model, system: System, random: np.random.Generator) -> tuple[Disk, ...]:
    windows = system.type == "windows"
    names = {"nvme": "nvme0n1", "ssd": "sda", "hdd": "sdb"}
    found = []
    for number, kind in enumerate(model.disk.split("+")):
        age = float(random.uniform(2000, 16000))
        found.append(
            Disk(
                device=f"PhysicalDrive{number}" if windows else names[kind],
                kind=kind,
                capacity=2000 * GIB if kind == "hdd" else model.capacity,
                serial=f"{kind.upper()}{random.integers(10**9, 10**10)}",
                hours=age,
                written=age * float(random.uniform(0.5, 2.5)) * 1e9,
            )
        )
    return tuple(found)


def _volumes(system: System, disks: Sequence[Disk], random: np.random.Generator) -> tuple[Volume, ...]:
    def wellbeing() -> tuple[float, float]:
        return float(random.uniform(0.22, 0.66)), float(random.uniform(0, 0.0003))

    first, windows = disks[0], system.type == "windows"
    found = []
    if windows:
        found.append(Volume("C:", "ntfs", int(first.capacity * 0.97), *wellbeing(), first.device))
    else:
        found.append(Volume("/", "ext4", int(first.capacity * 0.3), *wellbeing(), first.device))
        found.append(Volume("/home", "ext4", int(first.capacity * 0.65), *wellbeing(), first.device))
        found.append(Volume("/boot", "ext4", GIB, float(random.uniform(0.25, 0.5)), 0.0, first.device))
    second, kind = ("D:", "ntfs") if windows else ("/data", "ext4")
    found += [Volume(second, kind, disk.capacity, *wellbeing(), disk.device) for disk in disks[1:]]
    return tuple(found)


def _plant(machines: list[Machine], now: float, random: np.random.Generator) -> list[Machine]:
    """Plants every course that the plan asks for, each in a machine of its own that it fits."""
    free = random.permutation(len(machines)).tolist()
    room = int(len(machines) * (1 - FEWEST_HEALTHY))
    for need in plan.NEEDS:
        wanted = max(1, round(need.count * len(machines) / 200))
        fitting = [index for index in free if _fits(machines[index], need)][: min(wanted, room)]
        for place, index in enumerate(fitting):
            free.remove(index)
            room -= 1
            machines[index] = _with(machines[index], need, now, random, mended=place < need.mended)
    return machines


def _fits(machine: Machine, need: plan.Need) -> bool:
    return (
        need.chassis in ("", machine.model.chassis)
        and need.system in ("", machine.system.type)
        and (not need.disk or machine.disk(need.disk) is not None)
        and not (need.problem is plan.Problem.REBOOT_PENDING and machine.habits.free_weekday >= 0)
    )


# Days before now at which a course begins, and how fast it goes (meaning by course): from, to.
_TIMING: Final = {
    plan.Problem.VOLUME_FILLING: ((90, 60), (5.0, 26.0)),  # pace: days left now
    plan.Problem.VOLUME_FULL: ((70, 50), (0.0, 0.0)),
    plan.Problem.CLEARED_IN_TIME: ((80, 70), (0.0, 0.0)),
    plan.Problem.BATTERY_WEARING: ((90, 90), (0.52, 0.60)),  # pace: health now
    plan.Problem.WORN_BUT_STEADY: ((90, 90), (0.80, 0.84)),  # pace: health throughout
    plan.Problem.OVERHEATING: ((20, 12), (0.7, 1.3)),
    plan.Problem.SECTORS_GROWING: ((25, 12), (0.6, 3.0)),  # pace: sectors a day
    plan.Problem.OLD_SECTORS: ((90, 90), (4.0, 24.0)),  # pace: sectors throughout
    plan.Problem.SPARE_DROPPING: ((40, 25), (0.04, 0.09)),  # pace: spare now
    plan.Problem.IO_ERRORS: ((9, 5), (2.0, 6.0)),  # pace: errors a day
    plan.Problem.MACHINE_CHECKS: ((18, 10), (3.0, 5.0)),  # pace: how many
    plan.Problem.ONE_MACHINE_CHECK: ((60, 20), (1.0, 1.0)),
    plan.Problem.UNCLEAN_SHUTDOWNS: ((22, 14), (4.0, 6.0)),
    plan.Problem.ONE_UNCLEAN_SHUTDOWN: ((60, 10), (1.0, 1.0)),
    plan.Problem.CABLE: ((15, 10), (8.0, 30.0)),  # pace: errors a day
    plan.Problem.OLD_CABLE: ((90, 90), (3.0, 60.0)),  # pace: errors throughout
    plan.Problem.MEMORY_PRESSURE: ((20, 12), (0.22, 0.4)),  # pace: share of time waited
    plan.Problem.BUSY_AFTERNOONS: ((90, 90), (0.0, 0.0)),
    plan.Problem.REBOOT_PENDING: ((34, 26), (0.0, 0.0)),
    plan.Problem.UPDATES_PENDING: ((60, 48), (8.0, 20.0)),  # pace: security updates now
    plan.Problem.SUPPORT_ENDED: ((90, 90), (0.0, 0.0)),
    plan.Problem.SUPPORT_ENDING: ((90, 90), (0.0, 0.0)),
    plan.Problem.LARGE_AND_FULLISH: ((90, 90), (0.90, 0.93)),  # pace: share used
    plan.Problem.CLOCK_OFF: ((10, 6), (40.0, 120.0)),  # pace: seconds
}


def _subject(machine: Machine, need: plan.Need) -> str:
    """What of the machine the course is about, as its signals name it."""
    main = next(volume.mountpoint for volume in machine.volumes if volume.mountpoint in ("C:", "/home"))
    disk = machine.disk(need.disk) or machine.disks[0]
    return {
        plan.Problem.LARGE_AND_FULLISH: machine.volumes[-1].mountpoint,
        plan.Problem.VOLUME_FILLING: main,
        plan.Problem.CLEARED_IN_TIME: main,
        plan.Problem.VOLUME_FULL: machine.volumes[0].mountpoint,
        plan.Problem.IO_ERRORS: disk.device,
        plan.Problem.MACHINE_CHECKS: "cpu0",
        plan.Problem.ONE_MACHINE_CHECK: "cpu0",
        plan.Problem.BATTERY_WEARING: "BAT0",
        plan.Problem.WORN_BUT_STEADY: "BAT0",
    }.get(need.problem, disk.device if need.disk else "")


def _with(machine: Machine, need: plan.Need, now: float, random: np.random.Generator, *, mended: bool) -> Machine:
    days, paces = _TIMING[need.problem]
    since = now - float(random.uniform(*sorted(days))) * DAY
    until = float("inf")
    if mended:
        until = now - float(random.uniform(9, 15)) * DAY
        since = min(since, until - 21 * DAY)
    item = plan.Planted(need.problem, _subject(machine, need), since, float(random.uniform(*paces)), until)
    system, battery = machine.system, machine.battery
    # Somebody who is away would hide what is planted, so nobody with a course is; a machine that goes down without
    # shutting down is one that starts each morning.
    crashes = need.problem in (plan.Problem.UNCLEAN_SHUTDOWNS, plan.Problem.ONE_UNCLEAN_SHUTDOWN)
    habits = replace(machine.habits, away=(0, 0), offline=(0, 0), free_weekday=-1, always_on=False)
    if crashes:
        habits = replace(habits, sleeps=False)
    if need.problem is plan.Problem.SUPPORT_ENDED:
        system = hardware.SUPPORT_ENDED
    elif need.problem is plan.Problem.SUPPORT_ENDING:
        system = hardware.SUPPORT_ENDING
    elif need.problem is plan.Problem.WORN_BUT_STEADY:
        battery = item.pace
    elif need.problem is plan.Problem.BATTERY_WEARING:
        battery = item.pace + 0.16
    return replace(machine, planted=(item,), system=system, battery=battery, habits=habits)


def last_boot(machine: Machine) -> float:
    """After when the machine is not restarted any more (seconds since 1970)."""
    item = machine.has(plan.Problem.REBOOT_PENDING)
    return item.since if item else float("inf")


def last_patch(machine: Machine) -> float:
    """After when no updates are installed any more (seconds since 1970)."""
    item = machine.has(plan.Problem.UPDATES_PENDING)
    return item.since if item else float("inf")
