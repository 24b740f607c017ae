"""What machines of one kind have in common is kept once, and what they no longer have is given back."""

from __future__ import annotations

import gc
import struct
import tracemalloc
import zlib
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.engine import fleet as fleet_module
from keuring_collector.engine.compiled import ENGINE_VERSION
from keuring_collector.engine.runs import Runs
from tests.bench import engine
from tests.collector.engine_kit import COUNT, DAY, LIFE, RULES, USED, pack, window

if TYPE_CHECKING:
    import pytest

    from keuring_collector.engine.columns import Columns

SOME = settings(max_examples=50, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _tables(fleet: Fleet) -> list[Columns]:
    state = fleet._state
    return [state.bases, *(table for table, _ in state.tables), *(each.other for each in state.sparse)]


@SOME
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 9), st.integers(0, 99)), max_size=60))
def test_runs_never_overlap_and_come_back_as_one(steps: list[tuple[bool, int, int]]) -> None:
    runs, mine = Runs(), dict[int, int]()
    for takes, count, which in steps:
        if takes or not mine:
            first = runs.take(count)
            rows = {row for begin, length in mine.items() for row in range(begin, begin + length)}
            assert rows.isdisjoint(range(first, first + count))
            mine[first] = count
        else:
            first = sorted(mine)[which % len(mine)]
            runs.give_back(first, mine.pop(first))
    for first, count in mine.items():
        runs.give_back(first, count)
    assert runs.used == 0  # nothing is left between


def test_machines_of_one_kind_share_shape_and_plan() -> None:
    fleet = Fleet(pack(*RULES))
    fleet.judge([window(0, {USED: 0.5, COUNT: 1.0}, endpoint=each) for each in range(9)])
    fleet.judge([window(0, {USED: 0.5, (USED, "y"): 0.5}, endpoint=9)])
    ends = [fleet._endpoints[each] for each in range(10)]
    assert len({id(each.shape) for each in ends}) == 2
    assert len({id(each.plan.plan) for each in ends if each.plan}) == 2
    fleet.drop(9)
    del ends
    fleet.judge([window(300, {USED: 0.5, COUNT: 1.0}, endpoint=0)])  # and not the last round either
    gc.collect()
    assert len(fleet._state.plans) == 1  # what nobody has is kept no longer


def test_large_rounds_are_judged_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    reports = [
        window(at, {USED: 0.95 if each % 3 else 0.5, COUNT: 9.0}, endpoint=each)
        for at in (0, 300, 600, 900)
        for each in range(7)
    ]
    whole = Fleet(pack(*RULES)).judge(reports)
    monkeypatch.setattr(fleet_module, "AT_ONCE", 2)
    assert Fleet(pack(*RULES)).judge(reports) == whole
    assert {finding.endpoint for finding in whole if finding.rule == "full"} == {1, 2, 4, 5}


def test_a_snapshot_of_another_layout_is_not_read() -> None:
    fleet = Fleet(pack(*RULES))
    fleet.judge([window(0, {USED: 0.95, COUNT: 1.0, LIFE: 2.0})])
    kept = fleet.snapshot(1)
    before = [table._used for table in _tables(fleet)]
    older = kept[:4] + struct.pack("<H", ENGINE_VERSION - 1) + kept[6:]
    body = zlib.decompress(kept[30:])
    short, long_ = body[:-8], body + b"12345678"
    made = [kept[:22] + struct.pack("<II", len(b), zlib.crc32(b)) + zlib.compress(b) for b in (short, long_)]
    for damaged in (older, *made):
        assert not fleet.restore(1, damaged)
        assert fleet.standing(1) == []
    assert fleet.restore(1, kept)
    assert fleet.snapshot(1) == kept
    assert [table._used for table in _tables(fleet)] == before  # what was given out on the way came back


def test_subjects_that_come_and_go_leave_nothing_behind() -> None:
    fleet = Fleet(pack(*RULES))
    used: list[list[int]] = []
    for week in range(12):
        at = week * 7 * DAY
        sticks = {(signal, f"stick{week}"): 0.5 for signal in (USED, COUNT, LIFE)}
        fleet.judge([window(at, {USED: 0.5, **sticks}, endpoint=each) for each in range(5)])
        for day in range(1, 7):
            fleet.judge([window(at + day * DAY, {USED: 0.5}, endpoint=each) for each in range(5)])
        used.append([table._used for table in _tables(fleet)])
    assert used[-1] == used[-2] == used[-3]
    assert len(fleet._state.shapes._known) <= 12


def test_a_laptop_takes_some_thirty_kilobytes_under_the_shipped_pack() -> None:
    shipped = rulepack.load().compiled
    for number, batch in enumerate(engine.batches(2, endpoints=engine.BATCH)):
        if not number:
            fleet = Fleet(shipped)
            fleet.judge(batch[:1])  # what is there once
            tracemalloc.start()
            before, _ = tracemalloc.get_traced_memory()
        fleet.judge(batch)
    fleet._assembly = None  # of the last batch alone
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (after - before) / engine.BATCH < 36_000
