"""Reads the inventory from the database and the data directory."""

from __future__ import annotations

import shutil
from collections import Counter
from typing import TYPE_CHECKING

from django.db.models import Count, Min

from keuring.signals.catalogue import KEURING_AGENT_VERSION
from keuring_collector.desk.models import Job, Ticket
from keuring_collector.exporter.inventory import (
    HORIZONS,
    LATER,
    MAX_CAUSES,
    MAX_DEPARTMENTS,
    MAX_VERSIONS,
    NONE,
    OTHER,
    UNKNOWN,
    Inventory,
    bounded,
    bounded_pairs,
    freshness,
    label,
    step,
)
from keuring_collector.fleet.authority import Authority, AuthorityError
from keuring_collector.fleet.models import Endpoint
from keuring_collector.store import open_store

if TYPE_CHECKING:
    from keuring_collector.config import Settings
    from keuring_collector.store import Store


def read(settings: Settings, now: float) -> Inventory:
    """Reads everything. Raises django.db.Error, StorageError or OSError when the database cannot be read now."""
    store = open_store(settings.database_url)
    try:
        active = set(Endpoint.objects.filter(state=Endpoint.State.ACTIVE).values_list("id", flat=True))
        disk = shutil.disk_usage(settings.data_directory)
        return Inventory(
            read_at=now,
            tickets=_tickets(),
            tickets_by_cause=_by_cause(),
            tickets_expected=_expected(now),
            verdicts=_verdicts(),
            unattended_since=_unattended(),
            endpoints=_endpoints(),
            versions=_versions(store, active),
            freshness=freshness(active, _received(store), now),
            store=store.statistics(),
            jobs={job.name: job.last_ok_at.timestamp() if job.last_ok_at else None for job in Job.objects.all()},
            jobs_failing={job.name: bool(job.last_error) for job in Job.objects.all()},
            certificates=_certificates(settings),
            disk_size=disk.total,
            disk_free=disk.free,
            backup_at=_backup_at(settings),
        )
    finally:
        store.close()


def _received(store: Store) -> dict[int, float]:
    # A head may be there before the first report is, locked by who writes it: then it was received at 0.
    return {endpoint: head.received_at for endpoint, head in store.heads().items() if head.received_at > 0}


def _severity(number: int) -> str:
    return Ticket.Severity(number).name.lower()


def _severities() -> list[str]:
    return [severity.name.lower() for severity in Ticket.Severity]


def _tickets() -> dict[tuple[str, str, str], int]:
    counts: Counter[tuple[str, str, str]] = Counter()
    # What is zero is said too, so that a first ticket is a step from 0 to 1 and not a series out of nothing.
    counts.update({(state, severity, NONE): 0 for state in Ticket.State.values for severity in _severities()})
    rows = list(
        Ticket.objects.order_by().values_list("state", "severity", "endpoint__department__name").annotate(n=Count("id"))
    )
    sizes: Counter[str] = Counter()
    for _, _, department, count in rows:
        sizes[label(department or NONE)] += count
    kept = bounded(sizes, MAX_DEPARTMENTS)
    for state, severity, department, count in rows:
        name = label(department or NONE)
        counts[str(state), _severity(severity), name if name in kept else OTHER] += count
    return dict(counts)


def _by_cause() -> dict[tuple[str, str], int]:
    rows = (
        Ticket.objects.filter(state__in=Ticket.OPEN)
        .order_by()
        .values_list("cause", "severity")
        .annotate(n=Count("id"))
        .order_by("-n", "cause", "severity")
    )
    return bounded_pairs(((cause, _severity(severity), count) for cause, severity, count in rows), MAX_CAUSES)


def _verdicts() -> dict[tuple[str, str], int]:
    rows = (
        Ticket.objects.exclude(verdict="")
        .order_by()
        .values_list("cause", "verdict")
        .annotate(n=Count("id"))
        .order_by("-n", "cause", "verdict")
    )
    return bounded_pairs(((cause, str(verdict), count) for cause, verdict, count in rows), MAX_CAUSES)


def _expected(now: float) -> dict[str, int]:
    counts = dict.fromkeys([*(name for name, _ in HORIZONS), LATER, UNKNOWN], 0)
    for at in Ticket.objects.filter(state__in=Ticket.OPEN).values_list("expected_at", flat=True):
        counts[UNKNOWN if at is None else step(HORIZONS, at.timestamp() - now, LATER)] += 1
    return counts


def _unattended() -> dict[str, float]:
    rows = (
        Ticket.objects.filter(state=Ticket.State.NEW, touched=False, owner=None)
        .order_by()
        .values_list("severity")
        .annotate(oldest=Min("opened_at"))
    )
    return {_severity(severity): oldest.timestamp() for severity, oldest in rows}


def _endpoints() -> dict[tuple[str, str], int]:
    counts = {(state, simulated): 0 for state in Endpoint.State.values for simulated in ("false", "true")}
    for state, simulated, count in (
        Endpoint.objects.order_by().values_list("state", "simulated").annotate(n=Count("id"))
    ):
        counts[str(state), "true" if simulated else "false"] += count
    return counts


def _versions(store: Store, active: set[int]) -> dict[str, int]:
    told = {endpoint: str(value) for (endpoint, _), value in store.facts_of(KEURING_AGENT_VERSION.id).items()}
    return bounded(Counter(told.get(endpoint, UNKNOWN) for endpoint in active), MAX_VERSIONS)


def _certificates(settings: Settings) -> dict[str, float]:
    try:
        expiries = Authority(settings.data_directory / "ca", settings.public_name).expiries()
    except AuthorityError:
        return {}  # the processes that need the certificate say so; here it is only missing
    return {name: at.timestamp() for name, at in expiries.items()}


def _backup_at(settings: Settings) -> float | None:
    return max((path.stat().st_mtime for path in (settings.data_directory / "backups").glob("*.tar")), default=None)
