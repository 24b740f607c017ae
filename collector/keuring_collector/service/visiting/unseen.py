"""Which departments the desk has not been seen at for long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import Count, Max, Q

from keuring_collector.service.models import Stop

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from keuring_collector.fleet.models import Department

LONG_DAYS: Final = 28


@dataclass(frozen=True, slots=True)
class Seen:
    """When a department last saw us; None: never."""

    department: Department
    last: date | None
    days: int | None
    has_hour: bool

    @property
    def is_long(self) -> bool:
        """Whether that is too long ago."""
        return self.days is None or self.days >= LONG_DAYS


def departments(found: QuerySet[Department], today: date) -> list[Seen]:
    """Of each department with colleagues when somebody there was last helped on a round, the longest ago first."""
    helped = Q(rounds__stops__outcome=Stop.Outcome.HELPED)
    rows = found.order_by("name").annotate(
        last_seen=Max("rounds__day", filter=helped),
        people=Count("colleague", distinct=True),
        held=Count("visiting_hours", filter=Q(visiting_hours__ended_on=None), distinct=True),
    )
    seen = [
        Seen(each, each.last_seen, (today - each.last_seen).days if each.last_seen else None, each.held > 0)
        for each in rows
        if each.people
    ]
    return sorted(seen, key=lambda each: (each.days is not None, -(each.days or 0), each.department.name))
