"""What can still be taken back, and what therefore has not left the house yet."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models.staff import Staff
from keuring_collector.desk.models.tickets import Ticket

MOST_ATTEMPTS: Final = 12


class Undo(models.Model):
    """How a ticket was before an action. One click on several tickets has one ``step``."""

    step = models.UUIDField()
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="undos")
    actor = models.ForeignKey(Staff, on_delete=models.CASCADE)
    until = models.DateTimeField(db_index=True)
    before = models.JSONField()  # the fields that people decide on, "what" was done, and its "entry" in the history
    after = models.CharField(max_length=200)  # its stamp after the action: only that can be taken back

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["step", "ticket"], name="one_undo_per_ticket")]


class Outgoing(models.Model):
    """A mail, or a message to a chat channel, that waits until what it tells can no longer be undone; the job
    ``outbox`` sends it.
    """

    class State(models.TextChoices):
        """What became of it."""

        WAITING = "waiting", _("waiting")
        SENT = "sent", _("sent")
        UNSURE = "unsure", _("not known whether it came through")
        AGAIN = "again", _("refused, tried again")
        GIVEN_UP = "given_up", _("given up")

    step = models.UUIDField(null=True, blank=True)
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, null=True, blank=True)
    ready_at = models.DateTimeField()
    chat = models.CharField(max_length=40, blank=True)  # the channel's name in the settings; empty: it is a mail
    to = models.EmailField(blank=True)
    subject = models.CharField(max_length=200)
    body = models.TextField()
    reply_to = models.EmailField(blank=True)  # empty: to the sender of all mails
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)  # of the last attempt
    expires_at = models.DateTimeField(null=True, blank=True)  # from then on it matters no more

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["ready_at"], name="outgoing_waiting", condition=models.Q(sent_at__isnull=True))
        ]

    @property
    def state(self) -> State:
        """What became of it. Given up is what was refused a dozen times, or what nobody needs to read any more."""
        if self.sent_at is not None:
            return self.State.UNSURE if self.error else self.State.SENT
        if self.attempts >= MOST_ATTEMPTS:
            return self.State.GIVEN_UP
        return self.State.AGAIN if self.attempts else self.State.WAITING
