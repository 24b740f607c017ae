"""The APK report of a machine, kept as it was issued."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models.staff import Staff
from keuring_collector.fleet.models import Endpoint


class Inspection(models.Model):
    """One inspection of one machine. ``content`` is all that the report says, in both languages, and never changes;
    ``digest`` is the SHA-256 (hexadecimal) of it. ``current`` marks the newest of each machine.
    """

    class Outcome(models.TextChoices):
        """What the stamp says."""

        PASS = "pass", _("approved")
        ADVICE = "advice", _("approved, with advice")
        FAIL = "fail", _("not approved")
        UNMEASURABLE = "unmeasurable", _("not measurable")

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="inspections")
    issued_at = models.DateTimeField()
    issued_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    valid_until = models.DateField(null=True, blank=True)
    next_due = models.DateField()
    current = models.BooleanField(default=True)
    content = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-issued_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["endpoint"], name="one_current_inspection", condition=models.Q(current=True)
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["endpoint", "-issued_at"], name="inspection_endpoint"),
            models.Index(fields=["current", "next_due"], name="inspection_due"),
            models.Index(
                fields=["-issued_at", "-id", "endpoint", "outcome"],
                name="inspection_newest",
                condition=models.Q(current=True),
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def number(self) -> str:
        """What the report is called: the year and a number that is given once."""
        return f"{self.issued_at.year}-{self.pk:06d}"

    @property
    def subject(self) -> str:
        """What the audit calls it."""
        return f"report/{self.number}"
