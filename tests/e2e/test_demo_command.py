"""`keuring-collector demo` as a person starts it, only smaller: true counts at the end, and nothing left running."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring_collector.demo import directory, ports
from keuring_collector.demo.errors import DemoError
from keuring_collector.store import open_store
from tests.collector.command import PROGRAM, environment
from tests.soak.collector import PORTS, free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.long

LAST_LINE = re.compile(
    r"demo: endpoints=(\d+) reports=(\d+) tickets=(\d+) console=(ok|failed) live_agent_reports=(\d+)\Z"
)


def processes(directory: Path) -> list[str]:
    """The command lines of all processes that have to do with a directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            told = (path / "environ").read_bytes() + (path / "cmdline").read_bytes()
        except OSError:
            continue
        if str(directory).encode() in told and path.name != str(os.getpid()):
            found.append((path / "cmdline").read_bytes().decode())
    return found


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


def test_the_demo_runs_reports_and_ends_by_itself(tmp_path: Path, taken: int) -> None:
    where = tmp_path / "demo"
    wanted = dict(zip(PORTS, map(str, free_ports(4)), strict=True)) | {"console_port": str(taken)}
    done = subprocess.run(
        [*PROGRAM, "demo", "--data-directory", str(where), "--machines", "10", "--days", "12", "--seconds", "1"],
        env=environment(where, **wanted),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.rstrip("\n").split("\n")
    told = LAST_LINE.match(lines[-1])
    assert told, done.stdout
    endpoints, reports, tickets, live = (int(told.group(number)) for number in (1, 2, 3, 5))
    assert told.group(4) == "ok"
    assert f"port {taken} (console_port) is taken" in done.stdout
    # What it tells is what the database holds.
    store = open_store(f"sqlite:///{where / 'keuring.sqlite3'}")
    positions = [head.position for head in store.heads().values()]
    rows = store.connection.execute("SELECT simulated, count(*) FROM fleet_endpoint GROUP BY simulated ORDER BY 1")
    assert [(bool(simulated), count) for simulated, count in rows] == [(False, 1), (True, 10)]
    open_tickets = store.connection.execute(
        "SELECT count(*) FROM desk_ticket WHERE state IN ('new', 'planned', 'snoozed')"
    )
    store.close()
    assert endpoints == len(positions) == 11
    assert sum(positions) - 3 <= reports <= sum(positions)
    assert tickets == open_tickets[0][0]
    assert live >= 1
    # Where to go is told: console, account, password, metrics, this machine.
    assert re.search(r"console +https://localhost:\d+/", done.stdout)
    assert re.search(r"password +\w{4}-\w{4}-\w{4}-\w{4} ", done.stdout)
    assert re.search(r"metrics +http://127\.0\.0\.1:\d+/metrics", done.stdout)
    assert "reports: " in done.stdout
    assert "\r" not in done.stdout
    assert processes(where) == []

    # A second demo may wipe what the first one made, and nothing else.
    directory.prepare(where)
    assert [path.name for path in where.iterdir()] == [directory.MARKER]


def test_a_directory_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.odt").write_text("years of work")
    with pytest.raises(DemoError, match="no demo made"):
        directory.prepare(tmp_path)
    assert (tmp_path / "thesis.odt").read_text() == "years of work"
    done = subprocess.run(
        [*PROGRAM, "demo", "--data-directory", str(tmp_path), "--seconds", "1"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "choose an empty or new one with --data-directory" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoError, match="cannot be made"):
        directory.prepare(tmp_path / "file" / "below")


def test_a_demo_that_still_runs_is_not_wiped(tmp_path: Path) -> None:
    from keuring_collector import addresses

    directory.prepare(tmp_path / "demo")
    addresses.write(tmp_path / "demo", "console", {"url": "https://localhost:1/"})
    with pytest.raises(DemoError, match="still runs"):
        directory.prepare(tmp_path / "demo")


def test_taken_ports_are_replaced_by_free_and_different_ones(taken: int) -> None:
    wanted = {"report_port": taken, "enrolment_port": taken, "console_port": 0, "metrics_port": free_ports(1)[0]}
    chosen = ports.choose(wanted)
    assert chosen["metrics_port"] == wanted["metrics_port"]
    assert len(set(chosen.values())) == 4
    assert taken not in chosen.values()
    assert 0 not in chosen.values()
    assert ports.usual({"KEURING_CONSOLE_PORT": "8443"})["console_port"] == 8443
    assert ports.usual({})["report_port"] == 7443
