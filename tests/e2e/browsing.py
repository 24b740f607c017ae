"""A real browser before a real console, served over HTTPS by the collector: what tests of its pages share."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import pytest

from tests.collector import announcing_kit
from tests.collector.command import Running
from tests.collector.console_fixtures import MEAN, PASSWORD, SPACE, USED, Site
from tests.collector.django_database import pointed_at
from tests.programs import find_program

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

DESK: Final = ZoneInfo("Europe/Amsterdam")  # whose days the collector keeps
ARGUMENTS: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
AXE: Final = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
EVIL = '"><img src=x onerror="window.ran=1"><script>window.ran=1</script>'


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """A browser, ended afterwards. While it runs Django refuses to work in this thread, for Playwright has a loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_program("chromium"), args=[*ARGUMENTS, *arguments])
        yield browser
        browser.close()


@contextmanager
def console(directory: Path, **settings: str) -> Iterator[str]:
    """The address of the console of a data directory, served while this lasts; without a slash at the end."""
    running = Running(directory, "--only", "console", **settings)
    try:
        start = "ready console url="
        yield running.wait_for(start).removeprefix(start).rstrip("/")
    finally:
        running.stop()


class Served:
    """A running console with something in it."""

    def __init__(self, url: str, database: str) -> None:
        self.url = url
        self.database = database
        self.pages: dict[str, str] = {}

    def fill(self) -> None:
        """People, two machines, and tickets with a history of measurements."""
        with pointed_at(self.database):
            site = Site(self.database, datetime.now(UTC))
            noor = site.staff("noor", first_name="Noor", password=PASSWORD, language="")
            machine = site.machine(simulated=True)
            site.measure(machine, USED, [0.88 - 0.0054 * (240 - n) / 4 for n in range(241)], subject="C:")
            site.measure(machine, SPACE, [float(90 - n) * 2**30 for n in range(60)], subject="C:")
            site.measure(machine, 160, [50.0 + n % 9 for n in range(60)], subject="coretemp", statistic=MEAN)
            site.measure(machine, 902, [float(n % 7 + 20) * 2**20 for n in range(60)], statistic=MEAN)  # of the agent
            site.fact(machine, 288, "Notitie 14")
            ticket = site.ticket(machine)
            for number in range(12):
                other = site.machine(f"WS-{number:04}", colleague=site.colleague(f"Collega Nummer {number}"))
                spare = site.ticket(other, severity=1 + number % 4, days=3 * number, cause=f"cause-{number}")
            evil = site.machine("<b>EVIL</b>", colleague=site.colleague(EVIL[:100]))
            evil_ticket = site.ticket(evil, subject=EVIL, cause="evil")
            self.pages = {
                "queue": "/",
                "today": "/today/",
                "quiet": "/quiet/",
                "waiting": "/waiting/",
                "start": "/start/",
                "ticket": f"/tickets/{ticket.pk}/",
                "open ticket": f"/tickets/{spare.pk}/",  # which no test closes
                "evil": f"/tickets/{evil_ticket.pk}/",
                "machine": f"/machines/{machine.uuid}/",
                "signal": f"/machines/{machine.uuid}/signals/system.filesystem.utilization/?subject=C:",
                "machines": "/machines/",
                "models": "/models/",
                "software": "/software/",
                "search": "/search/?q=WS-0",
                "inspections": "/inspections/",
                "departments": "/departments/",
                "department": f"/departments/{machine.department_id}/",
                "scoreboard": "/scoreboard/",
                "tips": "/tips/",
                "skills": "/skills/",
                "skills short": "/skills/short/",
                "skills asked": "/skills/asked/",
                "skills person": f"/skills/people/{noor.pk}/",
                "rules": "/rules/",
                "rule": "/rules/volume_filling/",
                "article": "/articles/volume-space/",
                "problems": "/problems/",
                "password": "/password/",
                "staff": "/staff/",
                "person": f"/staff/{site.staff('cas', first_name='Cas', role='visitor').pk}/",
                "settings": "/settings/",
                "collector settings": "/settings/collector/",
                "audit": "/audit/",
                **announcing_kit.pages(site, EVIL),
            }

    def ticket(self, name: str) -> tuple[str, str, bool]:
        """State, verdict and whether a ticket has an owner, as the database has it now."""
        # Django refuses to work in the thread of Playwright's event loop.
        with closing(sqlite3.connect(self.database.removeprefix("sqlite:///"))) as connection:
            rows = connection.execute(
                "SELECT state, verdict, owner_id IS NOT NULL FROM desk_ticket WHERE id = ?",
                (int(self.pages[name].split("/")[2]),),
            )
            state, verdict, owned = rows.fetchone()
        return state, verdict, bool(owned)


@pytest.fixture(scope="module")
def served(initialised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = Path(shutil.copytree(initialised, tmp_path_factory.mktemp("console") / "data"))
    with console(directory, public_pages="true") as url:
        filled = Served(url, f"sqlite:///{directory / 'keuring.sqlite3'}")
        filled.fill()
        yield filled


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


Open = Callable[..., "BrowserContext"]


@pytest.fixture(scope="module")
def state(served: Served, browser: Browser) -> Any:
    """The cookies of somebody who signed in, by the form."""
    context = browser.new_context(ignore_https_errors=True, base_url=served.url)
    page = context.new_page()
    page.goto("/")
    page.fill("#username", "noor")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("tr.ticket")
    kept = context.storage_state()
    context.close()
    return kept


@pytest.fixture
def visit(served: Served, browser: Browser, state: Any) -> Iterator[Open]:
    opened: list[BrowserContext] = []

    def start(*, signed_in: bool = True, language: str = "en", theme: str = "light", **options: Any) -> BrowserContext:
        context = browser.new_context(
            ignore_https_errors=True,
            base_url=served.url,
            storage_state=state if signed_in else None,
            reduced_motion="reduce",
            **options,
        )
        for name, value in (("language", language), ("theme", theme)):
            context.add_cookies([{"name": name, "value": value, "url": served.url, "secure": True}])
        context.set_default_timeout(15_000)
        opened.append(context)
        return context

    yield start
    for context in opened:
        context.close()
