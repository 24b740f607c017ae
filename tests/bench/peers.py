"""Peers of other makes, run for one measurement on loopback: VictoriaMetrics and Prometheus, from Debian's packages."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, NamedTuple

import psutil

from tests.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Peer(NamedTuple):
    """A running one."""

    process: psutil.Process
    address: str

    def cpu(self) -> float:
        """Seconds of processor time that it took so far."""
        times = self.process.cpu_times()
        return float(times.user + times.system)

    def post(self, path: str, body: bytes, **headers: str) -> None:
        """Sends ``body``; raises urllib.error.HTTPError with what the peer says of it."""
        request = urllib.request.Request(self.address + path, data=body, headers=headers, method="POST")
        with urllib.request.urlopen(request, timeout=120) as answer:  # loopback
            answer.read()

    def ask(self, query: str, at: float, **more: str) -> bytes:
        """The answer to an instant query at a time (seconds since 1970)."""
        asked = urllib.parse.urlencode({"query": query, "time": f"{at:.0f}", **more})
        with urllib.request.urlopen(f"{self.address}/api/v1/query?{asked}", timeout=300) as answer:  # loopback
            found: bytes = answer.read()
        return found


@contextlib.contextmanager
def victoria_metrics() -> Iterator[Peer | None]:
    """One with an empty store; None, and a line on standard error, where it is not installed."""
    with _serving(
        "victoria-metrics", ("-storageDataPath={directory}", "-httpListenAddr={host}", "-retentionPeriod=100y")
    ) as peer:
        yield peer


@contextlib.contextmanager
def prometheus() -> Iterator[Peer | None]:
    """One with an empty store that takes remote writes; None, and a line on standard error, where it is missing."""
    options = (
        "--config.file={directory}/prometheus.yml",
        "--storage.tsdb.path={directory}/data",
        "--storage.tsdb.retention.time=100y",
        "--web.listen-address={host}",
        "--web.enable-remote-write-receiver",
        "--query.timeout=10m",
    )
    with _serving("prometheus", options) as peer:
        yield peer


@contextlib.contextmanager
def _serving(name: str, options: Sequence[str]) -> Iterator[Peer | None]:
    program = find_program(name)
    if program is None:
        print(f"{name} is not installed: no peer", file=sys.stderr)
        yield None
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        host = f"127.0.0.1:{free_port()}"
        with open(f"{directory}/prometheus.yml", "w", encoding="utf-8") as configuration:  # noqa: PTH123
            configuration.write("global: {}\n")
        process = subprocess.Popen(
            [program, *(option.format(directory=directory, host=host) for option in options)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            for _ in itertools.repeat(None, 300):
                with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{host}/-/healthy", timeout=1):
                    break
                time.sleep(0.1)
            yield Peer(psutil.Process(process.pid), f"http://{host}")
        finally:
            process.terminate()
            process.wait(60)


def free_port() -> int:
    """A port of the loopback address that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Prometheus' remote write: a protobuf message of time series, in snappy's block format.


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def _field(number: int, content: bytes) -> bytes:
    """A field of bytes (wire type 2)."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def labels(**names: str) -> bytes:
    """The labels of a series, as they stand in a time series message."""
    return b"".join(_field(1, _field(1, k.encode()) + _field(2, v.encode())) for k, v in sorted(names.items()))


def samples(times: Sequence[float], values: Sequence[float]) -> bytes:
    """Samples (seconds since 1970), as they stand in a time series message."""
    found = bytearray()
    for at, value in zip(times, values, strict=True):
        found += _field(2, b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(round(at * 1000)))
    return bytes(found)


def remote_write(peer: Peer, series: Sequence[bytes]) -> None:
    """Sends time series messages (labels, then samples)."""
    message = b"".join(_field(1, each) for each in series)
    parts = [_varint(len(message))]
    for first in range(0, len(message), 65_536):  # snappy's literals: the format, without its compression
        part = message[first : first + 65_536]
        parts += [b"\xf4", struct.pack("<H", len(part) - 1), part]
    peer.post(
        "/api/v1/write", b"".join(parts), **{"Content-Encoding": "snappy", "Content-Type": "application/x-protobuf"}
    )
