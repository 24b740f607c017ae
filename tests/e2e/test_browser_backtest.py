"""A rule tried on history in a real browser: served by the console, worked on by the jobs process's child."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.collector.command import Running, until
from tests.collector.console_fixtures import PASSWORD, USED, Site
from tests.collector.django_database import pointed_at
from tests.collector.packs import write_pack
from tests.e2e.browsing import AXE, chromium, console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

pytestmark = [pytest.mark.long, pytest.mark.needs("chromium")]


@pytest.fixture
def folder(initialised: Path, tmp_path: Path) -> Path:
    """A collector's data directory with rules of its own in rules/, and machines with a history."""
    directory = Path(shutil.copytree(initialised, tmp_path / "data"))
    file = write_pack(directory / "rules", hold="0") / "storage" / "test_space.yaml"
    file.write_text(file.read_text("utf-8").replace("maturity: test", "maturity: experimental"), "utf-8")
    url = f"sqlite:///{directory / 'keuring.sqlite3'}"
    with pointed_at(url):
        site = Site(url, datetime.now(UTC))
        site.staff("noor", first_name="Noor", password=PASSWORD, language="")
        for number in range(20):
            machine = site.machine(f"LT-{number:04}", department=site.department(("Finance", "Law")[number % 2]))
            site.measure(machine, USED, [0.5] * 40 + [0.93] * (number % 4) * 5 + [0.96] * 8, subject="C:")
    return directory


@pytest.fixture
def page(folder: Path) -> Iterator[Page]:
    """A browser before the collector, whose jobs run too."""
    rules = {"rules_directory": str(folder / "rules")}
    jobs = Running(folder, "--only", "jobs", **rules)
    try:
        with console(folder, **rules) as url, chromium() as browser:
            context = browser.new_context(ignore_https_errors=True, base_url=url)
            context.add_cookies([{"name": "language", "value": "en", "url": url, "secure": True}])
            context.set_default_timeout(30_000)
            yield context.new_page()
    finally:
        jobs.stop()


def test_from_the_rule_to_the_answer_to_the_saved_rule(page: Page, folder: Path) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.goto("/rules/test_space/")
    page.fill("#username", "noor")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.click("text=Try on history")
    typed = page.input_value("#text")
    page.fill("#text", typed.replace("severity: soon", "severity: sooner"))
    page.click("button.primary")
    page.click("a[data-line]")  # leads to the line that is wrong
    chosen = "text => text.value.slice(text.selectionStart, text.selectionEnd)"
    assert page.locator("#text").evaluate(chosen) == "severity: sooner"
    wrong = Axe().run(page, options=AXE).response["violations"]
    page.fill("#text", typed.replace("90 %", "95 %"))
    page.click("button.primary")
    page.wait_for_selector("[data-poll], .answer")
    page.wait_for_selector(".answer")  # by itself: nobody loads the page again
    assert "20 tickets by both, 0 by A alone, 0 by B alone" in page.locator(".answer").inner_text()
    bars = page.locator("td.bars rect").evaluate_all("all => all.map(bar => bar.getBoundingClientRect().width)")
    assert max(bars) > 50
    wrong += Axe().run(page, options=AXE).response["violations"]
    for address in (page.url, "/backtests/", "/backtests/new/?rule=test_space"):
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.goto("/backtests/")
    page.click("th a")
    page.click("text=Save this version")
    page.wait_for_selector(".message.success")
    assert "95 %" in (folder / "rules" / "storage" / "test_space.yaml").read_text("utf-8")
    assert [(each["id"], [node["html"][:120] for node in each["nodes"]]) for each in wrong] == []


def test_what_is_stopped_leaves_the_next_its_turn(folder: Path) -> None:
    """The process that works on one ends with the collector, and the row waits for whoever comes next."""
    from tests.collector.test_backtests import asked

    url = f"sqlite:///{folder / 'keuring.sqlite3'}"
    with pointed_at(url):
        row = asked(Site(url, datetime.now(UTC)), Site(url, datetime.now(UTC)).staff("cas"))

    def state() -> str:
        with closing(sqlite3.connect(folder / "keuring.sqlite3")) as connection:
            return str(connection.execute("SELECT state FROM desk_backtest WHERE id = ?", (row.pk,)).fetchone()[0])

    first = Running(folder, "--only", "jobs")
    until(lambda: state() != "waiting", 30, first)
    assert first.stop() == 0
    assert state() in ("waiting", "done")
    second = Running(folder, "--only", "jobs")
    until(lambda: state() == "done", 120, second)  # the least of all processes, where others are busy
    assert second.stop() == 0
