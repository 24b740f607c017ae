"""The journal: what was reported, as it was judged, in order; and the head of each endpoint, which says how far."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from keuring_collector.store.connection import Connection, PostgresConnection, Row

    Key = tuple[int, int, str]  # signal, statistic, subject
    Layouts = dict[int, tuple[Key, ...]]

_PAST_EPOCHS: Final = 32  # how many spools of one endpoint are remembered


class Head(NamedTuple):
    """How far the journal of one endpoint has come.

    ``position`` counts the stored reports of the endpoint over all its spools; ``past_epochs`` holds the last
    sequence of earlier spools, so that a late duplicate is known as one.
    """

    epoch: int = 0
    sequence: int = 0
    position: int = 0
    received_at: float = 0.0
    end_at: float = 0.0
    skew: float = 0.0
    boot_id: str = ""
    layout: int = 0
    past_epochs: Mapping[int, int] = MappingProxyType({})

    def in_epoch(self, epoch: int) -> Head:
        """This head, moved on to ``epoch`` if that is a new one."""
        if epoch == self.epoch:
            return self
        past = {**self.past_epochs, self.epoch: self.sequence} if self.epoch else dict(self.past_epochs)
        past.pop(epoch, None)
        return self._replace(epoch=epoch, sequence=0, past_epochs=dict(list(past.items())[-_PAST_EPOCHS:]))


class Entry(NamedTuple):
    """One stored report, as a row of the journal: when, and the float32 values of the keys of its layout."""

    endpoint: int
    epoch: int
    sequence: int
    position: int
    received_at: float
    start_at: float
    end_at: float
    boot_id: str
    layout: int
    samples: bytes

    def values(self) -> NDArray[np.float64]:
        """The values as sent, before rounding."""
        return np.frombuffer(self.samples, "<f4").astype(np.float64)


_COLUMNS: Final = (
    "endpoint_id", "epoch", "sequence", "position", "received_at", "start_at", "end_at", "boot_id", "layout", "samples",
)  # fmt: skip
_TYPES: Final = ("int8", "int8", "int8", "int8", "float8", "float8", "float8", "text", "int8", "bytea")
_LIST: Final = ", ".join(_COLUMNS)
_INSERT: Final = f"INSERT INTO journal ({_LIST}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_HEAD_LIST: Final = "endpoint_id, epoch, sequence, position, received_at, end_at, skew, boot_id, layout, past_epochs"
_PUT_HEAD: Final = f"""
INSERT INTO endpoint_head ({_HEAD_LIST}, compacted_day) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)
ON CONFLICT (endpoint_id) DO UPDATE SET epoch = excluded.epoch, sequence = excluded.sequence,
position = excluded.position, received_at = excluded.received_at, end_at = excluded.end_at, skew = excluded.skew,
boot_id = excluded.boot_id, layout = excluded.layout, past_epochs = excluded.past_epochs
"""


def append(connection: Connection, entries: Sequence[Entry]) -> None:
    """Adds reports to the journal."""
    if connection.vendor == "postgresql":
        postgres: PostgresConnection = connection  # type: ignore[assignment]  # vendor says so
        postgres.copy("journal", _COLUMNS, _TYPES, entries)
    else:
        connection.execute_many(_INSERT, entries)


def entries(connection: Connection, endpoint: int, after: int = -1, until: float = float("inf")) -> list[Entry]:
    """The reports of one endpoint with a position beyond ``after`` that ended before ``until``, in order."""
    rows = connection.execute(
        f"SELECT {_LIST} FROM journal WHERE endpoint_id = ? AND position > ? AND end_at < ?",
        (endpoint, after, until if until != float("inf") else 1e300),
    )
    return sorted((Entry(*row) for row in rows), key=lambda entry: entry.position)


def heads(connection: Connection, endpoints: Iterable[int] | None = None, *, lock: bool = False) -> dict[int, Head]:
    """The heads of the given endpoints, or of all; those that never reported are left out.

    ``lock`` holds them for this transaction (PostgreSQL), in order of id, so that two collectors never wait for each
    other in a circle; SQLite's writing transaction is alone anyway.
    """
    if endpoints is None:
        rows = connection.execute(f"SELECT {_HEAD_LIST} FROM endpoint_head")
    elif connection.vendor == "postgresql":
        suffix = " ORDER BY endpoint_id FOR UPDATE" if lock else ""
        rows = connection.execute(
            f"SELECT {_HEAD_LIST} FROM endpoint_head WHERE endpoint_id = ANY(?){suffix}", (sorted(endpoints),)
        )
    else:
        rows = [
            row
            for endpoint in endpoints
            for row in connection.execute(f"SELECT {_HEAD_LIST} FROM endpoint_head WHERE endpoint_id = ?", (endpoint,))
        ]
    return {row[0]: _head(row) for row in rows}


def _head(row: Row) -> Head:
    _, epoch, sequence, position, received, end, skew, boot, layout, past = row
    epochs = {int(number): last for number, last in json.loads(past).items()}
    return Head(epoch, sequence, position, received, end, skew, boot, layout, epochs)


def reserve(connection: Connection, endpoints: Sequence[int]) -> None:
    """Makes sure that each endpoint has a head that can be locked (PostgreSQL)."""
    connection.execute_many(
        f"INSERT INTO endpoint_head ({_HEAD_LIST}, compacted_day) VALUES (?, 0, 0, 0, 0, 0, 0, '', 0, '{{}}', 0) "
        "ON CONFLICT (endpoint_id) DO NOTHING",
        [(endpoint,) for endpoint in sorted(endpoints)],
    )


def put_heads(connection: Connection, heads: Iterable[tuple[int, Head]]) -> None:
    """Writes how far the endpoints have come."""
    connection.execute_many(
        _PUT_HEAD,
        [
            (
                endpoint,
                head.epoch,
                head.sequence,
                head.position,
                head.received_at,
                head.end_at,
                head.skew,
                head.boot_id,
                head.layout,
                json.dumps(dict(head.past_epochs)) if head.past_epochs else "{}",
            )
            for endpoint, head in heads
        ],
    )


def put_layouts(connection: Connection, layouts: Iterable[tuple[int, int, Sequence[Key]]]) -> None:
    """Remembers what the values of an endpoint's reports mean: (endpoint, layout number, keys)."""
    connection.execute_many(
        "INSERT INTO layout (endpoint_id, layout, keys) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        [(endpoint, number, json.dumps(keys, separators=(",", ":"))) for endpoint, number, keys in layouts],
    )


