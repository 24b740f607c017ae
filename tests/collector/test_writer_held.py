"""The write path and what the desk holds back: looked up now and then, kept when it cannot be read."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from keuring_collector import rulepack
from keuring_collector.ingest import held
from keuring_collector.ingest.writer import STORED, WritePath
from keuring_collector.store.connection import Connection, connect
from tests.collector.packs import write_pack
from tests.collector.test_writer import START, received, tickets, words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def database(migrated_url: str) -> Iterator[Connection]:
    connection = connect(migrated_url)
    for identity in range(1, 5):
        key = uuid.UUID(int=identity)
        connection.execute(
            "INSERT INTO fleet_endpoint (id, uuid, host_name, state, simulated, enrolled_at) "
            "VALUES (?, ?, ?, 'active', ?, ?)",
            (identity, key if connection.vendor == "postgresql" else key.hex, "LT", False, connection.moment(START)),
        )
    yield connection
    connection.close()


def test_what_the_desk_holds_back_waits_and_is_looked_up_now_and_then(
    database: Connection, migrated_url: str, tmp_path: Path
) -> None:
    def waiting() -> list[Any]:
        return [tuple(row) for row in database.execute("SELECT endpoint_id, why, cause FROM desk_waiting ORDER BY id")]

    database.execute(
        "INSERT INTO desk_deskstate (id, rule_by_rule, intake_days, budget, time_zone) VALUES (1, ?, 7, 0, ?)",
        (True, "Europe/Amsterdam"),
    )
    path, clock = WritePath(migrated_url, rulepack.load(write_pack(tmp_path / "rules"))), [0.0]
    path._held = held.HoldWatch(lambda: clock[0])
    path.write([received(1, number, 0.99) for number in range(1, 5)])
    assert tickets(database) == []
    assert [row[:2] for row in waiting()] == [(1, "intake")]
    path.write([received(1, number, 0.2) for number in range(5, 20)])
    assert waiting() == []  # it cleared
    # A state that cannot be read makes no report look broken; what held before goes on.
    database.execute("UPDATE desk_deskstate SET time_zone = 'Nowhere/Never'")
    database.execute(
        "INSERT INTO desk_quiet (kind, reason, model, host_name, cause, starts_at, ends_at, made_at, weekday, "
        "from_minute, minutes) VALUES ('maintenance', 'x', '', '', '', ?, ?, ?, 1, 60, 60)",
        (database.moment(START - 9e5), database.moment(START + 9e5), database.moment(START)),
    )
    clock[0] = held.LOOK_SECONDS
    assert words(path.write([received(2, number, 0.99) for number in range(1, 5)])) == [STORED] * 4
    assert [row[:2] for row in waiting()] == [(2, "intake")]
    database.execute("DELETE FROM desk_quiet")
    database.execute("UPDATE desk_deskstate SET rule_by_rule = ?", (False,))
    path.write([received(3, number, 0.99) for number in range(1, 5)])
    assert [row[0] for row in waiting()] == [2, 3]  # not looked up again yet
    clock[0] = 2 * held.LOOK_SECONDS
    path.write([received(4, number, 0.99) for number in range(1, 5)])
    assert [row[0] for row in tickets(database)] == [4]
    path.close()
