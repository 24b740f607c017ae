"""Start and shutdown: how this run is called, how long the start took, and how the one before ended."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Final

from keuring_agent.host.darwin import processes, reports
from keuring_agent.host.readings import NotMeasurable, Shutdown

if TYPE_CHECKING:
    from keuring_agent.host.commands import Run
    from keuring_agent.host.tree import Tree

_SESSION: Final = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_LOGIN_WINDOW: Final = "loginwindow"
_LONGEST: Final = 1800.0  # a login window that began later is not the one that this start led to
_CAUSE: Final = re.compile(r"Previous shutdown cause: (-?\d{1,3})\b", re.IGNORECASE)
_ORDERLY: Final = 5
_UNKNOWN: Final = -128  # Apple's own code for a cause that was not kept
_LOOKED_AT: Final = 300  # seconds after the start in which the kernel says it


def boot_id(run: Run, timeout: float) -> str:
    """The kernel's own name for this run."""
    found = _SESSION.search(run(["sysctl", "-n", "kern.bootsessionuuid"], timeout).output.decode("ascii", "replace"))
    if found is None:
        raise NotMeasurable("the kernel does not name this run")
    return found[0].lower()


def boot_duration(run: Run, timeout: float, booted: float) -> float | None:
    """From the kernel's start to the login window; None while that is not there yet. Firmware before is not in it."""
    return until_login(processes.ask(run, timeout), booted)


def until_login(listing: str, booted: float) -> float | None:
    """The same of what ps said; of all programs only the login window is looked at."""
    began = [found.started - booted for found in processes.read(listing) if found.name == _LOGIN_WINDOW]
    if not began:
        return None
    took = min(began)
    if not 0 <= took <= _LONGEST:
        raise NotMeasurable("the login window was opened anew since the start, so how long that took is gone")
    return took


def last_shutdown(tree: Tree, run: Run, timeouts: tuple[float, float], booted: float) -> Shutdown:
    """By what the kernel said at the start, else by the record of starts and stops; ``timeouts`` are for each."""
    clean = _by_cause(run, timeouts[0], booted)
    if clean is None:
        clean = _by_record(run, timeouts[1])
    try:
        panicked = reports.panicked(tree, booted)
    except NotMeasurable:
        panicked = False
    return Shutdown(clean, panicked)


def _by_cause(run: Run, timeout: float, booted: float) -> bool | None:
    begin, end = (time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(booted + add)) for add in (-60, _LOOKED_AT))
    wanted = 'process == "kernel" AND eventMessage BEGINSWITH[c] "Previous shutdown cause"'
    try:
        result = run(
            ["log", "show", "--style", "compact", "--start", begin, "--end", end, "--predicate", wanted], timeout
        )
    except NotMeasurable:
        return None
    return by_cause(result.output.decode("utf-8", "replace"))


def by_cause(log: str) -> bool | None:
    """Whether the kernel calls the last shutdown orderly; None where it does not say."""
    causes = [int(cause) for cause in _CAUSE.findall(log)]
    return None if not causes or causes[-1] == _UNKNOWN else causes[-1] == _ORDERLY


def _by_record(run: Run, timeout: float) -> bool | None:
    try:
        result = run(["last", "-n", "50", "reboot", "shutdown"], timeout)
    except NotMeasurable:
        return None
    return by_record(result.output.decode("utf-8", "replace"))


def by_record(listing: str) -> bool | None:
    """Whether a shutdown stands before the last start (the newest is first); None where nothing was kept before it."""
    marks = [line.split()[0] for line in listing.splitlines() if line.startswith(("reboot", "shutdown"))]
    if not marks or marks[0] != "reboot" or len(marks) < 2:
        return None
    return marks[1] == "shutdown"
