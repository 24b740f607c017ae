"""The chain of the audit: adding to it, checking it, and letting go of its oldest part.

Each digest is a SHA-256 over the digest before it and the whole entry, so that whoever changes, removes or puts in a
row must write anew all that follow. The head row knows the last one, so that rows cut off at the end are missed too;
and the daily check logs the head, which keeps a copy outside the database.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from typing import TYPE_CHECKING, Final

import structlog
from django.db import transaction

from keuring_collector.desk.models.audit import AuditEntry, AuditHead

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from keuring_collector.desk.audit import Entry

log = structlog.get_logger(__name__)
CHANGED, MISSING, CUT, ADDED = "changed", "missing", "cut", "added"
AT_ONCE: Final = 5000


@dataclass(frozen=True, slots=True)
class Check:
    """What a check found. ``broken_at``: the first entry where the chain does not hold, and ``why``: that entry was
    ``changed``, one or more before it are ``missing``, the end was ``cut`` off, or entries were ``added`` behind it.
    """

    entries: int
    until: int
    digest: str
    broken_at: int | None = None
    why: str = ""


def digest_of(before: str, sequence: int, entry: Entry | AuditEntry) -> str:
    """The digest of an entry that stands behind one with the digest ``before``."""
    at = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    parts = [before, sequence, at, entry.actor, entry.action, entry.subject, entry.detail]
    return sha256(json.dumps(parts, ensure_ascii=True, separators=(",", ":")).encode()).hexdigest()


def append(entries: Sequence[Entry]) -> None:
    """Adds entries at the end, all or none. Whoever else wants to add waits meanwhile."""
    with transaction.atomic():
        head = _held()
        rows = []
        for entry in entries:
            head.sequence += 1
            head.digest = digest_of(head.digest, head.sequence, entry)
            rows.append(AuditEntry(sequence=head.sequence, digest=head.digest, **entry._asdict()))
        AuditEntry.objects.bulk_create(rows)
        head.save(update_fields=["sequence", "digest"])


def _held() -> AuditHead:
    AuditHead.objects.get_or_create(id=1)
    return AuditHead.objects.select_for_update().get(id=1)


def check() -> Check:
    """Reads the whole chain. Writers go on meanwhile; what comes behind the head as read is for next time."""
    head = AuditHead.objects.filter(id=1).first() or AuditHead()
    before, at, count = head.base_digest, head.base_sequence, 0
    while at < head.sequence:
        rows = list(
            AuditEntry.objects.filter(sequence__gt=at, sequence__lte=head.sequence).order_by("sequence")[:AT_ONCE]
        )
        if not rows:
            return Check(count, at, before, at + 1, CUT)
        for row in rows:
            if row.sequence != at + 1:
                return Check(count, at, before, at + 1, MISSING)
            before = digest_of(before, row.sequence, row)
            if before != row.digest:
                return Check(count, at, before, row.sequence, CHANGED)
            at, count = row.sequence, count + 1
    if before != head.digest:
        return Check(count, at, before, at, CHANGED)
    stray = AuditEntry.objects.filter(sequence__lte=head.base_sequence).order_by("sequence").first()
    if stray is not None:
        return Check(count, at, before, stray.sequence, ADDED)
    return Check(count, at, before)


def check_and_note(now: datetime) -> Check:
    """Checks the chain, keeps what was found for the page, and logs it."""
    found = check()
    AuditHead.objects.get_or_create(id=1)
    AuditHead.objects.filter(id=1).update(
        checked_at=now, checked_until=found.until, broken_at=found.broken_at, broken_why=found.why
    )
    if found.broken_at is not None:
        log.error("the audit is broken", entry=found.broken_at, why=found.why)
    else:
        log.info("the audit holds", entries=found.entries, until=found.until, digest=found.digest)
    return found


def expire(before: datetime) -> int:
    """Lets go of entries older than ``before``, the oldest first; what stays can be checked. Returns how many went."""
    with transaction.atomic():
        head = _held()
        first_kept = AuditEntry.objects.filter(at__gte=before).order_by("sequence").first()
        last = (first_kept.sequence if first_kept else head.sequence + 1) - 1
        if last <= head.base_sequence:
            return 0
        gone = AuditEntry.objects.filter(sequence=last).first()
        if gone is None:  # the chain is broken there; what is left is evidence
            return 0
        count, _ = AuditEntry.objects.filter(sequence__lte=last).delete()
        head.base_sequence, head.base_digest = last, gone.digest
        head.save(update_fields=["base_sequence", "base_digest"])
    return count
