"""A database of PostgreSQL that a test has used, made what it was before: far cheaper than a new one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

if TYPE_CHECKING:
    import psycopg

# Everything a test could have made or altered besides rows; what PostgreSQL makes by itself (toast) lies elsewhere.
SHAPE = """
SELECT md5(string_agg(shape, ',' ORDER BY shape)) FROM (
  SELECT concat_ws(' ', c.relname, c.relkind, c.reloptions::text, a.attname, a.atttypid, a.attnotnull, a.atthasdef)
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
   WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(' ', conname, contype, pg_get_constraintdef(oid)) FROM pg_constraint
             WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT concat_ws(' ', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal
) AS parts (shape)"""
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@dataclass(frozen=True)
class Pristine:
    """What a database with all tables and nothing in them is: its shape, its few first rows, its counters."""

    shape: str
    rows: dict[str, str]  # of the tables that have some from the start, a hash of them
    sequences: dict[str, int | None]
    tables: tuple[str, ...]

    @classmethod
    def of(cls, connection: psycopg.Connection[Any]) -> Pristine:
        """Looks at a database that nobody has used yet."""
        tables = tuple(name for (name,) in connection.execute(TABLES))
        return cls(_shape(connection), _rows(connection, _filled(connection, tables)), _sequences(connection), tables)

    def restore(self, connection: psycopg.Connection[Any]) -> bool:
        """Ends who is still connected and takes away what is in the tables; false where more than rows was changed."""
        connection.execute(OTHERS)
        if _shape(connection) != self.shape or _rows(connection, tuple(self.rows)) != self.rows:
            return False
        filled = [name for name in _filled(connection, self.tables) if name not in self.rows]
        if filled:
            names = sql.SQL(", ").join(map(sql.Identifier, filled))
            connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(names))
        for name, value in _sequences(connection).items():
            if value != self.sequences[name]:
                connection.execute(
                    "SELECT setval(%s, %s, %s)", (name, self.sequences[name] or 1, bool(self.sequences[name]))
                )
        return _rows(connection, tuple(self.rows)) == self.rows  # CASCADE may have reached the first rows


def _shape(connection: psycopg.Connection[Any]) -> str:
    ((shape,),) = connection.execute(SHAPE)
    return str(shape)


def _filled(connection: psycopg.Connection[Any], tables: tuple[str, ...]) -> tuple[str, ...]:
    asked = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(sql.Literal(name), sql.Identifier(name))
        for name in tables
    ]
    return tuple(name for (name,) in connection.execute(sql.SQL(" UNION ALL ").join(asked)))


def _rows(connection: psycopg.Connection[Any], tables: tuple[str, ...]) -> dict[str, str]:
    hashes = {}
    for name in tables:
        asked = sql.SQL("SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM {} AS t")
        ((hashes[name],),) = connection.execute(asked.format(sql.Identifier(name)))
    return hashes


def _sequences(connection: psycopg.Connection[Any]) -> dict[str, int | None]:
    return dict(connection.execute(SEQUENCES).fetchall())
