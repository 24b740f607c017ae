"""What desk staff do with a ticket. Each action is one transaction: it looks again at the ticket as it is now, changes
it, and writes down who did it. The moment comes in; nothing here reads a clock.

``seen`` guards against acting on what has changed (see acting); an action with a ``step`` can be undone (see undoing).
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import notices, scope
from keuring_collector.desk.acting import (
    ActionError,
    ChangedMeanwhile,
    NotPossible,
    NotUnderstood,
    checked_day,
    checked_text,
    follow_lines,
    held,
    morning_of,
    record,
    stamp,
)
from keuring_collector.desk.models import Notice, Staff, Ticket, TicketHistory, TicketLine
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    import uuid

__all__ = [
    "ActionError", "ChangedMeanwhile", "NotPossible", "NotUnderstood", "assign", "dismiss", "judge", "note", "plan",
    "release", "resolve", "snooze", "snooze_line", "stamp", "take", "wake_line",
]  # fmt: skip
Kind = TicketHistory.Kind


def _verdict(value: str) -> Ticket.Verdict:
    try:
        return Ticket.Verdict(value)
    except ValueError:
        raise NotUnderstood(
            "verdict", _("Say whether this ticket was right: choose one of the four verdicts.")
        ) from None


def _name(person: Staff | None) -> str:
    return person.get_username() if person else ""


def take(
    ticket_id: int, *, actor: Staff, now: datetime, seen: str | None = None, step: uuid.UUID | None = None
) -> Ticket:
    """Makes ``actor`` the owner. Raises NotPossible when they are already, or when the ticket is closed."""
    with held(ticket_id, seen, actor=actor, now=now, step=step) as ticket:
        if ticket.owner_id == actor.pk:
            raise NotPossible(_("You have this ticket already."))
        before = _name(ticket.owner)
        ticket.owner = actor
        record(ticket, Kind.TAKEN, actor, now, **({"from": before} if before else {}))
    return ticket


def assign(
    ticket_id: int,
    *,
    actor: Staff,
    now: datetime,
    to: Staff | None,
    seen: str | None = None,
    step: uuid.UUID | None = None,
) -> Ticket:
    """Gives the ticket to a colleague at the desk, who is told.

    Raises NotUnderstood for somebody who left, or who may not work on tickets of its machine.
    """
    if to is None or not to.is_active:
        raise NotUnderstood("to", _("Choose somebody who works at the desk."))
    if to.pk == actor.pk:
        return take(ticket_id, actor=actor, now=now, seen=seen, step=step)
    with held(ticket_id, seen, actor=actor, now=now, step=step) as ticket:
        if ticket.owner_id == to.pk:
            raise NotPossible(_("They have this ticket already."))
        if not (to.may(Right.ACT) and scope.sees(to, ticket)):
            raise NotUnderstood("to", _("They may not work on tickets of this machine. Choose somebody else."))
        before = _name(ticket.owner)
        ticket.owner = to
        record(ticket, Kind.ASSIGNED, actor, now, to=_name(to), **({"from": before} if before else {}))
        notices.tell(ticket, [to], Notice.Kind.ASSIGNED, actor, now, step=step)
    return ticket


def release(
    ticket_id: int, *, actor: Staff, now: datetime, seen: str | None = None, step: uuid.UUID | None = None
) -> Ticket:
    """Makes the ticket nobody's; what was planned or snoozed stays so."""
    with held(ticket_id, seen, actor=actor, now=now, step=step) as ticket:
        if ticket.owner is None:
            raise NotPossible(_("Nobody has this ticket."))
        before = _name(ticket.owner)
        ticket.owner = None
        record(ticket, Kind.RELEASED, actor, now, **{"from": before})
    return ticket


def plan(
    ticket_id: int,
    *,
    actor: Staff,
    now: datetime,
    day: date | None,
    seen: str | None = None,
    step: uuid.UUID | None = None,
) -> Ticket:
    """Plans the work for a day, today or later; whoever plans an unowned ticket takes it."""
    with held(ticket_id, seen, actor=actor, now=now, step=step) as ticket:
        ticket.planned_for = checked_day("day", day, now, first=0)
        ticket.state, ticket.snoozed_until, ticket.asleep_by_lines = Ticket.State.PLANNED, None, False
        ticket.owner = ticket.owner or actor
        record(ticket, Kind.PLANNED, actor, now, day=ticket.planned_for.isoformat())
    return ticket


def snooze(
    ticket_id: int,
    *,
    actor: Staff,
    now: datetime,
    until: date | None,
    seen: str | None = None,
    step: uuid.UUID | None = None,
) -> Ticket:
    """Puts the ticket away until the start of a later day (desk's time), or until it becomes more urgent."""
    with held(ticket_id, seen, actor=actor, now=now, step=step) as ticket:
        day = checked_day("until", until, now, first=1)
        ticket.state, ticket.planned_for, ticket.asleep_by_lines = Ticket.State.SNOOZED, None, False
        ticket.snoozed_until = morning_of(day).astimezone(UTC)
        record(ticket, Kind.SNOOZED, actor, now, until=day.isoformat())
    return ticket


