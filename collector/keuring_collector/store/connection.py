"""One connection to the database, SQLite or PostgreSQL, behind the few calls that the hot tables need.

SQL is written once, with ``?`` for parameters; both databases understand the rest of it. Whatever goes wrong between
us and the database comes out as StorageError, with what the database said.
"""

from __future__ import annotations

import contextlib
import sqlite3
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from keuring_collector.store.pragmas import SQLITE_BUSY_SECONDS, sqlite_init_command

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# A row is a tuple; what its columns are is up to the statement.
Row = Any


class StorageError(Exception):
    """The database cannot do what was asked of it now; nothing of the transaction was kept."""


class ConstraintError(StorageError):
    """The database refuses this very data, now and later: trying again is of no use."""


class Connection(ABC):
    """A connection of one thread. Outside ``transaction`` each statement stands on its own."""

    vendor: str

    @abstractmethod
    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """Runs one statement and returns its rows, if it has any."""

    @abstractmethod
    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Runs one statement once for each row."""

    @abstractmethod
    def begin(self) -> None:
        """Begins a transaction that will write."""

    @abstractmethod
    def commit(self) -> None:
        """Makes the transaction durable; only then does this return."""

    @abstractmethod
    def rollback(self) -> None:
        """Undoes the transaction, if there is one; never raises."""

    @abstractmethod
    def close(self) -> None:
        """Closes the connection."""

    @abstractmethod
    def moment(self, time: float | None) -> Any:
        """A time as Django's tables hold it."""

    @abstractmethod
    def time(self, moment: Any) -> float | None:
        """The inverse of ``moment``."""

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.begin()
        try:
            yield
            self.commit()
        except BaseException:
            self.rollback()
            raise


class SqliteConnection(Connection):
    """A connection to a SQLite file."""

    vendor = "sqlite"

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        try:
            self._connection = sqlite3.connect(
                path, timeout=SQLITE_BUSY_SECONDS, isolation_level=None, cached_statements=256
            )
            self._connection.executescript(sqlite_init_command())
        except sqlite3.Error as error:
            raise StorageError(f"{path}: {error}") from error

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        try:
            return self._connection.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        try:
            self._connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: sqlite3.Error) -> StorageError:
        kind = ConstraintError if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError) else StorageError
        return kind(f"{self.path}: {error}")

    def begin(self) -> None:
        self.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.execute("COMMIT")

    def rollback(self) -> None:
        # A failed commit may have ended the transaction already; then there is nothing left to undo.
        with contextlib.suppress(sqlite3.Error):
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def moment(self, time: float | None) -> Any:
        if time is None:
            return None
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")

    def time(self, moment: Any) -> float | None:
        return None if moment is None else datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()

    def checkpoint(self) -> int:
        """Copies the write-ahead log into the database file; returns the number of pages copied.

        The write lock is held by this connection meanwhile, so no writer, ours or Django's, can begin or restart the
        log at the same instant: that coincidence is what can corrupt a file before SQLite 3.51.3.
        """
        other = SqliteConnection(str(self.path))
        try:
            self.begin()
            try:
                _busy, _pages, copied = other.execute("PRAGMA wal_checkpoint(PASSIVE)")[0]
            finally:
                self.rollback()
        finally:
            other.close()
        return int(copied)

    def log_bytes(self) -> int:
        """The size of the write-ahead log."""
        try:
            return self.path.with_name(self.path.name + "-wal").stat().st_size
        except FileNotFoundError:
            return 0


@lru_cache(maxsize=512)
def _numbered(sql: str) -> str:
    return sql.replace("%", "%%").replace("?", "%s")


class PostgresConnection(Connection):
    """A connection to a PostgreSQL server; connects again when the server went away between transactions."""

    vendor = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection = self._connect()
        self._inside = False

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        try:
            return psycopg.connect(self._url, autocommit=True, connect_timeout=10, application_name="keuring")
        except psycopg.Error as error:
            raise _failure(error) from error

    def _alive(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection.broken or self._connection.closed:
            if self._inside:
                raise StorageError("PostgreSQL: the connection broke within a transaction")
            self._connection = self._connect()
        return self._connection

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        try:
            # In binary, as numbers and bytes written as text take both sides twice as long.
            cursor = self._alive().execute(_numbered(sql), parameters, binary=True)
            return cursor.fetchall() if cursor.description else []
        except psycopg.Error as error:
            raise _failure(error) from error

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        try:
            with self._alive().cursor() as cursor:
                cursor.executemany(_numbered(sql), rows)
        except psycopg.Error as error:
            raise _failure(error) from error

    def copy(self, table: str, columns: Sequence[str], types: Sequence[str], rows: Iterable[Row]) -> None:
        """Writes many rows in PostgreSQL's binary form, the cheapest way in."""
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT BINARY)"
        try:
            with self._alive().cursor() as cursor, cursor.copy(statement) as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(row)
        except psycopg.Error as error:
            raise _failure(error) from error

    def begin(self) -> None:
        try:
            self._alive().execute("BEGIN")
        except psycopg.OperationalError:
            # The server may have been restarted since the last transaction; one fresh connection, then give up.
            self.close()
            self._connection = self._connect()
            self.execute("BEGIN")
        self._inside = True

    def commit(self) -> None:
        self.execute("COMMIT")
        self._inside = False

    def rollback(self) -> None:
        self._inside = False
        with contextlib.suppress(psycopg.Error):
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def moment(self, time: float | None) -> Any:
        return None if time is None else datetime.fromtimestamp(time, UTC)

    def time(self, moment: Any) -> float | None:
        return None if moment is None else float(moment.timestamp())


def _failure(error: psycopg.Error) -> StorageError:
    kind = ConstraintError if isinstance(error, psycopg.IntegrityError | psycopg.DataError) else StorageError
    return kind(f"PostgreSQL: {error}")


def connect(url: str) -> Connection:
    """A new connection to the database that ``url`` names (see config.Settings.database)."""
    if url.startswith("sqlite:///"):
        return SqliteConnection(url.removeprefix("sqlite:///"))
    return PostgresConnection(url)
