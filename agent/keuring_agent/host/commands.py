"""Runs another program for its output, bounded in time and size.

posix_spawn and a pipe instead of subprocess, which would cost the resident agent 2 MB.
"""

from __future__ import annotations

import os
import select
import signal
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# Where administration programs are, also for a service with a bare PATH.
SEARCH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LIMIT: Final = 8 * 1024 * 1024
_BY_ALL: Final = 0o002  # the mode of what every account may write


class Result(NamedTuple):
    """What a program wrote to its standard output, and its exit status (negative: the signal that ended it)."""

    status: int
    output: bytes


if TYPE_CHECKING:
    Run = Callable[[Sequence[str], float], Result]


def which(name: str) -> str | None:
    """Where a program is; shutil would cost the resident agent memory for what it brings along."""
    paths = [name] if name.startswith("/") else [f"{directory}/{name}" for directory in SEARCH.split(":")]
    return next((path for path in paths if os.access(path, os.X_OK) and _is_safe(path)), None)


def _is_safe(path: str) -> bool:
    """Whether root may start a program: not one that another account could put in place of the one that is meant.

    On Macs with Homebrew /usr/local, where programs are looked for first, is a colleague's own.
    """
    if os.geteuid() != 0:
        return True
    try:
        states = [os.stat(path), os.stat(path.rpartition("/")[0] or "/")]  # noqa: PTH116  # see tree.py
    except OSError:
        return False
    return all(state.st_uid == 0 and not state.st_mode & _BY_ALL for state in states)


def run(arguments: Sequence[str], timeout: float) -> Result:
    """Runs a program without input. Raises NotMeasurable when it is missing, takes longer or says too much."""
    program = which(arguments[0])
    if program is None:
        raise NotMeasurable(f"{arguments[0]} is not installed")
    reading, writing = os.pipe()
    try:
        child = os.posix_spawn(
            program,
            list(arguments),
            {"PATH": SEARCH, "LC_ALL": "C", "LANGUAGE": "C"},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, writing, 1),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
            setsigdef=[signal.SIGTERM, signal.SIGINT, signal.SIGCHLD],
        )
    except OSError as error:
        os.close(reading)
        raise NotMeasurable(f"{arguments[0]} cannot be started: {error.strerror}") from error
    finally:
        os.close(writing)
    try:
        output = _collect(reading, time.monotonic() + timeout)
    finally:
        os.close(reading)
        if (status := _ended(child)) is None:
            os.kill(child, signal.SIGKILL)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if output is None:
        raise NotMeasurable(f"{arguments[0]} took longer than {timeout:g} s, or wrote too much")
    return Result(status, output)


def _collect(reading: int, end: float) -> bytes | None:
    """All output until the other end is closed; None past the time or the size allowed."""
    parts: list[bytes] = []
    size = 0
    while (left := end - time.monotonic()) > 0 and size <= LIMIT:
        if select.select([reading], [], [], left)[0]:
            part = os.read(reading, 65536)
            if not part:
                return b"".join(parts)
            parts.append(part)
            size += len(part)
    return None


def _ended(child: int) -> int | None:
    """Its exit status within a moment of closing its output; None when it goes on."""
    for pause in (0.0, 0.001, 0.005, 0.02, 0.1, 0.5):
        time.sleep(pause)
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
    return None
