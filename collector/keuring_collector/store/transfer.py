"""Whole databases, out and in: what a backup carries.

PostgreSQL's own ``pg_dump`` must be as new as the server, and is often not there where the collector runs. COPY is
always there: the schema comes from our migrations, and one snapshot makes the tables fit together. SQLite has a call
of its own that copies a database while others read and write.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Final

import psycopg
from psycopg import sql

from keuring_collector.store.connection import StorageError
from keuring_collector.store.pragmas import SQLITE_BUSY_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

# Made anew by `migrate`, with the numbers that this database gives them.
SKIPPED: Final = ("django_migrations", "django_content_type", "auth_permission")


def sqlite_version() -> tuple[int, int, int]:
    """The SQLite in use."""
    return sqlite3.sqlite_version_info


def copy_sqlite(source: Path, target: Path) -> None:
    """A consistent copy of a SQLite database, while others use it. Raises StorageError."""
    try:
        with (
            closing(sqlite3.connect(source, timeout=SQLITE_BUSY_SECONDS)) as live,
            closing(sqlite3.connect(target)) as copy,
        ):
            live.execute("PRAGMA wal_autocheckpoint=0")
            live.backup(copy)
    except sqlite3.Error as error:
        raise StorageError(f"{source}: cannot be copied: {error}") from error


def check_sqlite(path: Path) -> str:
    """What is wrong with a SQLite file; empty when it is whole."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return "" if verdict == "ok" else str(verdict)


def dump(url: str, directory: Path) -> None:
    """Writes each table to ``directory``/TABLE.copy, all as they were at one moment."""
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for table in _tables(connection):
            names = _column_names(connection, table)  # asked before COPY has the connection to itself
            columns = sql.SQL(", ").join(map(sql.Identifier, names))
            statement = sql.SQL("COPY {} ({}) TO STDOUT").format(sql.Identifier(table), columns)
            with (
                (directory / f"{table}.copy").open("wb") as file,
                connection.cursor() as cursor,
                cursor.copy(statement) as copy,
            ):
                # The first line names the columns: another database may have them in another order.
                file.write((",".join(names) + "\n").encode())
                for block in copy:
                    file.write(block)


def load(url: str, directory: Path) -> None:
    """Fills the tables of a migrated, empty database; all or nothing."""
    with psycopg.connect(url) as connection:
        known = set(_tables(connection))
        # Rows refer to rows of tables that come later; the references hold again at the end.
        for table in known:
            for (name,) in _references(connection, table):
                connection.execute(
                    sql.SQL("ALTER TABLE {} ALTER CONSTRAINT {} DEFERRABLE INITIALLY DEFERRED").format(
                        sql.Identifier(table), sql.Identifier(name)
                    )
                )
        for path in sorted(directory.glob("*.copy")):
            if path.stem in known:
                _fill(connection, path.stem, path)
        for table in known:
            _set_sequences(connection, table)


def is_empty(url: str) -> bool:
    """Whether a database has no tables yet."""
    with psycopg.connect(url) as connection:
        return not _tables(connection, everything=True)


def _tables(connection: psycopg.Connection[tuple[object, ...]], *, everything: bool = False) -> list[str]:
    rows = connection.execute(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY table_name"
    )
    return [str(name) for (name,) in rows if everything or name not in SKIPPED]


def _column_names(connection: psycopg.Connection[tuple[object, ...]], table: str) -> list[str]:
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = %s ORDER BY ordinal_position",
        (table,),
    )
    return [str(name) for (name,) in rows]


def _references(connection: psycopg.Connection[tuple[object, ...]], table: str) -> list[tuple[str]]:
    rows = connection.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'f'", (f'"{table}"',)
    )
    return [(str(name),) for (name,) in rows]


def _fill(connection: psycopg.Connection[tuple[object, ...]], table: str, path: Path) -> None:
    with path.open("rb") as file:
        names = file.readline().decode().strip().split(",")
        columns = sql.SQL(", ").join(map(sql.Identifier, names))
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            while block := file.read(1 << 20):
                copy.write(block)


def _set_sequences(connection: psycopg.Connection[tuple[object, ...]], table: str) -> None:
    """Lets numbers that the database gives out go on after the highest one that came back."""
    name = sql.Identifier(table)
    for column in _column_names(connection, table):
        row = connection.execute("SELECT pg_get_serial_sequence(%s, %s)", (f'"{table}"', column)).fetchone()
        if row is not None and row[0] is not None:
            highest = sql.SQL("SELECT setval(%s, greatest((SELECT max({}) FROM {}), 1))").format(
                sql.Identifier(column), name
            )
            connection.execute(highest, (row[0],))
