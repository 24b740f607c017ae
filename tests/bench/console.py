"""What the console's pages cost at 100,000 machines and 1,000,000 tickets, on SQLite and on PostgreSQL.

Pages are asked of Django itself in this process, by somebody who sees everything, each with several addresses: other
filters, other machines, later pages. Time is that of processors, ours and the database's (SQLite works in our process;
of PostgreSQL it is the time on a processor of the processes that serve us, as the kernel counts it): the clock of a
machine on which other things run says little. All of it stands in ``how``. A page of two bytes behind the same
middleware and session, ``bare``, is asked in between, and so says what of the rest is the frame's and the machine's.
"""

from __future__ import annotations

import gc
import os
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from keuring.signals.catalogue import SYSTEM_MEMORY_LIMIT
from keuring_collector import rulepack
from tests.bench.console_fill import CLOSED_FLEETS, OPEN_FLEETS, Size, fill
from tests.bench.figure import Figure
from tests.collector import postgres
from tests.collector.django_database import pointed_at
from tests.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.http import HttpRequest, HttpResponse
    from django.test import Client

MACHINES: Final = int(os.environ.get("KEURING_BENCH_MACHINES", "100000"))  # fewer, for a quick look
ASKED: Final = 60  # times each page
BARE: Final = "bare"
# Memory as a server of that size would be given, and durable; no help of other processes, whose time we would miss.
POSTGRES: Final = "-c listen_addresses='' -c shared_buffers=512MB -c max_parallel_workers_per_gather=0"


@dataclass
class Cost:
    """Of one page on one database, one entry for each time it was asked: ms of processors (with the database's share of
    it, where that is another process), ms, queries, bytes as sent.
    """

    cpu: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    queries: list[int] = field(default_factory=list)
    size: list[int] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")


def run() -> Iterator[Figure]:
    """``console_PAGE_p50_ms_DATABASE``, ``console_PAGE_p95_ms_DATABASE``, queries and bytes of each page."""
    size = Size(MACHINES)
    with tempfile.TemporaryDirectory() as directory:
        yield from figures("sqlite", f"sqlite:///{Path(directory) / 'keuring.sqlite3'}", Path(directory), size)
    if find_program("postgresql") is None:
        return
    with postgres.running(POSTGRES) as server, tempfile.TemporaryDirectory() as directory:
        yield from figures("postgres", server.create(), Path(directory), size)


def figures(database: str, url: str, directory: Path, size: Size) -> Iterator[Figure]:
    """Fills an empty database and asks for its pages."""
    postgres.migrate(url, directory)
    with opened(url):
        filled = fill(url, size, time.time())
        costs = measure(url, size)
        assets = _assets() if database == "sqlite" else 0
    told = f"{size.machines} machines, {size.tickets} tickets, filled in {filled:.0f} s; {ASKED} times"
    yield from tell(database, costs, told, assets)


def tell(database: str, costs: Mapping[str, Cost], told: str, assets: int) -> Iterator[Figure]:
    """The costs as figures; what a page asks and weighs is the same on both databases."""
    for page, cost in costs.items():
        wall, slowest = np.percentile(cost.wall, (50, 95)), f"slowest {cost.slowest[1]}"
        how = f"{told}; CPU of console and database; by the clock p50 {wall[0]:.1f}, p95 {wall[1]:.1f}; {slowest}"
        for share in (50, 95):
            value = round(float(np.percentile(cost.cpu, share)), 1)
            yield Figure(f"console_{page}_p{share}_ms_{database}", value, "ms", how=how)
            if database != "sqlite":
                value = round(float(np.percentile(cost.database, share)), 1)
                yield Figure(f"console_{page}_p{share}_ms_{database}_server", value, "ms", how="the database's share")
        if page == BARE:
            continue
        if database == "sqlite":
            yield Figure(f"console_{page}_queries", max(cost.queries), "{query}", how="most, with those of the session")
            yield Figure(f"console_{page}_bytes", max(cost.size), "By", how="largest of the pages, gzip")
            how = "the same with stylesheets, scripts and pictures that the queue's frame asks for, gzip"
            yield Figure(f"console_{page}_first_load_bytes", max(cost.size) + assets, "By", how=how)


