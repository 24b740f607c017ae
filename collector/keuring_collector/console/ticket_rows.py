"""The rows of a list of tickets as HTML, put together here and not by a template: a queue has fifty of them.

What is the same for each row (its words, its addresses, the marks) is made once.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Final

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

from keuring_collector.console import drawing
from keuring_collector.console.marks import mark, simulated
from keuring_collector.desk import wording
from keuring_collector.desk.acting import stamp
from keuring_collector.desk.models import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from keuring_collector.console.stories import Row
    from keuring_collector.service.skills.catalogue import Known

_SEVERITIES: Final = tuple(Ticket.Severity.values)


def ticket_rows(rows: Iterable[Row], now: datetime, skills: Mapping[str, Known], *, plain: bool) -> SafeString:
    """The rows of one group; ``plain``: without a box to tick."""
    drawing = _Drawing(now, skills, plain=plain)
    with wording.one_language():
        return mark_safe("".join(drawing.row(row) for row in rows))  # noqa: S308 - every text is escaped where it is put in


class _Drawing:
    def __init__(self, now: datetime, skills: Mapping[str, Known], *, plain: bool) -> None:
        self.now, self.skills, self.plain = now, skills, plain
        self.marks = {severity: mark(severity) for severity in _SEVERITIES}
        self.address = drawing.addresses("ticket", 0)
        self.words = {
            "select": gettext("Select ticket %(number)s of %(machine)s"),
            "came back": gettext("came back"),
            "planned": gettext("planned"),
            "back": gettext("back"),
            "expected": gettext("expected"),
            "now": gettext("now"),
            "skill": gettext("skill:"),
            "no date": gettext("no date"),
        }

    def row(self, row: Row) -> str:
        ticket, seen = row.ticket, escape(stamp(row.ticket))
        owner = ticket.owner
        return (
            f'<tr class="ticket s{ticket.severity}" data-row="{ticket.pk}@{seen}/{ticket.severity}">\n'
            f"{'' if self.plain else self._pick(ticket, seen)}"
            f'<td class="sev">{self.marks.get(ticket.severity) or mark(ticket.severity)}</td>\n'
            f'<td class="what"><a href="{self.address(ticket.pk)}">{row.title}</a>\n'
            f'<div class="sub">{self._about(row)}</div></td>\n'
            f'<td class="due">{self._due(ticket)}{self._bar(row)}</td>\n'
            f'<td class="owner">{f"<b>{escape(owner.first_name or owner.username)}</b>" if owner else "–"}</td>\n'
            f'<td class="age">{drawing.age(ticket.opened_at, self.now)}</td>\n</tr>\n'
        )

    def _pick(self, ticket: Ticket, seen: str) -> str:
        told = self.words["select"] % {"number": ticket.pk, "machine": ticket.endpoint.host_name}
        value = f"{ticket.pk}@{seen}"
        return (
            f'<td class="pick"><input type="checkbox" name="ticket" value="{value}" aria-label="{escape(told)}"></td>\n'
        )

    def _about(self, row: Row) -> str:
        endpoint = row.ticket.endpoint
        told = [endpoint.colleague.name] if endpoint.colleague else []
        if endpoint.department:
            told.append(endpoint.department.name)
        told.append(row.cause)
        told = [escape(text) for text in told]
        if row.skill in self.skills:
            told.append(
                f'<span class="unseen">{escape(self.words["skill"])} </span>{escape(self.skills[row.skill].name)}'
            )
        if row.others:
            more = ngettext("and %(others)s more finding", "and %(others)s more findings", row.others)
            told.append(escape(more % {"others": row.others}))
        if row.ticket.reopened:
            told.append(escape(self.words["came back"]))
        return "".join(f"<span>{html}</span>" for html in told) + simulated(endpoint)

    def _due(self, ticket: Ticket) -> str:
        words, expected = self.words, ticket.expected_at
        if ticket.state == Ticket.State.PLANNED:
            return f"<span>{words['planned']} {self._day(ticket.planned_for)}</span>"
        if ticket.state == Ticket.State.SNOOZED:
            return f"<span>{words['back']} {self._day(ticket.snoozed_until)}</span>"
        if ticket.closed_at:
            return f"<span>{Ticket.State(ticket.state).label} {drawing.near(ticket.closed_at, self.now)}</span>"
        if expected and expected > self.now:
            return f"<span>{drawing.near(expected, self.now)}</span>"
        if expected:
            title = escape(f"{words['expected']} {wording.day(expected, self.now)}")
            return f'<span title="{title}">{words["now"]}</span>'
        if ticket.severity == Ticket.Severity.URGENT:
            return f"<span>{words['now']}</span>"
        return f'<span class="soft">{words["no date"]}</span>'

    def _bar(self, row: Row) -> str:
        ticket = row.ticket
        is_ahead = not ticket.closed_at and ticket.expected_at and ticket.expected_at > self.now
        return row.bar if is_ahead else ""

    def _day(self, moment: datetime | date | None) -> str:
        return drawing.near(moment, self.now) if moment else ""
