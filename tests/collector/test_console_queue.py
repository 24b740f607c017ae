"""The queue: what is in it, in which order, how it is narrowed down, and that it never asks the database more."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import words

if TYPE_CHECKING:
    from django.test import Client

    from tests.collector.console_fixtures import Site

# One test tours the queue on both databases; what is asked of the database is the same throughout.
sqlite_only = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def rows(response: Any) -> list[int]:
    return [int(pk) for pk in re.findall(r'<a href="/tickets/(\d+)/">', response.content.decode())]


def groups(response: Any) -> list[tuple[str, int]]:
    found = re.findall(r'<th colspan="6" scope="rowgroup">([^<]+)<span>(\d+)</span>', response.content.decode())
    return [(name, int(count)) for name, count in found]


@pytest.fixture
def browser(site: Site) -> Client:
    return site.client(site.staff())


def test_a_row_says_all_that_is_needed_to_choose(site: Site, browser: Client) -> None:
    ticket = site.ticket(site.machine(simulated=True), days=20)
    response = browser.get("/")
    text = words(response)
    assert response.status_code == 200
    for part in (
        "Volume C: of LT-0231",
        "Sanne de Vries",
        "Finance",
        "disk space",
        "The workplace",
        "soon",
        "5 d",
        "simulated",
    ):
        assert part in text, part
    assert re.search(r"in \d+ (days|weeks)", text)
    assert '<span class="plate">LT-0231</span>' in response.content.decode()
    assert '<svg class="interval"' in response.content.decode()
    assert rows(response) == [ticket.pk]
    assert groups(response)[0][1] == 1


@sqlite_only
def test_groups_follow_when(site: Site, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.console import fitting, listing
    from keuring_collector.desk import counting

    # A Wednesday in the middle of a month, so that week and month have room on both sides.
    now = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)
    staff = site.staff("cas")

    def make(name: str, at: datetime | None, severity: int = 3, **fields: Any) -> int:
        ticket = site.ticket(site.machine(name), severity=severity, days=None, **fields)
        type(ticket).objects.filter(pk=ticket.pk).update(expected_at=at)
        return int(ticket.pk)

    expected = {
        fitting.NOW: [make("A1", None, 4), make("A2", now - timedelta(days=2))],
        fitting.WEEK: [make("B1", now + timedelta(days=3), 4), make("B2", now + timedelta(days=1))],
        fitting.MONTH: [make("C1", now + timedelta(days=15))],
        fitting.LATER: [make("D1", now + timedelta(days=40))],
        fitting.UNDATED: [make("E1", None, 2)],
        fitting.PLANNED: [
            make("F1", now, state="planned", planned_for=date(2026, 3, 11)),
            make("F2", now, 4, state="planned", planned_for=date(2026, 3, 12)),
        ],
        fitting.SNOOZED: [make("G1", now, state="snoozed", snoozed_until=now + timedelta(days=3))],
    }
    make("Z1", now, state="resolved", closed_at=now)
    page = listing.page(listing.Choices(), staff, now)
    found = {group.title: [ticket.pk for ticket in group.tickets] for group in page.groups}
    assert found == {str(listing.GROUPS[number]): pks for number, pks in expected.items()}
    assert page.count == 10
    assert page.by_severity == {4: 3, 3: 6, 2: 1}

    # A long list is read in parts, and they give what the whole would: on each page, in each order.
    monkeypatch.setattr(listing, "PAGE", 3)
    for sort in listing.SORTS:
        for more in ({}, {"severity": (4, 3)}, {"state": "new"}, {"state": "planned"}, {"q": "1", "severity": (4, 3)}):
            choices = listing.Choices(sort=sort, **more)
            whole = [ticket.pk for ticket in listing.whole(choices, staff, now)]
            for most in (1000, 5, 1):
                monkeypatch.setattr(listing, "MOST", most)
                counting.forget()
                pages = [listing.page(replace(choices, page=number), staff, now) for number in range(1, 6)]
                read = [[ticket.pk for ticket in each.tickets] for each in pages[: pages[0].pages]]
                assert read == [whole[first : first + 3] for first in range(0, len(whole), 3)], (choices, most)
    # Counts may be a minute old: what came since then still stands on the first page.
    assert listing.page(listing.Choices(), staff, now).tickets[0].pk == expected[fitting.NOW][0]
    first = make("A0", now - timedelta(days=9), 4)
    assert listing.page(listing.Choices(), staff, now).tickets[0].pk == first


@sqlite_only
def test_each_filter_narrows_and_stays_in_the_address(site: Site, browser: Client) -> None:
    from keuring_collector.desk.models import Staff

    noor, sales = Staff.objects.get(username="noor"), site.department("Sales")
    jan = site.colleague("Jan Jansen", department=sales)
    first = site.ticket(site.machine("LT-1", simulated=True), severity=4, owner=noor)
    second = site.ticket(site.machine("LT-2", colleague=jan), severity=2, cause="battery-wear", subject="BAT0")
    planned = site.ticket(site.machine("LT-3"), severity=3, state="planned", planned_for=site.today + timedelta(days=2))
    closed = site.ticket(site.machine("LT-4"), state="resolved", closed_at=site.now)
    cases = {
        "": {first.pk, second.pk, planned.pk},
        "?state=closed": {closed.pk},
        "?state=planned": {planned.pk},
        "?state=new": {first.pk, second.pk},
        "?severity=4&severity=2": {first.pk, second.pk},
        f"?department={sales.pk}": {second.pk},
        "?cause=battery-wear": {second.pk},
        "?owner=me": {first.pk},
        "?owner=nobody": {second.pk, planned.pk},
        f"?owner={noor.pk}": {first.pk},
        "?simulated=only": {first.pk},
        "?simulated=hide": {second.pk, planned.pk},
        "?q=lt-2": {second.pk},
        "?q=jansen": {second.pk},
        "?q=bat0": {second.pk},
        "?q=Sales": {second.pk},
        "?q=volume-space": {first.pk, planned.pk},
        "?rule=not-in-the-pack": set(),
        "?state=nonsense&severity=9&department=x&owner=y&page=-3&sort=z": {first.pk, second.pk, planned.pk},
    }
    for query, pks in cases.items():
        response = browser.get("/" + query)
        assert response.status_code == 200, query
        assert set(rows(response)) == pks, query
    # A link on a filtered page keeps the other choices.
    html = browser.get("/?q=lt&severity=4").content.decode()
    assert 'href="?q=lt&amp;severity=4&amp;severity=2"' in html
    assert 'href="?q=lt"' in html
    assert 'href="?state=planned&amp;q=lt&amp;severity=4"' in html


@sqlite_only
def test_sorts(site: Site, browser: Client) -> None:
    a = site.ticket(site.machine("C"), severity=2, days=3, age=1)
    b = site.ticket(site.machine("A"), severity=4, days=30, age=9)
    c = site.ticket(site.machine("B"), severity=3, days=10, age=5)
    site.ticket(site.machine("D"), state="resting")
    assert rows(browser.get("/?sort=severity")) == [b.pk, c.pk, a.pk]
    assert rows(browser.get("/?sort=machine")) == [b.pk, c.pk, a.pk]
    assert rows(browser.get("/?sort=newest")) == [a.pk, c.pk, b.pk]
    assert groups(browser.get("/?sort=newest")) == []


@sqlite_only
def test_fifty_a_page_with_a_bounded_number_of_queries(site: Site, browser: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    site.ticket(site.machine("LT-000"))

    def queries(address: str) -> int:
        browser.get(address)  # the pack and the session are warm
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert browser.get(address).status_code == 200
        return len(captured)

    few = queries("/")
    for number in range(1, 120):
        site.ticket(site.machine(f"LT-{number:03}"), severity=1 + number % 4, days=number)
    assert queries("/") == few
    assert few <= 16
    pages = [rows(browser.get(f"/?page={page}")) for page in (1, 2, 3, 99)]
    assert [len(page) for page in pages] == [50, 50, 20, 20]
    assert len(set(pages[0]) | set(pages[1]) | set(pages[2])) == 120
    assert sum(count for _, count in groups(browser.get("/"))) >= 100


@sqlite_only
def test_the_empty_queue_teaches(site: Site, browser: Client) -> None:
    assert "keuring-collector token" in words(browser.get("/"))
    machine = site.machine()
    assert "no rule sees trouble coming" in words(browser.get("/"))
    site.ticket(machine)
    assert "Nothing fits this choice" in words(browser.get("/?severity=1"))


@sqlite_only
def test_several_tickets_at_once(site: Site, browser: Client) -> None:
    from keuring_collector.desk.models import Ticket

    tickets = [site.ticket(site.machine(f"LT-{number}")) for number in range(3)]
    closed = site.ticket(site.machine("LT-9"), state="resolved", closed_at=site.now)
    chosen = [ticket.pk for ticket in tickets] + [closed.pk, 999999]
    response = browser.post("/tickets/?q=lt", {"ticket": chosen, "action": "take"}, follow=True)
    assert response.redirect_chain[0][0] == "/?q=lt"
    assert "3 tickets changed." in words(response)
    assert "1 ticket was left as it is: This ticket is closed already" in words(response)
    assert set(Ticket.objects.filter(owner__username="noor").values_list("pk", flat=True)) == set(chosen[:3])
    later = (site.today + timedelta(days=9)).isoformat()
    browser.post("/tickets/", {"ticket": chosen[:2], "action": "snooze", "day": later})
    assert Ticket.objects.filter(state="snoozed").count() == 2
    assert "Choose a date." in words(browser.post("/tickets/", {"ticket": chosen[:1], "action": "plan"}, follow=True))
    assert "Nothing was selected" in words(browser.post("/tickets/", {"action": "take"}, follow=True))
    strange = browser.post("/tickets/", {"ticket": chosen[:1], "action": "delete"}, follow=True)
    assert "does not know this action" in words(strange)
