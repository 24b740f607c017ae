"""The IT report as it was issued, what was answered to it, and what the IT department plans."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models import Staff


class ItReport(models.Model):
    """One week or month. ``content`` is all that the report says, in both languages, and never changes; ``digest`` is
    the SHA-256 (hexadecimal) of it. ``ends`` is the first day that is not in it.
    """

    class Kind(models.TextChoices):
        """Over how long."""

        WEEK = "week", _("week")
        MONTH = "month", _("month")

    kind = models.CharField(max_length=5, choices=Kind.choices)
    starts = models.DateField()
    ends = models.DateField()
    issued_at = models.DateTimeField()
    content = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-ends", "kind", "-id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "starts"], name="one_it_report")]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What it is called: 2026-W47 or 2026-11."""
        if self.kind == self.Kind.WEEK:
            year, week, _day = self.starts.isocalendar()
            return f"{year}-W{week:02}"
        return f"{self.starts:%Y-%m}"


class ItComment(models.Model):
    """What somebody answered to a section of a report."""

    report = models.ForeignKey(ItReport, on_delete=models.CASCADE, related_name="comments")
    section = models.CharField(max_length=40)
    at = models.DateTimeField()
    author = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True)
    text = models.TextField()

    class Meta:
        ordering: ClassVar = ["at", "id"]


class PlannedChange(models.Model):
    """Something that the IT department plans. Without ``when`` the day is not known yet."""

    class State(models.TextChoices):
        """What became of it."""

        PLANNED = "planned", _("planned")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("not going ahead")

    title = models.CharField(max_length=120)
    about = models.TextField(blank=True)
    when = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PLANNED)
    made_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = [models.F("when").asc(nulls_last=True), "id"]
