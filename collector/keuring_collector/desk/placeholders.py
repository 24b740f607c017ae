"""The placeholders of a rule's texts: what stands in their places for one line of a ticket."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from django.utils.html import conditional_escape
from django.utils.translation import gettext

from keuring_collector.desk import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from keuring_collector.desk.models import TicketLine
    from keuring_collector.fleet.models import Endpoint

_PLACEHOLDER: Final = re.compile(r"\{(machine|colleague|subject|date|ends|expires|value|limit)\}|\{\{|\}\}")


def of(evidence: Sequence[Mapping[str, Any]], role: str) -> Mapping[str, Any] | None:
    """The part of the evidence that plays a role; None when there is none."""
    return next((item for item in evidence if item.get("role") == role), None)


def main_evidence(line: TicketLine) -> Mapping[str, Any] | None:
    """The series (or fact) that a line is about, as it was last judged."""
    evidence = line.evidence_now or line.evidence
    return of(evidence, "value") or of(evidence, "growth") or of(evidence, "fact")


def judged(line: TicketLine) -> Mapping[str, Any] | None:
    """What was held against the limit: the points of a risk, else what the line is about."""
    return of(line.evidence_now or line.evidence, "points") or main_evidence(line)


_WORDS: Final[Mapping[str, Callable[[TicketLine, datetime], str]]] = {
    "machine": lambda line, _now: line.ticket.endpoint.host_name,
    "colleague": lambda line, _now: _colleague(line.ticket.endpoint),
    "subject": lambda line, _now: line.subject,
    "date": lambda line, now: wording.day(line.expected_at, now) if line.expected_at else gettext("an unknown date"),
    "ends": lambda line, now: wording.ends(line.expected_at, now),
    "expires": lambda line, now: wording.expires(line.expected_at, now),
    "value": lambda line, now: _value(judged(line), now),
    "limit": lambda line, now: _value(of(line.evidence_now or line.evidence, "limit"), now, "limit"),
}


class Words(dict[str, str]):
    """The placeholders' values, in the language in force; each is made when a text asks for it."""

    def __init__(self, line: TicketLine, now: datetime, *, escaped: bool = False) -> None:
        super().__init__()
        self._line, self._now, self._escaped = line, now, escaped

    def __missing__(self, name: str) -> str:
        text = _WORDS[name](self._line, self._now)
        return str(conditional_escape(text)) if self._escaped else text


def _colleague(endpoint: Endpoint) -> str:
    return first_name(endpoint.colleague.name) if endpoint.colleague else gettext("colleague")


def _value(item: Mapping[str, Any] | None, now: datetime, role: str = "value") -> str:
    return wording.in_sentence(item["value"], item["signal"], now, role) if item else gettext("unknown")


def first_name(name: str) -> str:
    """How a colleague is spoken to."""
    return name.split(maxsplit=1)[0] if name.split() else name


def fill(template: str, words: Mapping[str, str]) -> str:
    """The template with its placeholders filled in; a doubled brace stands for a real one."""
    return _PLACEHOLDER.sub(lambda match: words[match[1]] if match[1] else match[0][0], template)
