"""Announcements of what is coming: what they say, every version of them, and whom they reached."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models import Staff
from keuring_collector.fleet.models import Colleague, Endpoint

LONGEST_TITLE = 200


class Said(models.Model):
    """What an announcement says: in each language a title, what it means for the reader, what they must do (empty:
    nothing) and why, as Markdown; and when. Of the dates those of another ``when`` are empty.
    """

    class When(models.TextChoices):
        """What is known of the date."""

        DATE = "date", _("on a date")
        PERIOD = "period", _("in a period")
        UNKNOWN = "unknown", _("we do not know yet")

    title_nl = models.CharField(max_length=LONGEST_TITLE, blank=True)
    means_nl = models.TextField(blank=True)
    must_nl = models.TextField(blank=True)
    why_nl = models.TextField(blank=True)
    title_en = models.CharField(max_length=LONGEST_TITLE, blank=True)
    means_en = models.TextField(blank=True)
    must_en = models.TextField(blank=True)
    why_en = models.TextField(blank=True)
    when = models.CharField(max_length=7, choices=When.choices, default=When.UNKNOWN)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)  # the last day of a period
    tell_by = models.DateField(null=True, blank=True)  # by when we know, or say that we still do not

    class Meta:
        abstract = True

    def text(self, part: str, language: str) -> str:
        """``part`` (title, means, must or why) in a language; empty when it is not written in that."""
        return str(getattr(self, f"{part}_{language}"))


class Announcement(Said):
    """An announcement. ``version`` is the number of the newest AnnouncementVersion, which says the same as this row.

    ``audience`` is a Selection as JSON (see announcing.audience). ``changed`` is the last version that those who were
    told before are told of. ``next_look``: when the job looks next who is to be told; none: there is nothing to do.
    """

    class State(models.TextChoices):
        """How far it is."""

        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")
        WITHDRAWN = "withdrawn", _("withdrawn")

    state = models.CharField(max_length=9, choices=State.choices, default=State.DRAFT)
    author = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()
    withdrawn_why = models.CharField(max_length=400, blank=True)
    version = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    audience = models.JSONField(default=dict)
    channels = models.JSONField(default=list)  # of announcing.channels.Channel
    chats = models.JSONField(default=list)  # names of chat channels, as the settings have them
    public = models.BooleanField(default=False)
    remind_days = models.PositiveSmallIntegerField(default=3)  # before the date; 0: no reminder
    reads = models.PositiveIntegerField(default=0)
    step = models.UUIDField(default=uuid.uuid4, editable=False)  # of its mails in the outbox
    next_look = models.DateTimeField(null=True, blank=True)
    nudged = models.CharField(max_length=40, blank=True)  # what its author was reminded of last

    class Meta:
        ordering: ClassVar = ["-made_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["state", "-published_at"], name="announcement_state"),
            models.Index(fields=["next_look"], name="announcement_look"),
        ]

    def __str__(self) -> str:
        return self.title_nl or self.title_en

    @property
    def subject(self) -> str:
        """What the audit calls it."""
        return f"announcement/{self.pk}"


class AnnouncementVersion(Said):
    """An announcement as somebody left it; never changed afterwards."""

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=9, choices=Announcement.State.choices)
    audience = models.JSONField(default=dict)
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["announcement", "number"], name="one_announcement_version")
        ]


class Told(models.Model):
    """That a colleague (by mail), a machine (by a notice) or a chat channel was told, so that nobody is told twice;
    never whether they read it. ``occasion``: "first", "change-" and a version, "reminder-" and a day, or "withdrawn".
    """

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="told")
    channel = models.CharField(max_length=10)
    occasion = models.CharField(max_length=30)
    at = models.DateTimeField()
    colleague = models.ForeignKey(Colleague, on_delete=models.CASCADE, null=True, related_name="+")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, null=True, related_name="+")
    chat = models.CharField(max_length=40, blank=True)  # the channel's name

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["announcement", "channel", "occasion", "colleague"],
                name="colleague_told_once",
                condition=models.Q(colleague__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["announcement", "channel", "occasion", "endpoint"],
                name="machine_told_once",
                condition=models.Q(endpoint__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["announcement", "channel", "occasion", "chat"],
                name="chat_told_once",
                condition=~models.Q(chat=""),
            ),
        ]
