"""A round walked with a real phone-sized browser, before the real console: where there is no network nothing is lost,
and when there is one again each thing arrives once.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import PASSWORD, Site
from tests.collector.django_database import pointed_at
from tests.e2e.browsing import AXE, DESK, chromium, console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Route

pytestmark = [pytest.mark.long, pytest.mark.needs("chromium")]
# A service worker is only taken from a certificate that the browser trusts; the context's own leniency is not enough.
TRUSTING = "--ignore-certificate-errors"


class Served:
    """A running console with a round in it."""

    def __init__(self, url: str, database: str) -> None:
        self.url = url
        self.database = database

    def fill(self) -> None:
        """Two colleagues on a round of today, one with a ticket; and moods of a month that is over."""
        with pointed_at(self.database):
            from keuring_collector.service.models import MoodCount
            from keuring_collector.service.mood import keeping
            from keuring_collector.store import open_store
            from tests.collector.test_visits import hour, proposed, stop_of

            site = Site(self.database, datetime.now(UTC))
            cas = site.staff("cas", first_name="Cas", role="visitor", password=PASSWORD)
            self.ticket = site.ticket(site.machine()).pk
            site.colleague("Bob Bee")
            with closing(open_store(site.url)) as store:
                found = proposed(site, hour(site, visitor=cas), store=store)
            self.round, self.department = f"/visits/rounds/{found.pk}/", f"/visits/departments/{found.department_id}/"
            self.sanne, self.bob = (f"#stop-{stop_of(found, name).pk}" for name in ("Sanne de Vries", "Bob Bee"))
            self.answer = f"/mood/answer/{keeping.token(found.department)}/"
            for value in (3, 4, 4, 5, 5):
                past = site.now.replace(day=1) - timedelta(days=5)
                keeping.keep(found.department, value, "Snel geholpen", MoodCount.Source.VISIT, past)

    def ask(self, query: str, *values: Any) -> list[Any]:
        """What the database says; Django refuses to work in the thread of Playwright's event loop."""
        with closing(sqlite3.connect(self.database.removeprefix("sqlite:///"), timeout=30)) as connection, connection:
            return connection.execute(query, values).fetchall()


@pytest.fixture
def served(initialised: Path, tmp_path: Path) -> Iterator[Served]:
    directory = Path(shutil.copytree(initialised, tmp_path / "data"))
    with console(directory) as url:
        filled = Served(url, f"sqlite:///{directory / 'keuring.sqlite3'}")
        filled.fill()
        yield filled


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium(TRUSTING) as started:
        yield started


def sign_in(page: Page) -> None:
    page.fill("#username", "cas")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")


def tell(page: Page, stop: str, outcome: str, note: str, **fields: str) -> None:
    """Notes what became of a stop, by the form."""
    page.locator(f"{stop} details.tell > summary").click()
    page.locator(f"{stop} .choices label:has(input[value={outcome}])").click()
    page.fill(f"{stop} [name=note]", note)
    for name, value in fields.items():
        page.select_option(f"{stop} [name={name}]", value)
    page.locator(f"{stop} details.tell form > button").click()


def queue(page: Page) -> list[dict[str, Any]]:
    kept = page.evaluate("Object.entries(localStorage).find(([name]) => name.endsWith('-queue'))?.[1] ?? '[]'")
    found: list[dict[str, Any]] = json.loads(kept)
    return found


