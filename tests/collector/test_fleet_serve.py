"""The real processes: they come up, they come back, and they go."""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.collector.command import PROGRAM, environment, keuring_here, ok, until
from tests.collector.packs import write_pack

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.collector.command import Running

    Serve = Callable[..., Running]

pytestmark = pytest.mark.long


def _trusting(directory: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(directory / "ca" / "root.pem"))


def _url(running: Running, start: str = "ready console url=") -> str:
    return running.wait_for(start).removeprefix(start)


def _gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def _descendants(pid: int) -> list[int]:
    parents = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(path.name)] = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [pid]
    for each in found:
        found.extend(child for child, parent in parents.items() if parent == each)
    return found[1:]


def test_collector_serves_restarts_what_dies_and_ends_in_order(collector: Path, serve: Serve) -> None:
    running = serve()
    running.wait_for("ready serve")
    console = _url(running)
    context = _trusting(collector)
    assert context.minimum_version <= ssl.TLSVersion.TLSv1_3
    host = console.removeprefix("https://").rstrip("/")
    connection = http.client.HTTPSConnection(host, context=context, timeout=10)
    connection.request("GET", "/")
    response = connection.getresponse()
    assert response.status in (200, 302)
    assert "default-src 'none'" in (response.headers["content-security-policy"] or "")
    connection.close()
    metrics = _url(running, "ready jobs metrics=")
    assert b"keuring_" in urllib.request.urlopen(metrics, timeout=10).read()

    status = json.loads(ok(keuring_here(collector, "status", "--json")))
    assert status["console"] == f"running: url {console}"
    assert status["ingest"].startswith("running: reports localhost:")
    token = keuring_here(collector, "token")
    assert status["ingest"].rpartition(" ")[2] in token.stderr

    before = running.children()
    assert sorted(before) == ["console", "ingest", "jobs"]
    os.kill(before["ingest"], signal.SIGKILL)
    running.wait_for("ready ingest", count=2)
    assert running.children()["ingest"] != before["ingest"]
    assert running.children()["console"] == before["console"]
    assert "process died" in running.errors

    everybody = _descendants(running.process.pid)
    assert running.stop() == 0
    assert all(_gone(pid) for pid in everybody)
    assert list((collector / "run").glob("*.json")) == []
    assert "Traceback" not in running.errors


def test_rules_are_read_again_on_sighup_and_broken_ones_are_not_taken(collector: Path, serve: Serve) -> None:
    rules = write_pack(collector / "rules")
    path = rules / "storage/test_space.yaml"
    moment, text = path.stat().st_mtime_ns, path.read_text(encoding="utf-8")
    running = serve(rules_directory=str(rules))
    running.wait_for("ready serve")
    # A change that polling cannot see: the same size and the same time.
    path.write_text(text.replace("above: 90 %", "above: 91 %"), encoding="utf-8")
    os.utime(path, ns=(moment, moment))
    os.kill(running.process.pid, signal.SIGHUP)
    until(lambda: "rules reloaded" in running.errors, 20, running)
    path.write_text(text.replace("above: 90 %", "above: lots"), encoding="utf-8")
    os.kill(running.process.pid, signal.SIGHUP)
    until(lambda: "the last good pack stays in force" in running.errors, 20, running)
    assert running.errors.count("rules reloaded") == 1
    assert running.stop() == 0


def test_nothing_is_left_behind_by_a_supervisor_that_is_killed(collector: Path, serve: Serve) -> None:
    running = serve()
    running.wait_for("ready serve")
    everybody = _descendants(running.process.pid)
    assert len(everybody) >= 4  # three processes and granian's worker
    running.stop(signal.SIGKILL)
    until(lambda: all(_gone(pid) for pid in everybody), 10)


def test_systemd_is_told_and_ctrl_c_ends_it(collector: Path) -> None:
    import socket

    path = collector / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(path))
        receiver.settimeout(30)
        process = subprocess.Popen(
            [*PROGRAM, "serve", "--only", "jobs"],
            env={**environment(collector), "NOTIFY_SOCKET": str(path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with process:
            assert receiver.recv(100) == b"READY=1"
            process.send_signal(signal.SIGINT)
            assert process.wait(15) == 0
            assert process.stdout is not None
            assert process.stdout.read().startswith("ready jobs metrics=http://127.0.0.1:")
