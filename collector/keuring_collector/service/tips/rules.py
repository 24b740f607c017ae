"""Which rules of a pack are tips, and how one is worded to a colleague."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext, override

from keuring_collector.desk import texts
from keuring_collector.desk.models import Ticket, TicketLine
from keuring_collector.engine.model import Severity
from keuring_collector.rulepack.language import Maturity
from keuring_collector.rulepack.pack import LANGUAGES
from keuring_collector.service import knowledge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from keuring_collector.rulepack import Rule, RulePack
    from keuring_collector.service.models import TipChance

LONGEST_TITLE: Final = 80  # of a notice on the wire
LONGEST_BODY: Final = 400


def tips(pack: RulePack) -> dict[str, Rule]:
    """The tip rules that are judged, by id, in the order of their names."""
    found = [
        rule
        for rule in pack.rules.values()
        if rule.severity.grade is Severity.TIP and rule.maturity is not Maturity.DEPRECATED
    ]
    return {rule.id: rule for rule in sorted(found, key=lambda rule: rule.name)}


def is_offered(rule: Rule) -> bool:
    """Whether a tip has proven itself enough to be offered; others are only counted."""
    return rule.maturity.opens_tickets


def line_of(chance: TipChance, cause: str) -> TicketLine:
    """A chance as a line that is never saved, so that it is worded as findings are."""
    since = datetime.combine(chance.since, time(12), UTC)
    return TicketLine(
        ticket=Ticket(endpoint=chance.endpoint, cause=cause, severity=Ticket.Severity.TIP),
        rule=chance.rule, subject=chance.subject, severity=Ticket.Severity.TIP, since=since, judged_at=since,
        evidence=chance.evidence, evidence_now=chance.evidence,
    )  # fmt: skip


def said(chance: TipChance, rule: Rule, language: str, now: datetime) -> str:
    """What a colleague is told, in a language."""
    return texts.say(line_of(chance, rule.cause), rule, language, now)


def headline(rule: Rule, pack: RulePack, language: str) -> str:
    """What a tip is called to a colleague: its article's title."""
    return headlines([rule], pack, language)[0]


def headlines(asked: Sequence[Rule], pack: RulePack, language: str) -> list[str]:
    """The same of several."""
    titles = knowledge.titles(pack, {rule.article for rule in asked}, language)
    return [titles.get(rule.article) or rule.name.replace("_", " ").capitalize() for rule in asked]


def name_of(chance: TipChance, pack: RulePack) -> str:
    """What a tip is called in the colleague's language; its machine and colleague must be fetched already."""
    colleague = chance.endpoint.colleague
    return headline(pack.rules[chance.rule], pack, colleague.language if colleague else LANGUAGES[0])


def notice_texts(chance: TipChance, rule: Rule, pack: RulePack, now: datetime) -> tuple[dict[str, str], dict[str, str]]:
    """Title and body of its notice by language, short enough for the wire."""
    titles = {code: _short(headline(rule, pack, code), LONGEST_TITLE) for code in LANGUAGES}
    bodies = {}
    for code in LANGUAGES:
        with override(code):
            ending = gettext("Something for you? Tell the service desk.")
        text = said(chance, rule, code, now)
        whole = f"{text} {ending}"
        bodies[code] = whole if len(whole) <= LONGEST_BODY else _short(text, LONGEST_BODY)
    return titles, bodies


def _short(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"
