"""What the desk decides about a machine as a whole: that it is revoked, or that another took its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import apps
from django.db import transaction

from keuring_collector.fleet.models import Endpoint, MachineOwner

if TYPE_CHECKING:
    import datetime as dt


def revoke(endpoint: Endpoint, now: dt.datetime) -> None:
    """Its reports are taken no more; its history and tickets stay."""
    Endpoint.objects.filter(pk=endpoint.pk, state=Endpoint.State.ACTIVE).update(
        state=Endpoint.State.REVOKED, revoked_at=now
    )


def replace(old: Endpoint, new: Endpoint, now: dt.datetime) -> int:
    """``new`` takes over the colleague and department of ``old``; returns how many open tickets of ``old`` closed.

    The tickets of the old machine are about parts that are gone; if the new one has the same trouble it opens its own.
    """
    ticket_model = apps.get_model("desk", "Ticket")
    history_model = apps.get_model("desk", "TicketHistory")
    with transaction.atomic():
        old.state, old.revoked_at, old.replaced_by = Endpoint.State.REPLACED, old.revoked_at or now, new
        old.save(update_fields=["state", "revoked_at", "replaced_by"])
        if new.colleague_id is None:
            new.colleague_id = old.colleague_id
        if new.department_id is None:
            new.department_id = old.department_id
        new.save(update_fields=["colleague", "department"])
        if new.colleague_id is not None:
            MachineOwner.objects.update_or_create(host_name=new.host_name, defaults={"colleague_id": new.colleague_id})
        tickets = list(ticket_model.objects.select_for_update().filter(endpoint=old, closed_at__isnull=True))
        for ticket in tickets:
            ticket.state, ticket.closed_at, ticket.updated_at = "resolved", now, now
            ticket.planned_for = ticket.snoozed_until = None
            ticket.save()
            ticket.lines.filter(active=True).update(active=False, cleared_at=now)
            history_model.objects.create(
                ticket=ticket, at=now, kind="resolved", detail={"because": "replaced", "by": str(new.uuid)}
            )
    return len(tickets)
