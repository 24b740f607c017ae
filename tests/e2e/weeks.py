"""A week's work for people of every role, before a real console, and how a test goes through it by the pages alone."""

from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import keuring_rules
from tests.collector.console_fixtures import MODEL, PASSWORD, USED, Site
from tests.collector.django_database import pointed_at
from tests.collector.packs import SPACE_RULE, write_pack
from tests.e2e.browsing import AXE, chromium, console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

STAFF = {
    "vera": ("Vera", "viewer"),
    "saar": ("Saar", "specialist"),
    "teun": ("Teun", "team_lead"),
    "pia": ("Pia", "privacy_officer"),
    "bas": ("Bas", "administrator"),
    "iris": ("Iris", "it"),
    "hidde": ("Hidde", "desk"),
}
DAY = timedelta(days=1)
WAYS = (
    ("nl", 1280),
    # The same pages in another language, and where a thumb has to find each thing, are for `make soak`.
    pytest.param(("en", 1280), marks=pytest.mark.soak),
    pytest.param(("nl", 390), marks=pytest.mark.soak),
    pytest.param(("en", 390), marks=pytest.mark.soak),
)
# What sticks out of the page at a side, where nothing scrolls that holds it.
OUTSIDE = """() => [...document.querySelectorAll('main a[href], main button, main summary, main select, main textarea,'
  + 'main input:not([type=hidden])')].filter(each => {
    const box = each.getBoundingClientRect()
    if (!box.width || !each.checkVisibility({visibilityProperty: true}) || each.closest('.unseen')) return false
    for (let up = each.parentElement; up; up = up.parentElement)
      if (/auto|scroll/.test(getComputedStyle(up).overflowX) && up !== document.body) return false
    return box.left < -1 || box.right > document.documentElement.clientWidth + 1
  }).map(each => each.outerHTML.slice(0, 120))"""


@dataclass
class Weeks:
    """A running console with a week's work for everybody in it."""

    browser: Browser
    url: str
    folder: Path
    language: str
    width: int
    secret: str = ""

    @property
    def database(self) -> str:
        return f"sqlite:///{self.folder / 'keuring.sqlite3'}"

    def ask(self, query: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(self.folder / "keuring.sqlite3", timeout=30)) as connection:
            return connection.execute(query, values).fetchall()

    def say(self, dutch: str, english: str) -> str:
        return dutch if self.language == "nl" else english

    def open(self, **options: Any) -> Page:
        context = self.browser.new_context(
            ignore_https_errors=True,
            base_url=self.url,
            viewport={"width": self.width, "height": 844},
            reduced_motion="reduce",
            **options,
        )
        context.add_cookies([{"name": "language", "value": self.language, "url": self.url, "secure": True}])
        context.set_default_timeout(20_000)
        return context.new_page()

    def sign_in(self, name: str) -> Page:
        page = self.open()
        page.goto("/sign-in/")
        page.fill("#username", name)
        page.fill("#password", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector(".frame")
        page.wait_for_load_state("load")
        look(page)
        return page

    def to(self, page: Page, address: str) -> None:
        """By the rail, or on a phone by the bar and what is behind *More*."""
        link = page.locator(f".rail a[href='{address}']")
        if self.width < 700:
            link = page.locator(f".bar > a[href='{address}']")
            if not link.count():
                page.click(".bar details > summary")
                link = page.locator(f".bar .menu a[href='{address}']")
        follow(page, link.first)

    def work_through(self) -> None:
        """What the jobs process does with a rule that waits; test_browser_backtest.py has a real one."""

        def work() -> None:
            with pointed_at(self.database):
                from django.conf import settings

                from keuring_collector.desk import backtests

                ours = {"database": self.database, "rules_directory": self.folder / "rules"}
                taken = backtests.take("a test", datetime.now(UTC))
                assert taken is not None
                backtests.work(
                    taken, "a test", settings.KEURING.model_copy(update=ours), None, lambda: datetime.now(UTC)
                )

        # Django refuses to work in the thread of Playwright's event loop.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(work).result()


def look(page: Page) -> None:
    """What holds of every page on the way: its language, and that all of it can be reached at this width."""
    language = next(each["value"] for each in page.context.cookies() if each["name"] == "language")
    assert page.evaluate("document.documentElement.lang") == language, page.url
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{page.url} scrolls sideways"
    assert page.evaluate(OUTSIDE) == [], page.url


def barriers(page: Page) -> list[str]:
    """What axe finds, and whether the page scrolls sideways."""
    from axe_playwright_python.sync_playwright import Axe

    found = [violation["id"] for violation in Axe().run(page, options=AXE).response["violations"]]
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, *(["sideways"] if wider > 0 else [])]


