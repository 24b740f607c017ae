"""Nonsense in addresses and forms, sessions that ended, and addresses that are none: never an error of ours, never a
blank page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import words

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

# Everything that an address of the console may ask for.
ASKED = (
    *("action", "actor", "before", "by", "cause", "day", "days", "department", "fleet", "from", "group", "language"),
    *("model", "name", "next", "outcome", "owner", "page", "q", "query", "rule", "severity", "simulated", "since"),
    *("sort", "state", "subject", "ticket", "to", "until", "version", "why"),
)
NONSENSE = ("²", "a\0b", "99999999999999999999", "0001-01-01", "9999-12-31")


@pytest.mark.long
def test_nonsense_in_an_address_is_no_error_of_ours(site: Site) -> None:
    from tests.collector.console_routes import addresses

    browser = site.client(site.staff())
    browser.raise_request_exception = False
    asked = [
        (address.split("?")[0], dict.fromkeys(ASKED, text))
        for name, address in addresses(site).items()
        for text in NONSENSE
        if name != "sign_out"
    ]
    asked += [(re.sub(r"[^/]+/$", "%00/", address), {}) for address, _query in asked[:: len(NONSENSE)]]
    assert len(asked) > 500
    assert [(a, q.get("q")) for a, q in asked if browser.get(a, q).status_code >= 500] == []


def test_nul_in_a_form_is_taken_out(site: Site) -> None:
    """PostgreSQL refuses it in any text."""
    from keuring_collector.desk.models import SavedFilter

    browser = site.client(site.staff())
    browser.raise_request_exception = False
    assert browser.post("/views/", {"name": "min\0e", "query": "owner=me"}).status_code == 302
    assert SavedFilter.objects.get().name == "mine"


@pytest.mark.parametrize(
    "onward", ["abc", "queue", "²", "//evil.example/", "https://evil.example/", "javascript:alert(1)"]
)
def test_signing_in_goes_on_to_pages_of_the_console_alone(site: Site, onward: str) -> None:
    browser = site.client(site.staff())
    assert browser.get("/sign-in/", {"next": onward})["Location"] == "/"


def test_a_form_sent_after_the_session_ended_comes_back_to_its_page(site: Site) -> None:
    page = f"/tickets/{site.ticket().pk}/"
    visitor = site.client()
    visitor.cookies["language"] = "en"
    sent = visitor.post(f"{page}note/", {"text": "Called."}, headers={"Referer": f"http://localhost{page}?from=mail"})
    assert sent["Location"] == f"/sign-in/?next={page}%3Ffrom%3Dmail"
    assert "nothing was done" in words(visitor.get(sent["Location"]))
    elsewhere = visitor.post(f"{page}note/", {"text": "Called."}, headers={"Referer": "https://evil.example/x/"})
    assert elsewhere["Location"] == "/sign-in/?next=/"


def test_an_address_where_something_is_done_says_so_when_opened(site: Site) -> None:
    shown = site.client(site.staff()).get(f"/tickets/{site.ticket().pk}/take/")
    assert (shown.status_code, shown["Allow"]) == (405, "POST")
    assert "Go back to the page with the button" in words(shown)


def test_a_name_that_is_not_ours_is_told_ours(site: Site) -> None:
    from django.conf import settings

    browser = site.client(site.staff())
    shown = browser.get("/", headers={"Host": "10.1.2.3", "Accept-Language": "en"})
    assert shown.status_code == 400
    assert f"://{settings.KEURING.public_name}:" in words(shown)


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_is_not_there_is_said_in_the_readers_language(site: Site, language: str) -> None:
    browser = site.client(site.staff(language=language))
    for address in ("/backtests/999/", "/announcements/999/", "/visits/rounds/999/", "/tickets/999/files/9/"):
        shown = browser.get(address)
        assert shown.status_code == 404
        assert "matches the given query" not in words(shown), address


def test_a_mail_address_that_does_not_fit_is_refused_in_words(site: Site) -> None:
    from keuring_collector.desk.models import Staff

    browser = site.client(site.staff())
    browser.raise_request_exception = False
    mail = "a@" + ".".join(["b" * 60] * 5) + ".org"  # valid, and longer than any database keeps
    added = browser.post("/staff/add/", {"name": "longmail", "role": "desk", "sees": "all", "mail": mail})
    assert added.status_code == 422
    assert "This is no mail address" in words(added)
    assert not Staff.objects.filter(username="longmail").exists()


def test_a_collector_without_machines_says_what_to_do_first(site: Site) -> None:
    browser = site.client(site.staff())
    for address in ("/", "/today/", "/machines/"):
        assert "keuring-agent enroll --token" in words(browser.get(address)), address
    assert "people import" in words(browser.get("/departments/"))
    for address in ("/staff/", "/visits/"):
        told = browser.get(address).content.decode().partition("<main")[2].partition("</main>")[0]
        assert 'href="/departments/"' in told, address
    site.machine()
    assert "keuring-agent enroll" not in words(browser.get("/today/"))
