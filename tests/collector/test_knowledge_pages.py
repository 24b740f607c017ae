"""The pages of what the desk knows: who reads and who writes, the editor, versions, a draft from a ticket, the API."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import words
from tests.collector.test_api import Program
from tests.collector.test_knowledge import write

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

SQLITE = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def typed(**fields: str) -> dict[str, str]:
    from keuring_collector.console.article_form import FIELDS

    return {**dict.fromkeys(FIELDS, ""), "state": "published", "do": "keep", **fields}


def test_an_article_is_written_found_read_and_changed(site: Site) -> None:
    noor = site.staff("noor", role="specialist", first_name="Noor")
    writer, reader = site.client(noor), site.client(site.staff("vera", role="viewer"))
    form = writer.get("/articles/new/").content.decode()
    assert 'name="title_en"' in form
    assert f'value="{site.today + timedelta(days=365)}"' in form
    body = "## Steps\n\n1. Open the **tray**.\n\n<script>alert(1)</script>"
    fields = typed(
        title_en="Printer without paper", body_en=body, rule="volume_filling", model="Notitie 14",
        software="Word", owner=str(noor.pk), review_on="2031-02-03", note="First",
    )  # fmt: skip
    shown = writer.post("/articles/new/", {**fields, "do": "preview"}).content.decode()
    assert "<strong>tray</strong>" in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown
    assert reader.get("/articles/printer-without-paper/").status_code == 404  # a preview keeps nothing
    response = writer.post("/articles/new/", fields)
    assert response["Location"] == "/articles/printer-without-paper/"
    text = words(reader.get("/articles/?q=pritner"))
    assert "This is what we found for printer" in text
    assert "Printer without paper" in text
    page = reader.get("/articles/printer-without-paper/")
    assert "<strong>tray</strong>" in page.content.decode()
    for part in ("kept by Noor", "to read again on 3 February 2031", "volume_filling", "Notitie 14", "Word"):
        assert part in words(page), part
    assert "/edit/" not in page.content.decode()
    assert "Printer without paper" in words(reader.get("/rules/volume_filling/"))
    assert "Printer without paper" in words(reader.get(f"/tickets/{site.ticket().pk}/"))
    again = writer.get("/articles/printer-without-paper/edit/").content.decode()
    seen = re.search(r'name="seen" value="(\d+)"', again)
    assert seen is not None
    assert ">volume_filling</textarea>" in again
    changed = {**fields, "seen": seen[1], "body_en": "Call the desk.", "rule": "", "note": "Shorter"}
    assert writer.post("/articles/printer-without-paper/edit/", changed).status_code == 302
    late = writer.post("/articles/printer-without-paper/edit/", changed)
    assert late.status_code == 422
    assert "Somebody else changed this article" in words(late)
    assert "Call the desk." in late.content.decode()  # what was typed is not lost
    versions = words(writer.get("/articles/printer-without-paper/versions/"))
    for part in ("Shorter", "First", "from version 1 to 2", "added: Call the desk.", "gone: 1. Open the **tray**."):
        assert part in versions, part
    assert "gone: rule: volume_filling" in versions
    same = words(writer.get("/articles/printer-without-paper/versions/?from=2&to=2"))
    assert "These two versions say the same." in same


@SQLITE
def test_what_is_typed_wrong_comes_back_with_a_reason(site: Site) -> None:
    writer = site.client(site.staff("noor", role="specialist"))
    for wrong, told in (
        ({}, "Write a title"),
        ({"title_nl": "Titel", "rule": "no_such"}, "There is no rule “no_such” in the pack"),
        ({"title_nl": "Titel", "owner": "99999"}, "Choose somebody who works at the desk"),
        ({"title_nl": "Titel", "review_on": "soon"}, "Choose a date"),
        ({"title_nl": "Titel"}, "a title without a text"),
    ):
        response = writer.post("/articles/new/", typed(**wrong))
        assert (response.status_code, told in words(response)) == (422, True), told
    assert writer.post("/articles/no-such/edit/", typed(title_nl="x")).status_code == 404


@SQLITE
def test_drafts_and_their_versions_are_for_who_writes(site: Site) -> None:
    write(site, en=("Half done", "About the gizmo."), published=False)
    readers = [site.client(site.staff(role, role=role)) for role in ("viewer", "desk", "visitor", "team_lead")]
    for browser in readers:
        assert browser.get("/articles/half-done/").status_code == 404
        assert "Half done" not in words(browser.get("/articles/"))
        assert "Half done" not in words(browser.get("/articles/?q=gizmo"))
        assert browser.post("/articles/half-done/helped/", {"helped": "yes"}).status_code == 404
        for page in ("half-done/edit/", "half-done/versions/", "review/", "new/"):
            assert browser.get(f"/articles/{page}").status_code == 403, page
    writer = site.client(site.staff("specialist", role="specialist"))
    assert "draft" in words(writer.get("/articles/?q=gizmo"))
    assert "About the gizmo." in words(writer.get("/articles/half-done/"))


@SQLITE
def test_the_packs_article_is_read_only_and_can_be_stood_before(site: Site) -> None:
    writer = site.client(site.staff("noor", role="specialist"))
    page = writer.get("/articles/battery-wear/")
    assert "of the pack" in words(page)
    assert "Write your own in front of it" in words(page)
    assert "This is the pack's article" in words(writer.get("/articles/battery-wear/versions/"))
    form = writer.get("/articles/battery-wear/edit/").content.decode()
    assert re.search(r'<input id="title_en"[^>]* value="[^"]{5}', form)
    assert "battery" in form
    kept = writer.post("/articles/battery-wear/edit/", typed(title_en="Our batteries", body_en="Ring 1234."))
    assert kept["Location"] == "/articles/battery-wear/"
    assert "Our batteries" in words(writer.get("/articles/battery-wear/"))
    rule = words(writer.get("/rules/battery_wearing/"))
    assert "Our batteries" in rule


@SQLITE
def test_empty_pages_teach(site: Site) -> None:
    writer = site.client(site.staff("noor", role="specialist"))
    assert "Write it down, and the next one finds it here." in words(writer.get("/articles/?q=zwaluwnest"))
    assert "Nothing has to be read again today" in words(writer.get("/articles/review/"))
    own = write(site, en=("Old news", "Text."), review_on=site.today - timedelta(days=9))
    assert "Old news" in words(writer.get("/articles/review/"))
    assert "To read again (1)" in words(writer.get("/articles/"))
    write(site, en=("Old news", "Text."), article=own, review_on=site.today + timedelta(days=9))
    assert "Coming" in words(writer.get("/articles/review/"))


@SQLITE
def test_whether_it_helped_is_a_number(site: Site) -> None:
    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry

    reader = site.client(site.staff("vera", role="viewer"))
    for answer in ("yes", "no", "yes", "perhaps"):
        assert reader.post("/articles/battery-wear/helped/", {"helped": answer}).status_code == 302
    assert "so far 2 yes, 1 no" in words(reader.get("/articles/battery-wear/"))
    assert reader.post("/articles/no-such/helped/", {"helped": "yes"}).status_code == 404
    audit.flush()
    assert not AuditEntry.objects.filter(subject__contains="battery-wear").exists()


def test_one_click_makes_a_draft_of_a_resolved_ticket(site: Site) -> None:
    from keuring.signals.catalogue import BY_NAME
    from keuring_collector.desk import actions
    from keuring_collector.service.models import Article

    noor = site.staff("noor", role="specialist")
    writer, machine = site.client(noor), site.machine("LT-0231")
    site.fact(machine, BY_NAME["keuring.hardware.serial_number"].id, "XK77")
    ticket = site.ticket(machine)
    page, click = f"/tickets/{ticket.pk}/", f"/tickets/{ticket.pk}/article/"
    assert click not in writer.get(page).content.decode()
    assert writer.post(click)["Location"] == page
    assert not Article.objects.exists()
    told = "Sanne de Vries emptied the cache of XK77."
    actions.resolve(ticket.pk, actor=noor, now=site.now, verdict="right", text=told)
    assert click in writer.get(page).content.decode()
    assert click not in site.client(site.staff("cas", role="desk")).get(page).content.decode()
    response = writer.post(click)
    made = Article.objects.get()
    assert response["Location"] == f"/articles/{made.slug}/edit/"
    text = words(writer.get(response["Location"]))
    assert "[somebody] emptied the cache of [machine]." in text
    assert "what is left of names and machines is yours to take out" in text
    assert click not in writer.get(page).content.decode()
    limited = site.client(site.staff("far", role="specialist", departments=[site.department("Sales")]))
    assert limited.post(click).status_code == 404


@SQLITE
def test_programs_list_search_and_read(site: Site) -> None:
    from keuring_collector.api import auth

    auth.REQUESTS.clear()
    program = Program(site, site.staff(role="viewer"))
    write(site, ("Printer zonder papier", "De lade klemt."))
    write(site, ("Half", "Over de lade."), published=False)
    everything: list[dict[str, Any]] = program.get("articles", language="nl")
    assert len(everything) > 30
    assert {each["source"] for each in everything} == {"desk", "pack"}
    assert [each["title"] for each in program.get("articles", q="ladde")] == ["Printer zonder papier"]
    one = program.get("articles/printer-zonder-papier", language="en")
    assert (one["language"], one["markdown"], one["source"]) == ("nl", "De lade klemt.", "desk")
    program.get("articles/half", 404)
    assert program.get("articles", 422, q="x" * 201)["where"] == "query.q"


@SQLITE
def test_the_demo_has_articles_of_its_desk(site: Site) -> None:
    from keuring_collector import rulepack
    from keuring_collector.demo import articles
    from keuring_collector.service.models import Article

    for _again in range(2):
        articles.write(rulepack.load(), site.now.timestamp())
    assert Article.objects.count() == len(articles.ARTICLES)
    writer = site.client(site.staff("eva", role="specialist", language="nl"))
    listed = words(writer.get("/articles/"))
    for each in articles.ARTICLES:
        assert each.nl[0] in listed
    assert "Opnieuw te lezen (1)" in listed
    assert "Schijf vol? Zo ruimen we bij ons op" in words(writer.get("/articles/volume-space/"))
    assert "Tweede scherm" in words(writer.get("/articles/?q=shcerm"))
