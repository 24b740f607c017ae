"""The lists of a machine's page as HTML, put together here and not by a template, as the rows of a queue are."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from django.urls import reverse

from keuring_collector.console import drawing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from django.utils.safestring import SafeString

    from keuring_collector.console.facts import Row as Fact
    from keuring_collector.console.inventory import Program


def programs(listed: Iterable[Program]) -> SafeString:
    """Its programs, each with its version and since when."""
    address = reverse("program")

    def told(each: Program) -> str:
        behind = f' <span class="soft">{escape(each.behind)}</span>' if each.behind else ""
        return (
            f'<tr><td><a href="{address}?name={quote(each.name, safe="")}">{escape(each.name)}</a></td>'
            f'<td>{escape(each.version)}{behind}</td><td class="nowrap">{escape(each.since)}</td></tr>'
        )

    return drawing.joined(map(told, listed))


def facts(sections: Iterable[tuple[str, Sequence[Fact]]]) -> SafeString:
    """What is known of it, by subject area."""
    return drawing.joined(
        f'<section><h3>{escape(title)}</h3><dl class="facts">{"".join(map(_fact, rows))}</dl></section>'
        for title, rows in sections
    )


def _fact(row: Fact) -> str:
    about = f" ({escape(row.subject)})" if row.subject else ""
    return f"<dt>{escape(row.label)}{about}</dt><dd>{escape(row.value)}</dd>"
