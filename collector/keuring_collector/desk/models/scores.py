"""What became of tickets, and of what rules were worth: automatic outcomes, imported incidents, demotions."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models.staff import Staff
from keuring_collector.desk.models.tickets import Ticket
from keuring_collector.fleet.models import Endpoint


class TicketOutcome(models.Model):
    """What became of the machine of a ticket on which nobody acted, as its own history tells; beside a verdict."""

    class Result(models.TextChoices):
        """Whether the problem came within the horizon."""

        UNDECIDED = "undecided", _("not known yet")
        CAME = "came", _("the problem came")
        EARLY = "early", _("the problem came long after")
        NOTHING = "nothing", _("the problem did not come")

    ticket = models.OneToOneField(Ticket, on_delete=models.CASCADE, related_name="outcome")
    result = models.CharField(max_length=9, choices=Result.choices)
    kind = models.CharField(max_length=9, blank=True)  # of the outcome, as backtests name them
    came_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["looked_at"], name="outcome_undecided", condition=models.Q(result="undecided"))
        ]


class Incident(models.Model):
    """An ordinary incident of the service desk, imported, which a ticket might have prevented or announced."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="incidents")
    cause = models.CharField(max_length=60)
    at = models.DateTimeField()
    number = models.CharField(max_length=60, blank=True)  # in the ITSM
    source = models.CharField(max_length=30, blank=True)  # the connector that it came by; empty: a file or the API
    imported_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "cause", "at", "number"], name="one_incident_once"),
            models.UniqueConstraint(
                fields=["source", "number"], name="one_incident_a_number", condition=~models.Q(source="")
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-at"], name="incident_at"),
            models.Index(fields=["number"], name="incident_number"),
        ]


class Demotion(models.Model):
    """A rule that fell to advice because it was too often not right: ``right`` of ``of``, at best ``high``."""

    rule = models.CharField(max_length=36)
    at = models.DateTimeField()
    right = models.PositiveIntegerField()
    of = models.PositiveIntegerField()
    high = models.FloatField()
    floor = models.FloatField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rule"], name="one_demotion_in_force", condition=models.Q(ended_at=None))
        ]
