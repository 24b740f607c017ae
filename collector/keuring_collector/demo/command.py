"""``keuring-collector demo``: a throw-away collector with a simulated fleet, and this machine reporting to it for real.

The fleet is built before the collector starts, because SQLite has exactly one process that takes reports in.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
import shutil
import signal
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from keuring_collector import addresses
from keuring_collector.demo import agent, directory, ports
from keuring_collector.demo.children import Child
from keuring_collector.demo.errors import DemoError

if TYPE_CHECKING:
    import argparse
    from types import FrameType

    from keuring_collector.config import Settings
    from keuring_collector.demo.fleet import Fleet

READY_SECONDS: Final = 60.0
FIRST_REPORT_SECONDS: Final = 45.0
# The demo's own machine is looked at every second and sends every few, so that it is seen at once.
# A demo is past its intake, and shows every ticket that it has.
POLICY: Final = {
    "sample_interval": "1",
    "window_duration": "5",
    "windows_per_flush": "1",
    "intake_days": "0",
    "ticket_budget": "0",
    "replacement_prices": "battery=85,drive=120,system=40,machine=900,warranty=75",
    "public_pages": "true",
}
# A demo keeps to itself: whatever the environment says of a real collector is left out.
NOT_OURS: Final = ("KEURING_DATABASE", "KEURING_LISTEN_ADDRESS", "KEURING_PUBLIC_NAME", "KEURING_RULES_DIRECTORY")
ADMINISTRATOR: Final = "admin"


@dataclass(frozen=True, slots=True)
class Count:
    """What there is at the end; the last line tells it."""

    endpoints: int
    reports: int
    tickets: int
    live_agent_reports: int


def run(arguments: argparse.Namespace) -> int:
    """Runs the demo; 0 when this machine reported and the console answered. Raises DemoError."""
    agent.check_installed()
    chosen: Path | None = arguments.data_directory
    where = (chosen or Path(directory.DEFAULT)).expanduser().absolute()
    directory.prepare(where)
    _environment(where, getattr(arguments, "settings", None) or [])
    ending = _ending()
    _say(f"making a collector in {where}")
    settings, password = _initialise()
    _build(settings, arguments)
    collector = Child("the collector", "keuring_collector", ["serve"], where / "collector.log", {})
    live: Child | None = None
    try:
        collector.wait_for(["ready ingest", "ready console", "ready jobs"], READY_SECONDS)
        machine = agent.LiveAgent(
            where / "agent", settings.sample_interval, settings.window_duration, settings.windows_per_flush
        )
        _say("enrolling this machine")
        machine.enrol(_token(settings))
        live = machine.start()
        _wait_for_first_report(settings, collector, live, ending)
        console = (addresses.read(where, "console") or {}).get("url", "")
        _introduce(settings, console, password)
        _stay(collector, live, arguments.seconds, ending)
        answered = _answers(console, where / "ca" / "root.pem")
    finally:
        if live is not None:
            live.end()
        count = _count(settings)
        collector.end()
    told = "ok" if answered else "failed"
    print(
        f"demo: endpoints={count.endpoints} reports={count.reports} tickets={count.tickets} console={told} "
        f"live_agent_reports={count.live_agent_reports}",
        flush=True,
    )
    return 0 if answered and count.live_agent_reports > 0 else 1


def _say(text: str) -> None:
    print(text, flush=True)


def _environment(where: Path, given: list[str]) -> None:
    """Makes the settings of the demo those of this process and of all that it starts."""
    asked = {assignment.partition("=")[0] for assignment in given}
    for name in NOT_OURS:
        if name.removeprefix("KEURING_").lower() not in asked:
            os.environ.pop(name, None)
    os.environ["KEURING_DATA_DIRECTORY"] = str(where)
    wanted = ports.usual(os.environ)
    for name, port in ports.choose(wanted).items():
        if wanted[name] and port != wanted[name]:
            _say(f"port {wanted[name]} ({name}) is taken; using {port}")
        os.environ[f"KEURING_{name.upper()}"] = str(port)
    for name, value in POLICY.items():
        if name not in asked:
            os.environ[f"KEURING_{name.upper()}"] = value


def _ending() -> threading.Event:
    """Set once somebody wants the demo to end: Ctrl C, or SIGTERM. A second one ends it at once."""
    ending = threading.Event()

    def handle(number: int, frame: FrameType | None) -> None:
        if ending.is_set():
            signal.default_int_handler(number, frame)
        ending.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handle)
    return ending


def _initialise() -> tuple[Settings, str]:
    """Makes the collector, as `init` does; returns its settings and the administrator's one-time password."""
    from keuring_collector.commands import init, workspace

    names = [*(f"{name}=" for name in POLICY), *(f"{name}=" for name in ports.NAMES)]
    with contextlib.redirect_stdout(io.StringIO()):
        init.run(Namespace(administrator=ADMINISTRATOR, mail="", settings=names))
    settings = workspace.open_collector()
    from keuring_collector.desk import staffing
    from keuring_collector.desk.models import Staff

    # `init` has shown its password to nobody; this one is shown.
    return settings, staffing.reset(None, Staff.objects.get(username=ADMINISTRATOR))


