"""One search over everything that somebody may see, and what the command palette offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import words

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.usefixtures("contexts")
SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def test_one_search_finds_every_kind(site: Site) -> None:
    machine = site.machine("LT-0777", colleague=site.colleague("Marieke Schrijver"))
    site.fact(machine, 541, "7.2", "Schrijver 100%_Pro")
    ticket = site.ticket(machine)
    site.ticket(site.machine("WS-1"), state="resolved", closed_at=site.now)
    browser = site.client(site.staff())
    found = browser.get("/search/", {"q": "schrijver"}).context
    assert [each.host_name for each in found["machines"]] == ["LT-0777"]
    assert [each.name for each in found["colleagues"]] == ["Marieke Schrijver"]
    assert [row.ticket.pk for row in found["rows"]] == [ticket.pk]
    assert [hit.text for hit in found["programs"]] == ["Schrijver 100%_Pro"]
    assert browser.get(found["programs"][0].url).status_code == 200
    assert [hit.text for hit in browser.get("/search/", {"q": "100%_p"}).context["programs"]] == ["Schrijver 100%_Pro"]
    assert browser.get("/search/", {"q": "10__"}).context["programs"] == []  # signs are no wildcards
    for number in (str(ticket.pk), f"#{ticket.pk}"):
        assert browser.get("/search/", {"q": number}).context["rows"][0].ticket.pk == ticket.pk
    articles = browser.get("/search/", {"q": "volume-space"}).context["articles"]
    assert [hit.url for hit in articles][:1] == ["/articles/volume-space/"]
    assert "Nothing found" in words(browser.get("/search/", {"q": "zzzz qqxqqxq"}))
    assert "Write two letters or more" in words(browser.get("/search/", {"q": " x\0"}))
    assert "“<b>”" in words(browser.get("/search/", {"q": "<b>"})) or "<b>" not in words(
        browser.get("/search/", {"q": "<b>"})
    )


@SQLITE
def test_open_tickets_are_found_first_and_closed_ones_for_the_room_that_is_left(site: Site) -> None:
    machine = site.machine("LT-0777")
    closed = [site.ticket(machine, cause=f"past-{n}", state="resolved", closed_at=site.now).pk for n in range(3)]
    opened = [site.ticket(machine, cause=f"cause-{n}").pk for n in range(8)]
    browser = site.client(site.staff())

    def found(text: str) -> tuple[list[int], bool]:
        context = browser.get("/search/", {"q": text}).context
        return [row.ticket.pk for row in context["rows"]], context["more_tickets"]

    shown, more = found("lt-07")
    assert more
    assert set(shown[:8]) == set(opened)
    assert set(shown[8:]) < set(closed)
    assert found("past-1") == ([closed[1]], False)
    assert "Tickets 10+" in words(browser.get("/search/", {"q": "lt-07"}))
    number = closed[2]
    assert found(f"#{number}")[0][0] == number


@pytest.mark.parametrize("few", [True, False])
def test_a_search_finds_the_same_whether_few_or_many_fit(
    site: Site, few: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keuring_collector.console import sought
    from keuring_collector.desk.models import TicketLine

    if not few:
        monkeypatch.setattr(sought, "FEW", 0)
        monkeypatch.setattr(sought, "_SUBJECTS", 0)
    zoe = site.machine("LT-100_A", colleague=site.colleague("Zoë Bos", department=site.department("Archief")))
    other = site.machine("LT-2001A", colleague=site.colleague("Piet"))
    opened = site.ticket(zoe, subject="Fotoboek").pk
    past = site.ticket(other, cause="disk-failing", subject="Oud Spel", state="resolved", closed_at=site.now).pk
    TicketLine.objects.filter(ticket=past).update(active=False)
    browser = site.client(site.staff())

    def found(text: str) -> tuple[list[str], list[str], list[int]]:
        told = browser.get("/search/", {"q": text}).context
        people = [each.name for each in told["colleagues"]]
        return [each.host_name for each in told["machines"]], people, [row.ticket.pk for row in told["rows"]]

    assert found("zoë") == (["LT-100_A"], ["Zoë Bos"], [opened])
    assert found("ARCHIEF") == (["LT-100_A"], [], [opened])
    assert found("piet@example") == ([], ["Piet"], [])  # an address leads to the colleague alone
    assert found("0_a") == (["LT-100_A"], [], [opened])  # a sign, and no wildcard
    assert found("fotoBOEK") == ([], [], [opened])
    assert found("oud sp") == ([], [], [past])
    assert found("Disk Failing") == ([], [], [past])
    listed = {text: browser.get("/", {"q": text, "live": "1"}).json()["rows"] for text in ("boek", "oud sp")}
    assert {text: len(rows) for text, rows in listed.items()} == {"boek": 1, "oud sp": 0}


@SQLITE
def test_the_search_ends_at_the_departments_that_somebody_sees(site: Site) -> None:
    sales = site.department("Sales")
    machine = site.machine("LT-0777", colleague=site.colleague("Marieke"))
    site.ticket(machine)
    cas = site.client(site.staff("cas", role="viewer", departments=[sales]))
    for text in ("LT-0777", "Marieke"):
        assert "Nothing found" in words(cas.get("/search/", {"q": text}))
        assert cas.get("/search/suggest/", {"q": text}).json() == {"found": []}


@SQLITE
def test_the_palette_is_offered_machines_and_articles(site: Site) -> None:
    for number in range(9):
        site.machine(f"LT-{number}")
    machine = site.machine("XLT-0")
    browser = site.client(site.staff())
    found = browser.get("/search/suggest/", {"q": "lt-"}).json()["found"]
    assert [each["text"] for each in found if each["kind"] == "machine"] == [f"LT-{number}" for number in range(5)]
    exact = browser.get("/search/suggest/", {"q": "xlt-0"}).json()["found"][0]
    assert exact["url"] == f"/machines/{machine.uuid}/"
    assert exact["about"] == "Sanne de Vries"
    assert browser.get("/search/suggest/", {"q": "x"}).json() == {"found": []}


@SQLITE
def test_search_takes_few_queries_however_much_there_is(site: Site) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    browser = site.client(site.staff())

    def queries() -> int:
        browser.get("/search/", {"q": "LT-"})
        with CaptureQueriesContext(connection) as captured:
            browser.get("/search/", {"q": "LT-"})
        return len(captured)

    site.ticket(site.machine("LT-000"))
    few = queries()
    for number in range(1, 9):
        site.ticket(site.machine(f"LT-{number:03}"))
    assert queries() == few


@SQLITE
def test_lists_tell_their_rows_as_the_page_marks_them(site: Site) -> None:
    import re

    from keuring_collector.desk import actions

    noor = site.staff()
    ticket, other = site.ticket(), site.ticket(site.machine("LT-1"), severity=2)
    browser = site.client(noor)
    actions.take(ticket.pk, actor=noor, now=site.now)
    for address in ("/", "/?severity=2", "/today/"):
        marked = re.findall(r'data-row="([^"]+)"', browser.get(address).content.decode())
        assert marked
        sign = "&" if "?" in address else "?"
        assert browser.get(f"{address}{sign}live=1").json() == {"rows": marked}
    before = browser.get("/?live=1").json()["rows"]
    actions.take(other.pk, actor=noor, now=site.now)
    assert len(set(browser.get("/?live=1").json()["rows"]) - set(before)) == 1
