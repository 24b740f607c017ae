"""Which departments the desk has not been seen at for long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import Exists, Max, OuterRef

from keuring_collector.fleet.models import Colleague
from keuring_collector.service.models import Round, Stop, VisitingHour

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
    # Three questions instead of one: joined, each colleague would be counted with each stop.
    rows = found.filter(Exists(Colleague.objects.filter(department=OuterRef("pk")))).order_by("name")
    held = set(VisitingHour.objects.filter(department__in=found, ended_on=None).values_list("department", flat=True))
    helped = Round.objects.filter(department__in=found, stops__outcome=Stop.Outcome.HELPED).order_by()
    last = dict(helped.values("department").annotate(day=Max("day")).values_list("department", "day"))
    seen = [
        Seen(each, last.get(each.pk), (today - last[each.pk]).days if each.pk in last else None, each.pk in held)
        for each in rows
    ]
    return sorted(seen, key=lambda each: (each.days is not None, -(each.days or 0), each.department.name))
