"""What the agent costs on this machine: memory, processor time and bytes, beside Debian's node exporter.

The real agent runs with its defaults against a real collector with real mutual TLS, through a proxy that counts
bytes. After the first window (which carries all facts) one cycle is measured: fifteen samples, three windows, one
sending; a quarter of an hour, and figures an hour are four times that. KEURING_BENCH_MINUTES shortens the intervals
in proportion, so that a cycle costs the same and takes less time. The peer is scraped as often as the agent samples,
in the same run.
"""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keuring_agent.enrol import enrol
from keuring_agent.host import NotMeasurable, local
from tests.agent.collector import Collector
from tests.bench.figure import Figure
from tests.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MINUTES: Final = 21.0  # a first window of five minutes, a cycle of fifteen, and a little
WINDOWS, SAMPLES = 3, 15  # in a cycle
CYCLES_AN_HOUR: Final = 4
UPDATES_A_DAY: Final = 2  # apt is asked again only after its lists or the installed packages changed
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
MEGABYTE: Final = 2**20


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


def memory(process: int) -> tuple[float, float]:
    """(RSS, PSS) of a process in MB; zeros when it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0, 0.0
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith("kB")}
    return sizes["Rss"] / 1024, sizes["Pss"] / 1024


def children_cpu(process: int) -> float:
    """Processor time of the ended children of a process, in seconds, to the clock's tick."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[13:15])) * TICK


def own_cpu(process: int) -> float:
    """Processor time of all threads of a process, in seconds, to the nanosecond."""
    return sum(
        int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
        for task in Path(f"/proc/{process}/task").iterdir()
    )


def threads(process: int) -> int:
    """How many threads a process has."""
    return len(list(Path(f"/proc/{process}/task").iterdir()))


@dataclass
class Watch:
    """Looks at the agent's memory fifty times a second; every sending is a moment of it."""

    process: int
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
        while not self._stop.wait(0.02):
            try:
                found = children.read_text(encoding="ascii").split()
            except OSError:
                return
            if found:
                together = sum(memory(process)[1] for process in (self.process, *map(int, found)))
                self.peak = max(self.peak, together)
            else:
                self.resident.append(memory(self.process))


