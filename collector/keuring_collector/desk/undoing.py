"""Taking back what one just did, as long as nobody built upon it and nothing of it has left the house."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.acting import DECIDED, NotPossible, follow_lines, stamp
from keuring_collector.desk.models import Notice, Outgoing, Ticket, TicketHistory, TicketLine, Undo

if TYPE_CHECKING:
    import uuid

    from keuring_collector.desk.models import Staff

_DAYS = ("planned_for",)
_MOMENTS = ("snoozed_until", "closed_at")
Kind = TicketHistory.Kind
_OF_LINES: Final = (Kind.LINE_SNOOZED, Kind.LINE_WOKE)
# What people add to a ticket without deciding anything about it.
_BESIDE: Final = (
    Kind.NOTE, Kind.MESSAGE, Kind.FILE, Kind.FILE_REMOVED, Kind.LINKED, Kind.UNLINKED, Kind.JOINED, Kind.LEFT,
)  # fmt: skip


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
            since = _since(kept)
            if since.difference(_BESIDE):
                return False
            _restore(ticket, kept.before)
            ticket.touched = ticket.touched or bool(since)
            what = {"what": kept.before["what"]}
            TicketHistory.objects.create(ticket=ticket, at=now, actor=actor, kind=Kind.UNDONE, detail=what)
            ticket.updated_at = now
            ticket.save()
            Notice.objects.filter(step=kept.step, ticket=ticket).delete()
            Outgoing.objects.filter(step=kept.step, ticket=ticket, sent_at=None).delete()
    except IntegrityError:  # a new ticket of the same cause was opened meanwhile
        return False
    return True


def _since(kept: Undo) -> set[str]:
    """The kinds of what people did to a ticket after an action, and did not take back."""
    later = TicketHistory.objects.filter(ticket=kept.ticket_id, pk__gt=kept.before.get("entry") or 0)
    done: list[tuple[int, str]] = []
    for actor, kind, detail in later.exclude(actor=None).values_list("actor", "kind", "detail"):
        if kind != Kind.UNDONE:
            done.append((actor, kind))
        elif (actor, detail["what"]) in done:
            done.remove((actor, detail["what"]))
    return {kind for _actor, kind in done}


def _restore(ticket: Ticket, before: dict[str, Any]) -> None:
    for name in DECIDED:
        value = before[name]
        if value is not None and name in _DAYS:
            value = date.fromisoformat(value)
        elif value is not None and name in _MOMENTS:
            value = datetime.fromisoformat(value)
        setattr(ticket, name, value)
    if before["what"] in _OF_LINES:  # of no other action; Keuring itself may have woken one meanwhile
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
