"""How a colleague comes in to their own page, and what they objected to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models import Quiet, Staff
from keuring_collector.fleet.models import Colleague, Endpoint


class EntryLink(models.Model):
    """A link that opens My workplace of one machine, once. Of its secret only the SHA-256 is kept."""

    secret_hash = models.BinaryField(max_length=32, unique=True)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="entry_links")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()


class Objection(models.Model):
    """A colleague's objection (GDPR, article 21) to their machine being judged. Until it is answered, and for as long
    as it is upheld, ``quiet`` keeps every finding of the machine from becoming a ticket.
    """

    class State(models.TextChoices):
        """How far it is."""

        OPEN = "open", _("waiting for an answer")
        UPHELD = "upheld", _("upheld")
        REFUSED = "refused", _("refused")

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="objections")
    colleague = models.ForeignKey(Colleague, on_delete=models.SET_NULL, null=True, related_name="objections")
    made_at = models.DateTimeField()
    answer_by = models.DateField()
    reason = models.TextField(blank=True)
    state = models.CharField(max_length=7, choices=State.choices, default=State.OPEN)
    answer = models.TextField(blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    quiet = models.ForeignKey(Quiet, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["answer_by", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint"], name="one_open_objection", condition=models.Q(state="open"))
        ]
