"""Fatal errors with which the system stopped itself: blue screens and panics, by their code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import KEURING_SYSTEM_BUG_CHECK
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring_agent.host.protocol import Host
    from keuring_agent.sensors.base import Notebook

POSITION: Final = "bug_checks_position"


class BugChecks(Sensor):
    """Each is told once; those from before the agent came are not."""

    name = "bug_checks"
    signals = (KEURING_SYSTEM_BUG_CHECK,)
    pace = Pace.SLOW
    interval = 1800.0

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def read(self, host: Host, out: Readings) -> None:
        found = host.bug_checks(str(self._notebook.get(POSITION, "")))
        out.watched(KEURING_SYSTEM_BUG_CHECK)
        for one in found.bug_checks:
            out.event(KEURING_SYSTEM_BUG_CHECK, one.time, code=one.code)
        self._notebook[POSITION] = found.position
