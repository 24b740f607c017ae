"""Which departments the desk has not been seen at for long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Exists, OuterRef, Subquery

from keuring_collector.fleet.models import Colleague
from keuring_collector.service.models import Round, Stop, VisitingHour

if TYPE_CHECKING:
    from collections.abc import Iterable
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
    return told(with_last(found), today)


def with_last(found: QuerySet[Department]) -> QuerySet[Any]:
    """Departments with colleagues, with when somebody there was last helped, and whether they have a visiting hour."""
    own = OuterRef("pk")
    helped = Round.objects.filter(department=own, stops__outcome=Stop.Outcome.HELPED).order_by("-day")
    return found.filter(Exists(Colleague.objects.filter(department=own))).annotate(
        last=Subquery(helped.values("day")[:1]),
        has_hour=Exists(VisitingHour.objects.filter(department=own, ended_on=None)),
    )


def told(found: Iterable[Any], today: date) -> list[Seen]:
    """What those of ``with_last`` tell, the longest ago first."""
    seen = [Seen(each, each.last, (today - each.last).days if each.last else None, each.has_hour) for each in found]
    return sorted(seen, key=lambda each: (each.days is not None, -(each.days or 0), each.department.name))
