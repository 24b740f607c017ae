"""What it costs to try a rule on the history of 10,000 machines: a year of daily points, and a week of windows.

The database is a real one: 64 machines are written by the store's own code and then copied, so that there are as many
rows as 10,000 machines have. It holds the series that the rules read and no others: those are found by their keys.
"""

from __future__ import annotations

import os
import resource
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from keuring.signals import catalogue
from keuring_collector import rulepack
from keuring_collector.rulepack import backtest
from keuring_collector.rulepack.backtest.asked import candidate
from keuring_collector.store import compaction, facts, journal, open_store
from keuring_collector.store.block import DAY
from keuring_collector.store.connection import connect
from tests.bench.database import migrated
from tests.bench.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from keuring_collector.store.connection import Connection

ENDPOINTS: Final = int(os.environ.get("KEURING_BENCH_ENDPOINTS", "10000"))  # fewer, to try the benchmark itself
TEMPLATES: Final = 64
JOBS: Final = 2
THRESHOLD: Final = "volume_nearly_full"
FORECAST: Final = "volume_filling"
FIRST_DAY: Final = 20_454  # 2026-01-01
YEAR: Final = 365
WEEK: Final = 7
WINDOWS: Final = 288  # a day
SUBJECTS: Final = ("/", "/home")
SIZE: Final = 500e9
LEFT: Final = catalogue.KEURING_FILESYSTEM_AVAILABLE.id
SHARE: Final = catalogue.SYSTEM_FILESYSTEM_UTILIZATION.id
LIMIT: Final = catalogue.SYSTEM_FILESYSTEM_LIMIT.id
KEYS: Final = tuple((signal, 1, subject) for signal in (LEFT, SHARE, LIMIT) for subject in SUBJECTS)
LAYOUT: Final = 1
COPIED: Final = ("endpoint_head", "layout", "fact", "fact_change", "history", "daily")


class Cost(NamedTuple):
    """Of one backtest: seconds on the clock and of processors, windows judged and tickets made."""

    wall: float
    cpu: float
    windows: int
    tickets: int


