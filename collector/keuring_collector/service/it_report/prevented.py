"""What was prevented: tickets that the desk resolved and found right, with the dates and the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from keuring.signals.catalogue import KEURING_HARDWARE_MODEL
from keuring_collector.desk import texts, wording
from keuring_collector.desk.causes import cause_label
from keuring_collector.desk.measures import measure_of
from keuring_collector.desk.models import Ticket, TicketOutcome
from keuring_collector.service.it_report.parts import Part, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from keuring_collector.service.it_report.around import Around

MOST: Final = 40


def prevented(around: Around) -> Part:
    """Tickets that were resolved in the period and right, and those that came true because nobody acted."""
    since, until = around.span
    told = around.tickets.select_related("endpoint__colleague").prefetch_related("lines")
    right = told.filter(
        state=Ticket.State.RESOLVED, verdict=Ticket.Verdict.RIGHT, closed_at__gte=since, closed_at__lt=until
    ).order_by("closed_at", "pk")
    came = told.filter(
        outcome__result=TicketOutcome.Result.CAME, outcome__came_at__gte=since, outcome__came_at__lt=until
    ).order_by("outcome__came_at", "pk")
    count, missed, earlier = right.count(), came.count(), _before(around)
    lead = [
        ngettext("%(n)s problem was prevented.", "%(n)s problems were prevented.", count) % {"n": count}
        if count
        else _("Nothing was prevented in this time."),
        _("In the time before it: %(n)s.") % {"n": earlier},
    ]
    if missed:
        lead.append(
            ngettext(
                "%(n)s problem was announced and came, because nobody acted on it.",
                "%(n)s problems were announced and came, because nobody acted on them.",
                missed,
            )
            % {"n": missed}
        )
    tables = [
        _table(around, _("Prevented"), _("resolved on"), right[:MOST], came=False),
        _table(around, _("Announced, and it came"), _("came on"), came[:MOST], came=True),
    ]
    notes = [
        _("Prevented: the desk resolved the ticket and found it right. A model of which fewer than five are in use is "
          "left out.")
    ]  # fmt: skip
    if (more := count + missed - sum(len(table.rows) for table in tables)) > 0:
        notes.append(ngettext("%(n)s more is not listed.", "%(n)s more are not listed.", more) % {"n": more})
    return Part(lead, [table for table in tables if table.rows], notes)


def _before(around: Around) -> int:
    since, until = around.before
    return around.tickets.filter(
        state=Ticket.State.RESOLVED, verdict=Ticket.Verdict.RIGHT, closed_at__gte=since, closed_at__lt=until
    ).count()


def _table(around: Around, caption: str, when: str, tickets: QuerySet[Ticket], *, came: bool) -> Table:
    models = {pk: name for name, group in around.groups(KEURING_HARDWARE_MODEL.id).items() for pk in group}
    found = list(tickets.select_related("outcome") if came else tickets)
    return Table(
        caption,
        [_("ticket"), _("cause"), _("model"), _("opened on"), _("expected on"), when, _("evidence")],
        [_row(around, ticket, models.get(ticket.endpoint_id, "–"), came=came) for ticket in found],
        tickets=[ticket.pk for ticket in found],
    )


def _row(around: Around, ticket: Ticket, model: str, *, came: bool) -> list[str]:
    days = (ticket.opened_at, ticket.expected_at, ticket.outcome.came_at if came else ticket.closed_at)
    evidence = _evidence(around, ticket, ticket.lines.all())
    return [f"#{ticket.pk}", cause_label(ticket.cause), model, *map(_day, days), evidence]


def _day(moment: object) -> str:
    return wording.full_day(wording.local_day(moment)) if moment else "–"  # type: ignore[arg-type]


def _evidence(around: Around, ticket: Ticket, lines: Iterable[object]) -> str:
    """Why it was thought so, in one line with the numbers; neither the machine nor its colleague is named in it."""
    line = texts.headline(ticket, list(lines))  # type: ignore[arg-type]
    if line is None:
        return ""
    rule = around.pack.rules.get(line.rule)
    return texts.why(line, measure_of(rule), (get_language() or "nl")[:2], texts.moment_of_reading(ticket, around.now))
