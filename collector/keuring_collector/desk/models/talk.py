"""What people add to a ticket: files, references to the ITSM, and notices to each other."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models.staff import Staff
from keuring_collector.desk.models.tickets import Ticket


class Attachment(models.Model):
    """A file beside a ticket. Its bytes are in the database, so that every collector has them, and every backup."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=40)  # media type, as found in the bytes, never as the browser said
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True)

    class Meta:
        ordering: ClassVar = ["added_at", "id"]


class TicketLink(models.Model):
    """The ticket in the ITSM that this one belongs to: its number, and its address where there is one."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="links")
    number = models.CharField(max_length=60)
    url = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["id"]


class Notice(models.Model):
    """Something that one member of staff should see because of what another did."""

    class Kind(models.TextChoices):
        """Why."""

        MENTION = "mention", _("mentioned you")
        ASSIGNED = "assigned", _("assigned it to you")

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="notices")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    text = models.TextField(blank=True)
    step = models.UUIDField(null=True, blank=True)  # of the action that made it; undoing that takes it back

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [models.Index(fields=["staff", "seen_at", "-at"], name="notice_staff")]
