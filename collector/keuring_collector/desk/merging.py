"""Two tickets of one machine become one: what one of them found goes on as lines of the other.

The ticket that is taken in stays, with its history, and points to the other; the write path (store.tickets) follows
that pointer, so that findings of either cause go on to find the one that is open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.acting import NotPossible, NotUnderstood, follow_lines, held, record
from keuring_collector.desk.models import Attachment, Ticket, TicketHistory, TicketLine, TicketLink

if TYPE_CHECKING:
    from datetime import datetime

    from keuring_collector.desk.models import Staff


def merge(ticket_id: int, *, actor: Staff, now: datetime, into: int | None, seen: str | None = None) -> Ticket:
    """Takes the ticket into another open one of the same machine; returns that one. It cannot be undone."""
    if into is None or into == ticket_id:
        raise NotUnderstood("into", _("Choose another open ticket of this machine."))
    with transaction.atomic():
        # Both are locked in the order of their numbers, so that two who merge at once do not wait for each other.
        list(Ticket.objects.select_for_update().filter(pk__in=[ticket_id, into]).order_by("pk"))
        with held(ticket_id, seen) as ticket:
            host = Ticket.objects.filter(pk=into, state__in=Ticket.OPEN).first()
            if host is None or host.endpoint_id != ticket.endpoint_id:
                raise NotPossible(_("Only an open ticket of the same machine can take this one in."))
            _move(ticket, host)
            ticket.state, ticket.merged_into, ticket.closed_at = Ticket.State.MERGED, host, now
            ticket.planned_for = ticket.snoozed_until = None
            ticket.asleep_by_lines = False
            record(ticket, TicketHistory.Kind.MERGED, actor, now, other=host.pk)
        Ticket.objects.filter(merged_into=ticket_id).update(merged_into=host)
        record(host, TicketHistory.Kind.TOOK_IN, actor, now, other=ticket_id)
        host.owner = host.owner or ticket.owner
        follow_lines(host)
        host.save()
    return host


def _move(ticket: Ticket, host: Ticket) -> None:
    """Lines, files and links go along; of a finding that both have, the one that holds stays."""
    known = {(line.rule, line.subject): line for line in TicketLine.objects.filter(ticket=host)}
    for line in TicketLine.objects.filter(ticket=ticket):
        other = known.get((line.rule, line.subject))
        if other is not None:
            (other if line.active and not other.active else line).delete()
        if other is None or (line.active and not other.active):
            line.ticket = host
            line.save(update_fields=["ticket"])
    Attachment.objects.filter(ticket=ticket).update(ticket=host)
    numbers = host.links.values_list("number", flat=True)
    TicketLink.objects.filter(ticket=ticket).exclude(number__in=list(numbers)).update(ticket=host)
