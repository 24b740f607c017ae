"""What the desk made of tickets, for those who look back: read only."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from keuring_collector.engine.model import Severity

if TYPE_CHECKING:
    from keuring_collector.store.connection import Connection


class Past(NamedTuple):
    """A ticket of the desk: ``verdict`` is empty, or "right", "early", "wrong" or "known"; ``touched``: by a person."""

    endpoint: int
    opened_at: float
    closed_at: float | None
    verdict: str
    touched: bool


class Grave(NamedTuple):
    """A finding that was urgent: of which endpoint and subject, and since when."""

    endpoint: int
    subject: str
    since: float


def past(connection: Connection, cause: str) -> list[Past]:
    """The tickets of a cause, oldest first."""
    rows = connection.execute(
        "SELECT endpoint_id, opened_at, closed_at, verdict, touched FROM desk_ticket WHERE cause = ? ORDER BY id",
        (cause,),
    )
    time = connection.time
    return [
        Past(endpoint, time(opened) or 0.0, time(closed), verdict, bool(touched))
        for endpoint, opened, closed, verdict, touched in rows
    ]


def grave(connection: Connection, cause: str, rule: str) -> list[Grave]:
    """The urgent findings of a cause by other rules than ``rule``."""
    rows = connection.execute(
        "SELECT t.endpoint_id, l.subject, l.since FROM desk_ticketline l JOIN desk_ticket t ON t.id = l.ticket_id "
        "WHERE t.cause = ? AND l.severity >= ? AND l.rule <> ? ORDER BY l.id",
        (cause, int(Severity.URGENT), rule),
    )
    return [Grave(endpoint, subject, connection.time(since) or 0.0) for endpoint, subject, since in rows]


def finding_subjects(connection: Connection, most: int, *, active: bool) -> list[str]:
    """What findings are about that hold, or that no longer do: from one to the next by the index, at most so many."""
    which = "active" if active else "NOT active"  # as the indexes over them say it
    rows = connection.execute(
        f"WITH RECURSIVE told(subject) AS (SELECT min(subject) FROM desk_ticketline WHERE {which} UNION ALL "
        f"SELECT (SELECT min(subject) FROM desk_ticketline WHERE {which} AND subject > told.subject) "
        "FROM told WHERE told.subject IS NOT NULL) SELECT subject FROM told WHERE subject IS NOT NULL LIMIT ?",
        (most,),
    )
    return [row[0] for row in rows]


def causes(connection: Connection, *, resting: bool) -> list[str]:
    """The causes that tickets have, in order, from one to the next by the index; ``resting``: of those at rest too."""
    which = "" if resting else "AND state <> 'resting'"
    rows = connection.execute(
        f"WITH RECURSIVE told(cause) AS (SELECT min(cause) FROM desk_ticket WHERE cause >= '' {which} UNION ALL "
        f"SELECT (SELECT min(cause) FROM desk_ticket WHERE cause > told.cause {which}) "
        "FROM told WHERE told.cause IS NOT NULL) SELECT cause FROM told WHERE cause IS NOT NULL"
    )
    return [row[0] for row in rows]
