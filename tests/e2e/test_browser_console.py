"""The console in a real browser, served over HTTPS by the real collector: keys, phone width, charts, accessibility."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import PASSWORD
from tests.e2e.browsing import AXE
from tests.e2e.hands import on_the_ticket, path

if TYPE_CHECKING:
    from tests.e2e.browsing import Open, Served

pytestmark = [pytest.mark.long, pytest.mark.needs("chromium")]


def test_a_verdict_by_keyboard_alone(served: Served, visit: Open) -> None:
    page = visit().new_page()
    page.goto("/?q=LT-0231")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.locator(".pick input:checked").count() == 1
    assert page.locator(".bulk").is_visible()
    assert page.locator("[data-tally]").inner_text() == "1 selected"
    page.keyboard.press("Enter")
    on_the_ticket(page)
    assert path(page) == served.pages["ticket"]
    page.keyboard.press("n")
    page.wait_for_selector("textarea:focus")
    page.keyboard.type("1 note, written with digits in it")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".message")
    assert "1 note, written with digits in it" in page.locator(".history").inner_text()
    assert served.ticket("ticket") == ("new", "", False)
    page.keyboard.press("2")
    assert page.locator("details[open] .verdicts").is_visible()
    page.keyboard.press("2")
    page.wait_for_selector(".badge.resolved")
    assert served.ticket("ticket") == ("resolved", "early", True)


def test_giving_undoing_and_several_at_once_by_keyboard_alone(served: Served, visit: Open) -> None:
    page = visit().new_page()
    page.goto("/?q=WS-0005")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    on_the_ticket(page)
    page.keyboard.press("a")
    assert page.locator("#to").evaluate("field => field === document.activeElement")
    page.keyboard.type("Noor")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".message.success")
    assert "with Noor" in page.locator(".about").inner_text()
    page.keyboard.press("z")
    page.wait_for_selector(".history >> text=took that back")
    assert "nobody has it yet" in page.locator(".about").inner_text()
    page.goto("/?q=WS-000")
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    assert page.locator("[data-tally]").inner_text() == "2 selected"
    page.locator(".bulk button[value=take]").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".message.success")
    assert "2 tickets changed." in page.locator(".message").inner_text()
    page.keyboard.press("z")
    page.wait_for_selector("text=Undone: 2 tickets are as they were.")


def test_what_several_need_is_asked_before_it_is_sent(served: Served, visit: Open) -> None:
    page = visit().new_page()
    page.goto("/")
    boxes = page.locator("tr.ticket .pick input")
    boxes.nth(1).check()
    boxes.nth(2).check()
    page.locator(".bulk summary").click()
    page.fill("#bulk-reason", "Stond op de planning.")
    page.locator('.bulk button[value="dismiss"]').click()
    page.wait_for_timeout(300)
    assert page.evaluate("document.activeElement.id") == "bulk-verdict"
    assert page.locator("tr.ticket .pick input:checked").count() == 2
    assert page.input_value("#bulk-reason") == "Stond op de planning."
    page.locator('.bulk button[value="plan"]').click()
    assert page.evaluate("document.activeElement.id") == "bulk-day"
    page.select_option("#bulk-verdict", "known")
    page.locator('.bulk button[value="dismiss"]').click()
    page.wait_for_selector(".message")
    assert "2 tickets changed." in page.inner_text(".message")
    page.keyboard.press("z")
    page.wait_for_selector("text=Undone: 2 tickets are as they were.")


def test_slash_searches_and_escape_closes(visit: Open) -> None:
    page = visit().new_page()
    page.goto("/")
    page.keyboard.press("/")
    page.keyboard.type("WS-0003")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=WS-0003"))
    assert page.locator("tr.ticket").count() == 1
    page.locator(".what a").click()
    on_the_ticket(page)
    page.keyboard.press("p")
    assert page.locator("details[open] #day").is_visible()
    page.keyboard.press("Escape")
    assert page.locator(".acts details[open]").count() == 0


def test_charts_read_their_values_by_arrow_key_and_pointer(served: Served, visit: Open) -> None:
    page = visit().new_page()
    page.goto(served.pages["signal"])
    chart, reading = page.locator("svg.chart"), page.locator(".reading")
    at_rest = reading.inner_text()
    chart.focus()
    page.keyboard.press("ArrowLeft")
    last = reading.inner_text()
    assert re.match(r"\d+ \w+: 88 %", last)
    page.keyboard.press("ArrowLeft")
    assert reading.inner_text() not in (last, at_rest)
    page.keyboard.press("Home")
    first = reading.inner_text()
    box = page.locator("svg.chart .lines").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 20)
    assert reading.inner_text() == first
    page.mouse.move(2, 2)
    page.keyboard.press("Tab")
    assert reading.inner_text() == at_rest


def test_folded_signals_are_drawn_when_they_are_opened(served: Served, visit: Open) -> None:
    page = visit(language="en").new_page()
    page.goto(served.pages["machine"])
    fold = page.locator("details[data-charts]")
    assert page.locator("details svg.chart.small").count() == 0
    drawn = page.locator("svg.chart.small").count()
    fold.locator("summary").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("details.fold svg.chart.small")
    assert page.locator("svg.chart.small").count() == drawn + 1
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    # Whole megabytes were planted; a place on the line may be the mean of some of them.
    assert re.match(r"\d+ \w+.*: 2\d(\.\d)? MB", page.locator("details.fold .multiple .reading").inner_text())


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_phone_never_scrolls_sideways(served: Served, visit: Open, language: str) -> None:
    page = visit(language=language, viewport={"width": 390, "height": 844}, has_touch=True).new_page()
    for name, address in served.pages.items():
        page.goto(address)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, name
        if name not in ("password", "news", "news item"):
            assert page.locator("nav.bar > *").count() == 4
    page.goto("/")
    assert page.locator(".rail").is_hidden()
    page.locator(".bar summary").click()
    assert page.locator(".bar .menu a[href='/rules/']").is_visible()


def test_at_four_hundred_per_cent_everything_fits_and_leaves_room_for_the_text(served: Served, visit: Open) -> None:
    """A window of 1280 by 1024 points has 320 by 256 left."""
    page = visit(viewport={"width": 320, "height": 256}).new_page()
    for name, address in served.pages.items():
        page.goto(address)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, name
        stays = page.locator("body *:visible").evaluate_all(
            """(all) => all.filter((each) => ["fixed", "sticky"].includes(getComputedStyle(each).position))
                .map((each) => each.className)"""
        )
        assert stays == [], name


def test_paper_has_tables_and_nothing_to_press(served: Served, visit: Open) -> None:
    """A sheet of A4 between its margins is as narrow as a tablet, and no phone."""
    page = visit(viewport={"width": 718, "height": 1000}).new_page()
    page.emulate_media(media="print")
    for name, address in served.pages.items():
        page.goto(address)
        assert (
            page.locator(":is(main button, main input, main select, main textarea, .rail, .top):visible").count() == 0
        ), name
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 1, name
    page.goto("/machines/")
    assert page.locator("thead").is_visible()
    assert page.locator("tbody tr").first.evaluate("(row) => getComputedStyle(row).display") == "table-row"


def test_charts_take_the_colours_that_a_reader_forces(served: Served, visit: Open) -> None:
    page = visit(viewport={"width": 1280, "height": 900}, forced_colors="active", color_scheme="dark").new_page()
    page.goto(served.pages["ticket"])
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    resolve = """(name) => {
        document.body.style.outlineColor = name;
        return getComputedStyle(document.body).outlineColor;
    }"""
    ink, paper = (page.evaluate(resolve, name) for name in ("CanvasText", "Canvas"))
    assert ink != paper
    for part in ("text:not(.limit)", ".line"):
        kind = "fill" if part.startswith("text") else "stroke"
        drawn = page.locator(f".chart {part}").first.evaluate(f"(part) => getComputedStyle(part).{kind}")
        assert drawn == ink, part


def test_everything_can_be_read_without_javascript(served: Served, visit: Open) -> None:
    context = visit(signed_in=False, java_script_enabled=False)
    page = context.new_page()
    page.goto(served.pages["evil"])
    page.fill("#username", "noor")
    page.fill("#password", PASSWORD)
    page.locator("button.primary").click()
    assert path(page) == served.pages["evil"]
    page.goto(served.pages["ticket"])
    page.locator("details.fold summary").first.click()
    assert "88 %" in page.locator(".values li").first.inner_text()
    assert page.locator(".needs-script:visible").count() == 0
    page.goto(served.pages["machine"])
    page.locator("details[data-charts] summary").click()
    page.locator("details[data-charts] a").click()
    assert page.locator("svg.chart.small").count() == 1
    page.goto("/?severity=4")
    assert page.locator("tr.ticket").count() == 3
    assert page.locator(".apply").is_visible()


def test_nothing_that_machines_say_runs_and_no_page_breaks_its_policy(served: Served, visit: Open) -> None:
    page = visit().new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    for address in served.pages.values():
        page.goto(address)
        assert page.evaluate("window.ran") is None
    assert said == []


def test_the_theme_changes_at_once_and_is_kept(visit: Open) -> None:
    page = visit().new_page()
    page.goto("/")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator(".rail button[value=dark]").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert light != dark
    page.goto("/rules/")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_the_palette_goes_to_pages_machines_and_actions_by_keyboard(served: Served, visit: Open) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit(language="en").new_page()
    page.goto(served.pages["departments"])
    page.keyboard.press("Control+k")
    field = page.locator("#palette input")
    field.wait_for()
    page.keyboard.type("ws-0005")
    page.wait_for_selector("#palette li:has-text('WS-0005')")
    chosen = page.locator("#palette li[aria-selected=true]")
    assert field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    assert Axe().run(page, options=AXE).response["violations"] == []
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/machines/[0-9a-f-]{36}/"))
    page.keyboard.press("Control+k")
    page.keyboard.type("departm")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/departments/"))
    page.goto(served.pages["open ticket"])
    page.keyboard.press("Control+k")
    page.keyboard.type("plan")
    page.keyboard.press("Enter")
    assert page.locator("details[open] #day").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.press("Escape")
    assert not page.locator("#palette").is_visible()


def test_a_list_says_what_changed_and_keeps_what_was_ticked(served: Served, visit: Open) -> None:
    page = visit(language="en").new_page()
    page.goto("/?q=WS-000")
    first, second = page.locator("tr.ticket").nth(0), page.locator("tr.ticket").nth(1)
    first.locator(".pick input").check()
    second.locator(".what a").focus()
    numbers = [row.get_attribute("data-row").split("@")[0] for row in (first, second)]  # type: ignore[union-attr]
    with closing(sqlite3.connect(served.database.removeprefix("sqlite:///"), timeout=30)) as connection, connection:
        connection.execute(
            "UPDATE desk_ticket SET owner_id = (SELECT min(id) FROM desk_staff), updated_at = '2026-01-01 00:00:00' "
            "WHERE id = ?", (numbers[1],),
        )  # fmt: skip
    page.evaluate("document.dispatchEvent(new Event('keuring:ask'))")
    page.wait_for_selector("text=1 ticket is new or changed.")
    assert page.evaluate("document.activeElement.closest('tr').dataset.row.split('@')[0]") == numbers[1]
    page.locator("[data-live-news] button").click()
    page.wait_for_selector(f"tr[data-row^='{numbers[1]}@'] .owner b")
    assert page.locator(f"tr[data-row^='{numbers[0]}@'] .pick input").is_checked()
    assert page.locator("[data-tally]").inner_text().startswith("1 ")
    assert page.locator("[data-live-news]").is_hidden()


# Colours differ by theme and words by language: each is seen with the other as it was, all four in `make soak`.
@pytest.mark.parametrize(
    ("language", "theme"),
    [("nl", "light"), ("en", "light"), ("en", "dark"), pytest.param("nl", "dark", marks=pytest.mark.soak)],
)
def test_axe_finds_no_barriers(served: Served, visit: Open, language: str, theme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = visit(language=language, theme=theme).new_page()
    stranger = visit(signed_in=False, language=language, theme=theme).new_page()
    found: list[tuple[str, str, list[str]]] = []
    more: tuple[str, ...] = (
        "departments", "department", "rule", "machines", "waiting", "start", "staff", "person", "settings", "audit",
        "signal", "models", "software", "search", "announcement edit", "announcement versions", "promises", "news",
        "tips", "skills", "skills short", "skills asked", "skills person",
    )  # fmt: skip
    if (language, theme) != ("en", "light"):
        more = ()
    usual = ("queue", "ticket", "machine", "today", "quiet", "announcements", "announcement", "news item", "sign-in")
    for name in (*usual, *more):
        at = stranger if name in ("sign-in", "news", "news item") else page
        at.goto(served.pages.get(name, "/sign-in/"))
        assert at.evaluate("document.documentElement.lang") == language
        violations = Axe().run(at, options=AXE).response["violations"]
        found += [(name, v["id"], [node["html"][:120] for node in v["nodes"]][:3]) for v in violations]
    assert found == []
