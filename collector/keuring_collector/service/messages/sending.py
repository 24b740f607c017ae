"""Sends a message to the colleague of a ticket: by mail after a minute, and written in the ticket's history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.acting import UNDO_FOR, NotPossible, NotUnderstood, checked_text, held, record
from keuring_collector.desk.models import Outgoing, TicketHistory
from keuring_collector.service.messages.filling import BLANK

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from keuring_collector.desk.models import Staff, Ticket

LONGEST_SUBJECT: Final = 150


def send(
    ticket_id: int, *, actor: Staff, now: datetime, subject: str, text: str, step: uuid.UUID | None = None,
) -> Ticket:  # fmt: skip
    """Sends a message to the colleague whose machine the ticket is about, also of a closed ticket; with ``step`` it can
    be taken back for a minute. Raises NotUnderstood for a message that is not finished, and NotPossible when there is
    nobody to send it to.
    """
    subject = " ".join(subject.split())
    if not subject or len(subject) > LONGEST_SUBJECT or not subject.isprintable():
        raise NotUnderstood("subject", _("Write a subject of one line, of at most 150 characters."))
    text = checked_text("text", text.replace("\r\n", "\n"))
    if not text or "\0" in text:
        raise NotUnderstood("text", _("There is no message yet. Choose a template, or write one."))
    for field, value in (("subject", subject), ("text", text)):
        blank = BLANK.search(value)
        if blank:
            raise NotUnderstood(
                field, _("%(blank)s is not filled in yet. Choose a day, or write it yourself.") % {"blank": blank[0]}
            )
    with held(ticket_id, None, open_only=False, actor=actor, now=now, step=step) as ticket:
        colleague = ticket.endpoint.colleague
        if colleague is None or not colleague.mail:
            raise NotPossible(
                _("We know no colleague with a mail address for this machine. Copy the text and use the chat.")
            )
        record(ticket, TicketHistory.Kind.MESSAGE, actor, now, to=colleague.name, subject=subject, text=text)
        Outgoing.objects.create(
            step=step, ticket=ticket, ready_at=now + UNDO_FOR, to=colleague.mail, subject=subject, body=text,
            reply_to=actor.email,
        )  # fmt: skip
    return ticket
