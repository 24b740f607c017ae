"""The pages of visits and mood: the visitor's week, from a department's places to what became of each stop; who may
see what; the calendar's secret address; and the same for programs.
"""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import icalendar
import pytest

from tests.collector.console_fixtures import words
from tests.collector.test_api import Program
from tests.collector.test_visits import hour, proposed, stop_of, today

if TYPE_CHECKING:
    from django.test import Client

    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
JSON = {"accept": "application/json"}


def key_in(browser: Client) -> str:
    """The calendar's secret, made on the page, where it is shown once."""
    browser.post("/visits/calendar/", {"do": "make"})
    shown = re.search(r"/calendar/([0-9a-f]{16}\.[\w-]+)/mine\.ics", browser.get("/visits/").content.decode())
    assert shown is not None
    assert shown[1] not in browser.get("/visits/").content.decode()
    return shown[1]


def test_a_visitors_week(site: Site) -> None:
    from keuring_collector.desk.models import AuditEntry
    from keuring_collector.service.models import MoodCount, Round, VisitingHour

    cas = site.staff("cas", role="visitor", first_name="Cas")
    browser, finance = site.client(cas), site.department()
    ticket = site.ticket(severity=4)
    site.colleague("Bob Bee")
    assert "Here comes your week of visits" in words(browser.get("/visits/"))
    assert "Visits today" not in words(browser.get("/today/"))
    page = f"/visits/departments/{finance.pk}/"
    for room in ("201", "202"):
        assert browser.post(f"{page}add-place/", {"building": "Main", "floor": "2", "room": room}).status_code == 302
    again = browser.post(f"{page}add-place/", {"building": "Main", "floor": "2", "room": "201"})
    assert again.status_code == 422
    assert "has a place of that name already" in words(again)
    rooms = list(finance.places.all())
    browser.post(f"{page}later/", {"place": rooms[0].pk})
    browser.post(f"{page}seat/", {"colleague": ticket.endpoint.colleague_id, "place": rooms[0].pk})
    fields = {"weekday": today(site).weekday(), "clock": "23:00", "minutes": "45", "first_on": str(today(site))}
    wrong = browser.post(f"{page}make/", {**fields, "clock": ""})
    assert wrong.status_code == 422
    assert 'value="45"' in wrong.content.decode()  # what was typed is not lost
    assert browser.post(f"{page}make/", {**fields, "visitor": cas.pk}).status_code == 302
    text = words(browser.get(page))
    for part in ("23:00", "45 minutes", "Cas", "202 Main, 2", "Sanne de Vries", "Place not known", "Bob Bee"):
        assert part in text, part
    held = VisitingHour.objects.get()
    assert "Propose the round now" in words(browser.get("/visits/"))
    browser.post(f"/visits/hours/{held.pk}/propose/", {"day": str(today(site))})
    found = Round.objects.get()
    assert "2 stops are proposed" in words(browser.get("/visits/"))
    text = words(browser.get("/today/"))
    assert "Visits today" in text
    assert "Have not seen us for long" in text
    address = f"/visits/rounds/{found.pk}/"
    text = words(browser.get(address))
    for part in ("17 of 45 minutes", "Main, 2, 201", "will be full", "What to say", "Just say hello"):
        assert part in text, part
    bob, sanne = stop_of(found, "Bob Bee"), stop_of(found, "Sanne de Vries")
    browser.post(f"{address}earlier/", {"stop": bob.pk})
    html = browser.get(address).content.decode()
    assert html.index("Bob Bee</h2>") < html.index("Sanne de Vries</h2>")
    browser.post(f"{address}start/")
    told = {
        "key": str(uuid.uuid4()), "outcome": "helped", "note": "New disk.", "seen": "0", "mood": "5",
        f"do_{ticket.pk}": "right", "back_on": "", "mood_line": "",
    }  # fmt: skip
    refused = browser.post(f"/visits/stops/{sanne.pk}/", {**told, "mood": "7"})
    assert refused.status_code == 422
    assert "New disk." in refused.content.decode()
    assert "Choose one of the five moods" in words(refused)
    assert browser.post(f"/visits/stops/{sanne.pk}/", told)["Location"] == f"{address}#stop-{sanne.pk}"
    twice = browser.post(f"/visits/stops/{sanne.pk}/", told, headers=JSON)
    assert twice.json() == {"conflicts": [], "again": True}
    assert MoodCount.objects.get().count == 1
    late = browser.post(f"/visits/stops/{sanne.pk}/", {**told, "key": str(uuid.uuid4()), "mood": ""}, headers=JSON)
    assert "has noted" in late.json()["conflicts"][0]
    ticket.refresh_from_db()
    assert (ticket.state, ticket.owner) == ("resolved", cas)
    assert "New disk." in words(browser.get(f"/tickets/{ticket.pk}/"))
    assert browser.post(f"{address}undo/", {"stop": sanne.pk}, headers=JSON).status_code == 200
    ticket.refresh_from_db()
    assert ticket.state == "new"
    assert browser.post(f"{address}finish/", headers=JSON).json() == {"conflicts": []}
    assert browser.post(f"{address}earlier/", {"stop": bob.pk}, headers=JSON).status_code == 409
    browser.post(f"/tickets/{ticket.pk}/resolve/", {"verdict": "right", "mood": "2", "mood_line": "Slow"})
    assert set(MoodCount.objects.values_list("source", "value")) == {("visit", 5), ("ticket", 2)}
    text = words(browser.get("/mood/"))
    assert "Nothing to tell yet" in text
    assert "Answers so far this month: < 5" in text
    changed = AuditEntry.objects.filter(action="visits.changed")
    assert [entry.actor for entry in changed] == ["cas"]


