"""File systems and disks, and the disks' own account of their health."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring.signals import catalogue as signals
from keuring_collector.demo.plan import Problem
from keuring_collector.demo.presence import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.demo.machine import Disk, Machine, Volume
    from keuring_collector.demo.plan import Planted
    from keuring_collector.demo.sheet import Sheet

USUAL_STEP = 0.004  # a volume's daily ups and downs
INODE = 16384  # By of file system for one inode


def measure(machine: Machine, sheet: Sheet, load: NDArray[np.float64], now: float) -> None:
    """Adds the signals of volumes and disks."""
    for volume in machine.volumes:
        used = _used(machine, volume, sheet, now)
        sheet.gauge(signals.SYSTEM_FILESYSTEM_UTILIZATION, volume.mountpoint, used, most=1.0)
        sheet.gauge(signals.KEURING_FILESYSTEM_AVAILABLE, volume.mountpoint, (1 - used) * volume.size)
        sheet.gauge(signals.SYSTEM_FILESYSTEM_LIMIT, volume.mountpoint, float(volume.size))
        inodes = volume.size / INODE
        sheet.gauge(signals.KEURING_FILESYSTEM_INODES_UTILIZATION, volume.mountpoint, 0.02 + used * 0.2)
        sheet.gauge(signals.KEURING_FILESYSTEM_INODES_AVAILABLE, volume.mountpoint, inodes * (0.98 - used * 0.2))
    for disk in machine.disks:
        share = 0.15 if disk.kind == "hdd" else 1.0
        hours = sheet.windows.hours
        sheet.counter(signals.KEURING_DISK_READ, disk.device, load * hours * share * 9e9)
        sheet.counter(signals.KEURING_DISK_WRITE, disk.device, load * hours * share * 6e9)
        sheet.gauge(signals.KEURING_DISK_BUSY_UTILIZATION, disk.device, load * share * 0.2, 0.02, most=1.0)
        slow = {"nvme": 0.0003, "ssd": 0.0006, "hdd": 0.009}[disk.kind]
        sheet.gauge(signals.KEURING_DISK_LATENCY, disk.device, slow * (1 + load), slow / 2)
        _health(machine, disk, sheet, load)


def _used(machine: Machine, volume: Volume, sheet: Sheet, now: float) -> NDArray[np.float64]:
    """The share of a volume in use at each window's end."""
    windows = sheet.windows
    if volume.mountpoint == "/boot":
        return np.full(len(sheet), volume.used)
    wander = np.clip(np.cumsum(sheet.random.normal(0, 0.0004, len(sheet))), -USUAL_STEP, USUAL_STEP)
    wander += sheet.random.normal(0, 0.0006, len(sheet))
    usual = volume.used - volume.grows * (now - windows.end) / DAY + wander
    for item in machine.planted:
        if item.subject != volume.mountpoint:
            continue
        if item.problem is Problem.VOLUME_FILLING:
            usual = np.where(windows.end < item.until, _filling(item, sheet, now), usual - wander) + wander
        elif item.problem is Problem.VOLUME_FULL:
            full = 0.985 - 0.0045 * _active_days_before(sheet, min(now, item.hinders)) + wander / 4
            usual = np.where(windows.end < item.until, full, usual)
        elif item.problem is Problem.CLEARED_IN_TIME:
            filling = 0.975 - 0.007 * _active_days_before(sheet, item.until)
            usual = np.where(windows.end >= item.until, 0.52, filling) + wander
        elif item.problem is Problem.LARGE_AND_FULLISH:
            usual = item.pace + wander / 4
    return np.clip(usual, 0.02, 0.998)


def _filling(item: Planted, sheet: Sheet, now: float) -> NDArray[np.float64]:
    """Grows while the machine is on, so not in weekends, and is full when it hinders, or ``pace`` days from now."""
    windows = sheet.windows
    since = windows.end >= item.since
    last, left = (now, item.pace) if item.hinders > now else (item.hinders, 0.0)
    days = (last - item.since) / DAY
    rate = 0.55 / (days + left)  # a day of the week, weekends included
    hours = windows.active_hours
    on = hours[min(int(np.searchsorted(windows.end, last)), len(hours) - 1)]
    a_day = (on - hours[int(np.argmax(since))]) / days
    ahead = (on - hours) / a_day
    now_used = 1.0 - rate * left
    course: NDArray[np.float64] = np.maximum(now_used - rate * ahead, now_used - rate * days)
    return course


