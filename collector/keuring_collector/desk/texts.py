"""What a ticket says: the rule's own texts with the machine, the colleague, the date and the numbers filled in.

A rule's texts are templates in Dutch and English with the placeholders {machine}, {colleague}, {subject}, {date},
{ends}, {expires}, {value} and {limit}. Everything here takes the language and the moment of reading, and falls back
honestly when the rule that opened a ticket is no longer in the pack (``rule`` is None).
"""

from __future__ import annotations

import math
import re
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext, gettext_lazy, override, pgettext_lazy

from keuring.signals.catalogue import BY_NAME
from keuring.signals.model import Kind
from keuring_collector.desk import causes, signals, wording
from keuring_collector.desk.models import Ticket, TicketLine
from keuring_collector.desk.placeholders import Words, fill, judged, of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from django.utils.functional import _StrPromise


class Bilingual(Protocol):
    """A text in both languages."""

    @property
    def nl(self) -> str:
        """In Dutch."""

    @property
    def en(self) -> str:
        """In English."""


class RuleTexts(Protocol):
    """The part of a rule that is read to people."""

    @property
    def title(self) -> Bilingual:
        """What will happen, to what, when."""

    @property
    def advice(self) -> Bilingual:
        """What to do, in steps."""

    @property
    def say(self) -> Bilingual:
        """What to say to the colleague."""


@dataclass(frozen=True, slots=True)
class Proof:
    """One row of a ticket's evidence: a number then and now, and what changed, in words (empty: nothing)."""

    label: str
    then: str
    now: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """What the value of a rule's evidence is, where that is not the signal itself.

    ``growth_days``: by how much the signal grew in that many days. ``minus``: how far it is above another signal.
    """

    growth_days: float = 0.0
    counts_days: bool = False  # on how many days it grew
    minus: str = ""
    signal: str = ""

    @property
    def is_level(self) -> bool:
        """Whether value and limit are levels of the signal, so that they have a place in its chart."""
        return not self.growth_days and not self.minus

    @property
    def name(self) -> str:
        """What to call the value, in the language in force; empty for the signal's own name."""
        what = signals.label(self.signal)
        if self.growth_days:
            template = (
                gettext("%(what)s: days with growth, in %(days)s")
                if self.counts_days
                else gettext("%(what)s: growth in %(days)s")
            )
            if math.isinf(self.growth_days):
                return gettext("%(what)s: growth since we know it") % {"what": what}
            return template % {"what": what, "days": wording.duration(self.growth_days * wording.DAY)}
        if self.minus:
            return gettext("%(what)s above “%(other)s”") % {"what": what, "other": signals.label(self.minus)}
        return ""


LEVEL: Final = Measure()


def headline(ticket: Ticket, lines: Sequence[TicketLine]) -> TicketLine | None:
    """The line that gives a ticket its title: the most urgent one that still holds, the nearest date first."""

    def order(line: TicketLine) -> tuple[bool, int, float, str]:
        expected = line.expected_at.timestamp() if line.expected_at else float("inf")
        return (not line.active and ticket.state in Ticket.OPEN, -line.severity, expected, line.subject)

    return min(lines, key=order, default=None)


def moment_of_reading(ticket: Ticket, now: datetime) -> datetime:
    """Texts of a closed ticket stay as they were when it closed."""
    return ticket.closed_at or now


def in_language(texts: Bilingual, language: str) -> str:
    """The Dutch or English one of a pair."""
    return texts.nl if language == "nl" else texts.en


def _speaking(language: str) -> AbstractContextManager[None]:
    """Puts a language in force; the one that is already, as it is for a page's reader, costs nothing."""
    return nullcontext() if get_language() == language else override(language)


def _sentence(text: str) -> str:
    """A sentence starts with a capital, also when it starts with a placeholder."""
    return text[:1].upper() + text[1:]


def title(line: TicketLine, rule: RuleTexts | None, language: str, now: datetime) -> str:
    """What will happen, to what, when, as plain text."""
    with _speaking(language):
        words = Words(line, now)
        if rule is None:
            return fill(_fallback(line), words)
        return _sentence(fill(in_language(rule.title, language), words))


def title_html(
    line: TicketLine, rule: RuleTexts | None, language: str, now: datetime, machine: SafeString
) -> SafeString:
    """The same as safe HTML, with ``machine`` (the number plate) in the place of the machine's name."""
    with _speaking(language):
        words = Words(line, now, escaped=True)
        words["machine"] = machine
        template = _fallback(line) if rule is None else in_language(rule.title, language)
        if not template.startswith("{machine}"):
            template = _sentence(template)
        return mark_safe(fill(str(conditional_escape(template)), words))  # noqa: S308 - both parts are escaped above


