"""The console's part of a ticket's life: bulk actions, undoing, files, saved views, and the page of today."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.collector.console_fixtures import MODEL, words

if TYPE_CHECKING:
    from django.test import Client

    from keuring_collector.desk.models import Staff
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture
def noor(site: Site) -> Staff:
    return site.staff(first_name="Noor")


@pytest.fixture
def browser(site: Site, noor: Staff) -> Client:
    return site.client(noor)


def fresh(ticket: Any) -> Any:
    return type(ticket).objects.get(pk=ticket.pk)


def step(response: Any) -> str:
    found = re.search(r'name="step" value="([0-9a-f-]{36})"', response.content.decode())
    assert found
    return found[1]


def boxes(response: Any) -> list[str]:
    return re.findall(r'name="ticket" value="([^"]+)"', response.content.decode())


def test_several_are_given_closed_and_taken_back(site: Site, browser: Client) -> None:
    from keuring_collector.desk.models import Ticket

    cas = site.staff("cas", first_name="Cas")
    tickets = [site.ticket(site.machine(f"LT-{number}")) for number in range(3)]
    chosen = boxes(browser.get("/"))
    assert len(chosen) == 3
    given = browser.post("/tickets/", {"ticket": chosen, "action": "assign", "to": cas.pk}, follow=True)
    assert "3 tickets changed." in words(given)
    assert Ticket.objects.filter(owner=cas).count() == 3
    undone = browser.post("/undo/", {"step": step(given), "next": "/?q=lt"}, follow=True)
    assert undone.redirect_chain[0][0] == "/?q=lt"
    assert "Undone: 3 tickets are as they were." in words(undone)
    assert Ticket.objects.filter(owner=None).count() == 3
    wrong = {"ticket": chosen, "action": "dismiss", "verdict": "wrong"}
    assert "Write down why" in words(browser.post("/tickets/", wrong, follow=True))
    browser.post("/tickets/", {**wrong, "reason": "A test machine."})
    assert {fresh(ticket).dismissal_reason for ticket in tickets} == {"A test machine."}
    assert "does not know" in words(browser.post("/undo/", {"step": "x", "next": "//evil.example"}, follow=True))


def test_a_row_that_changed_since_it_was_shown_is_left_alone(site: Site, browser: Client) -> None:
    from keuring_collector.desk.models import Ticket

    first, second = site.ticket(site.machine("LT-1")), site.ticket(site.machine("LT-2"))
    chosen = boxes(browser.get("/"))
    Ticket.objects.filter(pk=first.pk).update(state="planned", planned_for=site.today)
    resolve = {"ticket": chosen, "action": "resolve", "verdict": "right"}
    felt = browser.post("/tickets/", {**resolve, "mood": "4"}, follow=True)  # whose would it be?
    assert "Nothing was changed. How somebody felt belongs to one ticket" in words(felt)
    assert fresh(second).state == "new"
    response = browser.post("/tickets/", resolve, follow=True)
    assert "1 ticket changed. Nobody's mood was noted" in words(response)
    assert "1 ticket was left as it is: Somebody else" in words(response)
    assert [fresh(first).state, fresh(second).state] == ["planned", "resolved"]


def test_files_are_saved_and_never_run(site: Site, browser: Client) -> None:
    ticket = site.ticket()
    page = f"/tickets/{ticket.pk}/"
    added = browser.post(f"{page}attach/", {"file": SimpleUploadedFile("log.txt", b"<script>1</script>")}, follow=True)
    assert "File added." in words(added)
    assert "Noor added the file log.txt" in words(added)
    address = re.search(rf'href="({page}files/\d+/)"', added.content.decode())
    assert address
    served = browser.get(address[1])
    assert served.content == b"<script>1</script>"
    assert served["Content-Disposition"] == 'attachment; filename="log.txt"'
    assert served["Content-Type"] == "text/plain"
    assert served["X-Content-Type-Options"] == "nosniff"
    assert served["Content-Security-Policy"] == "default-src 'none'; sandbox"
    other = site.ticket(site.machine("LT-2"))
    assert browser.get(address[1].replace(page, f"/tickets/{other.pk}/")).status_code == 404
    large = browser.post(f"{page}attach/", {"file": SimpleUploadedFile("a.log", b"x" * (12 * 2**20))})
    assert large.status_code == 422
    assert "larger than 5 MB" in words(large)
    file = ticket.attachments.get()
    browser.post(f"{page}remove-file/", {"file": file.pk})
    assert browser.get(address[1]).status_code == 404


def test_the_ticket_page_gives_links_merges_and_snoozes_findings(site: Site, browser: Client) -> None:
    from keuring_collector.desk.models import TicketLine

    cas, machine = site.staff("cas", first_name="Cas"), site.machine()
    ticket, other = site.ticket(machine), site.ticket(machine, cause="battery-wear", subject="BAT0")
    line = TicketLine.objects.create(
        ticket=ticket, rule="gone", subject="D:", severity=4, since=site.now, judged_at=site.now
    )
    page, day = f"/tickets/{ticket.pk}/", (site.today + timedelta(days=4)).isoformat()
    assert "Snooze this finding alone" in words(browser.get(page))
    snoozed = browser.post(f"{page}snooze-line/", {"line": line.pk, "until": day}, follow=True)
    assert "This finding is snoozed; the others go on." in words(snoozed)
    assert "snoozed until" in words(snoozed)
    assert fresh(ticket).severity == 3
    browser.post("/undo/", {"step": step(snoozed)})
    assert fresh(ticket).severity == 4
    assert "Noor gave the ticket to cas" in words(browser.post(f"{page}assign/", {"to": cas.pk}, follow=True))
    assert "Noor let go of the ticket" in words(browser.post(f"{page}release/", follow=True))
    link = {"number": "M2611 042", "url": "https://itsm.example.org/42"}
    linked = browser.post(f"{page}link/", link, follow=True).content.decode()
    assert '<a href="https://itsm.example.org/42" rel="noreferrer noopener">M2611 042</a>' in linked
    refused = browser.post(f"{page}link/", {"number": "7", "url": "javascript:alert(1)"})
    assert refused.status_code == 422
    assert "beginning with https://" in words(refused)
    merged = browser.post(f"{page}merge/", {"into": other.pk}, follow=True)
    assert "This ticket was merged" in words(merged)
    assert f"To ticket {other.pk}" in words(merged)
    assert other.lines.count() == 3


def test_similar_tickets_say_what_they_share_and_what_helped(site: Site, browser: Client, noor: Staff) -> None:
    from keuring_collector.desk import actions

    machine, same, unlike = site.machine(), site.machine("LT-SAME"), site.machine("LT-UNLIKE")
    for each, model in ((machine, "Notitie 14"), (same, "Notitie 14"), (unlike, "Toren 3")):
        site.fact(each, MODEL, model)
    site.ticket(unlike, rule="other")
    helped = site.ticket(same)
    actions.resolve(helped.pk, actor=noor, now=site.now, verdict="right", text="Emptied the cache.")
    text = words(browser.get(f"/tickets/{site.ticket(machine).pk}/"))
    similar = text[text.index("Similar tickets") :]
    assert similar.index("LT-SAME") < similar.index("LT-UNLIKE")
    assert "resolved right same rule Notitie 14 Helped: Emptied the cache." in similar


def test_views_of_the_queue_are_kept_per_person(site: Site, browser: Client) -> None:
    site.ticket(severity=4)
    assert "Keep this view" not in words(browser.get("/"))
    kept = browser.post("/views/", {"name": " My  urgent ", "query": "severity=4&owner=nobody&evil=1"}, follow=True)
    assert "This view is kept" in words(kept)
    html = browser.get("/").content.decode()
    assert '<a class="chip" href="?owner=nobody&amp;severity=4">My urgent</a>' in html
    assert "My urgent" not in site.client(site.staff("cas")).get("/").content.decode()
    assert "at most 40" in words(browser.post("/views/", {"name": "x" * 41, "query": "severity=4"}, follow=True))
    for number in range(12):
        last = browser.post("/views/", {"name": f"V{number}", "query": "severity=4"}, follow=True)
    assert "twelve views" in words(last)
    forget = re.search(r'name="forget" value="(\d+)"', browser.get("/?owner=nobody&severity=4").content.decode())
    assert forget
    browser.post("/views/", {"forget": forget[1], "query": ""})
    assert "My urgent" not in words(browser.get("/"))


def test_today_shows_what_needs_me(site: Site, browser: Client, noor: Staff) -> None:
    from keuring_collector.desk import actions

    assert "Nothing needs you right now" in words(browser.get("/today/"))
    cas, today = site.staff("cas", first_name="Cas"), site.today
    due = site.ticket(site.machine("LT-DUE"), owner=noor, state="planned", planned_for=today - timedelta(days=1))
    mine = site.ticket(site.machine("LT-MINE"), owner=noor)
    site.ticket(site.machine("LT-CAS"), owner=cas, severity=4)
    site.ticket(site.machine("LT-URGENT"), severity=4)
    worse, back = site.ticket(site.machine("LT-WORSE")), site.ticket(site.machine("LT-BACK"))
    worse.history.create(at=site.now - timedelta(days=1), kind="worsened", detail={"from": 2, "to": 3})
    back.history.create(at=site.now - timedelta(days=1), kind="woke")
    old = site.ticket(site.machine("LT-OLD"))
    old.history.create(at=site.now - timedelta(days=9), kind="woke")
    actions.note(mine.pk, actor=cas, now=site.now, text="@noor, kijk je even?")
    text = words(browser.get("/today/"))
    order = ["For you", "Cas mentioned you", "kijk je even?", "Visits that are due", "LT-DUE", "Became more urgent"]
    order += ["LT-WORSE", "Back from snooze", "LT-BACK", "Urgent, and nobody's", "LT-URGENT", "Yours", "LT-MINE"]
    places = [text.rindex(part) if part == "LT-MINE" else text.index(part) for part in order]
    assert places == sorted(places)
    assert "LT-CAS" not in text
    assert "LT-OLD" not in text
    assert text.count(due.endpoint.host_name) == 1
    browser.get(f"/tickets/{mine.pk}/")  # seen by opening it
    assert "For you" not in words(browser.get("/today/"))
    actions.note(mine.pk, actor=cas, now=site.now, text="@noor?")
    notice = re.search(r'name="notice" value="(\d+)"', browser.get("/today/").content.decode())
    assert notice
    site.client(cas).post("/today/seen/", {"notice": notice[1]})  # somebody else's stays
    assert "For you" in words(browser.get("/today/"))
    browser.post("/today/seen/", {"notice": notice[1]})
    assert "For you" not in words(browser.get("/today/"))
