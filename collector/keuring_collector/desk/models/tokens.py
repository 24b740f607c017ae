"""Tokens with which programs speak for somebody of the desk."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk.models.staff import Staff


class ApiToken(models.Model):
    """A program's right to do what its owner may, as far as its scopes go. Of the secret only the SHA-256 is kept.

    ``scopes`` are separated by spaces. ``last_used_on`` is a day: finer would tell when somebody's programs run.
    """

    class Scope(models.TextChoices):
        """What a token is for."""

        READ = "read", _("read tickets, machines, departments, rules and articles")
        SIGNALS = "signals", _("read the history of a machine's signals")
        ACT = "act", _("work on tickets")
        PRIVACY = "privacy", _("answer objections, and export all that is kept of a colleague")

    id = models.CharField(max_length=16, primary_key=True)
    secret_hash = models.BinaryField(max_length=32)
    owner = models.ForeignKey(Staff, on_delete=models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=80)
    scopes = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at"]

    @property
    def scope_set(self) -> frozenset[str]:
        """The scopes, as a set."""
        return frozenset(self.scopes.split())

    @property
    def scope_labels(self) -> list[str]:
        """The scopes in words."""
        return [str(scope.label) for scope in self.Scope if scope in self.scope_set]
