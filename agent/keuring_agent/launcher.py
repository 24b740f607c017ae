"""Starts the short child that sends: by fork where there is one, as a program of its own elsewhere."""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from keuring_agent import config, sending
from keuring_agent.host import thrift

if TYPE_CHECKING:
    from subprocess import Popen
    from threading import Thread

    from keuring_agent.config import Settings
    from keuring_agent.parcel import Parcel

# Deadlines that a child may use up one after the other before it counts as stuck: it may have much to send.
PATIENCE: Final = 20
_SAID: Final = 65536  # bytes, the size of a pipe; a child says a tenth of that


class Launcher(Protocol):
    """At most one child at a time."""

    told: bytes  # what the last child said of its parcel when it had ended; empty where it had none, or was killed

    def start(self, settings: Settings, *, after_failure: bool, parcel: Parcel | None = None) -> None:
        """Starts a child; there must be none. It sends the parcel, if there is one, else what the spool holds."""

    def poll(self) -> int | None:
        """The exit code of a child that ended since the last call (negative: a signal); None otherwise."""

    @property
    def running(self) -> bool:
        """Whether there is a child."""

    def kill(self) -> None:
        """Ends the child, if there is one, at once. What it did not finish stays in the spool."""


class ForkLauncher:
    """The child shares the memory of its parent, which has one thread and no grpc."""

    def __init__(self) -> None:
        self._child: int | None = None
        self._until = 0.0
        self._reading: int | None = None
        self.told = b""

    @property
    def running(self) -> bool:
        """See Launcher."""
        return self._child is not None

    def start(self, settings: Settings, *, after_failure: bool, parcel: Parcel | None = None) -> None:
        """Forks."""
        self.told = b""
        reading, writing = os.pipe() if parcel is not None else (None, None)
        self._until = time.monotonic() + PATIENCE * settings.deadline
        thrift.give_back()
        gc.freeze()  # so that collecting in the child does not copy the parent's pages
        child = os.fork()
        if child:
            gc.unfreeze()
            self._child = child
            self._reading = reading
            if writing is not None:
                os.close(writing)
            return
        code = sending.UNEXPECTED
        try:
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            code = sending.child(settings, after_failure=after_failure, parcel=parcel)
            if parcel is not None and writing is not None:
                os.write(writing, parcel.told())
        finally:
            # Not sys.exit: what the parent had open must not be flushed or closed twice.
            os._exit(code)

    def poll(self) -> int | None:
        """See Launcher."""
        if self._child is None:
            return None
        if time.monotonic() > self._until:
            os.kill(self._child, signal.SIGKILL)
        ended, status = os.waitpid(self._child, os.WNOHANG)
        if not ended:
            return None
        self._child = None
        self._listen()
        return os.waitstatus_to_exitcode(status)

    def kill(self) -> None:
        """See Launcher."""
        if self._child is not None:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            self._child = None
            self._listen()

    def _listen(self) -> None:
        """To what it wrote before it ended; a pipe holds that."""
        if self._reading is not None:
            os.set_blocking(self._reading, False)
            with suppress(BlockingIOError):  # should something that it left behind have the other end
                self.told = os.read(self._reading, _SAID)
            os.close(self._reading)
            self._reading = None


class SpawnLauncher:
    """The child is a Python of its own; its settings are handed over as arguments."""

    def __init__(self) -> None:
        self._child: Popen[bytes] | None = None
        self._until = 0.0
        self._talk: Thread | None = None
        self.told = b""

    @property
    def running(self) -> bool:
        """See Launcher."""
        return self._child is not None

    def start(self, settings: Settings, *, after_failure: bool, parcel: Parcel | None = None) -> None:
        """Starts `python -m keuring_agent.sending`."""
        import subprocess

        self._until = time.monotonic() + PATIENCE * settings.deadline
        self.told = b""
        flags = [sending.AFTER_FAILURE] if after_failure else []
        flags += [sending.WITH_PARCEL] if parcel is not None else []
        # A frozen agent has no -m; see __main__.
        program = (
            [sys.executable, sending.CHILD]
            if getattr(sys, "frozen", False)
            else [sys.executable, "-m", sending.__name__]
        )
        secrets = {config.ENVIRONMENT_PREFIX + name.upper(): getattr(settings, name) for name in config.SECRETS}
        self._child = subprocess.Popen(
            [*program, *flags, *_arguments(settings)],
            env={**os.environ, **secrets},
            stdin=subprocess.DEVNULL if parcel is None else subprocess.PIPE,
            stdout=None if parcel is None else subprocess.PIPE,
        )
        if parcel is not None:
            from threading import Thread  # for as long as the child lives: neither end may wait for the other

            self._talk = Thread(target=self._hand_over, args=(self._child, parcel.data()), daemon=True)
            self._talk.start()

    def _hand_over(self, child: Popen[bytes], parcel: bytes) -> None:
        with suppress(OSError, ValueError):  # it was killed
            self.told = child.communicate(parcel)[0]

    def poll(self) -> int | None:
        """See Launcher."""
        if self._child is None:
            return None
        if time.monotonic() > self._until:
            self._child.kill()
        code = self._child.poll()
        if code is not None:
            self._end()
        return code

    def kill(self) -> None:
        """See Launcher."""
        if self._child is not None:
            self._child.kill()
            self._child.wait()
            self._end()

    def _end(self) -> None:
        self._child = None
        if self._talk is not None:
            self._talk.join(1.0)
            self._talk = None


def _arguments(settings: Settings) -> list[str]:
    """NAME=VALUE for each setting that is given, as config.load takes them.

    Not what is secret: anybody on the machine may see arguments.
    """

    def text(value: Any) -> str:
        return ",".join(value) if isinstance(value, tuple) else str(value)

    return [
        f"{name}={text(value)}"
        for name, value in zip(config.NAMES, settings, strict=True)
        if value is not None and name not in config.SECRETS
    ]


def default() -> Launcher:
    """The one for this system."""
    return ForkLauncher() if hasattr(os, "fork") and sys.platform != "darwin" else SpawnLauncher()
