"""Programs of the machine that some tests need."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# Where Debian puts programs that are not on everybody's PATH.
EXTRA_PATHS = ("/usr/sbin", "/sbin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)))
PROGRAMS = {
    "postgresql": ("initdb",),
    "chromium": ("chromium-headless-shell", "chromium"),  # the first takes half the processor, and has no window
}


def find_program(name: str) -> str | None:
    """The path of a program that a test needs, by the name used in ``needs(name)``."""
    commands = PROGRAMS.get(name, (name,))
    path = os.pathsep.join((os.environ.get("PATH", ""), *EXTRA_PATHS))
    return next(filter(None, (shutil.which(each, path=path) for each in commands)), None)


def require_program(name: str) -> None:
    """Skips the test where the program is missing; fails it in CI, where nothing may be missing."""
    if find_program(name) is None:
        message = f"needs {name}, which this machine does not have"
        if os.environ.get("CI"):
            pytest.fail(f"{message}; in CI that is a failure")
        pytest.skip(message)
