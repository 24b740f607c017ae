"""How announcements reach people: one list of channels, each with how it tells; another channel is another entry.

The console's own page shows every announcement to the desk. The public page and its feed (``public``, where the
organisation sets ``public_pages``) wait for readers; mail, notices and chat go out, and are told once a person, machine
or chat channel. A chat channel reaches whoever reads it, not only those whom an announcement concerns.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.acting import NotUnderstood
from keuring_collector.desk.models import Outgoing
from keuring_collector.fleet.models import Colleague
from keuring_collector.service.announcing import letters, timing
from keuring_collector.service.models import Told
from keuring_collector.store import notices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from keuring_collector.service.models import Announcement, AnnouncementVersion
    from keuring_collector.store import Store

AT_ONCE: Final = 200  # colleagues or machines in one transaction
_ENDS: Final = {"change": notices.State.REPLACED, "withdrawn": notices.State.WITHDRAWN}  # by the kind of occasion
_UNDO: Final = dt.timedelta(minutes=1)  # a mail waits for so long, as all mails of the desk do
_CHAT_MATTERS: Final = dt.timedelta(days=1)  # what could not be posted for so long is not posted late
Who = int | str  # a colleague's or machine's key, or a chat channel's name


class Channel(models.TextChoices):
    """The ways that go out to people."""

    MAIL = "mail", _("by mail")
    MACHINE = "machine", _("on the machine itself")


CHAT: Final = "chat"  # beside these: an announcement names the chat channels that it goes to


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something to tell of an announcement. ``before``: of a change, what was known before; ``address``: where
    colleagues can read it, empty when they cannot.
    """

    announcement: Announcement
    name: str  # see Told
    now: dt.datetime
    address: str
    before: AnnouncementVersion | None = None


class Tells(Protocol):
    """One channel."""

    field: str  # of Told, that names whom it reaches

    def reached(self, machines: Iterable[int]) -> set[int]:
        """Whom it reaches of these machines: their colleagues, or they themselves."""

    def tell(self, occasion: Occasion, some: Sequence[Any], store: Store) -> None:
        """Tells some of them, in one transaction with the rows of Told."""


class Mail:
    """To the colleagues of the machines, in their language; each once, however many machines they have."""

    field = "colleague_id"

    def reached(self, machines: Iterable[int]) -> set[int]:
        """The colleagues."""
        chosen, found = sorted(machines), set[int]()
        for first in range(0, len(chosen), 500):
            some = Colleague.objects.filter(endpoint__in=chosen[first : first + 500]).exclude(mail="")
            found.update(some.order_by().values_list("pk", flat=True))
        return found

    def tell(self, occasion: Occasion, some: Sequence[int], store: Store) -> None:  # noqa: ARG002  # as of Tells
        """Puts mails into the outbox."""
        announcement, now = occasion.announcement, occasion.now
        mails = []
        for colleague in Colleague.objects.filter(pk__in=some):
            language = letters.language_of(announcement, colleague.language)
            text = letters.body(
                announcement, occasion.name, language, colleague.name, now, occasion.address, occasion.before
            )
            subject = letters.heading(announcement, occasion.name, language)[:200]
            mails.append(
                Outgoing(step=announcement.step, ready_at=now + _UNDO, to=colleague.mail, subject=subject, body=text)
            )
        with transaction.atomic():
            Outgoing.objects.bulk_create(mails)
            _note(occasion, Channel.MAIL, self.field, some)


class Machine:
    """A notice on each machine, shown by its agent until the announcement is over. A change takes the place of what was
    told before, and what is withdrawn says so on what the machine has.
    """

    field = "endpoint_id"

    def reached(self, machines: Iterable[int]) -> set[int]:
        """The machines."""
        return set(machines)

    def tell(self, occasion: Occasion, some: Sequence[int], store: Store) -> None:
        """Leaves notices. Before the rows of Told: what is left a second time stays as it is."""
        announcement = occasion.announcement
        notice = letters.notice(announcement, occasion.name, occasion.now, occasion.address, _expiry(occasion))
        with store.connection.transaction():
            notices.put(store.connection, some, notice, occasion.now.timestamp())
            how = _ENDS.get(letters.kind_of(occasion.name))
            if how is not None:
                prefix = f"announcement-{announcement.pk}-"
                notices.end(store.connection, some, prefix, notice.notice_id, how)
        with transaction.atomic():
            _note(occasion, Channel.MACHINE, self.field, some)


