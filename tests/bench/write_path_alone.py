"""The write path without transport: WritePath.write in batches, on a SQLite file."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from prometheus_client import REGISTRY

from keuring_collector import rulepack
from keuring_collector.ingest.decode import Received
from keuring_collector.ingest.writer import WritePath
from tests.bench.database import migrated
from tests.bench.write_path import BATCH

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.write_path import Fleet

STAGES = ("decode", "load", "judge", "commit")
WARM_UP = 4  # windows before measuring: heads, layouts and state of each endpoint are made then


def measure(fleet: Fleet, directory: Path) -> tuple[float, dict[str, float]]:
    """Microseconds of processor time per report, and of time per report by stage."""
    path = WritePath(migrated(directory, fleet.endpoints), rulepack.load())
    spent = 0.0
    before = dict.fromkeys(STAGES, 0.0)
    for round_ in range(fleet.rounds):
        received = fleet.received(round_)
        batches = [Received(number, each, received) for number, each in enumerate(fleet.reports(round_), 1)]
        if round_ == WARM_UP:
            spent, before = 0.0, {stage: _stage(stage) for stage in STAGES}
        for start in range(0, len(batches), BATCH):
            begun = time.process_time()
            answers = path.write(batches[start : start + BATCH])
            path.tend(idle=False)
            spent += time.process_time() - begun
            assert len(answers) == len(batches[start : start + BATCH])
    count = (fleet.rounds - WARM_UP) * fleet.endpoints
    assert (
        REGISTRY.get_sample_value("keuring_ticket_changes_total", {"change": "opened"}) or 0
    ) < fleet.endpoints / 100
    path.close()
    return spent / count * 1e6, {stage: (_stage(stage) - before[stage]) / count * 1e6 for stage in STAGES}


def _stage(name: str) -> float:
    return REGISTRY.get_sample_value("keuring_write_stage_seconds_sum", {"stage": name}) or 0.0
