"""A day of a series, packed and unpacked: nothing changes but what is finer than the catalogue's precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keuring.signals import catalogue
from keuring_collector.store import precision
from keuring_collector.store.block import DAY, Block, BlockError, pack, pack_together, unpack

if TYPE_CHECKING:
    from keuring.signals.model import Signal

SIGNALS = [signal for signal in catalogue.SIGNALS if signal.precision]
DAY_NUMBER = 20_000


def rounded(signal: int, values: np.ndarray) -> np.ndarray:
    factors = precision.factors(signal)
    return precision.from_steps(precision.to_steps(values, *factors), *factors)


@given(
    signal=st.sampled_from(SIGNALS),
    ends=st.lists(st.integers(1, DAY), min_size=1, max_size=50, unique=True),
    data=st.data(),
)
def test_what_is_packed_comes_back(signal: Signal, ends: list[int], data: st.DataObject) -> None:
    at = np.array(sorted(ends), np.float64) + float(DAY_NUMBER * DAY)
    numbers = st.one_of(st.just(float("nan")), st.floats(-1e9, 4e11))
    columns = {
        int(statistic): rounded(
            signal.id,
            np.array(data.draw(st.lists(numbers, min_size=len(at), max_size=len(at)))),
        )
        for statistic in signal.statistics
    }
    block = unpack(signal.id, DAY_NUMBER, pack(signal.id, DAY_NUMBER, Block(at, columns)))
    np.testing.assert_array_equal(block.ends, at)
    assert block.columns.keys() == columns.keys()
    for statistic, values in columns.items():
        np.testing.assert_array_equal(block.columns[statistic], values)


def test_a_merged_block_is_in_order_and_the_newer_window_counts() -> None:
    old = Block(np.array([100.0, 300.0]), {1: np.array([1.0, 3.0])})
    new = Block(np.array([200.0, 300.0]), {1: np.array([2.0, 9.0]), 4: np.array([5.0, 6.0])})
    merged = old.merged(new)
    np.testing.assert_array_equal(merged.ends, [100, 200, 300])
    np.testing.assert_array_equal(merged.columns[1], [1, 2, 9])
    np.testing.assert_array_equal(merged.columns[4], [np.nan, 5, 6])


def test_a_day_of_a_quiet_signal_takes_less_than_two_bytes_a_sample() -> None:
    generator = np.random.default_rng(1)
    ends = (DAY_NUMBER * DAY + np.arange(1, 289) * 300).astype(np.float64)
    walk = np.clip(0.3 + np.cumsum(generator.normal(0, 0.01, 288)), 0, 1)
    signal = catalogue.SYSTEM_MEMORY_UTILIZATION.id
    block = Block(ends, {3: rounded(signal, walk), 4: rounded(signal, walk + 0.02)})
    assert len(pack(signal, DAY_NUMBER, block)) <= 2 * 2 * 288


@pytest.mark.parametrize("damage", [b"", b"\x01", b"\x09\x00\x00\x00", b"\x01\x05\x00\x01garbage"])
def test_a_damaged_block_says_so(damage: bytes) -> None:
    with pytest.raises(BlockError):
        unpack(1, DAY_NUMBER, damage)


def test_every_truncation_of_a_block_says_so() -> None:
    block = Block((DAY_NUMBER * DAY + np.arange(1, 9)).astype(np.float64), {3: np.arange(8.0)})
    data = pack(1, DAY_NUMBER, block)
    for length in range(len(data)):
        with pytest.raises(BlockError):
            unpack(1, DAY_NUMBER, data[:length])


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_packing_together_gives_the_same_bytes(windows: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    ends = (20_000 * DAY + np.sort(random.choice(DAY, windows, replace=False)) + 1).astype(np.float64)
    signal = catalogue.SYSTEM_CPU_UTILIZATION.id
    steps = np.rint(random.normal(0, 10.0 ** random.integers(0, 12, 5), (windows, 5)))
    steps[random.random(steps.shape) < 0.1] = np.nan
    steps[:, 4] = 0
    groups = [[(1, 0)], [(2, 1), (4, 3)], [(3, 2)], [(5, 4)]]
    together = pack_together(20_000, ends, steps, groups)
    for group, data in zip(groups, together, strict=True):
        values = {statistic: precision.from_steps(steps[:, column], 1.0, 1000.0) for statistic, column in group}
        assert data == pack(signal, 20_000, Block(ends, values))
