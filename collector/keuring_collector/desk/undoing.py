"""Taking back what one just did, as long as nobody built upon it and nothing of it has left the house."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.acting import DECIDED, NotPossible, follow_lines, stamp
from keuring_collector.desk.models import Notice, Outgoing, Ticket, TicketHistory, TicketLine, Undo

if TYPE_CHECKING:
    import uuid

    from keuring_collector.desk.models import Staff

_DAYS = ("planned_for",)
_MOMENTS = ("snoozed_until", "closed_at")


def undo(step: uuid.UUID, *, actor: Staff, now: datetime) -> int:
    """Takes back an action of ``actor`` on every ticket that it changed and that is still as it left it.

    Returns how many. Raises NotPossible when it is too late, or when all of them have changed since.
    """
    waiting = Undo.objects.filter(step=step, actor=actor, until__gt=now).order_by("ticket")
    if not waiting:
        raise NotPossible(_("It is too late to undo this: that can be done for a minute."))
    done = sum(_one(kept, actor, now) for kept in waiting)
    if not done:
        raise NotPossible(_("This has changed meanwhile, so it was not undone. Look at the ticket again."))
    return done


def _one(kept: Undo, actor: Staff, now: datetime) -> bool:
    try:
        with transaction.atomic():
            ticket = Ticket.objects.select_for_update().get(pk=kept.ticket_id)
            # Deleted first: whoever clicks twice finds nothing the second time.
            if not Undo.objects.filter(pk=kept.pk).delete()[0] or stamp(ticket) != kept.after:
                return False
            _restore(ticket, kept.before)
            what = {"what": kept.before["what"]}
            TicketHistory.objects.create(
                ticket=ticket, at=now, actor=actor, kind=TicketHistory.Kind.UNDONE, detail=what
            )
            ticket.updated_at = now
            ticket.save()
            Notice.objects.filter(step=kept.step, ticket=ticket).delete()
            Outgoing.objects.filter(step=kept.step, ticket=ticket, sent_at=None).delete()
    except IntegrityError:  # a new ticket of the same cause was opened meanwhile
        return False
    return True


def _restore(ticket: Ticket, before: dict[str, Any]) -> None:
    for name in DECIDED:
        value = before[name]
        if value is not None and name in _DAYS:
            value = date.fromisoformat(value)
        elif value is not None and name in _MOMENTS:
            value = datetime.fromisoformat(value)
        setattr(ticket, name, value)
    TicketLine.objects.filter(ticket=ticket).update(snoozed_until=None, snoozed_severity=None)
    for pk, until, severity in before["lines"]:
        TicketLine.objects.filter(ticket=ticket, pk=pk).update(
            snoozed_until=datetime.fromisoformat(until), snoozed_severity=severity
        )
    if ticket.state in Ticket.OPEN:
        follow_lines(ticket)
        if not ticket.lines.filter(active=True).exists():
            ticket.touched = True  # its cause went away meanwhile: it waits for somebody to close it


def forget(now: datetime) -> None:
    """Lets go of what can no longer be undone."""
    Undo.objects.filter(until__lte=now).delete()
