"""The end of a machine's warranty, as the organisation told it by serial number: a fact that the collector adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import KEURING_HARDWARE_SERIAL_NUMBER, KEURING_WARRANTY_END
from keuring_collector.engine.model import Fact
from keuring_collector.fleet.serials import canonical
from keuring_collector.store import facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from keuring_collector.store.connection import Connection
    from keuring_collector.store.facts import Value

REFRESH: Final = 3600.0  # seconds after which a machine's warranty is looked up again
_KEY: Final = (KEURING_WARRANTY_END.id, "")
_SERIAL: Final = (KEURING_HARDWARE_SERIAL_NUMBER.id, "")


class Warranties:
    """Until when each endpoint is under warranty, looked up now and then."""

    def __init__(self) -> None:
        self._ends: dict[int, float | None] = {}
        self._looked_up: dict[int, tuple[str, float]] = {}

    def refresh(
        self,
        connection: Connection,
        endpoints: Iterable[int],
        known: Mapping[int, Mapping[tuple[int, str], Value]],
        now: float,
    ) -> None:
        """Looks up those that were not for an hour, or have another serial number; ``now``: when the reports came."""
        due = {}
        for endpoint in endpoints:
            serial = canonical(str(known[endpoint].get(_SERIAL) or ""))
            before, at = self._looked_up.get(endpoint, ("", -REFRESH))
            if serial != before or not now - REFRESH < at <= now:
                due[endpoint] = serial
        if due:
            found = facts.warranties(connection, filter(None, due.values()))
            for endpoint, serial in due.items():
                self._ends[endpoint] = found.get(serial)
                self._looked_up[endpoint] = (serial, now)

    def facts(self, endpoint: int, known: Mapping[tuple[int, str], Value]) -> Iterator[Fact]:
        """The date, where it is another than the one that is ``known``."""
        ends = self._ends.get(endpoint)
        if known.get(_KEY) != ends:
            yield Fact(*_KEY, ends)

    def forget(self, endpoint: int) -> None:
        """Looks it up again with its next report."""
        self._looked_up.pop(endpoint, None)
