"""Issuing reports: when a machine is due, and writing one down for good."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.db.models import Case, DateField, Exists, OuterRef, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from keuring_collector.desk import audit
from keuring_collector.desk.inspection import report
from keuring_collector.desk.inspection.judging import judge, total
from keuring_collector.desk.models import AuditEntry, Inspection, Quiet
from keuring_collector.fleet.models import Endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff
    from keuring_collector.rulepack import RulePack
    from keuring_collector.store import Store

ISSUED: Final = "report.issued"  # in the audit
AGAIN_DAYS: Final = 30  # after a fail, or when nothing could be measured
AHEAD_DAYS: Final = 30  # a machine is due so long before its report ends
SETTLED: Final = timedelta(days=7)  # a new machine is looked at when it has reported for a week
HEARD: Final = timedelta(days=2)  # a machine that has been silent for longer waits until it is back

Outcome = Inspection.Outcome


class SilentError(Exception):
    """The machine has never reported, so there is nothing to inspect."""


class RestingError(Exception):
    """The machine's colleague objected, and the privacy officer has not answered: nothing of it is judged."""


def due(now: datetime) -> QuerySet[Endpoint]:
    """The machines that are due, the longest first, whether or not they were heard of lately."""
    return due_on(now, now - SETTLED, timezone.localtime(now).date())


def due_on(now: Any, settled: Any, day: Any) -> QuerySet[Endpoint]:
    """The same, for queries that are prepared: machines that enrolled before ``settled`` are due without a report."""
    # One question about each machine in turn. Of two (has it no report, or one that is due) PostgreSQL would read all
    # reports before the first machine.
    current = Inspection.objects.filter(endpoint=OuterRef("pk"), current=True)
    without = Case(
        When(enrolled_at__lte=settled, then=Value(date.min)), default=Value(date.max), output_field=DateField()
    )
    objected = _objections(now).filter(endpoint=OuterRef("pk"))
    return (
        Endpoint.objects.alias(comes=Coalesce(Subquery(current.values("next_due")[:1]), without))
        .filter(~Exists(objected), comes__lte=day, state=Endpoint.State.ACTIVE)
        .select_related("department", "colleague")
        .order_by("enrolled_at", "pk")
    )


def _objections(now: Any) -> QuerySet[Quiet]:
    return Quiet.objects.filter(kind=Quiet.Kind.OBJECTION, ends_at__gt=now)


def issue_due(
    store: Store, pack: RulePack, now: datetime, period_days: int, stop: Callable[[], bool], most: int = 2000
) -> list[Inspection]:
    """Inspects machines that are due and were heard of lately, until there are none, ``most`` are done or ``stop``."""
    issued: list[Inspection] = []
    heard = (now - HEARD).timestamp()
    waiting = list(due(now)[: 5 * most])
    heads = store.heads([endpoint.pk for endpoint in waiting])
    for endpoint in waiting:
        if len(issued) >= most or stop():
            break
        head = heads.get(endpoint.pk)
        if head is not None and head.received_at >= heard:
            issued.append(issue(store, pack, endpoint, now, period_days))
    return issued


def issue(
    store: Store, pack: RulePack, endpoint: Endpoint, now: datetime, period_days: int, by: Staff | None = None
) -> Inspection:
    """Inspects a machine and writes the report down. Raises SilentError when it has never reported, and RestingError
    while an objection is open.
    """
    if _objections(now).filter(endpoint=endpoint).exists():
        raise RestingError
    found = judge(store, pack, endpoint.pk)
    if not found:
        raise SilentError
    known = {fact.signal: str(fact.value) for fact in store.facts(endpoint.pk) if not fact.subject and fact.value}
    outcome = total(found)
    valid_until, next_due = _dates(outcome, timezone.localtime(now).date(), period_days)
    with transaction.atomic():
        Endpoint.objects.select_for_update().get(pk=endpoint.pk)  # two who inspect it at once do so one after the other
        before = Inspection.objects.select_for_update().filter(endpoint=endpoint, current=True).first()
        if before is not None:
            Inspection.objects.filter(pk=before.pk).update(current=False)
        made = Inspection.objects.create(
            endpoint=endpoint, issued_at=now, issued_by=by, outcome=outcome, valid_until=valid_until, next_due=next_due
        )
        made.content = report.content(
            made.number, endpoint, found, known, now,
            outcome=outcome.value,
            issued=timezone.localtime(now).date().isoformat(),
            valid_until=valid_until.isoformat() if valid_until else "",
            next_due=next_due.isoformat(),
            rules=pack.version,
            previous=_previous(before),
        )  # fmt: skip
        made.digest = report.digest(made.content)
        made.save(update_fields=["content", "digest"])
        audit.record_now(by, ISSUED, made.subject, {"digest": made.digest, "machine": endpoint.host_name})
    return made


def _dates(outcome: Outcome, today: date, period_days: int) -> tuple[date | None, date]:
    """Until when the report is valid, and when the machine is due again."""
    if outcome in (Outcome.FAIL, Outcome.UNMEASURABLE):
        return None, today + timedelta(days=min(AGAIN_DAYS, period_days))
    until = today + timedelta(days=period_days)
    return until, max(until - timedelta(days=AHEAD_DAYS), today + timedelta(days=1))


def _previous(before: Inspection | None) -> dict[str, Any]:
    """What the report is compared with."""
    if before is None:
        return {}
    items: Sequence[Any] = before.content["items"]
    return {
        "number": before.number,
        "issued": before.content["issued"],
        "outcome": before.outcome,
        "items": {item["item"]: item["outcome"] for item in items},
    }


def is_unchanged(inspection: Inspection) -> bool:
    """Whether a report still says what was issued: its content, its digest, and that in the chain of the audit agree.

    An entry that the audit has let go of by age no longer speaks against it.
    """
    if report.digest(inspection.content) != inspection.digest:
        return False
    noted = AuditEntry.objects.filter(action=ISSUED, subject=inspection.subject).first()
    return noted is None or json.loads(noted.detail)["digest"] == inspection.digest
