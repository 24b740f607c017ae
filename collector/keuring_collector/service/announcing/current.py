"""What is announced now: for the desk, for machines, and for everybody."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from keuring_collector.desk import wording
from keuring_collector.desk.prepared import prepared
from keuring_collector.service.announcing import audience, timing
from keuring_collector.service.models import Announcement

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import date, datetime

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store import Store

CALLED_OFF: Final = timedelta(days=14)  # for so long readers are told that something is off


def seen_by(staff: Staff) -> list[Announcement]:
    """All announcements that somebody at the desk may see, the newest first: those for everybody, for one of their
    departments, and their own.
    """
    found = Announcement.objects.select_related("author")
    ids = staff.department_ids
    return [each for each in found if ids is None or each.author_id == staff.pk or _meets(each, ids)]


def _meets(announcement: Announcement, departments: frozenset[int]) -> bool:
    meant = audience.kept(announcement.audience).departments
    return not meant or not departments.isdisjoint(meant)


def for_machine(endpoint: Endpoint, store: Store, now: datetime) -> list[Announcement]:
    """The published announcements that concern a machine and are not over, the nearest first."""
    return for_machines([endpoint.pk], store, wording.local_day(now)).get(endpoint.pk, [])


def for_machines(endpoints: Collection[int], store: Store, day: date) -> dict[int, list[Announcement]]:
    """{machine: the published announcements that concern it and are not over on ``day``}, the nearest first."""
    found: dict[int, list[Announcement]] = defaultdict(list)
    for each in _coming(day) if endpoints else ():
        for endpoint in audience.machines(audience.kept(each.audience), store, among=endpoints):
            found[endpoint].append(each)
    return dict(found)


def for_everybody(now: datetime) -> list[Announcement]:
    """The published announcements that may be read without signing in and are not over, the nearest first."""
    return [each for each in _coming(wording.local_day(now)) if each.public]


def called_off(now: datetime) -> list[Announcement]:
    """Those of which everybody could read and that were withdrawn in the last two weeks, the newest first."""
    lately = Announcement.objects.filter(
        state=Announcement.State.WITHDRAWN, public=True, changed_at__gte=now - CALLED_OFF
    )
    return list(lately.select_related("author").order_by("-changed_at", "-pk"))


def _coming(today: date) -> list[Announcement]:
    """Those with a date first, by it; then those without one."""
    return sorted(_not_over(today), key=nearness(today))


@prepared
def _not_over(today: Any) -> QuerySet[Announcement]:
    return Announcement.objects.filter(timing.coming(today)).select_related("author")


def nearness(today: date) -> Callable[[Announcement], tuple[date, int]]:
    """By what announcements are sorted, so that the nearest comes first."""
    return lambda each: (each.starts_on or each.tell_by or today, each.pk)
