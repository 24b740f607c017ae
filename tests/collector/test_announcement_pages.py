"""The pages of announcements and promises: writing, publishing, reading with and without signing in, feed and API."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from tests.collector.announcing_kit import announce, content, mails, store, tell, today
from tests.collector.console_fixtures import MODEL, words
from tests.collector.test_api import Program

if TYPE_CHECKING:
    from keuring_collector.store import Store
    from tests.collector.console_fixtures import Site

__all__ = ["store"]  # the fixture
pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def public(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The organisation lets colleagues read without signing in."""
    from django.conf import settings

    from keuring_collector.console.views import news

    news.COUNTED.clear()
    monkeypatch.setattr(settings, "KEURING", settings.KEURING.model_copy(update={"public_pages": True}))


def typed(site: Site, **fields: Any) -> dict[str, Any]:
    from keuring_collector.console import announcement_form

    found = {**announcement_form.fresh(today(site)), "starts_on": today(site, 10).isoformat()}
    found = {name: value for name, value in found.items() if value is not False}
    return {
        **found, "title_en": "New docks", "means_en": "One **cable**.", "title_nl": "Nieuwe docks",
        "means_nl": "Eén kabel.", "do": "keep", **fields,
    }  # fmt: skip


def test_one_is_written_previewed_published_changed_and_withdrawn(site: Site, store: Store) -> None:
    from keuring_collector.desk.models import AuditEntry

    cas = site.client(site.staff("cas", role="desk", first_name="Cas"))
    noor = site.client(site.staff("noor", role="team_lead"))
    for number in range(6):
        machine = site.machine(f"LT-{number}", colleague=site.colleague(f"Collega {number}"))
        site.fact(machine, MODEL, "Notitie 14")
    other = site.machine("WS-9", colleague=site.colleague("Jan"))
    site.fact(other, MODEL, "Kistje")
    fields = typed(site, fact_0="keuring.hardware.model", operator_0="in", values_0="Notitie 14; Notitie 15")
    shown = words(cas.post("/announcements/new/", {**fields, "do": "preview"}))
    for told in ("6 machines, 6 colleagues", "LT-3", "Model is Notitie 14 or Notitie 15", "Nothing is kept yet"):
        assert told in shown, told
    assert "WS-9" not in shown
    few = words(cas.post("/announcements/new/", {**fields, "values_0": "Kistje", "title_nl": "", "do": "preview"}))
    assert "1 machine, fewer than five colleagues" in few
    none = words(cas.post("/announcements/new/", {**fields, "values_0": "Notitie14", "do": "preview"}))
    assert "0 machines, no colleague" in none
    assert "Machines say of “Model”: Notitie 14; Kistje" in none
    wrong = cas.post("/announcements/new/", {**fields, "starts_on": "soon"})
    assert (wrong.status_code, "Choose a date" in words(wrong)) == (422, True)
    assert "One **cable**." in wrong.content.decode()  # what was typed is not lost
    made = cas.post("/announcements/new/", fields)
    page = made["Location"]
    assert "Kept as a draft: nobody has been told yet." in words(cas.get(page))
    assert "A team lead or a specialist publishes it." in words(cas.get(page))
    assert tell(site, store, 0.5) == 0
    assert cas.post(f"{page}publish/").status_code == 403
    viewer = site.client(site.staff("vera", role="viewer"))
    assert viewer.get(page).status_code == 404
    assert "New docks" not in words(viewer.get("/announcements/"))
    assert noor.post(f"{page}publish/").status_code == 302
    assert noor.post(f"{page}publish/").status_code == 422
    assert tell(site, store, 0.5) == 12
    read = viewer.get(page)
    assert "<strong>cable</strong>" in read.content.decode()
    for told in (
        "There is nothing you need to do.",
        "by mail : 6 told",
        "published",
        "6 machines",
        "date of an announ",
    ):
        assert told.replace(" :", ":") in words(read).replace(" :", ":"), told
    assert "changed on" not in words(read)
    assert cas.get(f"{page}edit/").status_code == 403
    form = noor.get(f"{page}edit/").content.decode()
    seen = re.search(r'name="seen" value="(\d+)"', form)
    assert seen is not None
    assert "Notitie 14; Notitie 15" in form
    moved = {**fields, "seen": seen[1], "starts_on": today(site, 30).isoformat()}
    refused = noor.post(f"{page}edit/", moved)
    assert (refused.status_code, "The date changes: say why" in words(refused)) == (422, True)
    assert noor.post(f"{page}edit/", {**moved, "note": "The supplier is late"}).status_code == 302
    assert "Somebody else changed" in words(noor.post(f"{page}edit/", {**moved, "note": "x"}))
    text = words(viewer.get(page))
    assert "changed on" in text
    assert "when: it was “on" in text
    assert "The supplier is late" in text
    text = words(viewer.get(f"{page}versions/"))
    for told in ("Version 3", "Cas", "added: on", "gone: on", "The supplier is late"):
        assert told in text, told
    assert noor.post(f"{page}withdraw/", {"why": " "}).status_code == 422
    assert noor.post(f"{page}withdraw/", {"why": "No money."}).status_code == 302
    assert "This will not happen. No money." in words(viewer.get(page))
    assert "Over or withdrawn" in words(viewer.get("/announcements/"))
    subject = f"announcement/{page.split('/')[2]}"
    actions = AuditEntry.objects.filter(subject=subject).order_by("pk").values_list("actor", "action")
    assert [f"{actor} {action.partition('.')[2]}" for actor, action in actions] == [
        "cas changed", "noor published", "noor changed", "noor withdrawn",
    ]  # fmt: skip


