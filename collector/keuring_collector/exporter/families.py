"""The inventory as Prometheus' metric families: names, help and labels, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily

from keuring_collector import __version__

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from keuring_collector.exporter.inventory import Inventory


def _gauge(
    name: str, text: str, labels: Sequence[str], samples: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in sorted(samples):
        family.add_metric(values, value)
    return family


def _single(name: str, text: str, label: str, samples: Mapping[str, float]) -> GaugeMetricFamily:
    return _gauge(name, text, [label], (((key,), value) for key, value in samples.items()))


def families(inventory: Inventory | None, up: bool, now: float) -> Iterator[GaugeMetricFamily]:
    """All families. ``inventory`` None: the database was never read; ``up``: whether the last attempt succeeded."""
    yield _gauge("keuring_build_info", "The collector's version; always 1.", ["version"], [((__version__,), 1)])
    yield GaugeMetricFamily("keuring_database_up", "1 when the database could be read at the last attempt.", int(up))
    if inventory is None:
        return
    yield GaugeMetricFamily(
        "keuring_inventory_age_seconds",
        "How old what was read from the database is: these families are read at most every few seconds.",
        max(0.0, now - inventory.read_at),
    )
    yield from _ticket_families(inventory)
    yield from _fleet_families(inventory)
    yield from _store_families(inventory, now)
    yield from _machine_families(inventory)


def _ticket_families(inventory: Inventory) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "keuring_tickets",
        "APK tickets by state, severity and the machine's department.",
        ["state", "severity", "department"],
        inventory.tickets.items(),
    )
    yield _gauge(
        "keuring_tickets_open_by_cause",
        "Open APK tickets by cause and severity.",
        ["cause", "severity"],
        inventory.tickets_by_cause.items(),
    )
    yield _single(
        "keuring_tickets_open_by_horizon",
        "Open APK tickets by when their problem is expected: passed, within a week, a month, later, or unknown.",
        "expected",
        inventory.tickets_expected,
    )
    yield _gauge(
        "keuring_ticket_verdicts",
        "Closed APK tickets by cause and the desk's verdict.",
        ["cause", "verdict"],
        inventory.verdicts.items(),
    )
    yield _single(
        "keuring_ticket_unattended_since_timestamp_seconds",
        "When the oldest ticket was opened that is new, has no owner and that nobody has touched, by severity.",
        "severity",
        inventory.unattended_since,
    )


def _fleet_families(inventory: Inventory) -> Iterator[GaugeMetricFamily]:
    yield _gauge(
        "keuring_endpoints",
        "Endpoints by state, and whether they are simulated.",
        ["state", "simulated"],
        inventory.endpoints.items(),
    )
    yield _single(
        "keuring_agents", "Active endpoints by their agent's version (20 at most, then other).", "version",
        inventory.versions,
    )  # fmt: skip
    yield _single(
        "keuring_agents_by_freshness",
        "Active endpoints by how long ago they were last heard of; each is counted once.",
        "fresh",
        inventory.freshness,
    )


def _store_families(inventory: Inventory, now: float) -> Iterator[GaugeMetricFamily]:
    store = inventory.store
    oldest = store.oldest_journal_at
    yield GaugeMetricFamily("keuring_journal_rows", "Reports that are not compacted yet.", store.journal_rows)
    yield GaugeMetricFamily(
        "keuring_journal_oldest_age_seconds",
        "Age of the oldest report that is not compacted yet; 0 when there is none.",
        0.0 if oldest is None else max(0.0, now - oldest),
    )
    yield GaugeMetricFamily(
        "keuring_quarantined_reports", "Reports that could not be used and are kept aside.", store.quarantined
    )
    yield GaugeMetricFamily("keuring_history_blocks", "Compacted days of series.", store.history_blocks)
    yield GaugeMetricFamily("keuring_database_bytes", "Size of the database.", store.database_bytes)


def _machine_families(inventory: Inventory) -> Iterator[GaugeMetricFamily]:
    yield GaugeMetricFamily(
        "keuring_data_directory_size_bytes", "Size of the file system of the data directory.", inventory.disk_size
    )
    yield GaugeMetricFamily(
        "keuring_data_directory_free_bytes", "Space left on the file system of the data directory.", inventory.disk_free
    )
    if inventory.backup_at is not None:
        yield GaugeMetricFamily(
            "keuring_backup_last_timestamp_seconds",
            "When the newest backup in the data directory was made; not there when there is none.",
            inventory.backup_at,
        )
    yield _single(
        "keuring_certificate_expiry_timestamp_seconds",
        "Until when the collector's own certificates are valid.",
        "certificate",
        inventory.certificates,
    )
    yield _single(
        "keuring_job_last_success_timestamp_seconds",
        "When each background job last succeeded; one that never did is not there.",
        "name",
        {name: at for name, at in inventory.jobs.items() if at is not None},
    )
    yield _single(
        "keuring_job_failing",
        "1 when the last run of a background job failed.",
        "name",
        {name: int(failing) for name, failing in inventory.jobs_failing.items()},
    )
