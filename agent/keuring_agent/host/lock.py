"""One agent at a time on one state directory."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from keuring_agent.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Holds the state directory. Raises StateError when another agent does. Let go of by the system on any end."""
    path = directory / "lock"
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StateError(
            f"{path}: cannot be opened ({error.strerror}); make the directory writable for the account that the agent "
            "runs under"
        ) from error
    try:
        try:
            _lock(handle)
        except OSError:
            raise StateError(
                f"{directory}: an agent is at work on this state directory already; stop it, or leave the work to it"
            ) from None
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> None:
    system: str = sys.platform
    if system == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    import fcntl

    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
