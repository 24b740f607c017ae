"""Counts that stop: above a thousand nobody needs the number, and a million rows take long to count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from django.db.models import QuerySet

MOST: Final = 1000


class Count(int):
    """How many there are. Above MOST it is only known that there are more, and as text it says so."""

    def __str__(self) -> str:
        return f"{MOST}+" if self.is_more else int.__repr__(self)

    @property
    def is_more(self) -> bool:
        """Whether there are more than were counted."""
        return self > MOST


def bounded(found: QuerySet[Any]) -> Count:
    """How many rows there are; at most MOST + 1 are read."""
    return Count(found.order_by()[: MOST + 1].count())
