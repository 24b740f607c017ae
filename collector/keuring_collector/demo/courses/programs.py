"""The programs on simulated machines, and which version of them stops now and then. They do not exist."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.report.v1 import report_pb2
from keuring.signals import catalogue as signals

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.presence import Windows

# (name, versions, one of them for each machine in turn)
PROGRAMS: Final = (
    ("Schrijver", ("7.2", "7.3", "7.3")),
    ("Rekenraam", ("3.8.1",)),
    ("Belknop", ("4.2", "4.1", "4.2", "4.2")),
)
# Of this version some stop a few times in a season: too few on each machine for a ticket, too many for one version.
FAULTY: Final = ("Belknop", "4.1")
EVERY: Final = 2  # of so many machines with it one sees it stop
MOST: Final = 3


def installed(machine: Machine) -> Iterator[tuple[str, str]]:
    """Names and versions of what is installed."""
    for name, versions in PROGRAMS:
        yield name, versions[machine.index % len(versions)]


def facts(machine: Machine) -> list[report_pb2.Fact]:
    """What the machine tells of its programs."""
    signal = signals.KEURING_SOFTWARE_INVENTORY.id
    return [
        report_pb2.Fact(signal_id=signal, subject=name, string_value=version) for name, version in installed(machine)
    ]


def stops(machine: Machine, windows: Windows, random: np.random.Generator) -> Iterator[tuple[int, report_pb2.Event]]:
    """In which windows a program ended by a fault of its own; only where nothing else is planted."""
    name, version = FAULTY
    if machine.planted or (name, version) not in installed(machine) or machine.index // 4 % EVERY or not len(windows):
        return
    for index in sorted(set(random.integers(0, len(windows), MOST).tolist())):
        event = report_pb2.Event(
            signal_id=signals.KEURING_APPLICATION_CRASH.id, subject=name, count=1, attributes={"version": version}
        )
        event.observe_time.FromMilliseconds(int((windows.start[index] + 45.0) * 1000))
        yield index, event
