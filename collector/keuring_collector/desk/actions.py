"""What desk staff do with a ticket. Each action is one transaction: it looks again at the ticket as it is now, changes
it, and writes down who did it. The moment comes in; nothing here reads a clock.

``seen`` is the ticket's stamp as the person saw it (see ``stamp``); when the ticket has moved on since, the action is
refused instead of overwriting a colleague's work. None: act whatever happened.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models import Staff, Ticket, TicketHistory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.utils.functional import _StrPromise

LONGEST_DAYS: Final = 366
LONGEST_TEXT: Final = 4000
Kind = TicketHistory.Kind


class ActionError(Exception):
    """An action on a ticket that was not done; the message says why and what to do, in the language in force."""

    def __init__(self, message: str | _StrPromise) -> None:
        super().__init__(message)
        self.message = message


class NotPossible(ActionError):  # noqa: N818 - named for what it says
    """The ticket is in a state in which this cannot be done."""


class ChangedMeanwhile(ActionError):  # noqa: N818 - named for what it says
    """Somebody else, or Keuring itself, changed the ticket since it was read."""


class NotUnderstood(ActionError):  # noqa: N818 - named for what it says
    """What was filled in cannot be used; ``field`` names where."""

    def __init__(self, field: str, message: str | _StrPromise) -> None:
        super().__init__(message)
        self.field = field


def stamp(ticket: Ticket) -> str:
    """What of a ticket a person acts upon, as text: people's work changes it, new evidence or a moved date do not."""
    day = ticket.planned_for.isoformat() if ticket.planned_for else ""
    until = ticket.snoozed_until.isoformat() if ticket.snoozed_until else ""
    return "/".join((ticket.state, str(ticket.owner_id or ""), day, until, str(ticket.reopened)))


@contextmanager
def _held(ticket_id: int, seen: str | None, *, open_only: bool = True) -> Iterator[Ticket]:
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
        if seen is not None and seen != stamp(ticket):
            raise ChangedMeanwhile(
                _("Somebody else, or Keuring itself, changed this ticket while you were reading. Look at it again.")
            )
        if open_only and ticket.state not in Ticket.OPEN:
            raise NotPossible(_("This ticket is closed already; nothing was changed. You can still add a note."))
        yield ticket
        ticket.save()


def _record(ticket: Ticket, kind: TicketHistory.Kind, actor: Staff, now: datetime, **detail: Any) -> None:
    ticket.touched = True
    ticket.updated_at = now
    TicketHistory.objects.create(ticket=ticket, at=now, actor=actor, kind=kind, detail=detail)


def _text(field: str, value: str, *, required: bool = False) -> str:
    value = value.strip()
    if required and not value:
        raise NotUnderstood(field, _("Write down why, in a few words: the next one to look at this will want to know."))
    if len(value) > LONGEST_TEXT:
        raise NotUnderstood(field, _("That is longer than fits (4000 characters). Shorten it a little."))
    return value


def _day(field: str, day: date | None, now: datetime, *, first: int) -> date:
    """``day``, when it is at least ``first`` days from today and at most a year away."""
    today = timezone.localtime(now).date()
    if day is None:
        raise NotUnderstood(field, _("Choose a date."))
    if day < today + timedelta(days=first):
        raise NotUnderstood(
            field, _("That date has passed. Choose a later one.") if day < today else _("Choose a day after today.")
        )
    if day > today + timedelta(days=LONGEST_DAYS):
        raise NotUnderstood(field, _("That is more than a year away. Choose an earlier date."))
    return day


def _verdict(value: str) -> Ticket.Verdict:
    try:
        return Ticket.Verdict(value)
    except ValueError:
        raise NotUnderstood(
            "verdict", _("Say whether this ticket was right: choose one of the four verdicts.")
        ) from None


def take(ticket_id: int, *, actor: Staff, now: datetime, seen: str | None = None) -> Ticket:
    """Makes ``actor`` the owner. Raises NotPossible when they are already, or when the ticket is closed."""
    with _held(ticket_id, seen) as ticket:
        if ticket.owner_id == actor.pk:
            raise NotPossible(_("You have this ticket already."))
        before = ticket.owner.get_username() if ticket.owner else ""
        ticket.owner = actor
        _record(ticket, Kind.TAKEN, actor, now, **({"from": before} if before else {}))
    return ticket


def plan(ticket_id: int, *, actor: Staff, now: datetime, day: date | None, seen: str | None = None) -> Ticket:
    """Plans the work for a day, today or later; whoever plans an unowned ticket takes it."""
    with _held(ticket_id, seen) as ticket:
        ticket.planned_for = _day("day", day, now, first=0)
        ticket.state, ticket.snoozed_until = Ticket.State.PLANNED, None
        ticket.owner = ticket.owner or actor
        _record(ticket, Kind.PLANNED, actor, now, day=ticket.planned_for.isoformat())
    return ticket


def snooze(ticket_id: int, *, actor: Staff, now: datetime, until: date | None, seen: str | None = None) -> Ticket:
    """Puts the ticket away until the start of a later day (desk's time), or until it becomes more urgent."""
    with _held(ticket_id, seen) as ticket:
        day = _day("until", until, now, first=1)
        morning = datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())
        ticket.state, ticket.planned_for = Ticket.State.SNOOZED, None
        ticket.snoozed_until = morning.astimezone(UTC)
        _record(ticket, Kind.SNOOZED, actor, now, until=day.isoformat())
    return ticket


def _close(ticket: Ticket, state: Ticket.State, verdict: Ticket.Verdict, now: datetime) -> None:
    ticket.state, ticket.verdict, ticket.closed_at = state, verdict, now
    ticket.planned_for = ticket.snoozed_until = None


def resolve(
    ticket_id: int, *, actor: Staff, now: datetime, verdict: str, text: str = "", seen: str | None = None
) -> Ticket:
    """Closes the ticket because the work is done. ``text`` says what helped; it may be empty."""
    with _held(ticket_id, seen) as ticket:
        text = _text("text", text)
        _close(ticket, Ticket.State.RESOLVED, _verdict(verdict), now)
        ticket.owner = ticket.owner or actor
        _record(ticket, Kind.RESOLVED, actor, now, verdict=ticket.verdict, **({"text": text} if text else {}))
    return ticket


def dismiss(
    ticket_id: int, *, actor: Staff, now: datetime, verdict: str, reason: str, seen: str | None = None
) -> Ticket:
    """Closes the ticket without work, with a reason. It only comes back when it becomes more urgent than it is now."""
    with _held(ticket_id, seen) as ticket:
        ticket.dismissal_reason = _text("reason", reason, required=True)
        _close(ticket, Ticket.State.DISMISSED, _verdict(verdict), now)
        ticket.dismissed_severity = ticket.severity
        _record(ticket, Kind.DISMISSED, actor, now, verdict=ticket.verdict, reason=ticket.dismissal_reason)
    return ticket


def note(ticket_id: int, *, actor: Staff, now: datetime, text: str) -> Ticket:
    """Adds a note; also to a closed ticket."""
    with _held(ticket_id, None, open_only=False) as ticket:
        text = text.strip()
        if not text:
            raise NotUnderstood("text", _("Write something first."))
        _record(ticket, Kind.NOTE, actor, now, text=_text("text", text))
    return ticket
