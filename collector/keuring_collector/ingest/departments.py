"""The department of a machine, as a fact that the collector itself adds to a report when it is a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import KEURING_ENDPOINT_DEPARTMENT
from keuring_collector.engine.model import Fact
from keuring_collector.store import facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from keuring_collector.store.connection import Connection
    from keuring_collector.store.facts import Value

REFRESH: Final = 3600.0  # seconds after which a machine's department is looked up again
_KEY: Final = (KEURING_ENDPOINT_DEPARTMENT.id, "")


class Departments:
    """Which department each endpoint belongs to, looked up now and then."""

    def __init__(self) -> None:
        self._names: dict[int, str | None] = {}
        self._looked_up: dict[int, float] = {}

    def refresh(self, connection: Connection, endpoints: Iterable[int], now: float) -> None:
        """Looks up those that were not for an hour; ``now`` is when the reports came."""
        due = [each for each in endpoints if not now - REFRESH < self._looked_up.get(each, -REFRESH) <= now]
        if due:
            found = facts.departments(connection, due)
            for endpoint in due:
                self._names[endpoint] = found.get(endpoint)
                self._looked_up[endpoint] = now

    def facts(self, endpoint: int, known: Mapping[tuple[int, str], Value]) -> Iterator[Fact]:
        """The department, where it is another than the one that is ``known``."""
        name = self._names.get(endpoint)
        if known.get(_KEY) != name:
            yield Fact(*_KEY, name)

    def forget(self, endpoint: int) -> None:
        """Looks it up again with its next report."""
        self._looked_up.pop(endpoint, None)
