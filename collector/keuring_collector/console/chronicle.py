"""A ticket's history as sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import pgettext, pgettext_lazy

from keuring_collector.desk import wording
from keuring_collector.desk.models import Ticket, TicketHistory
from keuring_collector.desk.prepared import prepared

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet
    from django.utils.functional import _StrPromise

Kind = TicketHistory.Kind
_READ: Final = ("ticket", "at", "kind", "detail", "actor__first_name", "actor__username")


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
    return [_entry(item, now) for item in _of_ticket(ticket.pk)][::-1]


@prepared
def _of_ticket(ticket: Any) -> QuerySet[TicketHistory]:
    return TicketHistory.objects.filter(ticket=ticket).select_related("actor").only(*_READ)


def _entry(item: TicketHistory, now: datetime) -> Entry:
    who = (item.actor.first_name or item.actor.get_username()) if item.actor else "Keuring"
    detail: dict[str, Any] = item.detail
    what = _what(TicketHistory.Kind(item.kind), detail, now)
    if detail.get("subject"):
        what = f"{what}: {detail['subject']}"
    return Entry(item.at, who, item.kind, what, str(detail.get("text") or detail.get("reason") or ""))


_PLAIN: Final[Mapping[Kind, _StrPromise]] = {
    Kind.OPENED: pgettext_lazy("history", "opened the ticket"),
    Kind.LINE: pgettext_lazy("history", "added a finding"),
    Kind.CLEARED: pgettext_lazy("history", "saw a finding clear"),
    Kind.WORSENED: pgettext_lazy("history", "saw it become more urgent (%(severity)s)"),
    Kind.MOVED: pgettext_lazy("history", "moved the expected date to %(day)s"),
    Kind.TAKEN: pgettext_lazy("history", "took the ticket"),
    Kind.PLANNED: pgettext_lazy("history", "planned it for %(day)s"),
    Kind.SNOOZED: pgettext_lazy("history", "snoozed it until %(day)s"),
    Kind.RESTED: pgettext_lazy("history", "put it to rest: the colleague objected"),
    Kind.WENT_ON: pgettext_lazy("history", "let it go on: the objection was refused"),
    Kind.WOKE: pgettext_lazy("history", "brought it back from snooze"),
    Kind.RESOLVED: pgettext_lazy("history", "resolved it (verdict: %(verdict)s)"),
    Kind.DISMISSED: pgettext_lazy("history", "dismissed it (verdict: %(verdict)s)"),
    Kind.JUDGED: pgettext_lazy("history", "judged it afterwards (verdict: %(verdict)s)"),
    Kind.CLOSED_ITSELF: pgettext_lazy("history", "closed the ticket: the cause is gone"),
    Kind.REOPENED: pgettext_lazy("history", "opened the ticket again"),
    Kind.NOTE: pgettext_lazy("history", "wrote"),
    Kind.MESSAGE: pgettext_lazy("history", "sent a message to %(whom)s"),
    Kind.ASSIGNED: pgettext_lazy("history", "gave the ticket to %(whom)s"),
    Kind.RELEASED: pgettext_lazy("history", "let go of the ticket"),
    Kind.LINE_SNOOZED: pgettext_lazy("history", "snoozed a finding until %(day)s"),
    Kind.LINE_WOKE: pgettext_lazy("history", "brought a finding back from snooze"),
    Kind.FILE: pgettext_lazy("history", "added the file %(name)s"),
    Kind.FILE_REMOVED: pgettext_lazy("history", "removed the file %(name)s"),
    Kind.LINKED: pgettext_lazy("history", "linked it to %(number)s"),
    Kind.UNLINKED: pgettext_lazy("history", "removed the link to %(number)s"),
    Kind.MERGED: pgettext_lazy("history", "merged it into ticket %(other)s"),
    Kind.TOOK_IN: pgettext_lazy("history", "merged ticket %(other)s into this one"),
    Kind.JOINED: pgettext_lazy("history", "put it together with others"),
    Kind.LEFT: pgettext_lazy("history", "let it stand alone again"),
    Kind.UNDONE: pgettext_lazy("history", "took that back (%(what)s)"),
}


def _what(kind: Kind, detail: Mapping[str, Any], now: datetime) -> str:
    verdict = detail.get("verdict", "")
    words = {
        "severity": _severity(detail.get("to")),
        "day": _day(detail.get("day") or detail.get("until") or detail.get("to"), now),
        "verdict": str(Ticket.Verdict(verdict).label) if verdict in Ticket.Verdict.values else "–",
        "who": str(detail.get("from", "")),
        "whom": str(detail.get("to", "")),
        "what": _kind_of(detail.get("what")),
        **{name: str(detail.get(name, "")) for name in ("name", "number", "other")},
    }
    if kind is Kind.TAKEN and words["who"]:
        return pgettext("history", "took the ticket over from %(who)s") % words
    if kind is Kind.JUDGED and detail.get("from") in Ticket.Verdict.values:
        words["before"] = str(Ticket.Verdict(detail["from"]).label)
        return pgettext("history", "changed the verdict from %(before)s to %(verdict)s") % words
    return str(_PLAIN[kind]) % words


def _kind_of(value: Any) -> str:
    return str(Kind(value).label) if value in Kind.values else "–"


def _severity(value: Any) -> str:
    return str(Ticket.Severity(value).label) if value in Ticket.Severity.values else "?"


def _day(value: Any, now: datetime) -> str:
    """A day as it was written down: a date as text by people, a moment in seconds by Keuring."""
    if isinstance(value, int | float):
        return wording.day(datetime.fromtimestamp(value, UTC), now)
    try:
        return wording.day(date.fromisoformat(str(value)[:10]), now)
    except ValueError:
        return str(value)
