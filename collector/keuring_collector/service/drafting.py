"""A resolved ticket as a draft: what was seen and what helped, with nobody and no machine in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext, override
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import causes, texts
from keuring_collector.desk.acting import NotPossible
from keuring_collector.desk.models import Ticket, TicketHistory
from keuring_collector.service import knowledge, stripping
from keuring_collector.service.models import ArticleLink

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from keuring_collector.desk.models import Staff, TicketLine
    from keuring_collector.desk.texts import Measure, RuleTexts
    from keuring_collector.service.models import Article


def draft(
    ticket: Ticket, *, rules: Mapping[str, tuple[RuleTexts, Measure]], model: str, serials: Sequence[str],
    language: str, actor: Staff, now: datetime,
) -> Article:  # fmt: skip
    """Makes the draft, in the language of whoever asks. ``rules`` are those of the ticket's lines by id; ``serials`` of
    the machine. Raises NotPossible for a ticket that is not resolved.
    """
    if ticket.state != Ticket.State.RESOLVED:
        raise NotPossible(_("Only of a resolved ticket is it known what helped. Resolve it first."))
    known = [ticket.endpoint.host_name, *serials]
    lines = list(ticket.lines.all())
    with override(language):
        cause = causes.cause_label(ticket.cause)
        title = f"{cause[:1].upper()}{cause[1:]}"
        parts = [
            (gettext("What we saw"), [row for line in lines for row in _seen(line, rules, language, ticket)]),
            (gettext("What helped"), _told(ticket)),
            (gettext("What to do"), _steps(lines, rules, language)),
        ]
        body = "\n\n".join(f"## {heading}\n\n{_rows(rows)}" for heading, rows in parts if rows)
        text = (title, stripping.clean(body, known))
    links = [(ArticleLink.Kind.RULE.value, line.rule) for line in lines]
    if model:
        links.append((ArticleLink.Kind.MODEL.value, model))
    content = knowledge.Content({language: text}, links, owner=actor, note=gettext("Made from a resolved ticket."))
    return knowledge.save(None, content, actor=actor, now=now, ticket=ticket)


def _seen(line: TicketLine, rules: Mapping[str, tuple[RuleTexts, Measure]], language: str, ticket: Ticket) -> list[str]:
    measure = rules[line.rule][1] if line.rule in rules else texts.LEVEL
    proofs = texts.proofs(line, measure, language, texts.moment_of_reading(ticket, ticket.updated_at))
    return [f"{proof.label}: {proof.then}" for proof in proofs]


def _told(ticket: Ticket) -> list[str]:
    """What people wrote, what resolved it last."""
    kinds = (TicketHistory.Kind.NOTE, TicketHistory.Kind.RESOLVED)
    found = ticket.history.filter(kind__in=kinds).order_by("at", "pk")
    return [" ".join(text.split()) for entry in found if (text := str(entry.detail.get("text", "")).strip())]


def _steps(lines: Sequence[TicketLine], rules: Mapping[str, tuple[RuleTexts, Measure]], language: str) -> list[str]:
    """The rules' own advice, with general words where a ticket has names."""
    found = [rules[line.rule][0] for line in lines if line.rule in rules]
    return list(dict.fromkeys(step for rule in found for step in texts.general_advice(rule, language)))


def _rows(rows: Sequence[str]) -> str:
    return "\n".join(f"- {row}" for row in rows)
