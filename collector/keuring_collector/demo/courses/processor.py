"""Processor, memory and pressure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring.signals import catalogue as signals
from keuring_collector.demo.plan import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.sheet import Sheet


def busy(machine: Machine, sheet: Sheet) -> NDArray[np.float64]:
    """How hard the processor works in each window (0 to 1), in and out of office hours."""
    count, windows = len(sheet), sheet.windows
    level = sheet.random.gamma(2.0, 0.05, count) + 0.04
    if machine.habits.always_on:
        hour = (windows.start / 3600.0 + 1) % 24
        level = np.where((hour > machine.habits.arrives) & (hour < machine.habits.leaves), level, 0.02)
    if machine.has(Problem.BUSY_AFTERNOONS):
        level = np.where(sheet.random.random(count) < 0.15, sheet.random.uniform(0.6, 0.97, count), level)
    return np.clip(level, 0.01, 0.99)


def measure(machine: Machine, sheet: Sheet, load: NDArray[np.float64]) -> None:
    """Adds the signals of processor, memory and pressure."""
    cores = machine.model.cores
    heat = machine.has(Problem.OVERHEATING)
    slowed = sheet.during(heat)
    hours = sheet.windows.hours
    sheet.gauge(signals.SYSTEM_CPU_UTILIZATION, "", load, 0.2, most=1.0)
    sheet.gauge(signals.KEURING_CPU_IOWAIT_UTILIZATION, "", 0.002 + load * 0.02, 0.002, most=1.0)
    sheet.gauge(signals.SYSTEM_CPU_LOAD_AVERAGE_1M, "", load * cores * 0.9, 0.5)
    sheet.gauge(signals.SYSTEM_CPU_LOAD_AVERAGE_15M, "", load * cores * 0.85, 0.2)
    pace = np.where(slowed, 0.55, 1.0 + load * 0.6)
    sheet.gauge(signals.SYSTEM_CPU_FREQUENCY, "", machine.model.frequency * pace, 1e8)
    throttled = sheet.random.poisson(np.where(slowed, 90.0 * (heat.pace if heat else 0.0), 0.0) * hours)
    sheet.counter(signals.KEURING_CPU_THROTTLING, "", throttled)
    sheet.gauge(signals.SYSTEM_PROCESS_COUNT, "", 190 + cores * 6 + load * 40, 12)
    sheet.gauge(signals.KEURING_PROCESS_BLOCKED, "", 0.0, 0.02)
    _memory(machine, sheet, load)


def _memory(machine: Machine, sheet: Sheet, load: NDArray[np.float64]) -> None:
    total = float(machine.model.memory)
    planted = machine.has(Problem.MEMORY_PRESSURE)
    short = sheet.during(planted)
    tight = machine.has(Problem.TIGHT_ON_PURPOSE)
    scarce = sheet.during(tight)
    used = np.where(short, 0.955, np.clip(0.34 + load * 0.5 + sheet.random.normal(0, 0.03, len(sheet)), 0.15, 0.85))
    used = np.where(scarce, 0.88, used)
    swap = np.where(short, 0.82, 0.02 + 0.02 * load)
    stalled = np.where(short, planted.pace if planted else 0.0, 0.001)
    stalled = np.where(scarce, tight.pace if tight else 0.0, stalled)
    hours = sheet.windows.hours
    sheet.gauge(signals.SYSTEM_MEMORY_UTILIZATION, "", used, 0.02, most=0.995)
    sheet.gauge(signals.SYSTEM_MEMORY_LIMIT, "", total * 0.97)
    sheet.gauge(signals.KEURING_MEMORY_AVAILABLE, "", total * 0.97 * (1 - used), 1 << 26)
    sheet.gauge(signals.SYSTEM_PAGING_UTILIZATION, "", swap, 0.01, most=1.0)
    sheet.gauge(signals.SYSTEM_PAGING_USAGE, "", swap * total * 0.25, 1 << 20)
    sheet.counter(signals.KEURING_PAGING_IN, "", sheet.random.poisson(np.where(short, 4e5, 300.0) * hours))
    sheet.counter(signals.KEURING_PAGING_OUT, "", sheet.random.poisson(np.where(short, 5e5, 200.0) * hours))
    sheet.gauge(signals.KEURING_MEMORY_COMMIT_UTILIZATION, "", np.where(short, 0.97, used * 0.8), 0.02)
    sheet.counter(signals.KEURING_MEMORY_OOM_KILLS, "", sheet.random.poisson(np.where(short, 0.02, 0.0) * hours))
    sheet.counter(signals.KEURING_MEMORY_ERRORS_CORRECTED, "", 0.0)
    sheet.counter(signals.KEURING_MEMORY_ERRORS_UNCORRECTED, "", 0.0)
    sheet.gauge(signals.KEURING_PRESSURE_CPU_SOME, "", load * 0.1, 0.02, most=1.0)
    sheet.gauge(signals.KEURING_PRESSURE_MEMORY_SOME, "", stalled, 0.01, most=1.0)
    sheet.gauge(signals.KEURING_PRESSURE_MEMORY_FULL, "", stalled * 0.6, 0.005, most=1.0)
    sheet.gauge(signals.KEURING_PRESSURE_IO_SOME, "", 0.004 + load * 0.03 + stalled * 0.3, 0.01, most=1.0)
    sheet.gauge(signals.KEURING_PRESSURE_IO_FULL, "", 0.002 + load * 0.02 + stalled * 0.2, 0.005, most=1.0)
