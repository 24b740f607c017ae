"""Running keuring-collector as a program."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from unittest import mock

import pytest

from tests.collector.django_database import pointed_at
from tests.once import once

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = [sys.executable, "-m", "keuring_collector"]
PORTS = ["report_port", "enrolment_port", "console_port", "metrics_port"]


def environment(directory: Path, **settings: str) -> dict[str, str]:
    """The environment of a collector in ``directory``, without what the test's own process may have set."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KEURING_", "PROMETHEUS_"))}
    clean.pop("DJANGO_SETTINGS_MODULE", None)
    clean["KEURING_DATA_DIRECTORY"] = str(directory)
    clean["KEURING_INTAKE_DAYS"] = "0"  # tests do not wait a week for their tickets
    return {**clean, **{f"KEURING_{name.upper()}": value for name, value in settings.items()}}


def keuring(directory: Path, *arguments: str, stdin: str = "", **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs one command to its end."""
    return subprocess.run(
        [*PROGRAM, *arguments],
        env=environment(directory, **settings),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def keuring_here(directory: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The same within the test's own process, which costs far less; logging is left as it is."""
    from keuring_collector.__main__ import main

    out, err = io.StringIO(), io.StringIO()
    url = settings.get("database", f"sqlite:///{directory / 'keuring.sqlite3'}")
    with (
        pointed_at(url),
        mock.patch.dict(os.environ, environment(directory, **settings), clear=True),
        mock.patch("keuring_collector.logs.configure"),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            code = main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def ok(finished: subprocess.CompletedProcess[str]) -> str:
    """What a command that went well printed."""
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def complaint(finished: subprocess.CompletedProcess[str]) -> str:
    """What a command complained of: exit code 2, and no traceback."""
    assert finished.returncode == 2, finished.stdout + finished.stderr
    assert "Traceback" not in finished.stderr
    told = [line for line in finished.stderr.splitlines() if not line.startswith("{")]
    assert told, finished.stderr
    assert told[0].startswith("keuring-collector: ")
    return "\n".join(told)


class Running:
    """A collector that serves; ``lines`` is what it said on stdout so far."""

    def __init__(self, directory: Path, *arguments: str, **settings: str) -> None:
        self.directory = directory
        with (directory / "stderr.log").open("ab") as log:
            self.process = self._start(log, arguments, settings)
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _start(self, log: IO[bytes], arguments: tuple[str, ...], settings: dict[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*PROGRAM, "serve", *arguments],
            env=environment(self.directory, **settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            bufsize=1,
        )

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def errors(self) -> str:
        return (self.directory / "stderr.log").read_text(encoding="utf-8")

    def wait_for(self, start: str, count: int = 1, seconds: float = 30) -> str:
        """The ``count``-th line that starts so."""

        def found() -> list[str]:
            return [line for line in self.lines if line.startswith(start)][count - 1 : count]

        lines: list[str] = until(found, seconds, self)
        return lines[0]

    def children(self) -> dict[str, int]:
        """The processes below this one: {name: pid}."""
        found = {}
        for path in Path("/proc").glob("[0-9]*"):
            try:
                words = (path / "cmdline").read_bytes().decode().split("\0")
                parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                continue
            if parent == self.process.pid and "--only" in words:
                found[words[words.index("--only") + 1]] = int(path.name)
        return found

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ends it, and returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(30)
        self._reader.join(10)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


def until(condition: Callable[[], Any], seconds: float, running: Running | None = None) -> Any:
    """Waits until the condition holds, and returns what it gave."""
    deadline = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > deadline:
            pytest.fail("did not come" + (f": {running.lines}\n{running.errors}" if running else ""))
        time.sleep(0.05)
    return result


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Path:
    """A collector's data directory right after init; copy it, do not change it."""

    def make(directory: Path) -> None:
        directory.mkdir(mode=0o700)
        shutil.copyfile(migrated_sqlite, directory / "keuring.sqlite3")
        ok(keuring(directory, "init", *(part for port in PORTS for part in ("--set", f"{port}=0"))))

    return once(tmp_path_factory, "initialised", make)


@pytest.fixture
def collector(initialised: Path, tmp_path: Path) -> Path:
    """A collector of the test's own: its data directory, all ports drawn at start."""
    return Path(shutil.copytree(initialised, tmp_path / "data"))


@pytest.fixture
def serve(collector: Path) -> Iterator[Callable[..., Running]]:
    """Starts the collector, and ends it after the test."""
    started: list[Running] = []

    def start(*arguments: str, **settings: str) -> Running:
        started.append(Running(collector, *arguments, **settings))
        return started[-1]

    yield start
    for running in started:
        running.stop()
