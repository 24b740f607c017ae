"""Messages to colleagues: filled from the ticket, changed, sent after a minute, taken back, copied; their templates."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import words
from tests.collector.test_api import Program
from tests.collector.test_console_life import step

if TYPE_CHECKING:
    from django.test import Client

    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
EVERY = ["visit", "when", "yourself", "bring", "unknown", "done"]


def letter(response: Any) -> tuple[str, str]:
    """Subject and text as the page proposes them."""
    html = response.content.decode()
    subject = html.split('id="subject"')[1].split('value="')[1].split('"')[0]
    return unescape(subject), unescape(html.split('id="text"')[1].split(">", 1)[1].split("</textarea>")[0])


def send(browser: Client, page: str, subject: str, text: str) -> Any:
    return browser.post(page, {"subject": subject, "text": text}, follow=True)


def test_a_message_is_filled_sent_after_a_minute_and_answered(site: Site) -> None:
    from django.core import mail
    from django.test.utils import override_settings

    from keuring_collector.desk import outbox
    from keuring_collector.desk.models import Outgoing

    noor = site.staff(first_name="Noor", email="noor@example.org")
    browser = site.client(noor)
    machine = site.machine(colleague=site.colleague(language="nl"))
    ticket = site.ticket(machine, planned_for=site.today + timedelta(days=3), state="planned", owner=noor)
    page = f"/tickets/{ticket.pk}/message/"
    assert page in browser.get(f"/tickets/{ticket.pk}/").content.decode()
    subject, text = letter(browser.get(page))
    first = text.split("\n\n")
    assert subject.startswith("Ik kom ")
    assert first[0] == "Hoi Sanne,"
    assert first[1].startswith("Noor komt ")  # the next step first
    assert "LT-0231" in first[1]
    assert first[2].startswith("Waarom? ")
    assert "rond" in first[3]
    assert first[-1] == "Groet,\nNoor\nServicedesk"
    english = letter(browser.get(f"{page}?language=en&template=when"))[1]
    assert english.startswith("Hi Sanne,\n\nPlease send me a day")
    changed = text.replace("Hoi Sanne", "Dag Sanne")
    sent = send(browser, page, subject, changed)
    assert "Until then you can take it back." in words(sent)
    assert "Noor sent a message to Sanne de Vries: Ik kom " in words(sent)
    assert "Dag Sanne" in words(sent)
    waiting = Outgoing.objects.get()
    assert timedelta(seconds=50) < waiting.ready_at - site.now < timedelta(minutes=3)
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        assert outbox.send(site.now) == 0
        assert outbox.send(waiting.ready_at) == 1
        assert [(each.to, each.subject, each.reply_to) for each in mail.outbox] == [
            (["sanne.de.vries@example.org"], subject, ["noor@example.org"])
        ]
        assert mail.outbox[0].body.startswith("Dag Sanne")


def test_a_message_is_taken_back_within_its_minute(site: Site) -> None:
    from keuring_collector.desk.models import Outgoing

    browser, ticket = site.client(site.staff()), site.ticket()
    sent = send(browser, f"/tickets/{ticket.pk}/message/", "Hello", "Your disk is filling up.")
    assert Outgoing.objects.count() == 1
    undone = browser.post("/undo/", {"step": step(sent), "next": f"/tickets/{ticket.pk}/"}, follow=True)
    assert Outgoing.objects.count() == 0
    assert "took that back (message sent)" in words(undone)


def test_a_message_that_is_not_finished_is_not_sent(site: Site) -> None:
    from keuring_collector.desk.models import Outgoing

    browser, ticket = site.client(site.staff()), site.ticket()
    page = f"/tickets/{ticket.pk}/message/"
    proposed = browser.get(page)
    assert "where [dag] stands" in words(proposed)
    subject, text = letter(proposed)
    response = browser.post(page, {"subject": "Ik kom langs", "text": text})
    assert (response.status_code, "[dag] is not filled in yet" in words(response)) == (422, True)
    assert letter(response) == ("Ik kom langs", text)  # what was typed is kept
    assert browser.post(page, {"subject": subject, "text": "x"}).status_code == 422
    assert browser.post(page, {"subject": "a", "text": " "}).status_code == 422
    assert browser.post(page, {"subject": "a" * 151, "text": "x"}).status_code == 422
    nobodys = site.ticket(site.machine("LT-2", colleague=None))
    alone = browser.get(f"/tickets/{nobodys.pk}/message/")
    assert "it cannot be mailed" in words(alone)
    assert "data-copy" in alone.content.decode()
    assert "Send by mail" not in words(alone)
    assert browser.post(f"/tickets/{nobodys.pk}/message/", {"subject": "a", "text": "b"}).status_code == 409
    assert not Outgoing.objects.exists()


def test_what_nobody_knows_is_left_out(site: Site) -> None:
    browser = site.client(site.staff())
    undated = site.ticket(days=None)
    text = letter(browser.get(f"/tickets/{undated.pk}/message/?language=en"))[1]
    assert "around" not in text
    assert "{" not in text
    gone = site.ticket(site.machine("LT-2"), rule="00000000-0000-0000-0000-000000000000")
    text = letter(browser.get(f"/tickets/{gone.pk}/message/?language=nl"))[1]
    assert "Waarom? Er valt ons iets op aan je computer: " in text  # also without its rule a ticket says something
    assert "Er valt ons iets op aan je computer: " in words(browser.get(f"/tickets/{gone.pk}/"))
    own = letter(browser.get(f"/tickets/{undated.pk}/message/?template=yourself&language=en"))[1]
    assert "1. " in own  # pages are not open here, so the article itself is in the message
    assert "**" not in own


def test_messages_keep_to_roles_and_departments(site: Site) -> None:
    sales = site.department("Sales")
    theirs = site.ticket(site.machine("LT-9", department=sales))
    limited = site.client(site.staff("cas", role="desk", departments=[site.department()]))
    assert limited.get(f"/tickets/{theirs.pk}/message/").status_code == 404
    assert send(limited, f"/tickets/{theirs.pk}/message/", "a", "b").status_code == 404
    viewer = site.client(site.staff("vera", role="viewer"))
    assert viewer.get(f"/tickets/{theirs.pk}/message/").status_code == 403
    assert limited.get("/message-templates/").status_code == 403
    assert site.client(site.staff("lead", role="team_lead")).get("/message-templates/").status_code == 200


def test_the_desk_changes_its_templates(site: Site) -> None:
    from keuring_collector.desk.models import AuditEntry
    from keuring_collector.service.messages import templates

    lead, ticket = site.client(site.staff("lead", role="team_lead")), site.ticket()
    assert [each.key for each in templates.every()] == EVERY
    fields = {
        f"{part}_{code}": f"{part} {code} {{machine}}" for part in ("name", "subject", "body") for code in ("nl", "en")
    }
    wrong = lead.post("/message-templates/visit/", {**fields, "body_nl": "Beste {gebruker}"})
    assert (wrong.status_code, "“{gebruker}” is no word" in words(wrong)) == (422, True)
    assert lead.post("/message-templates/new/", {**fields, "subject_en": ""}).status_code == 422
    kept = lead.post("/message-templates/visit/", fields, follow=True)
    assert "of the desk" in words(kept)
    assert letter(lead.get(f"/tickets/{ticket.pk}/message/?language=en")) == ("subject en LT-0231", "body en LT-0231")
    lead.post("/message-templates/new/", {**fields, "name_nl": "Bij de koffie"})
    assert [each.key for each in templates.every()] == [*EVERY, "bij-de-koffie"]
    lead.post("/message-templates/bij-de-koffie/", {"do": "remove"})
    assert "Bring back" in words(lead.post("/message-templates/when/", {"do": "remove"}, follow=True))
    assert [each.key for each in templates.every()] == [key for key in EVERY if key != "when"]
    for key in ("when", "visit"):
        lead.post(f"/message-templates/{key}/", {"do": "restore"})
    assert [(each.key, each.changed) for each in templates.every()] == [(key, False) for key in EVERY]
    assert lead.get("/message-templates/no-such/").status_code == 404
    assert AuditEntry.objects.filter(action="template.changed").count() == 6


def test_the_demo_has_letters_and_a_picture(site: Site) -> None:
    from keuring_collector import rulepack
    from keuring_collector.demo import articles, letters
    from keuring_collector.desk.models import Outgoing, TicketHistory
    from keuring_collector.service.models import ArticlePicture

    site.ticket()
    for _again in range(2):
        articles.write(rulepack.load(), site.now.timestamp())
        letters.write(rulepack.load(), site.now.timestamp())
    sent = TicketHistory.objects.get(kind="message")
    assert sent.detail["text"].startswith("Hoi Sanne,")
    assert "[" not in sent.detail["text"]
    assert not Outgoing.objects.filter(sent_at=None).exists()
    picture = ArticlePicture.objects.get()
    assert (picture.width, picture.height) == (640, 240)
    assert f"(picture:{picture.name})" in picture.article.body_nl


def test_programs_write_too(site: Site) -> None:
    from keuring_collector.desk.models import Outgoing

    program, ticket = Program(site, site.staff(role="desk")), site.ticket()
    listed = program.get("message-templates")
    assert [each["key"] for each in listed] == EVERY
    path = f"tickets/{ticket.pk}/message"
    filled = program.get(f"tickets/{ticket.pk}/draft", template="bring", language="en", day="2031-02-03")
    assert filled["subject"] == "Could you bring LT-0231 on Monday 3 February?"
    program.get(f"tickets/{ticket.pk}/draft", 404, template="nothing")
    full = program.post(path, subject=filled["subject"], text=filled["text"])
    assert full["history"][0]["kind"] == "message"
    assert Outgoing.objects.get().body == filled["text"]
    program.post(path, 422, subject="a", text="come on [day]")
