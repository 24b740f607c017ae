"""The views of the queue that somebody keeps."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from keuring_collector.desk.models.staff import Staff


class SavedFilter(models.Model):
    """A view of the queue under a name of one's own; ``query`` is what stands in the address after the ?."""

    staff = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="filters")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=400)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["staff", "name"], name="one_filter_per_name")]