@contextmanager
def opened(url: str) -> Iterator[None]:
    """Django and the store on this database."""
    with pointed_at(url):
        from django.conf import settings

        from keuring_collector.console import readings
        from keuring_collector.desk import audit

        before, wait = settings.KEURING, audit.WAIT_SECONDS
        settings.KEURING = before.model_copy(update={"database": url, "wanted_agent_version": "0.3.0"})
        audit.WAIT_SECONDS = 3600.0  # type: ignore[misc]  # written by no thread of its own, whose time would count
        try:
            yield
        finally:
            audit.forget()
            audit.WAIT_SECONDS = wait  # type: ignore[misc]
            readings.store().close()
            readings._store.cache_clear()
            settings.KEURING = before


def bare(_request: HttpRequest) -> HttpResponse:
    """The least that a page can be."""
    from django.http import HttpResponse

    return HttpResponse("ok")


@contextmanager
def _with_bare() -> Iterator[str]:
    """The address of the bare page, which the console does not have."""
    from django.test import override_settings
    from django.urls import path

    from keuring_collector import urls

    with override_settings(ROOT_URLCONF=(path("bare/", bare), *urls.urlpatterns)):
        yield "/bare/"


@contextmanager
def _warmed() -> Iterator[None]:
    """As the console's own process begins."""
    from keuring_collector.console import warming

    warming.load()
    try:
        yield
    finally:
        gc.unfreeze()


def signed_in(staff: int = 1) -> Client:
    """The browser of a member of staff; 1 sees everything."""
    from django.test import Client

    from keuring_collector.console.middleware import SIGNED_IN_AT
    from keuring_collector.desk.models import Staff

    client = Client(SERVER_NAME="localhost")
    client.force_login(Staff.objects.get(pk=staff))
    session = client.session
    session[SIGNED_IN_AT] = time.time()
    session.save()
    return client


def pages(size: Size) -> Mapping[str, list[str]]:
    """The addresses of each page."""
    from django.urls import reverse

    from keuring_collector.desk.models import Inspection, Ticket
    from keuring_collector.fleet.models import Endpoint

    measured = list(Endpoint.objects.filter(pk__lte=size.measured).order_by("pk"))
    tickets = Ticket.objects.filter(endpoint__in=measured).order_by("-pk").values_list("pk", flat=True)
    machines = [reverse("machine", args=[endpoint.uuid]) for endpoint in measured]
    fleets = range(CLOSED_FLEETS + 1, CLOSED_FLEETS + OPEN_FLEETS + 1)
    articles = sorted({rule.article for rule in rulepack.load().rules.values() if rule.article})[:8]
    reports = list(Inspection.objects.filter(endpoint__in=measured).order_by("pk")[:8])
    cause = Ticket.objects.filter(state="new").values_list("cause", flat=True)[0]
    queue = ["", "?page=2", "?page=9", "?severity=4", "?severity=3&severity=4", "?department=3", "?owner=me",
             "?owner=nobody", "?sort=severity", "?sort=newest", "?sort=machine", f"?cause={cause}", "?state=new",
             "?state=planned", "?state=snoozed", "?together=apart"]  # fmt: skip
    return {
        "queue": [reverse("queue") + query for query in queue],
        "queue_closed": [
            reverse("queue") + f"?state=closed{more}" for more in ("", "&page=3", "&department=4", f"&cause={cause}")
        ],
        "queue_search": [reverse("queue") + f"?q={text}" for text in ("LT-7", "Colleague 51", "volume", "nothing")],
        "ticket": [reverse("ticket", args=[number]) for number in tickets[:40]],
        "machine": [*machines, *(f"{address}?days=90" for address in machines)],
        "today": [reverse("today")],
        "machines": [
            reverse("machines") + query
            for query in ("", "?page=2", "?page=900", "?q=LT-7", "?department=3", "?model=Model+7", "?version=behind")
        ],
        "departments": [reverse("departments")],
        "signal": [
            reverse("signal", args=[endpoint.uuid, name]) + query
            for endpoint in measured[:8]
            for name, query in ((SYSTEM_MEMORY_LIMIT.name, ""), (SYSTEM_MEMORY_LIMIT.name, "?days=90"))
        ],
        "machine_signals": [
            reverse("machine_signals", args=[endpoint.uuid, place]) for endpoint in measured[:8] for place in (0, 3)
        ],
        "search": [reverse("search") + f"?q={text}" for text in ("LT-7", "Colleague 51", "Program 3", "nothing")],
        "suggest": [reverse("suggest") + f"?q={text}" for text in ("LT-7", "disk")],
        "models": [reverse("models")],
        "model": [reverse("model") + f"?name=Model+{number}" for number in (3, 7, 41)],
        "software": [reverse("software")],
        "program": [reverse("program") + f"?name=Program+{number}" for number in (1, 3)],
        "scoreboard": [reverse("scoreboard") + query for query in ("", "?by=model", "?by=department")],
        "rule": [reverse("rule", args=[name]) for name in ("volume_filling", "disk_slow", "battery_wearing")],
        "knowledge": [reverse("knowledge") + query for query in ("", "?q=disk")],
        "article": [reverse("article", args=[name]) for name in articles],
        "inspection": [reverse("inspection", args=[report.number]) for report in reports],
        "quiet": [reverse("quiet")],
        "backtests": [reverse("backtests"), reverse("backtest_new")],
        "start": [reverse("start")],
        "problems": [reverse("problems")],
        "announcements": [reverse("announcements"), reverse("announcement_new"), reverse("promises")],
        "visits": [reverse("visits"), reverse("visits_department", args=[3]), reverse("mood")],
        "tips": [reverse("tips")],
        "skills": [reverse("skills_short"), reverse("skills"), reverse("skills_asked")],
        "it_reports": [reverse("it_reports")],
        "objections": [reverse("objections")],
        "department": [reverse("department", args=[number]) for number in (1, 3)],
        "message_templates": [reverse("message_templates")],
        "people": [reverse("staff"), reverse("person", args=[3])],
        "settings": [reverse("settings"), reverse("collector_settings"), reverse("outgoing"), reverse("incidents")],
        "rules": [reverse("rules")],
        "inspections": [reverse("inspections") + query for query in ("", "?department=3", "?outcome=fail")],
        "fleet_ticket": [reverse("fleet_ticket", args=[number]) for number in fleets],
        "waiting": [reverse("waiting") + query for query in ("", "?why=budget")],
        "audit": [
            reverse("audit") + query
            for query in ("", "?actor=colleague3", "?action=staff.role", f"?before={size.tickets // 4}")
        ],
    }


