"""Memory and swap of Linux, as its kernels of old and now tell them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from keuring_agent.host.linux import memory
from keuring_agent.host.readings import NotMeasurable
from tests.agent.trees import tree

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux alone")

MEMINFO = "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 20 kB\nCached: 30 kB\nSwapTotal: 50 kB\nSwapFree: 40 kB"


def test_memory_and_swap_in_bytes(tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/meminfo": MEMINFO, "proc/vmstat": "nr 1\npswpin 7\npswpout 8\noom_kill 2"})
    assert memory.memory(root) == (1000 * 1024, 150 * 1024, None, None)
    assert memory.swap(root) == (50 * 1024, 10 * 1024, 7, 8)
    assert memory.oom_kills(root) == 2
    old = tree(tmp_path / "old", {"proc/meminfo": "MemFree: 1 kB", "proc/vmstat": "nr 1"})
    with pytest.raises(NotMeasurable):
        memory.memory(old)
    with pytest.raises(NotMeasurable, match=r"Linux 4\.13"):
        memory.oom_kills(old)
