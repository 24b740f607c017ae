"""Targets: the decoding of reports, which reads what any enrolled machine sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from google.protobuf.message import DecodeError
from hypothesis import strategies as st

from keuring.report.v1 import report_pb2
from keuring.signals.catalogue import BY_ID, SIGNALS
from keuring.signals.model import Kind
from keuring_collector.demo.fleet import Fleet
from keuring_collector.ingest import decode
from tests.fuzz.target import Target

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

RECEIVED = 1_781_700_000.0
UINT64 = st.one_of(st.integers(0, 5), st.integers(0, 2**64 - 1))
IDS = st.one_of(st.sampled_from([signal.id for signal in SIGNALS]), st.integers(0, 2**32 - 1))
SECONDS = st.one_of(st.integers(int(RECEIVED) - 7200, int(RECEIVED) + 7200), st.integers(-(2**63), 2**63 - 1))
NANOS = st.one_of(st.just(0), st.integers(-(2**31), 2**31 - 1))
TEXT = st.text(st.characters(codec="utf-8"), max_size=300)


def swallow_report(data: bytes) -> None:
    """Decodes one report, as the write path does."""
    try:
        report = report_pb2.Report.FromString(data)
    except DecodeError:
        return
    (result,) = decode.Decoder().decode([decode.Received(7, report, RECEIVED, RECEIVED - 3.0)])
    if isinstance(result, decode.Unusable):
        assert result.reason
        assert str(result)
        return
    assert all(problem.reason and problem.detail and problem.count > 0 for problem in result.problems)
    window = result.window
    if window is None:
        assert result.gap_until >= result.sequence
        return
    assert window.endpoint == 7
    assert len(window.values) == len(window.layout.keys) <= decode.MAX_SERIES
    assert len(result.samples) == 4 * len(window.values)
    assert not np.isinf(window.values).any()
    assert window.start <= window.end <= RECEIVED
    assert len(result.attributes) == len(window.events) <= decode.MAX_EVENTS
    assert len(window.facts) <= decode.MAX_FACTS
    assert all(BY_ID[fact.signal].kind is Kind.FACT and _tame(fact.value) for fact in window.facts)
    assert all(event.time <= RECEIVED and event.count >= 1 for event in window.events)


def _tame(value: str | float | bool | None) -> bool:
    return len(value) <= decode.MAX_TEXT and value.isprintable() if isinstance(value, str) else value == value


def swallow_dictionary(data: bytes) -> None:
    """Reads one series dictionary."""
    try:
        columns = decode.understand(data)
    except decode.Unusable:
        return
    assert len(columns.layout.keys) == len(set(columns.layout.keys)) <= min(columns.size, decode.MAX_SERIES)
    assert np.isfinite(columns.multiplier).all()
    assert np.isfinite(columns.divisor).all()


def _reports() -> Sequence[bytes]:
    fleet = Fleet(RECEIVED, machines_count=6, days=7)
    found = [next(iter(fleet.deliveries(machine))).report for machine in fleet.machines]
    gap = report_pb2.Report(spool_epoch=1, sequence=2, gap=report_pb2.Gap(first_sequence=2, last_sequence=9))
    return [report.SerializeToString() for report in (*found, gap)]


def _dictionaries() -> Sequence[bytes]:
    return [report_pb2.Report.FromString(data).series for data in _reports()][:-1]


@st.composite
def dictionaries(draw: st.DrawFn) -> bytes:
    subjects = draw(st.lists(TEXT, max_size=6))
    count = draw(st.integers(0, 12))

    def some(strategy: SearchStrategy[int]) -> list[int]:
        size = count if draw(st.integers(0, 15)) else draw(st.integers(0, 12))
        return draw(st.lists(strategy, min_size=size, max_size=size))

    dictionary = report_pb2.SeriesDictionary(subjects=subjects)
    dictionary.signal_ids.extend(some(IDS))
    dictionary.subject_indices.extend(some(st.integers(0, 7)))
    for statistic in some(st.integers(0, 7)):
        dictionary.statistics.append(report_pb2.Statistic.ValueType(statistic))
    return dictionary.SerializeToString()


@st.composite
def reports(draw: st.DrawFn) -> bytes:
    series = draw(st.one_of(dictionaries(), st.binary(max_size=40)))
    try:
        size = len(report_pb2.SeriesDictionary.FromString(series).signal_ids)
    except DecodeError:
        size = 3
    floats = draw(st.lists(st.floats(width=32), min_size=size, max_size=size))
    values = np.array(floats, "<f4").tobytes() + draw(st.sampled_from([b"", b"", b"", b"\0"]))
    report = report_pb2.Report(
        spool_epoch=draw(UINT64), sequence=draw(UINT64), boot_id=draw(TEXT), series=series, values=values
    )
    report.window_start_time.seconds, report.window_start_time.nanos = draw(SECONDS), draw(NANOS)
    report.window_duration.seconds = draw(st.one_of(st.integers(1, 3600), SECONDS))
    report.window_duration.nanos = draw(NANOS)
    for _ in range(draw(st.integers(0, 3))):
        fact = report.facts.add(signal_id=draw(IDS), subject=draw(TEXT))
        match draw(st.integers(0, 4)):
            case 0:
                fact.string_value = draw(TEXT)
            case 1:
                fact.number_value = draw(st.floats())
            case 2:
                fact.boolean_value = draw(st.booleans())
            case 3:
                fact.time_value.seconds, fact.time_value.nanos = draw(SECONDS), draw(NANOS)
    for _ in range(draw(st.integers(0, 3))):
        event = report.events.add(signal_id=draw(IDS), subject=draw(TEXT), count=draw(st.integers(0, 2**32 - 1)))
        event.observe_time.seconds, event.observe_time.nanos = draw(SECONDS), draw(NANOS)
        event.attributes.update(draw(st.dictionaries(st.sampled_from(["cause", "severity", "x"]), TEXT, max_size=2)))
    for _ in range(draw(st.integers(0, 2))):
        report.unmeasured.add(signal_id=draw(IDS), subject=draw(TEXT), reason=draw(TEXT))
    if not draw(st.integers(0, 7)):
        report.gap.first_sequence, report.gap.last_sequence = draw(UINT64), draw(UINT64)
        report.gap.reason = draw(TEXT)
    return report.SerializeToString()


TARGETS = (
    Target("report", swallow_report, _reports, reports),
    Target("series-dictionary", swallow_dictionary, _dictionaries, dictionaries),
)
