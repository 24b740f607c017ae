"""Releases of programs in the database: made once a day from the versions that machines had, and read back as data."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from keuring.signals.catalogue import (
    KEURING_SOFTWARE_INVENTORY,
    KEURING_SOFTWARE_VERSION,
    OS_NAME,
    OS_TYPE,
    OS_VERSION,
)
from keuring_collector.engine.releases import FEWEST_MACHINES, Releases, moves
from keuring_collector.store.block import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from keuring_collector.store.connection import Connection
    from keuring_collector.store.facts import Value

PROGRAMS: Final = (KEURING_SOFTWARE_VERSION.id, KEURING_SOFTWARE_INVENTORY.id)  # the value is a version
SYSTEM: Final = (OS_TYPE.id, OS_NAME.id, OS_VERSION.id)
KEPT_DAYS: Final = 182  # updates further back say nothing of what is offered now


def source_of(known: Mapping[tuple[int, str], Value]) -> str:
    """Where a machine with these facts gets its programs from; empty: not known.

    Makers offer the same version to every Windows and every Mac; a Linux gets what its distribution's version has.
    """
    kind, name, version = (str(known.get((signal, "")) or "") for signal in SYSTEM)
    return f"{name} {version}".strip() if kind == "linux" else kind


def make(connection: Connection, now: float, stop: Callable[[], bool] = lambda: False) -> int | None:
    """Works out anew which versions machines in use were updated to lately; how many releases, None when stopped.

    ``stop`` is asked between machines.
    """
    since = int(now // DAY) - KEPT_DAYS
    seen: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    active = connection.execute("SELECT id FROM fleet_endpoint WHERE state = 'active' ORDER BY id")
    for (endpoint,) in active:
        if stop():
            return None
        source, programs = _history(connection, endpoint)
        for program, versions in programs.items():
            for version, day in moves(versions).items():
                if source and day >= since:
                    seen[source, program, version].append(day)
    found = [(*key, min(days), len(days), now) for key, days in seen.items() if len(days) >= FEWEST_MACHINES]
    with connection.transaction():
        connection.execute("DELETE FROM program_release")
        connection.execute_many(
            "INSERT INTO program_release (source, program, version, day, machines, made_at) VALUES (?, ?, ?, ?, ?, ?)",
            sorted(found),
        )
    return len(found)


def _history(connection: Connection, endpoint: int) -> tuple[str, dict[str, list[tuple[str | None, int]]]]:
    """A machine's source, and the (version, day) that each of its programs had, in order."""
    asked = (*PROGRAMS, *SYSTEM)
    rows = connection.execute(
        "SELECT signal_id, subject, value, observed_at FROM fact_change WHERE endpoint_id = ? "
        f"AND signal_id IN ({', '.join('?' * len(asked))}) ORDER BY position",
        (endpoint, *asked),
    )
    known: dict[tuple[int, str], Value] = {}
    programs: dict[str, list[tuple[str | None, int]]] = defaultdict(list)
    for signal, subject, text, at in rows:
        value = json.loads(text)
        if signal in PROGRAMS:
            programs[subject].append((None if value is None else str(value), int(at // DAY)))
        else:
            known[signal, subject] = value
    return source_of(known), programs


def load(connection: Connection) -> Releases:
    """All that are kept."""
    return Releases(
        (source, program, version, day)
        for source, program, version, day in connection.execute(
            "SELECT source, program, version, day FROM program_release"
        )
    )


def state(connection: Connection) -> tuple[int, float]:
    """What changes whenever releases were made."""
    count, last = connection.execute("SELECT count(*), max(made_at) FROM program_release")[0]
    return int(count), float(last or 0.0)
