"""An endpoint as it is now, in the engine: its newest snapshot, and the journal since."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from keuring_collector.engine.strip import windows
from keuring_collector.store import journal
from keuring_collector.store.replay.known import plant
from keuring_collector.store.replay.reader import Reader

if TYPE_CHECKING:
    from keuring_collector.engine import Fleet
    from keuring_collector.store.connection import Connection


def catch_up(
    connection: Connection, fleet: Fleet, endpoint: int, kept: tuple[int, bytes] | None, *, told: bool
) -> bool:
    """Puts the endpoint into ``fleet`` from the snapshot that is ``kept`` of it (None: with an empty state).

    False when the snapshot is of another pack or engine: then the state begins with the daily points of history and
    the facts of before the journal, and the whole journal is judged; what comes of it counts as told, or not.
    """
    usable = fleet.restore(endpoint, None if kept is None else kept[1])
    if kept is None:
        return True
    if usable:
        judged = windows(Reader(connection).recent(endpoint, kept[0]).strips)
        if judged:
            fleet.judge(judged)
        return True
    history = Reader(connection).recent(endpoint, known=True)
    plant(fleet, endpoint, history.known)
    # What came in late is not told.
    fleet.judge(windows(history.strips) if told else windows(history.strips, received=math.inf))
    return False


def present(connection: Connection, fleet: Fleet, endpoint: int) -> bool:
    """Puts the endpoint into ``fleet`` as of its last report, to look at; False when it never reported."""
    kept = journal.snapshot(connection, endpoint)
    catch_up(connection, fleet, endpoint, kept, told=True)
    return kept is not None
