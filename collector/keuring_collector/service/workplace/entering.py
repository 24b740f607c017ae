"""A link that opens My workplace of one machine, once: left for that machine alone, as a notice.

The agent takes its notices over the connection on which it proves which machine it is. So whoever reads the link can
read what is meant for the colleague at that machine; who that is it does not tell. No agent is told to do anything.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction

from keuring_collector.desk import audit
from keuring_collector.fleet.models import Endpoint
from keuring_collector.service.models import EntryLink
from keuring_collector.store import notices

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from keuring_collector.store import Store

VALID: Final = timedelta(hours=2)  # an agent takes its notices with a report, four times an hour
APART: Final = timedelta(minutes=10)  # a machine gets no more than one in this time, whoever asks
TITLES: Final = {"nl": "Je link naar Mijn werkplek", "en": "Your link to My workplace"}
BODIES: Final = {
    "nl": "Jij of een collega aan deze machine vroeg erom. De link werkt één keer, twee uur lang. "
    "Vroeg je niets? Dan hoef je niets te doen.",
    "en": "You, or a colleague at this machine, asked for it. The link works once, for two hours. "
    "Did you not ask? Then there is nothing to do.",
}


def make(endpoint: Endpoint, now: datetime) -> str:
    """A new link's secret, of which only the hash is kept; those that are over are let go of."""
    EntryLink.objects.filter(expires_at__lte=now).delete()
    secret = secrets.token_urlsafe(32)
    EntryLink.objects.create(secret_hash=_hash(secret), endpoint=endpoint, made_at=now, expires_at=now + VALID)
    return secret


def ask(store: Store, host_name: str, address: Callable[[str], str], now: datetime) -> bool:
    """Leaves the machine of that name a notice with a link; ``address`` makes one of a secret. Whether it did.

    It does not when there is no such machine, or more than one, or it had a link a moment ago.
    """
    active = Endpoint.objects.filter(host_name__iexact=host_name, state=Endpoint.State.ACTIVE)
    found = list(active[:2]) if host_name else []
    if len(found) != 1:
        return False
    endpoint = found[0]
    if endpoint.entry_links.filter(made_at__gt=now - APART).exists():
        return False
    with transaction.atomic():
        secret = make(endpoint, now)
        audit.record_now(None, "workplace.link_asked", audit.machine(endpoint))
    notice = notices.Notice(
        f"workplace-{secrets.token_hex(8)}", notices.Kind.ANNOUNCEMENT, TITLES, BODIES, address(secret),
        (now + VALID).timestamp(),
    )  # fmt: skip
    with store.connection.transaction():
        notices.put(store.connection, [endpoint.pk], notice, now.timestamp())
    return True


def redeem(secret: str, now: datetime) -> Endpoint | None:
    """The machine that a link opens, which it does once; None when there is no such link, or it is over."""
    with transaction.atomic():
        link = EntryLink.objects.select_for_update().filter(secret_hash=_hash(secret), expires_at__gt=now).first()
        if link is None or not EntryLink.objects.filter(pk=link.pk).delete()[0]:
            return None
        endpoint = link.endpoint
        return endpoint if endpoint.state == Endpoint.State.ACTIVE else None


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
