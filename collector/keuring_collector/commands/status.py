"""keuring-collector status: how the collector is doing, on one page."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any, Final

from keuring_collector import __version__, addresses
from keuring_collector.commands import workspace

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from keuring_collector.config import Settings

NAME: Final = "status"
HELP: Final = "Shows version, processes, database, machines, tickets, jobs and certificates, and what needs attention."
SAFE_SQLITE: Final = (3, 51, 3)
SMALL_DESK: Final = 500  # machines that SQLite serves without a second thought
SILENT: Final = dt.timedelta(days=1)
SOON: Final = dt.timedelta(days=14)


def configure(parser: argparse.ArgumentParser) -> None:
    """Adds the arguments."""
    parser.add_argument("--json", action="store_true", help="one JSON object, for programs")


def run(arguments: argparse.Namespace) -> int:
    """Prints the state of the collector."""
    in_force = workspace.open_collector()
    now = dt.datetime.now(dt.UTC)
    facts: dict[str, Any] = {"version": __version__, "data directory": str(in_force.data_directory)}
    advice: list[str] = []
    for part in (_processes, _database, _machines, _tickets, _jobs, _certificates):
        part(in_force, now, facts, advice)
    if arguments.json:
        print(json.dumps({**facts, "attention": advice}, ensure_ascii=False, indent=1, default=str))
        return 0
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name.ljust(width)}  {value}")
    for text in advice:
        print(f"attention: {text}")
    return 0


def _processes(in_force: Settings, _now: dt.datetime, facts: dict[str, Any], _advice: list[str]) -> None:
    for process in ("ingest", "console", "jobs"):
        running = addresses.read(in_force.data_directory, process)
        where = _list(f"{name} {value}" for name, value in running.items() if name != "pid") if running else ""
        facts[process] = f"running: {where}" if running else "not running"


def _database(in_force: Settings, _now: dt.datetime, facts: dict[str, Any], advice: list[str]) -> None:
    from keuring_collector.store import open_store
    from keuring_collector.store.transfer import sqlite_version

    store = open_store(in_force.database_url)
    try:
        statistics = store.statistics()
        facts["database"] = f"{workspace.described(in_force)}, {_size(statistics.database_bytes)}"
        path = workspace.sqlite_path(in_force)
        if path is None:
            facts["PostgreSQL"] = store.connection.execute("SHOW server_version")[0][0]
        else:
            log = path.with_name(path.name + "-wal")
            facts["write-ahead log"] = _size(log.stat().st_size if log.exists() else 0)
            version = sqlite_version()
            facts["SQLite"] = ".".join(map(str, version))
            if version < SAFE_SQLITE:
                advice.append(
                    f"SQLite {facts['SQLite']} has a rare fault (before 3.51.3) that Keuring works around by "
                    "checkpointing under the write lock; other programs must not write to this file"
                )
    finally:
        store.close()
    facts["migrations"] = _list(f"{app} {name[:4]}" for app, name in _ours(workspace.applied_migrations(in_force)))
    facts["journal"] = f"{statistics.journal_rows} reports" + (
        f", oldest {_moment(statistics.oldest_journal_at)}" if statistics.oldest_journal_at else ""
    )
    facts["history"] = f"{statistics.history_blocks} blocks"
    facts["quarantined reports"] = statistics.quarantined
    if statistics.quarantined:
        advice.append(f"{statistics.quarantined} reports were put aside; the console shows why, under Problems")


def _machines(in_force: Settings, now: dt.datetime, facts: dict[str, Any], advice: list[str]) -> None:
    from django.db.models import Count

    from keuring.signals import catalogue
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store import open_store

    states = dict(Endpoint.objects.values_list("state").annotate(Count("id")).order_by("state"))
    active = states.get(Endpoint.State.ACTIVE, 0)
    simulated = Endpoint.objects.filter(simulated=True).count()
    facts["machines"] = _list(f"{count} {state}" for state, count in states.items()) or "none enrolled yet"
    if simulated:
        facts["machines"] += f", of which {simulated} simulated"
    store = open_store(in_force.database_url)
    try:
        heads = store.heads()
        spooled = [value for value in _spooled(store, heads, catalogue).values() if value > 0]
    finally:
        store.close()
    contacts = [head.received_at for head in heads.values() if head.received_at]
    facts["last contact"] = _moment(max(contacts)) if contacts else "never"
    silent = sum(now.timestamp() - contact > SILENT.total_seconds() for contact in contacts)
    facts["silent for a day"] = silent
    facts["spool lag"] = (
        f"{len(spooled)} machines hold back {int(sum(spooled))} reports, the most {int(max(spooled))}"
        if spooled
        else "none"
    )
    if active > SMALL_DESK and workspace.sqlite_path(in_force) is not None:
        advice.append(f"{active} machines on SQLite: beyond some {SMALL_DESK} PostgreSQL is the better choice")


def _spooled(store: Any, heads: dict[int, Any], catalogue: Any) -> dict[int, float]:
    """The last number of waiting reports that each agent reported within a day of its last contact."""
    signal, last = catalogue.BY_NAME["keuring.agent.spool.reports"].id, 1
    found = {}
    for endpoint, head in list(heads.items())[:SMALL_DESK]:
        series = store.series(endpoint, signal, "", last, head.end_at - 3600, head.end_at)
        if len(series.values):
            found[endpoint] = float(series.values[-1])
    return found


def _tickets(_settings: Settings, _now: dt.datetime, facts: dict[str, Any], _advice: list[str]) -> None:
    from django.db.models import Count

    from keuring_collector.desk.models import Ticket

    states = dict(Ticket.objects.values_list("state").annotate(Count("id")).order_by("state"))
    facts["tickets"] = _list(f"{states.get(state, 0)} {state}" for state in Ticket.State.values)


def _jobs(_settings: Settings, now: dt.datetime, facts: dict[str, Any], advice: list[str]) -> None:
    from keuring_collector.desk.models import Job

    jobs = list(Job.objects.exclude(name__startswith="digest:").order_by("name"))
    facts["background jobs"] = _list(
        f"{job.name} {_moment(job.last_ok_at.timestamp()) if job.last_ok_at else '–'}" for job in jobs
    )
    advice.extend(f"job {job.name} failed: {job.last_error}" for job in Job.objects.exclude(last_error=""))
    late = [job.name for job in jobs if job.due_at < now - dt.timedelta(hours=1)]
    if late:
        advice.append(f"jobs are late: {', '.join(late)}; is `keuring-collector serve` running?")


def _certificates(in_force: Settings, now: dt.datetime, facts: dict[str, Any], advice: list[str]) -> None:
    authority = workspace.authority(in_force)
    expiries = authority.expiries()
    facts["certificates"] = _list(f"{name} until {until:%Y-%m-%d}" for name, until in expiries.items())
    advice.extend(
        f"the {name} certificate ends on {expiries[name]:%Y-%m-%d}; docs/operations says how to renew it"
        for name in ("root", "next-root", "issuer")
        if expiries[name] - now < SOON
    )
    if in_force.console_certificate is not None:
        from cryptography import x509

        until = x509.load_pem_x509_certificate(in_force.console_certificate.read_bytes()).not_valid_after_utc
        facts["console certificate"] = f"until {until:%Y-%m-%d}"
        if until - now < SOON:
            advice.append(f"the console's own certificate ends on {until:%Y-%m-%d}; put a newer one in its place")


def _ours(migrations: dict[str, str]) -> list[tuple[str, str]]:
    return sorted((app, name) for app, name in migrations.items() if app in ("store", "fleet", "desk", "service"))


def _list(parts: Iterable[str]) -> str:
    return ", ".join(parts)


def _moment(seconds: float) -> str:
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%d %H:%M:%S}Z"


def _size(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
