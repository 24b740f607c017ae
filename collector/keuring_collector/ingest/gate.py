"""What stands before a service that gives something to whoever proves a key: challenges, limits, and one refusal.

All refusals look the same to the caller, who learns nothing from them; which it was is in the log and in the metrics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

import grpc
import structlog

from keuring_collector.ingest.challenge import Challenges
from keuring_collector.ingest.rate import RateLimit, address_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import Counter

    Context = grpc.aio.ServicerContext[Any, Any]

log = structlog.get_logger(__name__)
OWN_PER_MINUTE: Final = 3  # of one machine, whose key was proven; it needs one


class Rules(NamedTuple):
    """How a gate is kept: ``counted`` has an outcome as its label, ``said`` is what the log says of a refusal,
    ``refusal`` what the caller hears; ``per_minute`` and ``burst`` limit challenges to one address.
    """

    counted: Counter
    said: str
    refusal: str
    per_minute: int
    burst: int


class Gate:
    """One service's. ``monotonic`` gives seconds of a steady clock."""

    def __init__(self, rules: Rules, monotonic: Callable[[], float]) -> None:
        self._rules = rules
        self._monotonic = monotonic
        self._challenges = Challenges()
        self._limit = RateLimit(rules.per_minute, rules.burst)
        self._own_limit = RateLimit(OWN_PER_MINUTE, OWN_PER_MINUTE)

    async def challenge(self, context: Context) -> bytes:
        """A challenge for whoever asks, not too often."""
        address = address_of(context.peer())
        if not self._limit.admits(address, self._monotonic()):
            self._rules.counted.labels("rate_limited").inc()
            await context.abort(
                grpc.StatusCode.RESOURCE_EXHAUSTED, f"too many challenges were asked for from {address}; wait a minute"
            )
        return self._challenges.draw(self._monotonic())

    def takes(self, challenge: bytes) -> bool:
        """Whether a challenge is one of ours, not too old, and comes for the first time."""
        return self._challenges.take(challenge, self._monotonic())

    def admits(self, whom: str) -> bool:
        """Whether this machine, which has proven its key, may have something now."""
        return self._own_limit.admits(whom, self._monotonic())

    async def refuse(
        self,
        context: Context,
        reason: str,
        code: grpc.StatusCode = grpc.StatusCode.PERMISSION_DENIED,
        message: str = "",
    ) -> NoReturn:
        """Ends the call; without a ``message`` as every other refusal."""
        self._rules.counted.labels(reason).inc()
        log.warning(self._rules.said, reason=reason, address=address_of(context.peer()))
        await context.abort(code, message or self._rules.refusal)
        raise AssertionError("abort always raises")

    async def refuse_for_now(self, context: Context, reason: str) -> NoReturn:
        """Ends the call of a machine that asks too often."""
        await self.refuse(context, reason, grpc.StatusCode.RESOURCE_EXHAUSTED, "too many attempts; wait")
