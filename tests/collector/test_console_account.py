"""Signing in and out, one-time passwords, language and theme."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import PASSWORD, words

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def test_signing_in_leads_to_where_one_was_going(site: Site) -> None:
    site.staff(language="en", password=PASSWORD)
    browser = site.client()
    response = browser.get("/machines/?q=x")
    assert response["Location"] == "/sign-in/?next=/machines/%3Fq%3Dx"
    page = browser.get(response["Location"])
    assert 'name="next" value="/machines/?q=x"' in page.content.decode()
    response = browser.post("/sign-in/", {"username": "noor", "password": PASSWORD, "next": "/machines/?q=x"})
    assert response["Location"] == "/machines/?q=x"
    assert response.cookies["language"].value == "en"
    assert browser.get("/machines/").status_code == 200
    assert browser.post("/sign-out/")["Location"] == "/sign-in/"
    assert browser.get("/machines/").status_code == 302


@pytest.mark.parametrize("onward", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)"])
def test_signing_in_never_leads_elsewhere(site: Site, onward: str) -> None:
    site.staff(password=PASSWORD)
    response = site.client().post("/sign-in/", {"username": "noor", "password": PASSWORD, "next": onward})
    assert response["Location"] == "/"


def test_a_wrong_password_is_refused_and_after_five_one_waits(site: Site) -> None:
    site.staff(password=PASSWORD)
    browser = site.client()
    browser.cookies["language"] = "en"
    for name in ("noor", "nobody", "noor", "noor", "noor"):
        response = browser.post("/sign-in/", {"username": name, "password": "wrong"})
        assert response.status_code == 422
        assert "This name and password do not belong together" in words(response)
        assert f'value="{name}"' in response.content.decode()
    response = browser.post("/sign-in/", {"username": "noor", "password": PASSWORD})
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 61
    assert "Five attempts failed within a minute" in words(response)
    elsewhere = site.client()
    signed_in = elsewhere.post("/sign-in/", {"username": "noor", "password": PASSWORD}, REMOTE_ADDR="192.0.2.7")
    assert signed_in.status_code == 302


def test_attempts_are_counted_in_a_sliding_window(site: Site) -> None:
    from keuring_collector.console.limits import Attempts

    attempts = Attempts(most=2, period=60)
    assert attempts.begin("a", 0) == 0
    assert attempts.begin("a", 10) == 0
    assert attempts.begin("a", 20) == 40
    assert attempts.begin("b", 20) == 0
    assert attempts.begin("a", 61) == 0
    attempts.succeeded("a", 61)
    assert attempts.begin("a", 62) == 0
    assert attempts.begin("a", 63) > 0


def test_a_one_time_password_opens_only_the_password_page(site: Site) -> None:
    from keuring_collector.desk.models import Staff

    person = site.staff(must_change_password=True, password=PASSWORD)
    browser = site.client(person)
    for address in ("/", "/machines/", "/rules/"):
        assert browser.get(address)["Location"] == "/password/"
    page = browser.get("/password/")
    assert "One-time password" in words(page)
    assert "Queue" not in words(page)
    weak = browser.post("/password/", {"old_password": PASSWORD, "new_password1": "short", "new_password2": "short"})
    assert weak.status_code == 422
    assert "too short" in words(weak)
    named = {"old_password": PASSWORD, "new_password1": "noornoornoornoor", "new_password2": "noornoornoornoor"}
    fresh = {"old_password": PASSWORD, "new_password1": "een-fiets-zonder-bel", "new_password2": "een-fiets-zonder-bel"}
    wrong = browser.post("/password/", {**fresh, "old_password": "wrong"})
    assert wrong.status_code == 422
    assert browser.post("/password/", fresh)["Location"] == "/"
    assert browser.get("/").status_code == 200
    assert not Staff.objects.get(pk=person.pk).must_change_password
    assert "user" not in words(browser.post("/password/", named)).lower()


def test_sessions_end_after_half_a_day_whatever_happens(site: Site) -> None:
    from keuring_collector.console.middleware import SIGNED_IN_AT

    browser = site.client(site.staff())
    assert browser.get("/").status_code == 200
    session = browser.session
    session[SIGNED_IN_AT] = (site.now - timedelta(hours=12, minutes=1)).timestamp()
    session.save()
    assert browser.get("/machines/")["Location"] == "/sign-in/?next=/machines/"
    assert browser.get("/")["Location"] == "/sign-in/?next=/"


def test_a_session_lives_half_an_hour_after_the_last_page_and_is_written_once_a_minute(site: Site) -> None:
    from django.conf import settings
    from django.contrib.sessions.models import Session

    from keuring_collector.console.middleware import SEEN_AT

    browser = site.client(site.staff())

    def ends() -> datetime:
        return Session.objects.get(pk=browser.session.session_key).expire_date

    before = ends()
    assert settings.SESSION_COOKIE_NAME not in browser.get("/").cookies
    assert ends() == before
    session = browser.session
    session[SEEN_AT] -= 61
    session.save()
    soon = site.now + timedelta(minutes=5)
    Session.objects.update(expire_date=soon)
    assert "rows" in browser.get("/?live=1").json()  # what an open page asks by itself, though nobody sits before it
    assert ends() == soon
    assert browser.get("/").cookies[settings.SESSION_COOKIE_NAME]["max-age"] == 1800
    assert ends() > site.now + timedelta(minutes=29)
    Session.objects.update(expire_date=site.now - timedelta(seconds=1))
    assert browser.get("/")["Location"] == "/sign-in/?next=/"


def test_language_is_kept_with_the_account_and_in_a_cookie(site: Site) -> None:
    from keuring_collector.desk.models import Staff

    person = site.staff(language="")
    browser = site.client(person)
    # Nobody chose yet: the desk's language, whatever the browser asks for.
    first = browser.get("/", headers={"accept-language": "en"})
    assert (first.headers["Content-Language"], "Werklijst" in words(first)) == ("nl", True)
    response = browser.post("/preferences/", {"language": "en", "next": "/machines/"})
    assert response["Location"] == "/machines/"
    assert response.cookies["language"].value == "en"
    assert Staff.objects.get(pk=person.pk).language == "en"
    page = browser.get("/")
    assert '<html lang="en"' in page.content.decode()
    browser.post("/preferences/", {"language": "xx", "theme": "purple", "next": "//elsewhere.example"})
    assert Staff.objects.get(pk=person.pk).language == "en"
    stranger = site.client()
    stranger.post("/preferences/", {"language": "en", "next": "/sign-in/"})
    assert "Sign in" in words(stranger.get("/sign-in/"))


def test_the_theme_is_kept_in_a_cookie(site: Site) -> None:
    browser = site.client()
    assert 'data-theme="auto"' in browser.get("/sign-in/").content.decode()
    browser.post("/preferences/", {"theme": "dark", "next": "/sign-in/"})
    assert 'data-theme="dark"' in browser.get("/sign-in/").content.decode()
    browser.cookies["theme"] = '"><script>'
    assert 'data-theme="auto"' in browser.get("/sign-in/").content.decode()


def test_forms_from_elsewhere_are_refused_in_plain_words(site: Site) -> None:
    from django.test import Client

    person = site.staff()
    strict = Client(enforce_csrf_checks=True, SERVER_NAME="localhost")
    strict.cookies["language"] = "en"
    response = strict.post("/sign-in/", {"username": person.username, "password": PASSWORD})
    assert response.status_code == 403
    assert "This form is too old" in words(response)
