"""Programs: which versions are installed, and which of them crashed or hung."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import (
    KEURING_APPLICATION_CRASH,
    KEURING_APPLICATION_HANG,
    KEURING_SOFTWARE_INVENTORY,
    KEURING_SOFTWARE_VERSION,
)
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from keuring.signals.model import Signal
    from keuring_agent.host.protocol import Host
    from keuring_agent.host.readings import Crashes as Found
    from keuring_agent.sensors.base import Notebook

POSITION: Final = "crashes_position"
HANGS: Final = "hangs_position"


class Software(Sensor):
    """Reads the record of packages only after it changed."""

    name = "software"
    signals = (KEURING_SOFTWARE_VERSION,)
    pace = Pace.SLOW
    interval = 21600.0

    def read(self, host: Host, out: Readings) -> None:
        for found in host.software():
            out.fact(KEURING_SOFTWARE_VERSION, found.version, found.program)
        out.cannot("none of the programs that are looked for is installed", *self.signals)


class Inventory(Sensor):
    """Slower still: a list of some hundred programs."""

    name = "inventory"
    signals = (KEURING_SOFTWARE_INVENTORY,)
    pace = Pace.SLOW
    interval = 43200.0

    def read(self, host: Host, out: Readings) -> None:
        for found in host.further_software():
            out.fact(KEURING_SOFTWARE_INVENTORY, found.version, found.program)
        out.cannot("no further program with a place in the menu is installed", *self.signals)


class Crashes(Sensor):
    """One event for each program that crashed since the last look, however often it did."""

    name = "crashes"
    signals = (KEURING_APPLICATION_CRASH,)
    pace = Pace.SLOW
    interval = 1800.0

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def read(self, host: Host, out: Readings) -> None:
        found = host.crashes(str(self._notebook.get(POSITION, "")))
        _tell(KEURING_APPLICATION_CRASH, found, host, out)
        self._notebook[POSITION] = found.position


class Hangs(Sensor):
    """The same of programs that did not respond."""

    name = "hangs"
    signals = (KEURING_APPLICATION_HANG,)
    pace = Pace.SLOW
    interval = 3600.0

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook

    def read(self, host: Host, out: Readings) -> None:
        found = host.hangs(str(self._notebook.get(HANGS, "")))
        _tell(KEURING_APPLICATION_HANG, found, host, out)
        self._notebook[HANGS] = found.position


def _tell(signal: Signal, found: Found, host: Host, out: Readings) -> None:
    out.watched(signal)
    counts: dict[str, tuple[int, float]] = {}
    for crash in found.crashes:
        count, latest = counts.get(crash.program, (0, 0.0))
        counts[crash.program] = (count + 1, max(latest, crash.time))
    versions = _versions(host) if counts else {}
    versions |= {crash.program: crash.version for crash in found.crashes if crash.version}
    for program, (count, latest) in counts.items():
        version = {"version": versions[program]} if program in versions else {}
        out.event(signal, latest, program, count, **version)


def _versions(host: Host) -> dict[str, str]:
    try:
        return {found.program: found.version for found in host.software()}
    except NotMeasurable:
        return {}
