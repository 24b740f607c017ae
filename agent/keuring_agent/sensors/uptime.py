"""How long the system has run, how long its start took, and whether it went down as it should."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import (
    KEURING_BOOT_DURATION,
    KEURING_BOOT_STEP_DURATION,
    KEURING_SYSTEM_UNCLEAN_SHUTDOWN,
    SYSTEM_UPTIME,
)
from keuring_agent.sensors.base import Pace, Readings, Sensor
from keuring_agent.sensors.battery import CHARGE, DISCHARGING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_agent.host.protocol import Host
    from keuring_agent.host.readings import BootStep
    from keuring_agent.sensors.base import Notebook

BOOT: Final = "boot_id"
SEEN: Final = "seen_at"
STOPPED: Final = "agent_stopped"
_FLAT: Final = 0.08  # at this charge laptops switch themselves off, or soon do


class Uptime(Sensor):
    """Since the start."""

    name = "uptime"
    signals = (SYSTEM_UPTIME,)
    pace = Pace.WINDOW

    def read(self, host: Host, out: Readings) -> None:
        out.gauge(SYSTEM_UPTIME, host.uptime())


class BootDuration(Sensor):
    """Asked until the start is over, and then remembered."""

    name = "boot"
    signals = (KEURING_BOOT_DURATION,)
    pace = Pace.WINDOW

    def __init__(self) -> None:
        self._duration: float | None = None

    def read(self, host: Host, out: Readings) -> None:
        if self._duration is None:
            self._duration = host.boot_duration()
        out.gauge(KEURING_BOOT_DURATION, self._duration)


class BootSteps(Sensor):
    """Asked until the start is over, and then remembered; told again now and then, as a level is."""

    name = "boot_steps"
    signals = (KEURING_BOOT_STEP_DURATION,)
    pace = Pace.SLOW
    interval = 3600.0

    def __init__(self) -> None:
        self._steps: Sequence[BootStep] | None = None

    def read(self, host: Host, out: Readings) -> None:
        if self._steps is None:
            self._steps = host.boot_steps()
        out.watched(KEURING_BOOT_STEP_DURATION)
        for found in self._steps or ():
            out.gauge(KEURING_BOOT_STEP_DURATION, found.duration, found.step)


class Shutdowns(Sensor):
    """Looks, once after each start of the system, at how it went down before.

    The agent marks that it runs, and takes the mark away when it is asked to stop. A mark that outlived its boot
    means that nobody asked; the system's own record of shutdowns is believed first where there is one. Nothing is
    said of shutdowns before the agent was first started.
    """

    name = "shutdown"
    signals = (KEURING_SYSTEM_UNCLEAN_SHUTDOWN,)

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def read(self, host: Host, out: Readings) -> None:
        out.watched(KEURING_SYSTEM_UNCLEAN_SHUTDOWN)
        boot = host.boot_id()
        before = self._notebook.get(BOOT)
        if before is not None and before != boot:
            self._judge(host, out)
        self._notebook[BOOT] = boot
        self._notebook[STOPPED] = False
        self._notebook[SEEN] = host.wall()

    def _judge(self, host: Host, out: Readings) -> None:
        shutdown = host.last_shutdown()
        clean = bool(self._notebook.get(STOPPED)) if shutdown.clean is None else shutdown.clean
        if clean:
            return
        charge = self._notebook.get(CHARGE)
        cause = "unknown"
        if shutdown.panicked:
            cause = "kernel_panic"
        elif self._notebook.get(DISCHARGING) and isinstance(charge, float) and charge <= _FLAT:
            cause = "flat_battery"
        seen = self._notebook.get(SEEN)
        at = min(seen, host.wall()) if isinstance(seen, float) else host.wall()
        out.event(KEURING_SYSTEM_UNCLEAN_SHUTDOWN, at, cause=cause)
