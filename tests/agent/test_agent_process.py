"""The real agent as a process, with a real collector on the other side."""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring.policy.v1 import policy_pb2
from keuring_agent import cli, collectors, identity, launcher, parcel, sending, wire
from keuring_agent.config import Settings
from keuring_agent.errors import IdentityError, StateError, UnreachableError
from keuring_agent.launcher import ForkLauncher, SpawnLauncher
from keuring_agent.window import SeriesKey, WindowReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keuring_agent.launcher import Launcher
    from tests.agent.collector import Collector

pytestmark = pytest.mark.long

QUICK = {
    "KEURING_AGENT_SAMPLE_INTERVAL": "0.5",
    "KEURING_AGENT_WINDOW_DURATION": "1",
    "KEURING_AGENT_WINDOWS_PER_FLUSH": "1",
    "KEURING_AGENT_BACKOFF_MAXIMUM": "1",
    "KEURING_AGENT_DEADLINE": "5",
    # What costs seconds here and says nothing about processes.
    "KEURING_AGENT_DISABLED_SIGNALS": "keuring.updates.pending,keuring.updates.security.pending,"
    "keuring.updates.last_installed",
}


@contextmanager
def agent(directory: Path, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """`keuring-agent run`; ended with the block, if not before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "keuring_agent", "run", "--state-directory", str(directory)],
        env={**os.environ, **QUICK, **environment},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


# A parent that starts a child, waits for it, and ends with its code; argv: the launcher, the state directory, and a
# word when sending failed before. A process of its own, as in life: the tests' serves gRPC, whose threads a fork would
# leave in disorder.
PARENT = """
import pathlib, sys, time
from keuring_agent import launcher
from keuring_agent.config import Settings
child = getattr(launcher, sys.argv[1])()
settings = Settings(state_directory=pathlib.Path(sys.argv[2]), deadline=5.0)
parcel = None
if "parcel" in sys.argv:
    from keuring_agent import parcel as parcels, sending
    batch = sending.spool_of(settings).batch()
    parcel = parcels.Parcel(batch.epoch, batch.reports)
child.start(settings, after_failure="failed" in sys.argv, parcel=parcel)
while (code := child.poll()) is None:
    time.sleep(0.02)
assert child.poll() is None
print(child.told.decode())
sys.exit(code)
"""


def code_of_child(make: type[Launcher], directory: Path, *more: str) -> int:
    parent = [sys.executable, "-c", PARENT, make.__name__, str(directory), *more]
    return subprocess.run(parent, timeout=120, check=False).returncode


def wait_for(what: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def test_it_reports_has_one_thread_and_never_loads_grpc(tmp_path: Path, collector: Collector) -> None:
    collector.enrolled(tmp_path)
    with agent(tmp_path) as process:
        wait_for(lambda: len(collector.journal.reports) >= 3)
        proc = Path("/proc") / str(process.pid)
        assert len(list((proc / "task").iterdir())) == 1
        mapped = (proc / "maps").read_text()
        for library in ("cygrpc", "_upb", "_psutil", "_rust.abi3"):
            assert library not in mapped
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert process.wait(10) == 0
        assert time.monotonic() - began < 5
        assert process.stderr is not None
        assert process.stderr.read() == ""
    sequences = [report.sequence for report in collector.journal.reports]
    assert sequences == list(range(1, len(sequences) + 1))
    left = sending.spool_of(Settings(state_directory=tmp_path)).batch().reports
    # A report whose answer did not come in time stays too: it will be a duplicate.
    first = left[0].sequence if left else len(sequences) + 1
    assert first <= len(sequences) + 1
    assert [kept.sequence for kept in left] == list(range(first, first + len(left)))


def test_the_resident_modules_load_no_heavy_library() -> None:
    code = (
        "import sys, threading; from keuring_agent import __main__, launcher, runner, silent;"
        "from keuring_agent.host import local;"
        "from keuring_agent.sensors import every; local('/'); every({}, 1, 1); launcher.default();"
        "heavy = {'grpc', 'google.protobuf', 'cryptography', 'psutil', 'asyncio', 'subprocess', 'logging', 'argparse',"
        " 'dataclasses', 'inspect', 'tomllib', 'tempfile', 'http', 'ssl', 'keuring_agent.cli'};"
        "print(sorted(heavy & set(sys.modules)), threading.active_count())"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[] 1"


def test_a_collector_that_goes_and_comes_gets_every_report_once(tmp_path: Path, collector: Collector) -> None:
    collector.enrolled(tmp_path)
    with agent(tmp_path) as process:
        wait_for(lambda: len(collector.journal.reports) >= 1)
        collector.stop()
        before = len(collector.journal.reports)
        wait_for(lambda: sending.spool_of(Settings(state_directory=tmp_path)).fill().reports >= 2)
        collector.start()
        wait_for(lambda: len(collector.journal.reports) >= before + 3)
        assert process.poll() is None
    sequences = [report.sequence for report in collector.journal.reports]
    assert sequences == list(range(1, len(sequences) + 1))


def test_kill_9_loses_and_doubles_nothing_that_was_kept(tmp_path: Path, collector: Collector) -> None:
    collector.enrolled(tmp_path)
    for _ in range(3):
        before = len(collector.journal.reports)
        with agent(tmp_path):
            wait_for(lambda count=before: len(collector.journal.reports) > count)  # type: ignore[misc]
    sequences = [report.sequence for report in collector.journal.reports]
    assert sequences == list(range(1, len(sequences) + 1))
    assert len({report.spool_epoch for report in collector.journal.reports}) == 1


def test_it_follows_the_policy_that_comes_with_an_answer(tmp_path: Path, collector: Collector) -> None:
    collector.enrolled(tmp_path)
    collector.journal.policy = policy_pb2.Policy(version="strict", disabled_signals=["host.name"])
    collector.journal.policy.allowed_privacy_classes.extend([policy_pb2.PRIVACY_CLASS_HARDWARE])
    with agent(tmp_path):
        wait_for(lambda: any(request.policy_version == "strict" for request in collector.journal.requests))


def fill(settings: Settings) -> None:
    window = WindowReport(1e9, 300, "boot", (SeriesKey(1, "", 3),), [0.5], {}, (), {})
    sending.spool_of(settings).append(wire.report(window), 1e9)


def finished(child: Launcher) -> int:
    codes: list[int] = []

    def ended() -> bool:
        code = child.poll()
        if code is not None:
            codes.append(code)
        return bool(codes)

    wait_for(ended)
    return codes[0]


@pytest.mark.parametrize("make", [ForkLauncher, SpawnLauncher])
def test_a_child_sends_and_renews(tmp_path: Path, collector: Collector, make: type[Launcher]) -> None:
    before = collector.enrolled(tmp_path, since=dt.timedelta(days=6))
    fill(Settings(state_directory=tmp_path, deadline=5.0))
    assert code_of_child(make, tmp_path) == 0
    assert len(collector.journal.reports) == 1
    assert identity.load(tmp_path).not_after > before.not_after


@pytest.mark.parametrize("make", [ForkLauncher, SpawnLauncher])
def test_a_child_with_a_parcel_sends_it_writes_nothing_and_says_what_to_note(
    tmp_path: Path, collector: Collector, make: type[Launcher]
) -> None:
    collector.enrolled(tmp_path)
    settings = Settings(state_directory=tmp_path, deadline=5.0)
    collectors.note(tmp_path, collector.address, 1e9, None)
    for _ in range(3):
        fill(settings)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    parent = [sys.executable, "-c", PARENT, make.__name__, str(tmp_path), "parcel"]
    found = subprocess.run(parent, timeout=120, check=True, capture_output=True, text=True)
    told = parcel.understood(found.stdout.encode())
    assert (told.through, told.needs_spool) == (3, False)
    (entry,) = told.dispatches
    assert (entry["to"], entry["acknowledged"], entry["signals"]) == (collector.address, 3, [1])
    assert [report.sequence for report in collector.journal.reports] == [1, 2, 3]
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("make", [ForkLauncher, SpawnLauncher])
def test_a_child_says_why_it_failed_with_its_code(tmp_path: Path, collector: Collector, make: type[Launcher]) -> None:
    collector.enrolled(tmp_path)
    collector.stop()
    fill(Settings(state_directory=tmp_path, deadline=5.0))
    assert code_of_child(make, tmp_path, "failed") == UnreachableError.exit_code
    (tmp_path / "identity.json").unlink()
    assert code_of_child(make, tmp_path) == IdentityError.exit_code


@pytest.mark.parametrize("make", [ForkLauncher, SpawnLauncher])
def test_a_child_that_hangs_is_ended(
    tmp_path: Path, collector: Collector, make: Callable[[], Launcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.enrolled(tmp_path)
    collector.journal.stall = 5.0
    monkeypatch.setattr(launcher, "PATIENCE", 0.02)
    settings = Settings(state_directory=tmp_path, deadline=10.0)
    fill(settings)
    child = make()
    child.start(settings, after_failure=False)
    assert finished(child) < 0
    child.start(settings, after_failure=False)
    child.kill()
    assert not child.running


def test_two_agents_on_one_state_directory(tmp_path: Path, collector: Collector) -> None:
    collector.enrolled(tmp_path)
    with agent(tmp_path):
        wait_for(lambda: len(collector.journal.reports) >= 1)
        flags = [sys.executable, "-m", "keuring_agent", "run", "--state-directory", str(tmp_path)]
        second = subprocess.run(flags, capture_output=True, text=True, check=False, timeout=20)
    assert second.returncode == StateError.exit_code
    assert "an agent is at work on this state directory already" in second.stderr


def test_once(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "PAUSE", 0.1)
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    collector.enrolled(tmp_path)
    assert cli.main(["once", "--state-directory", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "sent 1 report\n"
    assert len(collector.journal.reports[0].facts) > 5
    notebook = json.loads((tmp_path / "notebook.json").read_text())
    assert notebook["agent_stopped"] is True
    collector.stop()
    assert cli.main(["once", "--state-directory", str(tmp_path)]) == UnreachableError.exit_code
    assert "cannot be reached" in capsys.readouterr().err


def test_without_an_identity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("run", "once"):
        assert cli.main([command, "--state-directory", str(tmp_path / "none")]) == IdentityError.exit_code
        assert "this machine is not enrolled; run `keuring-agent enroll" in capsys.readouterr().err
