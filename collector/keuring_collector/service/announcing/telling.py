"""The job that tells everybody: who is concerned is asked anew until an announcement is over, so that new machines are
told too, in parts of a bounded size, and nobody twice.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

import structlog
from django.db.models import Q

from keuring_collector.desk import wording
from keuring_collector.service.announcing import audience, channels, timing
from keuring_collector.service.announcing.channels import AT_ONCE, CHANNELS, Occasion, Who
from keuring_collector.service.models import Announcement, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keuring_collector.store import Store

log = structlog.get_logger(__name__)

AGAIN: Final = dt.timedelta(minutes=15)  # so soon a new machine is told
SETTLED: Final = dt.timedelta(days=1)  # who was told less long ago needs no reminder
KEPT: Final = dt.timedelta(days=90)  # for so long after its end it is known who was told


def tell(store: Store, now: dt.datetime, address: Callable[[Announcement], str], stop: Callable[[], bool]) -> int:
    """Tells whoever is to be told now of any announcement; returns how many. ``address`` says where colleagues can read
    one (empty: nowhere). Ends early, between two parts, when ``stop`` says so.
    """
    told = 0
    for announcement in Announcement.objects.filter(next_look__lte=now).order_by("next_look", "pk"):
        channels.recall_notices(announcement, store)
        for occasion, channel, who in _owed(announcement, store, now, address(announcement)):
            for first in range(0, len(who), AT_ONCE):
                if stop():
                    return told
                some = who[first : first + AT_ONCE]
                CHANNELS[channel].tell(occasion, some, store)
                told += len(some)
        # Unless somebody changed it meanwhile: then it is looked at again at once.
        following = None if timing.is_over(announcement, wording.local_day(now)) else now + AGAIN
        same = Announcement.objects.filter(pk=announcement.pk, version=announcement.version)
        same.update(next_look=following)
    return told


def forget(now: dt.datetime) -> int:
    """Lets go of who was told of what has long been over; how many rows."""
    before = now - KEPT
    day = wording.local_day(before)
    over = Q(state=Announcement.State.WITHDRAWN, changed_at__lt=before) | Q(ends_on__lt=day)
    ended = over | Q(when=Announcement.When.DATE, starts_on__lt=day)
    return Told.objects.filter(announcement__in=Announcement.objects.filter(ended)).delete()[0]


def _owed(
    announcement: Announcement, store: Store, now: dt.datetime, address: str
) -> Iterator[tuple[Occasion, str, list[Who]]]:
    """What is to be told by which channel to whom, those told first first."""
    today = wording.local_day(now)
    if announcement.state == Announcement.State.WITHDRAWN:
        occasion = Occasion(announcement, "withdrawn", now, address)
        for channel in channels.ways(announcement):
            yield (
                occasion,
                channel,
                _in_order(_those(announcement, channel, now) - _known(announcement, channel, "withdrawn")),
            )
        return
    if timing.is_over(announcement, today):
        return
    machines = audience.machines(audience.kept(announcement.audience), store)
    for channel in channels.ways(announcement):
        known = _known(announcement, channel, "first")
        occasion = Occasion(announcement, "first", now, address)
        meant = channels.reached(announcement, channel, machines)
        yield occasion, channel, _in_order(meant - known)
        if announcement.changed:
            yield from _of_change(announcement, channel, now, address)
        if _is_near(announcement, today):
            # Whoever is no longer concerned is not reminded; a change or the end, everybody is told who was told.
            name = f"reminder-{announcement.starts_on:%Y-%m-%d}"
            settled = _those(announcement, channel, now - SETTLED) & meant
            who = _in_order(settled - _known(announcement, channel, name))
            yield Occasion(announcement, name, now, address), channel, who


def _of_change(
    announcement: Announcement, channel: str, now: dt.datetime, address: str
) -> Iterator[tuple[Occasion, str, list[Who]]]:
    changed = announcement.versions.get(number=announcement.changed)
    name = f"change-{announcement.changed}"
    before = announcement.versions.filter(number__lt=announcement.changed).first()
    occasion = Occasion(announcement, name, now, address, before)
    who = _those(announcement, channel, changed.at) - _known(announcement, channel, name)
    yield occasion, channel, _in_order(who)


def _in_order(who: set[Who]) -> list[Who]:
    return sorted(who, key=lambda each: (len(str(each)), str(each)))


def _is_near(announcement: Announcement, today: dt.date) -> bool:
    if not announcement.remind_days or announcement.starts_on is None:
        return False
    return 0 <= (announcement.starts_on - today).days <= announcement.remind_days


def _known(announcement: Announcement, channel: str, occasion: str) -> set[Who]:
    field = CHANNELS[channel].field
    return set(announcement.told.filter(channel=channel, occasion=occasion).values_list(field, flat=True))


def _those(announcement: Announcement, channel: str, until: dt.datetime) -> set[Who]:
    """Who was told of it in the first place, until a moment."""
    told = announcement.told.filter(channel=channel, occasion="first", at__lt=until)
    return set(told.values_list(CHANNELS[channel].field, flat=True))
