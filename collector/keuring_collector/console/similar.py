"""Tickets of other machines that are like this one, and how they ended: what helped there may help here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from keuring_collector.console import stories
from keuring_collector.desk import scope
from keuring_collector.desk.models import Ticket, TicketHistory, TicketLine
from keuring_collector.desk.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from django.db.models import QuerySet

    from keuring_collector.console.pack import PackState
    from keuring_collector.desk.models import Staff

HELPED: Final = 200  # tickets of the same cause that are looked through
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


@dataclass(frozen=True, slots=True)
class Before:
    """The newest tickets of the same cause, without the ticket itself, and what was written when the right ones among
    them were resolved lately; the newest first.
    """

    tickets: list[tuple[int, str, str, int, str]]  # number, state, verdict, machine, its model
    helped: list[TicketHistory]


def before(staff: Staff, ticket: Ticket) -> Before:
    """Read once, for what helped and for what is alike."""
    # Of the newest only: what helped years ago helps nobody, and of a frequent cause there may be thousands.
    tickets = _newest(*scope.reach(staff), ticket.cause, ticket.pk)
    right = [pk for pk, _state, verdict, _machine, _model in tickets if verdict == Ticket.Verdict.RIGHT]
    return Before(tickets, _helped(right))


@prepared
def _newest(departments: Any, answers: bool, cause: Any, but: Any) -> QuerySet[Ticket, Any]:
    found = scope.tickets_of(departments, answers).filter(cause=cause).exclude(pk=but).order_by("-opened_at", "-pk")
    return found.values_list("pk", "state", "verdict", "endpoint", "endpoint__model")[:HELPED]


@prepared
def _helped(tickets: Any) -> QuerySet[TicketHistory]:
    told = TicketHistory.objects.filter(
        kind=TicketHistory.Kind.RESOLVED, ticket__pk__in=tickets, detail__has_key="text"
    )
    shown = ("at", "detail", "actor__first_name", "actor__username", "ticket__endpoint__host_name")
    return told.select_related("actor", "ticket__endpoint").only(*shown).order_by("-at", "-pk")[:LOOKED_AT]


@prepared
def _by_rule(tickets: Any, rules: Any) -> QuerySet[TicketLine, int]:
    return TicketLine.objects.filter(ticket__pk__in=tickets, rule__in=rules).values_list("ticket", flat=True)


def of(ticket: Ticket, found: Before) -> list[Alike]:
    """The most alike first: the same rule and the same model, with what helped, before others."""
    rules = {line.rule for line in ticket.findings}
    others = [
        (pk, model)
        for pk, state, _verdict, machine, model in found.tickets
        if machine != ticket.endpoint_id and state != Ticket.State.MERGED
    ][:LOOKED_AT]
    numbers = [pk for pk, _model in others]
    by_rule = set(_by_rule(numbers, rules))
    helping = {each.ticket_id: text for each in reversed(found.helped) if (text := each.detail["text"])}
    model = ticket.endpoint.model
    alike = {pk for pk, other in others if model and other == model}
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
