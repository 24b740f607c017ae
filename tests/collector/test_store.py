"""The hot tables on both databases: journal, history, facts, and what housekeeping keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring.signals import catalogue
from keuring_collector.store import StorageError, facts, journal, open_store
from keuring_collector.store.block import DAY
from keuring_collector.store.connection import SqliteConnection, connect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keuring_collector.store import Store

ENDPOINT = 7
CPU = catalogue.SYSTEM_CPU_UTILIZATION.id
SPACE = catalogue.SYSTEM_FILESYSTEM_UTILIZATION.id
KEYS = ((CPU, 3, ""), (CPU, 4, ""), (SPACE, 1, "/"))
START = 20_000 * DAY


@pytest.fixture
def store(migrated_url: str) -> Iterator[Store]:
    opened = open_store(migrated_url)
    yield opened
    opened.close()


def report(number: int, end: float, cpu: float, space: float) -> journal.Entry:
    samples = np.array([cpu, cpu + 0.1, space], "<f4").tobytes()
    return journal.Entry(ENDPOINT, 1, number, number, end + 5, end - 300, end, "boot", 42, samples)


def fill(store: Store, days: int) -> int:
    """A report each six hours; returns how many."""
    entries = [report(number, START + number * 21600, 0.25, 0.5 + number / 1000) for number in range(1, days * 4 + 1)]
    with store.connection.transaction():
        journal.put_layouts(store.connection, [(ENDPOINT, 42, KEYS)])
        journal.append(store.connection, entries)
        last = entries[-1]
        head = journal.Head(1, last.sequence, last.position, last.received_at, last.end_at, 0.0, "boot", 42, {})
        journal.put_heads(store.connection, [(ENDPOINT, head)])
    return len(entries)


def test_the_journal_comes_back_in_order(store: Store) -> None:
    count = fill(store, 2)
    entries = journal.entries(store.connection, ENDPOINT)
    assert [entry.position for entry in entries] == list(range(1, count + 1))
    assert entries[0].values() == pytest.approx([0.25, 0.35, 0.501], abs=1e-6)
    assert [entry.position for entry in journal.entries(store.connection, ENDPOINT, after=6)] == [7, 8]
    assert store.heads()[ENDPOINT].position == count
    assert store.heads([ENDPOINT, 99]).keys() == {ENDPOINT}
    assert store.keys(ENDPOINT) == sorted(KEYS)


def test_the_same_report_cannot_be_in_the_journal_twice(store: Store) -> None:
    fill(store, 1)
    with pytest.raises(StorageError), store.connection.transaction():
        journal.append(store.connection, [report(1, START + 21600, 0.9, 0.9)])
    assert len(journal.entries(store.connection, ENDPOINT)) == 4


def test_a_series_is_the_same_before_and_after_compaction(store: Store) -> None:
    count = fill(store, 4)
    before = store.series(ENDPOINT, SPACE, "/", 1, START, START + 10 * DAY)
    assert len(before.times) == count
    assert before.values[0] == 0.501  # rounded to the catalogue's precision
    journal.put_snapshots(store.connection, [(ENDPOINT, count, b"state")])
    done = store.compact(START + 4 * DAY + 60, journal_days=1)
    assert done.finished
    assert done.reports == 16 - 4  # the last day is still in the journal
    after = store.series(ENDPOINT, SPACE, "/", 1, START, START + 10 * DAY)
    np.testing.assert_array_equal(after.times, before.times)
    np.testing.assert_array_equal(after.values, before.values)
    assert len(journal.entries(store.connection, ENDPOINT)) == 4
    part = store.series(ENDPOINT, CPU, "", 4, START + DAY + 1, START + 2 * DAY)
    np.testing.assert_allclose(part.values, [0.35] * 4)


def test_daily_points_say_what_the_day_was(store: Store) -> None:
    count = fill(store, 3)
    journal.put_snapshots(store.connection, [(ENDPOINT, count, b"state")])
    store.compact(START + 10 * DAY, journal_days=1)
    days = store.days(ENDPOINT, [(SPACE, 1, "/")], (20_000, 20_001))[SPACE, 1, "/"]
    assert days.days == (20_000, 20_001)
    assert (days.values[0], days.lows[0], days.highs[0]) == (0.504, 0.501, 0.504)
    windows, mean = store.connection.execute(
        "SELECT windows, mean FROM daily WHERE signal_id = ? ORDER BY day", (SPACE,)
    )[0]
    assert windows == 4
    assert mean == pytest.approx(0.5025)


def test_what_no_snapshot_covers_stays_in_the_journal(store: Store) -> None:
    fill(store, 3)
    assert store.compact(START + 10 * DAY, journal_days=1).reports == 0
    journal.put_snapshots(store.connection, [(ENDPOINT, 5, b"state")])
    assert store.compact(START + 10 * DAY, journal_days=1).reports == 5
    assert len(journal.entries(store.connection, ENDPOINT)) == 7


def test_late_windows_join_a_compacted_day(store: Store) -> None:
    count = fill(store, 2)
    journal.put_snapshots(store.connection, [(ENDPOINT, count, b"state")])
    store.compact(START + 5 * DAY, journal_days=1)
    with store.connection.transaction():
        journal.append(store.connection, [report(count + 1, START + 7200, 0.5, 0.7)])
    journal.put_snapshots(store.connection, [(ENDPOINT, count + 1, b"state")])
    store.compact(START + 6 * DAY, journal_days=1)
    series = store.series(ENDPOINT, SPACE, "/", 1, START, START + DAY)
    assert list(series.values[:2]) == [0.7, 0.501]
    assert store.connection.execute("SELECT windows FROM daily WHERE signal_id = ? AND day = 20000", (SPACE,)) == [(5,)]


def test_purge_lets_go_of_what_is_too_old_and_of_nothing_else(store: Store) -> None:
    count = fill(store, 6)
    journal.put_snapshots(store.connection, [(ENDPOINT, count, b"state")])
    store.compact(START + 20 * DAY, journal_days=1)
    gone = store.purge(START + 10 * DAY, raw_days=6, daily_days=8)
    assert gone.rows["history"] == 4 * 3  # days 0 to 3, two series and the windows themselves
    assert gone.rows["daily"] == 2 * 3  # days 0 and 1, three statistics
    assert len(store.series(ENDPOINT, SPACE, "/", 1, 0, START + 30 * DAY).times) == 8
    assert store.purge(START + 10 * DAY, raw_days=6, daily_days=8).rows["history"] == 0


def test_facts_keep_their_value_and_their_history(store: Store) -> None:
    model, version = catalogue.KEURING_HARDWARE_MODEL.id, catalogue.OS_VERSION.id
    facts.put_facts(store.connection, [(ENDPOINT, 1, version, "", 10.0, "12"), (ENDPOINT, 1, model, "", 10.0, "X1")])
    facts.put_facts(store.connection, [(ENDPOINT, 2, version, "", 20.0, "13"), (ENDPOINT, 2, model, "", 20.0, None)])
    assert [(fact.signal, fact.value, fact.observed_at) for fact in store.facts(ENDPOINT)] == [(version, "13", 20.0)]
    assert store.facts_of(version) == {(ENDPOINT, ""): "13"}
    assert store.facts_of(version, [ENDPOINT + 1]) == {}
    assert [fact.value for _, fact in facts.changes(store.connection, ENDPOINT)] == ["12", "X1", "13", None]


def test_events_and_what_cannot_be_measured(store: Store) -> None:
    error = catalogue.KEURING_DISK_IO_ERROR.id
    facts.put_events(
        store.connection,
        [(ENDPOINT, 3, 0, error, "sda", 50.0, 2, {}), (ENDPOINT, 3, 1, error, "sdb", 60.0, 1, {"a": "b"})],
    )
    assert [(event.subject, event.count) for event in store.events(ENDPOINT, 0, 55)] == [("sda", 2)]
    assert store.events(ENDPOINT, 55, 99)[0].attributes == {"a": "b"}
    facts.put_unmeasured(store.connection, [(ENDPOINT, CPU, "", 1.0, "no /proc")])
    assert store.unmeasured(ENDPOINT) == [(CPU, "", "no /proc")]
    facts.put_unmeasured(store.connection, [(ENDPOINT, CPU, "", 2.0, "")])
    assert store.unmeasured(ENDPOINT) == []


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.connection.transaction():  # noqa: PT012  # the transaction is what is tested
        journal.put_snapshots(store.connection, [(ENDPOINT, 1, b"x")])
        raise RuntimeError
    assert journal.snapshot(store.connection, ENDPOINT) is None


def test_past_epochs_are_remembered(store: Store) -> None:
    head = journal.Head(epoch=5, sequence=9, position=9).in_epoch(6)
    assert (head.epoch, head.sequence, head.past_epochs) == (6, 0, {5: 9})
    journal.put_heads(store.connection, [(ENDPOINT, head)])
    assert store.heads()[ENDPOINT] == head


def test_statistics_count(store: Store) -> None:
    fill(store, 1)
    aside = journal.Quarantined(ENDPOINT, 1, 99, 1.0, "wrong_length", "4 bytes", b"\x00\x01")
    journal.quarantine(store.connection, [aside])
    statistics = store.statistics()
    assert (statistics.journal_rows, statistics.quarantined) == (4, 1)
    assert statistics.oldest_journal_at == START + 21600 + 5
    assert statistics.database_bytes > 0
    assert store.quarantine() == [aside]


def test_a_checkpoint_empties_the_log_while_others_write(tmp_path: Path, migrated_sqlite: Path) -> None:
    path = tmp_path / "keuring.sqlite3"
    path.write_bytes(migrated_sqlite.read_bytes())
    first, second = SqliteConnection(str(path)), SqliteConnection(str(path))
    for round_ in range(5):
        with second.transaction():
            journal.put_snapshots(second, [(round_, 1, b"x" * 100_000)])
        assert first.checkpoint() > 0
    # All of the log was copied, so writing starts again at its beginning and it stays as small as one transaction.
    assert first.log_bytes() < 400_000
    assert journal.snapshot(first, 4) == (1, b"x" * 100_000)
    first.close()
    second.close()


def test_a_database_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="unable to open"):
        connect(f"sqlite:///{tmp_path}/nowhere/keuring.sqlite3")
