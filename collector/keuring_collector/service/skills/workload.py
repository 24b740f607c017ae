"""How much somebody has on hand: numbers for themselves and their team lead, a word for everybody else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models import Ticket
from keuring_collector.service.skills.profiles import leads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.utils.functional import _StrPromise

    from keuring_collector.desk.models import Staff

# From so many tickets on that want something within a week.
ENOUGH: Final = 6
MUCH: Final = 13
WORDS: Final[Mapping[str, _StrPromise]] = {
    "little": _("has room"),
    "enough": _("has enough on hand"),
    "much": _("has much on hand"),
}


@dataclass(frozen=True, slots=True)
class Load:
    """The open tickets of somebody. ``week``: planned within seven days; ``late``: planned for a day that passed."""

    taken: int = 0
    late: int = 0
    week: int = 0
    later: int = 0
    snoozed: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.taken + self.late + self.week + self.later + self.snoozed

    @property
    def word(self) -> str:
        """A key of WORDS: what is to be done within a week, roughly."""
        near = self.taken + self.late + self.week
        return "much" if near >= MUCH else "enough" if near >= ENOUGH else "little"

    @property
    def told(self) -> str:
        """The same in words."""
        return str(WORDS[self.word])


def of(people: Iterable[Staff], now: datetime) -> dict[int, Load]:
    """The load of each, by their number."""
    today = timezone.localtime(now).date()
    planned, week = Q(state=Ticket.State.PLANNED), today + timedelta(days=7)
    rows = (
        Ticket.objects.filter(owner__in=[person.pk for person in people], state__in=Ticket.OPEN, closed_at=None)
        .order_by()
        .values("owner")
        .annotate(
            taken=Count("pk", filter=Q(state=Ticket.State.NEW)),
            late=Count("pk", filter=planned & Q(planned_for__lt=today)),
            week=Count("pk", filter=planned & Q(planned_for__gte=today, planned_for__lt=week)),
            later=Count("pk", filter=planned & Q(planned_for__gte=week)),
            snoozed=Count("pk", filter=Q(state=Ticket.State.SNOOZED)),
        )
    )
    fields = ("taken", "late", "week", "later", "snoozed")
    return {row["owner"]: Load(**{name: row[name] for name in fields}) for row in map(dict[str, Any], rows)}


def may_see(viewer: Staff, person: Staff) -> bool:
    """Whether somebody may see the numbers: one's own, and those of whom one leads."""
    return viewer.pk == person.pk or leads(viewer, person)