def _line(ticket: Ticket, line_id: int) -> TicketLine:
    line = TicketLine.objects.filter(ticket=ticket, pk=line_id).first()
    if line is None or not line.active:
        raise NotPossible(_("This finding is gone already; there is nothing to snooze."))
    return line


def snooze_line(
    ticket_id: int,
    *,
    actor: Staff,
    now: datetime,
    line: int,
    until: date | None,
    seen: str | None = None,
    step: uuid.UUID | None = None,
) -> Ticket:
    """Puts one finding away until a later day, or until it becomes graver; the others of the ticket go on.

    When none is left that counts, the ticket is snoozed until the first of them comes back.
    """
    with held(ticket_id, seen, actor=actor, now=now, step=step) as ticket:
        day = checked_day("until", until, now, first=1)
        found = _line(ticket, line)
        found.snoozed_until, found.snoozed_severity = morning_of(day).astimezone(UTC), found.severity
        found.save(update_fields=["snoozed_until", "snoozed_severity"])
        record(ticket, Kind.LINE_SNOOZED, actor, now, subject=found.subject, rule=found.rule, until=day.isoformat())
        follow_lines(ticket)
    return ticket


def wake_line(
    ticket_id: int,
    *,
    actor: Staff,
    now: datetime,
    line: int,
    seen: str | None = None,
    step: uuid.UUID | None = None,
) -> Ticket:
    """Lets a snoozed finding count again."""
    with held(ticket_id, seen, actor=actor, now=now, step=step) as ticket:
        found = _line(ticket, line)
        if found.snoozed_until is None:
            raise NotPossible(_("This finding is not snoozed."))
        found.snoozed_until = found.snoozed_severity = None
        found.save(update_fields=["snoozed_until", "snoozed_severity"])
        record(ticket, Kind.LINE_WOKE, actor, now, subject=found.subject, rule=found.rule)
        follow_lines(ticket)
    return ticket


def _close(ticket: Ticket, state: Ticket.State, verdict: Ticket.Verdict, now: datetime) -> None:
    ticket.state, ticket.verdict, ticket.closed_at = state, verdict, now
    ticket.planned_for = ticket.snoozed_until = None
    ticket.asleep_by_lines = False


def resolve(
    ticket_id: int,
    *,
    actor: Staff,
    now: datetime,
    verdict: str,
    text: str = "",
    seen: str | None = None,
    step: uuid.UUID | None = None,
) -> Ticket:
    """Closes the ticket because the work is done. ``text`` says what helped; it may be empty."""
    with held(ticket_id, seen, actor=actor, now=now, step=step) as ticket:
        text = checked_text("text", text)
        _close(ticket, Ticket.State.RESOLVED, _verdict(verdict), now)
        ticket.owner = ticket.owner or actor
        record(ticket, Kind.RESOLVED, actor, now, verdict=ticket.verdict, **({"text": text} if text else {}))
    return ticket


def dismiss(
    ticket_id: int,
    *,
    actor: Staff,
    now: datetime,
    verdict: str,
    reason: str,
    seen: str | None = None,
    step: uuid.UUID | None = None,
) -> Ticket:
    """Closes the ticket without work, with a reason. It only comes back when it becomes more urgent than it is now."""
    with held(ticket_id, seen, actor=actor, now=now, step=step) as ticket:
        ticket.dismissal_reason = checked_text("reason", reason, required=True)
        _close(ticket, Ticket.State.DISMISSED, _verdict(verdict), now)
        ticket.dismissed_severity = ticket.severity
        record(ticket, Kind.DISMISSED, actor, now, verdict=ticket.verdict, reason=ticket.dismissal_reason)
    return ticket


def judge(
    ticket_id: int,
    *,
    actor: Staff,
    now: datetime,
    verdict: str,
    seen: str | None = None,
    step: uuid.UUID | None = None,
) -> Ticket:
    """Gives a closed ticket another verdict, or its first: it closed itself, or a key was pressed by mistake."""
    with held(ticket_id, seen, open_only=False, actor=actor, now=now, step=step) as ticket:
        if ticket.state not in (Ticket.State.RESOLVED, Ticket.State.DISMISSED):
            raise NotPossible(_("Only a ticket that was resolved or dismissed is judged afterwards."))
        before, ticket.verdict = ticket.verdict, _verdict(verdict)
        if ticket.verdict == before:
            raise NotPossible(_("That is its verdict already."))
        record(ticket, Kind.JUDGED, actor, now, verdict=ticket.verdict, **({"from": before} if before else {}))
    return ticket


def note(ticket_id: int, *, actor: Staff, now: datetime, text: str, step: uuid.UUID | None = None) -> Ticket:
    """Adds a note, also to a closed ticket; staff who are mentioned in it (@name) and may see it are told."""
    with held(ticket_id, None, open_only=False) as ticket:
        text = text.strip()
        if not text:
            raise NotUnderstood("text", _("Write something first."))
        text = checked_text("text", text)
        told = [person for person in notices.mentioned(text) if scope.sees(person, ticket)]
        detail: dict[str, Any] = {"text": text}
        if told:
            detail["mentioned"] = [_name(person) for person in told]
        record(ticket, Kind.NOTE, actor, now, **detail)
        others = [person for person in told if person.pk != actor.pk]
        notices.tell(ticket, others, Notice.Kind.MENTION, actor, now, text=text, step=step)
    return ticket
