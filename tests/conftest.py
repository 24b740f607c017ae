"""What all tests share: markers that say what a test needs, and the data that some of them may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.programs import find_program, require_program

__all__ = ["find_program"]

pytest_plugins = [
    "tests.collector.postgres",
    "tests.collector.django_database",
    "tests.collector.command",
    "tests.collector.console_fixtures",
    "tests.e2e.browsing",
    "tests.e2e.weeks",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            require_program(name)
    if item.get_closest_marker("corpus") and "KEURING_DATA" not in os.environ:
        pytest.skip("needs recorded data; set KEURING_DATA to its folder")


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder with recorded data; only for tests marked ``corpus``."""
    return Path(os.environ["KEURING_DATA"])
