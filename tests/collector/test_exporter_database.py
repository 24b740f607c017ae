"""The exporter on a real database of both kinds, as processes: what is in the database is what /metrics says."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from keuring_collector.fleet.authority import Authority
from keuring_collector.store import open_store
from tests.collector.exporter_program import VERSIONS
from tests.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLE = re.compile(r"(?P<name>[a-z0-9_]+)(\{(?P<labels>.*)\})? (?P<value>\S+)")


@contextlib.contextmanager
def running(data: Path, url: str, *, seed: bool, shared: Path | None = None) -> Iterator[str]:
    """A process that serves; gives the address of its /metrics."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "keuring_collector.settings",
        "KEURING_DATA_DIRECTORY": str(data),
        "KEURING_DATABASE": url,
        "KEURING_METRICS_PORT": "0",
        "SEED": "1" if seed else "",
    }
    environment.pop("PROMETHEUS_MULTIPROC_DIR", None)
    if shared is not None:
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(shared)
    command = [sys.executable, "-W", "error", "-m", "tests.collector.exporter_program"]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            assert process.stderr is not None
            pytest.fail(process.stderr.read())
        yield f"http://127.0.0.1:{port}/metrics"
        process.communicate(timeout=20)
        assert process.returncode == 0


def scrape(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as response:
        return str(response.read().decode())


def sums(text: str) -> dict[str, float]:
    """The samples as {'name{labels}': value}."""
    found = (SAMPLE.fullmatch(line) for line in text.splitlines() if not line.startswith("#"))
    return {
        (f"{match['name']}{{{match['labels']}}}" if match["labels"] else match["name"]): float(match["value"])
        for match in found
        if match
    }


@pytest.mark.needs("promtool")
def test_the_database_and_the_counters_of_all_processes_are_told(migrated_url: str, tmp_path: Path) -> None:
    import datetime as dt

    data, shared = tmp_path / "data", tmp_path / "shared"
    data.mkdir()
    (data / "backups").mkdir()
    (data / "backups" / "keuring-20260101-000000.tar").touch()
    Authority.create(data / "ca", "localhost", dt.datetime.now(dt.UTC))
    with running(data, migrated_url, seed=True, shared=shared) as first:
        scrape(first)  # so that it has written what it counted
        with running(data, migrated_url, seed=False, shared=shared) as second:
            text = scrape(second)
            told = sums(text)
    assert told['keuring_ingest_reports_total{disposition="stored"}'] == 6
    assert told["keuring_ingest_streams"] == 4
    assert told["keuring_database_up"] == 1

    def tickets(state: str, severity: str, department: str) -> float:
        return told[f'keuring_tickets{{department="{department}",severity="{severity}",state="{state}"}}']

    assert tickets("new", "urgent", "none") == 1
    assert tickets("new", "soon", "Verkoop") == 1
    assert tickets("snoozed", "watch", "none") == 0
    assert sum(value for name, value in told.items() if name.startswith("keuring_tickets{")) == 5
    assert told['keuring_tickets_open_by_horizon{expected="week"}'] == 1
    assert told['keuring_tickets_open_by_horizon{expected="unknown"}'] == 2
    assert told['keuring_ticket_verdicts{cause="volume_full",verdict="right"}'] == 1
    unattended = [name for name in told if name.startswith("keuring_ticket_unattended_since")]
    assert unattended == ['keuring_ticket_unattended_since_timestamp_seconds{severity="urgent"}']

    assert told['keuring_endpoints{simulated="true",state="active"}'] == (VERSIONS + 5) / 2
    assert told['keuring_endpoints{simulated="false",state="revoked"}'] == 1
    versions = {name: value for name, value in told.items() if name.startswith("keuring_agents{")}
    assert len(versions) == 21
    assert sum(versions.values()) == VERSIONS + 5
    assert told['keuring_agents{version="1.00.0"}'] == 5
    assert [told[f'keuring_agents_by_freshness{{fresh="{name}"}}'] for name in ("15m", "1h", "1d", "older", "never")] \
        == [10, 5, 5, 5, 5]  # fmt: skip

    assert told["keuring_journal_rows"] == 1
    assert 400 < told["keuring_journal_oldest_age_seconds"] < 700
    assert told["keuring_quarantined_reports"] == 1
    assert told["keuring_database_bytes"] > 100_000
    assert told['keuring_job_failing{name="purge"}'] == 1
    assert told["keuring_backup_last_timestamp_seconds"] > 0
    certificates = [name for name in told if name.startswith("keuring_certificate_expiry")]
    assert len(certificates) == 4
    assert 0 < told["keuring_data_directory_free_bytes"] <= told["keuring_data_directory_size_bytes"]

    promtool = find_program("promtool")
    assert promtool is not None
    checked = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_what_an_ended_process_held_open_is_not_counted(migrated_sqlite: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    url = f"sqlite:///{migrated_sqlite}"
    with running(tmp_path, url, seed=False, shared=shared) as address:
        scrape(address)
    with running(tmp_path, url, seed=False, shared=shared) as address:
        told = sums(scrape(address))
    assert told["keuring_ingest_streams"] == 2
    assert told['keuring_ingest_reports_total{disposition="stored"}'] == 6
    assert "process_cpu_seconds_total" not in told


def test_one_process_alone_tells_its_own_cost_too(migrated_sqlite: Path, tmp_path: Path) -> None:
    with running(tmp_path, f"sqlite:///{migrated_sqlite}", seed=False) as address:
        told = sums(scrape(address))
    assert told['keuring_ingest_reports_total{disposition="stored"}'] == 3
    assert told["process_cpu_seconds_total"] > 0


def test_a_database_that_is_gone_is_told_and_the_counters_stay(tmp_path: Path) -> None:
    with running(tmp_path, "postgresql://nobody@127.0.0.1:1/none", seed=False) as address:
        told = sums(scrape(address))
    assert told["keuring_database_up"] == 0
    assert told['keuring_ingest_reports_total{disposition="stored"}'] == 3
    assert "keuring_journal_rows" not in told


@pytest.mark.parametrize("migrated_url", ["postgresql"], indirect=True)
def test_a_large_table_is_estimated_and_not_counted(migrated_url: str) -> None:
    store = open_store(migrated_url)
    try:
        store.connection.execute("UPDATE pg_class SET reltuples = 5e8 WHERE relname = 'history'")
        statistics = store.statistics()
        assert (statistics.history_blocks, statistics.journal_rows) == (500_000_000, 0)
        assert statistics.oldest_journal_at is None
    finally:
        store.close()
