"""What colleagues are told at their machines: a row for each machine, written by the desk, handed out by the ingest."""

from __future__ import annotations

import json
from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keuring_collector.store.connection import Connection

_ANNOUNCEMENT, _TIP = 1, 2  # keuring.report.v1.NoticeKind
AT_ONCE: Final = 20  # notices that one machine is handed at a time


class Kind(IntEnum):
    """As on the wire."""

    ANNOUNCEMENT = _ANNOUNCEMENT
    TIP = _TIP


class State(IntEnum):
    """How far a notice has come."""

    WAITING = 0
    RECEIVED = 1  # the machine has it
    DECLINED = 2  # somebody at the machine said that the tip is not for them
    WITHDRAWN = 3  # it no longer holds, and the machine is yet to be told
    REPLACED = 4  # the same, for another says it anew
    ENDED = 5  # the machine knows that it no longer holds


_ENDING = (int(State.WITHDRAWN), int(State.REPLACED))


class Notice(NamedTuple):
    """Plain texts by language ("nl", "en"). ``expires_at``: seconds since 1970, 0 for never."""

    notice_id: str
    kind: Kind
    titles: Mapping[str, str]
    bodies: Mapping[str, str]
    link: str = ""
    expires_at: float = 0.0


def put(connection: Connection, endpoints: Iterable[int], notice: Notice, now: float) -> None:
    """Leaves a notice for machines; one that a machine was left before stays as it is."""
    texts = (json.dumps(dict(notice.titles)), json.dumps(dict(notice.bodies)))
    connection.execute_many(
        "INSERT INTO notice (endpoint_id, notice_id, kind, titles, bodies, link, expires_at, state, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (endpoint_id, notice_id) DO NOTHING",
        [
            (each, notice.notice_id, int(notice.kind), *texts, notice.link, notice.expires_at, int(State.WAITING), now)
            for each in endpoints
        ],
    )


def withdraw(connection: Connection, prefix: str, keep: str, how: State = State.REPLACED) -> list[tuple[int, str]]:
    """Takes back what no machine said to have of the notices whose id begins with ``prefix`` but not with ``keep``;
    returns (endpoint, id) of each. A machine that was handed one and did not say so yet is told ``how`` it ended.
    """
    with connection.transaction():
        rows = connection.execute(
            "SELECT endpoint_id, notice_id FROM notice WHERE state = ? AND substr(notice_id, 1, ?) = ? "
            "AND substr(notice_id, 1, ?) <> ? ORDER BY endpoint_id, notice_id",
            (int(State.WAITING), len(prefix), prefix, len(keep), keep),
        )
        connection.execute_many(
            "UPDATE notice SET state = ? WHERE endpoint_id = ? AND notice_id = ? AND state = ?",
            [(int(how), endpoint, identity, int(State.WAITING)) for endpoint, identity in rows],
        )
    return [(endpoint, identity) for endpoint, identity in rows]


def end(connection: Connection, endpoints: Iterable[int], prefix: str, keep: str, how: State) -> None:
    """Lets notices end (``how``: WITHDRAWN or REPLACED) whose id begins with ``prefix``, all but ``keep``; the machines
    are told. Call within a transaction.
    """
    connection.execute_many(
        "UPDATE notice SET state = ? WHERE endpoint_id = ? AND substr(notice_id, 1, ?) = ? AND notice_id <> ? "
        "AND state < ?",
        [(int(how), each, len(prefix), prefix, keep, int(State.WITHDRAWN)) for each in endpoints],
    )


def waiting(connection: Connection, now: float) -> frozenset[int]:
    """The machines that one waits for, or that are to be told that one ended."""
    rows = connection.execute(
        "SELECT DISTINCT endpoint_id FROM notice WHERE state IN (?, ?, ?) AND (expires_at = 0 OR expires_at > ?)",
        (int(State.WAITING), *_ENDING, now),
    )
    return frozenset(row[0] for row in rows)


def of(connection: Connection, endpoint: int, now: float) -> list[Notice]:
    """What waits for one machine, the oldest first, so many at a time."""
    rows = connection.execute(
        "SELECT notice_id, kind, titles, bodies, link, expires_at FROM notice WHERE endpoint_id = ? AND state = ? "
        "AND (expires_at = 0 OR expires_at > ?) ORDER BY changed_at, notice_id LIMIT ?",
        (endpoint, int(State.WAITING), now, AT_ONCE),
    )
    return [
        Notice(identity, Kind(kind), json.loads(titles), json.loads(bodies), link, expires_at)
        for identity, kind, titles, bodies, link, expires_at in rows
    ]


def ending(connection: Connection, endpoint: int, now: float) -> list[tuple[str, State]]:
    """What one machine is to be told to have ended, and how; so many at a time. What expired needs no telling."""
    rows = connection.execute(
        "SELECT notice_id, state FROM notice WHERE endpoint_id = ? AND state IN (?, ?) "
        "AND (expires_at = 0 OR expires_at > ?) ORDER BY changed_at, notice_id LIMIT ?",
        (endpoint, *_ENDING, now, AT_ONCE),
    )
    return [(identity, State(state)) for identity, state in rows]


def confirm_ended(connection: Connection, endpoint: int, identities: Iterable[str]) -> None:
    """Notes that a machine knows that notices ended; of others what it says is passed over."""
    connection.execute_many(
        "UPDATE notice SET state = ? WHERE endpoint_id = ? AND notice_id = ? AND state IN (?, ?)",
        [(int(State.ENDED), endpoint, identity, *_ENDING) for identity in identities],
    )


def answer(connection: Connection, endpoint: int, identities: Iterable[str], state: State, now: float) -> None:
    """Notes what a machine answered; it goes forward only, and what the machine was never left is passed over."""
    connection.execute_many(
        "UPDATE notice SET state = ?, changed_at = ? WHERE endpoint_id = ? AND notice_id = ? AND state < ? "
        "AND (kind = ? OR ? < ?)",
        [
            (int(state), now, endpoint, identity, int(state), int(Kind.TIP), int(state), int(State.DECLINED))
            for identity in identities
        ],
    )


def states(connection: Connection, notice_id: str) -> dict[int, State]:
    """How far a notice has come, by machine."""
    rows = connection.execute("SELECT endpoint_id, state FROM notice WHERE notice_id = ?", (notice_id,))
    return {endpoint: State(state) for endpoint, state in rows}


def purge(connection: Connection, before: float) -> int:
    """Forgets what expired, or was last touched, before a time; returns how many rows."""
    condition = "FROM notice WHERE changed_at < ? OR (expires_at > 0 AND expires_at < ?)"
    count = int(connection.execute(f"SELECT count(*) {condition}", (before, before))[0][0])
    if count:
        connection.execute(f"DELETE {condition}", (before, before))
    return count


def told(connection: Connection, kind: Kind, since: float) -> list[tuple[int, str, State, float]]:
    """How far the notices of a kind have come that changed after a time: (machine, notice, state, since when)."""
    rows = connection.execute(
        "SELECT endpoint_id, notice_id, state, changed_at FROM notice WHERE kind = ? AND changed_at >= ?",
        (int(kind), since),
    )
    return [(endpoint, identity, State(state), at) for endpoint, identity, state, at in rows]
