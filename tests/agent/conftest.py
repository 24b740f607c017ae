"""Fixtures of the agent's tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.agent.collector import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = Path(__file__).parent.parent / "fixtures" / "host"


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that runs."""
    with Collector() as running:
        yield running


@pytest.fixture
def recorded() -> Path:
    """The root of a recorded Linux machine."""
    return FIXTURES / "debian12-virtual"
