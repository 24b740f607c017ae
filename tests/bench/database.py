"""A fresh database for a benchmark."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from keuring_collector.store.connection import connect
from tests.collector.postgres import migrate

if TYPE_CHECKING:
    from pathlib import Path


def migrated(directory: Path, endpoints: int) -> str:
    """The address of a new SQLite database in ``directory``, with all tables and so many endpoints."""
    url = f"sqlite:///{directory / 'keuring.sqlite3'}"
    migrate(url, directory)
    add_endpoints(url, endpoints)
    return url


def add_endpoints(url: str, count: int) -> None:
    """Adds endpoints 1 to ``count``, each with its number as its UUID."""
    connection = connect(url)
    connection.execute_many(
        "INSERT INTO fleet_endpoint (id, uuid, host_name, state, simulated, enrolled_at) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (number, uuid.UUID(int=number).hex, f"LT-{number}", "active", False, connection.moment(0))
            for number in range(1, count + 1)
        ],
    )
    connection.close()
