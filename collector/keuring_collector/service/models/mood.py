"""How colleagues feel about their workplace. Counted from the start: no row tells of one answer, when, or by whom."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.fleet.models import Department


class MoodCount(models.Model):
    """How often a value (1 to 5) was given by a department in a month, the first of which is ``month``."""

    class Source(models.TextChoices):
        """Where it was asked."""

        VISIT = "visit", _("a visit")
        TICKET = "ticket", _("a ticket")
        LINK = "link", _("a link in a mail")
        PAGE = "page", _("My workplace")

    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="+")
    month = models.DateField()
    source = models.CharField(max_length=6, choices=Source.choices)
    value = models.PositiveSmallIntegerField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["department", "month", "source", "value"], name="one_mood_count")
        ]


class MoodLine(models.Model):
    """Something that was said, without who said it and which value went with it; its number tells no order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    department = models.ForeignKey(Department, on_delete=models.CASCADE, related_name="+")
    month = models.DateField()
    text = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar = ["id"]
        indexes: ClassVar = [models.Index(fields=["month", "department"], name="mood_line_month")]


class MoodLinkUsed(models.Model):
    """A link that was answered, or that a colleague answered on My workplace this month. It names nobody, and is
    forgotten when it is no longer needed.
    """

    id = models.CharField(max_length=64, primary_key=True)  # SHA-256 of the link, or a keyed hash; hexadecimal
    forget_on = models.DateField()
