"""Tickets of other machines that are like this one, and how they ended: what helped there may help here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from keuring.signals import catalogue
from keuring_collector.console import readings, stories
from keuring_collector.desk import scope
from keuring_collector.desk.models import Ticket

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
        .select_related("endpoint", "owner")
        .prefetch_related("lines", "history")
        .order_by("-opened_at", "-pk")[:LOOKED_AT]
    )
    models = readings.store().facts_of(
        catalogue.KEURING_HARDWARE_MODEL.id, {ticket.endpoint_id, *(other.endpoint_id for other in found)}
    )
    model = str(models.get((ticket.endpoint_id, "")) or "")

    def told(other: Ticket) -> Similar:
        same = str(models.get((other.endpoint_id, "")) or "")
        helped = [item.detail.get("text", "") for item in other.history.all() if item.kind == "resolved"]
        return Similar(
            stories.row(other, state, language, now),
            any(line.rule in rules for line in other.lines.all()),
            same if model and same == model else "",
            helped[-1] if helped and other.verdict == Ticket.Verdict.RIGHT else "",
        )

    alike = sorted(map(told, found), key=lambda each: (-each.same_rule, not each.model, not each.helped))
    return alike[:SHOWN]