def test_empty_pages_teach_and_a_draft_is_thrown_away(site: Site) -> None:
    cas = site.client(site.staff("cas", role="desk"))
    assert "The date may be unknown" in words(cas.get("/announcements/"))
    assert "Nothing was promised yet" in words(cas.get("/promises/"))
    page = cas.post("/announcements/new/", typed(site))["Location"]
    assert "nobody has been told of these" in words(cas.get("/announcements/"))
    assert cas.post(f"{page}discard/")["Location"] == "/announcements/"
    assert cas.get(page).status_code == 404


def test_whoever_sees_some_departments_reads_and_counts_those(site: Site) -> None:
    from keuring_collector.service.announcing.audience import Selection

    sales, finance = site.department("Sales"), site.department("Finance")
    site.machine("LT-FIN")
    site.machine("LT-SAL", colleague=site.colleague("Jan", department=sales))
    lead = site.staff()
    everybody = announce(site, lead)
    far = announce(site, lead, selection=Selection(departments=(finance.pk,)))
    cas = site.client(site.staff("cas", role="desk", departments=[sales]))
    text = words(cas.get(f"/announcements/{everybody.pk}/"))
    assert "LT-SAL" in text
    assert "LT-FIN" not in text
    assert "1 machine, fewer than five colleagues in the departments that you see" in text
    assert cas.get(f"/announcements/{far.pk}/").status_code == 404
    assert f"/announcements/{far.pk}/" not in cas.get("/promises/").content.decode()
    refused = cas.post("/announcements/new/", typed(site))
    assert (refused.status_code, "You see only some departments" in words(refused)) == (422, True)


