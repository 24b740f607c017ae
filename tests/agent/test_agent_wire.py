"""What we encode by hand, read back with the protobuf library."""

from __future__ import annotations

import math
import struct
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keuring.report.v1 import report_pb2
from keuring.signals.catalogue import BY_ID, SIGNALS
from keuring.signals.model import Kind, ValueType
from keuring_agent import uplink, wire
from keuring_agent.sensors.base import EventSeen
from keuring_agent.window import SeriesKey, WindowReport
from tests.agent.examples import quick

printable = st.characters(exclude_categories=("C", "Z"), include_characters=" ")
texts = st.text(printable, max_size=40)
numeric = [signal for signal in SIGNALS if signal.statistics]
fact_signals = [signal for signal in SIGNALS if signal.kind is Kind.FACT]
event_signals = [signal for signal in SIGNALS if signal.kind is Kind.EVENT]
seconds = st.floats(0, 4e9).map(lambda value: round(value, 3))
series = st.lists(
    st.sampled_from(numeric).flatmap(
        lambda signal: st.builds(SeriesKey, st.just(signal.id), texts, st.sampled_from(signal.statistics).map(int))
    ),
    unique=True,
    max_size=20,
).map(lambda keys: tuple(sorted(keys)))


@st.composite
def facts(draw: st.DrawFn) -> dict[tuple[int, str], Any]:
    found: dict[tuple[int, str], Any] = {}
    for signal in draw(st.lists(st.sampled_from(fact_signals), max_size=5)):
        kinds: dict[ValueType, st.SearchStrategy[Any]] = {
            ValueType.STRING: texts,
            ValueType.BOOLEAN: st.booleans(),
            ValueType.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
            ValueType.TIME: st.integers(0, 4_000_000_000).map(float),
        }
        found[signal.id, draw(texts)] = draw(st.none() | kinds[signal.value])
    return found


@st.composite
def windows(draw: st.DrawFn) -> WindowReport:
    keys = draw(series)
    events = st.builds(
        EventSeen,
        st.sampled_from(event_signals),
        texts,
        seconds,
        st.integers(1, 10**6),
        st.dictionaries(texts, texts, max_size=2).map(lambda pairs: tuple(sorted(pairs.items()))),
    )
    return WindowReport(
        draw(seconds),
        draw(seconds),
        draw(texts),
        keys,
        [draw(st.floats(width=32)) for _ in keys],
        draw(facts()),
        draw(st.lists(events, max_size=3)),
        draw(st.dictionaries(st.tuples(st.sampled_from(sorted(BY_ID)), texts), texts, max_size=3)),
    )


@quick
@given(windows(), st.integers(1, 2**62), st.integers(1, 2**62))
def test_protobuf_reads_what_we_write(window: WindowReport, epoch: int, sequence: int) -> None:
    read = report_pb2.Report.FromString(wire.numbered(epoch, sequence, wire.report(window)))

    assert (read.spool_epoch, read.sequence) == (epoch, sequence)
    assert math.isclose(read.window_start_time.ToNanoseconds() / 1e9, window.start, abs_tol=0.001)
    assert math.isclose(read.window_duration.ToNanoseconds() / 1e9, window.duration, abs_tol=0.001)
    assert read.boot_id == window.boot_id
    dictionary = report_pb2.SeriesDictionary.FromString(read.series)
    assert dictionary.subjects[:1] == [""]
    assert [
        SeriesKey(signal, dictionary.subjects[place], statistic)
        for signal, place, statistic in zip(
            dictionary.signal_ids, dictionary.subject_indices, dictionary.statistics, strict=True
        )
    ] == list(window.series)
    sent = struct.unpack(f"<{len(window.series)}f", read.values)
    assert repr(list(sent)) == repr(list(window.values))
    assert {(fact.signal_id, fact.subject): _value(fact) for fact in read.facts} == window.facts
    assert [(event.signal_id, event.subject, event.count, dict(event.attributes)) for event in read.events] == [
        (event.signal.id, event.subject, event.times, dict(event.attributes)) for event in window.events
    ]
    assert {(item.signal_id, item.subject): item.reason for item in read.unmeasured} == window.unmeasured


def _value(fact: report_pb2.Fact) -> object:
    which = fact.WhichOneof("value")
    if which is None:
        return None
    return float(fact.time_value.seconds) if which == "time_value" else getattr(fact, which)


def test_a_gap() -> None:
    read = report_pb2.Report.FromString(wire.numbered(7, 3, wire.gap(3, 9, "full")))
    assert (read.sequence, read.gap.first_sequence, read.gap.last_sequence, read.gap.reason) == (3, 3, 9, "full")


def test_the_same_series_give_the_same_bytes() -> None:
    keys = (SeriesKey(1, "", 3), SeriesKey(50, "/", 1), SeriesKey(50, "/home", 1))
    assert wire.dictionary(keys) == wire.dictionary(tuple(keys))
    assert len(wire.dictionary(keys)) < 40


@quick
@given(st.integers(1, 2**62), st.integers(1, 2**62), st.floats(0, 4e9), texts, *[st.lists(texts)] * 3)
def test_a_request(
    epoch: int, sequence: int, now: float, version: str, received: list[str], declined: list[str], ended: list[str]
) -> None:
    message = wire.numbered(epoch, sequence, wire.gap(sequence, sequence, "x"))
    read = report_pb2.SendReportsRequest.FromString(wire.request(message, now, version, received, declined, ended))
    assert (read.report.spool_epoch, read.report.sequence) == (epoch, sequence)
    assert math.isclose(read.send_time.ToNanoseconds() / 1e9, now, abs_tol=0.001)
    assert read.policy_version == version
    assert (list(read.received_notice_ids), list(read.declined_notice_ids)) == (received, declined)
    assert list(read.ended_notice_ids) == ended


@quick
@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 9), st.integers(0, 2**64 - 1))
def test_a_plain_answer(epoch: int, sequence: int, disposition: int, expected: int) -> None:
    sent = report_pb2.SendReportsResponse(spool_epoch=epoch, sequence=sequence, expected_sequence=expected)
    sent.disposition = disposition  # type: ignore[assignment]  # also one that is not known yet
    assert wire.plain_answer(sent.SerializeToString()) == (epoch, sequence, disposition, expected)
    sent.problems.add(reason="x")
    assert wire.plain_answer(sent.SerializeToString()) is None


@quick
@given(st.binary(max_size=40))
def test_any_bytes_are_read_as_numbers_or_left_to_protobuf(data: bytes) -> None:
    found = wire.plain_answer(data)
    assert found is None or all(number >= 0 for number in found)


def test_dispositions_have_the_numbers_of_the_contract() -> None:
    assert (uplink.STORED, uplink.DUPLICATE, uplink.QUARANTINED, uplink.OUT_OF_ORDER) == (
        report_pb2.DISPOSITION_STORED,
        report_pb2.DISPOSITION_DUPLICATE,
        report_pb2.DISPOSITION_QUARANTINED,
        report_pb2.DISPOSITION_OUT_OF_ORDER,
    )
