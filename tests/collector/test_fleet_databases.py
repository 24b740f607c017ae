"""The databases that tests run on: empty ones, and migrated ones, of both kinds."""

from __future__ import annotations

from keuring_collector.store.connection import connect


def test_database_is_empty_and_takes_a_table(database_url: str) -> None:
    connection = connect(database_url)
    try:
        connection.execute("CREATE TABLE thing (id integer PRIMARY KEY)")
        connection.execute("INSERT INTO thing (id) VALUES (?)", (1,))
        assert connection.execute("SELECT id FROM thing") == [(1,)]
    finally:
        connection.close()


def test_migrated_database_has_all_tables(migrated_url: str) -> None:
    connection = connect(migrated_url)
    try:
        for table in ("journal", "fleet_endpoint", "desk_ticket", "django_session"):
            assert connection.execute(f"SELECT count(*) FROM {table}") == [(0,)]
    finally:
        connection.close()
