"""The department as a fact of the collector's own: in the journal, judged by, and no agent's to say."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import pytest

from keuring.report.v1 import report_pb2
from keuring.signals.catalogue import KEURING_ENDPOINT_DEPARTMENT as DEPARTMENT
from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.ingest.decode import Received
from keuring_collector.ingest.departments import REFRESH
from keuring_collector.ingest.rebuild import rebuild
from keuring_collector.ingest.writer import WritePath
from keuring_collector.store import facts, journal
from keuring_collector.store.connection import Connection, connect
from tests.collector.packs import write_pack
from tests.collector.reports import report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = 1_790_000_100.0
USED = ("system.filesystem.utilization", "last", "/")


@pytest.fixture
def database(migrated_url: str) -> Iterator[Connection]:
    """Machine 1 is Sales', machine 2 nobody's."""
    connection = connect(migrated_url)
    for identity, name in ((1, "Sales"), (2, "Workshop")):
        connection.execute("INSERT INTO fleet_department (id, name, place) VALUES (?, ?, '')", (identity, name))
    for identity, department in ((1, 1), (2, None)):
        key = uuid.UUID(int=identity)
        connection.execute(
            "INSERT INTO fleet_endpoint (id, uuid, host_name, state, simulated, enrolled_at, department_id) "
            "VALUES (?, ?, ?, 'active', ?, ?, ?)",
            (
                identity,
                key if connection.vendor == "postgresql" else key.hex,
                "LT",
                False,
                connection.moment(START),
                department,
            ),
        )
    yield connection
    connection.close()


@pytest.fixture
def path(database: Connection, migrated_url: str, pack: rulepack.RulePack) -> Iterator[WritePath]:
    opened = WritePath(migrated_url, pack)
    yield opened
    opened.close()


@pytest.fixture
def pack(tmp_path: Path) -> rulepack.RulePack:
    """A rule that is meant for one department."""
    return rulepack.load(write_pack(tmp_path / "rules", applies_to=f"{{{DEPARTMENT.name}: Sales}}"))


def received(endpoint: int, number: int, at: float) -> Received:
    return Received(endpoint, report(number, at, {USED: 0.97}), at + 2)


def said(database: Connection, endpoint: int) -> list[tuple[int, object]]:
    """(position, department) of the journal's facts."""
    found = facts.changes(database, endpoint)
    return [(position, fact.value) for position, fact in found if fact.signal == DEPARTMENT.id]


def test_it_stands_in_the_journal_and_follows_the_list_of_colleagues(
    database: Connection, path: WritePath, pack: rulepack.RulePack
) -> None:
    for number in range(1, 13):
        path.write([received(endpoint, number, START + number * 300) for endpoint in (1, 2)])
    assert said(database, 1) == [(1, "Sales")]
    assert said(database, 2) == []
    tickets = [row[0] for row in database.execute("SELECT endpoint_id FROM desk_ticket")]
    assert tickets == [1]
    # The machine moves to another department; within an hour of reports the collector has seen it.
    database.execute("UPDATE fleet_endpoint SET department_id = 2 WHERE id = 1")
    for number in range(13, 13 + int(REFRESH // 300) + 1):
        path.write([received(1, number, START + number * 300)])
    assert [value for _, value in said(database, 1)] == ["Sales", "Workshop"]
    database.execute("UPDATE fleet_endpoint SET department_id = NULL WHERE id = 1")
    path.use(pack)
    path.write([received(1, 26, START + 26 * 300)])
    assert said(database, 1)[-1] == (26, None)


def test_a_replay_sees_what_was_seen(database: Connection, path: WritePath, pack: rulepack.RulePack) -> None:
    for number in range(1, 13):
        path.write([received(1, number, START + number * 300)])
    standing = path.fleet.standing(1)
    assert len(list(standing)) == 1
    database.execute("UPDATE fleet_endpoint SET department_id = NULL")
    fleet = Fleet(pack.compiled)
    rebuild(database, fleet, 1, journal.heads(database, [1])[1])
    assert list(fleet.standing(1)) == list(standing)


def test_an_agent_cannot_say_it(database: Connection, path: WritePath) -> None:
    lying = received(2, 1, START)
    lying.report.facts.append(report_pb2.Fact(signal_id=DEPARTMENT.id, string_value="Sales"))
    (answer,) = path.write([lying])
    assert [problem.reason for problem in answer.problems] == ["unknown_signal"]
    assert said(database, 2) == []
