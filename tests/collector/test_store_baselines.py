"""Fleet baselines in both databases: made once for a day, by current facts, and kept as long as daily points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from keuring.signals import catalogue
from keuring_collector.engine.baselines import SAME_SUBJECT, PeerFact, Question
from keuring_collector.engine.model import MAX, MEAN
from keuring_collector.store import facts, journal, open_store
from keuring_collector.store.block import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.store import Store

CPU = catalogue.SYSTEM_CPU_UTILIZATION.id
HEAT = catalogue.HW_TEMPERATURE.id
MODEL = catalogue.KEURING_HARDWARE_MODEL.id
TODAY = 20_000
NOW = TODAY * DAY + 3600.0
BUSY = Question(CPU, MEAN, MEAN, 7, (PeerFact(MODEL, per_subject=False),))
HOT = Question(HEAT, MAX, MAX, 3, ())
HOT_PARTS = Question(HEAT, MAX, MAX, 3, (SAME_SUBJECT, PeerFact(MODEL, per_subject=False)))
JOURNAL_DAYS = 2  # so that day TODAY - 4 is the last that is looked at


@pytest.fixture
def store(migrated_url: str) -> Iterator[Store]:
    opened = open_store(migrated_url)
    yield opened
    opened.close()


def put(store: Store, endpoint: int, signal: int, statistic: int, subject: str, days: range, value: float) -> None:
    store.connection.execute_many(
        "INSERT INTO daily (endpoint_id, signal_id, subject, statistic, day, windows, last, minimum, mean, maximum, "
        "total) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?)",
        [(endpoint, signal, subject, statistic, day, value, value, value, value + 0.5, value) for day in days],
    )


def fleet(store: Store, count: int = 8) -> None:
    week = range(TODAY - 11, TODAY - 3)
    for endpoint in range(1, count + 1):
        journal.put_heads(store.connection, [(endpoint, journal.Head(1, 1, 1, 0.0, 0.0, 0.0, "boot", 1, {}))])
        put(store, endpoint, CPU, MEAN, "", week, endpoint / 10)
        put(store, endpoint, CPU, MAX, "", week, 99.0)
        put(store, endpoint, HEAT, MAX, "cpu", week, 40.0 + endpoint)
        put(store, endpoint, HEAT, MAX, "disk", week, 30.0 + endpoint)
        # What is too new or too old is not looked at.
        put(store, endpoint, CPU, MEAN, "", range(TODAY - 3, TODAY), 77.0)
        put(store, endpoint, CPU, MEAN, "", range(TODAY - 40, TODAY - 11), 88.0)
    model = [(endpoint, 1, MODEL, "", 0.0, "X1" if endpoint <= 6 else "T14") for endpoint in range(1, count + 1)]
    facts.put_facts(store.connection, model)


def test_baselines_are_made_by_group_and_hold_from_the_next_day(store: Store) -> None:
    fleet(store)
    assert store.make_baselines([BUSY, HOT, BUSY], NOW, JOURNAL_DAYS) == 2
    known = store.baselines()
    assert known.at(BUSY, ("x1",), TODAY) is None
    found = known.at(BUSY, ("x1",), TODAY + 1)
    assert found is not None
    assert (found.valid_from, found.machines) == (TODAY + 1, 6)
    assert found.median == pytest.approx(0.35)
    assert found.spread == pytest.approx(0.15 * 1.4826)
    assert known.at(BUSY, ("t14",), TODAY + 1) is None  # two machines are no group
    hot = known.at(HOT, (), TODAY + 1)
    assert hot is not None
    assert [hot.machines, hot.median] == pytest.approx([8, 35.5 + 4.5])  # the day's maximum; a machine counts once


def test_the_same_parts_of_machines_are_peers_where_a_question_says_so(store: Store) -> None:
    fleet(store)
    assert store.make_baselines([HOT_PARTS], NOW, JOURNAL_DAYS) == 1
    known = store.baselines()
    found = [known.at(HOT_PARTS, (part, "x1"), TODAY + 1) for part in ("cpu", "disk")]
    assert [each and (each.machines, each.median) for each in found] == [(6, 44.0), (6, 34.0)]


def test_they_are_made_once_a_day_and_what_holds_does_not_change(store: Store) -> None:
    fleet(store)
    store.make_baselines([BUSY], NOW, JOURNAL_DAYS)
    before = store.baselines().at(BUSY, ("x1",), TODAY + 1)
    put(store, 99, CPU, MEAN, "", range(TODAY - 11, TODAY - 3), 0.9)
    assert store.make_baselines([BUSY], NOW + 3600, JOURNAL_DAYS) == 0
    assert store.make_baselines([BUSY, HOT], NOW + 7200, JOURNAL_DAYS) == 1  # a rule that is new today
    assert store.make_baselines([BUSY], NOW + DAY, JOURNAL_DAYS) == 1
    known = store.baselines()
    assert known.at(BUSY, ("x1",), TODAY + 1) == before
    assert known.at(BUSY, ("x1",), TODAY + 2) != before


def test_a_run_that_is_stopped_leaves_its_question_for_later(store: Store) -> None:
    fleet(store)
    assert store.make_baselines([BUSY], NOW, JOURNAL_DAYS, lambda: True) == 0
    assert store.baselines().at(BUSY, ("x1",), TODAY + 1) is None
    assert store.make_baselines([BUSY], NOW, JOURNAL_DAYS) == 1


def test_baselines_are_kept_as_long_as_daily_points(store: Store) -> None:
    fleet(store)
    for day in range(4):
        store.make_baselines([BUSY], NOW + day * DAY, JOURNAL_DAYS)
    gone = store.purge(NOW + 13 * DAY, raw_days=5, daily_days=10)
    assert gone.rows["baseline"] == 2  # those from TODAY + 1 and TODAY + 2
    known = store.baselines()
    assert known.at(BUSY, ("x1",), TODAY + 2) is None
    assert known.at(BUSY, ("x1",), TODAY + 3) is not None
