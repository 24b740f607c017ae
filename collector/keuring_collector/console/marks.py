"""Small drawings beside words: marks of severity and icons, each made once for a language."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from keuring_collector.desk.models import Ticket

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keuring_collector.fleet.models import Endpoint

# Shapes on a grid of 16, so that the mark is told by its form as well as by its colour.
_MARKS: Final[Mapping[int, str]] = {
    1: '<path d="M8 1.5 9.6 6.4 14.5 8 9.6 9.6 8 14.5 6.4 9.6 1.5 8 6.4 6.4Z"/>',
    2: '<circle class="hollow" cx="8" cy="8" r="5.25"/>',
    3: '<circle class="hollow" cx="8" cy="8" r="5.25"/><path d="M8 2.75a5.25 5.25 0 0 1 0 10.5Z"/>',
    4: '<circle cx="8" cy="8" r="6"/>',
}
_ICONS: Final[Mapping[str, str]] = {
    "queue": '<path d="M3 4.5h10M3 8h10M3 11.5h6"/>',
    "today": '<circle cx="8" cy="8" r="2.75"/><path d="M8 1.5v1.7M8 12.8v1.7M1.5 8h1.7M12.8 8h1.7M3.4 3.4l1.2 1.2M11.4 11.4l1.2 1.2M3.4 12.6l1.2-1.2M11.4 4.6l1.2-1.2"/>',  # noqa: E501
    "file": '<path d="M9 2H4v12h8V5ZM9 2v3h3"/>',
    "link": '<path d="M6.5 9.5 9.5 6.5M7 4.5l1.2-1.2a3.1 3.1 0 0 1 4.5 4.5L11.5 9M9 11.5l-1.2 1.2a3.1 3.1 0 0 1-4.5-4.5L4.5 7"/>',  # noqa: E501
    "announce": '<path d="M2 6.5v3h2.2L11 12.5v-9L4.2 6.5ZM4.5 9.5l1 4h1.7l-.7-3.2M13 6.2c.8 1 .8 2.6 0 3.6"/>',
    "quiet": '<path d="M3 6.5v3h2.5L9 12.5v-9L5.5 6.5ZM11.5 6.2l3 3.6M14.5 6.2l-3 3.6"/>',
    "machine": '<rect x="3" y="3.5" width="10" height="7" rx="1"/><path d="M1.5 13h13"/>',
    "models": '<rect x="1.5" y="5.5" width="8" height="5.5" rx="1"/><path d="M6.5 5.5v-2a1 1 0 0 1 1-1h6a1 1 0 0 1 1 1v4a1 1 0 0 1-1 1h-4M.8 13.5h9.4"/>',  # noqa: E501
    "software": '<rect x="2" y="2.5" width="12" height="11" rx="1.2"/><path d="M2 5.7h12M4.2 4.1h.01M6.2 4.1h.01"/>',
    "department": '<path d="M3 13.5v-10l5-1.5v11.5M8 6h5v7.5M1.5 13.5h13M5.4 5.5v.01M5.4 8v.01M5.4 10.5v.01M10.5 8.5v.01M10.5 11v.01"/>',  # noqa: E501
    "rule": '<path d="M8 2.5v11M3.5 4.5h9M3.5 4.5 1.8 9.2a2 2 0 0 0 3.4 0ZM12.5 4.5l-1.7 4.7a2 2 0 0 0 3.4 0ZM5.5 13.5h5"/>',  # noqa: E501
    "score": '<path d="M3.5 13.5v-4M8 13.5v-11M12.5 13.5V6"/>',
    "stamp": '<path d="M6.3 8.5V7a2.6 2.6 0 1 1 3.4 0v1.5h2.3a1 1 0 0 1 1 1v1.5H3V9.5a1 1 0 0 1 1-1ZM3.5 13.5h9"/>',
    "aside": '<path d="M2 9.5h3.5l1 2h3l1-2H14M2 9.5 4 3.5h8l2 6v3.5H2Z"/>',
    "more": '<path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2.4"/>',
    "search": '<circle cx="7" cy="7" r="4.25"/><path d="m10.2 10.2 3.3 3.3"/>',
    "mail": '<rect x="2" y="3.5" width="12" height="9" rx="1"/><path d="m2.5 4.5 5.5 4.5 5.5-4.5"/>',
    "copy": '<rect x="5.5" y="5.5" width="8" height="8" rx="1.2"/><path d="M10.5 3.5v-1h-8v8h1"/>',
    "arrow": '<path d="M6 3.5 10.5 8 6 12.5"/>',
    "back": '<path d="M10 3.5 5.5 8l4.5 4.5"/>',
    "book": '<path d="M8 4c-1.5-1-3.5-1.3-5.5-1v9.5c2-.3 4 0 5.5 1 1.5-1 3.5-1.3 5.5-1V3c-2-.3-4 0-5.5 1Zm0 0v9.5"/>',
    "warning": '<path d="M8 2.5 14.5 13.5h-13ZM8 6.5v3.2M8 11.6v.01"/>',
    "out": '<path d="M6.5 2.5h-4v11h4M9.5 5 12.5 8l-3 3M12 8H6"/>',
    "people": '<circle cx="6" cy="5.5" r="2.5"/><path d="M1.5 13.5c.3-3 2-4.5 4.5-4.5s4.2 1.5 4.5 4.5M10.5 3.2a2.5 2.5 0 0 1 0 4.6M12 9.4c1.5.6 2.3 2 2.5 4.1"/>',  # noqa: E501
    "audit": '<path d="M8 1.8 13 3.5v4c0 3.2-2 5.5-5 6.7-3-1.2-5-3.5-5-6.7v-4ZM5.8 7.8l1.6 1.6 2.9-3"/>',
    "settings": '<path d="M2 4.5h7M12.5 4.5H14M2 11.5h1.5M7 11.5h7"/><circle cx="10.75" cy="4.5" r="1.75"/><circle cx="5.25" cy="11.5" r="1.75"/>',  # noqa: E501
    "skill": '<path d="M1.5 6 8 3l6.5 3L8 9ZM4 7.5v3.2c1 1 2.4 1.6 4 1.6s3-.6 4-1.6V7.5M14.5 6v4"/>',
    "tip": '<path d="M8 1.8 9.7 6.3 14.2 8 9.7 9.7 8 14.2 6.3 9.7 1.8 8 6.3 6.3Z"/>',
    "visit": '<circle cx="9" cy="3" r="1.5"/><path d="M6 14.5 7.5 10l-1-2.5 1.8-2.2 2.2 2.4 2 .8M10 14.5 9.2 11.5 7.5 10M6.5 7.5 4.5 9"/>',  # noqa: E501
    "key": '<circle cx="5" cy="11" r="2.75"/><path d="m7 9 6-6M10.5 5.5l2 2"/>',
}

_OUTCOMES: Final[Mapping[str, str]] = {
    "pass": '<path d="m3 8.5 3.2 3.2L13 4.8"/>',
    "advice": '<path d="M8 3v6.2M8 12.6v.01"/>',
    "fail": '<path d="m4 4 8 8M12 4l-8 8"/>',
}


def mark(severity: int, *, named: bool = False) -> SafeString:
    """The severity mark: shape and colour, with its name beside it or only for those who cannot see it."""
    return _mark(severity, get_language(), named=named)


@cache
def _mark(severity: int, _language: str | None, *, named: bool) -> SafeString:
    label = str(Ticket.Severity(severity).label) if severity in Ticket.Severity.values else ""
    drawing = mark_safe(_MARKS.get(severity, ""))  # noqa: S308 - from the table above
    text = format_html('<span class="{}">{}</span>', "mark-name" if named else "unseen", label)
    return format_html(
        '<span class="mark s{}"><svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">{}</svg>{}</span>',
        severity,
        drawing,
        text,
    )


@cache
def icon(name: str) -> SafeString:
    """A line drawing that stands beside a word, never instead of one."""
    return format_html(
        '<svg class="icon" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">{}</svg>',
        mark_safe(_ICONS[name]),  # noqa: S308 - from the table above
    )


def outcome(value: str, text: object) -> SafeString:
    """The outcome of an inspection: a drawing and its name."""
    return format_html(
        '<span class="outcome {}"><svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">{}</svg>{}</span>',
        value,
        mark_safe(_OUTCOMES.get(value, '<path d="M3.5 8h9"/>')),  # noqa: S308 - from the table above
        text,
    )


def simulated(endpoint: Endpoint) -> SafeString:
    """The mark of a machine that does not exist; empty for a real one."""
    if not endpoint.simulated:
        return SafeString("")
    return format_html('<span class="simulated">{}</span>', gettext("simulated"))
