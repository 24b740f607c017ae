"""Snoozed tickets come back when their time is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from keuring_collector.desk.models import Ticket, TicketHistory

if TYPE_CHECKING:
    import datetime as dt


def wake(now: dt.datetime) -> int:
    """Makes tickets new again whose snooze ended before ``now``, and says so in their history; returns how many."""
    due = Ticket.objects.filter(state=Ticket.State.SNOOZED, snoozed_until__lte=now).values_list("id", flat=True)
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
