"""Backtests that somebody asked for in the console."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models.staff import Staff
from keuring_collector.fleet.models import Department


class Backtest(models.Model):
    """A rule to try on history, how far that is, and the answer. Whoever is free leases it, as with a job.

    ``everything``: over all machines, else over those of ``departments``. ``before`` is what the rule's file held when
    it was asked, empty for a rule that is new; a row whose text was saved keeps it beside the audit's entry. A
    ``search`` tries versions around the rule in force, and leaves the best one in ``text`` (desk/proposals.py).
    """

    class State(models.TextChoices):
        """How far it is."""

        WAITING = "waiting", _("waiting for its turn")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("stopped")

    OPEN: ClassVar = (State.WAITING, State.RUNNING)

    rule = models.CharField(max_length=60)
    text = models.TextField()
    before = models.TextField(blank=True)
    compare = models.BooleanField()
    since = models.DateField(null=True, blank=True)
    until = models.DateField(null=True, blank=True)
    everything = models.BooleanField()
    departments = models.ManyToManyField(Department)
    model = models.CharField(max_length=256, blank=True)
    incidents = models.BooleanField(default=True)  # whether those that were imported count as problems
    search = models.BooleanField(default=False)
    found = models.JSONField(default=dict, blank=True)  # what a search found, as desk/searching.py tells it
    asked_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    machines = models.PositiveIntegerField(null=True, blank=True)  # how many there are to do; known once it runs
    machines_done = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    leased_by = models.CharField(max_length=80, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)
    answer = models.TextField(blank=True)  # JSON as docs/backtest.md tells it, in the order of its keys
    saved_at = models.DateTimeField(null=True, blank=True)
    saved_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["-asked_at", "-id"]
        indexes: ClassVar = [models.Index(fields=["state", "asked_at"], name="backtest_next")]
