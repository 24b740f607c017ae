"""What judging a fleet costs: one cycle of 10,000 and of 100,000 endpoints by the whole pack, its forecasts included,
and the memory that each of them takes.

Beside it: what Prometheus and VictoriaMetrics take for one forecast (predict_linear) over one series of each of them.
Ours is processor time of folding and judging one window of each endpoint, averaged over a day of cycles: 287 ordinary
ones, and the one at which a day is complete and everything that rests on daily points is worked out anew. The peers
hold the same volume series, a week of it at five minutes, and are asked who is full within a month.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from keuring.signals import catalogue
from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.engine.model import LAST, SeriesKey, Window
from tests.bench import engine, peers
from tests.bench.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from keuring_collector.engine import CompiledPack
    from keuring_collector.engine.model import Layout

DAY: Final = 86400.0
KINDS: Final = 64  # machines that differ; a fleet is many of each
CYCLES: Final = 288  # windows a day
HISTORY: Final = 60  # days of history of our forecasts
WEEK: Final = 7  # days of history of theirs
BATCH: Final = 100_000
WEIGHED: Final = 2_000  # endpoints whose memory is weighed
ROUNDS: Final = 4
QUERY: Final = "count(predict_linear(used[7d], 2592000) > 0.98)"


class Template(NamedTuple):
    """A kind of machine: the snapshot of one after two months, and what it reports."""

    state: bytes
    layout: Layout
    values: NDArray[np.float64]


def run() -> Iterator[Figure]:
    """``engine_bytes_per_endpoint``, ``forecast_cpu_s_10k`` and ``_100k``, with what the peers took."""
    pack = rulepack.load().compiled
    templates = [_template(pack, kind) for kind in range(KINDS)]
    size = np.mean([len(template.state) for template in templates])
    how = (
        f"all that the engine allots, Python's objects included, per endpoint of {WEIGHED}, after two months and a "
        f"cycle; {len(pack.rules)} rules, {len(templates[0].values)} series, three volumes and two disks each; a "
        f"snapshot of one is {size:.0f} bytes"
    )
    yield Figure("engine_bytes_per_endpoint", round(_memory(pack, templates)), "By", how=how)
    for name, endpoints, with_prometheus in (("10k", 10_000, True), ("100k", 100_000, False)):
        cycle, turn = _ours(pack, templates, endpoints)
        mean = (cycle * (CYCLES - 1) + turn) / CYCLES
        how = (
            f"{len(pack.rules)} rules, {len(templates[0].values)} series an endpoint, a window of each of {endpoints} "
            f"in batches of {BATCH}; an ordinary cycle takes {cycle:.3f} s, that of a complete day {turn:.3f} s"
        )
        victoria = _victoria(endpoints)
        yield _figure(f"forecast_cpu_s_{name}", mean, "victoria-metrics", victoria, how)
        if with_prometheus:
            prometheus = _prometheus(endpoints)
            yield _figure(f"forecast_cpu_s_{name}_beside_prometheus", mean, "prometheus", prometheus, how)


def _memory(pack: CompiledPack, templates: list[Template]) -> float:
    """Bytes per endpoint of a fleet that has judged."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        fleet = Fleet(pack)
        for endpoint in range(WEIGHED):
            assert fleet.restore(endpoint, templates[endpoint % KINDS].state)
        _cycle(fleet, templates, WEIGHED, engine.BEGIN + HISTORY * DAY)
        _cycle(fleet, templates, 1, engine.BEGIN + HISTORY * DAY + 300)  # what the last batch needed is no state
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(fleet) == WEIGHED
    return (after - before) / WEIGHED


def _figure(name: str, value: float, peer: str, theirs: float | None, how: str) -> Figure:
    if theirs is None:
        return Figure(name, round(value, 4), "s", how=how)
    asked = f"{how}; the peer: one predict_linear over one series of each endpoint, {WEEK} days at 5 min"
    return Figure(name, round(value, 4), "s", peer, round(theirs, 3), round(value / theirs, 4), asked)


def _used(kind: int, days: NDArray[np.float64]) -> NDArray[np.float64]:
    """How full the volume of a kind of machine is at each moment, in days."""
    noise = np.random.default_rng([3, kind]).normal(0, 0.002, len(days))
    course: NDArray[np.float64] = 0.4 + 0.004 * kind + 0.003 * (kind % 8) * (days - days[-1]) + noise
    return course.clip(0, 1)


