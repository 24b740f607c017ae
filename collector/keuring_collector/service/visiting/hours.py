"""Visiting hours: making, changing and ending them, the days on which they are not held, and when they fall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit
from keuring_collector.desk.acting import NotPossible, NotUnderstood, checked_day
from keuring_collector.service.models import Round, VisitException, VisitingHour

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Department

LONGEST: Final = 8 * 60  # minutes
SHORTEST: Final = 10


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One day on which an hour falls. ``off``: why it is not held; empty when it is."""

    hour: VisitingHour
    day: date
    off: str = ""

    @property
    def starts_at(self) -> datetime:
        """When it begins, on the desk's clock."""
        return at_minute(self.day, self.hour.from_minute)

    @property
    def ends_at(self) -> datetime:
        """When it ends; an hour lasts as long as it says, also when the clocks change within it."""
        start = self.starts_at
        return (start.astimezone(UTC) + timedelta(minutes=self.hour.minutes)).astimezone(start.tzinfo)


def at_minute(day: date, minute: int) -> datetime:
    """A minute of a day on the desk's clock."""
    return datetime.combine(day, time(minute // 60, minute % 60), tzinfo=timezone.get_current_timezone())


def occurrences(hours: Iterable[VisitingHour], first: date, last: date, *, ended: str = "") -> list[Occurrence]:
    """The days from ``first`` to ``last`` on which hours fall, in order, those that are not held too.

    With ``ended``, which says so, days after an hour ended are told as not held; without it they are left out.
    """
    hours = list(hours)
    found: list[Occurrence] = []
    days: dict[date, str] = {}
    own: dict[tuple[int, date], str] = {}
    for each in VisitException.objects.filter(Q(hour__in=hours) | Q(hour=None), day__range=(first, last)):
        if each.hour_id is None:
            days[each.day] = each.reason
        else:
            own[each.hour_id, each.day] = each.reason
    for hour in hours:
        day = max(first, hour.first_on)
        day += timedelta(days=(hour.weekday - day.weekday()) % 7)
        while day <= last:
            over = hour.ended_on is not None and day >= hour.ended_on
            if not over:
                found.append(Occurrence(hour, day, own.get((hour.pk, day)) or days.get(day, "")))
            elif ended:
                found.append(Occurrence(hour, day, ended))
            day += timedelta(days=7)
    return sorted(found, key=lambda each: (each.day, each.hour.from_minute, each.hour.pk))


def _checked_times(from_minute: int | None, minutes: int | None) -> tuple[int, int]:
    if from_minute is None:
        raise NotUnderstood("clock", _("Fill in at what time it begins, as in 10:00."))
    if minutes is None or not SHORTEST <= minutes <= LONGEST:
        raise NotUnderstood("minutes", _("A visiting hour lasts from 10 to 480 minutes."))
    if from_minute + minutes > 24 * 60:
        raise NotUnderstood("minutes", _("A visiting hour ends on the day on which it begins."))
    return from_minute, minutes


def _checked_visitor(visitor: Staff | None, department: Department) -> Staff | None:
    if visitor is None:
        return None
    ids = visitor.department_ids
    if not visitor.is_active or (ids is not None and department.pk not in ids):
        raise NotUnderstood("visitor", _("Choose somebody who works at the desk and sees this department."))
    return visitor


def make(
    department: Department,
    *,
    weekday: int | None,
    from_minute: int | None,
    minutes: int | None,
    visitor: Staff | None,
    first_on: date | None,
    actor: Staff | None,
    now: datetime,
) -> VisitingHour:
    """A new fixed hour. Raises NotUnderstood."""
    if weekday is None or not 0 <= weekday <= 6:
        raise NotUnderstood("weekday", _("Choose a day of the week."))
    from_minute, minutes = _checked_times(from_minute, minutes)
    first_on = checked_day("first_on", first_on, now, first=0)
    with transaction.atomic():
        hour = VisitingHour.objects.create(
            department=department, visitor=_checked_visitor(visitor, department), weekday=weekday,
            from_minute=from_minute, minutes=minutes, first_on=first_on, changed_at=now,
        )  # fmt: skip
        audit.record_now(
            actor, "visits.changed", f"department/{department.pk}", {"hour": str(hour.uid), "what": "made"}
        )
    return hour


def change(
    pk: int, *, from_minute: int | None, minutes: int | None, visitor: Staff | None, actor: Staff, now: datetime
) -> VisitingHour:
    """Another time, length or visitor. Raises NotUnderstood, or NotPossible for one that has ended."""
    with transaction.atomic():
        hour = _held(pk)
        hour.from_minute, hour.minutes = _checked_times(from_minute, minutes)
        hour.visitor = _checked_visitor(visitor, hour.department)
        _moved(hour, now)
        told = {"hour": str(hour.uid), "what": "changed"}
        audit.record_now(actor, "visits.changed", f"department/{hour.department_id}", told)
    return hour


def end(pk: int, *, actor: Staff, now: datetime) -> VisitingHour:
    """Holds an hour no longer, from today. Raises NotPossible for one that has ended."""
    today = timezone.localtime(now).date()
    with transaction.atomic():
        hour = _held(pk)
        hour.ended_on = today
        _moved(hour, now)
        Round.objects.filter(hour=hour, day__gte=today, state=Round.State.PROPOSED).delete()
        told = {"hour": str(hour.uid), "what": "ended"}
        audit.record_now(actor, "visits.changed", f"department/{hour.department_id}", told)
    return hour


def _held(pk: int) -> VisitingHour:
    hour = VisitingHour.objects.select_for_update().get(pk=pk)
    if hour.ended_on is not None:
        raise NotPossible(_("This visiting hour has ended already."))
    return hour


def _moved(hour: VisitingHour, now: datetime) -> None:
    hour.sequence += 1
    hour.changed_at = now
    hour.save()


def leave_out(hour: VisitingHour | None, *, day: date | None, reason: str, actor: Staff, now: datetime) -> None:
    """Does not hold an hour on a day; without an hour: none. Raises NotUnderstood or NotPossible."""
    day = checked_day("day", day, now, first=0)
    reason = reason.strip()
    if not reason or len(reason) > 100:
        raise NotUnderstood("reason", _("Say why in at most 100 characters; calendars show it."))
    if hour is not None and day.weekday() != hour.weekday:
        raise NotUnderstood("day", _("This visiting hour does not fall on that day."))
    try:
        with transaction.atomic():
            VisitException.objects.create(hour=hour, day=day, reason=reason)
            _exceptions_changed(hour, day, now, actor, "left out")
    except IntegrityError:
        raise NotPossible(_("That day is left out already.")) from None


def hold_again(exception: VisitException, *, actor: Staff, now: datetime) -> None:
    """Takes an exception back."""
    with transaction.atomic():
        exception.delete()
        _exceptions_changed(exception.hour, exception.day, now, actor, "held again")


def _exceptions_changed(hour: VisitingHour | None, day: date, now: datetime, actor: Staff, what: str) -> None:
    """Lets calendars hear of it, and drops what was proposed for that day."""
    hours = VisitingHour.objects.filter(weekday=day.weekday())
    if hour is not None:
        hours = hours.filter(pk=hour.pk)
    hours.update(sequence=F("sequence") + 1, changed_at=now)
    Round.objects.filter(hour__in=hours, day=day, state=Round.State.PROPOSED).delete()
    subject = f"department/{hour.department_id}" if hour else ""
    audit.record_now(actor, "visits.changed", subject, {"what": what, "day": day.isoformat()})
