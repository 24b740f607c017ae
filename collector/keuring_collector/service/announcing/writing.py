"""Writing an announcement, publishing it, changing it for all to see, and withdrawing it.

Each of these keeps the promises in step: a date, and a day on which we tell more, are promises (see promises.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit, scope, wording
from keuring_collector.desk.acting import ChangedMeanwhile, NotPossible, NotUnderstood
from keuring_collector.rulepack.pack import LANGUAGES
from keuring_collector.service import promises
from keuring_collector.service.announcing import audience, channels, timing
from keuring_collector.service.models import Announcement, AnnouncementVersion, Said
from keuring_collector.service.models.announcements import LONGEST_TITLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from keuring_collector.desk.models import Staff
    from keuring_collector.service.announcing.audience import Selection

PARTS: Final = ("title", "means", "must", "why")
SAID: Final = (
    *(f"{part}_{language}" for part in PARTS for language in LANGUAGES),
    "when",
    "starts_on",
    "ends_on",
    "tell_by",
)
LONGEST_BODY: Final = 10_000
LONGEST_NOTE: Final = 400
MOST_REMIND_DAYS: Final = 60


@dataclass(frozen=True, slots=True)
class Content:
    """What somebody wants an announcement to be; ``texts``: (part, language) to text."""

    texts: Mapping[tuple[str, str], str]
    when: str
    starts_on: date | None = None
    ends_on: date | None = None
    tell_by: date | None = None
    selection: Selection = field(default_factory=audience.Selection)
    channels: Sequence[str] = ()
    chats: Sequence[str] = ()  # names of chat channels
    public: bool = False
    remind_days: int = 3
    note: str = ""
    tell_again: bool = False  # whether those who know already are told what changed


def save(
    announcement: Announcement | None, content: Content, *, actor: Staff, now: datetime, seen: int | None = None
) -> Announcement:
    """Makes a draft, or a new version. Raises NotUnderstood for what cannot be used, NotPossible for one that is over,
    and ChangedMeanwhile when there is a newer version than ``seen``.
    """
    today = wording.local_day(now)
    said = _said(content, today)
    audience.checked(content.selection)
    _within(actor, content.selection)
    with transaction.atomic():
        before = None
        if announcement is None:
            announcement = Announcement(author=actor, made_at=now)
        else:
            announcement = Announcement.objects.select_for_update().get(pk=announcement.pk)
            before = announcement.versions.filter(number=announcement.version).first()
            _check_changeable(announcement, today, seen)
        for name, value in said.items():
            setattr(announcement, name, value)
        announcement.audience = content.selection.as_json()
        announcement.channels = channels.checked(content.channels)
        announcement.chats = channels.checked_chats(content.chats, announcement.chats)
        announcement.public, announcement.remind_days = content.public, _remind_days(content.remind_days)
        if announcement.state == Announcement.State.PUBLISHED and before is not None:
            _changed(announcement, before, content, actor, now)
        _keep(announcement, _note(content.note), actor, now)
        audit.record_now(actor, "announcement.changed", announcement.subject, {"version": announcement.version})
    return announcement


def publish(announcement: Announcement, *, actor: Staff, now: datetime) -> Announcement:
    """Publishes a draft: from now on everybody whom it concerns is told. Raises NotPossible or NotUnderstood."""
    today = wording.local_day(now)
    with transaction.atomic():
        announcement = Announcement.objects.select_for_update().get(pk=announcement.pk)
        if announcement.state != Announcement.State.DRAFT:
            raise NotPossible(_("This is no draft any more."))
        _within(actor, audience.kept(announcement.audience))
        check_complete(announcement, today)
        announcement.state, announcement.published_at = Announcement.State.PUBLISHED, now
        announcement.next_look = now
        promises.of_announcement(announcement, actor, now)
        _keep(announcement, "", actor, now)
        audit.record_now(actor, "announcement.published", announcement.subject, {"version": announcement.version})
    return announcement


def withdraw(announcement: Announcement, why: str, *, actor: Staff, now: datetime) -> Announcement:
    """Takes one back: who was told is told so, and why. Raises NotPossible or NotUnderstood."""
    why = _note(why)
    if not why:
        raise NotUnderstood("why", _("Say why: who was told will read it."))
    with transaction.atomic():
        announcement = Announcement.objects.select_for_update().get(pk=announcement.pk)
        if announcement.state != Announcement.State.PUBLISHED:
            raise NotPossible(_("Only what is published can be withdrawn."))
        _within(actor, audience.kept(announcement.audience))
        announcement.state, announcement.withdrawn_why = Announcement.State.WITHDRAWN, why
        announcement.next_look = now
        promises.withdrawn(announcement, why, actor, now)
        channels.recall(announcement)
        _keep(announcement, why, actor, now)
        audit.record_now(actor, "announcement.withdrawn", announcement.subject, {})
    return announcement


def discard(announcement: Announcement, *, actor: Staff) -> None:
    """Throws a draft away. Raises NotPossible for anything else."""
    _within(actor, audience.kept(announcement.audience))
    with transaction.atomic():
        if not Announcement.objects.filter(pk=announcement.pk, state=Announcement.State.DRAFT).delete()[0]:
            raise NotPossible(_("Only a draft can be thrown away; what is published can be withdrawn."))
        audit.record_now(actor, "announcement.changed", f"announcement/{announcement.pk}", {"discarded": True})


def check_complete(said: Said, today: date) -> None:
    """Raises NotUnderstood for what colleagues cannot be shown yet."""
    for language in LANGUAGES:
        if said.text("title", language) and not said.text("means", language):
            raise NotUnderstood(f"means_{language}", _("Say what it means for the reader, in each language."))
    last = timing.last_day(said)
    if last is not None and last < today:
        raise NotUnderstood("starts_on", _("This date has passed; there is nothing left to announce."))
    if said.when == Said.When.UNKNOWN and (said.tell_by is None or said.tell_by < today):
        raise NotUnderstood("tell_by", _("You do not know the date yet: fill in by which day you will tell more."))


def _check_changeable(announcement: Announcement, today: date, seen: int | None) -> None:
    if timing.is_over(announcement, today):
        raise NotPossible(_("This is over; it stays as it was read. Write a new announcement."))
    if seen is not None and seen != announcement.version:
        raise ChangedMeanwhile(
            _("Somebody else changed this announcement while you were writing. Copy your text, and begin anew.")
        )


def _changed(
    announcement: Announcement, before: AnnouncementVersion, content: Content, actor: Staff, now: datetime
) -> None:
    """What follows when something that colleagues have been told changes."""
    moved = timing.dates(before) != timing.dates(announcement)
    if moved and not content.note.strip():
        raise NotUnderstood("note", _("The date changes: say why. Whoever was told will read it."))
    check_complete(announcement, wording.local_day(now))
    if moved:
        promises.moved(announcement, before, _note(content.note), actor, now)
    channels.recall(announcement)
    if moved or content.tell_again:
        announcement.changed = announcement.version + 1
    announcement.next_look = now


def _keep(announcement: Announcement, note: str, actor: Staff, now: datetime) -> None:
    announcement.version += 1
    announcement.changed_at = now
    announcement.save()
    same = {name: getattr(announcement, name) for name in SAID}
    AnnouncementVersion.objects.create(
        announcement=announcement, number=announcement.version, at=now, by=actor, state=announcement.state,
        audience=announcement.audience, note=note, **same,
    )  # fmt: skip


def _within(actor: Staff, selection: Selection) -> None:
    """Whoever sees some departments only may speak to those only."""
    ids = actor.department_ids
    if ids is not None and (not selection.departments or not set(selection.departments) <= set(ids)):
        raise NotUnderstood("departments", _("You see only some departments: choose among them whom this is for."))
    known = set(scope.departments(actor).filter(pk__in=selection.departments).values_list("pk", flat=True))
    if set(selection.departments) - known:
        raise NotUnderstood("departments", _("One of these departments is no longer there. Choose anew."))


def _said(content: Content, today: date) -> dict[str, Any]:
    """The fields of Said, checked."""
    found: dict[str, Any] = {}
    for language in LANGUAGES:
        for part in PARTS:
            found[f"{part}_{language}"] = _text(content, part, language)
        if any(found[f"{part}_{language}"] for part in PARTS[1:]) and not found[f"title_{language}"]:
            raise NotUnderstood(f"title_{language}", _("Give the text a title: it is what colleagues see first."))
    if not any(found[f"title_{language}"] for language in LANGUAGES):
        raise NotUnderstood("title_nl", _("Write a title, in Dutch or in English."))
    return found | _when(content, today)


def _text(content: Content, part: str, language: str) -> str:
    text, name = content.texts.get((part, language), "").replace("\r\n", "\n").strip(), f"{part}_{language}"
    if part == "title" and (len(text) > LONGEST_TITLE or not text.isprintable()):
        raise NotUnderstood(name, _("A title is one line of at most 200 characters."))
    if len(text) > LONGEST_BODY or "\0" in text:
        raise NotUnderstood(name, _("That is longer than anybody reads (10,000 characters). Link to an article."))
    return text


def _when(content: Content, today: date) -> dict[str, Any]:
    """The dates that go with what is known; those that do not are left out."""
    if content.when not in Said.When.values:
        raise NotUnderstood("when", _("Say what is known of the date."))
    found: dict[str, Any] = {"when": content.when, "starts_on": None, "ends_on": None, "tell_by": None}
    if content.when == Said.When.UNKNOWN:
        return found | {"tell_by": _near("tell_by", content.tell_by, today)}
    starts = _near("starts_on", content.starts_on, today)
    if starts is None:
        raise NotUnderstood("starts_on", _("Choose the date, or say that it is not known yet."))
    found["starts_on"] = starts
    if content.when == Said.When.PERIOD:
        ends = _near("ends_on", content.ends_on, today)
        if ends is None or ends <= starts:
            raise NotUnderstood("ends_on", _("A period ends after the day on which it begins."))
        found["ends_on"] = ends
    return found


def _near(name: str, day: date | None, today: date) -> date | None:
    if day is not None and abs((day - today).days) > 5 * 366:
        raise NotUnderstood(name, _("Choose a date within five years."))
    return day


def _remind_days(days: int) -> int:
    if not 0 <= days <= MOST_REMIND_DAYS:
        raise NotUnderstood("remind_days", _("Remind at most sixty days before; 0 for no reminder."))
    return days


def _note(text: str) -> str:
    return "".join(each for each in " ".join(text.split()) if each.isprintable())[:LONGEST_NOTE]
