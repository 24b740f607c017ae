"""One problem of many machines: the tickets of each are its children."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models.staff import Staff


class FleetTicket(models.Model):
    """What many tickets of one cause are part of. Made by the job ``fleet_tickets``, or by hand.

    ``common`` is what its machines share and others do not, a list of {"signal", "subject", "value", "machines", "of",
    "others", "others_of"}: ``machines`` of the ``of`` it was found on, ``others`` of ``others_of`` without the problem.
    """

    cause = models.CharField(max_length=60)
    by_hand = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True)
    common = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["-opened_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cause"], name="one_open_fleet_ticket", condition=models.Q(closed_at=None, by_hand=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.cause} ({self.pk})"


class FleetHistory(models.Model):
    """One thing that happened to a fleet ticket; never changed afterwards. No actor: Keuring itself."""

    class Kind(models.TextChoices):
        """What happened."""

        OPENED = "opened", _("opened")
        JOINED = "joined", _("machines joined")
        LEFT = "left", _("machines left")
        TAKEN = "taken", _("taken")
        ACTED = "acted", _("acted on its machines")
        NOTE = "note", _("note")
        CLOSED = "closed", _("closed")
        DISSOLVED = "dissolved", _("not one problem")

    ticket = models.ForeignKey(FleetTicket, on_delete=models.CASCADE, related_name="history")
    at = models.DateTimeField()
    actor = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["at", "id"]
