"""Tickets of other machines that are like this one, and how they ended: what helped there may help here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from keuring.signals import catalogue
from keuring_collector.console import readings, stories
from keuring_collector.desk import scope
from keuring_collector.desk.models import Ticket, TicketHistory

if TYPE_CHECKING:
    from datetime import datetime

    from keuring_collector.console.pack import PackState
    from keuring_collector.desk.models import Staff

LOOKED_AT: Final = 60  # the newest of the cause; of these the most alike are shown
SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Similar:
    """Another ticket, and what it has in common."""

    row: stories.Row
    same_rule: bool
    model: str  # empty when it is another model, or not known
    helped: str


def rows(staff: Staff, ticket: Ticket, state: PackState, language: str, now: datetime) -> list[Similar]:
    """The most alike first: the same rule and the same model, with what helped, before others."""
    rules = {line.rule for line in ticket.lines.all()}
    found = list(
        scope.tickets(staff)
        .filter(cause=ticket.cause)  # of which a rule has one, so this finds the same rule, too
        .exclude(endpoint=ticket.endpoint_id)
        .exclude(state=Ticket.State.MERGED)
        .select_related("endpoint__colleague", "endpoint__department", "owner")
        .prefetch_related("lines")
        .order_by("-opened_at", "-pk")[:LOOKED_AT]
    )
    models = readings.store().facts_of(
        catalogue.KEURING_HARDWARE_MODEL.id, {ticket.endpoint_id, *(other.endpoint_id for other in found)}
    )
    model = str(models.get((ticket.endpoint_id, "")) or "")

    helping = _helping(found)

    def likeness(other: Ticket) -> tuple[bool, bool, bool]:
        same_rule = any(line.rule in rules for line in other.lines.all())
        same_model = bool(model) and str(models.get((other.endpoint_id, "")) or "") == model
        return not same_rule, not same_model, other.pk not in helping

    alike = sorted(((likeness(other), other) for other in found), key=lambda pair: pair[0])
    return [
        Similar(
            stories.row(other, state, language, now),
            not other_rule,
            "" if other_model else model,
            helping.get(other.pk, ""),
        )
        for (other_rule, other_model, _), other in alike[:SHOWN]
    ]


def _helping(tickets: list[Ticket]) -> dict[int, str]:
    """What was written when these were resolved, of those that were right."""
    right = [ticket.pk for ticket in tickets if ticket.verdict == Ticket.Verdict.RIGHT]
    written = TicketHistory.objects.filter(ticket__in=right, kind=TicketHistory.Kind.RESOLVED).order_by("at", "pk")
    texts = {ticket: detail.get("text", "") for ticket, detail in written.values_list("ticket", "detail")}
    return {ticket: text for ticket, text in texts.items() if text}
