"""Tickets of other machines that are like this one, and how they ended: what helped there may help here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_collector.console import stories
from keuring_collector.desk import scope
from keuring_collector.desk.models import Ticket, TicketHistory, TicketLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from keuring_collector.console.pack import PackState
    from keuring_collector.desk.models import Staff

LOOKED_AT: Final = 60  # the newest of the cause; of these the most alike are shown
SHOWN: Final = 5


class Alike(NamedTuple):
    """Which ticket is alike, and how."""

    pk: int
    same_rule: bool
    model: str
    helped: str


@dataclass(frozen=True, slots=True)
class Similar:
    """Another ticket, and what it has in common."""

    row: stories.Row
    same_rule: bool
    model: str  # empty when it is another model, or not known
    helped: str


def of(staff: Staff, ticket: Ticket) -> list[Alike]:
    """The most alike first: the same rule and the same model, with what helped, before others."""
    rules = {line.rule for line in ticket.lines.all()}
    found = list(
        scope.tickets(staff)
        .filter(cause=ticket.cause)  # of which a rule has one, so this finds the same rule, too
        .exclude(endpoint=ticket.endpoint_id)
        .exclude(state=Ticket.State.MERGED)
        .order_by("-opened_at", "-pk")
        .values_list("pk", "verdict", "endpoint__model")[:LOOKED_AT]
    )
    numbers = [pk for pk, _verdict, _model in found]
    by_rule = set(TicketLine.objects.filter(ticket__in=numbers, rule__in=rules).values_list("ticket", flat=True))
    helping = _helping([pk for pk, verdict, _model in found if verdict == Ticket.Verdict.RIGHT])
    model = ticket.endpoint.model
    alike = {pk for pk, _verdict, other in found if model and other == model}
    chosen = sorted(numbers, key=lambda pk: (pk not in by_rule, pk not in alike, pk not in helping))[:SHOWN]
    return [Alike(pk, pk in by_rule, model if pk in alike else "", helping.get(pk, "")) for pk in chosen]


def rows(
    alike: Iterable[Alike], read: Mapping[int, Ticket], state: PackState, language: str, now: datetime
) -> list[Similar]:
    """The same as a page tells them; ``read``: the tickets (see stories.listed), by their number."""
    return [
        Similar(stories.row(read[each.pk], state, language, now), each.same_rule, each.model, each.helped)
        for each in alike
        if each.pk in read
    ]


def _helping(right: list[int]) -> dict[int, str]:
    """What was written when these were resolved, which were right."""
    written = TicketHistory.objects.filter(ticket__in=right, kind=TicketHistory.Kind.RESOLVED).order_by("at", "pk")
    texts = {ticket: detail.get("text", "") for ticket, detail in written.values_list("ticket", "detail")}
    return {ticket: text for ticket, text in texts.items() if text}
