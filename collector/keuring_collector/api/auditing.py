"""Who did and looked at what, and whether the chain of it holds."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest  # noqa: TC002 - ninja asks for it
from django.utils import timezone
from ninja import Query, Router, Schema
from pydantic import AwareDatetime, Field

from keuring_collector.api import auth
from keuring_collector.api.bodies import NO_NUL
from keuring_collector.api.schemas import ERRORS
from keuring_collector.desk import audit, audit_chain
from keuring_collector.desk.models import AuditEntry

router = Router(tags=["audit"])
MOST = 1000
Text = Annotated[str, Query(max_length=200, pattern=NO_NUL)]


class Entry(Schema):
    """One thing that somebody did or looked at; no actor: Keuring itself, or a colleague."""

    sequence: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class Checked(Schema):
    """What a look at the whole chain came to: up to which entry, and the first that does not fit."""

    until: int
    broken_at: int | None
    why: str


class Asked(Schema):
    """What is looked for; empty: everything."""

    actor: Text = ""
    action: Text = ""
    subject: Text = ""
    since: AwareDatetime | None = None
    after: int = Field(0, ge=0, le=2**63 - 1)


@router.get("/audit", auth=auth.AUDIT, response={200: list[Entry], **ERRORS}, operation_id="list_audit")
def entries(request: HttpRequest, asked: Query[Asked]) -> list[Entry]:
    """The entries in order, at most a thousand; go on with ``after``, the last ``sequence``."""
    del request
    audit.flush()
    wanted: dict[str, Any] = {"actor": asked.actor, "action": asked.action, "subject": asked.subject}
    found = AuditEntry.objects.filter(sequence__gt=asked.after, **{name: text for name, text in wanted.items() if text})
    if asked.since is not None:
        found = found.filter(at__gte=asked.since)
    return [
        Entry(
            sequence=each.sequence, at=each.at, actor=each.actor, action=each.action, subject=each.subject,
            detail=dict(each.told),
        )
        for each in found.order_by("sequence")[:MOST]
    ]  # fmt: skip


@router.post("/audit/check", auth=auth.PRIVACY, response={200: Checked, **ERRORS}, operation_id="check_audit")
def check(request: HttpRequest) -> Checked:
    """Checks the chain now."""
    audit.flush()
    found = audit_chain.check_and_note(timezone.now())
    audit.record(auth.staff_of(request), "audit.checked", detail={"until": found.until, "broken_at": found.broken_at})
    return Checked(until=found.until, broken_at=found.broken_at, why=found.why)
