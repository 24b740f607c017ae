"""The exporter without a database: bounds, families, the cache before the database, and the HTTP server."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from keuring_collector.config import Settings
from keuring_collector.exporter import ExporterError
from keuring_collector.exporter.families import families
from keuring_collector.exporter.inventory import (
    MAX_LABEL_LENGTH,
    SPECIMEN,
    Inventory,
    bounded,
    bounded_pairs,
    freshness,
    label,
)
from keuring_collector.exporter.server import Exporter, start
from keuring_collector.exporter.source import InventorySource
from keuring_collector.store import Statistics, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = SPECIMEN.read_at
INVENTORY = SPECIMEN


def samples(inventory: Inventory | None, *, up: bool = True, now: float = NOW) -> dict[str, float]:
    """Every sample as {"name{label=value,…}": value}."""
    return {
        f"{sample.name}{{{','.join(f'{key}={value}' for key, value in sample.labels.items())}}}": sample.value
        for family in families(inventory, up, now)
        for sample in family.samples
    }


def test_a_label_is_printable_short_and_never_empty() -> None:
    assert label("Verkoop Noord") == "Verkoop Noord"
    assert label("a\u202eb\x00c\nd\u2028e") == "abcde"
    assert label("x" * 1000) == "x" * MAX_LABEL_LENGTH
    assert label("\n") == label("") == "none"


def test_only_the_largest_counts_keep_their_name() -> None:
    counts = {f"v{number}": number for number in range(1, 31)}
    result = bounded(counts, 20)
    assert len(result) == 21
    assert result["v30"] == 30
    assert result["other"] == sum(range(1, 11))
    assert bounded({"a": 1, "a\n": 2}, 1) == {"a": 3}
    assert bounded_pairs([("a", "x", 1), ("b", "x", 2), ("a", "y", 3), ("c", "x", 4)], 2) == {
        ("a", "x"): 1,
        ("b", "x"): 2,
        ("a", "y"): 3,
        ("other", "x"): 4,
    }


def test_each_agent_is_counted_once_by_freshness() -> None:
    received = {1: NOW - 900, 2: NOW - 901, 3: NOW - 3601, 4: NOW - 86401, 6: NOW}
    assert freshness([1, 2, 3, 4, 5], received, NOW) == {"15m": 1, "1h": 1, "1d": 1, "older": 1, "never": 1}


def test_families_say_what_the_inventory_holds() -> None:
    told = samples(INVENTORY)
    assert told["keuring_tickets{state=new,severity=urgent,department=Verkoop}"] == 2
    assert told["keuring_agents{version=0.1.0}"] == 3
    assert told["keuring_journal_oldest_age_seconds{}"] == 100
    assert told["keuring_job_last_success_timestamp_seconds{name=digest}"] == NOW - 10
    assert "keuring_job_last_success_timestamp_seconds{name=purge}" not in told
    assert told["keuring_backup_last_timestamp_seconds{}"] == NOW - 5
    assert told["keuring_job_failing{name=purge}"] == 1
    assert told["keuring_certificate_expiry_timestamp_seconds{certificate=server}"] == NOW + 1000
    assert samples(INVENTORY, now=NOW + 9)["keuring_inventory_age_seconds{}"] == 9
    empty = replace(INVENTORY, store=Statistics(0, None, 0, 0, 0), backup_at=None)
    assert "keuring_backup_last_timestamp_seconds{}" not in samples(empty)
    assert samples(empty)["keuring_journal_oldest_age_seconds{}"] == 0


def test_without_an_inventory_only_the_database_is_reported() -> None:
    told = samples(None, up=False)
    assert told.pop("keuring_database_up{}") == 0
    assert [name.split("{")[0] for name in told] == ["keuring_build_info"]


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def tell(source: InventorySource) -> dict[str, float]:
    return {sample.name: sample.value for family in source.collect() for sample in family.samples}


def test_the_database_is_read_again_only_after_a_while() -> None:
    clock, reads = Clock(), []

    def read() -> Inventory:
        reads.append(clock())
        clock.now += 2  # reading takes two seconds: the next may come forty later
        return INVENTORY

    source = InventorySource(read, clock=clock, wall_clock=lambda: NOW)
    for moment in (1000.0, 1002.0, 1041.0, 1042.0):
        clock.now = moment
        assert tell(source)["keuring_journal_rows"] == 5
    assert reads == [1000.0, 1042.0]


def test_a_failing_database_leaves_what_was_known_and_says_so() -> None:
    clock, fail = Clock(), [False]

    def read() -> Inventory:
        if fail[0]:
            raise StorageError("gone")
        return INVENTORY

    source = InventorySource(read, clock=clock, wall_clock=lambda: NOW)
    assert tell(source)["keuring_database_up"] == 1
    fail[0], clock.now = True, clock.now + 10
    told = tell(source)
    assert told["keuring_database_up"] == 0
    assert told["keuring_journal_rows"] == 5


def test_a_hanging_database_does_not_hold_up_a_scrape() -> None:
    release = threading.Event()

    def read() -> Inventory:
        assert release.wait(30)
        return INVENTORY

    source = InventorySource(read, patience=0.01)
    assert tell(source)["keuring_database_up"] == 0
    assert "keuring_journal_rows" not in tell(source)
    release.set()
    for _ in range(500):
        told = tell(source)
        if told["keuring_database_up"]:
            break
    assert told["keuring_journal_rows"] == 5


def settings(directory: Path, port: int = 0) -> Settings:
    return Settings(data_directory=directory, metrics_port=port, public_name="keuring.example.org")


@pytest.fixture
def exporter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Exporter]:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    server = start(settings(tmp_path), InventorySource(lambda: INVENTORY))
    yield server
    server.close()


Ask = tuple[int, str, str]


@pytest.fixture
def ask(exporter: Exporter) -> Callable[..., Ask]:
    """Asks the exporter and gives (status, content type, body)."""

    def get(path: str, method: str = "GET", **headers: str) -> Ask:
        connection = http.client.HTTPConnection("127.0.0.1", exporter.port, timeout=10)
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return response.status, response.headers.get("Content-Type", ""), response.read().decode()
        finally:
            connection.close()

    return get


def test_metrics_are_served(ask: Callable[..., Ask]) -> None:
    status, kind, body = ask("/metrics")
    assert status == 200
    assert kind.startswith("text/plain")
    assert 'keuring_tickets{department="Verkoop",severity="urgent",state="new"} 2.0' in body
    assert 'keuring_ingest_reports_total{disposition="quarantined"}' in body


def test_service_discovery_names_the_collector_as_it_was_asked(ask: Callable[..., Ask], exporter: Exporter) -> None:
    status, kind, body = ask("/service-discovery")
    assert (status, kind) == (200, "application/json")
    (group,) = json.loads(body)
    assert group["targets"] == [f"127.0.0.1:{exporter.port}"]
    assert group["labels"]["__meta_keuring_collector"] == "keuring.example.org"
    assert json.loads(ask("/service-discovery", Host="collector:80")[2])[0]["targets"] == ["collector:80"]
    assert json.loads(ask("/service-discovery", Host="<script>")[2])[0]["targets"] == [f"127.0.0.1:{exporter.port}"]


def test_nothing_else_is_served(ask: Callable[..., Ask]) -> None:
    assert ask("/")[0] == 200
    assert ask("/elsewhere")[0] == 404
    assert ask("/metrics", method="POST")[0] == 405


def test_a_taken_port_is_refused_with_the_cure(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ExporterError, match=rf"127\.0\.0\.1:{port}.*set metrics_port"):
            start(settings(tmp_path, port), InventorySource(lambda: INVENTORY))


def test_a_closed_exporter_gives_its_port_back(tmp_path: Path) -> None:
    first = start(settings(tmp_path), InventorySource(lambda: INVENTORY))
    first.close()
    start(settings(tmp_path, first.port), InventorySource(lambda: INVENTORY)).close()
