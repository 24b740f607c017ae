"""A whole collector and the real agent of this machine, with a small real volume that a test may fill."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from keuring.signals.catalogue import BY_NAME
from keuring.signals.model import Statistic
from keuring_collector.store import journal, open_store
from keuring_collector.store.connection import connect
from tests.collector.command import Running, keuring, ok, until
from tests.e2e.real_agent import RealAgent
from tests.soak.collector import initialise

if TYPE_CHECKING:
    from keuring_collector.store.connection import Connection

PACK: Final = Path(__file__).parents[1] / "fixtures" / "small_pack"
SECONDS: Final = 60.0  # how long anything may take on a machine that does other work too


class Stand:
    """One collector in ``directory``, which can be killed and started again, and one agent."""

    def __init__(self, directory: Path, database: str | Path, backoff_maximum: str = "1", **settings: str) -> None:
        """``database``: the address of one of PostgreSQL, or a SQLite file with all tables to copy.

        ``settings``: more of the collector's.
        """
        self.directory = directory / "collector"
        migrated = database if isinstance(database, Path) else None
        self.url = f"sqlite:///{self.directory / 'keuring.sqlite3'}" if migrated else str(database)
        # Ordinary settings: a window a second, sent at once, and rules with the floors of a small volume.
        initialise(
            self.directory,
            migrated,
            sample_interval="0.5",
            window_duration="1",
            windows_per_flush="1",
            rules_directory=str(PACK),
            database=self.url,
            **settings,
        )
        self.collector = Running(self.directory)
        self.collector.wait_for("ready ingest", seconds=SECONDS)
        self.agent = RealAgent(
            directory / "agent",
            sample_interval="0.5",
            window_duration="1",
            windows_per_flush="1",
            file_system_types="tmpfs",
            backoff_minimum="0.2",
            backoff_maximum=backoff_maximum,
        )
        self.agent.enrol(ok(keuring(self.directory, "token")))
        self.agent.start()

    @contextlib.contextmanager
    def database(self) -> Any:
        connection: Connection = connect(self.url)
        try:
            yield connection
        finally:
            connection.close()

    @property
    def endpoint(self) -> int:
        """The database's number of this machine."""
        with self.database() as connection:
            ((number,),) = connection.execute("SELECT id FROM fleet_endpoint")
            return int(number)

    def head(self) -> journal.Head:
        """How far the collector has come with this machine."""
        with self.database() as connection:
            return journal.heads(connection, [self.endpoint]).get(self.endpoint, journal.Head())

    def sequences(self) -> list[int]:
        """The sequence numbers that are stored, in the order in which they came."""
        with self.database() as connection:
            return [entry.sequence for entry in journal.entries(connection, self.endpoint)]

    def wait_for_reports(self, more: int) -> None:
        """Waits until that many more reports are stored than are now."""
        target = self.head().sequence + more
        until(lambda: self.head().sequence >= target, SECONDS, self.collector)

    def latest(self, signal: str, subject: str = "", statistic: Statistic = Statistic.LAST) -> float:
        """The last value of a series."""
        store = open_store(self.url)
        try:
            series = store.series(self.endpoint, BY_NAME[signal].id, subject, int(statistic), 0.0, 1e12)
        finally:
            store.close()
        known = series.values[series.values == series.values]
        assert len(known), f"{signal} {subject} was not reported"
        return float(known[-1])

    def facts(self) -> dict[tuple[str, str], Any]:
        """The facts of this machine, by signal's name and subject."""
        names = {signal.id: name for name, signal in BY_NAME.items()}
        store = open_store(self.url)
        try:
            return {(names[fact.signal], fact.subject): fact.value for fact in store.facts(self.endpoint)}
        finally:
            store.close()

    def tickets(self) -> list[tuple[str, str, bool]]:
        """State, cause, and whether somebody touched it, of all tickets."""
        with self.database() as connection:
            rows = connection.execute("SELECT state, cause, touched FROM desk_ticket ORDER BY id")
            return [(state, cause, bool(touched)) for state, cause, touched in rows]

    def lines(self) -> list[tuple[str, bool, list[dict[str, Any]]]]:
        """Subject, whether it is still so, and the evidence of all lines of tickets."""
        with self.database() as connection:
            rows = connection.execute("SELECT subject, active, evidence FROM desk_ticketline ORDER BY id")
            # PostgreSQL gives JSON as what it says, SQLite as its text.
            read = [json.loads(evidence) if isinstance(evidence, str) else evidence for _, _, evidence in rows]
            return [(subject, bool(active), proof) for (subject, active, _), proof in zip(rows, read, strict=True)]

    def history(self) -> list[str]:
        """What happened to tickets, in order."""
        with self.database() as connection:
            return [kind for (kind,) in connection.execute("SELECT kind FROM desk_tickethistory ORDER BY id")]

    def kill_collector(self) -> None:
        """kill -9 of the collector: the supervisor and all its processes, at one stroke."""
        for pid in (self.collector.process.pid, *self.collector.children().values()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.collector.stop()

    def start_collector(self) -> None:
        """Starts it again, as it was."""
        self.collector = Running(self.directory)
        self.collector.wait_for("ready ingest", seconds=SECONDS)

    def close(self) -> None:
        """Ends both."""
        try:
            self.agent.end()
        finally:
            self.collector.stop()
