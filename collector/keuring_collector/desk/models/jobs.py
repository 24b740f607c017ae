"""Background work that waits to be done."""

from __future__ import annotations

from django.db import models


class Job(models.Model):
    """Background work as a row that whoever is free leases, so that several collectors share it."""

    name = models.CharField(max_length=40, primary_key=True)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    leased_by = models.CharField(max_length=80, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)
