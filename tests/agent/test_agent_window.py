"""Windows: statistics, counters, and series that come and go."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keuring.signals.catalogue import (
    KEURING_DISK_IO_ERROR,
    KEURING_DISK_READ,
    KEURING_MEMORY_AVAILABLE,
    KEURING_NETWORK_ERRORS_RECEIVE,
    SYSTEM_CPU_UTILIZATION,
    SYSTEM_FILESYSTEM_UTILIZATION,
)
from keuring.signals.model import Statistic
from keuring_agent.privacy import Gate
from keuring_agent.sensors.base import Readings
from keuring_agent.window import MOST_EVENTS, SeriesKey, Window, WindowReport, rounded
from tests.agent.examples import quick

ERRORS = SeriesKey(KEURING_NETWORK_ERRORS_RECEIVE.id, "eth0", Statistic.SUM)


def readings() -> Readings:
    return Readings(Gate())


def close(window: Window, now: float = 300.0) -> WindowReport:
    return window.close(1e9, 300, "boot", now, {}, {})


def values(report: WindowReport) -> dict[SeriesKey, float]:
    return dict(zip(report.series, report.values, strict=True))


def count(window: Window, total: float) -> None:
    out = readings()
    out.counter(KEURING_NETWORK_ERRORS_RECEIVE, total, "eth0")
    window.add(out)


def test_statistics_are_those_of_the_catalogue() -> None:
    window = Window()
    for value in (0.25, 0.75, 0.5):
        out = readings()
        out.gauge(SYSTEM_CPU_UTILIZATION, value)
        out.gauge(KEURING_MEMORY_AVAILABLE, value * 2**30)
        window.add(out)
    assert values(close(window)) == {
        SeriesKey(SYSTEM_CPU_UTILIZATION.id, "", Statistic.MEAN): 0.5,
        SeriesKey(SYSTEM_CPU_UTILIZATION.id, "", Statistic.MAX): 0.75,
        SeriesKey(KEURING_MEMORY_AVAILABLE.id, "", Statistic.LAST): 0.5 * 2**30,
        SeriesKey(KEURING_MEMORY_AVAILABLE.id, "", Statistic.MIN): 0.25 * 2**30,
    }


def test_a_counter_sends_by_how_much_it_grew() -> None:
    window = Window()
    count(window, 1000)
    assert close(window).series == ()  # nobody knows how long it took to get there
    count(window, 1003)
    count(window, 1010)
    assert values(close(window))[ERRORS] == 10
    count(window, 1010)
    assert values(close(window))[ERRORS] == 0


def test_a_counter_that_began_again() -> None:
    window = Window()
    count(window, 1000)
    count(window, 4)  # the part was replaced
    count(window, 6)
    assert values(close(window))[ERRORS] == 6


def test_a_series_without_a_sample_is_not_a_number_until_it_is_forgotten() -> None:
    window = Window()
    for subject in ("/", "/data"):
        out = readings()
        out.gauge(SYSTEM_FILESYSTEM_UTILIZATION, 0.5, subject)
        window.add(out)
    first = close(window)
    out = readings()
    out.gauge(SYSTEM_FILESYSTEM_UTILIZATION, 0.25, "/")
    window.add(out)
    second = close(window, 600)
    assert second.series is first.series  # the same dictionary, so the same bytes
    assert second.values[0] == 0.25
    assert math.isnan(second.values[1])
    window.add(out)
    assert [key.subject for key in close(window, 300 + 86401).series] == ["/"]


def test_series_are_in_the_same_order_whatever_came_first() -> None:
    one, other = Window(), Window()
    for window, subjects in ((one, "ab"), (other, "ba")):
        for subject in subjects:
            out = readings()
            out.gauge(SYSTEM_FILESYSTEM_UTILIZATION, 0.5, subject)
            window.add(out)
    assert close(one).series == close(other).series


def test_events_of_one_kind_are_counted_together() -> None:
    window = Window()
    for time, times in ((100.0, 3), (50.0, 2)):
        out = readings()
        out.event(KEURING_DISK_IO_ERROR, time, "sda", times)
        window.add(out)
    (event,) = close(window).events
    assert (event.subject, event.time, event.times) == ("sda", 100.0, 5)
    assert close(window).events == ()


def test_a_storm_of_subjects_is_bounded() -> None:
    window = Window()
    out = readings()
    for number in range(2 * MOST_EVENTS):
        out.event(KEURING_DISK_IO_ERROR, 1.0, f"sd{number}")
    window.add(out)
    assert len(close(window).events) == MOST_EVENTS


def test_a_window_knows_whether_it_is_empty() -> None:
    window = Window()
    assert window.is_empty
    count(window, 1)
    assert window.is_empty  # a first total is no sample
    count(window, 2)
    assert not window.is_empty


@pytest.mark.parametrize(
    ("value", "precision", "expected"), [(0.12345, 0.001, 0.123), (1234567.0, 1024, 1234944.0), (7.0, 0, 7.0)]
)
def test_rounding(value: float, precision: float, expected: float) -> None:
    assert rounded(value, precision) == pytest.approx(expected)


@quick
@given(st.floats(-1e12, 1e12), st.sampled_from([0.0001, 0.001, 0.5, 1, 60, 1048576]))
def test_rounding_moves_by_half_a_step_at_most(value: float, precision: float) -> None:
    assert abs(rounded(value, precision) - value) <= precision / 2 + abs(value) * 1e-12


@quick
@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=30))
def test_growth_is_never_negative(totals: list[float]) -> None:
    window = Window()
    for total in totals:
        out = readings()
        out.counter(KEURING_DISK_READ, total, "sda")
        window.add(out)
    assert all(value >= 0 for value in close(window).values)
