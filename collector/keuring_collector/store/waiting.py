"""Findings that hold and may not open a ticket yet: kept, so that nothing is lost.

A waiting finding is told again by the engine as any other; it leaves when it clears, or when it has its ticket (see
admitting).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring_collector.store.evidence import as_json

if TYPE_CHECKING:
    from keuring_collector.engine.model import Finding
    from keuring_collector.store.connection import Connection
    from keuring_collector.store.holds import Hold


def put(connection: Connection, finding: Finding, cause: str, hold: Hold, now: float) -> None:
    """Keeps a finding that may not open a ticket."""
    moment = connection.moment
    at, low, high = finding.expected or (None, None, None)
    connection.execute(
        "INSERT INTO desk_waiting (endpoint_id, cause, rule, subject, severity, why, quiet_id, waiting_since, since, "
        "judged_at, expected_at, expected_low, expected_high, evidence) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (endpoint_id, rule, subject) DO UPDATE SET cause = excluded.cause, severity = excluded.severity, "
        "why = excluded.why, quiet_id = excluded.quiet_id, since = excluded.since, judged_at = excluded.judged_at, "
        "expected_at = excluded.expected_at, expected_low = excluded.expected_low, "
        "expected_high = excluded.expected_high, evidence = excluded.evidence",
        (
            finding.endpoint, cause, finding.rule, finding.subject, int(finding.severity), hold.why, hold.quiet,
            moment(now), moment(finding.since), moment(finding.at), moment(at), moment(low), moment(high),
            as_json(finding.evidence),
        ),
    )  # fmt: skip


def drop(connection: Connection, endpoint: int, rule: str, subject: str) -> None:
    """The finding waits no longer."""
    connection.execute(
        "DELETE FROM desk_waiting WHERE endpoint_id = ? AND rule = ? AND subject = ?", (endpoint, rule, subject)
    )
