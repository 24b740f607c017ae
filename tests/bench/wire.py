"""Which form should samples have on the wire? Bytes and processor time of three forms of the same 100-signal report.

The form that was chosen (docs/adr) is measured as it is: a report whose values are float32 bytes and whose dictionary
is recognised by its bytes. The two that were not are built here, as messages made at run time.
"""

from __future__ import annotations

import gzip
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from keuring.report.v1 import report_pb2
from keuring.signals.catalogue import SIGNALS
from keuring_collector.ingest.decode import understand
from tests.bench.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from google.protobuf.descriptor_pb2 import FieldDescriptorProto
    from google.protobuf.message import Message

    from keuring.signals.model import Signal

SERIES: Final = 100
ROUNDS: Final = 2000
NOW: Final = 1_790_000_000


def run() -> Iterable[Figure]:
    """Bytes (gzip, as sent) and decoding time per report of each form; the peer is one message per sample."""
    keys, values = _series()
    forms: dict[str, tuple[bytes, Callable[[bytes], Any]]] = {
        "message_per_sample": _per_sample(keys, values),
        "packed_doubles": _packed(keys, values),
        "float32_bytes": _chosen(keys, values),
    }
    measured = {name: (len(gzip.compress(data)), _microseconds(decode, data)) for name, (data, decode) in forms.items()}
    peer_bytes, peer_time = measured["message_per_sample"]
    for name, (size, spent) in measured.items():
        how = f"{SERIES} series, median of {ROUNDS} decodings into names or keys, times and an array of numbers"
        yield Figure(f"wire_{name}_gzip_bytes", size, "By", "message_per_sample", peer_bytes, size / peer_bytes, how)
        yield Figure(f"wire_{name}_decode_us", spent, "us", "message_per_sample", peer_time, spent / peer_time, how)


def _series() -> tuple[list[tuple[Signal, int, str]], list[float]]:
    """(signal, statistic, subject) of each value, five subjects to a signal that has any, and the values."""
    keys = [
        (signal, statistic.value, f"{signal.subject}{number}" if signal.subject else "")
        for signal in SIGNALS
        for statistic in signal.statistics
        for number in range(5 if signal.subject else 1)
    ][:SERIES]
    generator = np.random.default_rng(7)
    return keys, [float(np.float32(round(generator.random(), 3))) for _ in keys]


def _message(name: str, fields: Sequence[tuple[str, FieldDescriptorProto.Type.ValueType, str | None]]) -> type[Message]:
    """A message type made at run time: (field, protobuf type, message type), all repeated but in samples."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", package="bench", syntax="proto3")
    outer = file.message_type.add(name=name)
    inner = file.message_type.add(name=f"{name}Sample")
    kinds = descriptor_pb2.FieldDescriptorProto
    parts = (("name", kinds.TYPE_STRING), ("value", kinds.TYPE_DOUBLE), ("time", kinds.TYPE_INT64))
    for number, (part, kind) in enumerate(parts, 1):
        inner.field.add(name=part, number=number, type=kind, label=kinds.LABEL_OPTIONAL)
    for number, (field, repeated, of) in enumerate(fields, 1):
        outer.field.add(name=field, number=number, type=repeated, label=kinds.LABEL_REPEATED, type_name=of)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"bench.{name}"))


def _per_sample(keys: list[tuple[Signal, int, str]], values: list[float]) -> tuple[bytes, Callable[[bytes], Any]]:
    kinds = descriptor_pb2.FieldDescriptorProto
    message: Any = _message("Many", [("samples", kinds.TYPE_MESSAGE, ".bench.ManySample")])
    built = message()
    for (signal, statistic, subject), value in zip(keys, values, strict=True):
        built.samples.add(name=f"{signal.name}/{statistic}/{subject}", value=value, time=NOW)

    def decode(data: bytes) -> Any:
        samples = message.FromString(data).samples
        return [sample.name for sample in samples], samples[0].time, np.array([sample.value for sample in samples])

    return built.SerializeToString(), decode


def _packed(keys: list[tuple[Signal, int, str]], values: list[float]) -> tuple[bytes, Callable[[bytes], Any]]:
    kinds = descriptor_pb2.FieldDescriptorProto
    integers, doubles, texts = kinds.TYPE_UINT32, kinds.TYPE_DOUBLE, kinds.TYPE_STRING
    fields = [("ids", integers, None), ("places", integers, None), ("values", doubles, None), ("subjects", texts, None)]
    message: Any = _message("Packed", fields)
    subjects = sorted({subject for _, _, subject in keys})
    built = message(
        ids=[signal.id * 8 + statistic for signal, statistic, _ in keys],
        places=[subjects.index(subject) for _, _, subject in keys],
        values=values,
        subjects=subjects,
    )

    def decode(data: bytes) -> Any:
        parsed = message.FromString(data)
        return (tuple(parsed.ids), tuple(parsed.places), tuple(parsed.subjects)), np.array(parsed.values, np.float64)

    return built.SerializeToString(), decode


def _chosen(keys: list[tuple[Signal, int, str]], values: list[float]) -> tuple[bytes, Callable[[bytes], Any]]:
    subjects = sorted({"", *(subject for _, _, subject in keys)})
    dictionary = report_pb2.SeriesDictionary(
        signal_ids=[signal.id for signal, _, _ in keys],
        subject_indices=[subjects.index(subject) for _, _, subject in keys],
        statistics=[report_pb2.Statistic.ValueType(statistic) for _, statistic, _ in keys],
        subjects=subjects,
    )
    report = report_pb2.Report(
        spool_epoch=1, sequence=1, series=dictionary.SerializeToString(), values=np.array(values, "<f4").tobytes()
    )
    report.window_start_time.FromSeconds(NOW)
    known = {report.series: understand(report.series)}

    def decode(data: bytes) -> Any:
        parsed = report_pb2.Report.FromString(data)
        return known[parsed.series], parsed.window_start_time.seconds, np.frombuffer(parsed.values, "<f4")

    return report.SerializeToString(), decode


def _microseconds(decode: Callable[[bytes], Any], data: bytes) -> float:
    spent = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        decode(data)
        spent.append(time.perf_counter() - started)
    return float(np.median(spent)) * 1e6
