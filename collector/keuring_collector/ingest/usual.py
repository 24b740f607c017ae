"""What is usual in the fleet, as the write path knows it: looks now and then whether baselines were made."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import structlog

from keuring_collector.rulepack.reads import questions_of
from keuring_collector.store import baselines

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_collector.engine import CompiledPack, Fleet
    from keuring_collector.store.connection import Connection

log = structlog.get_logger(__name__)
LOOK_SECONDS: Final = 60.0  # a baseline holds a day after it was made at the earliest: there is time


class BaselineWatch:
    """Hands a fleet the baselines that its rules ask for. For one fleet and one thread."""

    def __init__(self, pack: CompiledPack, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._asks = any(questions_of(rule) for rule in pack.rules)
        self._monotonic = monotonic
        self._next = float("-inf")
        self._seen: object = None

    def look(self, connection: Connection, fleet: Fleet) -> None:
        """Before judging: takes over what was made since it last looked. Raises StorageError."""
        now = self._monotonic()
        if not self._asks or now < self._next:
            return
        state = baselines.state(connection)
        if state != self._seen:
            fleet.use_baselines(baselines.load(connection))
            log.debug("baselines taken over", questions=state[0])
        self._seen, self._next = state, now + LOOK_SECONDS
