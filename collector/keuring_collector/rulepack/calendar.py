"""Business hours for the engine: the openings of a week, and what the time zone's clocks show, as plain numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from keuring_collector import business_hours
from keuring_collector.engine.compiled import Calendar

DEFAULT_ZONE = "Europe/Amsterdam"
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2070, 1, 1, tzinfo=UTC)
_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)


@lru_cache(maxsize=8)
def calendar(time_zone: str = DEFAULT_ZONE, hours: str = business_hours.DEFAULT) -> Calendar:
    """The calendar of a place. Raises ValueError for hours, and ZoneInfoNotFoundError for a zone, that cannot be."""
    openings = tuple((each.weekday, each.begin, each.end) for each in business_hours.parse(hours))
    return Calendar(_offsets(ZoneInfo(time_zone)), openings, FIRST.timestamp(), LAST.timestamp())


def _offsets(zone: ZoneInfo) -> tuple[tuple[float, float], ...]:
    """(from when, seconds ahead of UTC), for each time that the clocks are changed."""
    found = [(FIRST.timestamp(), _offset(FIRST, zone))]
    moment = FIRST
    while moment < LAST:
        following = moment + _DAY
        if _offset(following, zone) != found[-1][1]:
            change = _change(moment, following, zone)
            found.append((change.timestamp(), _offset(change, zone)))
        moment = following
    return tuple(found)


def _offset(moment: datetime, zone: ZoneInfo) -> float:
    ahead = moment.astimezone(zone).utcoffset()
    return 0.0 if ahead is None else ahead.total_seconds()


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The second from which the clocks show what they show ``after``."""
    wanted = _offset(after, zone)
    while after - before > _SECOND:
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        if _offset(middle, zone) == wanted:
            after = middle
        else:
            before = middle
    return after
