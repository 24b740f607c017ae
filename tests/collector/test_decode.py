"""What comes in from agents: what is kept, what is left out and said, and what is put aside whole."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keuring.report.v1 import report_pb2
from keuring.signals import catalogue
from keuring_collector.ingest.decode import Decoded, Decoder, Received, Unusable, clean
from keuring_collector.ingest.sequence import Order, Place, place
from keuring_collector.store.journal import Head
from tests.collector.reports import report

NOW = 1_790_000_000.0
CPU = ("system.cpu.utilization", "mean", "")
ROOT = ("system.filesystem.utilization", "last", "/")
LEFT = ("keuring.filesystem.available", "last", "/")


def decode(message: report_pb2.Report, received: float = NOW, send_time: float | None = None) -> Decoded | Unusable:
    return Decoder().decode([Received(1, message, received, send_time)])[0]


def good(message: report_pb2.Report, received: float = NOW, send_time: float | None = None) -> Decoded:
    result = decode(message, received, send_time)
    assert isinstance(result, Decoded), result
    return result


def bad(message: report_pb2.Report, received: float = NOW, send_time: float | None = None) -> Unusable:
    result = decode(message, received, send_time)
    assert isinstance(result, Unusable)
    return result


def test_a_report_becomes_a_window() -> None:
    item = good(report(1, NOW - 10, {CPU: 0.25, ROOT: 0.87654, LEFT: 5e9}))
    assert item.window is not None
    assert item.problems == []
    assert (item.window.start, item.window.end, item.window.boot_id) == (NOW - 310, NOW - 10, "boot-1")
    assert [catalogue.BY_ID[key.signal].name for key in item.window.layout.keys] == [CPU[0], ROOT[0], LEFT[0]]
    assert item.window.values[:2].tolist() == [0.25, 0.8765]  # rounded to the catalogue's precision
    assert item.window.values[2] % 1048576 == 0


def test_one_dictionary_is_understood_once() -> None:
    decoder = Decoder()
    first, second = decoder.decode([Received(n, report(1, NOW, {CPU: 0.5}), NOW) for n in (1, 2)])
    assert isinstance(first, Decoded)
    assert isinstance(second, Decoded)
    assert first.window is not None
    assert second.window is not None
    assert first.window.layout is second.window.layout


def test_a_bad_report_does_not_disturb_its_neighbours() -> None:
    broken = report(2, NOW, {CPU: 0.5})
    broken.values = b"\x00"
    results = Decoder().decode(
        [Received(1, each, NOW) for each in (report(1, NOW, {CPU: 0.1}), broken, report(3, NOW, {CPU: 0.3}))]
    )
    assert [type(result) for result in results] == [Decoded, Unusable, Decoded]
    assert results[2].window.values.tolist() == [0.3]  # type: ignore[union-attr]


def test_an_unknown_signal_is_left_out_and_the_rest_kept() -> None:
    message = report(1, NOW, {CPU: 0.5, ROOT: 0.5})
    series = report_pb2.SeriesDictionary.FromString(message.series)
    series.signal_ids[0] = 60_000
    message.series = series.SerializeToString()
    message.facts.add(signal_id=60_001, string_value="x")
    item = good(message)
    assert item.window is not None
    assert [key.subject for key in item.window.layout.keys] == ["/"]
    assert item.window.values.tolist() == [0.5]
    (problem,) = item.problems
    assert (problem.reason, problem.count) == ("unknown_signal", 2)
    assert "60000" in problem.detail
    assert "up to date" in problem.detail
    assert np.frombuffer(item.samples, "<f4").tolist() == [0.5]


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), 3e38])
def test_infinite_is_taken_as_not_measured(value: float) -> None:
    item = good(report(1, NOW, {CPU: value, ROOT: 0.5}))
    assert item.window is not None
    assert np.isnan(item.window.values[0])
    assert item.window.values[1] == 0.5
    assert [problem.reason for problem in item.problems] == ["not_finite"]
    assert np.isnan(np.frombuffer(item.samples, "<f4")[0])


def test_nan_is_a_window_without_a_sample() -> None:
    item = good(report(1, NOW, {CPU: float("nan"), ROOT: 0.5}))
    assert item.window is not None
    assert np.isnan(item.window.values[0])
    assert item.problems == []


def test_a_statistic_or_subject_that_the_catalogue_does_not_know_is_left_out() -> None:
    wrong = {(CPU[0], "last", ""): 1.0, (CPU[0], "mean", "sda"): 1.0, (ROOT[0], "last", ""): 1.0, CPU: 0.5}
    item = good(report(1, NOW, wrong))
    assert item.window is not None
    assert item.window.values.tolist() == [0.5]
    assert {(problem.reason, problem.count) for problem in item.problems} == {
        ("unexpected_statistic", 1),
        ("wrong_subject", 2),
    }


def test_at_most_five_hundred_series() -> None:
    item = good(report(1, NOW, {(ROOT[0], "last", f"/{n}"): 0.5 for n in range(600)}))
    assert item.window is not None
    assert len(item.window.values) == 500
    assert item.problems[0].reason == "too_many_series"
    assert item.problems[0].count == 100


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda m: setattr(m, "values", m.values[:-1]), "wrong_length"),
        (lambda m: setattr(m, "values", m.values + b"\x00\x00\x00\x00"), "wrong_length"),
        (lambda m: setattr(m, "series", b"\xff\xff\xff"), "undecodable"),
        (lambda m: setattr(m, "series", b"\x0a\x02\x01\x02"), "wrong_length"),
        (lambda m: m.window_duration.FromSeconds(0), "wrong_duration"),
        (lambda m: m.window_duration.FromSeconds(90_000), "wrong_duration"),
        (lambda m: m.window_start_time.FromSeconds(60), "ancient"),
        (lambda m: setattr(m, "spool_epoch", 0), "wrong_sequence"),
        (lambda m: setattr(m, "sequence", 2**63), "wrong_sequence"),
    ],
)
def test_what_cannot_be_used_says_why(change: object, reason: str) -> None:
    message = report(1, NOW, {CPU: 0.5})
    change(message)  # type: ignore[operator]
    error = bad(message)
    assert error.reason == reason
    assert str(error)


def test_the_future_has_just_been_measured() -> None:
    item = good(report(1, NOW + 5 * 86400, {CPU: 0.5}))
    assert item.window is not None
    assert item.window.end == NOW
    assert item.window.start == NOW - 300


@pytest.mark.parametrize("skew", [86400.0, -86400.0, 3600.0])
def test_a_clock_that_is_off_is_taken_out(skew: float) -> None:
    """``skew`` is by how much the agent's clock is behind."""
    item = good(report(1, NOW - 60 - skew, {CPU: 0.5}), send_time=NOW - skew)
    assert item.window is not None
    assert item.window.end == NOW - 60
    assert item.skew == skew


