"""Where incidents are pulled from, how far that came, and which of them nothing here matched."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class IncidentSource(models.Model):
    """An ITSM that incidents are pulled from. ``since``: when the last incident changed that was read."""

    name = models.CharField(max_length=30, unique=True)  # of the connector
    since = models.DateTimeField()
    looked_at = models.DateTimeField(null=True, blank=True)
    wait_until = models.DateTimeField(null=True, blank=True)  # it asked for a pause
    error = models.TextField(blank=True)  # of the last look
    whole = models.BooleanField(default=True)  # whether the last look came to the end
    read = models.PositiveIntegerField(default=0)
    added = models.PositiveIntegerField(default=0)


class IncidentLeftOut(models.Model):
    """An incident that matched nothing: its number, day and category, and no word of what or whom it was about."""

    class Why(models.TextChoices):
        """What is missing."""

        CATEGORY = "category", _("no cause for its category")
        MACHINE = "machine", _("a machine that is not known here")
        NO_MACHINE = "no_machine", _("no machine")

    source = models.CharField(max_length=30)
    number = models.CharField(max_length=60)
    at = models.DateTimeField()
    category = models.CharField(max_length=200, blank=True)
    why = models.CharField(max_length=10, choices=Why.choices)
    machine = models.CharField(max_length=64, blank=True)  # the name that is not known

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["source", "number"], name="one_incident_left_out")]
        indexes: ClassVar = [models.Index(fields=["source", "-at"], name="incident_left_out_at")]