def measure(url: str, size: Size, asked: int = ASKED) -> dict[str, Cost]:
    """Asks for each page so many times, and a few times before that for nothing."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client, costs = signed_in(), {BARE: Cost()}
    with _with_bare() as least, _warmed():
        for page, addresses in pages(size).items():
            cost = costs[page] = Cost()
            client.get(addresses[0])  # whoever asks first may have to wait for what is made once
            for address in addresses[: max(3, asked // 4)]:
                with CaptureQueriesContext(connection) as captured:
                    response = client.get(address, HTTP_ACCEPT_ENCODING="gzip")
                assert response.status_code == 200, f"{address}: {response.status_code}"
                cost.queries.append(len(captured))
                cost.size.append(len(response.content))
            _ask(client, least, url, costs[BARE])
            for number in range(asked):
                _ask(client, addresses[number % len(addresses)], url, cost)
    return costs


def _ask(client: Client, address: str, url: str, cost: Cost) -> None:
    """Asks once, with the connection that the thread of a console would have by then."""
    from django.db import close_old_connections

    close_old_connections()
    server, own, wall = _server(url), time.process_time(), time.perf_counter()
    client.get(address, HTTP_ACCEPT_ENCODING="gzip")
    cost.wall.append((time.perf_counter() - wall) * 1000)
    own = time.process_time() - own
    cost.database.append((_server(url) - server) * 1000)
    cost.cpu.append(own * 1000 + cost.database[-1])
    cost.slowest = max(cost.slowest, (round(cost.cpu[-1], 1), address))


def _server(url: str) -> float:
    """Seconds of processors of the processes of PostgreSQL that serve this one; SQLite has none."""
    if url.startswith("sqlite:///"):
        return 0.0
    from django.db import connection

    from keuring_collector.console import readings

    connection.ensure_connection()
    store: Any = readings.store().connection
    return sum(
        int(Path(f"/proc/{each.info.backend_pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9
        for each in (connection.connection, store._connection)
    )


def _assets() -> int:
    """Bytes of what the frame's pages refer to, each compressed as it is sent."""
    import re

    client, found = signed_in(), 0
    text = client.get("/").content.decode()
    for address in sorted(set(re.findall(r'(?:src|href)="(/static/[^"#?]+)', text))):
        response: Any = client.get(address, HTTP_ACCEPT_ENCODING="gzip")
        found += len(b"".join(response.streaming_content) if response.streaming else response.content)
    return found
