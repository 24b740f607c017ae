"""All that the hot tables hold of one machine, for whoever it is about: read only, table by table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from keuring_collector.store import frame, journal, precision
from keuring_collector.store.block import BlockError, unpack
from keuring_collector.store.schema import NOTICES, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from keuring_collector.store.connection import Connection, Row


class Windows(NamedTuple):
    """Windows of one series: their ends (seconds since 1970) and a column for each statistic that was kept."""

    signal: int
    subject: str
    ends: NDArray[np.float64]
    columns: dict[int, NDArray[np.float64]]


# {table: its columns} of all tables with rows of machines; ``history`` and ``journal`` are told by ``windows`` too.
COLUMNS: Final = {
    match[1]: re.findall(r"^    ([a-z_]+) ", match[2], re.MULTILINE)
    for match in re.finditer(r"CREATE TABLE (\w+) \(\n(.*?)^\)", TABLES + NOTICES, re.MULTILINE | re.DOTALL)
}
# What a row of these is, ``windows`` tells in full.
PACKED: Final = {"history": "block", "journal": "samples"}


def rows(connection: Connection, table: str, endpoint: int) -> list[Row]:
    """The rows of a table of ``COLUMNS`` that are of one machine, with all columns but those of ``PACKED``."""
    return connection.execute(f"SELECT {', '.join(columns(table))} FROM {table} WHERE endpoint_id = ?", (endpoint,))


def columns(table: str) -> list[str]:
    """The columns that ``rows`` gives."""
    return [name for name in COLUMNS[table] if name != PACKED.get(table)]


def signals(connection: Connection, endpoint: int) -> list[int]:
    """The signals that a machine ever sent windows of."""
    layouts = journal.layouts(connection, endpoint).values()
    kept = connection.execute("SELECT DISTINCT signal_id FROM history WHERE endpoint_id = ?", (endpoint,))
    return sorted({key[0] for keys in layouts for key in keys} | {row[0] for row in kept} - {frame.SIGNAL})


def reports(connection: Connection, endpoint: int) -> Iterator[tuple[float, float, float]]:
    """When each window that was compacted began, ended and came in."""
    found = connection.execute(
        "SELECT day, block FROM history WHERE endpoint_id = ? AND signal_id = ? ORDER BY day", (endpoint, frame.SIGNAL)
    )
    for day, data in found:
        told = frame.unpack(day, bytes(data))
        yield from zip(told.start.tolist(), told.end.tolist(), told.received.tolist(), strict=True)


def windows(
    connection: Connection, endpoint: int, signal: int, damaged: list[tuple[int, str, int, bytes]]
) -> Iterator[Windows]:
    """The windows of a signal in history, a day of a series at a time.

    A day that cannot be read is put into ``damaged`` as it is kept: (signal, subject, day, bytes).
    """
    found = connection.execute(
        "SELECT subject, day, block FROM history WHERE endpoint_id = ? AND signal_id = ? ORDER BY subject, day",
        (endpoint, signal),
    )
    for subject, day, data in found:
        try:
            block = unpack(signal, day, bytes(data))
        except BlockError:
            damaged.append((signal, subject, day, bytes(data)))
            continue
        yield Windows(signal, subject, block.ends, dict(block.columns))


def recent(connection: Connection, endpoint: int) -> Iterator[Windows]:
    """The windows that are in the journal still, rounded as history keeps them."""
    layouts = journal.layouts(connection, endpoint)
    together: dict[int, list[journal.Entry]] = {}
    for entry in journal.entries(connection, endpoint):
        together.setdefault(entry.layout, []).append(entry)
    for layout, entries in together.items():
        ends = np.array([entry.end_at for entry in entries])
        values = np.array([entry.values() for entry in entries])
        for place, (signal, statistic, subject) in enumerate(layouts[layout]):
            factors = precision.factors(signal)
            column = precision.from_steps(precision.to_steps(values[:, place], *factors), *factors)
            yield Windows(signal, subject, ends, {statistic: column})
