"""What the agent costs on this machine: memory, processor time and bytes, beside other agents that Debian has.

The real agent runs with its defaults and every sensor against a real collector with real mutual TLS, through a proxy
that counts bytes. After the first window (which carries all facts) two cycles are measured, each of fifteen samples,
three windows and one sending; half an hour, and figures an hour are twice that. KEURING_BENCH_MINUTES shortens the
intervals in proportion, so that a cycle costs the same and takes less time. The agent starts from
bytecode, as where a package installed it. The peers measure as often as the agent, in the same run; see agent_peers.py.
"""

from __future__ import annotations

import compileall
import itertools
import os
import resource
import socket
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import keuring
import keuring_agent
from keuring_agent import sensors
from keuring_agent.config import Settings
from keuring_agent.enrol import enrol
from keuring_agent.host import NotMeasurable, local
from keuring_agent.privacy import Gate
from keuring_agent.sensors.base import Pace, Readings
from tests.agent.collector import Collector
from tests.bench import agent_peers
from tests.bench.agent_peers import NODE_EXPORTER, Peer, children_cpu, median, memory, own_cpu, program
from tests.bench.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterable

MINUTES: Final = 36.0  # a first window of five minutes, two cycles of fifteen, and a little
FLUSHES: Final = 2  # that are measured
WINDOWS, SAMPLES = 3 * FLUSHES, 15 * FLUSHES
PEERS_EVERY: Final = 250  # looks at the agent's memory for one at the peers'
AN_HOUR: Final = 4 / FLUSHES  # times what is measured
UPDATES_A_DAY: Final = 2  # apt is asked again only after its lists or the installed packages changed


class Proxy:
    """Passes connections on to a port on loopback and counts the bytes on their way to it."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.up = self.down = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._copy, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._copy, args=(far, near, False), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket, count: bool) -> None:
        try:
            while data := source.recv(65536):
                if count:
                    self.up += len(data)
                else:
                    self.down += len(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()

    def close(self) -> None:
        self._listener.close()


def threads(process: int) -> int:
    """How many threads a process has."""
    return len(list(Path(f"/proc/{process}/task").iterdir()))


@dataclass
class Watch:
    """Looks at the agent's memory fifty times a second, for every sending is a moment of it; at the peers' seldom."""

    process: int
    peers: list[Peer]
    resident: list[tuple[float, float]] = field(default_factory=list)
    peak: float = 0.0
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Watch:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        children = Path(f"/proc/{self.process}/task/{self.process}/children")
        for turn in itertools.count():
            if self._stop.wait(0.02):
                return
            if turn % PEERS_EVERY == 0:
                for peer in self.peers:
                    peer.look()
            try:
                found = children.read_text(encoding="ascii").split()
            except OSError:
                return
            if found:
                together = sum(memory(process)[1] for process in (self.process, *map(int, found)))
                self.peak = max(self.peak, together)
            else:
                self.resident.append(memory(self.process))


def wait_for_reports(collector: Collector, count: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while len(collector.journal.reports) < count:
        if time.monotonic() > end:
            raise TimeoutError(
                f"the agent sent {len(collector.journal.reports)} reports, not {count}, in {seconds:.0f} s"
            )
        time.sleep(0.05)


def slow_sensors() -> dict[str, float]:
    """Processor time in seconds an hour of each sensor that reads once in hours, by one look."""
    host, gate, settings = local(), Gate(), Settings(Path())

    def used() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    found = {}
    for sensor in sensors.every({}, settings.smart_interval, settings.updates_interval):
        if sensor.pace is Pace.SLOW:
            before = used()
            with suppress(NotMeasurable):
                sensor.read(host, Readings(gate))
            times = UPDATES_A_DAY / 24 if sensor.name == "updates" else 3600 / sensor.interval
            found[sensor.name] = times * (used() - before)
    return found


class Measured(NamedTuple):
    """What a peer took in as long: MB, seconds, bytes (0: it reports to nobody), threads."""

    name: str
    rss: float
    pss: float
    cpu: float
    up: float
    threads: int

    @classmethod
    def of(cls, peer: Peer, share: float) -> Measured:
        """``share`` of what was measured is what was to be measured."""
        return cls(peer.name, peer.rss, peer.pss, peer.cpu * share, peer.sent * share, peer.threads)


@dataclass
class Cost:
    """What it took: memory in MB, processor time in seconds, sizes in bytes; and the peers, measured as long."""

    took: float
    rss: float
    pss: float
    peak: float
    sampler: float
    children: float
    up: int
    down: int
    threads: int
    peers: list[Measured]


def compile_packages() -> None:
    """The agent's own packages to bytecode, as every installer does, whatever the environment says of writing it."""
    for directory in (*keuring_agent.__path__, *keuring.__path__):
        compileall.compile_dir(directory, quiet=2)


