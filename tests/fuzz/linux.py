"""Targets: what the agent reads on Linux that other programs say or write; each reader a target of its own.

The readers and what is expected of them stand in tests/agent/test_agent_host_strangers.py: one that is added there is
fuzzed too. Not here: /proc and /sys, which the kernel itself writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.agent.test_agent_host_strangers import READERS, SEEDS
from tests.fuzz.target import Target, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable


def _target(reader: Callable[[bytes], None]) -> Target:
    name = reader.__name__.replace("_", "-")
    return Target(f"linux-{name}", reader, lambda: SEEDS, lambda: lines_of(SEEDS))


TARGETS = tuple(_target(reader) for reader in READERS)
