"""Facts that the collector itself adds to reports: the department, the end of the warranty, and versions behind.

So they stand in the journal like any other fact: whoever replays it sees the same, and needs to ask nobody.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from keuring_collector.ingest.behind import Behind
from keuring_collector.ingest.departments import Departments
from keuring_collector.ingest.warranties import Warranties

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from keuring_collector.engine.model import Window
    from keuring_collector.store.connection import Connection
    from keuring_collector.store.facts import Value

    Known = Mapping[tuple[int, str], Value]


class Added:
    """What the collector knows of machines that they do not know themselves. For one thread."""

    def __init__(self) -> None:
        self._departments = Departments()
        self._warranties = Warranties()
        self._behind = Behind()

    def refresh(self, connection: Connection, endpoints: Iterable[int], known: Mapping[int, Known], now: float) -> None:
        """Looks up what may have changed; ``known`` are the facts of each endpoint, ``now`` is when reports came."""
        chosen = list(endpoints)
        self._departments.refresh(connection, chosen, now)
        self._warranties.refresh(connection, chosen, known, now)
        self._behind.refresh(connection, now)

    def add(self, window: Window, known: Known) -> Window:
        """The report, with those facts that are others than the ``known`` ones."""
        endpoint = window.endpoint
        found = [
            *self._departments.facts(endpoint, known),
            *self._warranties.facts(endpoint, known),
            *self._behind.facts(endpoint, known, window.facts),
        ]
        return replace(window, facts=[*window.facts, *found]) if found else window

    def forget(self, endpoint: int) -> None:
        """Looks everything up again with its next report."""
        self._departments.forget(endpoint)
        self._warranties.forget(endpoint)
        self._behind.forget(endpoint)