def test_a_round_where_there_is_no_network(served: Served, browser: Browser) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(
        ignore_https_errors=True, base_url=served.url, viewport={"width": 390, "height": 844}, reduced_motion="reduce"
    )
    context.add_cookies([{"name": "language", "value": "en", "url": served.url, "secure": True}])
    context.set_default_timeout(15_000)
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(served.round)
    sign_in(page)
    page.wait_for_selector(served.sanne)
    page.wait_for_selector("html[data-kept=yes]")  # the page keeps itself

    # Without network: start, note, close the browser's tab, come back to the page: all is still there.
    context.set_offline(True)
    page.click("text=Start")
    tell(page, served.sanne, "helped", "New disk.", **{f"do_{served.ticket}": "right"})
    page.wait_for_selector(f"{served.sanne} [data-pending]:has-text('helped: New disk.')")
    page.close()
    page = context.new_page()
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(served.round)
    page.wait_for_selector("text=No network. What you note is kept on this phone and sent later. 2 things wait")
    assert page.locator(f"{served.sanne} [data-pending]").inner_text().endswith("helped: New disk.")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.stops')).display") == "grid"
    )  # its style is kept too
    assert Axe().run(page, options=AXE).response["violations"] == []
    tell(page, served.bob, "away", "Door shut.")
    assert [each["shown"] for each in queue(page)] == ["", "helped: New disk.", "not there: Door shut."]
    assert served.ask("SELECT outcome FROM service_stop WHERE outcome <> ''") == []

    # Back: what the desk took but could not say so is sent again, and counts once.
    lost: list[str] = []

    def lose_the_answer(route: Route) -> None:
        if "/visits/stops/" not in route.request.url:
            route.continue_()
            return
        if not lost:
            lost.append(route.request.url)
            route.fetch()
        route.abort()

    page.route("**/*", lose_the_answer)
    with page.expect_event("requestfailed", lambda request: "/visits/stops/" in request.url):
        context.set_offline(False)
    page.wait_for_selector(".away")
    assert len(queue(page)) == 2
    assert lost
    page.unroute("**/*")
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_selector(f"{served.bob} .became:has-text('not there')")
    assert queue(page) == []
    assert served.ask("SELECT state FROM service_round") == [("started",)]
    assert served.ask("SELECT outcome, note, version FROM service_stop ORDER BY note") == [
        ("away", "Door shut.", 1), ("helped", "New disk.", 1),
    ]  # fmt: skip
    assert served.ask("SELECT kind FROM desk_tickethistory WHERE ticket_id = ?", served.ticket)[1:] == [("resolved",)]

    # Somebody else was quicker: theirs stays, ours is a note, and we are told until we have seen it.
    context.set_offline(True)
    tell(page, served.bob, "helped", "Was back.")
    served.ask("UPDATE service_stop SET version = version + 1 WHERE note = 'Door shut.'")
    with page.expect_event("load"):  # all is sent, so the page asks the desk how the round stands now
        context.set_offline(False)
    page.wait_for_selector("[data-news] >> text=Taken, but mind this: Bob Bee: Cas has noted “not there” here already.")
    assert served.ask("SELECT note FROM service_stop WHERE outcome = 'away'") == [
        ("Door shut.\nCas: helped. Was back.",)
    ]
    page.click("[data-news] button")
    assert page.locator("[data-news] li").count() == 0

    # What cannot be used is told, and stands in its form again.
    page.locator(f"{served.sanne} details.tell > summary").click()
    page.locator(f"{served.sanne} .choices label:has(input[value=back])").click()
    page.fill(f"{served.sanne} [name=note]", "Next week.")
    page.locator(f"{served.sanne} details.tell form > button").click()
    assert page.evaluate("document.querySelector(':invalid:not(form, fieldset)').name") == "back_on"
    page.eval_on_selector(f"{served.sanne} form[data-queue]", "form => { form.noValidate = true; }")
    page.locator(f"{served.sanne} details.tell form > button").click()
    page.wait_for_selector(
        "[data-news] >> text=Not taken: Sanne de Vries: Choose a date. (come back later: Next week.)"
    )
    assert page.input_value(f"{served.sanne} [name=note]") == "Next week."
    page.fill(f"{served.sanne} [name=back_on]", str(datetime.now(DESK).date() + timedelta(days=7)))
    page.locator(f"{served.sanne} details.tell form > button").click()
    page.wait_for_selector(f"{served.sanne} .became:has-text('come back later')")
    page.click("[data-news] button")

    # Signed out meanwhile: what waits, waits; nothing of the round stays on the phone for whoever picks it up.
    served.ask("DELETE FROM django_session")
    page.click("text=Finish")
    page.click("[data-sign-in-link]")
    page.wait_for_selector("#username")
    page.wait_for_function("caches.keys().then((names) => !names.includes('keuring-round'))")
    sign_in(page)
    page.wait_for_selector(".badge:has-text('finished')")
    assert queue(page) == []
    for address in (served.round, served.department, "/visits/", "/mood/", served.answer):
        page.goto(address)
        assert Axe().run(page, options=AXE).response["violations"] == [], address
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, address
    assert said == []
