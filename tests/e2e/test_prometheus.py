"""Debian's Prometheus, configured by deploy/, beside a running demo: every panel and recording rule returns data."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.collector.command import PORTS, PROGRAM, environment
from tests.deploy import promql
from tests.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.long, pytest.mark.needs("prometheus")]

MACHINES = 40  # enough that the desk of the demo gave verdicts
UP_SECONDS = 240.0  # building the demo, on a machine that does other work too
DATA_SECONDS = 120.0
READY_SECONDS = 60.0


@pytest.fixture(scope="module")
def metrics_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A small demo; the address of its /metrics."""
    directory = tmp_path_factory.mktemp("demo") / "collector"
    log = directory.parent / "log"
    command = [*PROGRAM, "--data-directory", str(directory), "demo", "--machines", str(MACHINES), "--days", "30"]
    with log.open("w") as output:
        ports = dict.fromkeys(PORTS, "0")
        demo = subprocess.Popen(command, env=environment(directory, **ports), stdout=output, stderr=output)
    try:
        end = time.monotonic() + UP_SECONDS
        while not (found := re.search(r"metrics\s+(http://\S+)", log.read_text())):
            assert demo.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.5)
        yield found[1]
    finally:
        demo.terminate()
        demo.wait(60)


@pytest.fixture(scope="module")
def prometheus(metrics_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Prometheus with our configuration, in a hurry, scraping the demo; its address."""
    directory = tmp_path_factory.mktemp("prometheus")
    configuration = yaml.safe_load((promql.PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    configuration["global"] = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    (job,) = configuration["scrape_configs"]
    (discovery,) = job["http_sd_configs"]
    discovery["url"] = metrics_url.replace("/metrics", "/service-discovery")
    discovery["refresh_interval"] = "2s"
    (directory / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    shutil.copytree(promql.PROMETHEUS / "rules", directory / "rules")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    program = find_program("prometheus")
    assert program is not None
    with (directory / "log").open("w") as output:
        process = subprocess.Popen(
            [
                program,
                f"--config.file={directory / 'prometheus.yml'}",
                f"--storage.tsdb.path={directory / 'data'}",
                f"--web.listen-address={address}",
            ],
            stdout=output,
            stderr=output,
        )
    try:
        _answers(f"http://{address}/-/ready", process, directory / "log")
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(30)


def _answers(ready: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits until Prometheus has opened its storage and its port."""
    end = time.monotonic() + READY_SECONDS
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(ready, timeout=10):
            return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.2)


def ask(prometheus: str, expression: str) -> list[dict[str, Any]]:
    """The series that an expression gives now."""
    query = urllib.parse.urlencode({"query": expression})
    with urllib.request.urlopen(f"{prometheus}/api/v1/query?{query}", timeout=10) as answer:
        body = json.load(answer)
    assert body["status"] == "success", body
    result: list[dict[str, Any]] = body["data"]["result"]
    return result


def without_data(prometheus: str, expressions: dict[str, str]) -> dict[str, str]:
    """Those of the expressions that still give no number when the time is over."""
    end = time.monotonic() + DATA_SECONDS
    missing = dict(expressions)
    while missing and time.monotonic() < end:
        for name, expression in list(missing.items()):
            with contextlib.suppress(OSError):
                if any(series["value"][1] != "NaN" for series in ask(prometheus, expression)):
                    del missing[name]
        time.sleep(1)
    return missing


def test_every_recording_rule_returns_data(prometheus: str) -> None:
    assert without_data(prometheus, {name: name for name in promql.rules("record")}) == {}


def test_every_panel_returns_data(prometheus: str) -> None:
    assert without_data(prometheus, dict(promql.queries())) == {}


def test_the_live_agent_is_counted(prometheus: str) -> None:
    assert without_data(prometheus, {"stored": 'keuring_ingest_reports_total{disposition="stored"} > 3'}) == {}
    (agents,) = ask(prometheus, "keuring:agents:sum")
    assert float(agents["value"][1]) == MACHINES + 1


def test_every_alerting_rule_can_be_evaluated(prometheus: str) -> None:
    with urllib.request.urlopen(f"{prometheus}/api/v1/rules?type=alert", timeout=10) as answer:
        groups = json.load(answer)["data"]["groups"]
    states = {rule["name"]: (rule["health"], rule.get("lastError", "")) for group in groups for rule in group["rules"]}
    assert states.keys() == promql.rules("alert").keys()
    assert {name: state for name, state in states.items() if state[0] != "ok"} == {}
