"""The hot tables as everybody but the write path sees them: what was measured, when, and what is known now."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from keuring_collector.store import (
    admitting,
    baselines,
    compaction,
    days,
    desk,
    facts,
    journal,
    latest,
    names,
    releases,
)
from keuring_collector.store.block import DAY, unpack
from keuring_collector.store.connection import Connection, SqliteConnection, connect
from keuring_collector.store.recent import Recent, Series

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from keuring_collector.engine.baselines import Baselines, Question
    from keuring_collector.store.days import Days
    from keuring_collector.store.facts import StoredEvent, StoredFact, Value
    from keuring_collector.store.journal import Head, Key, Layouts, Quarantined

LONGEST_REST: Final = 0.25
_COUNTED_EXACTLY: Final = 100_000


@dataclass(frozen=True, slots=True)
class Statistics:
    """How the store itself is doing. ``oldest_journal_at`` is None for an empty journal."""

    journal_rows: int
    oldest_journal_at: float | None
    history_blocks: int
    quarantined: int
    database_bytes: int


class Store:
    """Reads the hot tables, and does their housekeeping. May be shared by threads: each has its own connection."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._local = threading.local()

    @property
    def connection(self) -> Connection:
        """This thread's connection, made when it is first needed. Raises StorageError."""
        existing: Connection | None = getattr(self._local, "connection", None)
        if existing is None:
            existing = self._local.connection = connect(self.url)
        return existing

    def close(self) -> None:
        """Closes this thread's connection."""
        existing: Connection | None = getattr(self._local, "connection", None)
        if existing is not None:
            existing.close()
            del self._local.connection

    def heads(self, endpoints: Iterable[int] | None = None) -> dict[int, Head]:
        """How far each endpoint has come, and when it was last heard of; without those that never reported."""
        return journal.heads(self.connection, endpoints)

    def layouts(self, endpoint: int) -> Layouts:
        """The series that each of an endpoint's reports hold, by the number of their layout."""
        return journal.layouts(self.connection, endpoint)

    def keys(self, endpoint: int) -> list[Key]:
        """The series (signal, statistic, subject) that the endpoint ever reported, in order."""
        return sorted({key for keys in self.layouts(endpoint).values() for key in keys})

    def series(self, endpoint: int, signal: int, subject: str, statistic: int, since: float, until: float) -> Series:
        """The windows of one series that ended in [since, until], oldest first."""
        first, last = int((since - 1) // DAY), int((until - 1) // DAY)
        rows = self.connection.execute(
            "SELECT day, block FROM history WHERE endpoint_id = ? AND signal_id = ? AND subject = ? "
            "AND day >= ? AND day <= ? ORDER BY day",
            (endpoint, signal, subject, first, last),
        )
        times, values = [np.array([], np.float64)], [np.array([], np.float64)]
        for day, data in rows:
            block = unpack(signal, day, bytes(data))
            if statistic in block.columns:
                times.append(block.ends)
                values.append(block.columns[statistic])
        recent = self.recent(endpoint, since).series((signal, statistic, subject))
        times.append(recent.times)
        values.append(recent.values)
        at, what = np.concatenate(times), np.concatenate(values)
        at, chosen = np.unique(at, return_index=True)
        within = (at >= since) & (at <= until)
        return Series(at[within], what[chosen][within])

    def recent(self, endpoint: int, since: float, layouts: Layouts | None = None) -> Recent:
        """What an endpoint reported since a moment and is still in the journal, for all of its series at once."""
        known = self.layouts(endpoint) if layouts is None else layouts
        return Recent(self.connection, endpoint, since, known)

    def days(self, endpoint: int, keys: Sequence[Key], between: tuple[int, int]) -> dict[Key, Days]:
        """Series of an endpoint by the day, as far as compacted, from one day to another (since 1970)."""
        return days.days(self.connection, endpoint, keys, between)

    def days_of(
        self, endpoints: Sequence[int], signal: int, subject: str, statistic: int, between: tuple[int, int]
    ) -> list[tuple[int, float]]:
        """(day, value) of one series on at most a few hundred machines."""
        return days.days_of(self.connection, endpoints, signal, subject, statistic, between)

    def latest_value(self, key: Key, endpoint: int, since: float) -> float | None:
        """The latest value of a series that was measured since a moment; None when there is none."""
        return latest.value(self.connection, key, endpoint, since)

    def latest_of(
        self, signal: int, statistic: int, endpoints: Iterable[int], since: float
    ) -> dict[tuple[int, str], latest.Latest]:
        """The latest values of a signal since a moment: {(endpoint, subject): value and time}."""
        return latest.latest_of(self.connection, signal, statistic, endpoints, since)

    def facts(self, endpoint: int) -> list[StoredFact]:
        """The facts of an endpoint as they are now."""
        return facts.facts(self.connection, endpoint)

    def facts_of(self, signal: int, endpoints: Iterable[int] | None = None) -> dict[tuple[int, str], Value]:
        """One fact over the fleet, or over some endpoints: {(endpoint, subject): value}."""
        return facts.facts_of(self.connection, signal, endpoints)

    def fact_about(self, signals: Sequence[int], subject: str) -> dict[int, Value]:
        """What machines tell of one subject, such as a program: {endpoint: value}."""
        return facts.fact_about(self.connection, signals, subject)

    def subjects(self, signals: Sequence[int], text: str, most: int) -> list[str]:
        """At most so many subjects of facts that hold ``text``, whatever its capitals, in order."""
        return facts.subjects(self.connection, signals, text, most)

    def causes(self, *, resting: bool) -> list[str]:
        """The causes that tickets of the desk have, in order; ``resting``: also those of tickets at rest."""
        return desk.causes(self.connection, resting=resting)

    def finding_subjects(self, most: int, *, active: bool) -> list[str]:
        """What findings of the desk are about that hold, or that no longer do; at most so many."""
        return desk.finding_subjects(self.connection, most, active=active)

    def machine_names(self, until: int) -> names.Listed:
        """The names of the fleet's machines with numbers up to this one, in their order."""
        return names.machines(self.connection, until)

    def models(self, most: int) -> list[str]:
        """The models of the machines whose reports are taken; at most so many."""
        return names.models(self.connection, most)

    def colleague_names(self) -> names.Listed:
        """The names and mail addresses of colleagues."""
        return names.colleagues(self.connection)

    def fact_changes(self, endpoint: int) -> list[StoredFact]:
        """Every value that the facts of an endpoint had, in the order in which they came."""
        return [fact for _position, fact in facts.changes(self.connection, endpoint)]

    def event_counts(self, signals: Sequence[int], since: float) -> list[tuple[int, int, str, str, int]]:
        """Events of the fleet since a moment: (endpoint, signal, subject, version, count)."""
        return facts.event_counts(self.connection, signals, since)

    def events(self, endpoint: int, since: float, until: float) -> list[StoredEvent]:
        """What happened on an endpoint in a period, oldest first."""
        return facts.events(self.connection, endpoint, since, until)

    def unmeasured(self, endpoint: int) -> list[tuple[int, str, str]]:
        """What cannot be measured on an endpoint: (signal, subject, reason)."""
        return facts.unmeasured(self.connection, endpoint)

    def quarantine(self, limit: int = 100) -> list[Quarantined]:
        """The reports put aside last, newest first."""
        return journal.quarantined(self.connection, limit)

    def statistics(self) -> Statistics:
        """How the store itself is doing."""
        # An endpoint's reports lie in order within a spool: its first is found without reading the others.
        oldest = self.connection.execute(
            "SELECT min((SELECT received_at FROM journal WHERE journal.endpoint_id = endpoint_head.endpoint_id "
            "ORDER BY epoch, sequence LIMIT 1)) FROM endpoint_head"
        )[0][0]
        aside = self.connection.execute("SELECT count(*) FROM quarantine")[0][0]
        return Statistics(self._rows("journal"), oldest, self._rows("history"), aside, self._bytes())

    def _rows(self, table: str) -> int:
        """How many rows a table has; of a large one in PostgreSQL what it last estimated: counting reads them all."""
        if self.connection.vendor == "postgresql":
            known = self.connection.execute("SELECT reltuples::bigint FROM pg_class WHERE oid = ?::regclass", (table,))
            estimated = int(known[0][0])
            if estimated > _COUNTED_EXACTLY:
                return estimated
        return int(self.connection.execute(f"SELECT count(*) FROM {table}")[0][0])

    def _bytes(self) -> int:
        connection = self.connection
        if isinstance(connection, SqliteConnection):
            return Path(connection.path).stat().st_size + connection.log_bytes()
        return int(connection.execute("SELECT pg_database_size(current_database())")[0][0])

    def compact(
        self,
        now: float,
        journal_days: float,
        limit_seconds: float = 60.0,
        stop: Callable[[], bool] | None = None,
    ) -> compaction.CompactionReport:
        """Moves reports older than ``journal_days`` to history, for about ``limit_seconds``, or until ``stop``."""
        end = time.monotonic() + limit_seconds
        return compaction.compact(
            self.connection,
            int((now - journal_days * DAY) // DAY),
            lambda: time.monotonic() > end or (stop is not None and stop()),
            _Rest() if self.connection.vendor == "sqlite" else lambda: None,
        )

    def baselines(self) -> Baselines:
        """What is usual in the fleet, as far back as daily points go."""
        return baselines.load(self.connection)

    def make_baselines(
        self,
        questions: Iterable[Question],
        now: float,
        journal_days: float,
        stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Answers what rules ask of the fleet, for the day after ``now``, once; returns how many questions it answered.

        The newest day that is looked at is the one before the day that compaction is at.
        """
        compacting = int((now - journal_days * DAY) // DAY) - 1
        return baselines.make(self.connection, questions, now, compacting, stop)

    def make_releases(self, now: float, stop: Callable[[], bool] = lambda: False) -> int | None:
        """Works out which versions of programs machines were updated to lately; how many, None when stopped."""
        return releases.make(self.connection, now, stop)

    def admit(self, rules: Collection[str], now: float) -> dict[str, int]:
        """Opens tickets for findings of ``rules`` that waited and that nothing holds any more (see admitting)."""
        return admitting.admit(self.connection, rules, now)

    def purge(self, now: float, raw_days: int, daily_days: int) -> compaction.PurgeReport:
        """Lets go of windows older than ``raw_days`` and of daily points older than ``daily_days``."""
        today = int(now // DAY)
        return compaction.purge(self.connection, today - raw_days, today - daily_days)


class _Rest:
    """Waits as long as the work since the last wait took.

    SQLite does not queue its writers: who waits asks again and again, and would hardly ever find a moment between
    transactions that follow each other at once.
    """

    def __init__(self) -> None:
        self._since = time.monotonic()

    def __call__(self) -> None:
        time.sleep(min(LONGEST_REST, time.monotonic() - self._since))
        self._since = time.monotonic()


def open_store(url: str) -> Store:
    """The store in the database that ``url`` names (see config.Settings.database); connects on first use."""
    return Store(url)
