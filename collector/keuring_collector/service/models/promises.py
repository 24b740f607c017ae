"""What the desk promised, and whether it was kept."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models import Staff, Ticket
from keuring_collector.fleet.models import Department, Endpoint
from keuring_collector.service.models.announcements import Announcement
from keuring_collector.service.models.visits import Stop


class Promise(models.Model):
    """One promise. An open one whose day has passed counts as not kept until somebody says otherwise.

    ``text`` is empty when an announcement made it: what it says then follows from that.
    """

    class Kind(models.TextChoices):
        """Where it comes from."""

        DATE = "date", _("date of an announcement")
        TELL_BY = "tell_by", _("day on which we tell more")
        HAND = "hand", _("made by somebody")

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("open")
        KEPT = "kept", _("kept")
        BROKEN = "broken", _("not kept")
        WITHDRAWN = "withdrawn", _("withdrawn")

    kind = models.CharField(max_length=7, choices=Kind.choices)
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    text = models.CharField(max_length=400, blank=True)
    due_on = models.DateField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=400, blank=True)
    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, null=True, related_name="promises")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, null=True, related_name="promises")
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, null=True, related_name="promises")
    stop = models.ForeignKey(Stop, on_delete=models.SET_NULL, null=True, related_name="promises")  # that it was made at
    department = models.ForeignKey(Department, on_delete=models.SET_NULL, null=True, related_name="promises")

    class Meta:
        ordering: ClassVar = ["due_on", "pk"]
        indexes: ClassVar = [models.Index(fields=["state", "due_on"], name="promise_due")]
