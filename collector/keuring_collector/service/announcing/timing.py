"""When something is coming, in words and days; and when an announcement is over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db.models import Q
from django.utils.translation import gettext, gettext_lazy, override, pgettext

from keuring_collector.desk import wording
from keuring_collector.service.models import Announcement, Said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from django.utils.functional import _StrPromise

# What a version says, by the part that changed, as lists of changes name it.
PARTS: Final[Mapping[str, _StrPromise]] = {
    "title": gettext_lazy("title"),
    "means": gettext_lazy("what it means"),
    "must": gettext_lazy("what to do"),
    "why": gettext_lazy("why"),
}


def in_words(said: Said, now: datetime) -> str:
    """ "on 14 December", "from 3 to 7 December", or that we do not know yet and by when we tell."""
    if said.when == Said.When.DATE and said.starts_on:
        return gettext("on %(day)s") % {"day": wording.day(said.starts_on, now)}
    if said.when == Said.When.PERIOD and said.starts_on and said.ends_on:
        first, last = wording.day(said.starts_on, now), wording.day(said.ends_on, now)
        return gettext("from %(first)s to %(last)s") % {"first": first, "last": last}
    if said.tell_by:
        return gettext("we do not know yet; we will tell by %(day)s") % {"day": wording.day(said.tell_by, now)}
    return pgettext("when", "we do not know yet")


def day_in(day: date, now: datetime, language: str) -> str:
    """A day in a language."""
    with override(language):
        return wording.day(day, now)


def dates(said: Said) -> tuple[str, date | None, date | None, date | None]:
    """All that makes up when, for comparing."""
    return said.when, said.starts_on, said.ends_on, said.tell_by


def last_day(said: Said) -> date | None:
    """The last day on which it matters; None as long as that is not known."""
    return said.ends_on if said.when == Said.When.PERIOD else said.starts_on if said.when == Said.When.DATE else None


def is_over(announcement: Announcement, today: date) -> bool:
    """Whether its last day has passed, or it was withdrawn."""
    last = last_day(announcement)
    return announcement.state == Announcement.State.WITHDRAWN or (last is not None and last < today)


def coming(today: date) -> Q:
    """The published announcements that are not over."""
    over = Q(when=Said.When.DATE, starts_on__lt=today) | Q(when=Said.When.PERIOD, ends_on__lt=today)
    return Q(state=Announcement.State.PUBLISHED) & ~over


def changes(older: Said, newer: Said, now: datetime) -> list[str]:
    """What changed between two versions: the parts by name, the date with what it was and what it is."""
    found = []
    if dates(older) != dates(newer):
        values = {"was": in_words(older, now), "is": in_words(newer, now)}
        found.append(gettext("when: it was “%(was)s”, it is “%(is)s”") % values)
    for part, name in PARTS.items():
        if any(older.text(part, language) != newer.text(part, language) for language in ("nl", "en")):
            found.append(str(name))
    return found