def test_a_clock_that_is_hardly_off_is_believed() -> None:
    item = good(report(1, NOW - 60, {CPU: 0.5}), send_time=NOW - 90)
    assert item.window is not None
    assert item.window.end == NOW - 60


def test_facts_of_the_wrong_kind_are_left_out() -> None:
    message = report(1, NOW, {CPU: 0.5}, facts={("os.name", ""): "Debian", ("os.version", ""): True})
    message.facts.add(signal_id=catalogue.HOST_ARCH.id)
    item = good(message)
    assert item.window is not None
    assert [(fact.signal, fact.value) for fact in item.window.facts] == [
        (catalogue.OS_NAME.id, "Debian"),
        (catalogue.HOST_ARCH.id, None),
    ]
    assert [problem.reason for problem in item.problems] == ["wrong_type"]


def test_events_carry_only_the_attributes_of_the_catalogue_and_never_lie_ahead() -> None:
    message = report(1, NOW, {CPU: 0.5}, events=[("keuring.system.unclean_shutdown", "", NOW + 500, 0)])
    message.events[0].attributes["cause"] = "power\x1b[31m"
    message.events[0].attributes["window_title"] = "secret.xls"
    item = good(message)
    assert item.window is not None
    (event,) = item.window.events
    assert (event.time, event.count) == (NOW, 1)
    assert item.attributes == [{"cause": "power[31m"}]
    assert [problem.reason for problem in item.problems] == ["unknown_attribute"]


def test_a_gap_says_how_far_it_goes() -> None:
    message = report_pb2.Report(spool_epoch=1, sequence=5)
    message.gap.first_sequence, message.gap.last_sequence, message.gap.reason = 5, 9, "spool full"
    item = good(message)
    assert (item.window, item.gap_until) == (None, 9)
    message.gap.first_sequence = 4
    assert bad(message).reason == "wrong_gap"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("/home", "/home"),
        ("a\nb\r\x00c\x1b[0m", "abc[0m"),
        ("gnp\u202egnp.exe", "gnpgnp.exe"),
        ("x\u2066y\u200bz", "xyz"),
        ("caf\u00e9 \u4e2d", "caf\u00e9 \u4e2d"),
        ("a\u2028b", "ab"),
    ],
)
def test_text_of_agents_is_cleaned(text: str, kept: str) -> None:
    assert clean(text) == kept


def test_text_of_agents_is_cut() -> None:
    assert len(clean("x" * 5000)) == 256
    assert clean("é" * 5000, 64) == "é" * 64


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_bring_the_decoder_down(series: bytes, values: bytes) -> None:
    message = report(1, NOW, {CPU: 0.5})
    message.series, message.values = series, values
    assert isinstance(decode(message), Decoded | Unusable)


@given(st.lists(st.floats(width=32), min_size=1, max_size=20))
def test_no_number_brings_the_decoder_down(numbers: list[float]) -> None:
    message = report(1, NOW, {(ROOT[0], "last", f"/{n}"): 0.5 for n in range(len(numbers))})
    message.values = struct.pack(f"<{len(numbers)}f", *numbers)
    item = good(message)
    assert item.window is not None
    assert not np.isinf(item.window.values).any()


@pytest.mark.parametrize(
    ("epoch", "sequence", "expected"),
    [
        (10, 6, Place(Order.NEXT, 6)),
        (10, 5, Place(Order.DUPLICATE, 6)),
        (10, 1, Place(Order.DUPLICATE, 6)),
        (10, 8, Place(Order.EARLY, 6)),
        (11, 1, Place(Order.NEXT, 1)),
        (11, 2, Place(Order.EARLY, 1)),
        (9, 3, Place(Order.DUPLICATE, 4)),
        (9, 4, Place(Order.STALE, 4)),
    ],
)
def test_where_a_report_belongs(epoch: int, sequence: int, expected: Place) -> None:
    assert place(Head(epoch=10, sequence=5, past_epochs={9: 3}), epoch, sequence) == expected
