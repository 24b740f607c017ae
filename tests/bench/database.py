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
    connection = connect(url)
    connection.execute_many(
        "INSERT INTO fleet_endpoint (id, uuid, host_name, state, simulated, enrolled_at) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (number, uuid.UUID(int=number).hex, f"LT-{number}", "active", False, connection.moment(0))
            for number in range(1, endpoints + 1)
        ],
    )
    connection.close()
    return url
