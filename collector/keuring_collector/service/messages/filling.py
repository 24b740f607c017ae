"""A template filled from a ticket, in the language of whoever reads it.

A paragraph that needs something which nobody knows (the date, the article) is left out. What the desk itself has to
decide, the day, stands as a blank in square brackets until somebody fills it in; with a blank nothing is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.dateformat import format as date_format
from django.utils.translation import gettext, override, pgettext

from keuring_collector.desk import causes, texts, wording
from keuring_collector.desk.placeholders import first_name
from keuring_collector.service.messages.templates import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from keuring_collector.desk.models import Staff, Ticket, TicketLine
    from keuring_collector.desk.texts import RuleTexts
    from keuring_collector.service.messages.templates import Template

BLANK: Final = re.compile(r"\[(?:dag|day)\]")


@dataclass(frozen=True, slots=True)
class Filled:
    """A message as it would be sent."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Source:
    """What a message is filled from: the ticket with the line and the rule that gave it its title, the day on which
    ``who`` comes, and where the colleague can read the article.
    """

    ticket: Ticket
    line: TicketLine | None
    rule: RuleTexts | None
    who: Staff
    day: date | None = None
    article: str = ""


def fill(template: Template, source: Source, language: str, now: datetime) -> Filled:
    """The template in ``language`` with everything filled in."""
    with override(language):
        words = _words(source, language, now)
        wanted = template.texts[language]
        paragraphs = [_filled(each, words) for each in wanted.body.split("\n\n")]
        return Filled(_filled(wanted.subject, words) or wanted.name, "\n\n".join(each for each in paragraphs if each))


def _words(source: Source, language: str, now: datetime) -> Mapping[str, str]:
    ticket, blank = source.ticket, pgettext("blank", "day")
    colleague, line = ticket.endpoint.colleague, source.line
    moment = texts.moment_of_reading(ticket, now)
    said = texts.say(line, source.rule, language, moment) if line else ""
    expected = line.expected_at if line and not wording.is_over(line.expected_at or now, now) else None
    return {
        "colleague": first_name(colleague.name) if colleague else gettext("colleague"),
        "machine": ticket.endpoint.host_name,
        "saw": said or _sentence(causes.cause_label(ticket.cause)) + ".",
        "date": wording.day(expected, now) if expected else "",
        "day": date_format(source.day, "l j F") if source.day else f"[{blank}]",
        "who": source.who.first_name or source.who.get_username(),
        "article": source.article,
    }


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _filled(text: str, words: Mapping[str, str]) -> str:
    """The text with its words filled in; empty when one of them is not known."""
    asked = [word for word in PLACEHOLDER.findall(text) if word in words]
    if any(not words[word] for word in asked):
        return ""
    return PLACEHOLDER.sub(lambda match: words.get(match[1], match[0]), text)
