"""What the simulated desk wrote to colleagues: a message from some tickets, and a template of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from keuring_collector.desk import texts, wording
from keuring_collector.desk.models import Outgoing, Staff, Ticket
from keuring_collector.service.messages import filling, sending, templates
from keuring_collector.service.messages.shipped import Wording
from keuring_collector.service.models import MessageTemplate

if TYPE_CHECKING:
    from keuring_collector.rulepack import RulePack

MOST: Final = 3
OWN: Final = {
    "nl": Wording(
        "Loop even langs bij de koffie",
        "Tot {day} bij de koffie?",
        "Hoi {colleague},\n\nIk sta {day} bij het koffieapparaat op jullie verdieping. Neem je {machine} even mee?\n\n"
        "Waarom? {saw}\n\nTot dan,\n{who}",
    ),
    "en": Wording(
        "Meet me at the coffee",
        "See you at the coffee on {day}?",
        "Hi {colleague},\n\nI will be at your floor's coffee machine on {day}. Could you bring {machine}?\n\n"
        "Why? {saw}\n\nSee you then,\n{who}",
    ),
}


def write(pack: RulePack, now: float) -> None:
    """Writes them, once; ``now``: seconds since 1970. What it mails is the past, so nothing is left to send."""
    if MessageTemplate.objects.exists() or not Staff.objects.exists():
        return
    moment = datetime.fromtimestamp(now, UTC)
    person = Staff.objects.filter(username="noor").first() or Staff.objects.earliest("pk")
    templates.save("", OWN, actor=person, now=moment)
    visit = templates.get("visit")
    assert visit is not None  # noqa: S101 - it ships
    day = wording.local_day(moment) + timedelta(days=1)
    day += timedelta(days=(7 - day.weekday()) % 7 if day.weekday() > 4 else 0)  # nobody comes at the weekend
    found = Ticket.objects.filter(state=Ticket.State.NEW, endpoint__colleague__isnull=False).exclude(severity=1)
    for ticket in (
        found.select_related("endpoint__colleague").prefetch_related("lines").order_by("-severity", "pk")[:MOST]
    ):
        line = texts.headline(ticket, list(ticket.lines.all()))
        if line is None or ticket.endpoint.colleague is None:
            continue
        line.ticket = ticket
        source = filling.Source(ticket, line, pack.rules.get(line.rule), person, day)
        filled = filling.fill(visit, source, ticket.endpoint.colleague.language, moment)
        sending.send(ticket.pk, actor=person, now=moment - timedelta(hours=2), subject=filled.subject, text=filled.body)
    Outgoing.objects.filter(sent_at=None).update(sent_at=moment - timedelta(hours=2))
