"""A machine's reports for tests of faults: deterministic, with a volume that fills and is cleared again and again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from keuring_collector import rulepack
from keuring_collector.ingest.decode import Received
from keuring_collector.store import facts, journal
from keuring_collector.store.connection import connect
from tests.collector.reports import report

if TYPE_CHECKING:
    from keuring.report.v1 import report_pb2
    from keuring_collector.ingest.writer import WritePath
    from keuring_collector.rulepack import RulePack
    from keuring_collector.store.connection import Connection

PACK: Final = Path(__file__).parents[1] / "fixtures" / "small_pack"
START: Final = 1_781_000_000.0
WINDOW: Final = 10.0
MEBIBYTE: Final = 1 << 20
_numbers = count(1)


def pack() -> RulePack:
    """The pack for small volumes: one rule, with a hold of three seconds."""
    return rulepack.load(PACK)


def made(sequence: int, epoch: int = 1, offset: int = 0) -> report_pb2.Report:
    """Report ``sequence`` of spool ``epoch``; ``offset`` is how many windows came before that spool.

    The volume is nearly full in every other stretch of three windows; a fact changes every fourth report and
    something happens every fifth.
    """
    place = offset + sequence
    full = place // 3 % 2 == 1
    return report(
        sequence,
        START + place * WINDOW,
        {
            ("system.filesystem.utilization", "last", "/srv"): 0.9 if full else 0.3 + place % 7 / 100,
            ("keuring.filesystem.available", "last", "/srv"): (2 if full else 11) * MEBIBYTE,
            ("system.cpu.utilization", "mean", ""): place % 10 / 10,
            ("system.cpu.utilization", "max", ""): 1.0,
        },
        epoch=epoch,
        duration=WINDOW,
        facts={("os.version", ""): str(place // 4)} if place % 4 == 0 else None,
        events=[("keuring.kernel.oops", "", START + place * WINDOW - 1, 1)] if place % 5 == 0 else (),
    )


def received(endpoint: int, message: report_pb2.Report) -> Received:
    """The report as it came in, four seconds after its window."""
    end = message.window_start_time.seconds + message.window_duration.seconds
    return Received(endpoint, message, end + 4.0, end + 4.0)


def new_endpoint(connection: Connection) -> int:
    """Adds an endpoint and returns its number."""
    number = next(_numbers)
    identity = UUID(int=number)
    connection.execute(
        "INSERT INTO fleet_endpoint (id, uuid, host_name, state, simulated, enrolled_at) "
        "VALUES (?, ?, ?, 'active', ?, ?)",
        (
            number,
            str(identity) if connection.vendor == "postgresql" else identity.hex,
            f"LT-{number}",
            False,
            connection.moment(START),
        ),
    )
    return number


@dataclass(frozen=True)
class Stored:
    """All that the store holds of one endpoint, without what only numbers rows."""

    head: tuple[Any, ...]
    journal: tuple[Any, ...]
    facts: tuple[Any, ...]
    events: tuple[Any, ...]
    tickets: tuple[Any, ...]
    lines: tuple[Any, ...]
    history: tuple[Any, ...]


def stored(url: str, endpoint: int) -> Stored:
    """What the database at ``url`` holds of ``endpoint``."""
    connection = connect(url)
    try:
        head = journal.heads(connection, [endpoint]).get(endpoint)
        entries = journal.entries(connection, endpoint)
        return Stored(
            head=(head.epoch, head.sequence, head.position, head.received_at, head.end_at)
            if head and head.epoch
            else (),
            journal=tuple((e.epoch, e.sequence, e.position, e.received_at, e.end_at, e.samples) for e in entries),
            facts=tuple(facts.changes(connection, endpoint)),
            events=tuple(
                (e.signal, e.subject, e.observed_at, e.count) for e in facts.events(connection, endpoint, 0.0, 1e12)
            ),
            tickets=_rows(
                connection,
                "SELECT cause, state, severity, opened_at, updated_at, closed_at, touched, reopened FROM desk_ticket "
                "WHERE endpoint_id = ? ORDER BY id",
                endpoint,
            ),
            lines=_rows(
                connection,
                "SELECT rule, subject, l.severity, active, since, judged_at, cleared_at, evidence, evidence_now "
                "FROM desk_ticketline l JOIN desk_ticket t ON l.ticket_id = t.id WHERE endpoint_id = ? ORDER BY l.id",
                endpoint,
            ),
            history=_rows(
                connection,
                "SELECT at, kind, detail FROM desk_tickethistory h JOIN desk_ticket t ON h.ticket_id = t.id "
                "WHERE endpoint_id = ? ORDER BY h.id",
                endpoint,
            ),
        )
    finally:
        connection.close()


def _rows(connection: Connection, query: str, endpoint: int) -> tuple[Any, ...]:
    def plain(value: Any) -> Any:
        return json.dumps(value, sort_keys=True) if isinstance(value, list | dict) else value

    return tuple(tuple(plain(value) for value in row) for row in connection.execute(query, (endpoint,)))


def crash(path: WritePath) -> None:
    """Leaves a write path as a killed process would: nothing is kept but what was committed."""
    connection = path.connection
    connection.close()
