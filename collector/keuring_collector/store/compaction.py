"""From journal to history: days that have passed become blocks and daily points, and old ones are let go.

All of it happens in small transactions, one endpoint at a time, so that reports are hardly held up. A report leaves
the journal only when a snapshot of the state covers it: the journal is what state is rebuilt from.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.store import journal, precision
from keuring_collector.store.block import DAY, Block, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from keuring_collector.store.connection import Connection

    Series = tuple[int, str]  # signal, subject


@dataclass(frozen=True, slots=True)
class CompactionReport:
    """What one run did; ``finished`` is False when time ran out first."""

    endpoints: int
    reports: int
    blocks: int
    finished: bool


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """How many rows one run let go, by table."""

    rows: dict[str, int]


def compact(
    connection: Connection, before_day: int, out_of_time: Callable[[], bool] = lambda: False
) -> CompactionReport:
    """Moves what ended before the start of ``before_day`` (days since 1970) from the journal to history."""
    due = connection.execute(
        "SELECT h.endpoint_id FROM endpoint_head h JOIN snapshot s ON s.endpoint_id = h.endpoint_id "
        "WHERE h.compacted_day < ? ORDER BY h.endpoint_id",
        (before_day,),
    )
    endpoints = reports = blocks = 0
    for (endpoint,) in due:
        if out_of_time():
            return CompactionReport(endpoints, reports, blocks, finished=False)
        with connection.transaction():
            moved, made = _compact_endpoint(connection, endpoint, before_day)
        endpoints, reports, blocks = endpoints + 1, reports + moved, blocks + made
    return CompactionReport(endpoints, reports, blocks, finished=True)


def _compact_endpoint(connection: Connection, endpoint: int, before_day: int) -> tuple[int, int]:
    kept = journal.snapshot(connection, endpoint)
    if kept is None:
        return 0, 0
    covered = [
        entry
        for entry in journal.entries(connection, endpoint, until=before_day * DAY + 1)
        if entry.position <= kept[0]
    ]
    made = _write(connection, endpoint, split(covered, journal.layouts(connection, endpoint))) if covered else 0
    connection.execute_many(
        "DELETE FROM journal WHERE endpoint_id = ? AND epoch = ? AND sequence = ?",
        [(endpoint, entry.epoch, entry.sequence) for entry in covered],
    )
    connection.execute("UPDATE endpoint_head SET compacted_day = ? WHERE endpoint_id = ?", (before_day, endpoint))
    return len(covered), made


def split(
    entries: Sequence[journal.Entry], layouts: dict[int, tuple[journal.Key, ...]]
) -> dict[tuple[int, int, str], Block]:
    """The values of reports, by (day, signal, subject). A window belongs to the day in which it ended.

    A window that ends at midnight belongs to the day before: it was measured then.
    """
    groups: dict[tuple[int, int], list[journal.Entry]] = defaultdict(list)
    for entry in entries:
        groups[int((entry.end_at - 1) // DAY), entry.layout].append(entry)
    blocks: dict[tuple[int, int, str], Block] = {}
    for (day, number), members in groups.items():
        keys = layouts[number]
        ends = np.array([entry.end_at for entry in members])
        table = np.stack([entry.values() for entry in members])
        columns: dict[tuple[int, str], dict[int, NDArray[np.float64]]] = defaultdict(dict)
        for index, (signal, statistic, subject) in enumerate(keys):
            factors = precision.factors(signal)
            columns[signal, subject][statistic] = precision.from_steps(
                precision.to_steps(table[:, index], *factors), *factors
            )
        for (signal, subject), statistics in columns.items():
            # Merging with nothing sorts by time and keeps one of two windows that ended together.
            block = Block(np.array([]), {}).merged(Block(ends, statistics))
            known = blocks.get((day, signal, subject))
            blocks[day, signal, subject] = known.merged(block) if known else block
    return blocks


def _write(connection: Connection, endpoint: int, blocks: dict[tuple[int, int, str], Block]) -> int:
    rows, points = [], []
    for (day, signal, subject), fresh in blocks.items():
        old = connection.execute(
            "SELECT block FROM history WHERE endpoint_id = ? AND signal_id = ? AND subject = ? AND day = ?",
            (endpoint, signal, subject, day),
        )
        block = unpack(signal, day, bytes(old[0][0])).merged(fresh) if old else fresh
        rows.append((endpoint, signal, subject, day, len(block.ends), pack(signal, day, block)))
        for statistic, values in block.columns.items():
            measured = values[~np.isnan(values)]
            if len(measured):
                points.append((endpoint, signal, subject, statistic, day, len(measured), *_summary(measured)))
    connection.execute_many(
        "INSERT INTO history (endpoint_id, signal_id, subject, day, windows, block) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (endpoint_id, signal_id, subject, day) "
        "DO UPDATE SET windows = excluded.windows, block = excluded.block",
        rows,
    )
    connection.execute_many(
        "INSERT INTO daily (endpoint_id, signal_id, subject, statistic, day, windows, last, minimum, mean, maximum, "
        "total) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (endpoint_id, signal_id, subject, statistic, day) DO UPDATE SET windows = excluded.windows, "
        "last = excluded.last, minimum = excluded.minimum, mean = excluded.mean, maximum = excluded.maximum, "
        "total = excluded.total",
        points,
    )
    return len(rows)


def _summary(values: NDArray[np.float64]) -> tuple[float, float, float, float, float]:
    """Last, minimum, mean, maximum and total of at least one value."""
    return float(values[-1]), float(values.min()), float(values.mean()), float(values.max()), float(values.sum())


def purge(connection: Connection, raw_before_day: int, daily_before_day: int) -> PurgeReport:
    """Lets go of windows and daily points from before the given days (days since 1970), and of events with them."""
    rows = {}
    endpoints = connection.execute("SELECT endpoint_id FROM endpoint_head")
    for table, column, limit in (
        ("history", "day", raw_before_day),
        ("daily", "day", daily_before_day),
        ("event", "observed_at", daily_before_day * DAY),
        ("quarantine", "received_at", raw_before_day * DAY),
    ):
        gone = 0
        for (endpoint,) in endpoints:
            condition = f"FROM {table} WHERE endpoint_id = ? AND {column} < ?"
            count = connection.execute(f"SELECT count(*) {condition}", (endpoint, limit))[0][0]
            if count:
                connection.execute(f"DELETE {condition}", (endpoint, limit))
                gone += count
        rows[table] = gone
    return PurgeReport(rows)