def test_moods_on_the_page_and_for_programs(site: Site) -> None:
    from keuring_collector.service.models import MoodCount
    from keuring_collector.service.mood import keeping

    past = site.now.replace(day=1) - timedelta(days=10)
    finance, sales = site.department("Finance"), site.department("Sales")
    for department, values in ((finance, [4, 4, 5, 5, 4]), (sales, [1, 1, 1, 1])):
        for value in values:
            keeping.keep(department, value, f"From {department.name}", MoodCount.Source.VISIT, past)
    everybody, limited = site.staff("noor"), site.staff("cas", role="visitor", departments=[finance])
    # Sales alone would be told by the total, so Finance is left out with it: for everybody alike.
    assert "From Finance" not in words(site.client(everybody).get("/mood/"))
    assert "From Finance" not in words(site.client(limited).get("/mood/"))
    keeping.keep(sales, 1, "", MoodCount.Source.VISIT, past)
    text = words(site.client(everybody).get("/mood/"))
    for part in ("Everybody 2.7 10", "Finance 4.4 5", "Sales 1.0 5", "From Sales"):
        assert part in text, part
    text = words(site.client(limited).get("/mood/"))
    assert "Finance 4.4 5" in text
    assert "Sales" not in text
    assert "Everybody" not in text
    month = str(keeping.month_of(past))
    assert Program(site, limited).get("mood") == [{"month": month, "department": finance.pk, "answers": 5, "mean": 4.4}]
    assert Program(site, everybody).get("mood")[-1] == {
        "month": month, "department": None, "answers": 10, "mean": 2.7,
    }  # fmt: skip


def test_a_calendar_has_a_secret_address_that_can_be_revoked(site: Site) -> None:
    finance, sales = site.department("Finance"), site.department("Sales")
    cas = site.staff("cas", role="visitor", departments=[finance])
    hour(site, visitor=cas)
    hour(site, department=sales)
    browser, calendar = site.client(cas), site.client()
    first = key_in(browser)
    response = calendar.get(f"/calendar/{first}/mine.ics")
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    events = icalendar.Calendar.from_ical(response.content).walk("VEVENT")
    assert len(events) == 27
    assert {str(each["summary"]) for each in events} == {"Visiting hour: Finance"}
    assert calendar.get(f"/calendar/{first}/{finance.pk}.ics").content.count(b"BEGIN:VEVENT") == 27
    assert calendar.get(f"/calendar/{first}/{sales.pk}.ics").status_code == 404  # not theirs to see
    assert calendar.get(f"/calendar/{first}x/mine.ics").status_code == 404
    second = key_in(browser)
    assert calendar.get(f"/calendar/{first}/mine.ics").status_code == 404
    assert calendar.get(f"/calendar/{second}/mine.ics").status_code == 200
    browser.post("/visits/calendar/", {"do": "revoke"})
    assert calendar.get(f"/calendar/{second}/mine.ics").status_code == 404
    third = key_in(browser)
    cas.is_active = False
    cas.save()
    assert calendar.get(f"/calendar/{third}/mine.ics").status_code == 404


