"""Which of the collector's addresses is tried first: the list's order, and memory of the one that worked last.

An address that worked while those before it did not is kept to for a while, so that not every sending begins with
waiting for one that is down; then the first of the list is tried again.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from keuring_agent import state
from keuring_agent.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class InUse(NamedTuple):
    """The address that took reports last; ``since`` it does so without a break, ``last`` it did. Seconds since 1970."""

    address: str
    since: float
    last: float

    def __str__(self) -> str:
        since, last = (time.strftime("%Y-%m-%d %H:%M", time.localtime(at)) for at in (self.since, self.last))
        return f"reports went to {self.address} since {since}, the last on {last}"


def load(directory: Path) -> InUse | None:
    """What is remembered; None when nothing was sent yet, or the memory is damaged: the list's order stands then."""
    try:
        stored = state.read(directory / state.COLLECTOR) or {}
        return InUse(str(stored["address"]), float(stored["since"]), float(stored["last"]))
    except (StateError, KeyError, TypeError, ValueError):
        return None


def note(directory: Path, address: str, now: float, before: InUse | None) -> None:
    """Remembers that ``address`` took reports. Raises StateError."""
    since = before.since if before is not None and before.address == address and before.since <= now else now
    state.write(directory / state.COLLECTOR, InUse(address, since, now)._asdict(), durable=False)


def in_order(addresses: Sequence[str], known: InUse | None, now: float, return_after: float) -> tuple[str, ...]:
    """The addresses as they are to be tried.

    A memory of the future (the clock was set back) counts as old.
    """
    if known is None or known.address not in addresses or not 0 <= now - known.since < return_after:
        return tuple(addresses)
    return (known.address, *(address for address in addresses if address != known.address))
