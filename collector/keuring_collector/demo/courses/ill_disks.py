"""Courses of disks and volumes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from keuring.signals import catalogue as signals
from keuring_collector.demo.plan import Problem
from keuring_collector.demo.presence import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from keuring_collector.demo.courses.site import Site


def _set_used(site: Site, used: NDArray[np.float64], where: NDArray[np.bool_]) -> None:
    volume = next(each for each in site.machine.volumes if each.mountpoint == site.item.subject)
    used = np.clip(used, 0.0, 0.998)
    site.put(signals.SYSTEM_FILESYSTEM_UTILIZATION, volume.mountpoint, used, where)
    site.put(signals.KEURING_FILESYSTEM_AVAILABLE, volume.mountpoint, (1 - used) * volume.size, where)


def _used_before(site: Site) -> float:
    return next(each.used for each in site.machine.volumes if each.mountpoint == site.item.subject)


def volume_runaway(site: Site) -> None:
    """A log that grows by day and night, so far as the machine is on."""
    before = _used_before(site)
    _set_used(site, before + (1.0 - before) * site.used_way, site.ill)


def full_for_weeks(site: Site) -> None:
    """Nearly full, and it stays so."""
    _set_used(site, site.item.pace + site.random.normal(0, 0.001, len(site.sheet)), site.ill)


def big_copies(site: Site) -> None:
    """Three times a year a fifth of the volume more within a day, cleaned up two weeks later."""
    volume = next(each for each in site.machine.volumes if each.mountpoint == site.item.subject)
    place = np.mod((site.sheet.windows.end - site.item.since) / DAY, 120.0)
    there = (place < 14.0) & site.ill
    used = volume.used + 0.2 * np.clip(place, 0.0, 1.0) + site.random.normal(0, 0.001, len(site.sheet))
    _set_used(site, used, there)


def inodes(site: Site) -> None:
    """Small files without end: the inodes run out while the space does not."""
    volume = next(each for each in site.machine.volumes if each.mountpoint == site.item.subject)
    used = 0.12 + 0.88 * site.used_way
    all_of_them = volume.size / 16384
    site.put(signals.KEURING_FILESYSTEM_INODES_UTILIZATION, volume.mountpoint, used)
    site.put(signals.KEURING_FILESYSTEM_INODES_AVAILABLE, volume.mountpoint, (1 - used) * all_of_them)


def media_errors(site: Site) -> None:
    """Few at first, then more and more."""
    count = np.floor(np.expm1(np.log1p(site.item.pace) * site.way) + (site.way > 0))
    site.add(signals.KEURING_SMART_MEDIA_ERRORS, site.item.subject, count)


def one_media_error(site: Site) -> None:
    """One, and it stays that way."""
    site.add(signals.KEURING_SMART_MEDIA_ERRORS, site.item.subject, site.on)


def blocks(site: Site) -> None:
    """A chip that fails: blocks are lost ever faster."""
    count = np.floor(np.expm1(np.log1p(site.item.pace) * site.way))
    site.add(signals.KEURING_SMART_REALLOCATED_SECTORS, site.item.subject, count)


def two_blocks(site: Site) -> None:
    """One, and months later another."""
    site.add(signals.KEURING_SMART_REALLOCATED_SECTORS, site.item.subject, site.on + (site.days > 90))


def endurance(site: Site) -> None:
    """Something writes without need: what was planned for years is used up within one."""
    start = 0.45
    site.put(signals.KEURING_SMART_ENDURANCE_UTILIZATION, site.item.subject, start + site.days * _pace(site, 1 - start))


def much_written(site: Site) -> None:
    """A third of the planned writes is done, and it goes on as planned: a tenth a year."""
    site.put(signals.KEURING_SMART_ENDURANCE_UTILIZATION, site.item.subject, 0.33 + site.days * 0.1 / 365)


def _pace(site: Site, way: float) -> float:
    return way / max(1.0, (site.item.hinders - site.item.since) / DAY)


def timeouts(site: Site) -> None:
    """Commands time out on more and more days."""
    each = site.on_days(0.6, site.item.pace)
    site.add(signals.KEURING_SMART_COMMAND_TIMEOUTS, site.item.subject, np.cumsum(each))


def few_timeouts(site: Site) -> None:
    """A cable or a power dip, now and then: some ten in a year."""
    each = site.on_days(0.03, 1)
    site.add(signals.KEURING_SMART_COMMAND_TIMEOUTS, site.item.subject, np.cumsum(each))


def stalling(site: Site) -> None:
    """The disk repeats its work: half a second and more for an answer."""
    slow = site.item.pace * (1 + site.random.random(len(site.sheet)))
    site.put(signals.KEURING_DISK_LATENCY, site.item.subject, slow)
    site.put(signals.KEURING_DISK_BUSY_UTILIZATION, site.item.subject, 0.97)


def slower(site: Site) -> None:
    """So many times slower than others of its model, and nothing else is seen."""
    site.sheet.change(
        signals.KEURING_DISK_LATENCY,
        site.item.subject,
        lambda values: np.where(site.ill, values * site.item.pace + 0.004, values),
    )


def waited_for(site: Site) -> None:
    """Everything on the machine waits for the disk at once, most of the day."""
    full = np.clip(site.item.pace + site.random.normal(0, 0.03, len(site.sheet)), 0.0, 1.0)
    site.put(signals.KEURING_PRESSURE_IO_FULL, "", full)
    site.put(signals.KEURING_PRESSURE_IO_SOME, "", np.minimum(1.0, full * 1.3))


def hot(site: Site) -> None:
    """So many degrees warmer than usual."""
    site.add(signals.KEURING_SMART_TEMPERATURE, site.item.subject, site.on * site.item.pace)


def power_losses(site: Site) -> None:
    """The disk counts sudden losses of power too, where a power supply is about to fail."""
    for disk in site.machine.disks if site.item.hinders < float("inf") else ():
        opens = site.sheet.windows.opens_session & site.ill
        lost = np.cumsum(opens & (site.random.random(len(opens)) < 0.2))
        site.add(signals.KEURING_SMART_UNSAFE_SHUTDOWNS, disk.device, lost.astype(np.float64))


COURSES: Final[Mapping[Problem, Callable[[Site], None]]] = {
    Problem.VOLUME_RUNAWAY: volume_runaway,
    Problem.FULL_FOR_WEEKS: full_for_weeks,
    Problem.BIG_COPIES: big_copies,
    Problem.INODES_USED_UP: inodes,
    Problem.MEDIA_ERRORS: media_errors,
    Problem.ONE_MEDIA_ERROR: one_media_error,
    Problem.BLOCKS_FAILING: blocks,
    Problem.TWO_BAD_BLOCKS: two_blocks,
    Problem.ENDURANCE_ENDING: endurance,
    Problem.MUCH_WRITTEN: much_written,
    Problem.COMMAND_TIMEOUTS: timeouts,
    Problem.FEW_TIMEOUTS: few_timeouts,
    Problem.DISK_STALLING: stalling,
    Problem.DISK_SLOWER: slower,
    Problem.DISK_WAITED_FOR: waited_for,
    Problem.HARD_DISK_HOT: hot,
    Problem.NVME_HOT: hot,
    Problem.UNCLEAN_SHUTDOWNS: power_losses,
}