def test_rounds_are_of_ones_own_departments_and_for_who_may_act(site: Site) -> None:
    sales = site.department("Sales")
    machine = site.machine("LT-SALES", colleague=site.colleague("Jan Jansen", department=sales))
    site.ticket(machine)
    found = proposed(site, hour(site, department=sales))
    stop = stop_of(found, "Jan Jansen")
    limited = site.client(site.staff("cas", role="visitor", departments=[site.department("Finance")]))
    assert "Sales" not in words(limited.get("/visits/"))
    for address in (f"/visits/rounds/{found.pk}/", f"/visits/departments/{sales.pk}/"):
        assert limited.get(address).status_code == 404
    for address in (
        f"/visits/stops/{stop.pk}/", f"/visits/rounds/{found.pk}/start/", f"/visits/departments/{sales.pk}/add-place/",
        f"/visits/hours/{found.hour_id}/propose/",
    ):  # fmt: skip
        assert limited.post(address, {"outcome": "helped", "key": str(uuid.uuid4())}).status_code == 404
    limited.post("/visits/holidays/", {"day": str(today(site)), "reason": "Feast"})
    assert "You see only some departments" in words(limited.get("/visits/"))
    viewer = site.client(site.staff("vera", role="viewer"))
    html = viewer.get(f"/visits/rounds/{found.pk}/").content.decode()
    assert "data-queue" not in html
    assert "Jan Jansen" in html
    everybody = site.client(site.staff("noor"))
    everybody.post("/visits/holidays/", {"day": str(today(site)), "reason": "Feast"})
    assert "not this time: Feast" in words(everybody.get("/visits/"))


def test_programs_walk_a_round_too(site: Site) -> None:
    ticket = site.ticket()
    found = proposed(site, hour(site))
    program = Program(site, site.staff("cas", role="visitor"))
    listed = program.get("visits/rounds", day=str(found.day))
    assert [(each["id"], each["state"]) for each in listed] == [(found.pk, "proposed")]
    stop = program.get(f"visits/rounds/{found.pk}")["stops"][0]
    assert (stop["colleague"], stop["topics"][0]["ticket"], stop["version"]) == ("Sanne de Vries", ticket.pk, 0)
    body: dict[str, Any] = {
        "key": str(uuid.uuid4()), "outcome": "helped", "note": "Done", "seen": 0,
        "work": [{"ticket": ticket.pk, "do": "right"}],
    }  # fmt: skip
    path = f"visits/stops/{stop['id']}/outcome"
    assert program.post(path, **body) == {"conflicts": [], "again": False}
    assert program.post(path, **body) == {"conflicts": [], "again": True}
    other = program.post(path, **{**body, "key": str(uuid.uuid4())})
    assert len(other["conflicts"]) == 2
    assert program.post(path, 422, **{**body, "key": str(uuid.uuid4()), "outcome": "back"})["status"] == 422
    assert program.get("visits/seen")[0]["last_seen"] == str(found.day)
    program.get("visits/rounds/99999", 404)


def test_each_verdict_on_a_round_is_a_sentence_in_dutch(site: Site) -> None:
    site.ticket(site.machine("LT-0012", colleague=site.colleague("Jan Bakker")), severity=4)
    found = proposed(site, hour(site))
    page = site.client(site.staff(language="nl")).get(f"/visits/rounds/{found.pk}/")
    told = re.findall(r"<option value=\"[a-z_]+\">(opgelost; [^<]+)</option>", page.content.decode())
    assert told == [f"opgelost; oordeel: {name}" for name in ("klopte", "te vroeg", "klopte niet", "al bekend")]
