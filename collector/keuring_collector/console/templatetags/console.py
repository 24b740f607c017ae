"""Small pieces that many pages share: plates, severity marks, icons, moments."""

from __future__ import annotations

import hashlib
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django import template
from django.contrib.staticfiles import finders
from django.templatetags import i18n
from django.templatetags.static import static
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from keuring_collector.console import articles, drawing, marks, stories
from keuring_collector.console.ticket_rows import ticket_rows as drawn_rows
from keuring_collector.desk import wording
from keuring_collector.desk.causes import cause_label
from keuring_collector.desk.placeholders import first_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from keuring_collector.desk.models import Staff
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.service.skills.routing import Helper, Suggestion

register = template.Library()

for _tag in (marks.mark, marks.icon, marks.outcome, marks.simulated):
    register.simple_tag(_tag)


class _Said(template.Node):
    """A text of a page, translated once for each language: a page has a hundred of them."""

    def __init__(self, node: template.Node) -> None:
        self.node = node
        self.told: dict[str | None, str] = {}

    def render(self, context: Any) -> str:
        language = get_language()
        if language not in self.told:
            self.told[language] = self.node.render(context)
        return self.told[language]


@register.tag
def translate(parser: Any, token: Any) -> template.Node:
    """Django's own tag, in whose place it stands for texts in quotes without anything else."""
    node = i18n.do_translate(parser, token)
    text = token.split_contents()[1]
    return _Said(node) if len(token.split_contents()) == 2 and text[0] == text[-1] in "\"'" else node


@register.simple_tag
def plate(endpoint: Endpoint) -> SafeString:
    """A machine's name as a number plate."""
    return drawing.plate(endpoint.host_name)


@register.simple_tag(takes_context=True)
def ticket_rows(context: Mapping[str, Any], rows: Iterable[stories.Row], *, plain: bool = False) -> SafeString:
    """The rows of a list of tickets; ``plain``: without a box to tick."""
    return drawn_rows(rows, context["now"], context["known_skills"], plain=plain)


@register.simple_tag
def options(choices: Iterable[tuple[object, str, bool]]) -> SafeString:
    """The choices of a list: (value, text, whether it is chosen)."""
    return mark_safe(  # noqa: S308 - every text is escaped
        "".join(
            f'<option value="{escape(str(value))}"{" selected" if chosen else ""}>{escape(text)}</option>'
            for value, text, chosen in choices
        )
    )


@register.simple_tag
def items(texts: Iterable[str]) -> SafeString:
    """Texts as the items of a list; a chart has a hundred."""
    return mark_safe("".join(f"<li>{escape(text)}</li>" for text in texts))  # noqa: S308 - every text is escaped


@register.filter
def undo_step(tags: str) -> str:
    """The step that a message offers to undo, from its tags; empty when there is none."""
    return next((tag.removeprefix("undo:") for tag in str(tags or "").split() if tag.startswith("undo:")), "")


@register.filter
def cause_name(cause: str) -> str:
    """What the desk calls a cause."""
    return cause_label(cause)


@register.filter
def first_word(name: str) -> str:
    """How a colleague is spoken to."""
    return first_name(name)


@register.filter
def few(count: int) -> str:
    """A number of a group; under five it is not told, since it would tell about somebody."""
    return "< 5" if 0 < count < 5 else wording.number(count)


@register.filter
def prose(markdown: str) -> SafeString:
    """Markdown that somebody of the desk wrote, as HTML."""
    return articles.render(markdown)


@register.filter
def shown_names(people: Iterable[Staff]) -> str:
    """The names of people, in the order given."""
    return ", ".join(person.shown_name for person in people)


@register.filter
def item(table: Mapping[str, str], key: str) -> str:
    """What stands in a table under a key, else the key."""
    return table.get(key, key)


@register.filter
def helper_groups(found: Suggestion) -> list[tuple[str, tuple[Helper, ...]]]:
    """Who could help, in groups with what is said of each; each by name."""
    busy = tuple(each for each in found.fitting if each.load.word == "much")
    return [
        ("", tuple(each for each in found.fitting if each not in busy)),
        (gettext("They could too, and have much on hand:"), busy),
        (gettext("A part of it, or still learning:"), found.partly),
    ]


@register.filter
def share(value: float) -> str:
    """A share as a percentage."""
    return wording.amount(value, "1")


@register.simple_tag(takes_context=True)
def near(context: Mapping[str, Any], moment: datetime | date | None) -> SafeString:
    """A day as a distance ("over 3 weken"), its date on hover."""
    return drawing.near(moment, context["now"]) if moment else SafeString("")


@register.simple_tag(takes_context=True)
def day(context: Mapping[str, Any], moment: datetime | date | None) -> SafeString:
    """A date, its distance on hover."""
    return drawing.day(moment, context["now"]) if moment else SafeString("")


@register.simple_tag(takes_context=True)
def clock(context: Mapping[str, Any], moment: datetime | None) -> SafeString:
    """A date with its time of the day, for what the desk itself planned; its distance on hover."""
    return drawing.clock(moment, context["now"]) if moment else SafeString("")


@register.simple_tag(takes_context=True)
def plain_day(context: Mapping[str, Any], moment: datetime) -> str:
    """A date as plain text, for attributes."""
    return wording.day(moment, context["now"])


@register.simple_tag(takes_context=True)
def age(context: Mapping[str, Any], moment: datetime) -> SafeString:
    """How old something is, in short; the moment itself on hover."""
    return drawing.age(moment, context["now"])


@register.simple_tag(takes_context=True)
def ago(context: Mapping[str, Any], moment: datetime) -> SafeString:
    """How long ago, in words; the moment itself on hover."""
    return drawing.ago(moment, context["now"])


@cache
def _version(path: str) -> str:
    found = finders.find(path)
    if not isinstance(found, str):
        raise template.TemplateSyntaxError(f"there is no static file {path}")
    return hashlib.blake2b(Path(found).read_bytes(), digest_size=5).hexdigest()


@register.simple_tag
def asset(path: str) -> str:
    """The address of a static file, with its version, so that browsers see a new one at once."""
    return f"{static(path)}?v={_version(path)}"
