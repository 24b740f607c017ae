"""What an agent of today sends, a collector of tomorrow must read: bytes that were written once and stay."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest
from google.protobuf import json_format, unknown_fields

from keuring.report.v1 import report_pb2
from keuring_collector.ingest.decode import Decoded, Decoder, Received

GOLDEN: Final = Path(__file__).parent / "golden"


def sample() -> report_pb2.SendReportsRequest:
    """The message that the golden file was written from: every field of a report that an agent of 0.1 can set."""
    dictionary = report_pb2.SeriesDictionary(
        signal_ids=[1, 1, 50, 70],
        subject_indices=[0, 0, 1, 2],
        statistics=[
            report_pb2.STATISTIC_MEAN,
            report_pb2.STATISTIC_MAX,
            report_pb2.STATISTIC_LAST,
            report_pb2.STATISTIC_SUM,
        ],
        subjects=["", "/", "sda"],
    )
    request = report_pb2.SendReportsRequest(policy_version="7")
    request.send_time.FromSeconds(1_767_225_905)
    report = request.report
    report.spool_epoch = 2**61 + 5
    report.sequence = 42
    report.window_start_time.FromSeconds(1_767_225_600)
    report.window_duration.FromSeconds(300)
    report.boot_id = "0d2a7a1e-5c7c-4bb2-8f0f-1d7a8f4f6b11"
    report.series = dictionary.SerializeToString(deterministic=True)
    report.values = np.array([0.25, 0.75, 0.5, np.nan], "<f4").tobytes()
    report.facts.add(signal_id=2, number_value=8)
    report.facts.add(signal_id=55, subject="/", string_value="ext4")
    report.facts.add(signal_id=56, subject="/", boolean_value=False)
    report.facts.add(signal_id=55, subject="/gone")
    report.facts.add(signal_id=208).time_value.FromSeconds(1_700_000_000)
    event = report.events.add(signal_id=201, count=3, attributes={"cause": "power"})
    event.observe_time.FromSeconds(1_767_225_700)
    report.unmeasured.add(signal_id=100, subject="sda", reason="smartctl is not installed")
    return request


def gap() -> report_pb2.SendReportsRequest:
    request = report_pb2.SendReportsRequest()
    request.report.spool_epoch = 9
    request.report.sequence = 8
    request.report.gap.first_sequence = 3
    request.report.gap.last_sequence = 8
    request.report.gap.reason = "the spool was full"
    return request


CASES: Final = {"report": sample, "gap": gap}


@pytest.mark.parametrize("name", CASES)
def test_the_bytes_of_old_agents_are_understood(name: str) -> None:
    data = (GOLDEN / f"{name}.binpb").read_bytes()
    decoded = report_pb2.SendReportsRequest.FromString(data)
    assert decoded == CASES[name]()
    assert json_format.MessageToJson(decoded, sort_keys=True, indent=2) + "\n" == (GOLDEN / f"{name}.json").read_text(
        encoding="utf-8"
    )
    assert len(unknown_fields.UnknownFieldSet(decoded.report)) == 0


@pytest.mark.parametrize("name", CASES)
def test_agents_of_today_still_write_the_same_bytes(name: str) -> None:
    assert CASES[name]().SerializeToString(deterministic=True) == (GOLDEN / f"{name}.binpb").read_bytes()


def test_the_values_are_little_endian_float32_in_the_order_of_the_dictionary() -> None:
    report = report_pb2.SendReportsRequest.FromString((GOLDEN / "report.binpb").read_bytes()).report
    dictionary = report_pb2.SeriesDictionary.FromString(report.series)
    values = np.frombuffer(report.values, "<f4")
    told = {
        (signal, statistic, dictionary.subjects[place]): float(value)
        for signal, place, statistic, value in zip(
            dictionary.signal_ids, dictionary.subject_indices, dictionary.statistics, values, strict=True
        )
    }
    assert told.pop((70, report_pb2.STATISTIC_SUM, "sda")) != 0  # NaN: no sample
    assert told == {(1, 3, ""): 0.25, (1, 4, ""): 0.75, (50, 1, "/"): 0.5}


def test_what_a_newer_agent_adds_is_left_alone() -> None:
    data = (GOLDEN / "gap.binpb").read_bytes()
    newer = data + b"\xfa\x07\x03new"  # field 127 of the request, which nobody knows yet
    decoded = report_pb2.SendReportsRequest.FromString(newer)
    assert decoded.report == gap().report
    assert decoded.SerializeToString(deterministic=True).endswith(b"new")


def test_the_collector_takes_the_golden_report_whole() -> None:
    request = report_pb2.SendReportsRequest.FromString((GOLDEN / "report.binpb").read_bytes())
    sent = request.send_time.seconds
    (decoded,) = Decoder().decode([Received(7, request.report, sent + 1.0, float(sent))])
    assert isinstance(decoded, Decoded)
    assert decoded.problems == []
    assert decoded.window is not None
    assert (decoded.window.endpoint, decoded.window.end - decoded.window.start) == (7, 300)
    assert decoded.window.layout.keys == ((1, 3, ""), (1, 4, ""), (50, 1, "/"), (70, 5, "sda"))
    assert decoded.window.values[:3].tolist() == [0.25, 0.75, 0.5]
    assert np.isnan(decoded.window.values[3])
    assert [fact.value for fact in decoded.window.facts] == [8.0, "ext4", False, None, 1_700_000_000.0]
    assert (decoded.window.events[0].count, *decoded.attributes) == (3, {"cause": "power"})
    assert decoded.window.unmeasured[0].reason == "smartctl is not installed"
