"""A collector whose processes can be killed one by one, started again by hand as an init system would."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from tests.collector.command import environment, keuring, ok

if TYPE_CHECKING:
    import random
    from pathlib import Path

PORTS: Final = ("report_port", "enrolment_port", "console_port", "metrics_port")
PROCESSES: Final = ("ingest", "console", "jobs")
READY_SECONDS: Final = 60.0


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now; fixed ones, because agents must find a collector again that was killed."""
    probes = [socket.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class Process:
    """One process of the collector."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self._directory = directory
        self._ready = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> float:
        """Starts it, and waits until it is ready; returns the seconds that took."""
        begun = time.monotonic()
        self._ready.clear()
        with (self._directory / f"{self.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "keuring_collector", "serve", "--only", self.name],
                env=environment(self._directory),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._follow, args=(self._process,), daemon=True)
        self._reader.start()
        if not self._ready.wait(READY_SECONDS):
            raise TimeoutError(f"{self.name} did not get ready: {self.log[-2000:]}")
        return time.monotonic() - begun

    def _follow(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(f"ready {self.name}"):
                self._ready.set()
        process.stdout.close()

    @property
    def log(self) -> str:
        return (self._directory / f"{self.name}.log").read_text(encoding="utf-8", errors="replace")

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """kill -9, of the process and of what it started."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def end(self) -> int:
        """Asks it to end, and returns its exit code."""
        if self._process is None:
            return 0
        if self.is_alive:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


def initialise(directory: Path, migrated: Path | None = None, **settings: str) -> None:
    """Makes a collector with fixed free ports; ``migrated``: a file to copy as its database, which saves making one."""
    if migrated is not None:
        directory.mkdir(mode=0o700, parents=True)
        shutil.copyfile(migrated, directory / "keuring.sqlite3")
    ports = zip(PORTS, free_ports(len(PORTS)), strict=True)
    chosen = {**{name: str(port) for name, port in ports}, **settings}
    ok(keuring(directory, "init", *(part for name, value in chosen.items() for part in ("--set", f"{name}={value}"))))


def pause(dice: random.Random, mean: float) -> float:
    """Seconds until the next kill: mostly short, now and then long."""
    return min(4 * mean, 0.3 + dice.expovariate(1 / mean))
