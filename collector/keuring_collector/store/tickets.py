"""What findings do to tickets, in the transaction that keeps the report they came from.

One open ticket per endpoint and cause; its lines are the findings. The rules of its life:

- a finding that opens joins the open ticket of its cause; without one, a ticket that was resolved within the last
  fourteen days is opened again, and else a new one is made. A dismissed ticket stays dismissed unless the finding is
  graver than what was dismissed;
- a finding that continues refreshes its line, wakes a snoozed ticket when it became graver, and opens a ticket again
  that somebody resolved more than a day ago while it is still true;
- a finding that clears ends its line; when no line is left, a ticket that no person touched closes itself;
- a line that a person snoozed does not count until it becomes graver than it was then; when every line of a new ticket
  is snoozed, so is the ticket;
- findings of a cause whose ticket was merged into another join that other one.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from keuring_collector.engine.model import Change, Finding, Severity
from keuring_collector.store import waiting
from keuring_collector.store.evidence import as_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from keuring_collector.store.connection import Connection
    from keuring_collector.store.holds import Hold, Holds

DAY: Final = 86400.0
RECURRENCE: Final = 14 * DAY  # a ticket that was resolved less long ago is opened again
STILL_TRUE: Final = 1 * DAY  # how long a person's "resolved" is believed while the finding stays true
MOVED: Final = 7 * DAY  # by how much an expected date must move to be worth a line in the history
OPEN: Final = ("new", "planned", "snoozed")


@dataclass(frozen=True, slots=True)
class TicketRule:
    """What a ticket needs to know of a rule.

    A rule that ``tickets`` is False for opens none; neither does a finding that is milder than ``ticket_from``, and a
    line whose finding has become so ends.
    """

    cause: str
    tickets: bool
    ticket_from: Severity = Severity.WATCH


@dataclass(slots=True)
class _Ticket:
    id: int
    state: str
    severity: int
    touched: bool
    closed_at: float | None
    dismissed_severity: int | None
    key: str = ""
    merged_into: int | None = None
    asleep_by_lines: bool = False


_COLUMNS: Final = "id, state, severity, touched, closed_at, dismissed_severity, key, merged_into_id, asleep_by_lines"


def ticket_key(endpoint: int, cause: str) -> str:
    """What is unique among open tickets: a short hash of endpoint and cause."""
    return hashlib.blake2b(f"{endpoint}/{cause}".encode(), digest_size=20).hexdigest()


def apply(
    connection: Connection,
    findings: Iterable[Finding],
    rules: Mapping[str, TicketRule],
    now: float,
    received: Mapping[tuple[int, float], float] | None = None,
    holds: Holds | None = None,
) -> dict[str, int]:
    """Opens, changes and closes tickets as ``findings`` say, window by window, so that it does not matter how windows
    were put together into batches.

    ``received`` gives the receive time of each window by its (endpoint, end); ``now`` is that of any other.
    ``holds`` says what may not open a ticket now; such findings wait (store.waiting).
    Returns how often each of "opened", "reopened" and "closed_itself" happened.
    """
    groups: dict[tuple[float, int, str], list[Finding]] = {}
    for finding in findings:
        rule = rules.get(finding.rule)
        if rule is not None and rule.tickets:
            told = finding if finding.severity >= rule.ticket_from else replace(finding, change=Change.CLEARED)
            groups.setdefault((finding.at, finding.endpoint, rule.cause), []).append(told)
    times = received or {}
    counts: dict[str, int] = {}
    for at, endpoint, cause in sorted(groups, key=lambda group: group[0]):
        work = _Work(connection, endpoint, cause, times.get((endpoint, at), now), holds)
        for finding in groups[at, endpoint, cause]:
            work.take(finding)
        work.finish()
        for change in work.changes:
            counts[change] = counts.get(change, 0) + 1
    return counts


def standing(connection: Connection, endpoint: int) -> list[tuple[str, str, float, int]]:
    """The findings of an endpoint that are told to be true: (rule, subject, since, severity), also those that wait.

    Those of closed tickets too, from the newest that has them: what goes on after somebody dismissed it is no news.
    """
    rows = connection.execute(
        "SELECT l.rule, l.subject, l.since, l.severity FROM desk_ticketline l JOIN desk_ticket t ON t.id = l.ticket_id "
        "WHERE t.endpoint_id = ? AND l.active = ? "
        "ORDER BY CASE WHEN t.closed_at IS NULL THEN 1 ELSE 0 END, t.closed_at, t.id",
        (endpoint, True),
    )
    waiting = connection.execute(
        "SELECT rule, subject, since, severity FROM desk_waiting WHERE endpoint_id = ?", (endpoint,)
    )
    newest = {
        (rule, subject): (connection.time(since) or 0.0, severity)
        for rule, subject, since, severity in [*rows, *waiting]
    }
    return [(*key, *newest[key]) for key in sorted(newest)]


def withdraw(connection: Connection, endpoint: int, rule: str, subject: str, now: float) -> None:
    """Ends a line whose rule is no more; a ticket without other lines that nobody touched closes itself."""
    waiting.drop(connection, endpoint, rule, subject)
    causes = connection.execute(
        "SELECT t.cause FROM desk_ticketline l JOIN desk_ticket t ON t.id = l.ticket_id WHERE t.endpoint_id = ? "
        "AND t.state IN ('new', 'planned', 'snoozed') AND l.rule = ? AND l.subject = ? AND l.active = ?",
        (endpoint, rule, subject, True),
    )
    for (cause,) in causes:
        gone = Finding(Change.CLEARED, rule, endpoint, subject, now, now, Severity.WATCH)
        apply(connection, [gone], {rule: TicketRule(cause, tickets=True)}, now)


class _Work:
    """The ticket of one endpoint and cause while findings are applied to it."""

    def __init__(
        self, connection: Connection, endpoint: int, cause: str, now: float, holds: Holds | None = None
    ) -> None:
        self.holds = holds
        self.connection = connection
        self.endpoint = endpoint
        self.cause = cause
        self.now = now
        self.changes: list[str] = []
        self.key = ticket_key(endpoint, cause)
        self.ticket = self._latest()
        self.dirty = False

    def _latest(self) -> _Ticket | None:
        ticket = self._one(
            "endpoint_id = ? AND cause = ? ORDER BY CASE WHEN closed_at IS NULL THEN 0 ELSE 1 END, "
            "closed_at DESC, id DESC",
            self.endpoint, self.cause,
        )  # fmt: skip
        if ticket is None or ticket.merged_into is None:
            return ticket
        host = self._one("id = ?", ticket.merged_into)
        if host is None or host.closed_at is None:
            return host or ticket
        # The one that took it in is closed; its own cause may have a newer ticket by now.
        return self._one("key = ? AND closed_at IS NULL", host.key) or host

    def _one(self, condition: str, *values: Any) -> _Ticket | None:
        lock = " FOR UPDATE" if self.connection.vendor == "postgresql" else ""  # against what people do meanwhile
        rows = self.connection.execute(f"SELECT {_COLUMNS} FROM desk_ticket WHERE {condition} LIMIT 1{lock}", values)
        if not rows:
            return None
        identity, state, severity, touched, closed, dismissed, key, merged, asleep = rows[0]
        return _Ticket(
            identity, state, severity, bool(touched), self.connection.time(closed), dismissed, key, merged, bool(asleep)
        )

    @property
    def is_open(self) -> bool:
        return self.ticket is not None and self.ticket.state in OPEN

    def take(self, finding: Finding) -> None:
        if finding.change is Change.CLEARED:
            waiting.drop(self.connection, self.endpoint, finding.rule, finding.subject)
            if self.is_open:
                self._clear(finding)
            elif self.ticket is not None:
                self._end(finding)
            return
        way = "" if self.is_open else self._way(finding)
        if way == "none":
            return
        hold = self._hold(finding)
        if hold is not None:
            waiting.put(self.connection, finding, self.cause, hold, self.now)
            return
        if way:
            self._open(finding, way)
        self._put_line(finding)

    def _way(self, finding: Finding) -> str:
        """What a finding without an open ticket does: "create" or "reopen" one, or "none"."""
        ticket = self.ticket
        if ticket is None or ticket.closed_at is None:
            return "create"
        age = self.now - ticket.closed_at
        if ticket.state == "dismissed":
            # A dismissal holds while the finding goes on, and for a recurrence soon after.
            if finding.change is not Change.CONTINUED and age >= RECURRENCE:
                return "create"
            return "none" if finding.severity <= (ticket.dismissed_severity or 0) else "reopen"
        if finding.change is Change.CONTINUED and age < STILL_TRUE and ticket.touched:
            return "none"
        return "reopen" if age < RECURRENCE or finding.change is Change.CONTINUED else "create"

    def _hold(self, finding: Finding) -> Hold | None:
        """What keeps the finding from joining or opening a ticket; what is a line already goes on."""
        if self.holds is None:
            return None
        hold = self.holds.line(self.endpoint, finding.rule, self.cause, finding.at, self.now)
        if self.is_open:
            return None if hold is None or self._is_line(finding) else hold
        return hold or self.holds.ticket(finding.severity)

    def _is_line(self, finding: Finding) -> bool:
        assert self.ticket is not None  # noqa: S101  # callers made sure
        known = self.connection.execute(
            "SELECT 1 FROM desk_ticketline WHERE ticket_id = ? AND rule = ? AND subject = ? AND active = ?",
            (self.ticket.id, finding.rule, finding.subject, True),
        )
        return bool(known)

    def _open(self, finding: Finding, way: str) -> None:
        """Makes or reopens the ticket that the finding belongs to."""
        if self.holds is not None:
            self.holds.opened()
        if way == "reopen" and self.ticket is not None:
            self._reopen(self.ticket, finding)
            return
        self.ticket = self._create(finding)
        self._history("opened", {"rule": finding.rule, "subject": finding.subject})
        self.changes.append("opened")

    def _create(self, finding: Finding) -> _Ticket:
        moment = self.connection.moment(self.now)
        if self.ticket is not None and self.ticket.key == self.key:  # what goes on is a line of the new ticket
            self.connection.execute(
                "UPDATE desk_ticketline SET active = ? WHERE ticket_id = ? AND active = ?",
                (False, self.ticket.id, True),
            )
        rows = self.connection.execute(
            "INSERT INTO desk_ticket (endpoint_id, cause, key, state, severity, opened_at, updated_at, touched, "
            "dismissal_reason, verdict, reopened) VALUES (?, ?, ?, 'new', ?, ?, ?, ?, '', '', 0) RETURNING id",
            (self.endpoint, self.cause, self.key, int(finding.severity), moment, moment, False),
        )
        return _Ticket(rows[0][0], "new", int(finding.severity), touched=False, closed_at=None, dismissed_severity=None)

    def _reopen(self, ticket: _Ticket, finding: Finding) -> None:
        self.connection.execute(
            "UPDATE desk_ticket SET state = 'new', closed_at = NULL, verdict = '', dismissal_reason = '', "
            "touched = ?, planned_for = NULL, snoozed_until = NULL, asleep_by_lines = ?, reopened = reopened + 1, "
            "severity = ? WHERE id = ?",
            (False, False, int(finding.severity), ticket.id),
        )
        self.connection.execute(
            "UPDATE desk_ticketline SET active = ?, cleared_at = COALESCE(cleared_at, ?), snoozed_until = NULL, "
            "snoozed_severity = NULL WHERE ticket_id = ?",
            (False, self.connection.moment(self.now), ticket.id),
        )
        ticket.state, ticket.closed_at, ticket.touched, ticket.severity = "new", None, False, int(finding.severity)
        ticket.asleep_by_lines = False
        self._history("reopened", {"rule": finding.rule, "subject": finding.subject})
        self.changes.append("reopened")

    def _put_line(self, finding: Finding) -> None:
        assert self.ticket is not None  # noqa: S101  # take() made sure
        evidence = as_json(finding.evidence)
        at, low, high = finding.expected or (None, None, None)
        moment = self.connection.moment
        known = self.connection.execute(
            "SELECT active, expected_at, snoozed_severity FROM desk_ticketline "
            "WHERE ticket_id = ? AND rule = ? AND subject = ?",
            (self.ticket.id, finding.rule, finding.subject),
        )
        self.connection.execute(
            "INSERT INTO desk_ticketline (ticket_id, rule, subject, severity, active, since, judged_at, expected_at, "
            "expected_low, expected_high, evidence, evidence_now) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (ticket_id, rule, subject) DO UPDATE SET severity = excluded.severity, "
            "active = excluded.active, since = excluded.since, judged_at = excluded.judged_at, "
            "cleared_at = NULL, expected_at = excluded.expected_at, expected_low = excluded.expected_low, "
            "expected_high = excluded.expected_high, evidence_now = excluded.evidence_now",
            (
                self.ticket.id, finding.rule, finding.subject, int(finding.severity), True, moment(finding.since),
                moment(finding.at), moment(at), moment(low), moment(high), evidence, evidence,
            ),
        )  # fmt: skip
        self.dirty = True
        what: dict[str, Any] = {"rule": finding.rule, "subject": finding.subject}
        if (not known or not known[0][0]) and "opened" not in self.changes and "reopened" not in self.changes:
            self._history("line", what)
        if not known or not known[0][0]:
            waiting.drop(self.connection, self.endpoint, finding.rule, finding.subject)
        if known and known[0][2] is not None and finding.severity > known[0][2]:
            self._wake_line(finding)
        if known and known[0][0] and at is not None:
            before = self.connection.time(known[0][1])
            if before is not None and abs(at - before) >= MOVED:
                self._history("moved", {**what, "from": before, "to": at})

    def _wake_line(self, finding: Finding) -> None:
        """A snoozed line counts again, because it became graver."""
        assert self.ticket is not None  # noqa: S101  # take() made sure
        self.connection.execute(
            "UPDATE desk_ticketline SET snoozed_until = NULL, snoozed_severity = NULL "
            "WHERE ticket_id = ? AND rule = ? AND subject = ?",
            (self.ticket.id, finding.rule, finding.subject),
        )
        self._history("line_woke", {"rule": finding.rule, "subject": finding.subject, "because": "worsened"})

    def _clear(self, finding: Finding) -> None:
        assert self.ticket is not None  # noqa: S101  # take() made sure
        if not self._is_line(finding):
            return
        self._end(finding)
        self.dirty = True
        self._history("cleared", {"rule": finding.rule, "subject": finding.subject})

    def _end(self, finding: Finding) -> None:
        """The line is over; of a closed ticket nothing else changes."""
        assert self.ticket is not None  # noqa: S101  # callers made sure
        evidence = as_json(finding.evidence)
        moment = self.connection.moment(finding.at)
        self.connection.execute(
            "UPDATE desk_ticketline SET active = ?, cleared_at = ?, judged_at = ?, evidence_now = ? "
            "WHERE ticket_id = ? AND rule = ? AND subject = ? AND active = ?",
            (False, moment, moment, evidence, self.ticket.id, finding.rule, finding.subject, True),
        )

    def finish(self) -> None:
        """Makes the ticket follow its lines: the gravest severity, the nearest date, or its end."""
        if not self.dirty or self.ticket is None:
            return
        lines = self.connection.execute(
            "SELECT severity, expected_at, expected_low, expected_high, snoozed_until FROM desk_ticketline "
            "WHERE ticket_id = ? AND active = ? "
            "ORDER BY CASE WHEN expected_at IS NULL THEN 1 ELSE 0 END, expected_at, id",
            (self.ticket.id, True),
        )
        if lines:
            awake = [line for line in lines if line[4] is None]
            self._follow(awake or lines, asleep=not awake)
        elif not self.ticket.touched:
            now = self.connection.moment(self.now)
            self.connection.execute(
                "UPDATE desk_ticket SET state = 'resolved', closed_at = ?, updated_at = ?, snoozed_until = NULL, "
                "asleep_by_lines = ? WHERE id = ?",
                (now, now, False, self.ticket.id),
            )
            self._history("closed_itself", {})
            self.changes.append("closed_itself")

    def _follow(self, lines: Sequence[Any], *, asleep: bool) -> None:
        """Takes over severity and date of ``lines``; ``asleep``: a person snoozed every one of them."""
        assert self.ticket is not None  # noqa: S101  # finish() made sure
        ticket = self.ticket
        severity = max(line[0] for line in lines)
        worsened = severity > ticket.severity and not asleep
        if worsened:
            self._history("worsened", {"from": ticket.severity, "to": severity})
        state, by_lines = ticket.state, ticket.asleep_by_lines
        if state == "snoozed" and not asleep and (worsened or by_lines):
            state, by_lines = "new", False
            self._history("woke", {"because": "worsened" if worsened else "finding"})
        elif asleep and (state == "new" or by_lines):
            state, by_lines = "snoozed", True
        self.connection.execute(
            "UPDATE desk_ticket SET state = ?, severity = ?, expected_at = ?, expected_low = ?, expected_high = ?, "
            "updated_at = ?, asleep_by_lines = ? WHERE id = ?",
            (state, severity, *lines[0][1:4], self.connection.moment(self.now), by_lines, ticket.id),
        )
        if by_lines or state != "snoozed":
            until = min(line[4] for line in lines) if by_lines else None
            self.connection.execute("UPDATE desk_ticket SET snoozed_until = ? WHERE id = ?", (until, ticket.id))

    def _history(self, kind: str, detail: Mapping[str, Any]) -> None:
        assert self.ticket is not None  # noqa: S101  # callers made sure
        self.connection.execute(
            "INSERT INTO desk_tickethistory (ticket_id, at, kind, detail) VALUES (?, ?, ?, ?)",
            (self.ticket.id, self.connection.moment(self.now), kind, json.dumps(detail)),
        )
