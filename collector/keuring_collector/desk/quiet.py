"""Quiet times, as people make, see and end them: windows of maintenance, and silences with a reason and an end."""

from __future__ import annotations

import datetime as dt
import fnmatch
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.acting import NotPossible, NotUnderstood
from keuring_collector.desk.models import Quiet
from keuring_collector.desk.prepared import prepared
from keuring_collector.store.holds import stretches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff, Ticket
    from keuring_collector.fleet.models import Department, Endpoint

LONGEST: Final = dt.timedelta(days=366)
Kind = Quiet.Kind


def make(
    *,
    kind: str,
    reason: str,
    actor: Staff,
    now: dt.datetime,
    starts_at: dt.datetime | None,
    ends_at: dt.datetime | None,
    department: Department | None = None,
    model: str = "",
    host_name: str = "",
    endpoint: Endpoint | None = None,
    cause: str = "",
    weekly: tuple[int, int, int] | None = None,
) -> Quiet:
    """Makes a quiet time. ``weekly``: weekday (0 Monday), first minute of the day, minutes. Raises NotUnderstood."""
    if kind not in Quiet.BY_HAND:
        raise NotUnderstood("kind", _("Choose maintenance or a silence."))
    reason = reason.strip()
    if not reason or len(reason) > 400:
        raise NotUnderstood("reason", _("Write down why, in at most 400 characters: others will want to know."))
    if starts_at is None or ends_at is None or ends_at <= starts_at:
        raise NotUnderstood("ends_at", _("Fill in a beginning and an end after it."))
    if ends_at <= now:
        raise NotUnderstood("ends_at", _("That end has passed already. Choose a later one."))
    if ends_at - starts_at > LONGEST:
        raise NotUnderstood("ends_at", _("That is more than a year. Choose an earlier end; it can be made again."))
    if kind == Kind.SILENCE and not (department or model or host_name or endpoint):
        raise NotUnderstood("department", _("Say which machines: a department, a model or a name."))
    weekday, first, minutes = weekly or (None, None, None)
    if minutes is not None and not 0 < minutes <= 24 * 60:
        raise NotUnderstood("minutes", _("A weekly window lasts between a minute and a day."))
    span = starts_at.timestamp(), ends_at.timestamp()
    if weekly and not any(stretches(*span, [weekday, first, minutes], span[0], settings.TIME_ZONE)):
        raise NotUnderstood("weekday", _("That part of the week does not fall between the beginning and the end."))
    return Quiet.objects.create(
        kind=kind, reason=reason, department=department, model=model.strip()[:256], host_name=host_name.strip()[:64],
        endpoint=endpoint, cause=cause.strip()[:60], starts_at=starts_at, ends_at=ends_at, weekday=weekday,
        from_minute=first, minutes=minutes, made_at=now, made_by=actor,
    )  # fmt: skip


def end(quiet_id: int, *, actor: Staff, now: dt.datetime) -> Quiet:
    """Ends a quiet time now; what waited for it is told soon. Raises NotPossible when it is over."""
    if Quiet.objects.filter(pk=quiet_id, kind=Kind.OBJECTION).exists():
        raise NotPossible(_("A colleague objected. Only the answer of the privacy officer ends this."))
    ended = Quiet.objects.filter(pk=quiet_id, ends_at__gt=now).update(ends_at=now, ended_by=actor)
    if not ended:
        raise NotPossible(_("This is over already."))
    return Quiet.objects.get(pk=quiet_id)


def silence_ticket(ticket: Ticket, *, actor: Staff, now: dt.datetime, until: dt.datetime, reason: str) -> Quiet:
    """Silences the cause of a ticket on its machine: nothing new of it is told until then."""
    return make(
        kind=Kind.SILENCE, reason=reason, actor=actor, now=now, starts_at=now, ends_at=until,
        endpoint=ticket.endpoint, cause=ticket.cause,
    )  # fmt: skip


def around(quiet: Quiet, now: dt.datetime) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    """The stretches of a quiet time that are not over at ``now``; of a weekly one those of the next eight days."""
    weekly = [quiet.weekday, quiet.from_minute, quiet.minutes]
    moment, zone = now.timestamp(), settings.TIME_ZONE
    for begins, ends in stretches(quiet.starts_at.timestamp(), quiet.ends_at.timestamp(), weekly, moment, zone):
        if ends > moment:
            yield dt.datetime.fromtimestamp(begins, dt.UTC), dt.datetime.fromtimestamp(ends, dt.UTC)


def in_force(quiet: Quiet, now: dt.datetime) -> dt.datetime | None:
    """Until when a quiet time is in force; None when it is not at ``now``."""
    return next((ends for begins, ends in around(quiet, now) if begins <= now), None)


def applying(endpoint: Endpoint, model: str, now: dt.datetime) -> list[tuple[Quiet, dt.datetime]]:
    """The quiet times that are in force for a machine of that ``model``, and until when."""
    name = endpoint.host_name.casefold()
    found = _of_machine(endpoint.pk, endpoint.department_id, model, now)
    fitting = [each for each in found if not each.host_name or fnmatch.fnmatchcase(name, each.host_name.casefold())]
    return [(each, ends) for each in fitting if (ends := in_force(each, now))]


@prepared
def _of_machine(endpoint: Any, department: Any, model: Any, now: Any) -> QuerySet[Quiet]:
    return (
        Quiet.objects.filter(starts_at__lte=now, ends_at__gt=now)
        .filter(Q(department=None) | Q(department=department))
        .filter(Q(endpoint=None) | Q(endpoint=endpoint))
        .filter(Q(model="") | Q(model=model))
        .select_related("made_by", "department")
    )


def of_departments(now: dt.datetime) -> dict[int, list[Quiet]]:
    """The quiet times of whole departments that are in force, by department."""
    found: dict[int, list[Quiet]] = {}
    for each in _whole(Quiet.objects.filter(department__isnull=False, starts_at__lte=now, ends_at__gt=now)):
        if in_force(each, now):
            found.setdefault(each.department_id or 0, []).append(each)
    return found


def _whole(quiets: Iterable[Quiet]) -> list[Quiet]:
    return [each for each in quiets if not (each.model or each.host_name or each.endpoint_id or each.cause)]


def moment(day: str, clock: str) -> dt.datetime | None:
    """A moment on the desk's clock from the fields of a form; None when they are none."""
    try:
        local = dt.datetime.combine(dt.date.fromisoformat(day), dt.time.fromisoformat(clock or "00:00"))
        return local.replace(tzinfo=timezone.get_current_timezone()).astimezone(dt.UTC)
    except (ValueError, OverflowError):  # of the first day of the year 1 no time of UTC exists
        return None
