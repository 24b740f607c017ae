"""Visiting hours as iCalendar (RFC 5545), and the secret addresses under which calendars read them.

Each day of an hour is an event of its own with a UID that stays: a holiday then cancels one event, which every calendar
understands. An event says when, where and which department; whom to see and why stays in the console.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from keuring_collector.desk import audit
from keuring_collector.desk.roles import Right
from keuring_collector.service.models import CalendarKey
from keuring_collector.service.visiting import hours

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff
    from keuring_collector.service.models import Place, VisitingHour

BACK: Final = timedelta(days=28)
AHEAD: Final = timedelta(days=182)
CANCELLED_FOR: Final = timedelta(days=60)  # so long calendars are told that the days of an ended hour are off


def make_key(owner: Staff, now: datetime) -> str:
    """A new secret address for somebody, as IDENTITY.SECRET; their earlier one works no longer."""
    identity, secret = secrets.token_hex(8), secrets.token_urlsafe(24)
    with transaction.atomic():
        live(owner).update(revoked_at=now)
        CalendarKey.objects.create(id=identity, secret_hash=_hash(secret), owner=owner, made_at=now)
        audit.record_now(owner, "calendar.made", f"staff/{owner.get_username()}")
    return f"{identity}.{secret}"


def live(owner: Staff) -> QuerySet[CalendarKey]:
    """The address of somebody that works."""
    return CalendarKey.objects.filter(owner=owner, revoked_at=None)


def revoke(owner: Staff, now: datetime) -> bool:
    """Ends somebody's address; says whether there was one."""
    with transaction.atomic():
        ended = live(owner).update(revoked_at=now)
        if ended:
            audit.record_now(owner, "calendar.revoked", f"staff/{owner.get_username()}")
    return bool(ended)


def owner_of(key: str) -> Staff | None:
    """Whose address this is; None when it is nobody's, works no longer, or its owner may no longer look."""
    identity, _dot, secret = key.partition(".")
    found = CalendarKey.objects.select_related("owner").filter(id=identity, revoked_at=None).first()
    if found is None or not hmac.compare_digest(bytes(found.secret_hash), _hash(secret)):
        return None
    owner: Staff = found.owner
    return owner if owner.may(Right.LOOK) and not owner.must_change_password else None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def feed(name: str, found: Iterable[VisitingHour], host: str, address: str, now: datetime) -> bytes:
    """The calendar ``name`` of visiting hours. ``host`` makes UIDs unique, ``address`` is where the console is."""
    today = timezone.localtime(now).date()
    told = [each for each in found if each.ended_on is None or each.ended_on > today - CANCELLED_FOR]
    calendar = Calendar()
    calendar.add("prodid", "-//Keuring//visits//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"value": "DURATION"})
    places = {hour.department_id: _location(hour) for hour in told}
    for each in hours.occurrences(told, today - BACK, today + AHEAD, ended=_("this visiting hour has ended")):
        calendar.add_component(_event(each, places[each.hour.department_id], host, address))
    calendar.add_missing_timezones()
    told_as: bytes = calendar.to_ical()
    return told_as


def _event(occurrence: hours.Occurrence, location: str, host: str, address: str) -> Event:
    hour, event = occurrence.hour, Event()
    event.add("uid", f"{hour.uid}-{occurrence.day:%Y%m%d}@{host}")
    event.add("dtstamp", hour.changed_at.astimezone(UTC))
    event.add("last-modified", hour.changed_at.astimezone(UTC))
    event.add("sequence", hour.sequence)
    event.add("dtstart", occurrence.starts_at)
    event.add("dtend", occurrence.ends_at)
    event.add("summary", _("Visiting hour: %(department)s") % {"department": hour.department.name})
    if location:
        event.add("location", location)
    who = hour.visitor.shown_name if hour.visitor else _("somebody of the desk")
    lines = [_("%(who)s comes along.") % {"who": who}]
    if occurrence.off:
        lines.insert(0, _("Not this time: %(why)s.") % {"why": occurrence.off})
    event.add("description", "\n".join(lines))
    event.add("url", f"{address}visits/?day={occurrence.day.isoformat()}")
    event.add("status", "CANCELLED" if occurrence.off else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if occurrence.off else "OPAQUE")
    return event


def _location(hour: VisitingHour) -> str:
    """Where to go: buildings and floors, in walking order; else what the department's own place says."""
    rooms: Iterable[Place] = hour.department.places.all()
    parts = [", ".join(part for part in (place.building, place.floor) if part) for place in rooms]
    return "; ".join(dict.fromkeys(part for part in parts if part)) or hour.department.place