def _fallback(line: TicketLine) -> str:
    cause = _sentence(causes.cause_label(line.ticket.cause))
    if line.subject:
        return gettext("%(cause)s: {subject} of {machine}") % {"cause": cause}
    return gettext("%(cause)s: {machine}") % {"cause": cause}


def advice(line: TicketLine, rule: RuleTexts | None, language: str, now: datetime) -> list[str]:
    """What to do, one step per item; empty when the rule is gone."""
    if rule is None:
        return []
    steps = in_language(rule.advice, language)
    with _speaking(language):
        words = Words(line, now)
        return [_sentence(fill(step, words)) for step in split_steps(steps)]


def split_steps(text: str) -> list[str]:
    """The steps of an advice: its lines (with or without bullets), or the sentences of a single paragraph, in which a
    question goes with what to do then.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        lines = re.split(r"(?<=[.!])\s+(?=[A-Z{])", text)
    return [step for line in lines if (step := re.sub(r"^\s*(?:\d+[.)]|[-*])\s+", "", line).strip())]


def say(line: TicketLine, rule: RuleTexts | None, language: str, now: datetime) -> str:
    """What to say to the colleague, face to face; when the rule is gone, what fits any cause."""
    with _speaking(language):
        if rule is None:
            general = gettext("We noticed something on your computer: %(cause)s. May we look at it with you?")
            return general % {"cause": causes.cause_label(line.ticket.cause)}
        return _sentence(fill(in_language(rule.say, language).strip(), Words(line, now)))


def why(line: TicketLine, measure: Measure, language: str, now: datetime) -> str:
    """Why we think so, in one line with the numbers."""
    with _speaking(language):
        evidence = line.evidence_now or line.evidence
        value = judged(line)
        if value is None:
            return ""
        if _is_total(value):
            return _why_of_points(value, of(evidence, "limit"))
        what = measure.name or _named(value)
        told = {"what": _sentence(what), "value": _reading(value, measure, now)}
        dated = signals.is_moment(value["signal"]) and not measure.counts_days
        parts = [(gettext("%(what)s: %(value)s") if dated else gettext("%(what)s is %(value)s")) % told]
        for role, template in (
            ("limit", gettext("the limit is %(value)s")),
            ("slope", gettext("it changes by %(value)s")),
            ("before", gettext("before it jumped it was %(value)s")),
            ("usual", gettext("usual among its peers is %(value)s")),
            ("curves", gettext("batteries like it reach the limit at %(value)s")),
            ("bend", gettext("bending as batteries do, it reaches the limit at %(value)s")),
        ):
            if item := of(evidence, role):
                parts.append(template % {"value": _reading(item, measure, now)})
        return ", ".join(parts)


def _why_of_points(total: Mapping[str, Any], limit: Mapping[str, Any] | None) -> str:
    """The same of a risk, whose value is points."""
    together = gettext("The signs give %(value)s points together") % {"value": wording.significant(total["value"])}
    if limit is None:
        return together
    noticed = gettext("it is noticed from %(limit)s on") % {"limit": wording.significant(limit["value"])}
    return f"{together}; {noticed}"


def _reading(item: Mapping[str, Any], measure: Measure, now: datetime) -> str:
    role, value = item.get("role", "value"), item["value"]
    if role == "points":
        return wording.significant(float(value))
    if measure.counts_days and role in ("value", "limit") and isinstance(value, int | float):
        return wording.duration(float(value) * wording.DAY)
    return wording.reading(value, item["signal"], now, role)


def certainty(line: TicketLine, language: str, now: datetime) -> str:
    """How sure we are, in words."""
    with _speaking(language):
        if line.expected_at and line.expected_low and line.expected_high and line.expected_low < line.expected_high:
            return gettext("Expected %(when)s.") % {"when": wording.between(line.expected_low, line.expected_high, now)}
        if line.expected_at:
            return gettext("Certain: the date is fixed.")
        return gettext("Measured, not forecast: it has been so since %(day)s.") % {
            "day": wording.clock(line.since, now) if wording.is_near(line.since, now) else wording.day(line.since, now)
        }


def _named(item: Mapping[str, Any]) -> str:
    subject = item.get("subject") or ""
    text = signals.label(item["signal"])
    return f"{text} ({subject})" if subject else text


_ROLES: Final[Mapping[str, _StrPromise]] = {
    "limit": gettext_lazy("limit"),
    "slope": gettext_lazy("change"),
    "before": gettext_lazy("before it jumped"),
    "growth": gettext_lazy("growth"),
    "points": gettext_lazy("points"),
    "usual": gettext_lazy("usual among its peers"),
    "curves": gettext_lazy("when batteries like it reach the limit"),
    "bend": gettext_lazy("when it reaches the limit, bending as batteries do"),
    "spread": gettext_lazy("usual difference among its peers"),
    "machines": gettext_lazy("machines compared with"),
    "dated": gettext_lazy("day of the comparison"),
}


def _is_total(item: Mapping[str, Any]) -> bool:
    return item.get("role") == "points" and not item.get("statistic")


def _row_name(item: Mapping[str, Any], role: str, measure: Measure, signs: Sequence[str]) -> str:
    """What a row of the evidence is called; ``signs`` are those of a risk, in words."""
    if role in ("points", "limit") and not item.get("signal"):
        return gettext("Points together") if role == "points" else gettext("Points together, limit")
    if role == "points" and 0 < item["statistic"] <= len(signs):
        return gettext("%(why)s: points") % {"why": signs[item["statistic"] - 1]}
    if role in _ROLES:
        return f"{_named(item)}, {_ROLES[role]}"
    return _sentence(measure.name) if role == "value" and measure.name else _named(item)


def proofs(line: TicketLine, measure: Measure, language: str, now: datetime, signs: Sequence[str] = ()) -> list[Proof]:
    """The evidence, row by row: as it was when the finding opened, and as it was last judged.

    ``signs`` says in words what each sign of a risk is, in the rule's order.
    """
    with _speaking(language):
        opened = _by_identity(line.evidence, measure)
        latest = _by_identity(line.evidence_now, measure)
        rows = []
        for key in dict.fromkeys([*opened, *latest]):
            name = _row_name(opened.get(key) or latest[key], key[0], measure, signs)
            then, current = opened.get(key), latest.get(key)
            told = _told(then, measure, now), _told(current, measure, now)
            rows.append(Proof(name, *told, _change(then, current, measure, now) if told[0] != told[1] else ""))
        return list(dict.fromkeys(rows))  # two parts of a condition may look at the same


def _change(then: Mapping[str, Any] | None, current: Mapping[str, Any] | None, measure: Measure, now: datetime) -> str:
    """By how much a number moved; for what is no number, or came or went, only that it is another."""
    if then is not None and current is not None and then.get("role") in ("value", "floor", "growth", "points"):
        before, after = then.get("value"), current.get("value")
        signal = BY_NAME.get(str(then.get("signal")))
        numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in (before, after))
        if numbers and (signal is None or signal.kind is not Kind.FACT):
            difference = float(str(after)) - float(str(before))
            return ("+" if difference > 0 else "−") + _told({**then, "value": abs(difference)}, measure, now)
    return gettext("changed")


def _told(item: Mapping[str, Any] | None, measure: Measure, now: datetime) -> str:
    if item is None:
        return "–"
    return _reading(item, measure, now)


def _by_identity(evidence: Sequence[Mapping[str, Any]], measure: Measure) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    """Evidence by what it is about; what is there twice (a floor on the very level that is judged) is told once."""
    found: dict[tuple[Any, ...], Mapping[str, Any]] = {}
    for item in evidence:
        role = item.get("role")
        if role == "fact" or (role == "floor" and measure.is_level):
            role = "value"
        found.setdefault((role, item.get("signal"), item.get("statistic"), item.get("subject")), item)
    return found


_BLANKS: Final[Mapping[str, _StrPromise]] = {
    "machine": pgettext_lazy("blank", "machine"),
    "colleague": pgettext_lazy("blank", "colleague"),
    "subject": pgettext_lazy("blank", "part"),
    "date": pgettext_lazy("blank", "date"),
    "ends": pgettext_lazy("blank", "ends on"),
    "expires": pgettext_lazy("blank", "expires on"),
    "value": pgettext_lazy("blank", "value"),
    "limit": pgettext_lazy("blank", "limit"),
}


def example(template: str, language: str) -> SafeString:
    """A rule's text with its placeholders as marked blanks, for pages about the rule itself."""
    with _speaking(language):
        return mark_safe(fill(str(conditional_escape(template)), _blanks(language)))  # noqa: S308 - both parts are escaped


@cache
def _blanks(_language: str) -> dict[str, str]:
    """The marked blanks in a language, which must be in force."""
    return {name: f'<i class="blank">{conditional_escape(word)}</i>' for name, word in _BLANKS.items()}


def general_advice(rule: RuleTexts, language: str) -> list[str]:
    """The steps of a rule's advice for any machine, with general words in the place of names, dates and numbers."""
    with _speaking(language):
        words = {name: str(word) for name, word in _BLANKS.items()}
        return [_sentence(fill(step, words)) for step in split_steps(in_language(rule.advice, language))]
