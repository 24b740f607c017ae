"""The desk's own wording of messages to colleagues; what ships with Keuring stands in service/messages/shipped.py."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from keuring_collector.desk.models import Staff


class MessageTemplate(models.Model):
    """A template of the desk, in both languages. It stands before the shipped one of the same ``key``.

    ``removed``: the desk does not want the shipped one.
    """

    key = models.SlugField(max_length=40, unique=True)
    name_nl = models.CharField(max_length=60, blank=True)
    subject_nl = models.CharField(max_length=120, blank=True)
    body_nl = models.TextField(blank=True)
    name_en = models.CharField(max_length=60, blank=True)
    subject_en = models.CharField(max_length=120, blank=True)
    body_en = models.TextField(blank=True)
    removed = models.BooleanField(default=False)
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(Staff, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering: ClassVar = ["key"]

    def __str__(self) -> str:
        return self.key
