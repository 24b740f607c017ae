"""A ticket's history as sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.utils.translation import ngettext, pgettext

from keuring_collector.desk import wording
from keuring_collector.desk.models import Ticket, TicketHistory

Kind = TicketHistory.Kind


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: who did it, what, and what they wrote."""

    at: datetime
    who: str
    kind: str
    what: str
    text: str


def entries(ticket: Ticket, now: datetime) -> list[Entry]:
    """The history of a ticket, newest first, in the language in force."""
    told = [_entry(item, now) for item in ticket.history.select_related("actor")]
    return told[::-1]


def _entry(item: TicketHistory, now: datetime) -> Entry:
    who = (item.actor.first_name or item.actor.get_username()) if item.actor else "Keuring"
    detail: dict[str, Any] = item.detail
    what = _what(TicketHistory.Kind(item.kind), detail, now)
    if detail.get("subject"):
        what = f"{what}: {detail['subject']}"
    return Entry(item.at, who, item.kind, what, str(detail.get("text") or detail.get("reason") or ""))


def _what(kind: TicketHistory.Kind, detail: dict[str, Any], now: datetime) -> str:
    verdict = detail.get("verdict", "")
    judged = str(Ticket.Verdict(verdict).label) if verdict in Ticket.Verdict.values else ""
    match kind:
        case Kind.OPENED:
            return pgettext("history", "opened the ticket")
        case Kind.LINE:
            return pgettext("history", "added a finding")
        case Kind.CLEARED:
            return pgettext("history", "saw a finding clear")
        case Kind.WORSENED:
            return pgettext("history", "saw it become more urgent (%(to)s)") % {"to": _severity(detail.get("to"))}
        case Kind.MOVED:
            return pgettext("history", "moved the expected date to %(day)s") % {"day": _stamp(detail.get("to"), now)}
        case Kind.TAKEN:
            before = detail.get("from")
            return (
                pgettext("history", "took the ticket over from %(who)s") % {"who": before}
                if before
                else pgettext("history", "took the ticket")
            )
        case Kind.PLANNED:
            return pgettext("history", "planned it for %(day)s") % {"day": _day(detail.get("day"), now)}
        case Kind.SNOOZED:
            return pgettext("history", "snoozed it until %(day)s") % {"day": _day(detail.get("until"), now)}
        case Kind.WOKE:
            return pgettext("history", "brought it back from snooze")
        case Kind.RESOLVED:
            return pgettext("history", "resolved it (verdict: %(verdict)s)") % {"verdict": judged or "–"}
        case Kind.DISMISSED:
            return pgettext("history", "dismissed it (verdict: %(verdict)s)") % {"verdict": judged or "–"}
        case Kind.CLOSED_ITSELF:
            return pgettext("history", "closed the ticket: the cause is gone")
        case Kind.REOPENED:
            return pgettext("history", "opened the ticket again")
        case Kind.NOTE:
            return pgettext("history", "wrote")


def _severity(value: Any) -> str:
    return str(Ticket.Severity(value).label) if value in Ticket.Severity.values else "?"


def _day(text: Any, now: datetime) -> str:
    try:
        return wording.day(date.fromisoformat(str(text)[:10]), now)
    except ValueError:
        return str(text)


def _stamp(value: Any, now: datetime) -> str:
    return wording.day(datetime.fromtimestamp(value, UTC), now) if isinstance(value, int | float) else _day(value, now)


def reopened(ticket: Ticket) -> str:
    """How often a ticket came back, in words; empty when it never did."""
    if not ticket.reopened:
        return ""
    return ngettext("came back %(n)s time", "came back %(n)s times", ticket.reopened) % {"n": ticket.reopened}
