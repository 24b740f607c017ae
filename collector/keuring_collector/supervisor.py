"""Runs the collector's processes, starts again what dies, and ends them all in good order.

The processes are this program again, with ``serve --only NAME``. A process that dies is started again, at once the
first time and then ever later; one that says (exit code 2) that its settings cannot work before anything was ready
ends the whole. The standard input of a process is a pipe that the supervisor holds: when it closes, because the
supervisor was killed, the process ends by itself, so nothing is left behind that holds a port.
"""

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

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import FrameType

log = structlog.get_logger(__name__)

READY: Final = "ready "
MISTAKE: Final = 2  # the exit code of an error that only a person can mend
SUPERVISED: Final = "KEURING_SUPERVISED"
METRICS: Final = "PROMETHEUS_MULTIPROC_DIR"
END_SECONDS: Final = 15.0  # from the request to end until a process is killed
STABLE_SECONDS: Final = 60.0  # who lived that long starts again at once
LONGEST_PAUSE: Final = 30.0


def share_metrics(data_directory: Path, *, fresh: bool = False) -> None:
    """Gives all processes one directory for their counters; must run before prometheus-client is imported."""
    directory = data_directory / "run" / "metrics"
    if fresh:
        shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if fresh:
        os.environ[METRICS] = str(directory)
    else:
        os.environ.setdefault(METRICS, str(directory))


def announce(process: str, **addresses: str) -> None:
    """Says on stdout, and to systemd, that a process is ready and where it listens."""
    print(READY + process, *(f"{name}={value}" for name, value in addresses.items()), flush=True)
    notify("READY=1")


def notify(state: str) -> None:
    """Tells systemd (sd_notify) when it started us and wants to know."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address or is_supervised():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        try:
            sender.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
        except OSError as error:
            log.warning("systemd not told", state=state, error=str(error))


def is_supervised() -> bool:
    """Whether a supervisor started this process."""
    return SUPERVISED in os.environ


def end_with_parent() -> None:
    """In a supervised process: asks ourselves to end once the supervisor is gone."""
    if not is_supervised():
        return

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


class Child:
    """One process and its life so far."""

    def __init__(self, name: str, wake: Callable[[], None]) -> None:
        self.name = name
        self.is_ready = False
        self.process: subprocess.Popen[str] | None = None
        self.start_at = 0.0  # monotonic; when to start it (again)
        self.deaths = 0
        self._started_at = 0.0
        self._pause = 0.0
        self._wake = wake

    def start(self, now: float) -> None:
        """Starts the process."""
        self._started_at = now
        self.process = subprocess.Popen(
            [sys.executable, "-m", "keuring_collector", "serve", "--only", self.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env={**os.environ, SUPERVISED: "1"},
            start_new_session=True,  # Ctrl C reaches the supervisor alone, which then ends the processes in order
        )
        threading.Thread(target=self._follow, args=(self.process,), name=self.name, daemon=True).start()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        """Passes on what the process says, and wakes the supervisor when it is ready, and when it has ended."""
        assert process.stdout is not None  # noqa: S101  (it is a pipe)
        with process.stdout:
            for line in process.stdout:
                print(line, end="", flush=True)
                if line.startswith(READY):
                    self.is_ready = True
                    self._wake()
        process.wait()
        self._wake()

    def died(self, now: float) -> int | None:
        """The exit code when the process has ended since it was last asked; then the next start is planned."""
        if self.process is None or self.process.poll() is None:
            return None
        code = self.process.returncode
        self.deaths += 1
        self._close()
        self._pause = 0.0 if now - self._started_at > STABLE_SECONDS else min(LONGEST_PAUSE, self._pause * 2 or 0.5)
        self.start_at = now + self._pause
        return code

    def end(self) -> None:
        """Asks the process to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def tell(self, number: int) -> None:
        """Passes a signal on to a process that is ready for it."""
        if self.is_ready and self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def wait(self, seconds: float) -> None:
        """Waits for the end; kills the process and what it started when it takes too long."""
        if self.process is None:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            log.error("process killed", process=self.name, after_seconds=END_SECONDS)
            if os.name == "posix":
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
            self.process.wait()
        self._close()

    def _close(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None


class Supervisor:
    """Keeps the named processes running."""

    def __init__(
        self, data_directory: Path, names: Sequence[str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._data_directory = data_directory
        self._wakeup = threading.Event()
        self._children = [Child(name, self._wakeup.set) for name in names]
        self._monotonic = monotonic
        self._ending = False
        self._all_ready = False

    def run(self) -> int:
        """Runs until SIGTERM or SIGINT; returns the exit code."""
        share_metrics(self._data_directory, fresh=True)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_end)
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, self._asked_to_reload)
        code = 0
        try:
            while not self._ending:
                code = self._look()
                if code:
                    break
                self._wakeup.wait(self._pause())
                self._wakeup.clear()
        finally:
            self._end()
        return code

    def _asked_to_end(self, _number: int, _frame: FrameType | None) -> None:
        self._ending = True
        self._wakeup.set()

    def _asked_to_reload(self, number: int, _frame: FrameType | None) -> None:
        for child in self._children:
            child.tell(number)

    def _look(self) -> int:
        """Starts what is due; a mistake in the settings, told at the first start, ends it all with its code."""
        now = self._monotonic()
        for child in self._children:
            code = child.died(now)
            if code is not None:
                if code == MISTAKE and not child.is_ready:
                    return MISTAKE
                log.error("process died", process=child.name, code=code, again_in_seconds=child.start_at - now)
            if child.process is None and child.start_at <= now and self._may_start(child):
                child.start(now)
        if not self._all_ready and all(child.is_ready for child in self._children):
            self._all_ready = True
            announce("serve")
        return 0

    def _may_start(self, child: Child) -> bool:
        """The first process goes ahead: what is wrong with settings or database is then told once, not by each."""
        first = self._children[0]
        return child is first or first.is_ready or first.deaths > 0

    def _pause(self) -> float | None:
        due = [child.start_at for child in self._children if child.process is None and self._may_start(child)]
        return max(0.0, min(due) - self._monotonic()) if due else None

    def _end(self) -> None:
        notify("STOPPING=1")
        for child in self._children:
            child.end()
        until = self._monotonic() + END_SECONDS
        for child in self._children:
            child.wait(max(0.1, until - self._monotonic()))
