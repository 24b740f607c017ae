"""Sends what waited for its minute of undoing to pass. A mail that is refused is tried again, for a day."""

from __future__ import annotations

import datetime as dt
from typing import Final

import structlog
from django.core.mail import EmailMessage

from keuring_collector.desk import undoing
from keuring_collector.desk.models import Outgoing

log = structlog.get_logger(__name__)
AT_ONCE: Final = 200  # a run ends, so that its lease does not
KEPT: Final = dt.timedelta(days=30)
MOST_ATTEMPTS: Final = 12


class OutboxError(Exception):
    """Some mails were refused; they are tried again."""


def send(now: dt.datetime) -> int:
    """Sends what is ready at ``now``; returns how many. Raises OutboxError when some were refused."""
    undoing.forget(now)
    Outgoing.objects.filter(sent_at__lt=now - KEPT).delete()
    sent, refused = 0, []
    ready = Outgoing.objects.filter(sent_at=None, ready_at__lte=now, attempts__lt=MOST_ATTEMPTS).order_by("ready_at")
    for mail in list(ready[:AT_ONCE]):
        # Claimed before it is sent, by one statement: a crash may cost a mail, two collectors never send it twice.
        if not Outgoing.objects.filter(pk=mail.pk, sent_at=None).update(sent_at=now):
            continue
        try:
            replies = [mail.reply_to] if mail.reply_to else None
            EmailMessage(mail.subject, mail.body, None, [mail.to], reply_to=replies).send()
        except OSError as error:  # of which smtplib's errors are a kind
            later = now + dt.timedelta(minutes=2**mail.attempts)
            Outgoing.objects.filter(pk=mail.pk).update(
                sent_at=None, attempts=mail.attempts + 1, ready_at=later, error=str(error)[:2000]
            )
            refused.append(f"{mail.to}: {error}")
        else:
            sent += 1
    if refused:
        raise OutboxError("; ".join(refused))
    return sent
