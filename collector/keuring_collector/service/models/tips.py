"""Tips: chances that the pack's tip rules see, what was offered to whom, and what became of it. By the day only."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models import Staff
from keuring_collector.fleet.models import Colleague, Endpoint


class TipLook(models.Model):
    """When the tip rules were last asked about a machine."""

    endpoint = models.OneToOneField(Endpoint, on_delete=models.CASCADE, primary_key=True, related_name="tip_look")
    looked_on = models.DateField(db_index=True)


class TipChance(models.Model):
    """A tip rule that holds on a machine, or did: ``since`` when, seen last on ``seen_on``, ``gone_on`` when it ended.

    ``evidence`` as lines of tickets keep it, so that a tip is worded as they are.
    """

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="chances")
    rule = models.CharField(max_length=36)
    subject = models.CharField(max_length=256, blank=True)
    since = models.DateField()
    seen_on = models.DateField()
    gone_on = models.DateField(null=True, blank=True)
    evidence = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["since", "rule", "subject"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "rule", "subject"], name="one_chance_each"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["rule", "endpoint"], name="chance_open", condition=models.Q(gone_on__isnull=True))
        ]


class TipOffer(models.Model):
    """A tip that was offered, to the colleague of a machine or, where none is known, to the machine alone."""

    class Way(models.TextChoices):
        """How it was offered."""

        NOTICE = "notice", _("on the machine")
        VISIT = "visit", _("in person")
        PAGE = "page", _("on My workplace")

    class Outcome(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("offered")
        ASIDE = "aside", _("not for them")
        GONE = "gone", _("it went away")
        STAYED = "stayed", _("it is still there")
        UNKNOWN = "unknown", _("not known")
        MISSED = "missed", _("did not reach them")

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="tip_offers")
    colleague = models.ForeignKey(Colleague, on_delete=models.CASCADE, null=True, related_name="tip_offers")
    rule = models.CharField(max_length=36)
    subject = models.CharField(max_length=256, blank=True)
    way = models.CharField(max_length=6, choices=Way.choices)
    offered_on = models.DateField()
    reached_on = models.DateField(null=True, blank=True)  # when the machine had it; told in person: the same day
    why = models.CharField(max_length=10, blank=True)  # why this one was first, see service.tips.choosing
    among = models.PositiveSmallIntegerField(default=1)  # of so many that could have been offered
    sent = models.BooleanField(default=False)  # its notice was written
    mailed = models.BooleanField(default=False)
    by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    outcome = models.CharField(max_length=7, choices=Outcome.choices, default=Outcome.OPEN)
    decided_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-offered_on", "-pk"]
        indexes: ClassVar = [
            models.Index(fields=["colleague", "rule"], name="offer_colleague"),
            models.Index(fields=["endpoint", "rule"], name="offer_endpoint"),
            models.Index(fields=["rule", "offered_on"], name="offer_rule"),
            models.Index(fields=["outcome", "offered_on"], name="offer_open"),
        ]

    @property
    def notice_id(self) -> str:
        """What its notice is called on the wire."""
        return f"tip-{self.pk}"
