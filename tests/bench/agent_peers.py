"""Agents of other makes, from Debian's packages, run beside ours on loopback and given the same rhythm.

node_exporter is scraped, the two Zabbix agents report some fifty items to a server that only counts (active checks),
netdata keeps what it measures to itself. One that is not installed is said on standard error and left out.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
import zlib
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psutil

from tests.bench.peers import free_port
from tests.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import ExitStack

NODE_EXPORTER: Final = "prometheus-node-exporter"
TICK: Final = 1 / os.sysconf("SC_CLK_TCK")
_MEGABYTE: Final = 1024  # in the kilobytes of /proc
_COMPRESSED: Final = 2  # among the flags of a message of Zabbix
# About what our agent measures, as Zabbix calls it.
_ITEMS: Final = (
    "agent.ping", "agent.version", "system.cpu.num", "system.cpu.switches", "system.cpu.intr", "system.uptime",
    "system.boottime", "system.hostname", "system.uname", "system.sw.arch", "system.localtime", "system.users.num",
    "kernel.maxproc", "kernel.maxfiles", "proc.num[]", "proc.num[,,run]",
    *(f"system.cpu.load[all,avg{minutes}]" for minutes in (1, 5, 15)),
    *(f"system.cpu.util[,{kind}]" for kind in ("user", "system", "idle", "iowait", "steal", "nice")),
    *(f"vm.memory.size[{kind}]" for kind in ("total", "available", "pavailable", "used", "cached", "buffers")),
    *(f"system.swap.size[,{kind}]" for kind in ("total", "free", "pfree")),
    *(f"vfs.fs.size[/,{kind}]" for kind in ("total", "used", "free", "pused")),
    *(f"vfs.fs.inode[/,{kind}]" for kind in ("total", "used", "pfree")),
    *(f"vfs.dev.{way}[,{kind}]" for way in ("read", "write") for kind in ("operations", "sectors")),
    *(f"net.if.{way}[lo,{kind}]" for way in ("in", "out") for kind in ("bytes", "errors", "dropped")),
    "vfs.fs.discovery", "net.if.discovery",
)  # fmt: skip


class Peer:
    """A running one and all that it started. Sizes in MB, times in seconds; ``up`` counts bytes to its server."""

    def __init__(self, name: str, process: int) -> None:
        self.name = name
        self.process = process
        self.up = 0
        self._first_cpu = 0.0
        self._first_up = 0
        self._memory: list[tuple[float, float]] = []

    def begin(self) -> None:
        """From here on it is measured."""
        self._first_cpu, self._first_up = self._cpu(), self.up
        self._memory.clear()

    def look(self) -> None:
        """One look at its memory."""
        found = [memory(each) for each in self._tree()]
        self._memory.append((sum(rss for rss, _ in found), sum(pss for _, pss in found)))

    @property
    def rss(self) -> float:
        """Median of all looks; for several processes their sum, in which what they share counts more than once."""
        return median([rss for rss, _ in self._memory])

    @property
    def pss(self) -> float:
        """The same, with what is shared divided among those who share it."""
        return median([pss for _, pss in self._memory])

    @property
    def cpu(self) -> float:
        """Processor time since the beginning."""
        return self._cpu() - self._first_cpu

    @property
    def sent(self) -> int:
        """Bytes up since the beginning."""
        return self.up - self._first_up

    @property
    def threads(self) -> int:
        """Of all its processes."""
        return sum(len(list(Path(f"/proc/{each}/task").iterdir())) for each in self._tree())

    def _tree(self) -> list[int]:
        top = psutil.Process(self.process)
        return [self.process, *(child.pid for child in top.children(recursive=True))]

    def _cpu(self) -> float:
        total = 0.0
        for each in self._tree():
            with suppress(OSError):
                total += own_cpu(each) + children_cpu(each)
        return total


def median(values: list[float]) -> float:
    """The middle one; 0 for none."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0.0


def memory(process: int) -> tuple[float, float]:
    """(RSS, PSS) of a process in MB; zeros when it has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0, 0.0
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in lines if line.endswith("kB")}
    return sizes.get("Rss", 0) / _MEGABYTE, sizes.get("Pss", 0) / _MEGABYTE


def children_cpu(process: int) -> float:
    """Processor time of the ended children of a process, in seconds, to the clock's tick."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(map(int, fields[13:15])) * TICK


