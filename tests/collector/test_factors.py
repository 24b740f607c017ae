"""Second factors: setting one up, signing in with it, losing it, and roles that must have one."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import PASSWORD, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client

    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _fresh_limits(site: Site) -> Iterator[None]:
    from django.core.cache import cache

    cache.clear()
    yield
    cache.clear()


def code_of(secret: str, *, steps: int = 0) -> str:
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


def enter(site: Site, name: str = "noor") -> tuple[Client, Any]:
    from keuring_collector.console.views.account import ATTEMPTS

    ATTEMPTS.clear()
    browser = site.client()
    browser.cookies["language"] = "en"
    return browser, browser.post("/sign-in/", {"username": name, "password": PASSWORD})


def set_up(site: Site) -> tuple[Client, str, list[str]]:
    """Signs in and sets a factor up; returns the browser, the secret and the recovery codes."""
    browser, _ = enter(site)
    asked = browser.get("/settings/factor/")
    assert asked["Location"] == "/settings/again/?next=%2Fsettings%2Ffactor%2F"
    wrong = browser.post(asked["Location"], {"password": "wrong"})
    assert "This is not your password" in words(wrong)
    assert browser.post(asked["Location"], {"password": PASSWORD})["Location"] == "/settings/factor/"
    page = browser.get("/settings/factor/")
    assert "data:image/svg+xml;base64," in page.content.decode()
    found = re.search(r'class="secret">([A-Z2-7]+)<', page.content.decode())
    assert found
    secret = found[1]
    assert "This code is not right" in words(browser.post("/settings/factor/", {"code": "000000"}))
    made = browser.post("/settings/factor/", {"code": code_of(secret)})
    assert made["Location"] == "/settings/codes/"
    codes = re.findall(r"<li><code>(\w+)</code>", browser.get("/settings/codes/").content.decode())
    return browser, secret, codes


def test_with_a_factor_a_password_alone_opens_nothing(site: Site) -> None:
    from allauth.mfa.models import Authenticator

    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry

    site.staff("noor", password=PASSWORD, role="desk")
    browser, secret, codes = set_up(site)
    assert len(codes) == 10
    assert not re.search(r"<li><code>", browser.get("/settings/codes/").content.decode())  # shown once
    assert "An app on your phone" in words(browser.get("/settings/"))
    stored = Authenticator.objects.get(type="totp").data["secret"]
    assert secret not in stored  # encrypted
    browser, response = enter(site)
    assert response["Location"] == "/sign-in/code/"
    assert browser.get("/").status_code == 302
    assert "six digits" in words(browser.get("/sign-in/code/"))
    assert "This code is not right" in words(browser.post("/sign-in/code/", {"code": "123456"}))
    assert browser.get("/").status_code == 302
    assert browser.post("/sign-in/code/", {"code": code_of(secret, steps=1)})["Location"] == "/"
    assert browser.get("/").status_code == 200
    # A code counts once, and a recovery code too.
    browser, _ = enter(site)
    assert browser.post("/sign-in/code/", {"code": code_of(secret, steps=1)}).status_code == 200
    assert browser.post("/sign-in/code/", {"code": codes[0]})["Location"] == "/"
    browser, _ = enter(site)
    assert browser.post("/sign-in/code/", {"code": codes[0]}).status_code == 200
    audit.flush()
    told = AuditEntry.objects.filter(action="signed.in").order_by("sequence")
    assert [entry.told["by"] for entry in told] == ["password", "password+totp", "password+recovery_codes"]
    assert AuditEntry.objects.filter(action="mfa.added").count() == 2  # the app and its recovery codes
    assert AuditEntry.objects.filter(action="signed.in_failed", subject="staff/noor").exists()


def test_codes_cannot_be_guessed_at_leisure(site: Site) -> None:
    site.staff("noor", password=PASSWORD, role="desk")
    _, secret, _ = set_up(site)
    browser, _ = enter(site)
    for number in range(10):
        browser.post("/sign-in/code/", {"code": f"{number:06}"})
    refused = browser.post("/sign-in/code/", {"code": code_of(secret, steps=1)})
    assert refused.status_code != 302
    assert browser.get("/").status_code == 302


def test_a_role_that_must_have_a_factor_sees_nothing_without(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    required = settings.KEURING.model_copy(update={"mfa_required_for": ("administrator", "privacy_officer")})
    monkeypatch.setattr(settings, "KEURING", required)
    site.staff("noor", password=PASSWORD, role="administrator")
    site.staff("cas", password=PASSWORD, role="desk")
    assert enter(site, "cas")[0].get("/").status_code == 200
    browser, _ = enter(site)
    for address in ("/", "/machines/", "/staff/", "/audit/", "/settings/"):
        assert browser.get(address)["Location"] == "/settings/factor/", address
    assert browser.post("/tickets/", {"action": "take"})["Location"] == "/settings/factor/"
    browser, secret, _ = set_up(site)
    assert browser.get("/").status_code == 200
    browser.post("/settings/again/code/?next=/settings/factor/remove/", {"code": code_of(secret, steps=1)})
    page = browser.get("/settings/factor/remove/")
    assert "Your role asks for a second factor" in words(page)
    browser.post("/settings/factor/remove/")
    assert browser.get("/").status_code == 200


def test_a_factor_can_be_removed_and_codes_made_anew(site: Site) -> None:
    site.staff("noor", password=PASSWORD, role="desk")
    browser, _, codes = set_up(site)
    assert browser.post("/settings/codes/make/")["Location"] == "/settings/codes/"
    fresh = re.findall(r"<li><code>(\w+)</code>", browser.get("/settings/codes/").content.decode())
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)
    assert browser.post("/settings/factor/remove/")["Location"] == "/settings/"
    assert enter(site)[1]["Location"] == "/"


def test_an_account_switched_off_between_password_and_code_stays_out(site: Site) -> None:
    from keuring_collector.desk import staffing

    person = site.staff("noor", password=PASSWORD, role="desk")
    _, secret, _ = set_up(site)
    browser, _ = enter(site)
    staffing.switch(None, person, active=False)
    assert browser.post("/sign-in/code/", {"code": code_of(secret, steps=1)}).status_code == 403
    assert browser.get("/").status_code == 302


def test_an_administrator_takes_a_lost_factor_away(site: Site) -> None:
    from keuring_collector.desk import staffing

    person = site.staff("noor", password=PASSWORD, role="desk")
    set_up(site)
    password = staffing.reset(None, person, factors=True)
    browser = site.client()
    assert browser.post("/sign-in/", {"username": "noor", "password": password})["Location"] == "/"
    assert browser.get("/")["Location"] == "/password/"


def test_another_secret_key_opens_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    from keuring_collector.console.accounts import FactorAdapter

    adapter = FactorAdapter()
    kept = adapter.encrypt("JBSWY3DPEHPK3PXP")
    assert adapter.decrypt(kept) == "JBSWY3DPEHPK3PXP"
    monkeypatch.setattr(settings, "SECRET_KEY", "another")
    assert adapter.decrypt(kept) != "JBSWY3DPEHPK3PXP"
