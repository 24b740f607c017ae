"""A fresh database for a benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.collector.postgres import migrate

if TYPE_CHECKING:
    from pathlib import Path


def migrated(directory: Path) -> str:
    """The address of a new SQLite database in ``directory``, with all tables."""
    url = f"sqlite:///{directory / 'keuring.sqlite3'}"
    migrate(url, directory)
    return url