def test_colleagues_read_without_signing_in_where_that_is_set_on(site: Site, public: None) -> None:
    from keuring_collector.service.announcing import writing

    lead = site.staff()
    shown = announce(site, lead, public=True, texts={("must", "en"): "Bring <script>alert(1)</script>."})
    hidden = announce(site, lead)
    draft = writing.save(None, content(site, public=True), actor=lead, now=site.now)
    stranger = site.client()
    stranger.cookies["language"] = "en"
    page = stranger.get("/news/")
    assert words(page).count("New office programs") == 1
    one = stranger.get(f"/news/{shown.pk}/")
    for told in ("What it means for you", "Your buttons move.", "Bring <script>alert(1)</script>."):
        assert told in words(one), told
    assert "<script>alert" not in one.content.decode()
    assert "all machines" not in words(one)  # whom it concerns is for the desk
    for other in (hidden, draft):
        assert stranger.get(f"/news/{other.pk}/").status_code == 404
    writing.withdraw(shown, "Not now.", actor=lead, now=site.now)
    assert "withdrawn Not now." in words(stranger.get("/news/"))
    assert "Called off: New office programs" in stranger.get("/news/feed/en/").content.decode()
    assert "This will not happen. Not now." in words(stranger.get(f"/news/{shown.pk}/"))
    type(shown).objects.filter(pk=shown.pk).update(changed_at=site.now - timedelta(days=15))
    assert "Nothing is coming" in words(stranger.get("/news/"))


def test_public_pages_are_off_unless_they_are_set_on(site: Site) -> None:
    shown = announce(site, site.staff(), public=True)
    for page in ("/news/", f"/news/{shown.pk}/", "/news/feed/nl/"):
        assert site.client().get(page).status_code == 404


def test_reads_are_a_number_shown_from_five_on(site: Site, public: None) -> None:
    shown = announce(site, site.staff(), public=True)
    page, desk = f"/news/{shown.pk}/", site.client(site.staff("vera", role="viewer"))
    stranger = site.client()
    for _again in range(3):
        stranger.get(page)  # one browser counts once
    site.client().head(page)
    site.client().get(page, headers={"Sec-Purpose": "prefetch"})
    shown.refresh_from_db()
    assert shown.reads == 1
    assert stranger.cookies["read"].value == str(shown.pk)
    for _reader in range(3):
        site.client().get(page)
    assert "from five times on" in words(desk.get(f"/announcements/{shown.pk}/"))
    site.client().get(page)
    assert "Read 5 times. Only the number is kept." in words(desk.get(f"/announcements/{shown.pk}/"))


def test_the_feed_is_atom_in_each_language(site: Site, public: None) -> None:
    shown = announce(site, site.staff(), public=True)
    announce(site, site.staff("other"))
    response = site.client().get("/news/feed/nl/")
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ET.fromstring(response.content)
    (entry,) = feed.findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == "Nieuwe kantoorpakketten"
    assert entry.findtext(f"{ATOM}id") == f"urn:uuid:{shown.step}"
    assert "<strong>elders</strong>" in (entry.findtext(f"{ATOM}summary") or "")
    link = entry.find(f"{ATOM}link")
    assert link is not None
    assert link.attrib["href"].endswith(f"/news/{shown.pk}/")
    english = site.client().get("/news/feed/en/").content.decode()
    assert "New office programs" in english
    assert site.client().get("/news/feed/fr/").status_code == 404


def test_promises_are_made_on_a_ticket_reminded_of_and_closed(site: Site) -> None:
    from keuring_collector.service.models import Promise

    noor, ticket = site.staff(first_name="Noor"), site.ticket()
    browser, viewer = site.client(noor), site.client(site.staff("vera", role="viewer"))
    page = f"/tickets/{ticket.pk}/"
    assert "Did you say when you come" in words(browser.get(page))
    made = {"ticket": ticket.pk, "text": "We come on Thursday", "due_on": today(site, 2).isoformat()}
    assert browser.post("/promises/make/", made)["Location"] == page
    assert "We come on Thursday" in words(browser.get(page))
    assert "We come on Thursday" in words(browser.get("/today/"))
    assert "Write a promise down" not in words(viewer.get(page))
    refused = browser.post("/promises/make/", {**made, "due_on": "", "ticket": ""})
    assert (refused.status_code, "Choose the day by which" in words(refused)) == (422, True)
    assert "We come on Thursday" in refused.content.decode()
    assert browser.post("/promises/make/", {**made, "ticket": "99999"}).status_code == 404
    promise = Promise.objects.get()
    close = f"/promises/{promise.pk}/close/"
    assert viewer.post(close, {"state": "kept"}).status_code == 403
    browser.post(close, {"state": "broken", "reason": ""})
    assert "Say why, in a few words." in words(browser.get("/promises/"))
    Promise.objects.update(due_on=today(site, -1))
    assert "not kept, unless somebody says it was" in words(viewer.get("/promises/"))
    assert "0 % 0 of 1" in words(viewer.get("/promises/"))
    browser.post(close, {"state": "kept"})
    assert "100 % 1 of 1" in words(viewer.get("/promises/"))
    far = site.client(site.staff("far", role="desk", departments=[site.department("Sales")]))
    assert far.post(close, {"state": "kept"}).status_code == 404
    assert "We come on Thursday" not in words(far.get("/promises/"))


