"""History as windows: what is read back of compacted days is what was judged, and what is older comes by the day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from keuring.signals import catalogue
from keuring_collector.store import facts, frame, journal, open_store
from keuring_collector.store.block import DAY, BlockError
from keuring_collector.store.replay import Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.engine.strip import Strip
    from keuring_collector.store import Store

ENDPOINT = 7
CPU = catalogue.SYSTEM_CPU_UTILIZATION.id
SPACE = catalogue.SYSTEM_FILESYSTEM_UTILIZATION.id
TYPE = catalogue.KEURING_FILESYSTEM_TYPE.id
CRASH = catalogue.KEURING_DISK_IO_ERROR.id
ONE = ((CPU, 3, ""), (SPACE, 1, "/"))
TWO = ((CPU, 3, ""), (SPACE, 1, "/"), (SPACE, 1, "/usb"))
START = 20_000 * DAY


@pytest.fixture
def store(migrated_url: str) -> Iterator[Store]:
    opened = open_store(migrated_url)
    yield opened
    opened.close()


def fill(store: Store, days: int = 4) -> None:
    """A report each three hours; a stick is in on the second day; one report comes late; an event and two facts."""
    entries = []
    for number in range(1, days * 8 + 1):
        end = START + number * 10_800.0
        layout = 2 if 8 < number <= 16 else 1
        samples = np.array([0.25, 0.5 + number / 1000, 0.125][: 2 + (layout == 2)], "<f4").tobytes()
        delay = 90_000.25 if number == 6 else 1.7
        entries.append(
            journal.Entry(ENDPOINT, 1, number, number, end + delay, end - 300.0, end, "boot", layout, samples)
        )
    # A clock that went back: reported after what it lies before.
    entries[20] = entries[20]._replace(end_at=entries[18].end_at - 600, start_at=entries[18].start_at - 600)
    with store.connection.transaction():
        journal.put_layouts(store.connection, [(ENDPOINT, 1, ONE), (ENDPOINT, 2, TWO)])
        journal.append(store.connection, entries)
        facts.put_facts(store.connection, [(ENDPOINT, 1, TYPE, "/", entries[0].end_at, "ext4")])
        facts.put_facts(store.connection, [(ENDPOINT, 12, TYPE, "/", entries[11].end_at, "btrfs")])
        facts.put_events(store.connection, [(ENDPOINT, 5, 0, CRASH, "sda", entries[4].end_at - 9000, 2, {})])
        last = entries[-1]
        head = journal.Head(1, last.sequence, last.position, last.received_at, last.end_at, 0.0, "boot", 1)
        journal.put_heads(store.connection, [(ENDPOINT, head)])
        journal.put_snapshots(store.connection, [(ENDPOINT, last.position, b"state")])


def told(strips: list[Strip]) -> list[tuple[Any, ...]]:
    return [
        (
            window.layout.keys, window.start, window.end, window.received, [*map(str, window.values.tolist())],
            list(window.facts), list(window.events),
        )
        for strip in strips
        for window in (strip.window(place) for place in range(len(strip)))
    ]  # fmt: skip


def test_compacted_windows_are_those_of_the_journal(store: Store) -> None:
    fill(store)
    signals = {SPACE, TYPE, CRASH}
    before = told(list(Reader(store.connection, signals).read(ENDPOINT).strips))
    assert len(before) == 32
    store.compact(START + 2 * DAY + 60, journal_days=0)
    assert told(list(Reader(store.connection, signals).read(ENDPOINT).strips)) == before
    store.compact(START + 20 * DAY, journal_days=1)
    assert journal.entries(store.connection, ENDPOINT) == []
    history = Reader(store.connection, signals).read(ENDPOINT)
    assert told(list(history.strips)) == before
    assert (history.exact, history.silent, history.raw_from) == (True, False, START + 10_500.0)
    # Three layouts one after the other; of the first and last only what was asked for.
    assert [len(strip.layout.keys) for strip in history.strips] == [1, 2, 1]
    assert history.strips[0].layout is history.strips[2].layout
    everything = Reader(store.connection).read(ENDPOINT)
    assert [len(strip.layout.keys) for strip in everything.strips] == [2, 3, 2]


def test_reports_that_come_later_join_the_frame_of_their_day(store: Store) -> None:
    fill(store)
    store.compact(START + 20 * DAY, journal_days=1)
    late = journal.Entry(
        ENDPOINT,
        1,
        40,
        40,
        START + 9 * DAY,
        START + 4000,
        START + 4300,
        "boot",
        1,
        np.array([1, 0.75], "<f4").tobytes(),
    )
    with store.connection.transaction():
        journal.append(store.connection, [late])
        journal.put_snapshots(store.connection, [(ENDPOINT, 40, b"state")])
    before = told(list(Reader(store.connection).read(ENDPOINT).strips))
    store.compact(START + 30 * DAY, journal_days=1)
    after = told(list(Reader(store.connection).read(ENDPOINT).strips))
    assert after == before
    assert after[-1][2] == START + 4300  # in the order in which it came


def test_a_period_has_what_was_known_before(store: Store) -> None:
    fill(store)
    store.compact(START + 20 * DAY, journal_days=1)
    history = Reader(store.connection, {SPACE, TYPE, CRASH}).read(ENDPOINT, START + DAY, START + 3 * DAY)
    assert sum(map(len, history.strips)) == 16
    assert [fact.value for fact in history.known.facts] == ["ext4"]
    assert [event.count for event in history.known.events] == [2]
    assert [(key.subject, len(table)) for key, table in history.known.points.items()] == [("/", 1)]
    assert history.strips[0].facts[3][0].value == "btrfs"


def test_daily_points_come_before_what_is_left_of_the_windows(store: Store) -> None:
    fill(store)
    store.compact(START + 20 * DAY, journal_days=1)
    store.purge(START + 10 * DAY, raw_days=8, daily_days=400)
    history = Reader(store.connection, {SPACE, TYPE, CRASH}, {(SPACE, 1): "minimum"}).read(ENDPOINT)
    days, *raw = history.strips
    assert (days.start.tolist(), days.end.tolist()) == ([START, START + DAY], [START + DAY, START + 2 * DAY])
    assert [key.subject for key in days.layout.keys] == ["/", "/usb"]
    np.testing.assert_array_equal(days.values, [[0.501, np.nan], [0.509, 0.125]])
    assert [fact.value for place in (0, 1) for fact in days.facts[place]] == ["ext4", "btrfs"]
    assert days.events[0][0].count == 2
    assert sum(map(len, raw)) == 16
    assert history.raw_from == START + 2 * DAY + 10_500
    # For nothing but facts: the days on which there was anything.
    (only, *_) = Reader(store.connection, {TYPE}).read(ENDPOINT).strips
    assert (only.values.shape, len(only.facts)) == ((2, 0), 2)


def test_days_without_a_frame_are_guessed_and_that_is_said(store: Store) -> None:
    fill(store)
    store.compact(START + 20 * DAY, journal_days=1)
    store.connection.execute("DELETE FROM history WHERE signal_id = 0")
    history = Reader(store.connection, {SPACE, TYPE, CRASH}).read(ENDPOINT)
    assert not history.exact
    assert sum(map(len, history.strips)) == 32
    strip = history.strips[0]
    assert strip.received.tolist() == strip.end.tolist()
    assert strip.start[1] == strip.end[0]
    assert [fact.value for each in history.strips for items in each.facts.values() for fact in items] == [
        "ext4",
        "btrfs",
    ]


def of(position: Any, layout: Any, start: Any, end: Any, received: Any) -> frame.Frame:
    return frame.Frame(position, layout, start.astype(np.float64), end.astype(np.float64), received.astype(np.float64))


def test_a_frame_comes_back_to_the_last_bit() -> None:
    random = np.random.default_rng(1)
    end = START + np.cumsum(random.uniform(1, 600, 200))
    windows = of(
        random.permutation(200).astype(np.int64),
        random.integers(-(2**62), 2**62, 200),
        end - random.uniform(0, 600, 200),
        end,
        end + random.uniform(0, 1e6, 200),
    )
    back = frame.unpack(20_000, frame.pack(20_000, windows))
    for one, other in zip(back.columns(), windows.columns(), strict=True):
        np.testing.assert_array_equal(one, other)
    usual = of(
        np.arange(288), np.full(288, 123456789), START + 300.0 * np.arange(288), START + 300.0 * np.arange(1, 289),
        START + 300.0 * np.arange(1, 289) + random.uniform(1, 2, 288),
    )  # fmt: skip
    assert len(frame.pack(20_000, usual)) < 5 * 288


@pytest.mark.parametrize("data", [b"", b"\x02\x00\x00", b"\x01\x05\x00nonsense"])
def test_a_damaged_frame_is_told(data: bytes) -> None:
    with pytest.raises(BlockError):
        frame.unpack(1, data)


def test_a_frame_that_is_cut_short_is_told() -> None:
    whole = frame.pack(1, of(*[np.arange(3)] * 5))
    with pytest.raises(BlockError, match="frame of day 1 is damaged"):
        frame.unpack(1, whole[:-9])
