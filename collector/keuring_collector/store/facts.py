"""Facts, events and what cannot be measured: the slow part of what an endpoint reports."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Final

from keuring.signals import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from keuring_collector.store.connection import Connection, Row

Value = str | float | bool | None
_AT_ONCE: Final = 500  # endpoints in one question
# What lists of machines show and seek by stands in the table of endpoints as well: {signal: (column, its length)}.
COLUMNS: Final = {
    catalogue.KEURING_HARDWARE_MODEL.id: ("model", 256),
    catalogue.KEURING_AGENT_VERSION.id: ("agent_version", 64),
}


@dataclass(frozen=True, slots=True)
class StoredFact:
    """A property of an endpoint and since when it has this value; ``value`` None: it is gone."""

    signal: int
    subject: str
    value: Value
    observed_at: float


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """Something that happened on an endpoint."""

    signal: int
    subject: str
    observed_at: float
    count: int
    attributes: Mapping[str, str]


def put_facts(connection: Connection, rows: Sequence[tuple[int, int, int, str, float, Value]]) -> None:
    """Keeps changed facts: (endpoint, position, signal, subject, observed at, value)."""
    encoded = [(*row[:5], json.dumps(row[5])) for row in rows]
    connection.execute_many(
        "INSERT INTO fact_change (endpoint_id, position, signal_id, subject, observed_at, value) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (endpoint_id, position, signal_id, subject) "
        "DO UPDATE SET observed_at = excluded.observed_at, value = excluded.value",
        encoded,
    )
    connection.execute_many(
        "INSERT INTO fact (endpoint_id, signal_id, subject, observed_at, value) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (endpoint_id, signal_id, subject) "
        "DO UPDATE SET observed_at = excluded.observed_at, value = excluded.value",
        [(row[0], row[2], row[3], row[4], row[5]) for row in encoded],
    )
    for endpoint, _position, signal, subject, _at, value in rows:
        if signal in COLUMNS and not subject:
            name, most = COLUMNS[signal]
            text = str(value or "")[:most]
            connection.execute(f"UPDATE fleet_endpoint SET {name} = ? WHERE id = ?", (text, endpoint))


def put_events(
    connection: Connection, rows: Sequence[tuple[int, int, int, int, str, float, int, Mapping[str, str]]]
) -> None:
    """Keeps events: (endpoint, position, ordinal, signal, subject, observed at, count, attributes)."""
    connection.execute_many(
        "INSERT INTO event (endpoint_id, position, ordinal, signal_id, subject, observed_at, count, attributes) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [(*row[:7], json.dumps(dict(row[7]))) for row in rows],
    )


def put_unmeasured(connection: Connection, rows: Iterable[tuple[int, int, str, float, str]]) -> None:
    """Keeps (endpoint, signal, subject, since, reason); an empty reason takes the entry away."""
    for row in rows:
        if row[4]:
            connection.execute(
                "INSERT INTO unmeasured (endpoint_id, signal_id, subject, since, reason) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT (endpoint_id, signal_id, subject) DO UPDATE SET reason = excluded.reason",
                row,
            )
        else:
            connection.execute(
                "DELETE FROM unmeasured WHERE endpoint_id = ? AND signal_id = ? AND subject = ?", row[:3]
            )


def facts(connection: Connection, endpoint: int) -> list[StoredFact]:
    """The facts of an endpoint as they are now."""
    rows = connection.execute(
        "SELECT signal_id, subject, value, observed_at FROM fact WHERE endpoint_id = ? ORDER BY signal_id, subject",
        (endpoint,),
    )
    return [
        StoredFact(signal, subject, json.loads(value), at) for signal, subject, value, at in rows if value != "null"
    ]


def facts_of(
    connection: Connection, signal: int, endpoints: Iterable[int] | None = None
) -> dict[tuple[int, str], Value]:
    """One fact over the fleet, or over some endpoints: {(endpoint, subject): value}."""
    if endpoints is None:
        rows = connection.execute("SELECT endpoint_id, subject, value FROM fact WHERE signal_id = ?", (signal,))
    else:
        chosen, rows = sorted(set(endpoints)), []
        for first in range(0, len(chosen), _AT_ONCE):
            some = chosen[first : first + _AT_ONCE]
            places = ", ".join("?" * len(some))
            rows += connection.execute(
                f"SELECT endpoint_id, subject, value FROM fact WHERE endpoint_id IN ({places}) AND signal_id = ?",
                (*some, signal),
            )
    return {(endpoint, subject): json.loads(value) for endpoint, subject, value in rows if value != "null"}


def departments(connection: Connection, endpoints: Iterable[int]) -> dict[int, str]:
    """The names of the departments that endpoints belong to; those without one are left out."""
    return {
        endpoint: name
        for each in endpoints
        for endpoint, name in connection.execute(
            "SELECT fleet_endpoint.id, fleet_department.name FROM fleet_endpoint "
            "JOIN fleet_department ON fleet_department.id = fleet_endpoint.department_id WHERE fleet_endpoint.id = ?",
            (each,),
        )
    }


def warranties(connection: Connection, serials: Iterable[str]) -> dict[str, float]:
    """When the warranty ends that the organisation told of these serial numbers, in seconds since 1970."""
    chosen, found = sorted(set(serials)), {}
    for first in range(0, len(chosen), _AT_ONCE):
        some = chosen[first : first + _AT_ONCE]
        places = ", ".join("?" * len(some))
        for serial, ends in connection.execute(
            f"SELECT serial, ends FROM fleet_warranty WHERE serial IN ({places})", some
        ):
            # Noon, so that it is that day on the calendar of every desk from UTC-11 to UTC+11.
            found[serial] = datetime.combine(date.fromisoformat(str(ends)), time(12), UTC).timestamp()
    return found


def changes(connection: Connection, endpoint: int, after: int = -1) -> list[tuple[int, StoredFact]]:
    """The facts that changed beyond position ``after``, in order: (position, fact)."""
    rows = connection.execute(
        "SELECT position, signal_id, subject, value, observed_at FROM fact_change "
        "WHERE endpoint_id = ? AND position > ? ORDER BY position, signal_id, subject",
        (endpoint, after),
    )
    return [(row[0], StoredFact(row[1], row[2], json.loads(row[3]), row[4])) for row in rows]


def fact_about(connection: Connection, signals: Sequence[int], subject: str) -> dict[int, Value]:
    """What machines tell of one subject: {endpoint: value}; of several signals the first that they tell."""
    marks = ", ".join("?" * len(signals))
    rows = connection.execute(
        f"SELECT endpoint_id, value FROM fact WHERE signal_id IN ({marks}) AND subject = ? "
        "ORDER BY endpoint_id, signal_id DESC",
        (*signals, subject),
    )
    return {endpoint: json.loads(value) for endpoint, value in rows if value != "null"}


def subjects(connection: Connection, signals: Sequence[int], text: str, most: int) -> list[str]:
    """At most ``most`` subjects of facts that hold ``text``, whatever its capitals, in order."""
    marks = ", ".join("?" * len(signals))
    sought = "%" + re.sub(r"([\\%_])", r"\\\1", text.lower()) + "%"
    rows = connection.execute(
        f"SELECT DISTINCT subject FROM fact WHERE signal_id IN ({marks}) AND value <> 'null' "
        "AND lower(subject) LIKE ? ESCAPE '\\' ORDER BY subject LIMIT ?",
        (*signals, sought, most),
    )
    return [row[0] for row in rows]


def event_counts(connection: Connection, signals: Sequence[int], since: float) -> list[tuple[int, int, str, str, int]]:
    """Events of the fleet since a moment, put together: (endpoint, signal, subject, its attribute version, count).

    Reads the whole table of events, which holds few of them a machine.
    """
    marks = ", ".join("?" * len(signals))
    rows = connection.execute(
        f"SELECT endpoint_id, signal_id, subject, attributes, sum(count) FROM event "
        f"WHERE signal_id IN ({marks}) AND observed_at >= ? GROUP BY endpoint_id, signal_id, subject, attributes",
        (*signals, since),
    )
    return [(row[0], row[1], row[2], json.loads(row[3]).get("version", ""), int(row[4])) for row in rows]


def _event(row: Row) -> StoredEvent:
    signal, subject, at, count, attributes = row
    return StoredEvent(signal, subject, at, count, json.loads(attributes))


def events(connection: Connection, endpoint: int, since: float, until: float) -> list[StoredEvent]:
    """What happened on an endpoint in a period, oldest first."""
    rows = connection.execute(
        "SELECT signal_id, subject, observed_at, count, attributes FROM event "
        "WHERE endpoint_id = ? AND observed_at >= ? AND observed_at <= ? ORDER BY observed_at, position, ordinal",
        (endpoint, since, until),
    )
    return [_event(row) for row in rows]


def unmeasured(connection: Connection, endpoint: int) -> list[tuple[int, str, str]]:
    """What cannot be measured on an endpoint: (signal, subject, reason)."""
    return connection.execute(
        "SELECT signal_id, subject, reason FROM unmeasured WHERE endpoint_id = ? ORDER BY signal_id, subject",
        (endpoint,),
    )
