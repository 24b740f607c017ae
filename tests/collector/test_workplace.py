"""My workplace: who comes in, what they see, and what becomes of an objection."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from keuring.signals.catalogue import BY_ID
from tests.collector.console_fixtures import MODEL, USED, words
from tests.collector.django_database import set_up_django
from tests.collector.oidc_provider import OidcProvider

if TYPE_CHECKING:
    from django.test import Client

    from keuring_collector.fleet.models import Endpoint
    from tests.collector.console_fixtures import Site

set_up_django()
only_sqlite = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def fresh() -> None:
    from keuring_collector.console.views import workplace

    workplace.ASKED.clear()
    workplace.TRIED.clear()


def link_of(site: Site, machine: Endpoint) -> str:
    """The link that waits for a machine, as its agent would take it."""
    from keuring_collector.console import readings
    from keuring_collector.store import notices

    (notice,) = notices.of(readings.store().connection, machine.pk, site.now.timestamp())
    assert notice.titles["nl"] == "Je link naar Mijn werkplek"
    assert notice.link.startswith("http://localhost/workplace/enter/")
    return notice.link.removeprefix("http://localhost")


def enter(site: Site, machine: Endpoint, language: str = "en") -> Client:
    """A browser in which the page of a machine is open."""
    from keuring_collector.service.workplace import entering

    browser = site.client()
    browser.cookies["language"] = language
    secret = entering.make(machine, site.now)
    assert browser.post(f"/workplace/enter/{secret}/")["Location"] == "/workplace/"
    return browser


@only_sqlite
def test_a_link_goes_to_the_machine_alone_and_works_once(site: Site) -> None:
    from keuring_collector.console import readings
    from keuring_collector.store import notices

    machine, other = site.machine("LT-0231"), site.machine("LT-0999")
    stranger = site.client()
    assert stranger.get("/workplace/")["Location"] == "/workplace/door/"
    told = [words(stranger.post("/workplace/door/", {"machine": name})) for name in ("lt-0231", "LT-NONE", "LT-0231")]
    assert told[0].replace("lt-0231", "X") == told[1].replace("LT-NONE", "X")  # nothing tells which machines there are
    assert not notices.of(readings.store().connection, other.pk, site.now.timestamp())
    address = link_of(site, machine)  # one, though it was asked for twice
    assert stranger.get(address).status_code == 200  # what looks ahead uses nothing up
    assert stranger.get("/workplace/").status_code == 302
    browser = site.client()
    assert browser.post(address)["Location"] == "/workplace/"
    assert browser.get("/workplace/").status_code == 200
    assert site.client().post(address).status_code == 404
    for page in ("/", "/machines/", f"/machines/{machine.uuid}/"):
        assert browser.get(page)["Location"].startswith("/sign-in/"), page
    for _attempt in range(2):
        assert site.client().post("/workplace/door/", {"machine": "LT-NONE"}).status_code == 200
    assert site.client().post("/workplace/door/", {"machine": "LT-NONE"}).status_code == 429
    browser.post("/workplace/leave/")
    assert browser.get("/workplace/").status_code == 302


@only_sqlite
def test_a_link_ends_with_its_time_and_with_the_machine(site: Site) -> None:
    from keuring_collector.service.workplace import entering

    machine = site.machine()
    secret = entering.make(machine, site.now)
    assert entering.redeem(secret, site.now + timedelta(hours=3)) is None
    browser = enter(site, machine)
    machine.state = "revoked"
    machine.save()
    assert browser.get("/workplace/").status_code == 302


@only_sqlite
def test_the_provider_lets_a_colleague_in_by_a_verified_address(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.desk.models import Staff
    from tests.collector.test_oidc import configure, sign_in

    site.machine("LT-0231")
    site.machine("LT-0232")
    site.machine("LT-OTHER", colleague=site.colleague("Jan Jansen"))
    provider = OidcProvider()
    try:
        configure(monkeypatch, provider)
        provider.person = {"sub": "p-9", "email": "Sanne.de.Vries@example.org", "email_verified": True, "groups": []}
        browser, response = sign_in(site)  # by the desk's own door: no role there
        assert response["Location"] == "/workplace/"
        text = words(browser.get("/workplace/"))
        assert "Hello Sanne" in text
        assert "LT-0231" in text
        assert "LT-0232" in text
        assert "LT-OTHER" not in text
        assert not Staff.objects.exists()
        provider.person["email_verified"] = False
        _browser, response = sign_in(site, "/workplace/")
        assert response.status_code == 403
        assert "no machine is known to be yours" in words(response)
        provider.person |= {"email_verified": True, "groups": ["desk"]}  # on the desk, and here for their own machine
        browser, response = sign_in(site, "/workplace/")
        assert response["Location"] == "/workplace/"
        assert browser.get("/machines/").status_code == 302
    finally:
        provider.close()


@only_sqlite
def test_the_page_tells_what_is_kept_and_why_and_who_looked(site: Site) -> None:
    from keuring_collector.desk import actions, audit

    machine, other = site.machine(), site.machine("LT-0999", colleague=site.colleague("Jan Jansen"))
    site.measure(machine, USED, [0.5, 0.6] * 8, subject="C:")
    site.fact(machine, MODEL, "Notitie 14")
    ticket = site.ticket(machine)
    noor = site.staff("noor", first_name="Noor", last_name="van der Loop", role="desk")
    actions.note(ticket.pk, actor=noor, now=site.now, text="Vindt ze lastig.")
    report = site.inspection(machine)
    desk = site.client(noor)
    assert desk.get(f"/machines/{machine.uuid}/").status_code == 200
    assert desk.get(f"/machines/{other.uuid}/").status_code == 200
    audit.flush()
    browser = enter(site, machine)
    text = words(browser.get("/workplace/"))
    assert "Volume C: of LT-0231 will be full" in text
    assert "We know of it, and will tell you what we do." in text
    assert "Noor van der Loop (desk) your machine 1" in text
    assert re.search(r"\b\d\d:\d\d\b", text) is None  # a day, never an hour
    assert "keuring-agent pause" in text
    for hidden in ("Vindt ze lastig", "LT-0999"):
        assert hidden not in text
    stored = words(browser.get(f"/workplace/stored/{machine.uuid}/"))
    assert "Notitie 14" in stored
    assert BY_ID[MODEL].purpose in stored
    assert "90 days" in stored
    assert "could tell when you work" in stored
    assert browser.get(f"/workplace/stored/{other.uuid}/").status_code == 404
    document = browser.get(f"/workplace/report/{report.number}/")
    assert document.content[:5] == b"%PDF-"
    site.measure(other, USED, [0.5], subject="C:")
    assert browser.get(f"/workplace/report/{site.inspection(other).number}/").status_code == 404
    dutch = words(enter(site, machine, "nl").get(f"/workplace/stored/{machine.uuid}/"))
    assert BY_ID[MODEL].purpose not in dutch
    assert "kan zeggen wanneer je werkt" in dutch


@only_sqlite
@pytest.mark.usefixtures("on_trial")
def test_the_page_tells_what_is_coming_tips_and_asks_how_they_feel(site: Site) -> None:
    from keuring_collector.desk.models import AuditEntry
    from keuring_collector.service.models import MoodCount, MoodLine, MoodLinkUsed, TipOffer
    from keuring_collector.service.workplace import objecting, whose
    from tests.collector.announcing_kit import announce
    from tests.collector.test_tips import chance

    lead = site.staff("lea", role="team_lead")
    machine = site.machine()
    law = site.department("Law")
    site.machine("LT-LAW", colleague=site.colleague("Jan Jansen", department=law))
    for title, department in (("Nieuwe kantoorpakketten", machine.department), ("Verhuizing", law)):
        texts = {("title", "en"): title, ("must", "en"): "Save **everything**."}
        made = announce(site, lead, texts=texts)
        assert department is not None
        type(made).objects.filter(pk=made.pk).update(audience={"departments": [department.pk]})
    restart, trial = chance(site, machine, "uptime_long"), chance(site, machine, "program_behind")
    browser = enter(site, machine)
    response = browser.get("/workplace/")
    text = words(response)
    assert "Nieuwe kantoorpakketten" in text
    assert "<strong>everything</strong>" in response.content.decode()
    assert "Verhuizing" not in text  # of another department's machines
    assert "A restart helps" in text
    assert f'name="tip" value="{restart.pk}"' in response.content.decode()
    assert f'name="tip" value="{trial.pk}"' not in response.content.decode()  # a rule on trial is counted only
    # Not for me.
    strange = chance(site, site.machine("LT-2", colleague=site.colleague("Els Elders")), "uptime_long")
    for wrong in (str(strange.pk), "x", ""):
        assert browser.post("/workplace/tip/", {"tip": wrong}).status_code == 404
    assert browser.post("/workplace/tip/", {"tip": restart.pk}).status_code == 302
    offer = TipOffer.objects.get()
    assert (offer.endpoint, offer.outcome, offer.way, offer.by) == (machine, "aside", "page", None)
    assert "A restart helps" not in words(browser.get("/workplace/"))
    # How I feel: once a month, with the department and the month alone.
    assert browser.post("/workplace/mood/", {"mood": "6"}).status_code == 422
    assert not MoodLinkUsed.objects.exists()
    said = {"mood": "2", "mood_line": "Sanne de Vries says LT-0231 is slow"}
    assert browser.post("/workplace/mood/", said).status_code == 302
    assert enter(site, machine).post("/workplace/mood/", {"mood": "5"}).status_code == 409
    assert list(MoodCount.objects.values_list("department__name", "source", "value", "count")) == [
        ("Finance", "page", 2, 1)
    ]
    line = MoodLine.objects.get().text
    assert "Sanne" not in line
    assert "LT-0231" not in line
    assert "You answered this month." in words(browser.get("/workplace/"))
    assert not AuditEntry.objects.filter(action__contains="mood").exists()
    # Who objected to being judged is given no tips either.
    chance(site, machine, "wifi_weak")
    assert "Tips for you" in words(browser.get("/workplace/"))
    objecting.make(whose.of_machine(machine), machine, "", site.now)
    assert "Tips for you" not in words(browser.get("/workplace/"))


@only_sqlite
def test_an_objection_lets_judging_rest_until_it_is_answered(site: Site) -> None:
    from keuring_collector.console import readings
    from keuring_collector.desk import actions, quiet, scope
    from keuring_collector.desk.acting import NotPossible
    from keuring_collector.desk.inspection import issuing
    from keuring_collector.desk.models import AuditEntry, Outgoing, Quiet, Ticket
    from keuring_collector.service.models import Objection
    from keuring_collector.service.workplace import objecting
    from keuring_collector.store import holds
    from tests.collector.test_waiting import begin

    machine = site.machine()
    privacy = site.staff("priya", role="privacy_officer")
    cas = site.staff("cas", role="desk")
    desk = site.client(cas)
    planned = site.ticket(machine, state="planned", planned_for=site.today, owner=cas, touched=True)
    gone = site.ticket(machine, cause="battery-wear")
    others = site.ticket(site.machine("LT-9", colleague=site.colleague("Jan")))

    def held(cause: str = "volume-space") -> str:
        """What keeps a finding of the machine from becoming a ticket, as the write path asks it."""
        later = site.now.timestamp() + 60
        found = holds.load(readings.store().connection, later)
        assert found is not None
        hold = found.line(machine.pk, "some rule", cause, later, later)
        return hold.why if hold else ""

    begin()
    assert held() == ""
    assert machine in issuing.due(site.now)
    browser = enter(site, machine)
    assert browser.post("/workplace/object/", {"machine": "999"}).status_code == 422
    browser.post("/workplace/object/", {"machine": machine.pk, "reason": "Ik wil dit niet."})
    assert browser.post("/workplace/object/", {"machine": machine.pk}).status_code == 422  # one at a time
    objection = Objection.objects.get()
    assert objection.answer_by == objecting.term(site.today)
    assert held() == "objection"
    assert machine not in issuing.due(site.now)
    for language, told in (("nl", "Bezwaar van de collega"), ("en", "Objection of the colleague")):
        reader = site.client(site.staff(f"reader-{language}", language=language))
        assert told in words(reader.get("/quiet/"))
    # The tickets that are open rest: nobody works on them or sees them but who answers the objection.
    assert set(machine.tickets.values_list("state", flat=True)) == {"resting"}
    assert [each.pk for each in scope.tickets(cas)] == [others.pk]
    assert [desk.get(f"/tickets/{each.pk}/").status_code for each in (planned, gone, others)] == [404, 404, 200]
    assert desk.post(f"/tickets/{planned.pk}/take/").status_code == 404
    with pytest.raises(NotPossible, match=r"objected|bezwaar"):
        actions.take(planned.pk, actor=privacy, now=site.now)
    assert "you objected" in words(browser.get("/workplace/"))
    gone.lines.update(active=False)  # what clears meanwhile is written down, as ever
    with pytest.raises(NotPossible):
        quiet.end(Quiet.objects.get().pk, actor=privacy, now=site.now)
    assert desk.get("/objections/").status_code == 403
    officer = site.client(privacy)
    assert "Ik wil dit niet." in words(officer.get("/objections/"))
    assert f"#{planned.pk}" in words(officer.get("/objections/"))
    assert officer.get(f"/tickets/{planned.pk}/").status_code == 200
    page = f"/objections/{objection.pk}/"
    assert officer.post(page, {"decision": "refuse", "answer": ""}).status_code == 422
    assert officer.post(page, {"answer": "Nee."}).status_code == 422
    assert officer.post(page, {"decision": "refuse", "answer": "Weighed: repairs need it."}).status_code == 302
    assert held() == ""
    planned.refresh_from_db()
    assert (planned.state, planned.planned_for, planned.owner) == ("planned", site.today, cas)
    assert [each.kind for each in planned.history.all()][-2:] == ["rested", "went_on"]
    gone.refresh_from_db()
    assert (gone.state, gone.verdict) == ("resolved", "")  # its cause went away, and nobody had touched it
    assert Outgoing.objects.get().body.endswith("Het ticket erover dat rustte, gaat verder.")
    text = words(browser.get("/workplace/"))
    assert "Weighed: repairs need it." in text
    assert "refused" in text
    assert Outgoing.objects.get().to == "sanne.de.vries@example.org"
    assert set(AuditEntry.objects.filter(action__startswith="objection").values_list("actor", "action")) == {
        ("", "objection.made"), ("priya", "objection.answered"),
    }  # fmt: skip
    browser.post("/workplace/object/", {"machine": machine.pk, "reason": "Nog eens."})
    again = Objection.objects.exclude(pk=objection.pk).get()
    objecting.answer(again, uphold=True, text="Granted.", actor=privacy, now=site.now)
    assert held() == "objection"
    planned.refresh_from_db()
    assert (planned.state, planned.verdict, planned.closed_at) == ("dismissed", "", site.now)
    late = site.ticket(machine, cause="disk-life")  # opened by a collector that did not know yet
    objecting.keep_resting(site.now)
    late.refresh_from_db()
    assert late.state == "dismissed"
    assert Ticket.objects.get(pk=others.pk).state == "new"
    assert objecting.keep_resting(site.now + timedelta(days=200)) == 1  # it does not end by itself
    with pytest.raises(objecting.ObjectionError):
        objecting.answer(again, uphold=False, text="No.", actor=privacy, now=site.now)


def test_a_month_is_counted_by_the_calendar() -> None:
    from datetime import date

    from keuring_collector.service.workplace.objecting import term

    assert term(date(2026, 11, 26)) == date(2026, 12, 26)
    assert term(date(2026, 12, 31)) == date(2027, 1, 31)
    assert term(date(2027, 1, 31)) == date(2027, 2, 28)
