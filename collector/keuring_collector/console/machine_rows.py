"""The lists of a machine's page as HTML, put together here and not by a template, as the rows of a queue are."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from keuring_collector.console.marks import mark
from keuring_collector.desk import wording
from keuring_collector.desk.models import Ticket

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from keuring_collector.console.facts import Row as Fact
    from keuring_collector.console.inventory import Program
    from keuring_collector.console.stories import Row


def tickets(rows: Iterable[Row], now: datetime) -> SafeString:
    """Its tickets, each with its state and how long ago it was opened."""
    before, _, after = reverse("ticket", args=[0]).rpartition("0")

    def told(row: Row) -> str:
        ticket, opened = row.ticket, row.ticket.opened_at
        at = wording.local(opened).isoformat(timespec="minutes")
        ago = f'title="{escape(wording.clock(opened, now))}">{escape(wording.ago(opened, now))}'
        return (
            f'<li>{mark(ticket.severity)}<div><a href="{before}{ticket.pk}{after}">{row.title}</a>'
            f'<div class="sub"><span>{escape(str(Ticket.State(ticket.state).label))}</span>'
            f'<span><time datetime="{at}" {ago}</time></span></div></div></li>'
        )

    return _joined(map(told, rows))


def programs(listed: Iterable[Program]) -> SafeString:
    """Its programs, each with its version and since when."""
    address = reverse("program")

    def told(each: Program) -> str:
        behind = f' <span class="soft">{escape(each.behind)}</span>' if each.behind else ""
        return (
            f'<tr><td><a href="{address}?name={quote(each.name, safe="")}">{escape(each.name)}</a></td>'
            f'<td>{escape(each.version)}{behind}</td><td class="nowrap">{escape(each.since)}</td></tr>'
        )

    return _joined(map(told, listed))


def facts(sections: Iterable[tuple[str, Sequence[Fact]]]) -> SafeString:
    """What is known of it, by subject area."""
    return _joined(
        f'<section><h3>{escape(title)}</h3><dl class="facts">{"".join(map(_fact, rows))}</dl></section>'
        for title, rows in sections
    )


def _fact(row: Fact) -> str:
    about = f" ({escape(row.subject)})" if row.subject else ""
    return f"<dt>{escape(row.label)}{about}</dt><dd>{escape(row.value)}</dd>"


def _joined(rows: Iterable[str]) -> SafeString:
    with wording.one_language():
        return mark_safe("".join(rows))  # noqa: S308 - every text is escaped where it is put in
