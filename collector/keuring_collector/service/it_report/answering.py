"""Answers to a section of a report, where everybody who works together reads them; who is mentioned gets a mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from keuring_collector.desk import audit
from keuring_collector.desk.models import Outgoing
from keuring_collector.desk.notices import mentioned
from keuring_collector.desk.roles import Right
from keuring_collector.service.it_report.issuing import subject
from keuring_collector.service.models import ItComment

if TYPE_CHECKING:
    from datetime import datetime

    from keuring_collector.desk.models import Staff
    from keuring_collector.service.models import ItReport

LONGEST: Final = 2000


class AnswerError(Exception):
    """An answer that was not taken; the message says why."""


def answer(report: ItReport, section: str, text: str, *, actor: Staff, now: datetime) -> ItComment:
    """Writes down an answer, and leaves a mail for those whose names stand after an @. Raises AnswerError."""
    text = text.strip()
    if section not in {each["name"] for each in report.content["en"]}:
        raise AnswerError(_("This report has no such section."))
    if not text or len(text) > LONGEST:
        raise AnswerError(_("Write something, in at most 2,000 characters."))
    with transaction.atomic():
        made = ItComment.objects.create(report=report, section=section, at=now, author=actor, text=text)
        audit.record_now(actor, "it_report.answered", subject(report), {"section": section})
        for person in mentioned(text):
            if person.email and person.pk != actor.pk and person.may(Right.REPORTS) and not person.limited:
                heading, body = _mail(report, section, text, person, actor)
                Outgoing.objects.create(
                    step=None, ticket=None, ready_at=now, to=person.email, subject=heading, body=body
                )
    return made


def _mail(report: ItReport, section: str, text: str, person: Staff, actor: Staff) -> tuple[str, str]:
    language = person.language or (get_language() or "nl")[:2]
    with override(language):
        title = next(each["title"] for each in report.content[language] if each["name"] == section)
        heading = _("%(who)s mentioned you in the IT report %(number)s") % {
            "who": actor.shown_name, "number": report.number,
        }  # fmt: skip
        return heading[:200], f"{heading}: {title}.\n\n{text}\n"
