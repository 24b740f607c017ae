"""The programs that the demo starts: the collector itself and the agent of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

from keuring_collector.demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

END_SECONDS: Final = 20.0
LAST_LINES: Final = 15


def run_once(name: str, module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Runs one of our programs to its end. Raises DemoError with what it said when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise DemoError(f"{name} failed (exit code {done.returncode}): {(done.stderr or done.stdout).strip()}")


class Child:
    """A program of ours that runs until the demo ends; what it says goes to a file."""

    def __init__(
        self, name: str, module: str, arguments: Sequence[str], log: Path, environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.log = log
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl C reaches the demo alone, which then ends them in order
        )
        self._reader = threading.Thread(target=self._follow, name=name, daemon=True)
        self._reader.start()

    def _follow(self) -> None:
        assert self._process.stdout is not None  # noqa: S101  # it is a pipe
        with self.log.open("a", encoding="utf-8") as file:
            for line in self._process.stdout:
                self._lines.append(line.rstrip())
                del self._lines[: -10 * LAST_LINES]
                file.write(line)
                file.flush()

    @property
    def exit_code(self) -> int | None:
        """How it ended, or None while it runs."""
        return self._process.poll()

    def wait_for(self, lines: Sequence[str], seconds: float) -> None:
        """Waits until it has said a line that begins with each of ``lines``. Raises DemoError."""
        until = time.monotonic() + seconds
        while not all(any(said.startswith(line) for said in self._lines) for line in lines):
            if self.exit_code is not None or time.monotonic() > until:
                raise DemoError(self.told("did not get ready"))
            time.sleep(0.05)

    def told(self, what: str) -> str:
        """What happened to it, with the last that it said."""
        self._reader.join(timeout=1.0)
        code = self.exit_code
        ended = "" if code is None else f" and ended with exit code {code}"
        last = "\n  ".join(self._lines[-LAST_LINES:])
        return f"{self.name} {what}{ended}; it said (all of it is in {self.log}):\n  {last}"

    def end(self) -> None:
        """Asks it to end, and makes sure that it does."""
        if self.exit_code is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(timeout=2.0)
