"""Sends what waited for its minute of undoing to pass: mails, and messages to chat channels.

What is refused is tried again, ever later. Of a channel that refuses, everything waits; and each run sends one message
to a channel, so that after an outage they come one by one, and only those that still matter.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog
from django.core.mail import EmailMessage

from keuring_collector.desk import undoing
from keuring_collector.desk.models import Outgoing
from keuring_collector.desk.models.undoing import MOST_ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)
AT_ONCE: Final = 200  # a run ends, so that its lease does not
KEPT: Final = dt.timedelta(days=30)
CHATS_AT_ONCE: Final = 4  # channels in one run, each of which may take half a minute


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message. ``error``: why it went wrong; empty when it did not. ``unsure``: it may have come
    through all the same; ``final``: the other side wants no more; ``retry_after``: for how many seconds it asks to be
    left alone.
    """

    error: str = ""
    unsure: bool = False
    final: bool = False
    retry_after: float = 0.0


class OutboxError(Exception):
    """Some were refused; they are tried again."""


def send(now: dt.datetime, chat: Callable[[str, str, str], Outcome] | None = None) -> int:
    """Sends what is ready at ``now``; returns how many. ``chat`` sends to a channel (name, title, text); without it
    those wait. Raises OutboxError when some were refused.
    """
    undoing.forget(now)
    Outgoing.objects.filter(sent_at__lt=now - KEPT).delete()
    Outgoing.objects.filter(ready_at__lt=now - KEPT, attempts__gte=MOST_ATTEMPTS).delete()
    refused: list[str] = []
    sent = _mails(now, refused) + (_chats(now, chat, refused) if chat else 0)
    if refused:
        raise OutboxError("; ".join(refused))
    return sent


def _mails(now: dt.datetime, refused: list[str]) -> int:
    sent = 0
    waiting = Outgoing.objects.filter(chat="", sent_at=None, ready_at__lte=now, attempts__lt=MOST_ATTEMPTS)
    for mail in list(waiting.order_by("ready_at")[:AT_ONCE]):
        if not _claim(mail, now):
            continue
        try:
            replies = [mail.reply_to] if mail.reply_to else None
            EmailMessage(mail.subject, mail.body, None, [mail.to], reply_to=replies).send()
        except OSError as error:  # of which smtplib's errors are a kind
            _again(mail, now, Outcome(str(error)))
            refused.append(f"{mail.to}: {error}")
        else:
            sent += 1
    return sent


def _claim(row: Outgoing, now: dt.datetime) -> bool:
    """Before it is sent, by one statement: a crash may cost a message, two collectors never send it twice."""
    return bool(Outgoing.objects.filter(pk=row.pk, sent_at=None).update(sent_at=now, error=""))


def _again(row: Outgoing, now: dt.datetime, outcome: Outcome) -> dt.datetime:
    """Puts a refused one back; returns when it is tried again."""
    later = now + max(dt.timedelta(minutes=2**row.attempts), dt.timedelta(seconds=outcome.retry_after))
    attempts = MOST_ATTEMPTS if outcome.final else row.attempts + 1
    again = Outgoing.objects.filter(pk=row.pk)
    again.update(sent_at=None, attempts=attempts, ready_at=later, error=outcome.error[:2000])
    return later


def _chats(now: dt.datetime, chat: Callable[[str, str, str], Outcome], refused: list[str]) -> int:
    sent = 0
    waiting = Outgoing.objects.filter(sent_at=None, attempts__lt=MOST_ATTEMPTS).exclude(chat="")
    waiting.filter(expires_at__lte=now).update(attempts=MOST_ATTEMPTS)
    ready = waiting.filter(ready_at__lte=now).order_by("ready_at", "pk")
    first: dict[str, Outgoing] = {}
    for row in ready[:AT_ONCE]:
        first.setdefault(row.chat, row)
    for row in list(first.values())[:CHATS_AT_ONCE]:
        if not _claim(row, now):
            continue
        outcome = chat(row.chat, row.subject, row.body)
        if not outcome.error:
            sent += 1
        elif outcome.unsure:
            # To post it twice is worse than to say so: the console shows what is not known.
            Outgoing.objects.filter(pk=row.pk).update(error=outcome.error[:2000], attempts=row.attempts + 1)
            refused.append(f"{row.chat}: {outcome.error}")
        else:
            later = _again(row, now, outcome)
            # Whatever else waits for it comes after, in its order.
            waiting.filter(chat=row.chat, ready_at__lt=later).update(ready_at=later)
            refused.append(f"{row.chat}: {outcome.error}")
    return sent
