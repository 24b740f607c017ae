"""How many versions a machine's programs are behind, counted from what the fleet was updated to (ADR 0053)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import KEURING_SOFTWARE_VERSIONS_BEHIND
from keuring_collector.engine.model import Fact
from keuring_collector.engine.releases import Releases
from keuring_collector.store import releases

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from keuring_collector.store.connection import Connection
    from keuring_collector.store.facts import Value

    Known = Mapping[tuple[int, str], Value]

LOOK_SECONDS: Final = 600.0  # releases are made once a day
BEHIND: Final = KEURING_SOFTWARE_VERSIONS_BEHIND.id
_COUNTED: Final = frozenset((*releases.PROGRAMS, *releases.SYSTEM))


class Behind:
    """Counts anew when releases were made, and when a machine tells of its programs."""

    def __init__(self) -> None:
        self._looked_at = float("-inf")
        self._state: object = None
        self._releases = Releases()
        self._done: set[int] = set()  # endpoints that were counted with these releases

    def refresh(self, connection: Connection, now: float) -> None:
        """Takes over what was made since it last looked; ``now`` is when the reports came. Raises StorageError."""
        if now - LOOK_SECONDS < self._looked_at <= now:
            return
        state = releases.state(connection)
        if state != self._state:
            self._releases = releases.load(connection)
            self._done.clear()
        self._state, self._looked_at = state, now

    def facts(self, endpoint: int, known: Known, told: Sequence[Fact]) -> Iterator[Fact]:
        """The counts that are others than those ``known``, with what the report itself ``told``.

        A program that is not behind has none, or 0 once it was; one that is no longer there has none.
        """
        news = [fact for fact in told if fact.signal in _COUNTED]
        if endpoint in self._done and not news:
            return
        self._done.add(endpoint)
        now = {**known, **{(fact.signal, fact.subject): fact.value for fact in news}}
        counts = self._count(now)
        before = {subject: value for (signal, subject), value in known.items() if signal == BEHIND}
        for program in sorted({*before, *(each for each, count in counts.items() if count)}):
            count = counts.get(program)
            if before.get(program) != count:
                yield Fact(BEHIND, program, count)

    def _count(self, known: Known) -> dict[str, float]:
        """How many versions each program of a machine with these facts is behind."""
        source = releases.source_of(known)
        versions = {
            subject: str(value)
            for (signal, subject), value in known.items()
            if signal in releases.PROGRAMS and value is not None
        }
        return {name: float(self._releases.behind(source, name, version)) for name, version in versions.items()}

    def forget(self, endpoint: int) -> None:
        """Counts it again with its next report."""
        self._done.discard(endpoint)
