"""What an objection does to the open tickets of its machine.

While it is weighed they rest: kept, and seen by whoever answers objections alone (GDPR, article 18: stored, and not
worked with). Refused, they go on as they were; upheld, they close without a verdict, so that no score counts them.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from keuring_collector.desk.acting import follow_lines
from keuring_collector.desk.models import Ticket, TicketHistory

if TYPE_CHECKING:
    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Endpoint

Kind, State = TicketHistory.Kind, Ticket.State
_KEPT: Final = ("state", "planned_for", "snoozed_until", "asleep_by_lines", "touched")


def rest(endpoint: Endpoint, now: datetime) -> int:
    """Puts the open tickets of a machine to rest; returns how many."""
    return sum(_rest(pk, now) for pk in _of(endpoint, *Ticket.OPEN))


def go_on(endpoint: Endpoint, actor: Staff, now: datetime) -> int:
    """Lets the tickets that rest go on as they were; returns how many. What cleared meanwhile closes itself instead."""
    return sum(_go_on(pk, actor, now) for pk in _of(endpoint, State.RESTING))


def close(endpoint: Endpoint, reason: str, actor: Staff | None, now: datetime) -> int:
    """Closes the open tickets of a machine and those that rest, without a verdict; returns how many."""
    return sum(_close(pk, reason, actor, now) for pk in _of(endpoint, *Ticket.OPEN, State.RESTING))


def _of(endpoint: Endpoint, *states: str) -> list[int]:
    return list(endpoint.tickets.filter(state__in=states).order_by("pk").values_list("pk", flat=True))


def _rest(pk: int, now: datetime) -> bool:
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update().get(pk=pk)
        if ticket.state not in Ticket.OPEN:
            return False
        before: dict[str, Any] = {}
        for name in _KEPT:
            value = getattr(ticket, name)
            before[name] = value.isoformat() if isinstance(value, date) else value
        ticket.state, ticket.planned_for, ticket.snoozed_until = State.RESTING, None, None
        ticket.asleep_by_lines, ticket.updated_at = False, now
        ticket.save()
        TicketHistory.objects.create(ticket=ticket, at=now, kind=Kind.RESTED, detail={"before": before})
    return True


def _go_on(pk: int, actor: Staff, now: datetime) -> bool:
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update().get(pk=pk)
        if ticket.state != State.RESTING:
            return False
        before = ticket.history.filter(kind=Kind.RESTED).order_by("-at", "-pk")[0].detail["before"]
        ticket.state, ticket.asleep_by_lines = before["state"], before["asleep_by_lines"]
        ticket.touched, ticket.updated_at = before["touched"], now
        ticket.planned_for = date.fromisoformat(before["planned_for"]) if before["planned_for"] else None
        ticket.snoozed_until = datetime.fromisoformat(before["snoozed_until"]) if before["snoozed_until"] else None
        TicketHistory.objects.create(ticket=ticket, at=now, actor=actor, kind=Kind.WENT_ON)
        if Ticket.objects.filter(key=ticket.key, state__in=Ticket.OPEN).exists() or not _holds(ticket):
            _end(ticket, State.RESOLVED, now)
            TicketHistory.objects.create(ticket=ticket, at=now, kind=Kind.CLOSED_ITSELF)
        else:
            follow_lines(ticket)
        ticket.save()
    return ticket.state in Ticket.OPEN


def _holds(ticket: Ticket) -> bool:
    """Whether it has a finding still, or somebody who acted on it and will want to close it."""
    return ticket.touched or ticket.lines.filter(active=True).exists()


def _close(pk: int, reason: str, actor: Staff | None, now: datetime) -> bool:
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update().get(pk=pk)
        if ticket.state not in (*Ticket.OPEN, State.RESTING):
            return False
        _end(ticket, State.DISMISSED, now)
        ticket.touched, ticket.dismissal_reason, ticket.dismissed_severity = True, reason, ticket.severity
        TicketHistory.objects.create(
            ticket=ticket, at=now, actor=actor, kind=Kind.DISMISSED, detail={"reason": ticket.dismissal_reason}
        )
        ticket.save()
    return True


def _end(ticket: Ticket, state: Ticket.State, now: datetime) -> None:
    ticket.state, ticket.closed_at, ticket.updated_at = state, now, now
    ticket.planned_for = ticket.snoozed_until = None
    ticket.asleep_by_lines = False
