"""What all tests share: markers that say what a test needs, and the data that some of them may use."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

# Where Debian puts programs that are not on everybody's PATH.
EXTRA_PATHS = ("/usr/sbin", "/sbin", *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)))
PROGRAMS = {
    "postgresql": "initdb",
    "prometheus": "prometheus",
    "promtool": "promtool",
    "chromium": "chromium",
    "mount": "mount",
}


def find_program(name: str) -> str | None:
    """The path of a program that a test needs, by the name used in ``needs(name)``."""
    command = PROGRAMS.get(name, name)
    return shutil.which(command, path=os.pathsep.join((os.environ.get("PATH", ""), *EXTRA_PATHS)))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            if find_program(name) is None:
                message = f"needs {name}, which this machine does not have"
                if os.environ.get("CI"):
                    pytest.fail(f"{message}; in CI that is a failure")
                pytest.skip(message)
    if item.get_closest_marker("corpus") and "KEURING_DATA" not in os.environ:
        pytest.skip("needs recorded data; set KEURING_DATA to its folder")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder with recorded data; only for tests marked ``corpus``."""
    return Path(os.environ["KEURING_DATA"])
