"""What the simulated fleet costs to think up: 200 machines × 90 days of reports, serialized."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from keuring_collector.demo.fleet import Fleet
from tests.bench.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator


def run() -> Iterator[Figure]:
    """CPU of the whole generation, and per report."""
    begun = time.process_time()
    fleet = Fleet(datetime(2026, 6, 17, 14, tzinfo=UTC).timestamp())
    reports = size = 0
    for batch in fleet.batches():
        reports += len(batch)
        size += sum(len(delivery.report.SerializeToString()) for delivery in batch)
    spent = time.process_time() - begun
    how = f"{len(fleet.machines)} machines, 90 days, {reports} reports of {size // reports} B, one process"
    yield Figure("demo_generate_cpu_s", round(spent, 3), "s", how=how)
    yield Figure("demo_generate_us_per_report", round(spent / reports * 1e6, 2), "us", how=how)
