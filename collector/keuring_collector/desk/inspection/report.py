"""A report: what an inspection found, in both languages, as it is kept: texts alone, so it never reads otherwise."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import get_language, gettext, override

from keuring.reasons import told
from keuring.signals import catalogue
from keuring_collector.desk import signals, texts, wording
from keuring_collector.desk.inspection import items
from keuring_collector.desk.measures import measure_of
from keuring_collector.desk.models import Ticket, TicketLine
from keuring_collector.store.evidence import named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from keuring_collector.desk.inspection.judging import Fault, Item, Measured, Unmeasured
    from keuring_collector.fleet.models import Endpoint

LANGUAGES: Final = ("nl", "en")
FORM: Final = "1"  # of the content; a reader of old reports goes by it


def content(
    number: str, endpoint: Endpoint, found: Sequence[Item], known: Mapping[int, str], now: datetime, **rest: object
) -> dict[str, Any]:
    """The report as data. ``known`` are facts of the machine by signal id; ``rest`` goes in as it is."""
    department = endpoint.department.name if endpoint.department else ""
    return {
        "form": FORM,
        "number": number,
        "machine": {
            "name": endpoint.host_name,
            "identity": str(endpoint.uuid),
            "department": department,
            "vendor": known.get(catalogue.KEURING_HARDWARE_VENDOR.id, ""),
            "model": known.get(catalogue.KEURING_HARDWARE_MODEL.id, ""),
            "system": f"{known.get(catalogue.OS_NAME.id, '')} {known.get(catalogue.OS_VERSION.id, '')}".strip(),
        },
        **rest,
        "items": [
            {
                "item": item.name,
                "outcome": item.outcome.value,
                **{language: _item(item, endpoint, language, now) for language in LANGUAGES},
            }
            for item in found
        ],
    }


def digest(content: Mapping[str, Any]) -> str:
    """The SHA-256 of a report's content in one fixed spelling, hexadecimal."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _item(item: Item, endpoint: Endpoint, language: str, now: datetime) -> dict[str, Any]:
    with override(language):
        return {
            "label": items.label(item.name),
            "faults": [_fault(fault, endpoint, language, now) for fault in item.faults],
            "measured": [_measured(each, now) for each in item.measured],
            "unmeasured": _unmeasured(item.unmeasured),
        }


def _fault(fault: Fault, endpoint: Endpoint, language: str, now: datetime) -> dict[str, str]:
    line = line_of(fault, endpoint)
    return {
        "outcome": fault.outcome.value,
        "what": texts.title(line, fault.rule, language, now),
        "why": texts.why(line, measure_of(fault.rule), language, now),
        "since": wording.day(line.since, now),
        "advice": " ".join(texts.advice(line, fault.rule, language, now)),
    }


def line_of(fault: Fault, endpoint: Endpoint) -> TicketLine:
    """The finding as a line that was never saved, so that it is worded as tickets are."""
    finding = fault.finding
    evidence = [named(item) for item in finding.evidence]

    def moment(seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, UTC)

    expected = finding.expected
    return TicketLine(
        ticket=Ticket(endpoint=endpoint, cause=fault.rule.cause, severity=int(finding.severity)),
        rule=fault.rule.id,
        subject=finding.subject,
        severity=int(finding.severity),
        since=moment(finding.since),
        judged_at=moment(finding.at),
        expected_at=moment(expected.at) if expected else None,
        expected_low=moment(expected.low) if expected else None,
        expected_high=moment(expected.high) if expected else None,
        evidence=evidence,
        evidence_now=evidence,
    )


def _measured(each: Measured, now: datetime) -> dict[str, str]:
    label = signals.label(each.signal)
    if each.ahead is not None:
        value = wording.distance(now + timedelta(seconds=each.ahead), now)
    else:
        value = wording.reading(each.value, each.signal, now, "fact")
    limit = ""
    if each.limit is not None:
        bound = wording.reading(each.limit, each.signal, now, "limit")
        template = gettext("at most %(limit)s") if each.comparison == "above" else gettext("at least %(limit)s")
        limit = template % {"limit": bound}
    return {"what": f"{label} ({each.subject})" if each.subject else label, "value": value, "limit": limit}


def _unmeasured(found: Sequence[Unmeasured]) -> list[dict[str, str]]:
    """What could not be looked at, together by the reason, which agents send in English."""
    said = told((get_language() or "nl")[:2])
    reasons: dict[str, list[str]] = {}
    for each in found:
        reasons.setdefault(each.reason, []).append(signals.label(each.signal))
    return [
        {"what": ", ".join(dict.fromkeys(names)), "reason": said(reason) or gettext("never reported by this machine")}
        for reason, names in sorted(reasons.items())
    ]
