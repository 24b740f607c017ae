"""A small real volume for a test, mounted by the test itself."""

from __future__ import annotations

import fcntl
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


def _run(*command: str) -> str:
    """Runs a program; returns what it said when it failed, and nothing when it did not."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return done.stderr.strip() or f"exit code {done.returncode}" if done.returncode else ""


@contextmanager
def _alone() -> Iterator[None]:
    """Waits until no other test has a memory volume: an agent under test looks at all that are mounted."""
    with (Path(tempfile.gettempdir()) / "keuring-test-volume.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _unmount_left_over() -> None:
    """Takes away what a test that was killed left mounted; only called while no other test has one."""
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines())
    for device, mountpoint, *_ in mounts:
        if device == "keuring-test":
            _run("umount", "--lazy", mountpoint)


@contextmanager
def memory_volume(where: Path, size: str) -> Iterator[Path]:
    """A tmpfs at ``where``, the only one of all tests now; skips the test, with the reason, where that cannot be."""
    where.mkdir(parents=True, exist_ok=True)
    with _alone():
        _unmount_left_over()
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
