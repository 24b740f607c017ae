"""How far the building is: one line that moves on a terminal, and a line now and then elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import TextIO

WIDTH: Final = 30
ON_A_TERMINAL: Final = 0.1  # s between two looks
ELSEWHERE: Final = 5.0


class Progress:
    """Tells of ``total`` pieces of work. ``clock`` is any steady clock, in seconds."""

    def __init__(self, what: str, total: int, out: TextIO, clock: object = time.monotonic) -> None:
        self._what = what
        self._total = max(1, total)
        self._out = out
        self._clock = clock if callable(clock) else time.monotonic
        self._terminal = out.isatty()
        self._begun = self._told = self._clock()
        self._done = 0

    def advance(self, pieces: int) -> None:
        """Counts ``pieces`` more as done."""
        self._done += pieces
        now = self._clock()
        if now - self._told >= (ON_A_TERMINAL if self._terminal else ELSEWHERE):
            self._told = now
            self._tell(now)

    def finish(self) -> None:
        """Tells the end, with the time that it took."""
        self._tell(self._clock())
        if self._terminal:
            self._out.write("\n")
            self._out.flush()

    def _tell(self, now: float) -> None:
        share = min(1.0, self._done / self._total)
        spent = now - self._begun
        text = f"{self._what}: {self._done:,} of {self._total:,} ({share:.0%}), {spent:.0f} s"
        if self._terminal:
            full = round(share * WIDTH)
            self._out.write(f"\r\x1b[K[{'█' * full}{'·' * (WIDTH - full)}] {text}")
        else:
            self._out.write(f"{text}\n")
        self._out.flush()
