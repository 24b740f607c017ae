"""What keeps findings from opening tickets, as the write path knows it: looked up now and then, never per report."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import structlog

from keuring_collector.store import holds

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_collector.store.connection import Connection
    from keuring_collector.store.holds import Holds

log = structlog.get_logger(__name__)
LOOK_SECONDS: Final = 20.0  # a quiet time that somebody just made holds within this time


class HoldWatch:
    """What holds findings back. For one thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._next = float("-inf")
        self._holds: Holds | None = None

    def look(self, connection: Connection, now: float) -> Holds | None:
        """What holds at ``now`` (when the reports came), as of the last look. Raises StorageError.

        What somebody wrote into these tables must not make reports look as if they could not be judged: when it cannot
        be read, what held before goes on.
        """
        asked = self._monotonic()
        if asked >= self._next:
            self._next = asked + LOOK_SECONDS
            try:
                self._holds = holds.load(connection, now)
            except (ValueError, KeyError, TypeError) as error:
                log.error("quiet times cannot be read; those known before go on", error=repr(error))
        return self._holds