def _template(pack: CompiledPack, kind: int) -> Template:
    """One machine of a kind, with two months behind it, as its snapshot."""
    random = np.random.default_rng([5, kind])
    layout = engine.layout()
    values = engine.healthy(layout.keys, random)
    used = layout.keys.index(SeriesKey(catalogue.SYSTEM_FILESYSTEM_UTILIZATION.id, LAST, "/"))
    fleet = Fleet(pack)
    course = _used(kind, np.arange(HISTORY, dtype=np.float64))
    for day in range(HISTORY):
        today = values * (1 + random.normal(0, 0.002, len(values)))
        today[used] = course[day]
        said = engine.facts() if day == 0 else ()
        start = engine.BEGIN + day * DAY
        fleet.judge([Window(0, start, start + DAY, start + DAY + 2, "1", layout, today, said)])
    return Template(fleet.snapshot(0), layout, values)


def _ours(pack: CompiledPack, templates: list[Template], endpoints: int) -> tuple[float, float]:
    """CPU seconds of an ordinary cycle, and of the one at which a day is complete."""
    fleet = Fleet(pack)
    for endpoint in range(endpoints):
        assert fleet.restore(endpoint, templates[endpoint % KINDS].state)
    start = engine.BEGIN + HISTORY * DAY
    _cycle(fleet, templates, endpoints, start)  # the day of the snapshot ends, and plans are made
    ordinary = [_cycle(fleet, templates, endpoints, start + number * 300) for number in range(1, ROUNDS + 1)]
    turn = _cycle(fleet, templates, endpoints, start + DAY)
    return float(np.median(ordinary)), turn


def _cycle(fleet: Fleet, templates: list[Template], endpoints: int, start: float) -> float:
    spent = 0.0
    for first in range(0, endpoints, BATCH):
        windows = [
            Window(number, start, start + 300, start + 302, "1", kind.layout, kind.values)
            for number in range(first, min(first + BATCH, endpoints))
            for kind in (templates[number % KINDS],)
        ]
        begun = time.process_time()
        fleet.judge(windows)
        spent += time.process_time() - begun
    return spent


def _moments() -> NDArray[np.float64]:
    return np.arange(WEEK * CYCLES, dtype=np.float64) / CYCLES


def _asked(peer: peers.Peer) -> float:
    """CPU seconds of one query: the median of three, after one that warms up."""
    at, took = engine.BEGIN + WEEK * DAY, []
    for _ in range(4):
        before = peer.cpu()
        answer = json.loads(peer.ask(QUERY, at, nocache="1"))
        assert answer["data"]["result"], "the peer found no series"
        took.append(peer.cpu() - before)
    return float(np.median(took[1:]))


def _victoria(endpoints: int) -> float | None:
    """VictoriaMetrics' CPU seconds for one forecast of each endpoint."""
    days = _moments()
    times = json.dumps(np.round((engine.BEGIN + days * DAY) * 1000).astype(int).tolist())
    courses = [json.dumps(np.round(_used(kind, days), 5).tolist()) for kind in range(KINDS)]
    with peers.victoria_metrics() as peer:
        if peer is None:
            return None
        for batch in _batched(endpoints):
            lines = (
                f'{{"metric":{{"__name__":"used","endpoint":"e{number}"}},'
                f'"values":{courses[number % KINDS]},"timestamps":{times}}}'
                for number in batch
            )
            peer.post("/api/v1/import", "\n".join(lines).encode())
        time.sleep(10)  # what was taken in is merged
        return _asked(peer)


def _batched(endpoints: int) -> Iterator[range]:
    for first in range(0, endpoints, 500):
        yield range(first, min(first + 500, endpoints))


def _prometheus(endpoints: int) -> float | None:
    """Prometheus' CPU seconds for one forecast of each endpoint."""
    days = _moments()
    courses = [_used(kind, days).tolist() for kind in range(KINDS)]
    names = [peers.labels(__name__="used", endpoint=f"e{number}") for number in range(endpoints)]
    with peers.prometheus() as peer:
        if peer is None:
            return None
        for first in range(0, len(days), 6):  # half an hour of all: what is an hour late is refused
            times = (engine.BEGIN + days[first : first + 6] * DAY).tolist()
            points = [peers.samples(times, course[first : first + 6]) for course in courses]
            for batch in _batched(endpoints):
                peers.remote_write(peer, [names[number] + points[number % KINDS] for number in batch])
        return _asked(peer)
