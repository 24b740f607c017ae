"""The real agent as a program of its own, with its files in a directory of the test's."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = [sys.executable, "-m", "keuring_agent"]


class RealAgent:
    """keuring-agent with ``settings`` (by name, as text), on this very machine."""

    def __init__(self, directory: Path, **settings: str) -> None:
        directory.mkdir(parents=True)
        self.state = directory / "state"
        self.log = directory / "agent.log"
        self._config = directory / "agent.toml"
        self._config.write_text("", encoding="utf-8")
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def _environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("KEURING_")}
        own = {"config": str(self._config), "state_directory": str(self.state), **self._settings}
        return {**clean, **{f"KEURING_AGENT_{name.upper()}": value for name, value in own.items()}}

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs one of its commands to the end."""
        return subprocess.run(
            [*PROGRAM, *arguments],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def enrol(self, token: str) -> None:
        """Enrols this machine with what `keuring-collector token` printed."""
        done = self.command("enroll", "--token", token.strip())
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self) -> None:
        """Lets it measure and report."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*PROGRAM, "run"],
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def end(self) -> int:
        """Asks it to end, and returns its exit code."""
        if self._process is None:
            return 0
        if self.is_alive:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            raise

    @property
    def endpoint_id(self) -> str:
        """The identity that enrolment gave it."""
        found: str = json.loads((self.state / "identity.json").read_text(encoding="utf-8"))["endpoint_id"]
        return found

    def _spool(self, query: str) -> int:
        # Not read-only: a child that ended in the middle of a write left a journal, which whoever is next rolls back.
        connection = sqlite3.connect(f"file:{self.state / 'spool.sqlite3'}?mode=rw", uri=True, timeout=10)
        try:
            return int(connection.execute(query).fetchone()[0] or 0)
        finally:
            connection.close()

    def waiting(self) -> int:
        """How many reports it holds that were not acknowledged."""
        return self._spool("SELECT count(*) FROM report")

    def acknowledged(self) -> int:
        """The last report that it no longer holds: all up to it were acknowledged."""
        return self._spool("SELECT COALESCE((SELECT min(sequence) FROM report), (SELECT next FROM spool)) - 1")
