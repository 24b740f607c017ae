"""A ticket beside the list of the queue, on a wide screen: opened, worked on and left by keyboard alone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import Site
from tests.collector.django_database import pointed_at
from tests.e2e.browsing import AXE
from tests.e2e.hands import on_the_ticket, path

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.e2e.browsing import Open, Served

pytestmark = pytest.mark.needs("chromium")
WIDE = {"width": 1600, "height": 900}


@pytest.fixture(scope="module", autouse=True)
def tickets(served: Served) -> list[int]:
    """Three tickets of a search of their own, in the order of the list."""
    with pointed_at(served.database):
        site = Site(served.database, datetime.now(UTC))
        return [
            site.ticket(site.machine(f"BESIDE-{day}"), cause=f"beside-{day}", days=10 + day).pk for day in range(1, 4)
        ]


def beside(page: Page, number: int) -> None:
    """Waits until the ticket stands beside the list, and only it."""
    page.wait_for_selector(f"#pane:not([aria-busy]) [data-ticket='{number}']")
    assert path(page).endswith(f"ticket={number}")
    assert page.locator("tr.ticket:has([aria-current])").get_attribute("data-row").startswith(f"{number}@")  # type: ignore[union-attr]


def at(page: Page, selector: str) -> bool:
    return bool(page.evaluate("selector => document.activeElement.matches(selector)", selector))


def test_a_ticket_opens_beside_the_list_by_keyboard_alone(served: Served, visit: Open, tickets: list[int]) -> None:
    first, second, third = tickets
    page = visit(viewport=WIDE).new_page()
    page.goto("/?q=BESIDE")
    queue = path(page)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    beside(page, first)
    page.wait_for_selector("#pane:focus")
    assert page.locator("tr.ticket").count() == 3
    page.keyboard.press("j")
    page.keyboard.press("d")
    beside(page, second)
    assert page.locator(".acts details[open]").count() == 0, "a key is never for the ticket that was left"
    assert at(page, f"a[href='/tickets/{second}/']"), "who moves in the list stays in the list"
    page.keyboard.press("Escape")
    page.wait_for_selector("#pane", state="hidden")
    assert path(page) == queue
    assert at(page, f"a[href='/tickets/{second}/']")
    page.keyboard.press("Enter")
    beside(page, second)
    page.go_back()
    page.wait_for_selector("#pane", state="hidden")
    page.go_forward()
    beside(page, second)

    page.keyboard.press("n")
    page.wait_for_selector("#pane textarea:focus")
    page.keyboard.type("j and 1 are letters here")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#pane .message.success")
    assert "j and 1 are letters here" in page.locator("#pane .history").inner_text()
    page.wait_for_selector("#pane:focus")
    page.keyboard.press("1")
    page.keyboard.press("1")
    page.wait_for_selector("#pane .badge.resolved")
    page.wait_for_selector(f"tr.ticket[data-row^='{second}@']", state="detached")
    page.keyboard.press("z")
    page.wait_for_selector(f"tr.ticket[data-row^='{second}@'] [aria-current]")
    page.wait_for_selector("#pane .badge.new")
    page.keyboard.press("1")
    page.keyboard.press("1")
    page.wait_for_selector(f"tr.ticket[data-row^='{second}@']", state="detached")
    page.keyboard.press("j")
    beside(page, third)
    page.keyboard.press("p")
    page.keyboard.press("Escape")
    assert page.locator("#pane .acts details[open]").count() == 0, "the form closes first, then the ticket"
    page.keyboard.press("Escape")
    page.wait_for_selector("#pane", state="hidden")


def test_what_is_refused_stays_beside_the_list_with_what_was_typed(visit: Open, tickets: list[int]) -> None:
    first = tickets[0]
    page = visit(viewport=WIDE).new_page()
    page.goto(f"/?q=BESIDE&ticket={first}")
    beside(page, first)
    listed = page.locator("tr.ticket").count()
    page.locator("#pane [data-key=d]").click()
    page.locator("#pane #reason").fill("  ")
    page.locator("#pane details[open] [data-verdict='3']").click()
    page.wait_for_selector("#pane details[open] .wrong-box")
    page.wait_for_selector("#pane #reason[aria-invalid]:focus")
    assert page.locator("tr.ticket").count() == listed
    page.keyboard.press("Escape")
    page.locator("#pane [data-close]").click()
    page.wait_for_selector("#pane", state="hidden")
    assert path(page) == "/?q=BESIDE"


def test_a_shared_address_leads_to_the_ticket_on_every_screen(visit: Open, tickets: list[int]) -> None:
    shared, page_of = f"/?q=BESIDE&ticket={tickets[0]}", f"/tickets/{tickets[0]}/"
    narrow = visit(viewport={"width": 1280, "height": 900}).new_page()
    narrow.goto(shared)
    narrow.wait_for_url(re.compile(page_of))
    on_the_ticket(narrow)
    bare = visit(java_script_enabled=False, viewport=WIDE).new_page()
    bare.goto(shared)
    assert bare.locator("#pane").is_hidden()
    bare.locator("noscript a, p.message a").first.click()
    assert path(bare) == page_of


@pytest.mark.parametrize(("language", "theme"), [("nl", "dark"), ("en", "light")])
def test_axe_finds_no_barriers_beside_the_list(visit: Open, tickets: list[int], language: str, theme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit(language=language, theme=theme, viewport=WIDE).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"/?q=BESIDE&ticket={tickets[0]}")
    page.wait_for_selector(f"#pane [data-ticket='{tickets[0]}']")
    violations = Axe().run(page, options=AXE).response["violations"]
    assert [(v["id"], [node["html"][:120] for node in v["nodes"]][:3]) for v in violations] == []
    assert said == []
