"""The simulated fleet: machines, what is planted in them, and the reports that they send.

The same seed, moment, number of machines and days give the same reports, byte for byte.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import numpy as np

from keuring.report.v1 import report_pb2
from keuring_collector.demo import machine as machines
from keuring_collector.demo import names, presence
from keuring_collector.demo.courses import clock, facts, ills, processor, storage, surroundings, system, updates
from keuring_collector.demo.plan import DEMO
from keuring_collector.demo.planting import FATAL
from keuring_collector.demo.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.names import Colleague
    from keuring_collector.demo.plan import Plan
    from keuring_collector.demo.presence import Calendar, Windows

SEED: Final = 20151119
MACHINES: Final = 200
DAYS: Final = 90


@dataclass(frozen=True, slots=True)
class Delivery:
    """One report on its way: from which machine, when the collector gets it, and when the agent says it sent it."""

    machine: int
    received: float
    sent: float
    report: report_pb2.Report


@dataclass(frozen=True, slots=True, eq=False)
class Record:
    """All that one machine measured: ``values`` has a row per window and a column per entry of ``series``."""

    machine: Machine
    windows: Windows
    series: bytes
    values: NDArray[np.float32]


class Fleet:
    """A simulated fleet of ``machines`` over the ``days`` before ``now`` (seconds since 1970)."""

    def __init__(
        self,
        now: float,
        machines_count: int = MACHINES,
        days: int = DAYS,
        seed: int = SEED,
        zone: ZoneInfo | None = None,
        plan: Plan = DEMO,
    ) -> None:
        self.now = now
        self.seed = seed
        self.plan = plan
        self.colleagues: tuple[Colleague, ...] = names.colleagues(machines_count, np.random.default_rng([seed, 0]))
        self.machines: tuple[Machine, ...] = machines.draw(seed, now, self.colleagues, plan)
        self._calendar: Calendar = presence.calendar(now, days, zone or ZoneInfo("Europe/Amsterdam"))

    @cached_property
    def windows(self) -> tuple[Windows, ...]:
        """The windows of each machine."""
        return tuple(self._windows(machine) for machine in self.machines)

    @property
    def reports_count(self) -> int:
        """How many reports there are, over all machines."""
        return sum(len(windows) for windows in self.windows)

    def _windows(self, machine: Machine) -> Windows:
        windows = presence.windows(
            machine.habits,
            self._calendar,
            machines.without_start(machine),
            machines.without_updates(machine),
            np.random.default_rng([self.seed, 3, machine.index]),
        )
        ends = [item.hinders for item in machine.planted if item.problem in FATAL and item.hinders < self.now]
        return presence.before(windows, ends[0]) if ends else windows

    def record(self, machine: Machine) -> Record:
        """What a machine measured throughout."""
        windows = self.windows[machine.index]
        sheet = Sheet(windows, machine.system.type, np.random.default_rng([self.seed, 4, machine.index]))
        load = processor.busy(machine, sheet)
        processor.measure(machine, sheet, load)
        storage.measure(machine, sheet, load, self.now)
        system.measure(machine, sheet, load, self.now, self.plan.days)
        surroundings.measure(machine, sheet, load)
        ills.play(machine, sheet, np.random.default_rng([self.seed, 6, machine.index]), seasons=self.plan.seasons)
        return Record(machine, windows, sheet.dictionary(), sheet.values())

    def deliveries(self, machine: Machine) -> Iterator[Delivery]:
        """The reports of one machine, in order."""
        record, windows = self.record(machine), self.windows[machine.index]
        steady, ill = facts.steady(machine, self.now), facts.while_ill(machine, windows)
        events = facts.events(machine, windows, np.random.default_rng([self.seed, 5, machine.index]))
        error = _clock_error(machine, windows)
        starts, ends, received = ((array + error).tolist() for array in (windows.start, windows.end, windows.received))
        sent = windows.received.tolist()
        epoch = machine.uuid.int & 0xFFFFFFFFFFFF | 1
        boots = [f"{machine.uuid}/{number}" for number in range(int(windows.boot[-1]) + 1 if len(windows) else 0)]
        before: list[report_pb2.Fact] = []
        installed: list[report_pb2.Fact] = []
        rows = zip(
            starts,
            ends,
            windows.boot.tolist(),
            windows.opens_session.tolist(),
            facts.changing(machine, windows),
            updates.versions(machine, windows, self.now),
            strict=True,
        )
        for index, (start, end, boot, opens, changing, versions) in enumerate(rows):
            report = report_pb2.Report(
                spool_epoch=epoch,
                sequence=index + 1,
                boot_id=boots[boot],
                series=record.series,
                values=record.values[index].tobytes(),
            )
            report.window_start_time.FromSeconds(int(start))
            report.window_duration.FromSeconds(int(end - start))
            if opens or (before and ill.mended[index]):
                report.facts.extend(steady)
            if ill.facts and ill.going_on[index] and (opens or ill.begins[index]):
                report.facts.extend(ill.facts)
            if opens or changing is not before:
                report.facts.extend(changing)
                before = changing
            if opens or versions is not installed:
                report.facts.extend(versions)
                installed = versions
            if index in events:
                report.events.extend(events[index])
            if not index:
                report.unmeasured.extend(facts.unmeasured(machine))
            yield Delivery(machine.index, sent[index], received[index], report)

    def batches(
        self, seconds: float = 3600.0, machines_wanted: Sequence[Machine] | None = None
    ) -> Iterator[list[Delivery]]:
        """All reports of the fleet (or of some machines) in the order in which they come in, by stretches of time."""
        streams = [self.deliveries(machine) for machine in machines_wanted or self.machines]
        order = heapq.merge(*streams, key=lambda delivery: (delivery.received, delivery.machine))
        for _, batch in itertools.groupby(order, key=lambda delivery: delivery.received // seconds):
            yield list(batch)


def _clock_error(machine: Machine, windows: Windows) -> NDArray[np.float64]:
    """How many seconds the machine's own clock is ahead, in each window."""
    error = np.zeros(len(windows))
    for item in machine.planted:
        error += clock.error(item, windows)
    return error
