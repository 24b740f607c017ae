"""Making reports of weeks and months that are over, and keeping them as they were issued."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import override

from keuring_collector.desk import audit
from keuring_collector.fleet.models import Endpoint
from keuring_collector.service.it_report.around import Around, begin, earlier
from keuring_collector.service.it_report.sections import SECTIONS
from keuring_collector.service.models import ItReport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from django.db.models import QuerySet

    from keuring_collector.desk.models import Staff
    from keuring_collector.rulepack import RulePack
    from keuring_collector.store import Store

LANGUAGES: Final = ("nl", "en")
FORM: Final = "1"  # of the content; a reader of old reports goes by it


def seen_by(staff: Staff) -> QuerySet[ItReport]:
    """The reports that somebody may see: all, or none for those who see some departments only, for a report is of the
    whole organisation.
    """
    return ItReport.objects.none() if staff.limited else ItReport.objects.all()


def issue_due(store: Store, pack: RulePack, now: datetime, prices: Mapping[str, float]) -> list[ItReport]:
    """Issues the last week and the last month that are over, where there is no report of them yet.

    A period that was over before the first machine came has none.
    """
    today = timezone.localtime(now).date()
    first = Endpoint.objects.order_by("enrolled_at").values_list("enrolled_at", flat=True).first()
    made = []
    for kind in ItReport.Kind.values:
        ends = begin(kind, today)
        starts = earlier(kind, ends)
        if first is None or timezone.localtime(first).date() >= ends:
            continue
        if not ItReport.objects.filter(kind=kind, starts=starts).exists():
            made.append(issue(store, pack, kind, starts, ends, now, prices))
    return made


def issue(
    store: Store, pack: RulePack, kind: str, starts: date, ends: date, now: datetime, prices: Mapping[str, float]
) -> ItReport:
    """Makes the report of one period and writes it down; one that is there already stays as it is."""
    around = Around(store, pack, kind, starts, ends, now, prices)
    content = {
        "form": FORM, "kind": kind, "starts": starts.isoformat(), "ends": ends.isoformat(),
        "machines": len(around.machines), **{language: _told(around, language) for language in LANGUAGES},
    }  # fmt: skip
    with transaction.atomic():
        made, is_new = ItReport.objects.get_or_create(
            kind=kind, starts=starts,
            defaults={"ends": ends, "issued_at": now, "content": content, "digest": digest(content)},
        )  # fmt: skip
        if is_new:
            audit.record_now(None, "it_report.issued", subject(made), {"digest": made.digest})
    return made


def _told(around: Around, language: str) -> list[dict[str, Any]]:
    with override(language):
        return [
            {"name": section.name, "title": str(section.title), **section.make(around).told()} for section in SECTIONS
        ]


def digest(content: Mapping[str, Any]) -> str:
    """The SHA-256 of a report's content in one fixed spelling, hexadecimal."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def subject(report: ItReport) -> str:
    """What the audit calls it."""
    return f"it-report/{report.number}"


def is_unchanged(report: ItReport) -> bool:
    """Whether it still says what was issued."""
    return digest(report.content) == report.digest
