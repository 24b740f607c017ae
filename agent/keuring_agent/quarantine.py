"""Sensors that had to be ended with the whole agent, and are left alone for a day.

One that was left behind (see readers.py) and only waits costs nothing, and stays. One that works on and on takes a
processor from the colleague: nothing but the end of the process stops it. The notebook says so before, or the next
agent would read it again at once; where that cannot be kept nothing is ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection

    from keuring_agent.host.protocol import Host
    from keuring_agent.sensors.base import Notebook

DAY: Final = 86400.0
_PREFIX: Final = "quarantine."
_TOO_MUCH: Final = 0.25  # of a processor, from the end of one window to that of the next


class Quarantine:
    """What is left alone, and what has to be. One object serves one run of the agent."""

    def __init__(self, notebook: Notebook, host: Host) -> None:
        self._notebook = notebook
        self._host = host
        self._before: frozenset[str] = frozenset()
        self._measured = (host.monotonic(), host.own_cpu())

    def kept(self) -> dict[str, float]:
        """{sensor: for how many seconds it is left alone yet}."""
        now = self._host.wall()
        found: dict[str, float] = {}
        for key in [key for key in self._notebook if key.startswith(_PREFIX)]:
            until = self._notebook[key]
            left = until - now if isinstance(until, float) else 0.0
            if left > 0:
                found[key.removeprefix(_PREFIX)] = min(left, DAY)  # less than it says, when the clock was set back
            else:
                del self._notebook[key]
        return found

    def runaways(self, hanging: Collection[str]) -> frozenset[str]:
        """Of those that hang now, which did so for a whole window while the agent took much of a processor.

        To be asked at the end of each window.
        """
        began, used = self._measured
        now, cpu = self._measured = (self._host.monotonic(), self._host.own_cpu())
        both = self._before.intersection(hanging)
        self._before = frozenset(hanging)
        return both if cpu - used > _TOO_MUCH * (now - began) else frozenset()

    def add(self, names: Collection[str]) -> None:
        """Notes them; the notebook is yet to be saved."""
        for name in names:
            self._notebook[_PREFIX + name] = self._host.wall() + DAY
