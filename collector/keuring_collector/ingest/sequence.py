"""Where a report belongs in an endpoint's journal: next, seen before, too early, or of a spool that is no more."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from keuring_collector.store.journal import Head


class Order(Enum):
    """What the sequence number of a report says."""

    NEXT = "next"
    DUPLICATE = "duplicate"
    EARLY = "early"  # one before it is missing
    STALE = "stale"  # newer than all we know of an earlier spool


class Place(NamedTuple):
    """The verdict, and the sequence number that is waited for in that epoch."""

    order: Order
    expected: int


def place(head: Head, epoch: int, sequence: int) -> Place:
    """Where the report ``sequence`` of spool ``epoch`` belongs, given how far the endpoint's journal has come."""
    if epoch != head.epoch and epoch in head.past_epochs:
        expected = head.past_epochs[epoch] + 1
        return Place(Order.DUPLICATE if sequence < expected else Order.STALE, expected)
    expected = head.sequence + 1 if epoch == head.epoch else 1
    if sequence < expected:
        return Place(Order.DUPLICATE, expected)
    return Place(Order.NEXT if sequence == expected else Order.EARLY, expected)
