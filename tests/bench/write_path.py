"""What a report of 100 samples costs the collector, alone and over gRPC, and what VictoriaMetrics takes for the same.

Processor time (user and system) of the process that does the work, per report. The reports are those of a fleet of
laptops with the shipped rules in force; batches, snapshots of state and commits (SQLite, synchronous=FULL) are those of
the running program. VictoriaMetrics gets the same samples in large batches of its own line form, without rules.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from keuring.report.v1 import report_pb2
from keuring.signals.catalogue import BY_NAME, SIGNALS
from keuring.signals.model import Kind
from tests.bench import peers
from tests.bench.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SERIES: Final = 100
ENDPOINTS: Final = 1024
ROUNDS: Final = 60
BATCH: Final = 256
WINDOW: Final = 300
# What says "well" at one certain level.
WELL: Final = {
    "keuring.smart.available_spare": 1.0,
    "keuring.smart.critical_warning": 0.0,
    "keuring.battery.health": 0.9,
}
START: Final = 1_790_000_100


def run() -> Iterable[Figure]:
    """``write_path_us_per_report`` and its stages, ``write_path_grpc_us_per_report``, with VictoriaMetrics as peer."""
    from tests.bench.write_path_alone import measure as alone
    from tests.bench.write_path_grpc import measure as over_grpc

    fleet = Fleet(ENDPOINTS, ROUNDS)
    peer = victoria_metrics(fleet)
    how = (
        f"{ENDPOINTS} endpoints x {ROUNDS} reports of {SERIES} samples, batches of {BATCH}, SQLite FULL, shipped rules"
    )
    with tempfile.TemporaryDirectory() as directory:
        total, stages = alone(fleet, Path(directory))
    yield _figure("write_path_us_per_report", total, peer, f"{how}; CPU of the writing thread's work")
    for stage, microseconds in stages.items():
        yield Figure(f"write_path_{stage}_us_per_report", microseconds, "us", how="part of write_path_us_per_report")
    for name, microseconds, detail in over_grpc(Fleet(32, 1)):
        # What a connection costs is not what VictoriaMetrics' report is to be held against.
        yield _figure(name, microseconds, peer if name.endswith("per_report") else None, detail)


def _figure(name: str, value: float, peer: float | None, how: str) -> Figure:
    ratio = None if peer is None else value / peer
    return Figure(name, value, "us", "victoria-metrics" if peer else "", peer, ratio, how)


class Fleet:
    """Reports of a fleet: the same series everywhere, levels that wander, a new window each five minutes."""

    def __init__(self, endpoints: int, rounds: int, seed: int = 11) -> None:
        self.endpoints, self.rounds = endpoints, rounds
        self.keys = _laptop()
        self._series = _dictionary(self.keys)
        generator = np.random.default_rng(seed)
        self._base = generator.uniform(0.1, 0.6, (endpoints, SERIES))
        self._generator = generator
        # Counters count few, sizes are sizes: rules see plausible machines, and hardly any finding.
        self._scale = np.array([_scale(name) for name, _, _ in self.keys])

    def values(self, round_: int) -> np.ndarray:
        """(endpoints, series) float32 of one window."""
        generator = np.random.default_rng(1000 + round_)
        wander = generator.normal(0, 0.01, self._base.shape)
        table = np.clip(self._base + wander, 0, 0.8) * self._scale
        for column, (name, _, _) in enumerate(self.keys):
            if name in WELL:
                table[:, column] = WELL[name]
        return np.asarray(table, "<f4")

    def reports(self, round_: int) -> list[report_pb2.Report]:
        """The reports of one window, one for each endpoint."""
        table = self.values(round_)
        return [self._report(row, round_ + 1, START + round_ * WINDOW) for row in table]

    def report(self, row: int, sequence: int, start: int) -> report_pb2.Report:
        """One report of the endpoint in ``row``, for a window that began at ``start``."""
        return self._report(self.values(sequence)[row], sequence, start)

    def _report(self, values: np.ndarray, sequence: int, start: int) -> report_pb2.Report:
        report = report_pb2.Report(
            spool_epoch=1, sequence=sequence, boot_id="0f7c", series=self._series, values=values.tobytes()
        )
        report.window_start_time.FromSeconds(start)
        report.window_duration.FromSeconds(WINDOW)
        return report

    def received(self, round_: int) -> float:
        """When the collector gets the reports of a window."""
        return float(START + (round_ + 1) * WINDOW + 2)


def _laptop() -> list[tuple[str, int, str]]:
    numeric = [s for s in SIGNALS if s.kind in (Kind.GAUGE, Kind.COUNTER)]
    subjects = {"mountpoint": ["/", "/home", "/boot"], "device": ["nvme0n1"], "interface": ["wlan0", "eth0"]}
    keys = [
        (signal.name, statistic.value, subject)
        for signal in numeric
        for subject in (subjects.get(signal.subject, [f"{signal.subject}0"]) if signal.subject else [""])
        for statistic in signal.statistics
    ]
    return keys[:SERIES]


def _scale(name: str) -> float:
    unit = BY_NAME[name].unit
    return {"1": 1.0, "By": 4e11, "Cel": 60.0, "{rpm}": 3000.0, "s": 0.01, "h": 9000.0, "Hz": 3e9}.get(unit, 0.0)


def _dictionary(keys: list[tuple[str, int, str]]) -> bytes:
    subjects = sorted({"", *(subject for _, _, subject in keys)})
    return report_pb2.SeriesDictionary(
        signal_ids=[BY_NAME[name].id for name, _, _ in keys],
        subject_indices=[subjects.index(subject) for _, _, subject in keys],
        statistics=[report_pb2.Statistic.ValueType(statistic) for _, statistic, _ in keys],
        subjects=subjects,
    ).SerializeToString()


def victoria_metrics(fleet: Fleet) -> float | None:
    """Microseconds of VictoriaMetrics' processor time per report of the same samples; None where it is missing."""
    with peers.victoria_metrics() as peer:
        if peer is None:
            return None
        before = peer.cpu()
        for round_ in range(fleet.rounds):
            peer.post("/write?precision=s", "\n".join(_lines(fleet, round_)).encode())
        # Samples are buffered for a second or so; what flushing and merging them costs belongs to it.
        time.sleep(5)
        return (peer.cpu() - before) / (fleet.rounds * fleet.endpoints) * 1e6


def _lines(fleet: Fleet, round_: int) -> Iterator[str]:
    at = START + (round_ + 1) * WINDOW
    names = [f"s{number}" for number in range(SERIES)]
    for endpoint, row in enumerate(fleet.values(round_).tolist()):
        fields = ",".join(f"{name}={value:.6g}" for name, value in zip(names, row, strict=True))
        yield f"keuring,endpoint=e{endpoint} {fields} {at}"
