"""Programs and their versions: updates come every few weeks, and some machines have stopped taking them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from keuring.report.v1 import report_pb2
from keuring.signals.catalogue import KEURING_SOFTWARE_VERSION
from keuring_collector.demo.presence import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.presence import Windows


class Program(NamedTuple):
    """A program that no maker has; a new version comes every so many days, ``first`` days before the present."""

    name: str
    major: int
    every: int
    first: int


PROGRAMS: Final = (Program("Tekenwerk", 7, 11, 84), Program("Rekenblad", 3, 29, 70))
STUCK: Final = 45  # each how many-th machine took one update of Tekenwerk, and none since
SLOWEST: Final = 6  # days after which an update is everywhere else


def versions(machine: Machine, windows: Windows, now: float) -> Iterator[list[report_pb2.Fact]]:
    """For each window the versions that are installed; the same object as long as they are."""
    known: dict[tuple[int, ...], list[report_pb2.Fact]] = {}
    for start in windows.start.tolist():
        key = tuple(_taken(machine, program, now - start) for program in PROGRAMS)
        if key not in known:
            known[key] = [
                report_pb2.Fact(
                    signal_id=KEURING_SOFTWARE_VERSION.id,
                    subject=program.name,
                    string_value=f"{program.major + number // 4}.{number % 4}",
                )
                for program, number in zip(PROGRAMS, key, strict=True)
            ]
        yield known[key]


def _taken(machine: Machine, program: Program, ago: float) -> int:
    """How many updates of a program a machine has taken that many seconds before the present."""
    days = ago / DAY + (machine.index * 7 % 24) * SLOWEST / 24
    number = max(0, int((program.first - days) // program.every) + 1)
    is_stuck = program is PROGRAMS[0] and machine.index % STUCK == STUCK // 5
    return min(number, 1) if is_stuck else number
