"""What keeps findings from opening tickets: quiet times, rules that only report yet, a full budget."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models.staff import Staff
from keuring_collector.desk.models.tickets import Ticket
from keuring_collector.fleet.models import Department, Endpoint


class Quiet(models.Model):
    """A time in which findings of some machines open no ticket. All of the limits that are filled in must fit.

    With a ``weekday`` (0: Monday) it is a stretch of each week: ``minutes``, from ``from_minute`` on the desk's clock.
    """

    class Kind(models.TextChoices):
        """Why."""

        MAINTENANCE = "maintenance", _("maintenance")
        SILENCE = "silence", _("silence")
        OBJECTION = "objection", _("objection")  # of the colleague: the machine is not inspected either

    BY_HAND: ClassVar = (Kind.MAINTENANCE, Kind.SILENCE)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    reason = models.CharField(max_length=400)
    department = models.ForeignKey(Department, on_delete=models.CASCADE, null=True, blank=True)
    model = models.CharField(max_length=256, blank=True)
    host_name = models.CharField(max_length=64, blank=True)  # * and ? stand for any letters, and for one
    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, null=True, blank=True)
    cause = models.CharField(max_length=60, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    weekday = models.PositiveSmallIntegerField(null=True, blank=True)
    from_minute = models.PositiveSmallIntegerField(null=True, blank=True)
    minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+")
    ended_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["starts_at", "id"]
        indexes: ClassVar = [models.Index(fields=["ends_at"], name="quiet_ends")]

    @property
    def why(self) -> str:
        """The reason that somebody wrote down, or ours in the reader's language."""
        is_ours = self.kind == self.Kind.OBJECTION
        return gettext("Objection of the colleague; the privacy officer knows more.") if is_ours else self.reason


class Waiting(models.Model):
    """A finding that holds and may not open a ticket yet; written by the write path, opened by the job ``admit``."""

    class Why(models.TextChoices):
        """What it waits for."""

        INTAKE = "intake", _("the intake period")
        RULE = "rule", _("the rule, which only reports yet")
        MAINTENANCE = "maintenance", _("maintenance")
        SILENCE = "silence", _("a silence")
        OBJECTION = "objection", _("the answer to an objection")
        BUDGET = "budget", _("room in the budget of tickets")

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="waiting")
    cause = models.CharField(max_length=60)
    rule = models.CharField(max_length=36)
    subject = models.CharField(max_length=256, blank=True)
    severity = models.PositiveSmallIntegerField(choices=Ticket.Severity.choices)
    why = models.CharField(max_length=11, choices=Why.choices)
    quiet = models.ForeignKey(Quiet, on_delete=models.SET_NULL, null=True, blank=True, related_name="waiting")
    waiting_since = models.DateTimeField()
    since = models.DateTimeField()
    judged_at = models.DateTimeField()
    expected_at = models.DateTimeField(null=True, blank=True)
    expected_low = models.DateTimeField(null=True, blank=True)
    expected_high = models.DateTimeField(null=True, blank=True)
    evidence = models.JSONField(default=list)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["endpoint", "rule", "subject"], name="one_waiting_per_finding")
        ]
        indexes: ClassVar = [
            models.Index(fields=["why", "-severity", "expected_at"], name="waiting_order"),
            models.Index(fields=["rule"], name="waiting_rule"),
        ]


class RuleSwitch(models.Model):
    """What the desk decided about a rule: whether its findings open tickets."""

    rule = models.CharField(max_length=36, primary_key=True)
    opens = models.BooleanField()
    at = models.DateTimeField()
    by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True)


class DeskState(models.Model):
    """One row: how far the desk is in starting, and the settings that every process must agree on.

    ``rule_by_rule``: a rule that nobody decided about only reports. Without this row all rules open tickets.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    rule_by_rule = models.BooleanField()
    intake_days = models.FloatField()  # after the first machine enrolled; 0: none
    budget = models.FloatField()  # open tickets per hundred machines; 0: no limit
    time_zone = models.CharField(max_length=64)
