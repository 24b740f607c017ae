"""Courses of processor, memory, cooling, network, start and updates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from keuring.signals import catalogue as signals
from keuring_collector.demo.hardware import GIB
from keuring_collector.demo.plan import Problem
from keuring_collector.demo.presence import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keuring_collector.demo.courses.site import Site

PACKAGE: Final = "coretemp/Package id 0"
FAN: Final = "fan1"


def dust(site: Site) -> None:
    """Warmer at the same work, month after month; the fan makes up for some of it, until the processor slows down."""
    hot = site.machine.model.hot + 2
    site.add(signals.HW_TEMPERATURE, PACKAGE, site.way * site.item.pace, most=hot)
    site.add(signals.HW_FAN_SPEED, FAN, site.way * 1600.0)
    slowed = site.sheet.windows.hours * site.random.poisson(40, len(site.sheet))
    late = (site.sheet.windows.end >= site.item.hinders) & site.ill
    site.add(signals.KEURING_CPU_THROTTLING, "", np.where(late, slowed, 0.0))


def warm_place(site: Site) -> None:
    """In the sun, or with little air, all year."""
    site.add(signals.HW_TEMPERATURE, PACKAGE, site.on * site.item.pace)


def fan_stopped(site: Site) -> None:
    """It does not turn any more, and the machine gets hotter."""
    site.put(signals.HW_FAN_SPEED, FAN, 0.0)
    site.add(signals.HW_TEMPERATURE, PACKAGE, site.on * site.item.pace, most=site.machine.model.hot + 2)


def fan_rests(site: Site) -> None:
    """It stands still in hours with next to nothing to do; in any other there are moments that start it."""
    site.sheet.change(signals.HW_FAN_SPEED, FAN, lambda speed: np.where(speed < 2000.0, 0.0, speed))


def memory_corrected(site: Site) -> None:
    """Errors on more and more days; one that cannot be corrected stops the machine."""
    site.add(signals.KEURING_MEMORY_ERRORS_CORRECTED, "", site.on_days(0.45, site.item.pace))
    at = np.zeros(len(site.sheet))
    late = np.flatnonzero(site.sheet.windows.end >= site.item.hinders)
    at[late[:1]] = 1.0
    site.add(signals.KEURING_MEMORY_ERRORS_UNCORRECTED, "", at)


def memory_uncorrected(site: Site) -> None:
    """One error that could not be corrected, out of the blue."""
    at = np.zeros(len(site.sheet))
    at[np.flatnonzero(site.ill)[:1]] = 1.0
    site.add(signals.KEURING_MEMORY_ERRORS_UNCORRECTED, "", at)


def one_memory_error(site: Site) -> None:
    """A single bit, once."""
    at = np.zeros(len(site.sheet))
    at[np.flatnonzero(site.ill)[:1]] = 1.0
    site.add(signals.KEURING_MEMORY_ERRORS_CORRECTED, "", at)


def leak(site: Site) -> None:
    """A program keeps what it was given, and the machine only sleeps."""
    way = site.used_way
    kept = 0.62 * way
    site.add(signals.KEURING_MEMORY_COMMIT_UTILIZATION, "", kept, most=0.99)
    site.add(signals.SYSTEM_MEMORY_UTILIZATION, "", 0.5 * way, most=0.97)
    site.add(signals.SYSTEM_PAGING_UTILIZATION, "", 0.6 * np.maximum(0.0, way - 0.4), most=1.0)


def leak_and_restart(site: Site) -> None:
    """The same, but each start ends it."""
    days = (site.sheet.windows.end - site.sheet.windows.boot_time) / DAY
    site.add(signals.KEURING_MEMORY_COMMIT_UTILIZATION, "", np.minimum(0.03 * days, 0.4) * site.on, most=0.9)


def out_of_memory(site: Site) -> None:
    """The kernel ends programs, on one day in three."""
    site.add(signals.KEURING_MEMORY_OOM_KILLS, "", site.on_days(0.35, site.item.pace))


def little_memory(site: Site) -> None:
    """Always well filled."""
    stray = site.random.normal(0, 0.01, len(site.sheet))
    site.put(signals.SYSTEM_MEMORY_UTILIZATION, "", np.clip(site.item.pace + stray, 0.0, 0.97))


def processor_short(site: Site) -> None:
    """More work than the processor can do, all day."""
    some = np.clip(site.item.pace + site.random.normal(0, 0.03, len(site.sheet)), 0.0, 1.0)
    site.put(signals.KEURING_PRESSURE_CPU_SOME, "", some)
    site.put(signals.SYSTEM_CPU_UTILIZATION, "", 0.95)


def network_errors(site: Site) -> None:
    """A pair of the cable gets worse; when it breaks the link falls back."""
    a_day = site.item.pace * (0.3 + site.way)
    found = site.random.poisson(a_day / 9.0 * site.sheet.windows.hours) * site.on
    site.add(signals.KEURING_NETWORK_ERRORS_RECEIVE, site.item.subject, found)


def some_network_errors(site: Site) -> None:
    """Some tens a week, as with any old wiring."""
    found = site.random.poisson(site.item.pace / 45.0 * site.sheet.windows.hours) * site.on
    site.add(signals.KEURING_NETWORK_ERRORS_RECEIVE, site.item.subject, found)


def link_changes(site: Site) -> None:
    """So many changes of the link a day (of nine hours)."""
    found = site.random.poisson(site.item.pace / 9.0 * site.sheet.windows.hours) * site.on
    site.add(signals.KEURING_NETWORK_LINK_CHANGES, site.item.subject, found)


def start_growing(site: Site) -> None:
    """Each week a little longer, to two minutes."""
    site.add(signals.KEURING_BOOT_DURATION, "", 101.0 * site.way)


def start_slow(site: Site) -> None:
    """So many seconds longer than others of the model with the same system."""
    site.add(signals.KEURING_BOOT_DURATION, "", site.on * site.item.pace)


def slow_after_updates(site: Site) -> None:
    """A start in ten takes two minutes, because updates are put in place."""
    boot = site.sheet.windows.boot
    each = site.random.random(int(boot[-1]) + 1 if len(boot) else 0) < 0.1
    site.add(signals.KEURING_BOOT_DURATION, "", np.where(each[boot], 100.0, 0.0) * site.on)


def security_stuck(site: Site) -> None:
    """Other updates come, these do not."""
    stuck = np.floor(1.0 + site.item.pace * np.clip(site.way, 0.0, 1.0))
    for signal in (signals.KEURING_UPDATES_SECURITY_PENDING, signals.KEURING_UPDATES_PENDING):
        site.sheet.change(signal, "", lambda values: np.where(site.ill, np.maximum(values, stuck), values))


def always_full(site: Site) -> None:
    """Always on the dock."""
    site.put(signals.HW_BATTERY_CHARGE, "BAT0", 1.0)


def gauge_corrected(site: Site) -> None:
    """The gauge learned anew: a step of some percent, and no more."""
    for signal, share in (
        (signals.KEURING_BATTERY_HEALTH, 1.0),
        (signals.KEURING_BATTERY_CAPACITY_FULL, site.machine.model.battery),
    ):
        site.add(signal, "BAT0", -site.on * site.item.pace * share)


def battery_dropped(site: Site) -> None:
    """A cell failed: so much less from one charge to the next."""
    gauge_corrected(site)


def battery_rewritten(site: Site) -> None:
    """Firmware lowers what the battery could hold when new, so that it seems less worn than it is."""
    design = site.machine.model.battery * site.item.pace
    site.put(signals.KEURING_BATTERY_CAPACITY_DESIGN, "BAT0", design)
    site.sheet.change(
        signals.KEURING_BATTERY_HEALTH, "BAT0", lambda values: np.where(site.ill, values / site.item.pace, values)
    )


def new_battery(site: Site) -> None:
    """One of the same model was put in."""
    site.put(signals.KEURING_BATTERY_HEALTH, "BAT0", 0.995)
    site.put(signals.KEURING_BATTERY_CAPACITY_FULL, "BAT0", 0.995 * site.machine.model.battery)
    cycles = site.sheet.windows.active_hours / 14
    begun = cycles[int(np.argmax(site.ill))] if len(cycles) else 0.0
    site.put(signals.KEURING_BATTERY_CYCLES, "BAT0", np.floor(cycles - begun))


def memory_missing(site: Site) -> None:
    """A module dropped out, and the firmware goes on with what is left."""
    left = 0.97 * site.machine.model.memory * site.item.pace
    site.put(signals.SYSTEM_MEMORY_LIMIT, "", left)
    site.sheet.change(
        signals.KEURING_MEMORY_AVAILABLE, "", lambda free: np.where(site.ill, free * site.item.pace, free)
    )


def memory_for_graphics(site: Site) -> None:
    """A setting of the firmware: graphics have some of it for themselves from then on."""
    site.add(signals.SYSTEM_MEMORY_LIMIT, "", -site.on * site.item.pace * GIB)


COURSES: Final[Mapping[Problem, Callable[[Site], None]]] = {
    Problem.DUST: dust,
    Problem.WARM_PLACE: warm_place,
    Problem.FAN_STOPPED: fan_stopped,
    Problem.FAN_RESTS: fan_rests,
    Problem.MEMORY_CORRECTED: memory_corrected,
    Problem.MEMORY_UNCORRECTED: memory_uncorrected,
    Problem.ONE_MEMORY_ERROR: one_memory_error,
    Problem.MEMORY_LEAK: leak,
    Problem.LEAK_AND_RESTART: leak_and_restart,
    Problem.OUT_OF_MEMORY: out_of_memory,
    Problem.LITTLE_MEMORY: little_memory,
    Problem.PROCESSOR_SHORT: processor_short,
    Problem.NETWORK_ERRORS: network_errors,
    Problem.SOME_NETWORK_ERRORS: some_network_errors,
    Problem.LINK_FLAPPING: link_changes,
    Problem.DOCKED_OFTEN: link_changes,
    Problem.START_GROWING: start_growing,
    Problem.START_SLOW: start_slow,
    Problem.SLOW_AFTER_UPDATES: slow_after_updates,
    Problem.SECURITY_STUCK: security_stuck,
    Problem.ALWAYS_FULL: always_full,
    Problem.GAUGE_CORRECTED: gauge_corrected,
    Problem.BATTERY_DROPPED: battery_dropped,
    Problem.BATTERY_REWRITTEN: battery_rewritten,
    Problem.NEW_BATTERY: new_battery,
    Problem.MEMORY_MISSING: memory_missing,
    Problem.MEMORY_FOR_GRAPHICS: memory_for_graphics,
}
