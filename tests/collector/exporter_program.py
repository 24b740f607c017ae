"""A process with a small fleet in its database that serves /metrics until its standard input ends.

Run as ``python -m tests.collector.exporter_program`` with the collector's settings in the environment; prints the
port. What is in the fleet is written in ``seed``, and test_exporter_database.py says what /metrics must make of it.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import time

import django

VERSIONS = 25
BAD_VERSION = 'evil"} 1\n# TYPE \u202eforged counter'


def seed(url: str, now: float) -> None:
    """Two departments, a fleet of agents with many versions, tickets in all states, and a job that fails."""
    from keuring.signals.catalogue import KEURING_AGENT_VERSION
    from keuring_collector.desk.models import Job, Ticket
    from keuring_collector.fleet.models import Department, Endpoint
    from keuring_collector.store import facts, journal, open_store

    at = dt.datetime.fromtimestamp(now, dt.UTC)
    sales = Department.objects.create(name="Verkoop")
    endpoints = [
        Endpoint.objects.create(
            host_name=f"LT-{number:04}",
            department=sales if number < 5 else None,
            simulated=number % 2 == 0,
            enrolled_at=at,
        )
        for number in range(VERSIONS + 5)
    ]
    gone = Endpoint.objects.create(host_name="LT-GONE", state=Endpoint.State.REVOKED, enrolled_at=at)
    for number, (state, severity) in enumerate(
        [("new", 4), ("new", 3), ("planned", 4), ("resolved", 2), ("dismissed", 1)]
    ):
        opened = at - dt.timedelta(hours=number + 2)
        Ticket.objects.create(
            endpoint=endpoints[number or 10], cause="volume_full", key=f"key-{number}", state=state,
            severity=severity, opened_at=opened, updated_at=at, touched=number == 1,
            expected_at=at + dt.timedelta(days=3) if number == 0 else None,
            verdict="right" if state == "resolved" else "",
        )  # fmt: skip
    Job.objects.create(name="digest", due_at=at, last_ok_at=at - dt.timedelta(hours=1))
    Job.objects.create(name="purge", due_at=at, last_error="no room")
    ages = [60.0] * 10 + [1800.0] * 5 + [7200.0] * 5 + [90000.0] * 5
    store = open_store(url)
    with store.connection.transaction():
        heads = [(e.id, journal.Head(1, 1, 1, now - age, now - age)) for e, age in zip(endpoints, ages, strict=False)]
        journal.put_heads(store.connection, heads)
        journal.reserve(store.connection, [endpoints[-1].id])
        journal.append(
            store.connection, [journal.Entry(endpoints[0].id, 1, 1, 1, now - 500, now - 900, now - 600, "b", 1, b"")]
        )
        journal.quarantine(store.connection, [journal.Quarantined(gone.id, 1, 1, now, "undecodable", "x", b"?")])
        told = [(endpoints[number].id, f"1.{number:02}.0") for number in range(VERSIONS)]
        told += [(endpoint.id, "1.00.0") for endpoint in endpoints[VERSIONS:-1]] + [(endpoints[-1].id, BAD_VERSION)]
        told.append((gone.id, "0.0.1"))
        signal = KEURING_AGENT_VERSION.id
        facts.put_facts(store.connection, [(id_, 1, signal, "", now, version) for id_, version in told])
    store.close()


def main() -> None:
    """Seeds, serves, and waits."""
    django.setup()
    from keuring_collector import config, metrics
    from keuring_collector.exporter import serve

    settings = config.load()
    if os.environ.get("SEED"):
        seed(settings.database_url, time.time())
    metrics.REPORTS.labels("stored").inc(3)
    metrics.STREAMS.inc(2)
    exporter = serve(settings)
    print(exporter.port, flush=True)
    sys.stdin.read()
    exporter.close()


if __name__ == "__main__":
    main()
