"""What the agent costs its machine, beside Debian's node_exporter in the same run.

The real agent, enrolled, with every sensor on and the settings it has from itself (a sample a minute, windows of five
minutes, three windows to a flush), reports over mutual TLS to a real collector of the tests, through a proxy on
loopback that counts bytes. node_exporter is scraped each minute with gzip. KEURING_BENCH_MINUTES (default 32: two
flushes) says how long; at least 10 give figures worth keeping, and less than 16 see no flush.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import psutil

from tests.agent.collector import Collector
from tests.bench.figure import Figure
from tests.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MINUTES: Final = 32.0
LOOK_SECONDS: Final = 2.0
SCRAPE_SECONDS: Final = 60.0
MEGABYTE: Final = 1e6


class Cost(NamedTuple):
    """Processor seconds so far (a process and the children it has waited for), memory in bytes now."""

    cpu: float
    rss: int
    pss: int
    tree: int  # RSS of the process and its children together
    threads: int


class Proxy:
    """Hands connections on to the collector and counts what goes up and down."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.up = self.down = 0
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._target)
            for source, sink, upward in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pump, args=(source, sink, upward), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, upward: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if upward:
                    self.up += len(data)
                else:
                    self.down += len(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Takes no more connections."""
        self._listener.close()


def run() -> Iterable[Figure]:
    """``agent_rss_mb``, ``agent_cpu_s_per_hour``, ``agent_up_bytes_per_hour`` and what belongs to them."""
    minutes = float(os.environ.get("KEURING_BENCH_MINUTES", MINUTES))
    with Collector() as collector, tempfile.TemporaryDirectory() as directory:
        host, _, port = collector.address.rpartition(":")
        proxy = Proxy((host, int(port)))
        state = Path(directory) / "state"
        collector.enrolled(state)
        settings = Path(directory) / "agent.toml"
        settings.write_text(
            f'state_directory = "{state}"\nreport_addresses = ["localhost:{proxy.port}"]\n', encoding="utf-8"
        )
        with _agent(settings) as agent, _node_exporter() as peer:
            yield from _figures(*_watch(agent, peer, minutes), proxy, minutes)
        proxy.close()


def _watch(
    agent: psutil.Process, peer: tuple[psutil.Process, str] | None, minutes: float
) -> tuple[list[Cost], list[Cost], int]:
    """Looks at both every few seconds; also counts the bytes of the scrapes."""
    ours, theirs, scraped = [_cost(agent)], [_cost(peer[0])] if peer else [], 0
    end = time.monotonic() + minutes * 60
    due = time.monotonic()
    while time.monotonic() < end:
        if peer and time.monotonic() >= due:
            due += SCRAPE_SECONDS
            scraped += _scrape(peer[1])
        time.sleep(LOOK_SECONDS)
        ours.append(_cost(agent))
        if peer:
            theirs.append(_cost(peer[0]))
    return ours, theirs, scraped


def _figures(ours: list[Cost], theirs: list[Cost], scraped: int, proxy: Proxy, minutes: float) -> Iterable[Figure]:
    hours = minutes / 60
    how = f"{minutes:g} minutes, every sensor on, a sample a minute, three windows a flush; scraped each minute"
    name = "prometheus-node-exporter" if theirs else ""

    def figure(title: str, value: float, unit: str, peer: float | None) -> Figure:
        ratio = value / peer if peer else None
        return Figure(title, round(value, 3), unit, name if peer is not None else "", peer, ratio, how)

    settled = ours[len(ours) // 5 :]  # the first samples are taken while Python still starts
    resting = [cost for cost in settled if cost.tree == cost.rss]
    calm = theirs[len(theirs) // 5 :]
    yield figure("agent_rss_mb", _median(c.rss for c in resting) / MEGABYTE, "MB", _mb(c.rss for c in calm))
    yield figure("agent_pss_mb", _median(c.pss for c in resting) / MEGABYTE, "MB", _mb(c.pss for c in calm))
    yield figure("agent_peak_with_child_mb", max(c.tree for c in ours) / MEGABYTE, "MB", None)
    yield figure("agent_threads", max(c.threads for c in resting), "1", max((c.threads for c in calm), default=None))
    spent = (theirs[-1].cpu - theirs[0].cpu) / hours if theirs else None
    yield figure("agent_cpu_s_per_hour", (ours[-1].cpu - ours[0].cpu) / hours, "s", spent)
    yield figure("agent_up_bytes_per_hour", proxy.up / hours, "By", scraped / hours if theirs else None)
    yield figure("agent_down_bytes_per_hour", proxy.down / hours, "By", None)


def _mb(values: Iterable[int]) -> float | None:
    found = list(values)
    return _median(found) / MEGABYTE if found else None


def _median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def _cost(process: psutil.Process) -> Cost:
    times, memory = process.cpu_times(), process.memory_full_info()
    tree = memory.rss
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            tree += child.memory_info().rss
    cpu = times.user + times.system + times.children_user + times.children_system
    return Cost(cpu, memory.rss, memory.pss, tree, process.num_threads())


@contextlib.contextmanager
def _agent(settings: Path) -> Iterator[psutil.Process]:
    with _running([sys.executable, "-m", "keuring_agent", "run", "--config", str(settings)]) as process:
        yield process


@contextlib.contextmanager
def _node_exporter() -> Iterator[tuple[psutil.Process, str] | None]:
    program = find_program("prometheus-node-exporter")
    if program is None:
        print("prometheus-node-exporter is not installed: no peer", file=sys.stderr)
        yield None
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    with _running([program, f"--web.listen-address={address}"]) as process:
        time.sleep(2)
        yield process, f"http://{address}/metrics"


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[psutil.Process]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        assert process.poll() is None, f"{command[0]} ended at once"
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(30)


def _scrape(url: str) -> int:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return len(answer.read())
