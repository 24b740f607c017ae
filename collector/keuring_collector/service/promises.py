"""The promise register: what the desk promised, and whether it was kept.

The date of an announcement is a promise, and so is the day by which we tell more; others are made by hand ("we will
come on Thursday"). A promise that moves before its day is withdrawn with a reason, and another takes its place; once
its day has passed it is kept or broken. An open one whose day has passed counts as not kept: empty promises show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit, scope, wording
from keuring_collector.desk.acting import NotPossible, NotUnderstood
from keuring_collector.desk.prepared import prepared
from keuring_collector.service.announcing import current
from keuring_collector.service.models import Promise, Said

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff, Ticket
    from keuring_collector.fleet.models import Department, Endpoint
    from keuring_collector.service.models import Announcement, AnnouncementVersion

LONGEST: Final = 400
MONTHS: Final = 12
NEAR_DAYS: Final = 3  # before its day, somebody who made a promise is reminded
_Kind, _State = Promise.Kind, Promise.State


@dataclass(frozen=True, slots=True)
class Month:
    """The promises that fell due in a month. ``overdue``: nobody said what became of them; they count as not kept."""

    first: date
    kept: int = 0
    broken: int = 0
    overdue: int = 0
    withdrawn: int = 0

    @property
    def due(self) -> int:
        """How many fell due and were not withdrawn before."""
        return self.kept + self.broken + self.overdue

    @property
    def lost(self) -> int:
        """How many of these were not kept, as far as anybody said."""
        return self.broken + self.overdue

    @property
    def share(self) -> float | None:
        """The share that was kept; None when none fell due."""
        return self.kept / self.due if self.due else None


def make(
    text: str, due_on: date, *, actor: Staff, now: datetime, ticket: Ticket | None = None,
    endpoint: Endpoint | None = None, department: Department | None = None,
) -> Promise:  # fmt: skip
    """Writes down a promise that somebody made, on a ticket, at a machine or to a department. Raises NotUnderstood."""
    text = " ".join(text.split())
    today = wording.local_day(now)
    if not text or len(text) > LONGEST or not text.isprintable():
        raise NotUnderstood("text", _("Write in one line of at most 400 characters what you promised."))
    if due_on < today:
        raise NotUnderstood("due_on", _("A promise is about a day that is still to come."))
    if (due_on - today).days > 366:
        raise NotUnderstood("due_on", _("Promise nothing beyond a year: nobody can keep that."))
    if ticket is not None:
        endpoint = ticket.endpoint
    if endpoint is not None:
        department = endpoint.department
    with transaction.atomic():
        promise = Promise.objects.create(
            kind=_Kind.HAND, text=text, due_on=due_on, made_at=now, made_by=actor, ticket=ticket, endpoint=endpoint,
            department=department,
        )  # fmt: skip
        audit.record_now(actor, "promise.made", f"promise/{promise.pk}", {"due": due_on.isoformat()})
    return promise


def close(pk: int, state: str, reason: str, *, actor: Staff, now: datetime) -> Promise:
    """Says what became of a promise. Raises NotUnderstood, or NotPossible when it is closed already or its day has
    passed and it would be withdrawn.
    """
    reason, today = " ".join(reason.split())[:LONGEST], wording.local_day(now)
    if state not in (_State.KEPT, _State.BROKEN, _State.WITHDRAWN):
        raise NotUnderstood("state", _("Say whether it was kept, not kept, or is withdrawn."))
    with transaction.atomic():
        promise = Promise.objects.select_for_update().get(pk=pk)
        if promise.state != _State.OPEN:
            raise NotPossible(_("Somebody already said what became of this promise."))
        if promise.kind == _Kind.TELL_BY:
            raise NotPossible(_("This one is kept by telling more: change the announcement."))
        if promise.kind == _Kind.DATE and (state == _State.WITHDRAWN or today < promise.due_on):
            raise NotPossible(_("Its day has not come. Change or withdraw the announcement instead."))
        if state == _State.WITHDRAWN and today > promise.due_on:
            raise NotPossible(_("Its day has passed: it was kept or it was not."))
        if state != _State.KEPT and not reason:
            raise NotUnderstood("reason", _("Say why, in a few words."))
        _close(promise, state, reason, actor, now)
        audit.record_now(actor, "promise.closed", f"promise/{pk}", {"state": state})
    return promise


def of_announcement(announcement: Announcement, actor: Staff | None, now: datetime) -> None:
    """Writes down what a published announcement promises."""
    unknown = announcement.when == Said.When.UNKNOWN
    due = announcement.tell_by if unknown else announcement.ends_on or announcement.starts_on
    if due is not None:
        Promise.objects.create(
            kind=_Kind.TELL_BY if unknown else _Kind.DATE, due_on=due, made_at=now, made_by=actor,
            announcement=announcement,
        )  # fmt: skip


def moved(
    announcement: Announcement, before: AnnouncementVersion, why: str, actor: Staff | None, now: datetime
) -> None:
    """Closes what an announcement promised before its date changed, and writes down what it promises now."""
    today = wording.local_day(now)
    told = before.when == Said.When.UNKNOWN and announcement.when != Said.When.UNKNOWN
    for promise in announcement.promises.filter(state=_State.OPEN):
        if promise.due_on < today:
            _close(promise, _State.BROKEN, why, actor, now)
        elif promise.kind == _Kind.TELL_BY and told:
            _close(promise, _State.KEPT, "", actor, now)
        else:
            _close(promise, _State.WITHDRAWN, why, actor, now)
    of_announcement(announcement, actor, now)


def withdrawn(announcement: Announcement, why: str, actor: Staff | None, now: datetime) -> None:
    """Closes what a withdrawn announcement promised: to say that it is off is to tell more."""
    today = wording.local_day(now)
    for promise in announcement.promises.filter(state=_State.OPEN):
        if promise.due_on < today:
            state = _State.BROKEN
        else:
            state = _State.KEPT if promise.kind == _Kind.TELL_BY else _State.WITHDRAWN
        _close(promise, state, why, actor, now)


def _close(promise: Promise, state: str, reason: str, actor: Staff | None, now: datetime) -> None:
    promise.state, promise.reason, promise.closed_at, promise.closed_by = state, reason, now, actor
    promise.save(update_fields=["state", "reason", "closed_at", "closed_by"])


def seen_by(staff: Staff) -> QuerySet[Promise]:
    """The promises that somebody may see: of announcements, of the whole desk, and of their own departments."""
    found = Promise.objects.select_related(
        "announcement", "ticket", "endpoint", "department", "made_by", "closed_by", "stop__colleague", "stop__endpoint",
    )  # fmt: skip
    ids = staff.department_ids
    if ids is None:
        return found
    own = Q(ticket__in=scope.tickets(staff)) | Q(ticket=None, endpoint__in=scope.endpoints(staff))
    return found.filter(
        own
        | Q(ticket=None, endpoint=None, department__in=ids)
        | Q(announcement__in=[each.pk for each in current.seen_by(staff)])
        | Q(ticket=None, endpoint=None, department=None, made_by=staff)
    )


def to_keep(staff: Staff, today: date) -> list[Promise]:
    """The open promises of somebody that are due within days or overdue, the oldest first."""
    ahead = today.fromordinal(today.toordinal() + NEAR_DAYS)
    # Most have none on most days, and all that is told of one takes a long question.
    due = _due(staff.pk, ahead)
    return list(seen_by(staff).filter(pk__in=due)) if due else []


@prepared
def _due(staff: Any, ahead: Any) -> QuerySet[Promise, int]:
    return Promise.objects.filter(state=_State.OPEN, made_by=staff, due_on__lte=ahead).values_list("pk", flat=True)


def months(found: QuerySet[Promise], today: date) -> list[Month]:
    """The last twelve months, this one first, by the day on which promises fell due."""
    first = _months_before(today, MONTHS - 1)
    counts: dict[date, dict[str, int]] = {}
    rows = found.filter(due_on__gte=first).order_by().values_list("due_on", "state")
    for due_on, state in rows:
        if state == _State.OPEN:
            if due_on >= today:
                continue
            state = "overdue"  # noqa: PLW2901  # what an open one is after its day
        month = counts.setdefault(due_on.replace(day=1), {})
        month[state] = month.get(state, 0) + 1
    return [Month(each, **counts.get(each, {})) for each in (_months_before(today, n) for n in range(MONTHS))]


def _months_before(day: date, count: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 - count, 12)
    return day.replace(year=years, month=month + 1, day=1)