def run() -> Iterator[Figure]:
    """``backtest_s_10k_endpoints_365_days`` and ``backtest_s_10k_endpoints_7_days_raw``, and the same by a forecast."""
    for name, build, days in (("365_days", year, YEAR), ("7_days_raw", week, WEEK)):
        with tempfile.TemporaryDirectory() as directory:
            url = migrated(Path(directory), ENDPOINTS)
            connection = connect(url)
            build(connection, url)
            copy(connection)
            connection.close()
            yield figure(f"backtest_s_10k_endpoints_{name}", url, THRESHOLD, ENDPOINTS, days)
            # A forecast a day and series: a thousand machines say what a machine costs.
            yield figure(f"backtest_forecast_s_1k_endpoints_{name}", url, FORECAST, ENDPOINTS // 10, days)


def figure(name: str, url: str, rule: str, endpoints: int, days: int) -> Figure:
    """One rule over the first so many endpoints."""
    cost = measure(url, rule, endpoints)
    how = (
        f"{rule}, {endpoints} endpoints of two volumes, {days} days, {cost.windows} windows, {cost.tickets} tickets, "
        f"{JOBS} jobs, SQLite; wall time, CPU {cost.cpu:.1f} s"
    )
    return Figure(name, round(cost.wall, 2), "s", how=how)


def measure(url: str, rule: str, endpoints: int) -> Cost:
    """Asks, from the start of the processes to the answer."""
    machines = tuple(backtest.Machine(number, f"LT-{number}") for number in range(1, endpoints + 1))
    question = backtest.Question((candidate(rulepack.load(), rule),), machines)
    begun, spent = time.perf_counter(), _cpu()
    answer = backtest.ask(question, url, JOBS)
    wall = time.perf_counter() - begun
    windows = sum(each.windows for each in answer.seen.values())
    return Cost(wall, _cpu() - spent, windows, len(answer.sides[0].judged))


def _cpu() -> float:
    """Of this process and of those that ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def courses(steps: int, days: int) -> NDArray[np.float64]:
    """Bytes left: (templates, volumes, steps); one volume in sixteen runs full within the time."""
    random = np.random.default_rng(3)
    time_ = np.linspace(0, days, steps)
    begin = random.uniform(150e9, 400e9, (TEMPLATES, len(SUBJECTS), 1))
    pace = random.uniform(0, 0.2e9, begin.shape) * min(1.0, YEAR / days / 10)
    full = np.arange(TEMPLATES) % 8 == 0
    pace[full, 0, 0] = (begin[full, 0, 0] - 5e9) / days / random.uniform(0.7, 1.3, full.sum())
    noise = np.cumsum(random.normal(0, 30e6, (TEMPLATES, len(SUBJECTS), steps)), axis=2)
    left = np.clip(begin - pace * time_ + noise, 1e9, SIZE)
    # Somebody clears up when it has been full for a while.
    lowest = np.argmax(left < 4e9, axis=2)
    for template, volume in zip(*np.nonzero(lowest), strict=True):
        left[template, volume, lowest[template, volume] + max(1, steps // 50) :] += 200e9
    return np.clip(left, 1e9, SIZE)


def values(left: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values of KEYS for bytes left of each volume: (…, volumes) to (…, keys)."""
    return np.concatenate([left, 1 - left / SIZE, np.full_like(left, SIZE)], axis=-1)


def introduce(connection: Connection, head: journal.Head) -> None:
    """What each template said of itself."""
    type_ = catalogue.KEURING_FILESYSTEM_TYPE.id
    with connection.transaction():
        for template in range(1, TEMPLATES + 1):
            journal.put_layouts(connection, [(template, LAYOUT, KEYS)])
            journal.put_heads(connection, [(template, head)])
            facts.put_facts(
                connection, [(template, 1, type_, subject, FIRST_DAY * DAY + 300.0, "ext4") for subject in SUBJECTS]
            )


def year(connection: Connection, _url: str) -> None:
    """Daily points of a year, of which no windows are left."""
    end = float((FIRST_DAY + YEAR) * DAY)
    introduce(connection, journal.Head(1, 1, YEAR * WINDOWS, end, end, 0.0, "1", LAYOUT))
    for template, left in enumerate(courses(YEAR, YEAR), 1):
        table = np.round(values(left.T), 3)
        points = [
            (template, signal, subject, statistic, FIRST_DAY + day, WINDOWS, *(value,) * 4, value * WINDOWS)
            for column, (signal, statistic, subject) in enumerate(KEYS)
            for day, value in enumerate(table[:, column].tolist())
        ]
        with connection.transaction():
            compaction._put(connection, [], points)


def week(connection: Connection, url: str) -> None:
    """A week of windows of five minutes, compacted."""
    steps = WEEK * WINDOWS
    end = float((FIRST_DAY + WEEK) * DAY)
    introduce(connection, journal.Head(1, steps, steps, end, end, 0.0, "1", LAYOUT))
    random = np.random.default_rng(5)
    for template, left in enumerate(courses(steps, WEEK), 1):
        ends = FIRST_DAY * DAY + 300.0 * np.arange(1, steps + 1) - template
        received = ends + random.uniform(1, 5, steps)
        samples = values(left.T).astype("<f4")
        entries = [
            journal.Entry(template, 1, number + 1, number + 1, received[number], ends[number] - 300, ends[number], "1",
                          LAYOUT, samples[number].tobytes())
            for number in range(steps)
        ]  # fmt: skip
        with connection.transaction():
            journal.append(connection, entries)
            journal.put_snapshots(connection, [(template, steps, b"")])
    store = open_store(url)
    store.compact(end + 5 * DAY, journal_days=1)
    store.close()


def copy(connection: Connection) -> None:
    """Makes as many machines of the templates as there are to be."""
    with connection.transaction():
        for table in COPIED:
            rows = connection.execute(f"SELECT * FROM pragma_table_info('{table}')")
            others = ", ".join(row[1] for row in rows if row[1] != "endpoint_id")
            for first in range(TEMPLATES, ENDPOINTS, TEMPLATES):
                connection.execute(
                    f"INSERT INTO {table} (endpoint_id, {others}) SELECT endpoint_id + ?, {others} FROM {table} "
                    f"WHERE endpoint_id <= ? ORDER BY endpoint_id",
                    (first, min(TEMPLATES, ENDPOINTS - first)),
                )