def layouts(connection: Connection, endpoint: int) -> Layouts:
    """All layouts that an endpoint's reports ever had, by number."""
    rows = connection.execute("SELECT layout, keys FROM layout WHERE endpoint_id = ?", (endpoint,))
    return {number: _keys(keys) for number, keys in rows}


@lru_cache(maxsize=256)
def _keys(text: str) -> tuple[Key, ...]:
    """The keys of a layout as it is kept; machines that are alike have the same ones."""
    return tuple((key[0], key[1], key[2]) for key in json.loads(text))


def put_snapshots(connection: Connection, snapshots: Iterable[tuple[int, int, bytes]]) -> None:
    """Keeps the engine's state of endpoints: (endpoint, position, state)."""
    connection.execute_many(
        "INSERT INTO snapshot (endpoint_id, position, state) VALUES (?, ?, ?) ON CONFLICT (endpoint_id) "
        "DO UPDATE SET position = excluded.position, state = excluded.state",
        list(snapshots),
    )


def snapshot(connection: Connection, endpoint: int) -> tuple[int, bytes] | None:
    """The newest kept state of an endpoint and the position that it stands for."""
    rows = connection.execute("SELECT position, state FROM snapshot WHERE endpoint_id = ?", (endpoint,))
    return (rows[0][0], bytes(rows[0][1])) if rows else None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A report that could not be used, as it came in, with the reason."""

    endpoint: int
    epoch: int
    sequence: int
    received_at: float
    reason: str
    detail: str
    report: bytes


def quarantine(connection: Connection, reports: Iterable[Quarantined]) -> None:
    """Puts reports aside."""
    connection.execute_many(
        "INSERT INTO quarantine (endpoint_id, epoch, sequence, received_at, reason, detail, report) "
        "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(q.endpoint, q.epoch, q.sequence, q.received_at, q.reason, q.detail, q.report) for q in reports],
    )


def quarantined(connection: Connection, limit: int = 100) -> list[Quarantined]:
    """The reports put aside last, newest first."""
    rows = connection.execute(
        "SELECT endpoint_id, epoch, sequence, received_at, reason, detail, report FROM quarantine "
        "ORDER BY received_at DESC LIMIT ?",
        (limit,),
    )
    return [
        Quarantined(endpoint, epoch, sequence, at, reason, detail, bytes(report))
        for endpoint, epoch, sequence, at, reason, detail, report in rows
    ]
