"""The installed service under a running systemd: it enrols, reports, is as closed as its unit says, stops and goes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from keuring_agent.service.linux import OWN, SOCKET, UNIT
from tests.agent.collector import Collector
from tests.agent.test_agent_process import wait_for
from tests.deploy.booted import Booted, booted

pytestmark = [
    pytest.mark.needs("systemd-analyze", "unshare", "nsenter", "mount"),
    pytest.mark.skipif(os.geteuid() != 0, reason="another system is started by root"),
    pytest.mark.skipif(
        any(Path(sys.executable).is_relative_to(place) for place in OWN),
        reason="the service does not see a checkout below /tmp, and install refuses it",
    ),
]
AGENT = (sys.executable, "-m", "keuring_agent")
QUICK = "sample_interval = 0.5\nwindow_duration = 1\nwindows_per_flush = 1\nbackoff_maximum = 1\n"


def status(process: int) -> dict[str, str]:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def outside(system: Booted, inside: int) -> int:
    """A process of the system by the number that this machine gives it."""
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            numbers = status(int(path.parent.name))["NSpid"].split()
            same = path.with_name("ns").joinpath("pid").readlink() == Path(f"/proc/{system.init}/ns/pid").readlink()
        except (OSError, KeyError):
            continue
        if same and numbers[-1] == str(inside):
            return int(path.parent.name)
    raise AssertionError(inside)


def test_the_service_under_a_running_systemd(tmp_path: Path) -> None:
    with Collector() as collector, booted(tmp_path / "system") as system:
        system.said("sh", "-c", f"mkdir /etc/keuring-agent && printf '{QUICK}' > /etc/keuring-agent/agent.toml")
        done = system.run(*AGENT, "service", "install", "--token", "-", text=collector.token())
        assert done.returncode == 0, done.stdout + done.stderr
        wait_for(lambda: len(collector.journal.reports) > 2)  # enrolled by itself, and reports
        assert system.shown(UNIT, "ActiveState", "SubState", "NRestarts") == {
            "ActiveState": "active",
            "SubState": "running",
            "NRestarts": "0",
        }
        assert system.shown(SOCKET, "ActiveState") == {"ActiveState": "active"}
        assert system.said(*AGENT, "service", "status", "--language", "en").startswith("the service is installed")

        process = outside(system, int(system.shown(UNIT, "MainPID")["MainPID"]))
        held = status(process)
        assert 0 not in map(int, (held["Uid"] + " " + held["Gid"]).split())
        assert {int(held[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
        assert (held["NoNewPrivs"], held["Seccomp"], held["Threads"]) == ("1", "2", "1")
        mounts = {
            fields[4]: fields[5].split(",")
            for fields in map(str.split, Path(f"/proc/{process}/mountinfo").read_text().splitlines())
        }
        assert "ro" in mounts["/"]
        assert "rw" in mounts["/var/lib/keuring-agent"]
        devices = {path.name for path in Path(f"/proc/{process}/root/dev").iterdir()}
        assert "null" in devices
        assert not devices & {"sda", "vda", "mem", "kmsg"}

        before = len(collector.journal.reports)
        system.said("systemctl", "restart", UNIT)
        wait_for(lambda: len(collector.journal.reports) > before + 1)
        system.said("systemctl", "stop", UNIT)
        assert system.shown(UNIT, "ActiveState", "Result") == {"ActiveState": "inactive", "Result": "success"}
        kept = [report.sequence for report in collector.journal.reports]
        assert kept == list(range(1, len(kept) + 1))  # in order, over the restart too

        system.said(*AGENT, "service", "uninstall", "--purge")
        assert "not-found" in system.said("systemctl", "show", UNIT, "--property=LoadState")
        assert system.run("ls", "/var/lib/keuring-agent").returncode != 0
    assert not Path("/etc/systemd/system", UNIT).exists()  # of this machine nothing was touched