@contextmanager
def program(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        arguments, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def wait_for_reports(collector: Collector, count: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while len(collector.journal.reports) < count:
        if time.monotonic() > end:
            raise TimeoutError(
                f"the agent sent {len(collector.journal.reports)} reports, not {count}, in {seconds:.0f} s"
            )
        time.sleep(0.05)


@dataclass
class Peer:
    """Debian's node exporter, scraped from a thread."""

    process: int
    url: str
    every: float
    size: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def scrape(self) -> None:
        request = urllib.request.Request(self.url, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            self.size = len(answer.read())

    def run(self) -> None:
        while not self._stop.wait(self.every):
            self.scrape()

    def stop(self) -> None:
        self._stop.set()


def start_peer(stack: ExitStack, every: float) -> Peer | None:
    path = find_program("prometheus-node-exporter")
    if path is None:
        return None
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = stack.enter_context(program(path, f"--web.listen-address=127.0.0.1:{port}"))
    peer = Peer(process.pid, f"http://127.0.0.1:{port}/metrics", every)
    for _ in range(50):
        try:
            peer.scrape()
            break
        except OSError:
            time.sleep(0.1)
    thread = threading.Thread(target=peer.run, daemon=True)
    thread.start()
    stack.callback(peer.stop)
    return peer


def slow_sensors() -> tuple[float, float]:
    """Processor time in seconds of one look at all disks' health, and of one count of updates."""
    host = local()

    def children() -> float:
        use = resource.getrusage(resource.RUSAGE_CHILDREN)
        return use.ru_utime + use.ru_stime

    before = children()
    with suppress(NotMeasurable):
        for device in host.smart_devices():
            host.smart(device)
    between = children()
    with suppress(NotMeasurable):
        host.updates()
    return between - before, children() - between


@dataclass
class Cycle:
    """What one cycle cost: memory in MB, processor time in seconds, sizes in bytes. The peer's are 0 without one."""

    took: float
    rss: float
    pss: float
    peak: float
    sampler: float
    children: float
    up: int
    down: int
    threads: int
    peer_rss: float = 0.0
    peer_pss: float = 0.0
    peer_cpu: float = 0.0
    peer_answer: int = 0
    peer_threads: int = 0


def median(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def measure(pace: float) -> Cycle:
    """One cycle after the first window; all intervals are ``pace`` times the usual ones."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        collector = stack.enter_context(Collector())
        proxy = Proxy(collector.report_port)
        stack.callback(proxy.close)
        collector.registry.report_addresses = [proxy.address]
        enrol(directory, collector.token(), None, "bench", 15.0)
        peer = start_peer(stack, 60 * pace)
        settings = {"KEURING_AGENT_SAMPLE_INTERVAL": f"{60 * pace}", "KEURING_AGENT_WINDOW_DURATION": f"{300 * pace}"}
        agent = stack.enter_context(
            program(sys.executable, "-m", "keuring_agent", "run", "--state-directory", str(directory), **settings)
        ).pid
        wait_for_reports(collector, 1, 330 * pace + 60)
        time.sleep(1)
        began, up, down, sampler, children = time.monotonic(), proxy.up, proxy.down, own_cpu(agent), children_cpu(agent)
        peer_cpu = own_cpu(peer.process) if peer else 0.0
        with Watch(agent) as watch:
            wait_for_reports(collector, 1 + WINDOWS, 900 * pace * 1.2 + 60)
            time.sleep(1)
        found = Cycle(
            took=time.monotonic() - began,
            rss=median(rss for rss, _ in watch.resident),
            pss=median(pss for _, pss in watch.resident),
            peak=watch.peak,
            sampler=own_cpu(agent) - sampler,
            children=children_cpu(agent) - children,
            up=proxy.up - up,
            down=proxy.down - down,
            threads=threads(agent),
        )
        if peer:
            found.peer_rss, found.peer_pss = memory(peer.process)
            found.peer_cpu = (own_cpu(peer.process) - peer_cpu) * (900 * pace / found.took)
            found.peer_answer, found.peer_threads = peer.size, threads(peer.process)
        return found


def run() -> Iterable[Figure]:
    """The figures, after about KEURING_BENCH_MINUTES (default 21)."""
    cost = measure(float(os.environ.get("KEURING_BENCH_MINUTES", MINUTES)) / MINUTES)
    smart, updates = slow_sensors()
    cycle = f"one cycle of {SAMPLES} samples, {WINDOWS} windows and 1 sending in {cost.took:.0f} s"

    def figure(what: str, value: float, unit: str, peer: float, how: str) -> Figure:
        value, peer = round(value, 3), round(peer, 3)
        if not peer:
            return Figure(what, value, unit, how=how)
        return Figure(what, value, unit, "prometheus-node-exporter", peer, round(value / peer, 3), how)

    yield figure("agent_rss_mb", cost.rss, "MB", cost.peer_rss, f"median between sendings; {cycle}")
    yield figure("agent_pss_mb", cost.pss, "MB", cost.peer_pss, f"median between sendings; {cycle}")
    yield figure("agent_peak_with_child_mb", cost.peak, "MB", 0, "PSS of agent and child together, at its highest")
    yield figure("agent_threads", cost.threads, "{thread}", cost.peer_threads, "between sendings")
    hourly = CYCLES_AN_HOUR * (cost.sampler + cost.children) + smart + UPDATES_A_DAY / 24 * updates
    how = f"agent and children, {CYCLES_AN_HOUR} times {cycle} ({cost.sampler:.3f} s of it the sampler), smartctl once"
    how += f" ({smart:.2f} s), and {UPDATES_A_DAY} times a day apt-get ({updates:.2f} s)"
    yield figure("agent_cpu_s_per_hour", hourly, "s", CYCLES_AN_HOUR * cost.peer_cpu, how)
    how = f"bytes to the collector below TLS, {CYCLES_AN_HOUR} times {cycle}; the peer's gzipped answers, 60 an hour"
    yield figure("agent_up_bytes_per_hour", CYCLES_AN_HOUR * cost.up, "By", 60 * cost.peer_answer, how)
    yield figure("agent_down_bytes_per_hour", CYCLES_AN_HOUR * cost.down, "By", 0, "the same, from the collector")
