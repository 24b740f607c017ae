"""Windows on their way into the spool, which wake no disk.

Where the spool is on a disk that turns, and nobody used that disk since the last sample, it may sleep or be about to.
Then windows stay in memory, an hour at most, and go into the spool as soon as somebody else has woken it; what is
urgent goes there at once, and everything does when the agent ends, rests or starts anew. A loss of power in between
loses them; the notebook knows that there may have been some, and the next agent says so by a gap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring_agent.sensors import uptime

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_agent.host.protocol import Host
    from keuring_agent.sensors.base import Notebook
    from keuring_agent.spool import Spool

LONGEST: Final = 3600.0  # seconds of windows in memory
MAY_BE_LOST: Final = "the agent ended without a word; windows that it kept in memory for a disk at rest may be lost"
_MARK: Final = "keeps_windows_in_memory"


class Keeping:
    """One object serves one run of the agent; ``directory`` is the spool's."""

    def __init__(self, spool: Spool, directory: Path, host: Host, notebook: Notebook) -> None:
        self._spool = spool
        self._directory = str(directory)
        self._host = host
        self._notebook = notebook
        self._held: list[tuple[bytes, float]] = []
        self._since = 0.0
        self._turns = True  # until it is known
        self._transfers = -1
        self._is_quiet = False

    def begin(self) -> bool:
        """Says by a gap that windows may have been lost before this start; returns whether. Raises StateError."""
        lost = self._notebook.get(_MARK) is True and self._notebook.get(uptime.STOPPED) is not True
        if lost:
            self._spool.add_gap(MAY_BE_LOST)
        self.look()
        return lost

    def look(self) -> None:
        """Looks whether somebody used the disk since the last look; once a sample."""
        if not self._turns:
            return
        try:
            found = self._host.disk_below(self._directory)
        except Exception:  # noqa: BLE001  # whatever the system says there, the loop goes on
            found = None
        self._turns = found is not None and found.turns
        self._notebook[_MARK] = self._turns
        self._is_quiet = found is not None and self._turns and found.transfers == self._transfers
        if found is not None:
            self._transfers = found.transfers

    @property
    def holds(self) -> bool:
        """Whether windows are in memory that are not in the spool."""
        return bool(self._held)

    @property
    def is_due(self) -> bool:
        """Whether they may go into the spool, or must."""
        return self.holds and (not self._is_quiet or self._host.monotonic() - self._since >= LONGEST)

    def add(self, body: bytes, *, at_once: bool) -> None:
        """Takes a window. Raises StateError when it cannot be kept; then it is not held either."""
        if not self._held:
            self._since = self._host.monotonic()
        self._held.append((body, self._host.wall()))
        if at_once or self.is_due:
            try:
                self.write()
            except Exception:
                self._held.pop()
                raise

    def write(self) -> None:
        """Puts all into the spool. Raises StateError; what is not there yet is held on to."""
        while self._held:
            self._spool.append(*self._held[0])
            del self._held[0]
