"""The frame of every action: the ticket as it is now, locked; what was refused and why; the history; the way back.

``seen`` is the ticket's stamp as the person saw it (see ``stamp``); when the ticket has moved on since, the action is
refused instead of overwriting a colleague's work. None: act whatever happened.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models import Ticket, TicketHistory, TicketLine, Undo

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator

    from django.utils.functional import _StrPromise

    from keuring_collector.desk.models import Staff

LONGEST_DAYS: Final = 366
LONGEST_TEXT: Final = 4000
UNDO_FOR: Final = timedelta(minutes=1)
# What people decide of a ticket; severity, dates and lines follow the findings.
DECIDED: Final = (
    "state", "owner_id", "touched", "planned_for", "snoozed_until", "asleep_by_lines", "dismissal_reason",
    "dismissed_severity", "verdict", "closed_at",
)  # fmt: skip


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
def held(
    ticket_id: int,
    seen: str | None,
    *,
    open_only: bool = True,
    actor: Staff | None = None,
    now: datetime | None = None,
    step: uuid.UUID | None = None,
) -> Iterator[Ticket]:
    """The ticket, locked; saved at the end. With ``step`` the action can be undone by ``actor`` for a minute."""
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update().get(pk=ticket_id)
        if seen is not None and seen != stamp(ticket):
            raise ChangedMeanwhile(
                _("Somebody else, or Keuring itself, changed this ticket while you were reading. Look at it again.")
            )
        if open_only and ticket.state == Ticket.State.RESTING:
            raise NotPossible(_("A colleague objected: this ticket rests until the privacy officer has answered."))
        if open_only and ticket.state not in Ticket.OPEN:
            raise NotPossible(_("This ticket is closed already; nothing was changed. You can still add a note."))
        before = decided(ticket)
        yield ticket
        ticket.save()
        if step is not None and actor is not None and now is not None:
            last = ticket.history.filter(actor=actor).order_by("pk").last()
            before["what"], before["entry"] = (last.kind, last.pk) if last else ("", None)
            Undo.objects.create(
                step=step, ticket=ticket, actor=actor, until=now + UNDO_FOR, before=before, after=stamp(ticket)
            )


def decided(ticket: Ticket) -> dict[str, Any]:
    """What people decided of a ticket, and the snoozes of its lines, as JSON."""
    plain = {
        name: value.isoformat() if isinstance(value, date) else value
        for name in DECIDED
        for value in (getattr(ticket, name),)
    }
    asleep = ticket.lines.filter(snoozed_until__isnull=False).values_list("pk", "snoozed_until", "snoozed_severity")
    return {**plain, "lines": [[pk, until.isoformat(), severity] for pk, until, severity in asleep if until]}


def record(ticket: Ticket, kind: TicketHistory.Kind, actor: Staff, now: datetime, **detail: Any) -> TicketHistory:
    """Writes down what a person did; from then on the ticket no longer closes itself."""
    ticket.touched = True
    ticket.updated_at = now
    return TicketHistory.objects.create(ticket=ticket, at=now, actor=actor, kind=kind, detail=detail)


def checked_text(field: str, value: str, *, required: bool = False) -> str:
    """``value`` without space around it. Raises NotUnderstood when it is too long, or missing while ``required``."""
    value = value.strip()
    if required and not value:
        raise NotUnderstood(field, _("Write down why, in a few words: the next one to look at this will want to know."))
    if len(value) > LONGEST_TEXT:
        raise NotUnderstood(field, _("That is longer than fits (4000 characters). Shorten it a little."))
    return value


def checked_day(field: str, day: date | None, now: datetime, *, first: int) -> date:
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


def morning_of(day: date) -> datetime:
    """The start of a day on the desk's clock."""
    return datetime.combine(day, time(), tzinfo=timezone.get_current_timezone())


def follow_lines(ticket: Ticket) -> None:
    """Makes a ticket follow its lines, as the write path does: the gravest, and the nearest date, of those awake.

    A new ticket of which every line is snoozed is snoozed until the first comes back.
    """
    lines = list(TicketLine.objects.filter(ticket=ticket, active=True))
    awake = [line for line in lines if line.snoozed_until is None]
    leading = awake or lines
    if not leading:
        return
    ticket.severity = max(line.severity for line in leading)
    dated = [line for line in leading if line.expected_at is not None]
    nearest = min(dated, key=lambda line: (line.expected_at, line.pk)) if dated else None
    ticket.expected_at = nearest.expected_at if nearest else None
    ticket.expected_low = nearest.expected_low if nearest else None
    ticket.expected_high = nearest.expected_high if nearest else None
    if awake and ticket.asleep_by_lines:
        ticket.state, ticket.snoozed_until, ticket.asleep_by_lines = Ticket.State.NEW, None, False
    elif not awake and (ticket.state == Ticket.State.NEW or ticket.asleep_by_lines):
        ticket.state, ticket.asleep_by_lines = Ticket.State.SNOOZED, True
        ticket.snoozed_until = min(line.snoozed_until for line in lines if line.snoozed_until)
