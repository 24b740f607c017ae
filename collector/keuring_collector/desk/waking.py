"""Snoozed tickets, and snoozed findings of tickets, come back when their time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from keuring_collector.desk.acting import follow_lines
from keuring_collector.desk.models import Ticket, TicketHistory, TicketLine

if TYPE_CHECKING:
    import datetime as dt


def wake(now: dt.datetime) -> int:
    """Makes tickets new again whose snooze ended before ``now``, and says so in their history; returns how many."""
    _wake_lines(now)
    due = Ticket.objects.filter(state=Ticket.State.SNOOZED, asleep_by_lines=False, snoozed_until__lte=now).values_list(
        "id", flat=True
    )
    woken = 0
    for number in list(due):
        with transaction.atomic():
            # Asked again within the transaction: somebody may have acted on it meanwhile.
            changed = Ticket.objects.filter(id=number, state=Ticket.State.SNOOZED, snoozed_until__lte=now).update(
                state=Ticket.State.NEW, snoozed_until=None, updated_at=now
            )
            if changed:
                TicketHistory.objects.create(ticket_id=number, at=now, kind=TicketHistory.Kind.WOKE)
                woken += 1
    return woken


def _wake_lines(now: dt.datetime) -> None:
    """Lets findings count again whose own snooze is over; a ticket that slept because of them is new again."""
    due = TicketLine.objects.filter(snoozed_until__lte=now).order_by().values_list("ticket", flat=True).distinct()
    for number in list(due):
        with transaction.atomic():
            ticket = Ticket.objects.select_for_update().get(pk=number)
            lines = list(TicketLine.objects.filter(ticket=ticket, snoozed_until__lte=now))
            for line in lines:
                line.snoozed_until = line.snoozed_severity = None
                line.save(update_fields=["snoozed_until", "snoozed_severity"])
                if line.active and ticket.state in Ticket.OPEN:
                    detail = {"rule": line.rule, "subject": line.subject}
                    TicketHistory.objects.create(
                        ticket=ticket, at=now, kind=TicketHistory.Kind.LINE_WOKE, detail=detail
                    )
            if ticket.state in Ticket.OPEN:
                follow_lines(ticket)
                ticket.updated_at = now
                ticket.save()
