"""How often one address may ask."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

ADDRESSES: Final = 10_000  # remembered at most; whoever was quiet longest is forgotten first


class RateLimit:
    """A token bucket per address: ``burst`` calls at once, ``per_minute`` in the long run."""

    def __init__(self, per_minute: float, burst: int) -> None:
        self._per_second = per_minute / 60
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def admits(self, address: str, now: float) -> bool:
        """Whether ``address`` may call at ``now`` (monotonic seconds); if so, the call is counted."""
        tokens, since = self._buckets.pop(address, (float(self._burst), now))
        tokens = min(self._burst, tokens + (now - since) * self._per_second)
        admitted = tokens >= 1
        self._buckets[address] = (tokens - 1 if admitted else tokens, now)
        if len(self._buckets) > ADDRESSES:
            self._buckets.popitem(last=False)
        return admitted


def address_of(peer: str) -> str:
    """The address in what grpc calls a peer, such as ``ipv4:192.0.2.1:50000`` or ``ipv6:%5B::1%5D:50000``."""
    return peer.partition(":")[2].rpartition(":")[0] or peer
