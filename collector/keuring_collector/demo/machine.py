"""The simulated machines: who has which, what is in it, and what is planted in it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

import numpy as np

from keuring_collector.demo import hardware, planting, presence
from keuring_collector.demo.hardware import GIB, Model, System
from keuring_collector.demo.plan import Outcome, Problem
from keuring_collector.demo.presence import Habits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.demo.names import Colleague
    from keuring_collector.demo.plan import Plan, Planted

_T = TypeVar("_T", Model, System)
LAPTOP_SHARE: Final = 0.62
WINDOWS_SHARE: Final = 0.4
NO_START: Final = frozenset({Problem.REBOOT_PENDING, Problem.MEMORY_LEAK, Problem.UP_FOR_LONG})
NO_UPDATES: Final = frozenset({Problem.UPDATES_PENDING, Problem.MEMORY_LEAK, Problem.UP_FOR_LONG})
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
        return all(item.outcome is not Outcome.TICKET for item in self.planted)

    def has(self, problem: Problem) -> Planted | None:
        """What is planted of this kind, if anything."""
        return next((item for item in self.planted if item.problem is problem), None)

    def disk(self, kind: str) -> Disk | None:
        """The first disk of a kind."""
        return next((disk for disk in self.disks if disk.kind == kind), None)


def draw(seed: int, now: float, colleagues: Sequence[Colleague], plan: Plan) -> tuple[Machine, ...]:
    """One machine for each colleague, the same for the same arguments, with courses planted in some."""
    machines = [_one(index, seed, colleague) for index, colleague in enumerate(colleagues)]
    if plan.seasons:
        machines = [
            replace(each, habits=presence.with_leave(each.habits, np.random.default_rng([seed, 7, each.index])))
            for each in machines
        ]
    return tuple(planting.plant(machines, plan, now, np.random.default_rng([seed, 1])))


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


def without_start(machine: Machine) -> tuple[float, float]:
    """From when until when the machine is not restarted (seconds since 1970)."""
    return _during(machine, NO_START)


def without_updates(machine: Machine) -> tuple[float, float]:
    """From when until when no updates are installed (seconds since 1970)."""
    return _during(machine, NO_UPDATES)


def _during(machine: Machine, problems: frozenset[Problem]) -> tuple[float, float]:
    item = next((item for item in machine.planted if item.problem in problems), None)
    return (item.since, item.until) if item else (float("inf"), float("inf"))
