"""The queue and the machines as CSV: what is on the screen's choice, all pages of it, safe to open in a spreadsheet."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.html import strip_tags
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from keuring_collector.console import listing, pack, spreadsheet, stories
from keuring_collector.console.permission import requires, staff_of
from keuring_collector.console.views.machines import choose, rows_of, with_tickets
from keuring_collector.desk import audit
from keuring_collector.desk.roles import Right

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date, datetime

    from django.http import HttpRequest, StreamingHttpResponse

    from keuring_collector.desk.models import Staff

AT_ONCE: Final = 500  # rows read at a time


def _language() -> str:
    return (get_language() or "nl")[:2]


def _answer(
    name: str, header: list[str], rows: Iterable[list[spreadsheet.Cell]], now: datetime
) -> StreamingHttpResponse:
    return spreadsheet.streamed(f"keuring-{name}-{timezone.localtime(now):%Y-%m-%d}", header, rows, _language())


def _day(moment: datetime | None) -> date | None:
    return timezone.localtime(moment).date() if moment else None


@requires(Right.LOOK)
@require_safe
def queue(request: HttpRequest) -> StreamingHttpResponse:
    """The tickets of a choice. That it was made is written down, with the choice and the number of rows."""
    staff, now, choices = staff_of(request), timezone.now(), listing.read(request.GET)
    count = listing.page(choices, staff, now).count
    audit.record_now(staff, "export.made", "export/queue", {"choice": choices.address()[1:], "rows": count})
    header = [
        _("Ticket"), _("Severity"), _("State"), _("What will happen"), _("Machine"), _("Colleague"), _("Department"),
        _("Cause"), _("Expected"), _("Planned"), _("Owner"), _("Opened"), _("Closed"), _("Verdict"),
    ]  # fmt: skip
    return _answer("queue", header, _tickets(staff, choices, _language(), now), now)


def _tickets(staff: Staff, choices: listing.Choices, language: str, now: datetime) -> Iterator[list[spreadsheet.Cell]]:
    state = pack.current()
    for ticket in listing.whole(choices, staff, now).iterator(chunk_size=AT_ONCE):
        row, endpoint = stories.row(ticket, state, language, now), ticket.endpoint
        yield [
            ticket.pk, ticket.get_severity_display(), ticket.get_state_display(), _plain(row.title),
            endpoint.host_name, endpoint.colleague.name if endpoint.colleague else "",
            endpoint.department.name if endpoint.department else "", row.cause, _day(ticket.expected_at),
            ticket.planned_for, ticket.owner.get_username() if ticket.owner else "", _day(ticket.opened_at),
            _day(ticket.closed_at), ticket.get_verdict_display() if ticket.verdict else "",
        ]  # fmt: skip


def _plain(title: str) -> str:
    return html.unescape(strip_tags(title))


@requires(Right.LOOK)
@require_safe
def machines(request: HttpRequest) -> StreamingHttpResponse:
    """The machines of a choice; when each was last heard of by the day."""
    staff, now = staff_of(request), timezone.now()
    chosen = choose(request, staff, now)
    count = chosen.found.count()
    audit.record_now(staff, "export.made", "export/machines", {"choice": chosen.filters, "rows": count})
    header = [
        _("Machine"), _("Colleague"), _("Department"), _("Model"), _("Last heard"), _("Agent"), _("Open tickets"),
    ]  # fmt: skip

    def rows() -> Iterator[list[spreadsheet.Cell]]:
        for first in range(0, count, AT_ONCE):
            for row in rows_of(chosen, with_tickets(chosen.found)[first : first + AT_ONCE], now):
                endpoint = row.endpoint
                yield [
                    endpoint.host_name, endpoint.colleague.name if endpoint.colleague else "",
                    endpoint.department.name if endpoint.department else "", endpoint.model,
                    row.contact.day or row.contact.text,
                    endpoint.agent_version, row.tickets,
                ]  # fmt: skip

    return _answer("machines", header, rows(), now)
