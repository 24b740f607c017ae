"""A restart of the agent by itself when it uses too much memory: seldom, and with nothing lost.

The first time it may happen ten minutes after the start, then after twenty, and so on up to a day, counted in the
state directory; a day below the ceiling and the count begins anew. Times are those of the clock that never jumps, so
no change of the time brings a loop about.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from keuring_agent import state
from keuring_agent.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILE_NAME: Final = "restarts.json"
EXIT_CODE: Final = 9  # where a program cannot start itself anew: the service manager does
FIRST: Final = 600.0  # seconds that the agent must have run before it may restart itself
LONGEST: Final = 86400.0


class Restarts:
    """How often the agent restarted itself, and whether it may do so now. ``limit`` is in bytes."""

    def __init__(self, directory: Path, limit: int, log: Callable[[str], None]) -> None:
        self._path = directory / FILE_NAME
        self._limit = limit
        self._log = log
        self._complained = False
        try:
            found = state.read(self._path) or {}
        except StateError as error:
            log(f"{error}; going on without it")
            found = {"count": 8}  # who knows how often: the longest wait
        count = found.get("count", 0)
        self._count = count if isinstance(count, int) and 0 <= count < 1000 else 8
        self.is_untold = found.get("untold") is True  # the desk was not told of the last one yet

    @property
    def wait(self) -> float:
        """Seconds that the agent must have run before the next one."""
        return min(LONGEST, FIRST * 2.0 ** min(self._count, 30))

    def is_due(self, resident: float, ran: float) -> bool:
        """Whether the agent, of that size in bytes, is to restart itself after it ``ran`` so many seconds."""
        if resident <= self._limit:
            self._complained = False
            if self._count and ran >= LONGEST:
                self._count = 0
                self._keep()
            return False
        if ran < self.wait:
            if not self._complained:
                self._complained = True
                self._log(
                    f"the agent uses {resident / 2**20:.0f} MiB of memory; it restarts once it ran {self.wait:.0f} s"
                )
            return False
        self._count += 1
        self.is_untold = True
        if not self._keep():
            return False  # without a count there could be a loop
        self._log(f"the agent uses {resident / 2**20:.0f} MiB of memory, more than 'memory_limit'; it starts anew")
        return True

    def tell(self) -> None:
        """Notes that the report that says so is kept."""
        self.is_untold = False
        self._keep()

    def _keep(self) -> bool:
        try:
            state.write(self._path, {"count": self._count, "untold": self.is_untold})
        except StateError as error:
            self._log(str(error))
            return False
        return True


def start_anew() -> int:
    """Puts a new agent in the place of this process, with the same arguments; an exit code where that cannot be."""
    if os.name == "posix" and sys.executable:
        try:
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # itself, without a shell
        except OSError as error:
            print(f"keuring-agent: {sys.executable}: cannot be started anew: {error.strerror}", file=sys.stderr)
    return EXIT_CODE
