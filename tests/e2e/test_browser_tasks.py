"""What desk staff do all day, from the first page to the thing done: with a mouse and by keyboard alone, nl and en."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import USED, Site
from tests.collector.django_database import pointed_at
from tests.e2e.browsing import DESK
from tests.e2e.hands import Hand, Keyboard, Mouse, on_the_ticket

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    from tests.e2e.browsing import Open, Served

pytestmark = [pytest.mark.long, pytest.mark.needs("chromium")]
TODAY = datetime.now(DESK).date()
LATER = TODAY + timedelta(days=9)


@dataclass
class Work:
    """One task: who does it, before which page, and on which machine (``name``, with one open ticket)."""

    page: Page
    hand: Hand
    name: str
    served: Served

    def to_queue(self) -> None:
        self.hand.press(self.page.locator(".rail nav a[href='/']").first)
        self.page.wait_for_url(re.compile(r"/$"))

    def to_ticket(self) -> None:
        """From the queue, as somebody does who knows the machine's name."""
        self.to_queue()
        self.hand.write(self.page.locator(".filters input[name=q]"), self.name)
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(re.compile("q="))
        self.hand.press(self.page.locator(".what a").first)
        on_the_ticket(self.page)

    def ready(self, selector: str) -> None:
        """Waits for a part of the next page, and for its keys."""
        self.page.wait_for_selector(selector)
        self.page.wait_for_load_state("load")

    def act(self, action: str) -> Any:
        """Opens one of the actions at the foot of a ticket; gives its form."""
        form = self.page.locator(f"form[action$='/{action}/']")
        self.hand.press(self.page.locator(".acts > details").filter(has=form).locator("> summary"))
        form.wait_for()
        return form

    def done(self) -> None:
        self.ready(".message.success")

    def told(self) -> str:
        return self.page.locator(".message.success").inner_text()

    def ticket(self, columns: str) -> Any:
        """Columns of the machine's ticket, as the database has them now."""
        mine = "endpoint_id = (SELECT id FROM fleet_endpoint WHERE host_name = ?)"
        return self.ask(f"SELECT {columns} FROM desk_ticket WHERE {mine}")

    def ask(self, query: str) -> Any:
        with closing(sqlite3.connect(self.served.database.removeprefix("sqlite:///"), timeout=30)) as connection:
            return connection.execute(query, (self.name,)).fetchone()


def see_what_needs_me(work: Work) -> None:
    work.hand.press(work.page.locator(".rail nav a[href='/today/']"))
    row = work.page.locator("section.today tr.ticket").filter(has_text=work.name)
    work.hand.press(row.locator(".what a"))
    on_the_ticket(work.page)
    assert work.name in work.page.title()


def keep_a_view_of_the_queue(work: Work) -> None:
    work.to_queue()
    work.hand.write(work.page.locator(".filters input[name=q]"), work.name)
    work.page.keyboard.press("Enter")
    work.page.wait_for_url(re.compile("q="))
    work.hand.press(work.page.locator(".views details summary"))
    work.hand.write(work.page.locator("#view-name"), work.name)
    work.page.keyboard.press("Enter")
    work.done()
    work.to_queue()
    work.hand.press(work.page.locator(".views a", has_text=work.name))
    work.page.wait_for_url(re.compile("q="))
    assert work.page.locator("tr.ticket").count() == 1


def find_it_right_and_done(work: Work) -> None:
    work.to_ticket()
    form = work.act("resolve")
    work.hand.write(form.locator("textarea"), "Oude proefbestanden opgeruimd.")
    work.hand.press(form.locator("button[data-verdict='1']"))
    work.ready(".badge.resolved")
    assert work.ticket("state, verdict") == ("resolved", "right")


def find_it_wrong(work: Work) -> None:
    work.to_ticket()
    form = work.act("dismiss")
    work.hand.write(form.locator("textarea"), "Deze schijf is altijd vol.")
    work.hand.press(form.locator("button[value=wrong]"))
    work.ready(".badge.dismissed")
    assert work.ticket("state, verdict") == ("dismissed", "wrong")


def plan_a_visit(work: Work) -> None:
    work.to_ticket()
    form = work.act("plan")
    work.hand.date(form.locator("#day"), LATER)
    work.hand.press(form.locator("button"))
    work.done()
    assert work.ticket("state, planned_for") == ("planned", LATER.isoformat())


def put_it_away_until_later(work: Work) -> None:
    work.to_ticket()
    form = work.act("snooze")
    work.hand.date(form.locator("#until"), LATER)
    work.hand.press(form.locator("button"))
    work.done()
    state, until = work.ticket("state, snoozed_until")
    assert (state, datetime.fromisoformat(until).replace(tzinfo=UTC).astimezone(DESK).date()) == ("snoozed", LATER)


def give_it_to_somebody_and_take_that_back(work: Work) -> None:
    work.to_ticket()
    form = work.act("assign")
    work.hand.choose(form.locator("#to"), "Cas")
    work.hand.press(form.locator("button"))
    work.done()
    owner = "(SELECT username FROM desk_staff WHERE id = owner_id)"
    assert work.ticket(owner) == ("cas",)
    work.hand.press(work.page.locator(".message button[data-key=z]"))
    work.done()
    assert work.ticket(owner) == (None,)


