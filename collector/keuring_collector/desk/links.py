"""The tickets in the ITSM that a ticket belongs to, written down by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.acting import NotPossible, NotUnderstood, held, record
from keuring_collector.desk.models import Ticket, TicketHistory, TicketLink

if TYPE_CHECKING:
    from datetime import datetime

    from keuring_collector.desk.models import Staff

MOST: Final = 10  # of a ticket
LONGEST_URL: Final = 500


def _checked_url(url: str) -> str:
    url = url.strip()
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and url.isprintable()
    except ValueError:
        good = False
    if not good or " " in url:
        raise NotUnderstood("url", _("Write the whole address, beginning with https://, or leave it empty."))
    if len(url) > LONGEST_URL:
        raise NotUnderstood("url", _("That address has more than 500 characters. Leave out what is not needed of it."))
    return url


def link(ticket_id: int, *, actor: Staff, now: datetime, number: str, url: str = "") -> Ticket:
    """Writes down the number, and perhaps the address, of a ticket in the ITSM; also of a closed one."""
    number = number.strip()
    if not number or len(number) > 60 or not number.isprintable():
        raise NotUnderstood(
            "number", _("Write the number of the ticket in the other system, of at most 60 characters.")
        )
    url = _checked_url(url)
    with held(ticket_id, None, open_only=False) as ticket:
        if ticket.links.filter(number=number).exists():
            raise NotPossible(_("This number is linked already."))
        if ticket.links.count() >= MOST:
            raise NotPossible(_("This ticket has ten links already. Take one away first."))
        TicketLink.objects.create(ticket=ticket, number=number, url=url)
        record(ticket, TicketHistory.Kind.LINKED, actor, now, number=number, **({"url": url} if url else {}))
    return ticket


def unlink(ticket_id: int, *, actor: Staff, now: datetime, link: int) -> Ticket:
    """Takes a link away."""
    with held(ticket_id, None, open_only=False) as ticket:
        found = ticket.links.filter(pk=link).first()
        if found is None:
            raise NotPossible(_("This link is gone already."))
        record(ticket, TicketHistory.Kind.UNLINKED, actor, now, number=found.number)
        found.delete()
    return ticket
