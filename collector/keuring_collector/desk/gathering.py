"""Fleet tickets: many machines with one cause at about the same time, which share something that others do not, are one
problem with many children.

Full disks on twelve unlike machines are twelve problems; on twelve of one model they may be one. A job gathers them, so
that the write path knows nothing of it. A fleet ticket closes when its last child does.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import notices, scope
from keuring_collector.desk.acting import NotPossible, NotUnderstood, checked_text
from keuring_collector.desk.common import common, with_it
from keuring_collector.desk.models import FleetHistory, FleetTicket, Notice, Ticket, TicketHistory
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from collections.abc import Iterable

    from keuring_collector.desk.models import Staff
    from keuring_collector.store.store import Store

log = structlog.get_logger(__name__)
Kind = FleetHistory.Kind
LEFT_ALONE: Final = dt.timedelta(days=30)


def gather(store: Store, now: dt.datetime, machines: int, within: dt.timedelta) -> int:
    """Makes and fills fleet tickets, and closes those that are done; returns how many it made.

    A cause gets one when at least ``machines`` machines that have something in common have an open ticket of it that
    was opened ``within`` that time before ``now``; 0 machines: never.
    """
    made = 0
    for unfinished in FleetTicket.objects.filter(closed_at=None):
        _close_if_done(unfinished, now)
    if not machines:
        return 0
    loose = Ticket.objects.filter(state__in=Ticket.OPEN, parent=None, opened_at__gt=now - within)
    counts = dict(loose.values("cause").annotate(n=Count("endpoint", distinct=True)).values_list("cause", "n"))
    for cause, count in sorted(counts.items()):
        fleet = FleetTicket.objects.filter(cause=cause, closed_at=None, by_hand=False).first()
        if fleet is None and (count < machines or _was_dissolved(cause, now)):
            continue
        tickets = list(loose.filter(cause=cause))
        shared = fleet.common if fleet else _common(store, cause, {ticket.endpoint_id for ticket in tickets}, now)
        tickets = _sharing(store, shared, tickets)
        if fleet is None and len({ticket.endpoint_id for ticket in tickets}) < machines:
            continue
        try:
            made += _gather_cause(store, cause, tickets, now)
        except IntegrityError:  # another collector's job made it at the same moment; the next run joins that one
            log.info("fleet ticket made elsewhere", cause=cause)
    return made


def _common(store: Store, cause: str, ill: set[int], now: dt.datetime) -> list[dict[str, Any]]:
    """What the machines share that those do not which were spared the cause for a month."""
    lately = Ticket.objects.filter(cause=cause, opened_at__gt=now - LEFT_ALONE).values_list("endpoint", flat=True)
    return common(store, ill, ill.union(lately))


def _sharing(store: Store, shared: list[dict[str, Any]], tickets: list[Ticket]) -> list[Ticket]:
    """The tickets of machines that have the most telling of what is ``shared``; none when nothing is."""
    if not shared or not tickets:
        return []
    alike = with_it(store, shared[0], {ticket.endpoint_id for ticket in tickets})
    return [ticket for ticket in tickets if ticket.endpoint_id in alike]


def _was_dissolved(cause: str, now: dt.datetime) -> bool:
    return FleetHistory.objects.filter(
        kind=Kind.DISSOLVED, ticket__cause=cause, ticket__by_hand=False, at__gt=now - LEFT_ALONE
    ).exists()


def _gather_cause(store: Store, cause: str, tickets: list[Ticket], now: dt.datetime) -> bool:
    if not tickets:
        return False
    with transaction.atomic():
        fleet, made = FleetTicket.objects.get_or_create(
            cause=cause, closed_at=None, by_hand=False, defaults={"opened_at": now, "updated_at": now}
        )
        _add(fleet, tickets, None, now, made=made)
    look(store, fleet, now)
    return made


def _add(fleet: FleetTicket, tickets: Iterable[Ticket], actor: Staff | None, now: dt.datetime, *, made: bool) -> None:
    joined = [
        ticket
        for ticket in tickets
        if Ticket.objects.filter(pk=ticket.pk, parent=None, state__in=Ticket.OPEN).update(parent=fleet)
    ]
    TicketHistory.objects.bulk_create(
        TicketHistory(ticket=ticket, at=now, actor=actor, kind=TicketHistory.Kind.JOINED, detail={"fleet": fleet.pk})
        for ticket in joined
    )
    kind = Kind.OPENED if made else Kind.JOINED
    if joined:
        FleetHistory.objects.create(ticket=fleet, at=now, actor=actor, kind=kind, detail={"machines": len(joined)})


def look(store: Store, fleet: FleetTicket, now: dt.datetime) -> None:
    """Looks again at what the machines of a fleet ticket have in common."""
    fleet.common = _common(store, fleet.cause, set(fleet.children.values_list("endpoint", flat=True)), now)
    fleet.updated_at = now
    fleet.save(update_fields=["common", "updated_at"])


def gather_by_hand(store: Store, tickets: Iterable[int], *, actor: Staff, now: dt.datetime) -> FleetTicket:
    """Puts open tickets under one new fleet ticket. Raises NotUnderstood for fewer than two that stand alone."""
    with transaction.atomic():
        chosen = list(Ticket.objects.filter(pk__in=tickets, state__in=Ticket.OPEN, parent=None).order_by("pk"))
        if len({ticket.endpoint_id for ticket in chosen}) < 2:
            raise NotUnderstood("ticket", _("Choose open tickets of two machines or more that stand alone."))
        causes = [ticket.cause for ticket in chosen]
        fleet = FleetTicket.objects.create(
            cause=max(causes, key=causes.count), by_hand=True, opened_at=now, updated_at=now, owner=actor
        )
        _add(fleet, chosen, actor, now, made=True)
    look(store, fleet, now)
    return fleet


def _open(fleet_id: int) -> FleetTicket:
    fleet = FleetTicket.objects.select_for_update().get(pk=fleet_id)
    if fleet.closed_at is not None:
        raise NotPossible(_("This fleet ticket is closed already."))
    return fleet


def take(fleet_id: int, *, actor: Staff, now: dt.datetime) -> FleetTicket:
    """Makes ``actor`` the owner of the whole; its children keep theirs."""
    with transaction.atomic():
        fleet = _open(fleet_id)
        fleet.owner, fleet.updated_at = actor, now
        fleet.save(update_fields=["owner", "updated_at"])
        FleetHistory.objects.create(ticket=fleet, at=now, actor=actor, kind=Kind.TAKEN)
    return fleet


def note(fleet_id: int, *, actor: Staff, now: dt.datetime, text: str) -> FleetTicket:
    """Adds a note, also to a closed one; staff who are mentioned in it (@name) and see one of its tickets are told."""
    text = checked_text("text", text, required=True)
    with transaction.atomic():
        fleet = FleetTicket.objects.get(pk=fleet_id)
        FleetHistory.objects.create(ticket=fleet, at=now, actor=actor, kind=Kind.NOTE, detail={"text": text})
        for person in notices.mentioned(text):
            if (child := child_for(fleet, person)) is not None:
                notices.tell(child, [person], Notice.Kind.MENTION, actor, now, text=text)
    return fleet


def child_for(fleet: FleetTicket, person: Staff) -> Ticket | None:
    """The first of its tickets that somebody may see, open ones first: by it they are told of the whole."""
    seen = scope.tickets(person) if person.may(Right.LOOK) else Ticket.objects.none()
    return seen.filter(parent=fleet).order_by(F("closed_at").asc(nulls_first=True), "pk").first()


def acted(fleet_id: int, action: str, count: int, *, actor: Staff, now: dt.datetime) -> None:
    """Writes down that somebody acted on children of a fleet ticket; closes it when none is left open."""
    fleet = FleetTicket.objects.get(pk=fleet_id)
    FleetHistory.objects.create(
        ticket=fleet, at=now, actor=actor, kind=Kind.ACTED, detail={"action": action, "machines": count}
    )


def leave(fleet_id: int, tickets: Iterable[int], *, actor: Staff, now: dt.datetime) -> int:
    """Takes tickets out of a fleet ticket: they have something else. Returns how many; NotUnderstood for none."""
    with transaction.atomic():
        fleet = _open(fleet_id)
        left = list(fleet.children.filter(pk__in=tickets))
        if not left:
            raise NotUnderstood("ticket", _("None of its tickets was selected. Tick those that are to stand alone."))
        _let_go(fleet, left, actor, now)
        FleetHistory.objects.create(ticket=fleet, at=now, actor=actor, kind=Kind.LEFT, detail={"machines": len(left)})
    return len(left)


def _let_go(fleet: FleetTicket, tickets: list[Ticket], actor: Staff, now: dt.datetime) -> None:
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(parent=None)
    TicketHistory.objects.bulk_create(
        TicketHistory(ticket=ticket, at=now, actor=actor, kind=TicketHistory.Kind.LEFT, detail={"fleet": fleet.pk})
        for ticket in tickets
    )


def dissolve(fleet_id: int, *, actor: Staff, now: dt.datetime, reason: str) -> FleetTicket:
    """Says that these are not one problem: the tickets stand alone again, and the cause is left alone for a month."""
    reason = checked_text("reason", reason, required=True)
    with transaction.atomic():
        fleet = _open(fleet_id)
        _let_go(fleet, list(fleet.children.all()), actor, now)
        fleet.closed_at = fleet.updated_at = now
        fleet.save(update_fields=["closed_at", "updated_at"])
        FleetHistory.objects.create(ticket=fleet, at=now, actor=actor, kind=Kind.DISSOLVED, detail={"text": reason})
    return fleet


def _close_if_done(fleet: FleetTicket, now: dt.datetime) -> None:
    with transaction.atomic():
        if not fleet.children.filter(Q(state__in=Ticket.OPEN)).exists():
            FleetTicket.objects.filter(pk=fleet.pk, closed_at=None).update(closed_at=now, updated_at=now)
            FleetHistory.objects.create(ticket=fleet, at=now, kind=Kind.CLOSED)
