"""A small real volume for a test, mounted by the test itself."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _run(*command: str) -> str:
    """Runs a program; returns what it said when it failed, and nothing when it did not."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.stderr.strip() or f"exit code {done.returncode}" if done.returncode else ""


@contextmanager
def memory_volume(where: Path, size: str) -> Iterator[Path]:
    """A tmpfs at ``where``; skips the test, with the reason, where that cannot be mounted."""
    where.mkdir(parents=True, exist_ok=True)
    wrong = _run("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "keuring-test", str(where))
    if wrong:
        pytest.skip(f"a tmpfs cannot be mounted here: {wrong}")
    try:
        yield where
    finally:
        _run("umount", "--lazy", str(where))


@contextmanager
def disk_volume(where: Path, image: Path, mebibytes: int) -> Iterator[Path]:
    """An ext4 file system in the file ``image``, through a loop device; skips where that cannot be mounted."""
    where.mkdir(parents=True, exist_ok=True)
    with image.open("wb") as file:
        file.truncate(mebibytes << 20)
    wrong = _run("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", str(image)) or _run(
        "mount", "-o", "loop", str(image), str(where)
    )
    if wrong:
        pytest.skip(f"a loop file cannot be mounted here: {wrong}")
    try:
        yield where
    finally:
        _run("umount", "--lazy", str(where))
