"""Two versions of a rule side by side: which tickets both would have made, and which only one."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_collector.rulepack.backtest.asked import DAY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.rulepack.backtest.tickets import Ticket

NEAR: Final = 14 * DAY  # tickets that do not meet are the same when they are no further apart


class Pair(NamedTuple):
    """A problem on one machine: the ticket of either version, where it made one."""

    first: Ticket | None
    second: Ticket | None

    @property
    def ticket(self) -> Ticket:
        """The ticket, or the first of the two."""
        found = self.first or self.second
        assert found is not None  # noqa: S101  # a pair has one
        return found

    @property
    def earlier(self) -> float | None:
        """By how many seconds the second version opened earlier than the first; None when only one did."""
        if self.first is None or self.second is None:
            return None
        return self.first.opened_at - self.second.opened_at


def compare(first: Sequence[Ticket], second: Sequence[Ticket]) -> list[Pair]:
    """All tickets of both, paired where they are about the same subject at about the same time, oldest first."""
    waiting: dict[int, list[Ticket]] = defaultdict(list)
    for ticket in second:
        waiting[ticket.endpoint].append(ticket)
    pairs = []
    for ticket in first:
        others = [each for each in waiting[ticket.endpoint] if _meet(ticket, each)]
        nearest = min(others, key=lambda each: abs(each.opened_at - ticket.opened_at), default=None)
        if nearest is not None:
            waiting[ticket.endpoint].remove(nearest)
        pairs.append(Pair(ticket, nearest))
    pairs += [Pair(None, ticket) for left in waiting.values() for ticket in left]
    return sorted(pairs, key=lambda pair: (pair.ticket.opened_at, pair.ticket.endpoint))


def _meet(one: Ticket, other: Ticket) -> bool:
    ends = [float("inf") if each.closed_at is None else each.closed_at for each in (one, other)]
    apart = max(one.opened_at - ends[1], other.opened_at - ends[0])
    return bool(one.subjects & other.subjects) and apart <= NEAR