def follow(page: Page, link: Locator) -> None:
    """Presses what leads to another page, and waits until that is there."""
    with page.expect_navigation(wait_until="load"):
        link.click()
    look(page)


def send(page: Page, button: str | Locator) -> None:
    """Sends a form, and waits for the page that answers."""
    follow(page, page.locator(button) if isinstance(button, str) else button)


def pdf(page: Page, link: str) -> bool:
    """Whether a link leads to a PDF, which a browser shows in its own way."""
    answer = page.request.get(str(page.locator(link).first.evaluate("each => each.href")))
    return answer.body().startswith(b"%PDF")


def main(page: Page) -> str:
    return page.locator("main").inner_text()


def prepare(folder: Path) -> str:
    """Machines with one cause in common, people of every role, reports; returns the secret of a colleague's link."""
    url = f"sqlite:///{folder / 'keuring.sqlite3'}"
    shutil.copytree(Path(keuring_rules.__file__).parent, folder / "rules", ignore=shutil.ignore_patterns("__*__*"))
    write_pack(folder / "rules", hold="0")
    with pointed_at(url):
        from django.contrib.auth.hashers import make_password

        from keuring_collector.desk.inspection import issuing
        from keuring_collector.desk.models import DeskState, Staff
        from keuring_collector.service.it_report import around
        from keuring_collector.service.it_report import issuing as it_reports
        from keuring_collector.service.workplace import entering, objecting, whose
        from keuring_collector.store import open_store
        from tests.collector.test_tips import chance, shipped

        site = Site(url, datetime.now(UTC))
        for name, (first, role) in STAFF.items():
            site.staff(name, first_name=first, role=role, language="")
        Staff.objects.update(password=make_password(PASSWORD))  # one for all: making it takes long
        fields = {"rule": SPACE_RULE, "cause": "test-space", "days": None}
        machines = [site.machine(f"LT-{n:04}", colleague=site.colleague(f"Collega Nummer {n}")) for n in range(6)]
        for number, machine in enumerate(machines):
            site.fact(machine, MODEL, "Notitie 14")
            site.measure(machine, USED, [0.5] * 20 + [0.93 if number < 3 else 0.99] * 10, subject="C:")
            if number < 4:
                site.ticket(machine, age=2, **fields)
        site.ticket(machines[0], subject="D:")  # another cause of the same machine
        site.ticket(machines[5])
        chance(site, machines[5], "battery_always_full")
        with closing(open_store(url)) as store:
            issuing.issue(store, shipped(), machines[5], site.now, 365)
            today = site.today
            it_reports.issue(store, shipped(), "week", around.begin("week", today), today + DAY, site.now, {})
        objecting.make(whose.of_machine(machines[4]), machines[4], "Ik werk met gevoelige dossiers.", site.now)
        DeskState.objects.update(rule_by_rule=True)
        return entering.make(machines[5], site.now)


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: f"{way[0]}-{way[1]}")
def weeks(
    request: pytest.FixtureRequest, initialised: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Weeks]:
    folder = Path(shutil.copytree(initialised, tmp_path_factory.mktemp("weeks") / "data"))
    secret = prepare(folder)
    with console(folder, rules_directory=str(folder / "rules")) as url, chromium() as browser:
        language, width = request.param
        yield Weeks(browser, url, folder, language, width, secret)
