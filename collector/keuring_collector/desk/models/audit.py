"""Who did and looked at what: rows that are only ever added, each with a hash over the one before it."""

from __future__ import annotations

import json
from typing import Any, ClassVar, NoReturn

from django.db import models


class AuditQuerySet(models.QuerySet["AuditEntry"]):
    """Rows to read; nothing in the program changes them."""

    def update(self, **_: Any) -> NoReturn:
        """Refused."""
        raise TypeError("the audit is only added to")


class AuditEntry(models.Model):
    """One thing that somebody did or saw.

    ``actor`` and ``subject`` are names as they were, not references: what they name may go. ``detail`` is JSON as it
    was hashed, text and not a JSON column, which may give back something else than it got. ``digest`` is the hash
    (SHA-256, hexadecimal) over the digest of the entry before and all of this one; see desk/audit_chain.py.
    """

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    actor = models.CharField(max_length=150, blank=True, db_index=True)
    action = models.CharField(max_length=40, db_index=True)
    subject = models.CharField(max_length=200, blank=True)
    detail = models.TextField(default="{}")
    digest = models.CharField(max_length=64)

    objects = AuditQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["subject", "-sequence"], name="audit_subject")]

    @property
    def told(self) -> dict[str, Any]:
        """The detail; empty when somebody made it something else than JSON."""
        try:
            value = json.loads(self.detail)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    def delete(self, *_: Any, **__: Any) -> NoReturn:
        """Refused."""
        raise TypeError("the audit is only added to")


class AuditHead(models.Model):
    """The two ends of the chain, in one row that whoever adds to it holds.

    ``base_*`` is the last entry that was let go of when its time was over; ``checked_*`` what the last check found.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    base_sequence = models.BigIntegerField(default=0)
    base_digest = models.CharField(max_length=64, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    checked_until = models.BigIntegerField(default=0)
    broken_at = models.BigIntegerField(null=True, blank=True)
    broken_why = models.CharField(max_length=20, blank=True)
