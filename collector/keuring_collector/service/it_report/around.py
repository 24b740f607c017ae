"""What every section of a report looks at: the machines, the tickets and the time that it is about."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final

from django.db.models import Q
from django.utils import timezone

from keuring_collector.desk import illness
from keuring_collector.desk.models import Ticket
from keuring_collector.fleet.models import Endpoint
from keuring_collector.service.models import ItReport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from django.db.models import QuerySet

    from keuring_collector.rulepack import RulePack
    from keuring_collector.store import Store

FEWEST: Final = illness.FEWEST  # a smaller group of machines is not told apart: it would tell about somebody


@dataclass(frozen=True)
class Around:
    """The days from ``starts`` to before ``ends``, as they are seen at ``now``. ``prices``: by kind, in euros."""

    store: Store
    pack: RulePack
    kind: str
    starts: date
    ends: date
    now: datetime
    prices: Mapping[str, float]

    @cached_property
    def span(self) -> tuple[datetime, datetime]:
        """The period as moments, on the desk's clock."""
        return _midnight(self.starts), _midnight(self.ends)

    @cached_property
    def before(self) -> tuple[datetime, datetime]:
        """The period before it, of the same kind."""
        return _midnight(earlier(self.kind, self.starts)), self.span[0]

    @cached_property
    def is_simulated(self) -> bool:
        """Whether most machines in use are simulated, as in a demo: then the report is about those."""
        found = Endpoint.objects.filter(state=Endpoint.State.ACTIVE)
        return 2 * found.filter(simulated=True).count() > found.count()

    @cached_property
    def machines(self) -> frozenset[int]:
        """The machines in use. Simulated ones only where most are simulated, as in a demo; real ones then do not."""
        found = Endpoint.objects.filter(state=Endpoint.State.ACTIVE, simulated=self.is_simulated)
        return frozenset(found.values_list("pk", flat=True))

    @property
    def tickets(self) -> QuerySet[Ticket]:
        """All tickets of those machines but those that others took in."""
        kept = Ticket.objects.exclude(state=Ticket.State.MERGED)
        return kept.filter(endpoint__state=Endpoint.State.ACTIVE, endpoint__simulated=self.is_simulated)

    def opened(self, span: tuple[datetime, datetime]) -> dict[str, set[int]]:
        """{cause: machines with a ticket that was opened in ``span``}; those that were wrong do not count."""
        found: dict[str, set[int]] = defaultdict(set)
        rows = self.tickets.filter(opened_at__gte=span[0], opened_at__lt=span[1]).exclude(verdict=Ticket.Verdict.WRONG)
        for cause, endpoint in rows.order_by().values_list("cause", "endpoint").distinct():
            found[cause].add(endpoint)
        return dict(found)

    @cached_property
    def lately(self) -> dict[str, set[int]]:
        """{cause: machines that have it at the end, or had a ticket of it in the ninety days before}."""
        until = self.span[1]
        rows = self.tickets.filter(opened_at__lt=until).filter(
            Q(closed_at=None) | Q(closed_at__gte=until) | Q(opened_at__gte=until - illness.LATELY)
        )
        found: dict[str, set[int]] = defaultdict(set)
        rows = rows.exclude(verdict=Ticket.Verdict.WRONG)
        for cause, endpoint in rows.order_by().values_list("cause", "endpoint").distinct():
            found[cause].add(endpoint)
        return dict(found)

    def groups(self, signal: int) -> dict[str, set[int]]:
        """{value of a fact: machines}, of groups that are large enough to tell."""
        found = illness.groups(self.store.facts_of(signal), set(self.machines))
        return {name: group for name, group in found.items() if len(group) >= FEWEST}


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()))


def begin(kind: str, day: date) -> date:
    """The first day of the week or month that ``day`` is in."""
    return day - timedelta(days=day.weekday()) if kind == ItReport.Kind.WEEK else day.replace(day=1)


def earlier(kind: str, starts: date) -> date:
    """When the period before the one that began at ``starts`` began."""
    return begin(kind, starts - timedelta(days=1))