class Chat:
    """To chat channels, in the language of each; whichever machines are meant."""

    field = "chat"

    def reached(self, _machines: Iterable[int]) -> set[int]:
        """No machine and no colleague: nobody knows who reads a channel."""
        return set()

    def tell(self, occasion: Occasion, some: Sequence[str], store: Store) -> None:  # noqa: ARG002  # as of Tells
        """Puts messages into the outbox; of channels that the settings still have."""
        announcement, now = occasion.announcement, occasion.now
        known = settings.KEURING.chat_by_name
        end = dt.datetime.fromtimestamp(_expiry(occasion), dt.UTC) if _expiry(occasion) else now + _CHAT_MATTERS
        found = []
        for name in some:
            if name in known:
                language = letters.language_of(announcement, known[name].language)
                title = letters.heading(announcement, occasion.name, language)[:200]
                text = letters.post(announcement, occasion.name, language, now, occasion.address, occasion.before)
                found.append(
                    Outgoing(
                        step=announcement.step, ready_at=now + _UNDO, chat=name, subject=title, body=text,
                        expires_at=min(end, now + _CHAT_MATTERS),
                    )
                )  # fmt: skip
        with transaction.atomic():
            Outgoing.objects.bulk_create(found)
            _note(occasion, CHAT, self.field, some)


CHANNELS: Final[Mapping[str, Tells]] = {Channel.MAIL: Mail(), Channel.MACHINE: Machine(), CHAT: Chat()}


def ways(announcement: Announcement) -> list[str]:
    """The channels that an announcement goes by."""
    return [*announcement.channels, *([CHAT] if announcement.chats else [])]


def reached(announcement: Announcement, channel: str, machines: Iterable[int]) -> set[Who]:
    """Whom a channel reaches of an announcement."""
    return set(announcement.chats) if channel == CHAT else set(CHANNELS[channel].reached(machines))


def checked_chats(names: Sequence[str], already: Sequence[str] = ()) -> list[str]:
    """The chat channels, if the settings have them; those chosen ``already`` may stay. Raises NotUnderstood."""
    known = [each.name for each in settings.KEURING.chat]
    if set(names) - {*known, *already}:
        raise NotUnderstood("chats", _("Choose among the chat channels that there are."))
    return [name for name in dict.fromkeys((*known, *already)) if name in names]


def checked(names: Sequence[str]) -> list[str]:
    """The channels, if they are some. Raises NotUnderstood."""
    if set(names) - set(Channel.values):
        raise NotUnderstood("channels", _("Choose among the channels that there are."))
    return [name for name in Channel.values if name in names]


def recall(announcement: Announcement) -> int:
    """Takes back the mails and messages that have not left yet, so that nobody reads what no longer holds; how many.

    Who lost one counts as not told of it. Call within the transaction of the change itself.
    """
    taken = 0
    for mail in Outgoing.objects.filter(step=announcement.step, sent_at=None):
        if Outgoing.objects.filter(pk=mail.pk, sent_at=None).delete()[0]:
            taken += 1
            whom = (
                {"channel": CHAT, "chat": mail.chat}
                if mail.chat
                else {"channel": Channel.MAIL, "colleague__mail": mail.to}
            )
            told = announcement.told.filter(**whom)
            last = told.order_by("-at", "-pk").first()
            if last is not None:
                last.delete()
    return taken


def recall_notices(announcement: Announcement, store: Store) -> int:
    """Takes back the notices that no machine has yet, of all versions but the present one; on how many machines."""
    keep = f"announcement-{announcement.pk}-{announcement.version}-"
    how = _ENDS["withdrawn" if announcement.state == announcement.State.WITHDRAWN else "change"]
    taken = notices.withdraw(store.connection, f"announcement-{announcement.pk}-", keep, how)
    for first in range(0, len(taken), AT_ONCE):
        some = taken[first : first + AT_ONCE]
        for kind in {letters.kind_of_notice(identity) for _endpoint, identity in some}:
            machines = [endpoint for endpoint, identity in some if letters.kind_of_notice(identity) == kind]
            told = announcement.told.filter(channel=Channel.MACHINE, occasion__startswith=kind)
            told.filter(endpoint__in=machines).delete()
    return len(taken)


def _note(occasion: Occasion, channel: str, field: str, some: Sequence[Who]) -> None:
    Told.objects.bulk_create(
        (
            Told(
                announcement=occasion.announcement, channel=channel, occasion=occasion.name, at=occasion.now,
                **{field: each},
            )
            for each in some
        ),
        ignore_conflicts=True,
    )  # fmt: skip


def _expiry(occasion: Occasion) -> float:
    """When the machine stops showing it (seconds since 1970): as its last day ends; what was withdrawn, after a week;
    0 for what has no date.
    """
    if occasion.name == "withdrawn":
        return (occasion.now + dt.timedelta(days=7)).timestamp()
    last = timing.last_day(occasion.announcement)
    if last is None:
        return 0.0
    return timezone.make_aware(dt.datetime.combine(last + dt.timedelta(days=1), dt.time())).timestamp()
