"""The weekly task of the IT department, and a colleague's own page, in a real browser on a console over HTTPS."""

from __future__ import annotations

import io
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import MODEL, PASSWORD, USED, Site
from tests.collector.django_database import pointed_at
from tests.e2e.browsing import AXE, chromium, console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.needs("chromium")


def prepare(url: str) -> tuple[str, str]:
    """A fleet with a report, somebody of IT; the report's number and the secret of a colleague's link."""
    with pointed_at(url):
        from keuring_collector.service.workplace import entering

        site = Site(url, datetime.now(UTC))
        site.staff("iris", first_name="Iris", role="it", password=PASSWORD, language="")
        for number in range(6):
            machine = site.machine(f"LT-{number:04}", colleague=site.colleague(f"Collega Nummer {number}"))
            site.fact(machine, MODEL, "Notitie 14")
        site.measure(machine, USED, [0.5, 0.75] * 8, subject="C:")
        site.ticket(machine)
        return site.it_report().number, entering.make(machine, site.now)


@pytest.fixture(scope="module")
def together(initialised: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, str, str, str]]:
    """A browser, the console's address, the report and the secret."""
    folder = Path(shutil.copytree(initialised, tmp_path_factory.mktemp("together") / "data"))
    report, secret = prepare(f"sqlite:///{folder / 'keuring.sqlite3'}")
    with console(folder) as url, chromium() as browser:
        yield browser, url, report, secret


def opened(browser: Browser, url: str, **options: Any) -> Page:
    context = browser.new_context(ignore_https_errors=True, base_url=url, **options)
    context.add_cookies([{"name": "language", "value": "en", "url": url, "secure": True}])
    context.set_default_timeout(20_000)
    return context.new_page()


def barriers(page: Page) -> list[str]:
    """What axe finds, and whether the page scrolls sideways."""
    from axe_playwright_python.sync_playwright import Axe

    found = [violation["id"] for violation in Axe().run(page, options=AXE).response["violations"]]
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [*found, *(["sideways"] if wider > 0 else [])]


def test_it_reads_the_report_and_answers(together: tuple[Browser, str, str, str]) -> None:
    browser, url, report, _secret = together
    page = opened(browser, url)
    page.goto("/sign-in/")
    page.fill("#username", "iris")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/it-reports/")
    assert page.locator("input[type=search]").count() == 0
    assert barriers(page) == []
    page.click(f"text={report}")
    section = page.locator("#recurring")
    assert "Answer" in section.inner_text()
    section.locator("summary").click()
    section.locator("textarea").fill("We order larger drives from now on.")
    section.locator("button").click()
    page.wait_for_url("**#recurring")
    assert "We order larger drives from now on." in page.locator("#recurring").inner_text()
    assert barriers(page) == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert barriers(page) == []
    page.context.close()


def test_a_colleague_comes_in_by_the_link_takes_all_along_and_objects(together: tuple[Browser, str, str, str]) -> None:
    browser, url, _report, secret = together
    page = opened(browser, url, viewport={"width": 390, "height": 844}, color_scheme="dark")
    page.goto(f"/workplace/enter/{secret}/")
    page.click("text=Open My workplace")
    page.wait_for_url("**/workplace/")
    assert barriers(page) == []
    assert "Volume C: of LT-0005 will be full" in page.locator("#tickets").inner_text()
    page.click("text=What is kept of it, and why")
    assert "could tell when you work" in page.locator("main").inner_text()
    assert barriers(page) == []
    page.go_back()
    with page.expect_download() as waiting:
        page.click("text=Export")
    with zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes())) as archive:
        assert "machines/LT-0005/windows/system.filesystem.utilization.csv" in archive.namelist()
    page.click("text=Object to being judged")
    page.fill("#reason", "I would like to know more first.")
    page.click("#rights details button")
    page.wait_for_url("**/workplace/#rights")
    assert "waiting for an answer" in page.locator("#rights").inner_text()
    assert barriers(page) == []
    page.context.close()
