"""The gate: nothing outside the catalogue leaves, nothing forbidden enters the spool."""

from __future__ import annotations

import math
import struct
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from keuring.report.v1 import report_pb2
from keuring.signals.catalogue import BY_ID, SIGNALS, SYSTEM_UPTIME
from keuring.signals.model import Kind, Privacy, Signal
from keuring_agent import wire
from keuring_agent.ledger import Ledger
from keuring_agent.privacy import Gate
from keuring_agent.sensors.base import Readings
from keuring_agent.window import Window
from tests.agent.examples import quick

if TYPE_CHECKING:
    from collections.abc import Sequence

# Signals as a careless (or replaced) sensor could name them: real ones, unknown ids, real ids with another meaning.
forged = st.builds(
    lambda signal, change: signal._replace(**change),
    st.sampled_from(SIGNALS),
    st.fixed_dictionaries(
        {},
        optional={"id": st.integers(0, 2000), "privacy": st.just(Privacy.HARDWARE), "name": st.just("window.title")},
    ),
)
signals = st.sampled_from(SIGNALS) | forged
subjects = st.just("") | st.text(max_size=150)
anything = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=300)
readings = st.lists(st.tuples(st.sampled_from(["gauge", "counter", "fact", "event"]), signals, subjects, anything))
gates = st.builds(
    Gate, st.sets(st.sampled_from(Privacy)), st.sets(st.sampled_from([signal.name for signal in SIGNALS]), max_size=4)
)


def prepared(gate: Gate, found: Sequence[tuple[str, Signal, str, Any]]) -> bytes:
    """What is left of readings, as it goes on the wire."""
    window, ledger = Window(), Ledger()
    for _ in range(2):  # twice, so that counters grow
        out = Readings(gate)
        for kind, signal, subject, value in found:
            if kind == "fact":
                out.fact(signal, value, subject)
            elif kind == "event":
                time = value if isinstance(value, float) else 1e9
                out.event(signal, time, subject, 1, cause="x", name="Jan")
            elif not isinstance(value, str):
                getattr(out, kind)(signal, value, subject)
        out.cannot("no", *(signal for _, signal, _, _ in found))
        window.add(out)
        ledger.take(out, [signal for _, signal, _, _ in found])
    report = window.close(0, 300, "boot", 0, ledger.changed_facts(0, gate, set()), ledger.changed_unmeasured(gate))
    return wire.report(report)


def emit(gate: Gate, found: Sequence[tuple[str, Signal, str, Any]]) -> report_pb2.Report:
    """The same, as a collector reads it."""
    return report_pb2.Report.FromString(prepared(gate, found))


@quick
@given(gates, readings)
def test_only_what_the_catalogue_and_the_gate_allow_leaves(
    gate: Gate, found: list[tuple[str, Signal, str, Any]]
) -> None:
    report = emit(gate, found)

    dictionary = report_pb2.SeriesDictionary.FromString(report.series)
    ids = {*dictionary.signal_ids, *(fact.signal_id for fact in report.facts)}
    ids |= {event.signal_id for event in report.events} | {item.signal_id for item in report.unmeasured}
    assert ids <= BY_ID.keys()
    for identity in ids:
        assert BY_ID[identity].privacy in gate.classes
        assert BY_ID[identity].name not in gate.disabled
    for identity, place in zip(dictionary.signal_ids, dictionary.subject_indices, strict=True):
        assert bool(dictionary.subjects[place]) == bool(BY_ID[identity].subject)
    for identity, statistic in zip(dictionary.signal_ids, dictionary.statistics, strict=True):
        assert statistic in map(int, BY_ID[identity].statistics)
    assert all(map(math.isfinite, struct.unpack(f"<{len(report.values) // 4}f", report.values)))
    for event in report.events:
        assert set(event.attributes) <= set(BY_ID[event.signal_id].attributes)
    for text in (*dictionary.subjects, *(fact.string_value for fact in report.facts)):
        assert len(text) <= 256
        assert text.isprintable() or not set("\n\r\x1b\u202e") & set(text)


def test_not_a_number_is_dropped_and_counted() -> None:
    gate = Gate()
    out = Readings(gate)
    for value in (math.nan, math.inf, -math.inf, 1e39):
        out.gauge(SYSTEM_UPTIME, value)
    assert out.gauges == []
    assert gate.refused == 4


def test_every_kind_of_signal_passes_when_it_is_as_the_catalogue_says() -> None:
    gate = Gate()
    for signal in SIGNALS:
        subject = "x" if signal.subject else ""
        if signal.kind is Kind.EVENT:
            assert gate.admits_event(signal, subject, 1e9, 1)
        elif signal.kind is not Kind.FACT:
            assert gate.admits_number(signal, signal.kind, subject, 1.5)
    assert gate.refused == 0


def test_why_something_is_kept_back() -> None:
    assert "presence" in Gate([Privacy.HARDWARE]).forbidden_because(SYSTEM_UPTIME)
    assert "switched off" in Gate(disabled=["system.uptime"]).forbidden_because(SYSTEM_UPTIME)
    assert Gate().forbidden_because(SYSTEM_UPTIME) == ""
