"""Opens tickets for findings that waited, when nothing holds them: the most urgent first, within the budget."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from keuring_collector.engine.model import Change, Expected, Finding, Severity
from keuring_collector.store import holds as holding
from keuring_collector.store import journal, tickets, waiting
from keuring_collector.store.evidence import read

if TYPE_CHECKING:
    from collections.abc import Collection

    from keuring_collector.store.connection import Connection

AT_ONCE: Final = 500  # tickets of a run; the next is a minute later
LOOKED_AT: Final = 5000


def admit(connection: Connection, rules: Collection[str], now: float) -> dict[str, int]:
    """Opens tickets for what nothing holds any more, the most urgent first, as far as the budget goes.

    ``rules`` are those of the pack that open tickets. Returns how often each change of tickets happened (see
    tickets.apply).
    """
    held = holding.load(connection, now, waiting=False)
    counts: dict[str, int] = {}
    if held is not None and held.intake_until is not None and now < held.intake_until:
        return counts
    opening = [rule for rule in sorted(rules) if held is None or held.opens(rule)]
    marks = ", ".join("?" * len(opening)) or "''"
    connection.execute(
        f"UPDATE desk_waiting SET why = 'rule', quiet_id = NULL WHERE why <> 'rule' AND rule NOT IN ({marks})", opening
    )
    rows = connection.execute(
        f"SELECT id, endpoint_id, cause, rule, severity, why FROM desk_waiting WHERE rule IN ({marks}) "
        "ORDER BY severity DESC, CASE WHEN expected_at IS NULL THEN 1 ELSE 0 END, expected_at, waiting_since, id "
        "LIMIT ?",
        (*opening, LOOKED_AT),
    )
    tried = 0
    for identity, endpoint, cause, rule, severity, why in rows:
        if tried == AT_ONCE:
            break
        # What was measured in a quiet time that is over, and holds still, is not held by that time.
        hold = None if held is None else held.line(endpoint, rule, cause, now, now) or held.ticket(Severity(severity))
        if hold is not None:
            if hold.why != why:
                connection.execute(
                    "UPDATE desk_waiting SET why = ?, quiet_id = ? WHERE id = ?", (hold.why, hold.quiet, identity)
                )
            continue
        tried += 1
        for change, count in _open(connection, identity, endpoint, now).items():
            counts[change] = counts.get(change, 0) + count
            if held is not None and change in ("opened", "reopened"):
                held.opened()
    return counts


def _open(connection: Connection, identity: int, endpoint: int, now: float) -> dict[str, int]:
    """Lets one waiting finding through, in a transaction of its own, in turn with the machine's reports."""
    with connection.transaction():
        if connection.vendor == "postgresql":
            journal.heads(connection, [endpoint], lock=True)
        rows = connection.execute(
            "SELECT cause, rule, subject, severity, since, judged_at, expected_at, expected_low, expected_high, "
            "evidence FROM desk_waiting WHERE id = ?",
            (identity,),
        )
        if not rows:
            return {}  # it cleared meanwhile
        cause, rule, subject, severity, since, judged, at, low, high, evidence = rows[0]
        time = connection.time
        expected = Expected(time(at) or 0.0, time(low) or 0.0, time(high) or 0.0) if at is not None else None
        told = Finding(
            Change.OPENED, rule, endpoint, subject, time(judged) or now, time(since) or now, Severity(severity),
            expected, tuple(map(read, json.loads(evidence) if isinstance(evidence, str) else evidence)),
        )  # fmt: skip
        changes = tickets.apply(connection, [told], {rule: tickets.TicketRule(cause, tickets=True)}, now)
        waiting.drop(connection, endpoint, rule, subject)
        return changes
