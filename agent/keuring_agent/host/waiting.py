"""Sleeps until a time, a signal or the end of a child, in one thread and without polling; and bounds slow calls."""

from __future__ import annotations

import os
import select
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType, TracebackType


def between(least: float, most: float) -> float:
    """Any number from ``least`` to ``most``; without the random module, which costs the resident agent memory."""
    return least + (most - least) * int.from_bytes(os.urandom(4), "big") / 0xFFFFFFFF


class Overdue(BaseException):  # raised by a timer, not by a fault
    """A bounded call took too long and was interrupted. No Exception, for whoever catches all of those goes on."""


class Alarm:
    """Sleeps; ``stopped`` becomes true when the program is asked to end.

    Used as a context manager in the main thread; afterwards signals do again what they did before.
    """

    def __init__(self) -> None:
        self.stopped = False

    def __enter__(self) -> Alarm:
        self._woken, self._waking, self._drain, self._close = _wires()
        self._before_wake = signal.set_wakeup_fd(self._waking, warn_on_full_buffer=False)
        self._before = {
            number: signal.signal(number, self._stop)
            for number in (signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGBREAK", None))
            if number is not None
        }
        if (child := getattr(signal, "SIGCHLD", None)) is not None:
            self._before[child] = signal.signal(child, self._wake)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(self._before_wake)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._close()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.stopped = True

    def _wake(self, _number: int, _frame: FrameType | None) -> None:
        """The byte that the wake-up wrote is enough."""

    def wait(self, seconds: float) -> None:
        """Returns after ``seconds``, or sooner when something happened."""
        if self.stopped or seconds <= 0:
            return
        if select.select([self._woken], [], [], seconds)[0]:
            self._drain()


def _wires() -> tuple[int, int, Callable[[], object], Callable[[], None]]:
    """Two connected ends that do not block (one to read, one to write), what empties them and what closes them."""
    if os.name == "posix":
        reading, writing = os.pipe()
        os.set_blocking(reading, False)  # a flag is all that it takes
        os.set_blocking(writing, False)

        def close() -> None:
            os.close(reading)
            os.close(writing)

        return reading, writing, lambda: os.read(reading, 4096), close
    # On Windows neither select nor wake-ups take pipes. Elsewhere the socket module would cost memory for nothing.
    import socket

    near, far = socket.socketpair()
    near.setblocking(False)  # noqa: FBT003
    far.setblocking(False)  # noqa: FBT003

    def close_both() -> None:
        near.close()
        far.close()

    return far.fileno(), near.fileno(), lambda: far.recv(4096), close_both


_handled = False


def _overdue(_number: int, _frame: FrameType | None) -> None:
    raise Overdue


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Interrupts its body with Overdue after ``seconds``: in the main thread of a POSIX system, not elsewhere.

    A disk that does not answer at all cannot be interrupted by anything.
    """
    if os.name != "posix":
        yield
        return

    global _handled  # noqa: PLW0603  # the process has one handler, and setting it anew each time costs
    if not _handled:
        signal.signal(signal.SIGALRM, _overdue)
        _handled = True
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)  # and again, should something have swallowed it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
