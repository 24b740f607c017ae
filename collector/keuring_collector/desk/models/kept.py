"""What was counted over the whole fleet, kept because counting takes long."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class Kept(models.Model):
    """The answer to a question over all machines that somebody may see (see desk.kept), as it was last counted.

    ``departments``: of which, their numbers in order with commas between; "all": of everybody. ``seconds``: what
    counting took.
    """

    question = models.CharField(max_length=20)
    about = models.CharField(max_length=256, blank=True)
    departments = models.TextField()
    content = models.JSONField()
    seconds = models.FloatField()
    made_at = models.DateTimeField()
    asked_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["question", "about", "departments"], name="one_kept_answer")
        ]
