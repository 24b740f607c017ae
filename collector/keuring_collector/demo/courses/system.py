"""Heat, battery, network, updates, the clock and the agent itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring.signals import catalogue as signals
from keuring_collector.demo.courses import clock
from keuring_collector.demo.plan import Problem
from keuring_collector.demo.presence import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.demo.machine import Machine
    from keuring_collector.demo.plan import Planted
    from keuring_collector.demo.sheet import Sheet

SENSORS = ("cpu", "disk", "smart")


def measure(machine: Machine, sheet: Sheet, load: NDArray[np.float64], now: float, days: int) -> None:
    """Adds everything that is neither processor nor storage; history is ``days`` long."""
    _heat(machine, sheet, load)
    if machine.battery:
        _battery(machine, sheet, now, days)
    card = "eth0" if machine.model.chassis == "desktop" else "wlan0"
    for signal in (signals.KEURING_NETWORK_ERRORS_RECEIVE, signals.KEURING_NETWORK_ERRORS_TRANSMIT):
        sheet.counter(signal, card, 0.0)
    sheet.rare(signals.KEURING_NETWORK_DROPPED_RECEIVE, card, 4.0)
    sheet.rare(signals.KEURING_NETWORK_DROPPED_TRANSMIT, card, 0.5)
    sheet.counter(signals.KEURING_NETWORK_LINK_CHANGES, card, sheet.windows.opens_session.astype(float))
    _around(machine, sheet, load)
    _updates(machine, sheet)
    drift = np.zeros(len(sheet))
    for item in machine.planted:
        drift += clock.error(item, sheet.windows)
    sheet.gauge(signals.KEURING_CLOCK_OFFSET, "", drift + sheet.random.gamma(2.0, 0.002, len(sheet)))
    _agent(sheet)


def _around(machine: Machine, sheet: Sheet, load: NDArray[np.float64]) -> None:
    """Wi-Fi, screens and arrays, all well."""
    if machine.model.chassis == "desktop":
        sheet.gauge(signals.KEURING_RAID_MISSING_DISKS, "md0", 0.0)
    else:
        sheet.gauge(signals.KEURING_WIFI_SIGNAL, "wlan0", -56.0 - 6.0 * load, least=-90.0)
        sheet.gauge(signals.KEURING_WIFI_RETRY_RATIO, "wlan0", 0.03 + 0.05 * load, most=1.0)
    sheet.gauge(signals.KEURING_DISPLAY_COUNT, "", 2.0)


def _heat(machine: Machine, sheet: Sheet, load: NDArray[np.float64]) -> None:
    planted = machine.has(Problem.OVERHEATING)
    hot = machine.model.hot
    usual = 44.0 + load * 30.0
    ill = sheet.during(planted)
    sheet.gauge(signals.HW_TEMPERATURE, "coretemp/Package id 0", np.where(ill, hot - 3.0, usual), 4.0, most=hot + 2)
    sheet.gauge(signals.HW_TEMPERATURE_LIMIT, "coretemp/Package id 0", hot)
    sheet.gauge(signals.HW_FAN_SPEED, "fan1", np.where(ill, 900.0, 1800.0 + load * 2200.0), 100)


def _battery(machine: Machine, sheet: Sheet, now: float, days: int) -> None:
    windows, design = sheet.windows, machine.model.battery
    # 0 when history begins, 1 now.
    way = np.clip(1.0 - (now - windows.end) / (days * DAY), 0.0, 1.0)
    worn = machine.has(Problem.BATTERY_WEARING)
    # Cells bend: they lose more a day as they get older.
    loss = 0.16 * (0.55 * way + 0.45 * way**2) if worn else 0.008 * (days / 90) * way
    if worn and worn.hinders != float("inf"):
        loss = _wearing(worn, machine.battery, windows.end)
    if worn:
        loss = np.where(windows.end < worn.until, loss, machine.battery - 0.99)  # a new one was put in
    health = machine.battery - loss + sheet.random.normal(0, 0.002, len(sheet))
    first = np.maximum.accumulate(np.where(windows.opens_session, windows.active_hours, 0.0))
    sheet.gauge(
        signals.HW_BATTERY_CHARGE,
        "BAT0",
        np.clip(0.95 - (windows.active_hours - first) * 0.05, 0.3, 1.0),
        0.1,
        most=1.0,
    )
    sheet.gauge(signals.KEURING_BATTERY_HEALTH, "BAT0", health, most=1.05)
    sheet.gauge(
        signals.KEURING_BATTERY_CYCLES, "BAT0", np.floor(800 * (1.05 - machine.battery) + windows.active_hours / 14)
    )
    sheet.gauge(signals.KEURING_BATTERY_CAPACITY_FULL, "BAT0", health * design)
    sheet.gauge(signals.KEURING_BATTERY_CAPACITY_DESIGN, "BAT0", design)


def _wearing(item: Planted, health: float, end: NDArray[np.float64]) -> NDArray[np.float64]:
    """What is lost of ``health`` when it comes to 60 %, where it hinders most in a working day, on the day it does."""
    way = np.maximum(0.0, (end - item.since) / (item.hinders - item.since))
    loss: NDArray[np.float64] = np.minimum((health - 0.6) * (0.55 * way + 0.45 * way**2), health - 0.3)
    return loss


def _updates(machine: Machine, sheet: Sheet) -> None:
    windows = sheet.windows
    behind = machine.has(Problem.UPDATES_PENDING)
    days = (windows.end - windows.patched) / DAY
    waiting, security = np.floor(days * 0.8), np.floor(days / 5.0)
    if behind:
        whole = (min(behind.hinders, windows.end[-1]) - behind.since) / DAY
        waits = np.floor(np.clip((windows.end - behind.since) / DAY / whole, 0.0, 1.0) * behind.pace)
        late = windows.end < behind.until
        security, waiting = np.where(late, waits, security), np.where(late, waits * 3, waiting)
    sheet.gauge(signals.KEURING_UPDATES_PENDING, "", waiting)
    sheet.gauge(signals.KEURING_UPDATES_SECURITY_PENDING, "", np.minimum(security, waiting))
    sheet.gauge(signals.SYSTEM_UPTIME, "", windows.end - windows.boot_time)
    starts = sheet.random.normal(19.0, 1.5, int(windows.boot[-1]) + 1 if len(windows) else 0)
    sheet.gauge(signals.KEURING_BOOT_DURATION, "", starts[windows.boot])
    sheet.gauge(signals.KEURING_BOOT_STEP_DURATION, "NetworkManager-wait-online", 0.3 * starts[windows.boot])


def _agent(sheet: Sheet) -> None:
    hours = sheet.windows.hours
    sheet.counter(signals.KEURING_AGENT_CPU_TIME, "", 0.5 * hours)
    sheet.gauge(signals.KEURING_AGENT_MEMORY_RSS, "", 18.2e6, 3e5)
    sheet.gauge(signals.KEURING_AGENT_SPOOL_REPORTS, "", 1.0)
    sheet.gauge(signals.KEURING_AGENT_SPOOL_SIZE, "", 49152.0)
    sheet.counter(signals.KEURING_AGENT_FLUSH_FAILURES, "", 0.0)
    for number, sensor in enumerate(SENSORS):
        sheet.counter(signals.KEURING_AGENT_SENSOR_FAILURES, sensor, 0.0)
        sheet.gauge(signals.KEURING_AGENT_SENSOR_DURATION, sensor, 0.0004 * (number + 1), 0.0003)
