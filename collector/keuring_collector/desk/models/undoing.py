"""What can still be taken back, and what therefore has not left the house yet."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from keuring_collector.desk.models.staff import Staff
from keuring_collector.desk.models.tickets import Ticket


class Undo(models.Model):
    """How a ticket was before an action. One click on several tickets has one ``step``."""

    step = models.UUIDField()
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="undos")
    actor = models.ForeignKey(Staff, on_delete=models.CASCADE)
    until = models.DateTimeField(db_index=True)
    before = models.JSONField()  # the fields that people decide on, and "what" was done
    after = models.CharField(max_length=200)  # its stamp after the action: only that can be taken back

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["step", "ticket"], name="one_undo_per_ticket")]


class Outgoing(models.Model):
    """A mail that waits until what it tells can no longer be undone; the job ``outbox`` sends it."""

    step = models.UUIDField(null=True, blank=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, null=True, blank=True)
    ready_at = models.DateTimeField()
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    body = models.TextField()
    reply_to = models.EmailField(blank=True)  # empty: to the sender of all mails
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["ready_at"], name="outgoing_waiting", condition=models.Q(sent_at__isnull=True))
        ]
