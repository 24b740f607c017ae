"""The real collector and the real agent as processes: a real volume fills, the ticket appears, and goes again."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring.signals.model import Statistic
from tests.collector.command import until
from tests.e2e.stand import SECONDS, Stand
from tests.faults.volume import memory_volume

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.long

MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A real file system of 16 MiB."""
    with memory_volume(tmp_path_factory.mktemp("small") / "volume", "16m") as mounted:
        yield mounted


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stand(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, volume: Path) -> Iterator[Stand]:
    assert volume.is_mount()  # the agent must see no other
    kept = {"sqlite": "migrated_sqlite", "postgresql": "postgres_server"}[request.param]
    source = request.getfixturevalue(kept)
    made = Stand(tmp_path_factory.mktemp("whole"), source if isinstance(source, Path) else source.lend())
    try:
        until(lambda: made.head().sequence >= 2, SECONDS, made.collector)
        yield made
    finally:
        made.close()


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}).stdout


@pytest.mark.needs("df")
@pytest.mark.needs("free")
def test_the_agent_tells_the_true_values_of_this_machine(stand: Stand) -> None:
    stand.wait_for_reports(1)
    # df: sizes to the step of the catalogue; what is free moves while others work here.
    rows = output("df", "--block-size=1", "--output=target,fstype,size,used,avail", "/").splitlines()[1].split()
    mountpoint, size, used, available = rows[0], int(rows[2]), int(rows[3]), int(rows[4])
    assert stand.latest("system.filesystem.limit", mountpoint) == pytest.approx(size, abs=MEBIBYTE)
    assert stand.latest("keuring.filesystem.available", mountpoint) == pytest.approx(available, rel=0.05)
    share = used / (used + available)
    assert stand.latest("system.filesystem.utilization", mountpoint) == pytest.approx(share, abs=0.02)
    assert stand.facts()["keuring.filesystem.type", mountpoint] == rows[1]
    # free: the same.
    memory = dict(zip(output("free", "--bytes").splitlines()[0].split(), _numbers("Mem:"), strict=False))
    assert stand.latest("system.memory.limit") == pytest.approx(memory["total"], abs=MEBIBYTE)
    assert stand.latest("keuring.memory.available") == pytest.approx(memory["available"], rel=0.3)
    # /proc: time since the start, load, processes, and which start of the system this is.
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    assert stand.latest("system.uptime") == pytest.approx(uptime, abs=120)
    load = float(Path("/proc/loadavg").read_text().split()[2])
    assert stand.latest("system.cpu.load_average.15m") == pytest.approx(load, abs=1.0)
    processes = sum(1 for path in Path("/proc").iterdir() if path.name.isdigit())
    assert stand.latest("system.process.count") == pytest.approx(processes, abs=max(20, processes * 0.3))
    assert 0 <= stand.latest("system.cpu.utilization", statistic=Statistic.MEAN) <= 1
    assert stand.head().boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    # What it says of the machine.
    facts = stand.facts()
    release = platform.freedesktop_os_release()
    assert facts["os.type", ""] == "linux"
    assert facts["os.name", ""] == release["NAME"]
    assert facts["host.name", ""] == socket.gethostname().partition(".")[0][:64]
    assert facts["system.cpu.logical.count", ""] == os.cpu_count()
    assert facts["os.build_id", ""] == platform.release()


def _numbers(label: str) -> list[int]:
    line = next(line for line in output("free", "--bytes").splitlines() if line.startswith(label))
    return [int(word) for word in line.split()[1:]]


@pytest.mark.needs("mount")
def test_a_volume_that_fills_gives_a_ticket_that_goes_when_it_is_cleared(stand: Stand, volume: Path) -> None:
    # Step by step: well, fuller, nearly; no ticket yet.
    for number, size in enumerate((4, 3, 2)):
        (volume / f"step-{number}").write_bytes(bytes(size * MEBIBYTE))
        stand.wait_for_reports(2)
    until(lambda: _used(stand, volume) == pytest.approx(9 * MEBIBYTE, abs=MEBIBYTE), SECONDS, stand.collector)
    assert stand.tickets() == []

    # Now there is less than the rule wants left, and stays so for longer than its hold.
    (volume / "last").write_bytes(bytes(2 * MEBIBYTE))
    until(stand.tickets, SECONDS, stand.collector)
    assert stand.tickets() == [("new", "volume-space", False)]
    ((subject, active, evidence),) = stand.lines()
    assert (subject, active) == (str(volume), True)
    value, limit = (next(item for item in evidence if item["role"] == role) for role in ("value", "limit"))
    assert value["signal"] == limit["signal"] == "keuring.filesystem.available"
    assert value["value"] == pytest.approx(shutil.disk_usage(volume).free, abs=MEBIBYTE)
    assert limit["value"] == 6 * MEBIBYTE

    # The collector is killed; the agent goes on measuring and keeps what it cannot send.
    before = stand.head()
    stand.kill_collector()
    until(lambda: stand.agent.waiting() >= 4, SECONDS, stand.collector)
    assert stand.agent.is_alive
    stand.start_collector()
    until(lambda: stand.agent.waiting() <= 1 and stand.head().sequence > before.sequence + 4, SECONDS, stand.collector)

    # Nothing was lost and nothing doubled: the ledger of the spool against the journal; and it is one ticket still.
    acknowledged, stored = stand.agent.acknowledged(), stand.sequences()
    assert stored == list(range(1, len(stored) + 1))
    assert before.sequence + 4 < acknowledged <= len(stored)
    assert stand.head().epoch == before.epoch
    assert stand.tickets() == [("new", "volume-space", False)]
    assert stand.history() == ["opened"]

    # Cleared: the ticket closes itself, because nobody had touched it.
    for path in volume.iterdir():
        path.unlink()
    until(lambda: stand.tickets()[0][0] == "resolved", SECONDS, stand.collector)
    assert stand.tickets() == [("resolved", "volume-space", False)]
    assert [active for _, active, _ in stand.lines()] == [False]
    assert stand.history() == ["opened", "cleared", "closed_itself"]


def _used(stand: Stand, volume: Path) -> float:
    size = stand.latest("system.filesystem.limit", str(volume))
    return size - stand.latest("keuring.filesystem.available", str(volume))


def test_both_end_in_good_order(stand: Stand) -> None:
    """Last, because nothing is left running after it."""
    assert stand.agent.end() == 0
    assert stand.collector.stop() == 0
    stored = stand.sequences()
    assert stored == list(range(1, len(stored) + 1))
    assert stand.agent.acknowledged() <= len(stored)
    assert "Traceback" not in stand.agent.said
    assert "Traceback" not in stand.collector.errors
