"""What the agent reads of this machine, beside what df, free and /proc say of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from keuring_agent.host import local

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads this machine's /proc")


def test_file_systems_are_those_that_df_shows() -> None:
    host = local()
    found = host.file_systems()
    df = subprocess.run(
        ["df", "--block-size=1", "--output=target,size,used,avail,pcent,itotal,iavail", *(f.mountpoint for f in found)],
        capture_output=True, text=True, check=True,
    ).stdout.splitlines()[1:]  # fmt: skip
    assert len(df) == len(found) > 0
    for line, system_ in zip(df, found, strict=True):
        target, size, used, available, percent, inodes, inodes_available = line.split()
        assert system_.mountpoint == target
        assert system_.size == int(size)
        assert system_.used == pytest.approx(int(used), rel=0.01, abs=50e6)
        assert system_.available == pytest.approx(int(available), rel=0.01, abs=50e6)
        assert 100 * system_.used / (system_.used + system_.available) == pytest.approx(int(percent[:-1]), abs=1.5)
        assert system_.inodes == int(inodes)
        assert system_.inodes_available == pytest.approx(int(inodes_available), rel=0.05)


def test_memory_is_what_free_shows() -> None:
    free = subprocess.run(["free", "--bytes"], capture_output=True, text=True, check=True).stdout.splitlines()
    found, swap = local().memory(), local().swap()
    assert found.total == int(free[1].split()[1])
    assert found.available == pytest.approx(int(free[1].split()[6]), rel=0.05)
    assert swap.total == int(free[2].split()[1])


def test_processor_load_and_uptime_are_what_proc_says() -> None:
    host = local()
    assert host.cpu_count() == os.cpu_count()
    assert host.load().fifteen == pytest.approx(os.getloadavg()[2], abs=0.2)
    assert host.uptime() == pytest.approx(time.clock_gettime(time.CLOCK_BOOTTIME), abs=2)
    before = host.cpu_times()
    end = time.process_time() + 0.15
    while time.process_time() < end:
        pass
    after = host.cpu_times()
    assert after.busy - before.busy >= 0.1
    assert after.total >= after.busy + (after.waiting or 0)
    used = os.times()  # with what its children used: other tests of this process start many
    assert host.own_use().cpu == pytest.approx(sum(used[:4]), abs=1)
    assert host.operating_system().build == os.uname().release
    assert host.process_count() >= 1
