"""What tickets findings would have made, without a database and without people.

The life of a ticket is that of the write path (store.tickets), for tickets that nobody touches: findings of one cause
on one endpoint are lines of one ticket, it closes itself when its last line clears, and a recurrence within fourteen
days opens it again. A test holds the two against each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from keuring_collector.engine.model import Change, Severity
from keuring_collector.store.tickets import MOVED, RECURRENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from keuring_collector.engine.model import Evidence, Expected, Finding


@dataclass(slots=True)
class Line:
    """One finding within a ticket; ``evidence`` as it was when the line was new, ``evidence_now`` as last judged."""

    rule: str
    subject: str
    severity: int
    since: float
    judged_at: float
    expected: Expected | None
    evidence: tuple[Evidence, ...]
    evidence_now: tuple[Evidence, ...]
    first_at: float  # event time at which it was first told
    active: bool = True
    cleared_at: float | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to a ticket: "opened", "reopened", "line", "cleared", "worsened", "moved" or
    "closed_itself", at a receive time.
    """

    at: float
    kind: str
    detail: Mapping[str, Any]


@dataclass(slots=True)
class Ticket:
    """One cause on one endpoint. Opening and closing are receive times, as on the desk; ``closed_at`` None: open."""

    endpoint: int
    cause: str
    severity: int
    opened_at: float
    expected: Expected | None = None
    closed_at: float | None = None
    reopened: int = 0
    lines: dict[tuple[str, str], Line] = field(default_factory=dict)
    story: list[Moment] = field(default_factory=list)

    @property
    def active(self) -> list[Line]:
        """The lines that are true now."""
        return [line for line in self.lines.values() if line.active]

    @property
    def subjects(self) -> frozenset[str]:
        """What it was about, over its whole life."""
        return frozenset(line.subject for line in self.lines.values())


def tickets(
    findings: Iterable[Finding],
    cause: str,
    received: Mapping[float, float],
    least: Severity = Severity.WATCH,
) -> list[Ticket]:
    """The tickets of one cause on one endpoint, oldest first.

    ``findings`` in the order in which they were told; ``received`` says when the window came in that ended at a
    finding's time; a finding milder than ``least`` opens none, and ends its line.
    """
    book = _Book(cause)
    told = (each if each.severity >= least else replace(each, change=Change.CLEARED) for each in findings)
    for at, together in _windows(told):
        book.take(together, received.get(at, at))
    return book.tickets


def _windows(findings: Iterable[Finding]) -> Iterator[tuple[float, list[Finding]]]:
    waiting: list[Finding] = []
    for finding in findings:
        if waiting and waiting[0].at != finding.at:
            yield waiting[0].at, waiting
            waiting = []
        waiting.append(finding)
    if waiting:
        yield waiting[0].at, waiting


class _Book:
    """The tickets of one cause on one endpoint; the last is the one that findings join."""

    def __init__(self, cause: str) -> None:
        self.cause = cause
        self.tickets: list[Ticket] = []
        self._joined = False  # whether the ticket was opened by a finding of this window
        self._dirty = False

    def take(self, findings: list[Finding], now: float) -> None:
        """Applies the findings of one window, which came in at ``now``."""
        self._joined = self._dirty = False
        for finding in findings:
            ticket = self.tickets[-1] if self.tickets else None
            if finding.change is Change.CLEARED:
                if ticket is not None and ticket.closed_at is None:
                    self._clear(ticket, finding, now)
                continue
            if ticket is None or ticket.closed_at is not None:
                ticket = self._open(ticket, finding, now)
            self._put_line(ticket, finding, now)
        if self._dirty:
            self._follow_lines(self.tickets[-1], now)

    def _open(self, last: Ticket | None, finding: Finding, now: float) -> Ticket:
        self._joined = True
        what = {"rule": finding.rule, "subject": finding.subject}
        recurs = finding.change is Change.CONTINUED or (
            last is not None and last.closed_at is not None and now - last.closed_at < RECURRENCE
        )
        if last is None or not recurs:
            ticket = Ticket(finding.endpoint, self.cause, int(finding.severity), now)
            self.tickets.append(ticket)
            ticket.story.append(Moment(now, "opened", what))
            return ticket
        last.closed_at, last.severity = None, int(finding.severity)
        last.reopened += 1
        for line in last.lines.values():
            line.active = False
            line.cleared_at = now if line.cleared_at is None else line.cleared_at
        last.story.append(Moment(now, "reopened", what))
        return last

    def _put_line(self, ticket: Ticket, finding: Finding, now: float) -> None:
        self._dirty = True
        key = (finding.rule, finding.subject)
        what: dict[str, Any] = {"rule": finding.rule, "subject": finding.subject}
        line = ticket.lines.get(key)
        if line is None or not line.active:
            if not self._joined:
                ticket.story.append(Moment(now, "line", what))
        elif finding.expected is not None and line.expected is not None:
            before, after = line.expected.at, finding.expected.at
            if abs(after - before) >= MOVED:
                ticket.story.append(Moment(now, "moved", {**what, "from": before, "to": after}))
        if line is None:
            ticket.lines[key] = Line(
                *key,
                int(finding.severity),
                finding.since,
                finding.at,
                finding.expected,
                finding.evidence,
                finding.evidence,
                finding.at,
            )
            return
        line.severity, line.since, line.judged_at = int(finding.severity), finding.since, finding.at
        line.active, line.cleared_at = True, None
        line.expected, line.evidence_now = finding.expected, finding.evidence

    def _clear(self, ticket: Ticket, finding: Finding, now: float) -> None:
        line = ticket.lines.get((finding.rule, finding.subject))
        if line is None or not line.active:
            return
        self._dirty = True
        line.active, line.cleared_at, line.judged_at = False, finding.at, finding.at
        line.evidence_now = finding.evidence
        ticket.story.append(Moment(now, "cleared", {"rule": finding.rule, "subject": finding.subject}))

    def _follow_lines(self, ticket: Ticket, now: float) -> None:
        """Makes the ticket follow its lines: the gravest severity, the nearest date, or its end."""
        lines = ticket.active
        if not lines:
            ticket.closed_at = now
            ticket.story.append(Moment(now, "closed_itself", {}))
            return
        severity = max(line.severity for line in lines)
        if severity > ticket.severity:
            ticket.story.append(Moment(now, "worsened", {"from": ticket.severity, "to": severity}))
        ticket.severity = severity
        dated = [line.expected for line in lines if line.expected is not None]
        ticket.expected = min(dated, key=lambda each: each.at) if dated else None
