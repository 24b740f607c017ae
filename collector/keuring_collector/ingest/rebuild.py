"""Brings the engine's state of one endpoint to where its journal is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from keuring_collector.store import journal, tickets
from keuring_collector.store.replay import catch_up

if TYPE_CHECKING:
    from keuring_collector.engine import Fleet
    from keuring_collector.store.connection import Connection
    from keuring_collector.store.journal import Head


def rebuild(connection: Connection, fleet: Fleet, endpoint: int, head: Head) -> int:
    """Puts the endpoint into ``fleet`` as of ``head``; returns the position of the snapshot it came from (0: none).

    With a usable snapshot only the journal since is replayed; what the replayed reports brought about then is in the
    tickets already, so the findings are not looked at. A snapshot of another pack or engine is no use: then the state
    begins with the daily points of history and the facts of before the journal, the whole journal is replayed in
    silence, and what is true at its end is told with the next report.
    """
    kept = journal.snapshot(connection, endpoint)
    usable = catch_up(connection, fleet, endpoint, kept, told=False)
    if kept is None:
        return 0
    if not usable:
        _adopt(connection, fleet, endpoint, head)
    return kept[0]


def _adopt(connection: Connection, fleet: Fleet, endpoint: int, head: Head) -> None:
    """Tells the engine what is told already, so that its end will be; lines whose rule is no more end here."""
    for rule, subject, since, severity in tickets.standing(connection, endpoint):
        if not fleet.adopt(endpoint, rule, subject, since, severity):
            tickets.withdraw(connection, endpoint, rule, subject, head.end_at)