def own_cpu(process: int) -> float:
    """Processor time of all threads of a process, in seconds, to the nanosecond; of ended threads, to the tick."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    alive = 0.0
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(OSError):
            alive += int((task / "schedstat").read_text(encoding="ascii").split()[0]) / 1e9
    return max(alive, sum(map(int, fields[11:13])) * TICK)


@contextmanager
def program(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program for as long as it is needed."""
    process = subprocess.Popen(
        arguments, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def start(stack: ExitStack, directory: Path, every: float) -> list[Peer]:
    """All that are installed, each asked or asking once in ``every`` seconds."""
    found = [
        _node_exporter(stack, every),
        _zabbix(stack, directory, every, "zabbix-agent", "zabbix_agentd", ("--foreground",), "AllowRoot=1\n"),
        _zabbix(stack, directory, every, "zabbix-agent2", "zabbix_agent2", ("--foreground",), ""),
        _netdata(stack, directory, every),
    ]
    return [peer for peer in found if peer is not None]


def _there(name: str, command: str) -> str | None:
    path = find_program(command)
    if path is None:
        print(f"{name} is not installed: left out; `apt-get install {name}` brings it", file=sys.stderr)
    return path


def _node_exporter(stack: ExitStack, every: float) -> Peer | None:
    path = _there(NODE_EXPORTER, NODE_EXPORTER)
    if path is None:
        return None
    port = free_port()
    peer = Peer(NODE_EXPORTER, stack.enter_context(program(path, f"--web.listen-address=127.0.0.1:{port}")).pid)

    def scrape() -> None:
        request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request, timeout=10) as answer:  # loopback
            peer.up += len(answer.read())

    _repeat(stack, scrape, every)
    return peer


def _repeat(stack: ExitStack, what: Callable[[], None], every: float) -> None:
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(every):
            with suppress(OSError):
                what()

    threading.Thread(target=run, daemon=True).start()
    stack.callback(stop.set)


class _ZabbixServer:
    """Hands out the items and takes their values."""

    def __init__(self, delay: int, *, as_number: bool) -> None:
        self._delay = delay
        self._as_number = as_number
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.up = 0
        self.values = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError, ValueError, struct.error):
                connection.settimeout(10)
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        header = _exactly(connection, 13)
        body = _exactly(connection, struct.unpack("<I", header[5:9])[0])
        self.up += len(header) + len(body)
        asked: dict[str, Any] = json.loads(zlib.decompress(body) if header[4] & _COMPRESSED else body)
        answer: dict[str, Any] = {"response": "success"}
        if asked.get("request") == "active checks":
            answer["data"] = [
                {
                    "key": key,
                    "key_orig": key,
                    "itemid": number,
                    "delay": self._delay if self._as_number else str(self._delay),
                    "lastlogsize": 0,
                    "mtime": 0,
                }
                for number, key in enumerate(_ITEMS, 1)
            ]
        else:
            self.values += len(asked.get("data", ()))
            answer["info"] = "processed"
        data = json.dumps(answer).encode()
        connection.sendall(b"ZBXD\x01" + struct.pack("<II", len(data), 0) + data)

    def close(self) -> None:
        self._listener.close()


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = b""
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise OSError("it hung up")
        parts += part
    return parts


class _Reporting(Peer):
    """A Zabbix agent; its server counts for it."""

    def __init__(self, name: str, process: int, server: _ZabbixServer) -> None:
        self._server = server
        super().__init__(name, process)

    @property
    def up(self) -> int:
        return self._server.up

    @up.setter
    def up(self, _value: int) -> None:
        """Nobody else counts."""


def _zabbix(
    stack: ExitStack, directory: Path, every: float, name: str, command: str, flags: tuple[str, ...], more: str
) -> Peer | None:
    path = _there(name, command)
    if path is None:
        return None
    server = _ZabbixServer(max(1, round(every)), as_number=not command.endswith("2"))
    stack.callback(server.close)
    config = directory / f"{command}.conf"
    config.write_text(
        f"PidFile={directory}/{command}.pid\nLogFile={directory}/{command}.log\nHostname=bench\nServer=127.0.0.1\n"
        f"ServerActive=127.0.0.1:{server.port}\nListenIP=127.0.0.1\nListenPort={_port()}\n{more}"
        + (f"ControlSocket={directory}/{command}.sock\n" if command.endswith("2") else ""),
        encoding="utf-8",
    )
    peer = _Reporting(name, stack.enter_context(program(path, "--config", str(config), *flags)).pid, server)
    end = time.monotonic() + 20 + 3 * every
    while not server.values:
        if time.monotonic() > end:
            raise TimeoutError(f"{name} sends nothing; {directory}/{command}.log says why")
        time.sleep(0.2)
    return peer


def _port() -> int:
    """A free one in the range that the Zabbix agents take."""
    port = free_port()
    return port if port <= 32767 else 20000 + port % 10000


def _netdata(stack: ExitStack, directory: Path, every: float) -> Peer | None:
    path = _there("netdata", "netdata")
    if path is None:
        return None
    place = directory / "netdata"
    for part in ("cache", "lib", "log"):
        (place / part).mkdir(parents=True)
    for each in (directory, place, *place.iterdir()):
        each.chmod(0o777)  # it becomes another account
    config = place / "netdata.conf"
    config.write_text(
        f"[global]\n update every = {max(1, round(every))}\n memory mode = ram\n cache directory = {place}/cache\n"
        f" lib directory = {place}/lib\n log directory = {place}/log\n[web]\n bind to = 127.0.0.1:{free_port()}\n"
        "[registry]\n enabled = no\n[cloud]\n enabled = no\n[ml]\n enabled = no\n[statsd]\n enabled = no\n",
        encoding="utf-8",
    )
    return Peer("netdata", stack.enter_context(program(path, "-D", "-c", str(config))).pid)