def test_a_machine_shows_what_is_announced_for_it(site: Site) -> None:
    machine, browser = site.machine(), site.client(site.staff())
    page = f"/machines/{machine.uuid}/"
    assert "Announced for this machine" not in words(browser.get(page))
    announce(site, site.staff("author"))
    assert "Announced for this machine New office programs On " in words(browser.get(page))


def test_programs_write_publish_and_read_them(site: Site, store: Store) -> None:
    from keuring_collector.api import auth

    auth.REQUESTS.clear()
    lead, cas = Program(site, site.staff(role="team_lead")), Program(site, site.staff("cas", role="desk"))
    viewer = Program(site, site.staff("vera", role="viewer"), scopes=("read",))
    machine = site.machine()
    said: dict[str, Any] = {
        "nl": {"title": "Docks", "means": "Eén kabel."},
        "when": "date",
        "starts_on": today(site, 5).isoformat(),
    }
    finance = site.department().pk
    chosen: dict[str, Any] = {"departments": [finance], "software": ""}
    assert cas.post("announcements/audience", **chosen) == {
        "machines": 1, "colleagues": None, "examples": [str(machine.uuid)],
    }  # fmt: skip
    made = cas.post("announcements", **said, audience=chosen, channels=["mail"])
    number = made["id"]
    assert (made["state"], made["reads"], made["audience"]["departments"]) == ("draft", None, chosen["departments"])
    viewer.get(f"announcements/{number}", 404)
    assert cas.post(f"announcements/{number}/publish", 403)["where"] == "token"
    assert lead.post(f"announcements/{number}/publish")["state"] == "published"
    assert [each["id"] for each in viewer.get("announcements")] == [number]
    assert [each["id"] for each in viewer.get(f"machines/{machine.uuid}/announcements")] == [number]
    assert cas.post(f"announcements/{number}", 403, **said)["where"] == "token"
    moved: dict[str, Any] = {**said, "starts_on": today(site, 6).isoformat(), "audience": chosen}
    assert lead.post(f"announcements/{number}", 422, **moved)["where"] == "note"
    assert lead.post(f"announcements/{number}", **moved, note="A day later.", seen=2)["version"] == 3
    lead.post(f"announcements/{number}", 409, **moved, note="Again.", seen=2)
    assert cas.post("announcements", 422, **{**said, "when": "unknown", "facts": 1, "nl": {}})["where"] == "title_nl"
    promises = viewer.get("promises")
    assert [(each["kind"], each["state"], each["overdue"]) for each in promises] == [
        ("date", "open", False), ("date", "withdrawn", False),
    ]  # fmt: skip
    mine = cas.post("promises", text="We come", due_on=today(site, 1).isoformat(), department=finance)
    assert cas.post(f"promises/{mine['id']}/close", state="kept")["state"] == "kept"
    cas.post(f"promises/{mine['id']}/close", 409, state="kept")
    assert cas.post("promises", 422, text="We come", due_on=today(site, -1).isoformat())["where"] == "due_on"
    assert lead.post(f"announcements/{number}/withdraw", why="No.")["withdrawn_why"] == "No."
    assert viewer.get("announcements") == []
    assert len(viewer.get("announcements", over=True)) == 1
    assert mails() == []
    assert tell(site, store, 0.5) == 0  # nobody had been told, so nobody is told that it is off
