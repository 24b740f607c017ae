"""What one member of staff does that another should see: a mention in a note, a ticket that was given to them.

The notice is in the console at once; the mail waits in the outbox until the action can no longer be undone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from keuring_collector.desk.acting import UNDO_FOR
from keuring_collector.desk.causes import cause_label
from keuring_collector.desk.models import Notice, Outgoing, Staff, Ticket

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable, Iterable
    from datetime import datetime

# A name after an @ that does not belong to a mail address.
_MENTION: Final = re.compile(r"(?<![\w@.+-])@([\w][\w.+-]*)")
MOST_MENTIONS: Final = 20


def _meant(text: str) -> dict[str, list[Staff]]:
    """Each name after an @ in ``text``, in order, and the staff whose login or first name it is."""
    names = [name.rstrip(".-+").casefold() for name in _MENTION.findall(text)][:MOST_MENTIONS]
    if not names:
        return {}
    active = list(Staff.objects.filter(is_active=True))
    by_name: dict[str, list[Staff]] = {}
    for person in active:
        by_name.setdefault(person.first_name.casefold(), []).append(person)
    logins = {person.get_username().casefold(): person for person in active}
    return {name: [logins[name]] if name in logins else by_name.get(name, []) for name in names}


def mentioned(text: str) -> list[Staff]:
    """The staff whose names stand after an @ in ``text``, each once, in order; by login or by first name."""
    found = {same[0].pk: same[0] for same in _meant(text).values() if len(same) == 1}
    return list(found.values())


def not_told(text: str, sees: Callable[[Staff], object]) -> str:
    """Says of which names after an @ nobody was told: nobody's, those of several, of somebody who does not see it."""
    names = [f"@{name}" for name, same in _meant(text).items() if len(same) != 1 or not sees(same[0])]
    if not names:
        return ""
    told = _("Not told: %(names)s. Nobody who sees this ticket has just that name; write it as they sign in.")
    return told % {"names": ", ".join(names)}


def tell(
    ticket: Ticket,
    people: Iterable[Staff],
    kind: Notice.Kind,
    by: Staff,
    now: datetime,
    *,
    text: str = "",
    step: uuid.UUID | None = None,
) -> None:
    """Leaves each of ``people`` a notice, and a mail for those with an address."""
    for person in people:
        Notice.objects.create(staff=person, ticket=ticket, kind=kind, by=by, at=now, text=text, step=step)
        if person.email:
            subject, body = _mail(ticket, person, kind, by, text)
            Outgoing.objects.create(
                step=step, ticket=ticket, ready_at=now + UNDO_FOR, to=person.email, subject=subject[:200], body=body
            )


def _mail(ticket: Ticket, person: Staff, kind: Notice.Kind, by: Staff, text: str) -> tuple[str, str]:
    who = by.first_name or by.get_username()
    with override(person.language or get_language()):
        about = {"who": who, "cause": cause_label(ticket.cause), "machine": ticket.endpoint.host_name}
        if kind is Notice.Kind.MENTION:
            subject = _("%(who)s mentioned you: %(cause)s of %(machine)s") % about
        else:
            subject = _("%(who)s gave you a ticket: %(cause)s of %(machine)s") % about
        body = "\n\n".join(
            part
            for part in (subject + ".", text, _("You find it in Keuring: ticket %(n)s.") % {"n": ticket.pk})
            if part
        )
    return subject, body
