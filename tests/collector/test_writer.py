"""The write path on both databases: what is answered is stored, once, and state is only a cache of it."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from keuring.report.v1 import report_pb2
from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.ingest.decode import Received
from keuring_collector.ingest.writer import DUPLICATE, OUT_OF_ORDER, QUARANTINED, STORED, Answer, WritePath
from keuring_collector.store import StorageError, facts, journal, open_store
from keuring_collector.store.connection import Connection, connect
from tests.collector.packs import write_pack
from tests.collector.reports import report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

START = 1_790_000_100.0
WINDOW = 300.0
USED = ("system.filesystem.utilization", "last", "/")
CPU = ("system.cpu.utilization", "mean", "")


@pytest.fixture
def pack(tmp_path: Path) -> rulepack.RulePack:
    return rulepack.load(write_pack(tmp_path / "rules"))


@pytest.fixture
def database(migrated_url: str) -> Iterator[Connection]:
    connection = connect(migrated_url)
    for identity in range(1, 9):
        key = uuid.UUID(int=identity)
        connection.execute(
            "INSERT INTO fleet_endpoint (id, uuid, host_name, state, simulated, enrolled_at) "
            "VALUES (?, ?, ?, 'active', ?, ?)",
            (identity, key if connection.vendor == "postgresql" else key.hex, "LT", False, connection.moment(START)),
        )
    yield connection
    connection.close()


@pytest.fixture
def path(database: Connection, migrated_url: str, pack: rulepack.RulePack) -> Iterator[WritePath]:
    opened = WritePath(migrated_url, pack)
    yield opened
    opened.close()


def received(endpoint: int, number: int, used: float = 0.5, **options: Any) -> Received:
    end = START + number * WINDOW
    return Received(endpoint, report(number, end, {USED: used, CPU: 0.25}, **options), end + 2)


def words(answers: Sequence[Answer]) -> list[int]:
    return [answer.disposition for answer in answers]


def tickets(database: Connection) -> list[Any]:
    return [tuple(row) for row in database.execute("SELECT endpoint_id, cause, state FROM desk_ticket ORDER BY id")]


def test_reports_are_stored_and_answered_in_order(path: WritePath, database: Connection) -> None:
    answers = path.write([received(1, 1), received(2, 1), received(1, 2)])
    assert words(answers) == [STORED] * 3
    assert [answer.sequence for answer in answers] == [1, 1, 2]
    assert [entry.sequence for entry in journal.entries(database, 1)] == [1, 2]
    assert path.write([]) == []


def test_a_duplicate_is_answered_and_not_stored_again(path: WritePath, database: Connection) -> None:
    path.write([received(1, 1)])
    assert words(path.write([received(1, 1), received(1, 2), received(1, 2)])) == [DUPLICATE, STORED, DUPLICATE]
    assert len(journal.entries(database, 1)) == 2


def test_a_hole_is_not_skipped_but_can_be_closed(path: WritePath, database: Connection) -> None:
    path.write([received(1, 1)])
    (answer,) = path.write([received(1, 4)])
    assert (answer.disposition, answer.expected) == (OUT_OF_ORDER, 2)
    gap = report_pb2.Report(spool_epoch=1, sequence=2)
    gap.gap.first_sequence, gap.gap.last_sequence, gap.gap.reason = 2, 3, "spool full"
    assert words(path.write([Received(1, gap, START), received(1, 4)])) == [STORED, STORED]
    assert [entry.sequence for entry in journal.entries(database, 1)] == [1, 4]


def test_a_new_spool_begins_at_one_and_the_old_one_is_remembered(path: WritePath, database: Connection) -> None:
    path.write([received(1, 1), received(1, 2)])
    assert words(path.write([received(1, 2, epoch=7)])) == [OUT_OF_ORDER]
    assert words(path.write([received(1, 1, epoch=7)])) == [STORED]
    assert words(path.write([received(1, 2)])) == [DUPLICATE]
    assert words(path.write([received(1, 3)])) == [QUARANTINED]
    assert open_store_reasons(database) == ["stale_epoch"]


def open_store_reasons(database: Connection) -> list[str]:
    return [aside.reason for aside in journal.quarantined(database)]


def test_a_report_that_cannot_be_used_is_kept_aside_and_the_next_one_goes_on(
    path: WritePath, database: Connection
) -> None:
    broken = received(1, 2)
    broken.report.values = b"\x00\x01"
    answers = path.write([received(1, 1), broken, received(1, 3), received(2, 1)])
    assert words(answers) == [STORED, QUARANTINED, STORED, STORED]
    assert answers[1].problems[0].reason == "wrong_length"
    (aside,) = journal.quarantined(database)
    assert (aside.endpoint, aside.sequence, aside.reason) == (1, 2, "wrong_length")
    assert report_pb2.Report.FromString(aside.report) == broken.report
    assert words(path.write([broken])) == [DUPLICATE]


def test_a_report_that_the_engine_stumbles_over_stops_no_neighbour(
    path: WritePath, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Fleet.judge

    def stumble(fleet: Fleet, windows: Sequence[Any]) -> Any:
        if any(window.endpoint == 3 and window.end == START + 2 * WINDOW for window in windows):
            raise ZeroDivisionError("poison")
        return judge(fleet, windows)

    monkeypatch.setattr(Fleet, "judge", stumble)
    batch = [received(endpoint, number) for number in (1, 2, 3) for endpoint in (1, 2, 3, 4)]
    answers = path.write(batch)
    poisoned = [index for index, answer in enumerate(answers) if answer.disposition != STORED]
    assert [(batch[index].endpoint, answers[index].sequence) for index in poisoned] == [(3, 2)]
    assert open_store_reasons(database) == ["failed"]
    assert [entry.sequence for entry in journal.entries(database, 3)] == [1, 3]
    assert [entry.sequence for entry in journal.entries(database, 4)] == [1, 2, 3]


def test_a_condition_that_holds_opens_a_ticket_in_the_same_transaction(path: WritePath, database: Connection) -> None:
    path.write([received(1, 1, 0.95), received(2, 1, 0.5)])
    assert tickets(database) == []  # the rule asks for ten minutes; this was one window of five
    path.write([received(1, 2, 0.95), received(2, 2, 0.5)])
    assert tickets(database) == [(1, "test-space", "new")]
    for number in range(3, 8):
        path.write([received(1, number, 0.4)])
    assert tickets(database) == [(1, "test-space", "resolved")]


def test_when_the_transaction_fails_nothing_of_it_is_kept(
    path: WritePath, database: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write([received(1, 1, 0.95)])

    def fail(*_: Any) -> None:
        raise StorageError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(path.connection, "commit", fail)
        with pytest.raises(StorageError, match="disk full"):
            path.write([received(1, 2, 0.95)])
    assert tickets(database) == []
    assert len(journal.entries(database, 1)) == 1
    assert words(path.write([received(1, 2, 0.95)])) == [STORED]
    assert tickets(database) == [(1, "test-space", "new")]


def wander(number: int) -> float:
    """Full for a while, well for a while."""
    return 0.95 if (number // 9) % 2 else 0.4


def everything(database: Connection) -> list[Any]:
    lines = database.execute(
        "SELECT t.endpoint_id, t.state, t.opened_at, t.closed_at, l.subject, l.active, l.since, l.evidence, "
        "l.evidence_now FROM desk_ticket t JOIN desk_ticketline l ON l.ticket_id = t.id ORDER BY t.id, l.id"
    )
    history = database.execute(
        "SELECT t.endpoint_id, h.at, h.kind, h.detail FROM desk_tickethistory h "
        "JOIN desk_ticket t ON t.id = h.ticket_id ORDER BY h.id"
    )
    return [tuple(map(str, row)) for row in lines + history]


@pytest.mark.parametrize("restart_every", [1, 7, 50])
def test_a_restart_at_any_moment_changes_nothing(
    database: Connection, migrated_url: str, pack: rulepack.RulePack, restart_every: int
) -> None:
    """Snapshots, replays and plain memory lead to the same tickets, byte for byte."""
    steady = WritePath(migrated_url, pack)
    restarted = WritePath(migrated_url, pack)
    for number in range(1, 101):
        steady.write([received(1, number, wander(number))])
        restarted.write([received(2, number, wander(number))])
        if number % restart_every == 0:
            if number % 2:
                restarted.close()  # keeps a snapshot
            else:
                restarted.connection.close()  # as when it is killed
            restarted = WritePath(migrated_url, pack)
    mine = [row[1:] for row in everything(database) if row[0] == "1"]
    other = [row[1:] for row in everything(database) if row[0] == "2"]
    assert mine
    assert mine == other
    steady.close()
    restarted.close()


def test_batches_of_any_size_give_the_same_tickets(
    database: Connection, migrated_url: str, pack: rulepack.RulePack
) -> None:
    singly, together = WritePath(migrated_url, pack), WritePath(migrated_url, pack)
    for number in range(1, 61):
        singly.write([received(3, number, wander(number))])
    together.write([received(4, number, wander(number)) for number in range(1, 61)])
    rows = [
        [tuple(row) for row in database.execute(
            "SELECT l.active, l.since, l.evidence, l.evidence_now, l.cleared_at FROM desk_ticketline l "
            "JOIN desk_ticket t ON t.id = l.ticket_id WHERE t.endpoint_id = ?", (endpoint,)
        )]
        for endpoint in (3, 4)
    ]  # fmt: skip
    assert rows[0]
    assert rows[0] == rows[1]
    singly.close()
    together.close()


def test_a_new_rule_learns_from_the_journal(path: WritePath, database: Connection, tmp_path: Path) -> None:
    for number in range(1, 6):
        path.write([received(1, number, 0.88)])
    assert tickets(database) == []
    path.use(rulepack.load(write_pack(tmp_path / "rules", above="86 %", hold="20m")))
    path.write([received(1, 6, 0.88)])  # its hold was filled by the reports before
    assert tickets(database) == [(1, "test-space", "new")]


def test_a_new_rule_knows_the_facts_of_reports_that_left_the_journal(
    path: WritePath, database: Connection, migrated_url: str, tmp_path: Path
) -> None:
    path.write([received(1, 1, facts={("os.type", ""): "linux", ("os.name", ""): "Debian"})])
    path.write([received(1, number) for number in range(2, 80)])
    store = open_store(migrated_url)
    store.compact(START + 40 * 86400, journal_days=1)
    assert journal.entries(database, 1) == []
    for about, fires in (("[linux]", True), ("[windows]", False)):
        pack = write_pack(tmp_path / about.strip("[]"), applies_to=f"{{os.type: {about}}}", identity=str(uuid.uuid4()))
        path.use(rulepack.load(pack))
        number = journal.heads(database, [1])[1].sequence
        path.write([received(1, number + 1, 0.95), received(1, number + 2, 0.95)])
        path.close()
        path.use(path.pack)
        store.compact(START + 40 * 86400 + number, journal_days=1)
        assert [state for _, _, state in tickets(database)] == (["new"] if fires else ["resolved"])
    store.close()


def test_a_rule_that_is_taken_away_takes_its_tickets_along(
    path: WritePath, database: Connection, tmp_path: Path
) -> None:
    for number in range(1, 6):
        path.write([received(1, number, 0.95)])
    assert tickets(database) == [(1, "test-space", "new")]
    other = write_pack(tmp_path / "other", identity=str(uuid.uuid4()), name="other", cause="other", above="99 %")
    path.use(rulepack.load(other))
    path.write([received(1, 6, 0.95)])
    assert tickets(database) == [(1, "test-space", "resolved")]


@pytest.mark.parametrize(
    ("state", "days"), [("dismissed", 20.0), ("resolved", 0.5)], ids=["dismissed long ago", "resolved just now"]
)
def test_another_pack_does_not_bring_back_what_a_person_closed(
    path: WritePath, database: Connection, tmp_path: Path, state: str, days: float
) -> None:
    for number in range(1, 6):
        path.write([received(1, number, 0.95)])
    closed = START + 5 * WINDOW
    database.execute(
        "UPDATE desk_ticket SET state = ?, touched = ?, closed_at = ?, dismissed_severity = severity",
        (state, True, database.moment(closed)),
    )
    last = 5 + round(days * 86400 / WINDOW)
    report_of = {6: last - 1, 7: last, 8: last + 1}
    for sequence in (6, 7):
        path.write([_at(sequence, report_of[sequence])])
    assert tickets(database) == [(1, "test-space", state)]
    path.use(rulepack.load(write_pack(tmp_path / "rules", hold="5m")))  # the state is rebuilt
    path.write([_at(8, report_of[8])])
    assert tickets(database) == [(1, "test-space", state)]


def _at(sequence: int, number: int) -> Received:
    """A report of a full volume, after machines were off for a while: its number in the spool is not its time."""
    end = START + number * WINDOW
    return Received(1, report(sequence, end, {USED: 0.95, CPU: 0.25}), end + 2)


def test_a_finding_that_stood_long_goes_on_when_the_pack_changes_over_a_night(
    path: WritePath, database: Connection, tmp_path: Path
) -> None:
    """Neither the silent replay nor the daily sweep may take it for one that is measured no more."""
    for number in range(1, 4):
        path.write([received(1, number, 0.95)])
    for sequence, day in enumerate(range(1, 21), 4):
        path.write([_at(sequence, 3 + day * 288)])
    path.use(rulepack.load(write_pack(tmp_path / "rules", hold="20m")))
    path.write([_at(24, 3 + 22 * 288)])
    assert tickets(database) == [(1, "test-space", "new")]
    assert [row[0] for row in database.execute("SELECT kind FROM desk_tickethistory")] == ["opened"]


def test_facts_are_stored_when_they_change(path: WritePath, migrated_url: str) -> None:
    store = open_store(migrated_url)
    path.write([received(1, 1, facts={("os.version", ""): "12"})])
    path.write([received(1, 2, facts={("os.version", ""): "12"})])
    path.write([received(1, 3, facts={("os.version", ""): "13"})])
    assert [fact.value for _, fact in facts.changes(store.connection, 1)] == ["12", "13"]
    assert [fact.value for fact in store.facts(1)] == ["13"]
    store.close()


def test_what_was_judged_is_what_is_read_back(path: WritePath, migrated_url: str) -> None:
    store = open_store(migrated_url)
    path.write([received(1, number, 0.123456 + number / 100) for number in range(1, 20)])
    series = store.series(1, 50, "/", 1, 0, START * 2)
    np.testing.assert_array_equal(series.values, [round(0.123456 + n / 100, 4) for n in range(1, 20)])
    store.close()


def two_writers(migrated_url: str, pack: rulepack.RulePack, work: Callable[[WritePath, int], None]) -> list[Exception]:
    errors: list[Exception] = []

    def run(turn: int) -> None:
        path = WritePath(migrated_url, pack)
        try:
            work(path, turn)
        except Exception as error:  # noqa: BLE001  # shown by the test
            errors.append(error)
        finally:
            path.close()

    threads = [threading.Thread(target=run, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)  # SQLite has one ingest process by design
def test_several_collectors_share_endpoints(database: Connection, migrated_url: str, pack: rulepack.RulePack) -> None:
    """Four collectors send the same reports of the same endpoints: each is stored once, each ticket opened once."""

    def work(path: WritePath, turn: int) -> None:
        for number in range(1, 31):
            for endpoint in range(1, 9):
                path.write([received((endpoint + turn) % 8 + 1, number, 0.95)])

    def catch_up(path: WritePath, turn: int) -> None:
        del turn
        while True:
            pending = [
                received(
                    endpoint,
                    journal.heads(path.connection, [endpoint]).get(endpoint, journal.Head()).sequence + 1,
                    0.95,
                )
                for endpoint in range(1, 9)
            ]
            pending = [each for each in pending if each.report.sequence <= 30]
            if not pending:
                return
            path.write(pending)

    assert two_writers(migrated_url, pack, work) == []
    assert two_writers(migrated_url, pack, catch_up) == []
    for endpoint in range(1, 9):
        entries = journal.entries(database, endpoint)
        assert [entry.sequence for entry in entries] == list(range(1, 31))
        assert [entry.position for entry in entries] == list(range(1, 31))
    assert sorted(tickets(database)) == [(endpoint, "test-space", "new") for endpoint in range(1, 9)]
