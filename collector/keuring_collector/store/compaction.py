"""From journal to history: days that have passed become blocks and daily points, and old ones are let go.

All of it happens in small transactions, one endpoint at a time, so that reports are hardly held up. A report leaves
the journal only when a snapshot of the state covers it: the journal is what state is rebuilt from.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from keuring_collector.store import baselines, frame, journal, notices, precision
from keuring_collector.store.block import DAY, Block, pack, pack_together, unpack

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
    connection: Connection,
    before_day: int,
    out_of_time: Callable[[], bool] = lambda: False,
    rest: Callable[[], None] = lambda: None,
) -> CompactionReport:
    """Moves what ended before the start of ``before_day`` (days since 1970) from the journal to history.

    ``rest`` is called after each transaction, to let others write.
    """
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
        rest()
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
    layouts = journal.layouts(connection, endpoint)
    fresh_from = _compacted_until(connection, endpoint)
    fresh, rest = _whole_days(covered, fresh_from)
    made = _write_days(connection, endpoint, fresh, layouts)
    if rest:
        made += _write(connection, endpoint, split(rest, layouts))
    _write_frames(connection, endpoint, covered, fresh_from)
    connection.execute_many(
        "DELETE FROM journal WHERE endpoint_id = ? AND epoch = ? AND sequence = ?",
        [(endpoint, entry.epoch, entry.sequence) for entry in covered],
    )
    connection.execute("UPDATE endpoint_head SET compacted_day = ? WHERE endpoint_id = ?", (before_day, endpoint))
    return len(covered), made


def _compacted_until(connection: Connection, endpoint: int) -> int:
    """The first day of which history can hold nothing yet."""
    rows = connection.execute("SELECT compacted_day FROM endpoint_head WHERE endpoint_id = ?", (endpoint,))
    return int(rows[0][0]) if rows else 0


def _day(entry: journal.Entry) -> int:
    """The day that a window belongs to; one that ends at midnight was measured on the day before."""
    return int((entry.end_at - 1) // DAY)


def _whole_days(
    entries: Sequence[journal.Entry], fresh_from: int
) -> tuple[dict[int, list[journal.Entry]], list[journal.Entry]]:
    """The days that can be written at once (nothing of them in history, one layout), and the entries of all others."""
    days: dict[int, list[journal.Entry]] = defaultdict(list)
    for entry in entries:
        days[_day(entry)].append(entry)
    fresh: dict[int, list[journal.Entry]] = {}
    rest: list[journal.Entry] = []
    for day, members in days.items():
        if day >= fresh_from and all(entry.layout == members[0].layout for entry in members):
            fresh[day] = members
        else:
            rest += members
    return fresh, rest


def _write_days(
    connection: Connection,
    endpoint: int,
    days: dict[int, list[journal.Entry]],
    layouts: dict[int, tuple[journal.Key, ...]],
) -> int:
    """Writes days of which history holds nothing yet, all series of a day at once."""
    series = {number: _Series(keys) for number, keys in layouts.items()}
    rows: list[tuple[Any, ...]] = []
    points: list[tuple[Any, ...]] = []
    for day, members in days.items():
        shape = series[members[0].layout]
        ends, chosen = np.unique(np.array([entry.end_at for entry in members]), return_index=True)
        table = np.stack([entry.values() for entry in members])[chosen]
        steps = precision.to_steps(table, shape.multiplier, shape.divisor)
        blocks = pack_together(day, ends, steps, [group for _, _, group in shape.groups])
        count = len(ends)
        rows += [
            (endpoint, signal, subject, day, count, block)
            for (signal, subject, _), block in zip(shape.groups, blocks, strict=True)
        ]
        values = precision.from_steps(steps, shape.multiplier, shape.divisor)
        points += [
            (endpoint, signal, subject, statistic, day, *summary)
            for (signal, statistic, subject), summary in zip(shape.keys, _summaries(values), strict=True)
            if summary[0]
        ]
    _put(connection, rows, points)
    return len(rows)


class _Series:
    """A layout, arranged for history: its rounding, and its columns by (signal, subject)."""

    def __init__(self, keys: Sequence[journal.Key]) -> None:
        self.keys = keys
        factors = np.array([precision.factors(signal) for signal, _, _ in keys], np.float64).reshape(-1, 2)
        self.multiplier, self.divisor = factors[:, 0], factors[:, 1]
        columns: dict[Series, list[tuple[int, int]]] = defaultdict(list)
        for index, (signal, statistic, subject) in enumerate(keys):
            columns[signal, subject].append((statistic, index))
        self.groups = [(signal, subject, sorted(group)) for (signal, subject), group in columns.items()]


def split(
    entries: Sequence[journal.Entry], layouts: dict[int, tuple[journal.Key, ...]]
) -> dict[tuple[int, int, str], Block]:
    """The values of reports, by (day, signal, subject)."""
    groups: dict[tuple[int, int], list[journal.Entry]] = defaultdict(list)
    for entry in entries:
        groups[_day(entry), entry.layout].append(entry)
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
    rows: list[tuple[Any, ...]] = []
    points: list[tuple[Any, ...]] = []
    for (day, signal, subject), fresh in blocks.items():
        old = connection.execute(
            "SELECT block FROM history WHERE endpoint_id = ? AND signal_id = ? AND subject = ? AND day = ?",
            (endpoint, signal, subject, day),
        )
        block = unpack(signal, day, bytes(old[0][0])).merged(fresh) if old else fresh
        rows.append((endpoint, signal, subject, day, len(block.ends), pack(signal, day, block)))
        statistics = list(block.columns)
        table = np.stack([block.columns[statistic] for statistic in statistics], axis=1)
        points += [
            (endpoint, signal, subject, statistic, day, *summary)
            for statistic, summary in zip(statistics, _summaries(table), strict=True)
            if summary[0]
        ]
    _put(connection, rows, points)
    return len(rows)


def _write_frames(connection: Connection, endpoint: int, entries: Sequence[journal.Entry], fresh_from: int) -> None:
    """Keeps when the windows were and how they came in; of days before ``fresh_from`` history may hold some already."""
    days: dict[int, list[journal.Entry]] = defaultdict(list)
    for entry in entries:
        days[_day(entry)].append(entry)
    rows = []
    for day, members in days.items():
        windows = frame.of_entries(members)
        if day < fresh_from:
            old = connection.execute(
                "SELECT block FROM history WHERE endpoint_id = ? AND signal_id = ? AND subject = '' AND day = ?",
                (endpoint, frame.SIGNAL, day),
            )
            windows = frame.unpack(day, bytes(old[0][0])).merged(windows) if old else windows
        rows.append((endpoint, frame.SIGNAL, "", day, len(windows), frame.pack(day, windows)))
    _put(connection, rows, [])


def _put(connection: Connection, rows: list[tuple[Any, ...]], points: list[tuple[Any, ...]]) -> None:
    # In the order of their keys, which come first: rows of a table are kept in that order.
    connection.execute_many(
        "INSERT INTO history (endpoint_id, signal_id, subject, day, windows, block) VALUES (?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (endpoint_id, signal_id, subject, day) "
        "DO UPDATE SET windows = excluded.windows, block = excluded.block",
        sorted(rows),
    )
    connection.execute_many(
        "INSERT INTO daily (endpoint_id, signal_id, subject, statistic, day, windows, last, minimum, mean, maximum, "
        "total) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (endpoint_id, signal_id, subject, statistic, day) DO UPDATE SET windows = excluded.windows, "
        "last = excluded.last, minimum = excluded.minimum, mean = excluded.mean, maximum = excluded.maximum, "
        "total = excluded.total",
        sorted(points),
    )


def _summaries(table: NDArray[np.float64]) -> list[tuple[int, float, float, float, float, float]]:
    """Of each column, without its NaN: how many values, the last, minimum, mean, maximum and total.

    Sums run down the column in order, so that a day gives the same bits however many columns it is done with.
    """
    known = ~np.isnan(table)
    counts = known.sum(axis=0)
    totals = np.cumsum(np.where(known, table, 0.0), axis=0)[-1]
    places = np.where(known, np.arange(len(table))[:, None], -1).max(axis=0)
    lasts = table[places, np.arange(table.shape[1])]
    lowest = np.where(known, table, np.inf).min(axis=0)
    highest = np.where(known, table, -np.inf).max(axis=0)
    means = totals / np.maximum(counts, 1)
    columns = (counts, lasts, lowest, means, highest, totals)
    return list(zip(*(column.tolist() for column in columns), strict=True))


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
    rows["baseline"] = baselines.purge(connection, daily_before_day)
    rows["notice"] = notices.purge(connection, raw_before_day * DAY)
    return PurgeReport(rows)