def measure(pace: float) -> Cost:
    """Two cycles after the first window; all intervals are ``pace`` times the usual ones."""
    compile_packages()
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        collector = stack.enter_context(Collector())
        proxy = Proxy(collector.report_port)
        stack.callback(proxy.close)
        collector.registry.report_addresses = [proxy.address]
        mine = directory / "agent"
        mine.mkdir()
        enrol(mine, collector.token(), None, "bench", 15.0)
        peers = agent_peers.start(stack, directory, 60 * pace)
        settings = {"KEURING_AGENT_SAMPLE_INTERVAL": f"{60 * pace}", "KEURING_AGENT_WINDOW_DURATION": f"{300 * pace}"}
        agent = stack.enter_context(
            program(sys.executable, "-m", "keuring_agent", "run", "--state-directory", str(mine), **settings)
        ).pid
        wait_for_reports(collector, 1, 330 * pace + 60)
        time.sleep(1)
        for peer in peers:
            peer.begin()
        began, up, down, sampler, children = time.monotonic(), proxy.up, proxy.down, own_cpu(agent), children_cpu(agent)
        with Watch(agent, peers) as watch:
            wait_for_reports(collector, 1 + WINDOWS, WINDOWS * 300 * pace * 1.2 + 60)
            time.sleep(1)
        took = time.monotonic() - began
        return Cost(
            took=took,
            rss=median([rss for rss, _ in watch.resident]),
            pss=median([pss for _, pss in watch.resident]),
            peak=watch.peak,
            sampler=own_cpu(agent) - sampler,
            children=children_cpu(agent) - children,
            up=proxy.up - up,
            down=proxy.down - down,
            threads=threads(agent),
            peers=[Measured.of(peer, WINDOWS * 300 * pace / took) for peer in peers],
        )


def run() -> Iterable[Figure]:
    """The figures, after about KEURING_BENCH_MINUTES (default 36)."""
    minutes = float(os.environ.get("KEURING_BENCH_MINUTES", MINUTES))
    cost = measure(minutes / MINUTES)
    slow = slow_sensors()
    hourly = AN_HOUR * (cost.sampler + cost.children)
    cycle = f"{SAMPLES} samples, {WINDOWS} windows and {FLUSHES} sendings in {cost.took:.0f} s"
    cpu = (
        f"agent and children, {AN_HOUR:g} times {cycle}: {hourly:.3f} s ({AN_HOUR * cost.sampler:.3f} s of it the "
        f"sampler); and what reads once in hours: "
        + ", ".join(f"{name} {used:.3f} s" for name, used in slow.items() if used >= 0.0005)
    )
    up = f"bytes to the collector below TLS, {AN_HOUR:g} times {cycle}; the peers' gzipped answers, or what they send"
    yield from _figures("agent_rss_mb", cost.rss, "MB", _of(cost, "rss"), f"median between sendings; {cycle}")
    yield from _figures("agent_pss_mb", cost.pss, "MB", _of(cost, "pss"), f"median between sendings; {cycle}")
    yield Figure("agent_peak_with_child_mb", round(cost.peak, 3), "MB", how="PSS of agent and child at its highest")
    yield from _figures("agent_threads", cost.threads, "{thread}", _of(cost, "threads"), "between sendings")
    peers = {name: AN_HOUR * used for name, used in _of(cost, "cpu").items()}
    yield from _figures("agent_cpu_s_per_hour", hourly + sum(slow.values()), "s", peers, cpu)
    peers = {name: AN_HOUR * size for name, size in _of(cost, "up").items()}
    yield from _figures("agent_up_bytes_per_hour", AN_HOUR * cost.up, "By", peers, up)
    yield Figure("agent_down_bytes_per_hour", AN_HOUR * cost.down, "By", how="the same, from the collector")


def _of(cost: Cost, what: str) -> dict[str, float]:
    """One thing of all peers, by their names."""
    return {peer.name: getattr(peer, what) for peer in cost.peers}


def _figures(name: str, value: float, unit: str, peers: dict[str, float], how: str) -> Iterable[Figure]:
    """Ours, beside node_exporter's under its own name and beside each other peer's under a name that says whose."""
    value = round(value, 3)
    yield _figure(name, value, unit, NODE_EXPORTER, peers.get(NODE_EXPORTER, 0.0), how)
    for peer, theirs in peers.items():
        if peer != NODE_EXPORTER and theirs:
            yield _figure(f"{name}_and_{peer.replace('-', '_')}", value, unit, peer, theirs, how)


def _figure(name: str, value: float, unit: str, peer: str, theirs: float, how: str) -> Figure:
    if not theirs:
        return Figure(name, value, unit, how=how)
    return Figure(name, value, unit, peer, round(theirs, 3), round(value / theirs, 3), how)
