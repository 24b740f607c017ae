"""Times as PostgreSQL writes them, read by Python's own parser: psycopg's, which is written in Python, takes ten times
as long, and a page of the queue reads some three hundred.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from django.db.backends.postgresql.psycopg_any import BaseTzLoader

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class MomentLoader(BaseTzLoader):  # type: ignore[misc]  # not in the stubs
    """Of a connection whose time zone is UTC, as Django's are."""

    timezone: Final = UTC

    def load(self, data: Any) -> datetime:
        """The time with UTC. ValueError and psycopg's DataError as its own loader gives them."""
        try:
            return datetime.fromisoformat(str(data, "ascii"))
        except ValueError:  # not of the years that Python knows: the loader says so
            loaded: datetime = super().load(data)
            return loaded


def register(*, connection: BaseDatabaseWrapper, **_signal: object) -> None:
    """For a new connection of Django."""
    if connection.vendor == "postgresql" and connection.timezone == UTC:
        connection.connection.adapters.register_loader("timestamptz", MomentLoader)