def _active_days_before(sheet: Sheet, when: float) -> NDArray[np.float64]:
    """Working days (of eight hours and a bit) between each window and ``when``."""
    hours = sheet.windows.active_hours
    at = int(np.searchsorted(sheet.windows.end, when))
    on = hours[min(at, len(hours) - 1)]
    a_day = max(1.0, hours[-1] / max(1.0, (sheet.windows.end[-1] - sheet.windows.start[0]) / DAY))
    days: NDArray[np.float64] = np.maximum(0.0, (on - hours) / a_day)
    return days


def _health(machine: Machine, disk: Disk, sheet: Sheet, load: NDArray[np.float64]) -> None:
    windows = sheet.windows
    hours = disk.hours + windows.active_hours
    sheet.gauge(signals.KEURING_SMART_POWER_ON_TIME, disk.device, np.floor(hours))
    cool = {"nvme": 38.0, "ssd": 30.0, "hdd": 33.0}[disk.kind]
    sheet.gauge(signals.KEURING_SMART_TEMPERATURE, disk.device, cool + load * 12, 2)
    if disk.kind == "hdd":
        _rotating(machine, disk, sheet)
        return
    written = disk.written + np.cumsum(load * windows.hours * 6e9)
    sheet.gauge(signals.KEURING_SMART_DATA_WRITTEN, disk.device, written)
    sheet.gauge(signals.KEURING_SMART_ENDURANCE_UTILIZATION, disk.device, written / (disk.capacity * 600.0))
    if disk.kind == "ssd":
        sheet.gauge(signals.KEURING_SMART_REALLOCATED_SECTORS, disk.device, 0.0)
        sheet.gauge(signals.KEURING_SMART_CRC_ERRORS, disk.device, 0.0)
        return
    worn = machine.has(Problem.SPARE_DROPPING)
    fading = np.zeros(len(sheet))
    if worn and worn.subject == disk.device:
        fading = np.clip((windows.end - worn.since) / (min(worn.hinders, windows.end[-1]) - worn.since), 0.0, 1.0)
    spare = 1.0 - fading * (1.0 - (worn.pace if worn else 0.0))
    sheet.gauge(signals.KEURING_SMART_AVAILABLE_SPARE, disk.device, spare)
    sheet.gauge(signals.KEURING_SMART_CRITICAL_WARNING, disk.device, np.where(spare < 0.1, 1.0, 0.0))
    sheet.gauge(signals.KEURING_SMART_MEDIA_ERRORS, disk.device, np.floor(fading * 40))
    sheet.gauge(signals.KEURING_SMART_UNSAFE_SHUTDOWNS, disk.device, 11.0)
    sheet.gauge(signals.KEURING_SMART_WARNING_TEMPERATURE_TIME, disk.device, 0.0)


def _rotating(machine: Machine, disk: Disk, sheet: Sheet) -> None:
    """A hard disk's counts; they only ever grow, in whole sectors."""
    count = len(sheet)
    sectors = pending = reported = crc = np.zeros(count)
    for item in machine.planted:
        if item.subject != disk.device:
            continue
        days = np.maximum(0.0, (np.minimum(sheet.windows.end, item.until) - item.since) / DAY)
        if item.problem is Problem.SECTORS_GROWING:
            sectors = np.floor(days * item.pace * 2)
            pending = np.floor(days * item.pace * 0.5) + (days > 0)
            reported = np.floor(days * item.pace * 0.3)
        elif item.problem is Problem.OLD_SECTORS:
            sectors = np.full(count, np.floor(item.pace))
        elif item.problem is Problem.CABLE:
            crc = np.floor(days * item.pace)
        elif item.problem is Problem.OLD_CABLE:
            crc = np.full(count, np.floor(item.pace))
    sheet.gauge(signals.KEURING_SMART_REALLOCATED_SECTORS, disk.device, sectors)
    sheet.gauge(signals.KEURING_SMART_REPORTED_UNCORRECTABLE, disk.device, reported)
    sheet.gauge(signals.KEURING_SMART_COMMAND_TIMEOUTS, disk.device, 0.0)
    sheet.gauge(signals.KEURING_SMART_PENDING_SECTORS, disk.device, pending)
    sheet.gauge(signals.KEURING_SMART_OFFLINE_UNCORRECTABLE, disk.device, np.floor(pending / 2))
    sheet.gauge(signals.KEURING_SMART_CRC_ERRORS, disk.device, crc)