def _build(settings: Settings, arguments: argparse.Namespace) -> None:
    from keuring_collector import rulepack
    from keuring_collector.demo import (
        announcements,
        articles,
        build,
        fleet,
        incidents,
        letters,
        skills,
        tips,
        together,
        visits,
        warranties,
    )  # fmt: skip
    from keuring_collector.demo.progress import Progress
    from keuring_collector.demo.staff import Desk
    from keuring_collector.rulepack.calendar import calendar
    from keuring_collector.store import open_store

    machines = getattr(arguments, "machines", None) or fleet.MACHINES
    days = getattr(arguments, "days", None) or fleet.DAYS
    zone = ZoneInfo(settings.time_zone)
    simulated: Fleet = fleet.Fleet(time.time(), machines, days, zone=zone)
    _say(f"simulating {machines} machines over {days} days: {simulated.reports_count:,} reports by the write path")
    progress = Progress("reports", simulated.reports_count, sys.stdout)
    pack = rulepack.load(settings.rules_directory, calendar(settings.time_zone, settings.business_hours))
    warranties.write(simulated)
    build.build(settings, pack, simulated, Desk(simulated, zone, days), progress.advance)
    progress.finish()
    incidents.write(simulated)
    articles.write(pack, simulated.now)
    letters.write(pack, simulated.now)
    with contextlib.closing(open_store(settings.database_url)) as store:
        announcements.write(store, simulated.now)
    skills.write(pack, simulated.now)
    tips.write(settings.database_url, pack, simulated.now)
    with contextlib.closing(open_store(settings.database_url)) as store:
        visits.write(store, pack, simulated.now, zone)
    together.work(settings, pack, simulated.now)


def _token(settings: Settings) -> str:
    from keuring_collector.commands import workspace
    from keuring_collector.commands.token import enrolment_address
    from keuring_collector.fleet import tokens

    secret = tokens.mint(dt.datetime.now(dt.UTC), dt.timedelta(minutes=settings.token_minutes))
    return tokens.for_agents(secret, [enrolment_address(settings)], workspace.authority(settings).root_der)


def _wait_for_first_report(settings: Settings, collector: Child, live: Child, ending: threading.Event) -> None:
    until = time.monotonic() + FIRST_REPORT_SECONDS
    while not _count(settings).live_agent_reports and not ending.wait(0.2):
        _check(collector, live)
        if time.monotonic() > until:
            raise DemoError(live.told(f"did not report within {FIRST_REPORT_SECONDS:.0f} s"))


def _check(*children: Child) -> None:
    for child in children:
        if child.exit_code is not None:
            raise DemoError(child.told("ended by itself"))


def _stay(collector: Child, live: Child, seconds: float | None, ending: threading.Event) -> None:
    until = float("inf") if seconds is None else time.monotonic() + seconds
    while time.monotonic() < until and not ending.wait(min(0.5, max(0.0, until - time.monotonic()))):
        _check(collector, live)


def _introduce(settings: Settings, console: str, password: str) -> None:
    from keuring_collector.demo import together
    from keuring_collector.fleet.models import Endpoint

    metrics = (addresses.read(settings.data_directory, "jobs") or {}).get("metrics", "")
    own = Endpoint.objects.filter(simulated=False).order_by("-pk").first()
    page = f"{console}machines/{own.uuid}/" if own else console
    count = _count(settings)
    where = settings.data_directory
    colleague = together.colleagues_link(console)
    workplace = f"\n  a colleague   {colleague[0]}   (My workplace of {colleague[1]}; works once)" if colleague else ""
    _say(
        f"""
The demo is up: {count.endpoints - 1} simulated machines, this one, and {count.tickets} open APK tickets.

  console       {console}
  account       {ADMINISTRATOR}
  password      {password}   (works once; you choose your own when you sign in)
  this machine  {page}   (reports every {settings.window_duration:g} s){workplace}
  metrics       {metrics}

  The certificate is of the demo's own CA, so your browser will warn; {where / "ca" / "root.pem"} is its root.
  To look further: {_program()} --data-directory {where} status   (or: rules explain, endpoint list, --help)
  Ctrl C ends the demo. All that it made is in {where}; the next demo wipes it.
"""
    )


def _count(settings: Settings) -> Count:
    """What the database holds now."""
    from keuring_collector.desk.models import Ticket
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.store import open_store

    live = set(Endpoint.objects.filter(simulated=False).values_list("pk", flat=True))
    store = open_store(settings.database_url)
    try:
        positions = {endpoint: head.position for endpoint, head in store.heads().items()}
    finally:
        store.close()
    return Count(
        endpoints=Endpoint.objects.count(),
        reports=sum(positions.values()),
        tickets=Ticket.objects.filter(state__in=Ticket.OPEN).count(),
        live_agent_reports=sum(position for endpoint, position in positions.items() if endpoint in live),
    )


def _program() -> str:
    """How a person calls this program: by its name, or by where it is when that is not on the PATH."""
    beside = Path(sys.executable).parent / "keuring-collector"
    if shutil.which("keuring-collector") or not beside.exists():
        return "keuring-collector"
    return os.path.relpath(beside)


def _answers(console: str, root: Path) -> bool:
    """Whether the console shows its sign-in page to somebody who trusts only the demo's CA."""
    try:
        context = ssl.create_default_context(cafile=str(root)) if console.startswith("https:") else None
        with urllib.request.urlopen(console, timeout=15, context=context) as answer:  # noqa: S310  # our own address
            return bool(answer.status == 200) and b"password" in answer.read()
    except (OSError, urllib.error.URLError, ValueError) as error:
        print(f"the console at {console} does not answer: {error}", file=sys.stderr)
        return False