def write_a_note_that_tells_a_colleague(work: Work) -> None:
    work.to_ticket()
    form = work.act("note")
    work.hand.write(form.locator("textarea"), f"@cas kijk jij hiernaar? {work.name}")
    work.hand.press(form.locator("button"))
    work.done()
    assert work.name in work.page.locator(".history").inner_text()
    told = (
        "SELECT count(*) FROM desk_notice WHERE staff_id = (SELECT id FROM desk_staff WHERE username = 'cas')"
        " AND text LIKE '%' || ?"
    )
    assert work.ask(told) == (1,)


def take_several_at_once(work: Work) -> None:
    work.to_queue()
    work.hand.write(work.page.locator(".filters input[name=q]"), work.name)
    work.page.keyboard.press("Enter")
    work.page.wait_for_url(re.compile("q="))
    for row in work.page.locator("tr.ticket .pick input").all():
        work.hand.press(row)
    work.hand.press(work.page.locator(".bulk button[value=take]"))
    work.done()
    assert work.ticket("owner_id IS NOT NULL") == (1,)


def look_how_a_signal_went(work: Work) -> None:
    work.hand.write(work.page.locator("#search"), work.name)
    work.page.keyboard.press("Enter")
    work.hand.press(work.page.locator("a.plated").first)
    work.hand.press(work.page.locator(".multiple .name a").first)
    work.ready("svg.chart")
    work.hand.press(work.page.locator("details summary", has=work.page.locator("xpath=..//table | ..//ul")).first)
    assert re.search(r"\d+ %", work.page.locator("main").inner_text())


def inspect_a_machine(work: Work) -> None:
    work.hand.write(work.page.locator("#search"), work.name)
    work.page.keyboard.press("Enter")
    work.hand.press(work.page.locator("a.plated").first)
    work.hand.press(work.page.locator("form[action$='/inspect/'] button"))
    work.done()
    assert re.search(r"/inspections/\d{4}-\d{6}/$", work.page.url)
    assert work.name in work.page.locator("main").inner_text()
    mine = "endpoint_id = (SELECT id FROM fleet_endpoint WHERE host_name = ?)"
    assert work.ask(f"SELECT count(*) FROM desk_inspection WHERE {mine}") == (1,)


def share_what_helped(work: Work) -> None:
    work.to_ticket()
    form = work.act("resolve")
    work.hand.write(form.locator("textarea"), "Proefbestanden weg en de prullenbak geleegd.")
    work.hand.press(form.locator("button[data-verdict='1']"))
    work.ready(".badge.resolved")
    work.hand.press(work.page.locator("form[action$='/article/'] button"))
    work.done()
    assert "prullenbak" in work.page.locator("textarea").first.input_value()
    assert work.name not in work.page.locator("main").inner_text()


TASKS = (
    see_what_needs_me,
    keep_a_view_of_the_queue,
    find_it_right_and_done,
    find_it_wrong,
    plan_a_visit,
    put_it_away_until_later,
    give_it_to_somebody_and_take_that_back,
    write_a_note_that_tells_a_colleague,
    take_several_at_once,
    look_how_a_signal_went,
    inspect_a_machine,
    share_what_helped,
)
HANDS = (
    (Keyboard(), "nl"),
    # What a keyboard reaches a mouse does too, and hardly any of it differs by language: the rest is for `make soak`.
    pytest.param(Keyboard(), "en", marks=pytest.mark.soak),
    pytest.param(Mouse(), "nl", marks=pytest.mark.soak),
    pytest.param(Mouse(), "en", marks=pytest.mark.soak),
)


def named(task: Callable[[Work], None], hand: Hand, language: str) -> str:
    return f"{task.__name__.replace('_', '-')[:24]}-{hand.name[0]}{language}".upper()


@pytest.fixture(scope="module", autouse=True)
def machines(served: Served) -> None:
    """A machine with a ticket for each, before there is a browser: Django refuses to work beside Playwright."""
    with pointed_at(served.database):
        site = Site(served.database, datetime.now(UTC))
        from keuring_collector.desk.models import Staff

        noor = Staff.objects.get(username="noor")
        for task in TASKS:
            for hand in (Mouse(), Keyboard()):
                for language in ("nl", "en"):
                    machine = site.machine(named(task, hand, language))
                    mine = {"owner": noor, "state": "planned", "planned_for": TODAY}
                    site.ticket(machine, **(mine if task is see_what_needs_me else {}))
                    if task in (look_how_a_signal_went, inspect_a_machine):
                        site.measure(machine, USED, [0.5 + n / 100 for n in range(40)], subject="C:")


@pytest.mark.parametrize(("hand", "language"), HANDS)
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.__name__)
def test_task(served: Served, visit: Open, task: Callable[[Work], None], hand: Hand, language: str) -> None:
    page = visit(language=language, viewport={"width": 1280, "height": 1000}).new_page()
    page.goto("/today/")
    assert page.evaluate("document.documentElement.lang") == language
    task(Work(page, hand, named(task, hand, language), served))
    assert page.evaluate("document.documentElement.lang") == language
