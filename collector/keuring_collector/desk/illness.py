"""What machines of a model, or with a version of a program, have more often than others: shares with Wilson's interval.

Shares are told apart only when their 95 % intervals do not meet, which is stricter than a test of the difference: many
causes are looked at at once. A share of fewer than five machines is none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db.models import Q

from keuring_collector.desk import scope
from keuring_collector.desk.models import Ticket

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from keuring_collector.desk.scope import Seer

Z: Final = 1.96
FEWEST: Final = 5  # machines that make a group
LATELY: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Share:
    """How many of a group have something."""

    count: int
    of: int

    @property
    def value(self) -> float:
        """The share itself; 0 of nothing is 0."""
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval around it."""
        if not self.of:
            return 0.0, 1.0
        value, of = self.value, self.of
        middle = (value + Z**2 / (2 * of)) / (1 + Z**2 / of)
        half = Z / (1 + Z**2 / of) * math.sqrt(value * (1 - value) / of + Z**2 / (4 * of**2))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The share of a group beside that of all others."""

    ours: Share
    others: Share

    @property
    def verdict(self) -> str:
        """ "more", "less", "unclear", or "few" when one of both groups is too small to say."""
        if min(self.ours.of, self.others.of) < FEWEST or max(self.ours.count, self.others.count) < FEWEST:
            return "few"
        (low, high), (other_low, other_high) = self.ours.interval, self.others.interval
        return "more" if low > other_high else "less" if high < other_low else "unclear"


def compare(ill: int, of: int, all_ill: int, everybody: int) -> Comparison:
    """A group, of which so many are ill, beside the rest of ``everybody``, which it is a part of."""
    return Comparison(Share(ill, of), Share(all_ill - ill, everybody - of))


def compare_machines(group: set[int], ill: set[int], everybody: set[int]) -> Comparison:
    """The machines of ``group`` that are ``ill`` beside those of the rest of ``everybody``."""
    ours, all_ill = group & everybody, ill & everybody
    return compare(len(ours & all_ill), len(ours), len(all_ill), len(everybody))


def by_cause(seer: Seer, now: datetime) -> dict[str, set[int]]:
    """{cause: machines with a ticket of it that is open or was opened in the last 90 days}, as far as ``seer`` sees.

    Tickets that were wrong, and those that another took in, do not count.
    """
    recent = Q(state__in=Ticket.OPEN) | Q(opened_at__gte=now - LATELY)
    found = scope.tickets(seer).filter(recent).exclude(verdict=Ticket.Verdict.WRONG)
    found = found.exclude(state=Ticket.State.MERGED)
    causes: dict[str, set[int]] = {}
    for cause, endpoint in found.order_by().values_list("cause", "endpoint").distinct():
        causes.setdefault(cause, set()).add(endpoint)
    return causes


def groups(values: Mapping[tuple[int, str], object], seen: set[int]) -> dict[str, set[int]]:
    """{value of a fact: the machines that have it}, of the machines ``seen``."""
    found: dict[str, set[int]] = {}
    for (endpoint, _subject), value in values.items():
        if endpoint in seen and value not in (None, ""):
            found.setdefault(str(value), set()).add(endpoint)
    return found
