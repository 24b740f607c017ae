"""Reminds whoever wrote an announcement: the day by which they would tell more is near, or has passed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from keuring_collector.desk import wording
from keuring_collector.desk.models import Outgoing
from keuring_collector.service.announcing import letters, timing
from keuring_collector.service.models import Announcement, Promise
from keuring_collector.service.promises import NEAR_DAYS

if TYPE_CHECKING:
    from datetime import datetime

# Both languages are written, not translated.
WORDS: Final = {
    "nl": {
        "near": "Je beloofde uiterlijk {day} meer te vertellen: {title}",
        "late": "Belofte niet nagekomen: {title}",
        "kept": "Ging het door? {title}",
        "near_body": "Weet je de datum al? Vul hem in. Weet je hem nog niet, zeg dat dan en kies een nieuwe dag.",
        "late_body": "Je zou uiterlijk {day} meer vertellen. Dat staat nu als niet nagekomen in het register. "
        "Vertel alsnog wat je weet, ook als dat weinig is.",
        "kept_body": "De dag is voorbij. Zeg in het register of de belofte is nagekomen; zolang je niets zegt telt "
        "zij als niet nagekomen.",
        "where": "Hier staat de aankondiging: {address}",
    },
    "en": {
        "near": "You promised to tell more by {day}: {title}",
        "late": "Promise not kept: {title}",
        "kept": "Did it happen? {title}",
        "near_body": "Do you know the date? Fill it in. If you do not, say so and choose another day.",
        "late_body": "You would tell more by {day}. The register shows this as not kept now. "
        "Do tell what you know, even if it is little.",
        "kept_body": "The day has passed. Say in the register whether the promise was kept; as long as you say "
        "nothing it counts as not kept.",
        "where": "The announcement is here: {address}",
    },
}


def nudge(now: datetime, console: str, fallback: str) -> int:
    """Mails authors once about each day that is near and each that has passed; returns how many mails went out.

    ``console`` is the console's address with its slash, ``fallback`` the language of staff who chose none.
    """
    today = wording.local_day(now)
    ahead = today + timedelta(days=NEAR_DAYS)
    open_ones = Promise.objects.filter(
        state=Promise.State.OPEN, due_on__lte=ahead, announcement__state=Announcement.State.PUBLISHED
    ).select_related("announcement__author")
    count = 0
    for promise in open_ones:
        announcement = promise.announcement
        assert announcement is not None  # noqa: S101 - asked for above
        kind = _kind(promise, late=promise.due_on < today)
        mark = f"{kind}-{promise.due_on:%Y-%m-%d}"
        if not kind or announcement.nudged == mark:
            continue
        # Noted before it is sent: a crash may cost a mail, never send two.
        Announcement.objects.filter(pk=announcement.pk).update(nudged=mark)
        author = announcement.author
        if author is None or not author.is_active or not author.email:
            continue
        language = author.language or fallback
        words, shown = WORDS[language], letters.language_of(announcement, language)
        filled = {
            "day": timing.day_in(promise.due_on, now, language),
            "title": announcement.text("title", shown),
            "address": f"{console}announcements/{announcement.pk}/",
        }
        text = "\n\n".join((words[f"{kind}_body"].format(**filled), words["where"].format(**filled)))
        Outgoing.objects.create(ready_at=now, to=author.email, subject=words[kind].format(**filled)[:200], body=text)
        count += 1
    return count


def _kind(promise: Promise, *, late: bool) -> str:
    """What its author is reminded of; empty: nothing yet."""
    if promise.kind == Promise.Kind.TELL_BY:
        return "late" if late else "near"
    return "kept" if late else ""
