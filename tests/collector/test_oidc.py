"""Signing in by an OpenID Connect provider, against a real one on loopback: what is taken, and what is not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.collector.console_fixtures import words
from tests.collector.oidc_provider import CLIENT, SECRET, OidcProvider

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from django.test import Client

    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture
def provider(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[OidcProvider]:
    made = OidcProvider()
    configure(monkeypatch, made)
    yield made
    made.close()


def configure(monkeypatch: pytest.MonkeyPatch, provider: OidcProvider, **changed: Any) -> None:
    from django.conf import settings

    values: dict[str, Any] = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SECRET,
        "oidc_roles": ("desk-leads=team_lead", "desk=desk"),
        **changed,
    }
    monkeypatch.setattr(settings, "KEURING", settings.KEURING.model_copy(update=values))


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def follow(address: str) -> str:
    """What the provider's authorize page leads to."""
    from urllib.error import HTTPError

    try:
        build_opener(_Stay).open(address, timeout=10)
    except HTTPError as redirect:
        with redirect:
            return str(redirect.headers["Location"])
    raise AssertionError("the provider did not redirect")


def there(browser: Client, onward: str = "/machines/") -> str:
    """Goes to the provider; returns the address that it sends back to, as path and query."""
    response = browser.get("/sign-in/oidc/", {"next": onward})
    assert response.status_code == 302
    parts = urlsplit(follow(response["Location"]))
    assert parts.path == "/sign-in/oidc/back/"
    return f"{parts.path}?{parts.query}"


def sign_in(site: Site, onward: str = "/machines/") -> tuple[Client, Any]:
    browser = site.client()
    browser.cookies["language"] = "en"
    return browser, browser.get(there(browser, onward))


def test_somebody_new_gets_an_account_with_the_role_of_their_group(site: Site, provider: OidcProvider) -> None:
    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry, Staff

    page = site.client().get("/sign-in/?next=/machines/").content.decode()
    assert 'href="/sign-in/oidc/?next=/machines/"' in page
    provider.person |= {"name": "Noor van der Loop", "groups": ["everyone", "desk", "desk-leads"]}
    browser, response = sign_in(site)
    assert response["Location"] == "/machines/"
    assert browser.get("/machines/").status_code == 200
    person = Staff.objects.get()
    assert (person.username, person.role, person.shown_name) == ("noor", "team_lead", "Noor van der Loop")
    assert not person.has_usable_password()
    audit.flush()
    assert list(AuditEntry.objects.order_by("sequence").values_list("actor", "action")) == [
        ("", "staff.added"),
        ("noor", "signed.in"),
    ]
    asked = provider.asked[0]
    assert len(asked["nonce"]) > 20
    assert len(asked["state"]) >= 16


def test_role_and_departments_follow_the_provider_at_each_sign_in(
    site: Site, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keuring_collector.desk.models import Staff

    finance, sales = site.department("Finance"), site.department("Sales")
    configure(monkeypatch, provider, oidc_department_claim="areas")
    provider.person |= {"groups": ["desk-leads"], "areas": ["finance", "unknown"]}
    sign_in(site)
    person = Staff.objects.get()
    assert (person.role, person.department_ids) == ("team_lead", frozenset({finance.pk}))
    provider.person |= {"groups": "desk", "areas": ["Sales"], "preferred_username": "renamed"}
    sign_in(site)
    person = Staff.objects.get()
    assert (person.role, person.department_ids) == ("desk", frozenset({sales.pk}))
    provider.person |= {"areas": []}
    sign_in(site)
    assert Staff.objects.get().department_ids == frozenset()


def test_without_mapped_roles_those_given_in_keuring_stay(
    site: Site, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, provider, oidc_roles=(), oidc_default_role="viewer")
    known = site.staff("noor.local", role="specialist", email="Noor@example.org")
    provider.person |= {"email_verified": True}
    browser, _ = sign_in(site)
    assert browser.session["_auth_user_id"] == str(known.pk)
    known.refresh_from_db()
    assert known.role == "specialist"
    provider.person |= {"sub": "p-2", "preferred_username": "cas", "email": "cas@example.org"}
    sign_in(site)
    from keuring_collector.desk.models import Staff

    assert Staff.objects.get(username="cas").role == "viewer"


def _wrong(**changed: Any) -> Callable[[dict[str, Any]], object]:
    return lambda claims: claims.update(changed)


@pytest.mark.parametrize(
    ("lie", "why"),
    [
        (_wrong(nonce="of-another-sign-in"), "nonce"),
        (lambda claims: claims.pop("nonce"), "nonce"),
        (_wrong(aud="another-client"), "id_token"),
        (_wrong(iss="http://127.0.0.1:1"), "id_token"),
        (_wrong(exp=int(time.time()) - 60), "id_token"),
        (lambda claims: claims.pop("exp"), "no end"),
        (_wrong(sub="somebody-else"), "somebody else"),
    ],
)
def test_an_answer_that_does_not_hold_signs_nobody_in(
    site: Site, provider: OidcProvider, lie: Callable[[dict[str, Any]], object], why: str
) -> None:
    from structlog.testing import capture_logs

    provider.person |= {"groups": ["desk"]}
    provider.lie = lie
    with capture_logs() as logs:
        browser, response = sign_in(site)
    assert response.status_code == 403
    assert "could not be used" in words(response)
    assert why in str([entry.get("why") for entry in logs])
    assert browser.get("/").status_code == 302
    from keuring_collector.desk.models import Staff

    assert not Staff.objects.exists()


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
def test_only_the_providers_own_signature_counts(site: Site, provider: OidcProvider, algorithm: str) -> None:
    provider.person |= {"groups": ["desk"]}
    provider.algorithm = algorithm
    assert sign_in(site)[1].status_code == 403
    provider.algorithm = "RS256"
    provider.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)  # not the one it publishes
    assert sign_in(site)[1].status_code == 403


def test_an_answer_is_of_the_browser_that_asked_and_counts_once(site: Site, provider: OidcProvider) -> None:
    provider.person |= {"groups": ["desk"]}
    first, second = site.client(), site.client()
    back = there(first)
    assert second.get(back).status_code == 403  # the state is of another browser
    changed = back.replace(parse_qs(urlsplit(back).query)["state"][0], "of-my-own-making")
    assert first.get(changed).status_code == 403
    assert first.get(back).status_code == 302
    third = site.client()
    assert third.get(back).status_code == 403
    assert third.get("/sign-in/oidc/back/?error=access_denied").status_code == 403


def test_signing_in_never_leads_elsewhere(site: Site, provider: OidcProvider) -> None:
    provider.person |= {"groups": ["desk"]}
    assert sign_in(site, "https://elsewhere.example/")[1]["Location"] == "/"
    asking = site.client().get("/sign-in/oidc/?scope=admin&auth_params=prompt%3Dnone&process=redirect")
    query = parse_qs(urlsplit(asking["Location"]).query)
    assert set(query["scope"][0].split()) == {"openid", "profile", "email"}
    assert "prompt" not in query


def test_who_has_no_role_or_no_account_or_was_switched_off_stays_out(
    site: Site, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from keuring_collector.desk import staffing
    from keuring_collector.desk.models import Staff

    assert "none of your groups has a role" in words(sign_in(site)[1])
    provider.person |= {"groups": ["desk"]}
    assert sign_in(site)[1].status_code == 302
    staffing.switch(None, Staff.objects.get(), active=False)
    browser, response = sign_in(site)
    assert response.status_code == 403
    assert "switched off" in words(response)
    assert browser.get("/").status_code == 302
    # A name that is somebody's already is not taken over, nor is an address that the provider has not checked.
    site.staff("petra", email="petra@example.org")
    provider.person = {"sub": "p-9", "preferred_username": "Petra", "email": "petra@example.org", "groups": ["desk"]}
    assert "an account with your name" in words(sign_in(site)[1])
    configure(monkeypatch, provider, oidc_roles=())
    provider.person = {"sub": "p-8", "preferred_username": "eva"}
    assert "no account at this desk" in words(sign_in(site)[1])


def test_a_provider_that_is_away_or_another_is_said(
    site: Site, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, provider, oidc_issuer=f"{provider.issuer}/other")
    assert site.client().get("/sign-in/oidc/").status_code == 403
    configure(monkeypatch, provider, oidc_issuer="http://127.0.0.1:9")
    assert site.client().get("/sign-in/oidc/").status_code == 403
    configure(monkeypatch, provider, oidc_issuer="")
    assert site.client().get("/sign-in/oidc/").status_code == 404
    assert "/sign-in/oidc/" not in site.client().get("/sign-in/").content.decode()


def test_local_accounts_can_be_off(site: Site, provider: OidcProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.collector.console_fixtures import PASSWORD

    configure(monkeypatch, provider, local_accounts=False)
    site.staff("cas", password=PASSWORD)
    browser = site.client()
    assert 'name="password"' not in browser.get("/sign-in/").content.decode()
    browser.post("/sign-in/", {"username": "cas", "password": PASSWORD})
    assert browser.get("/").status_code == 302


def test_settings_that_cannot_be_are_refused_by_name(site: Site, tmp_path: Path) -> None:
    from keuring_collector import config

    def complaint(**values: Any) -> str:
        with pytest.raises(config.ConfigError) as refused:
            config.load(tmp_path, values, {})
        return str(refused.value)

    assert "plain http only on a loopback address" in complaint(oidc_issuer="http://id.example.org")
    assert "needs 'oidc_client_id'" in complaint(oidc_issuer="https://id.example.org")
    assert "write VALUE=ROLE" in complaint(oidc_roles=("desk=boss",))
    assert "nobody could sign in" in complaint(local_accounts=False)
    assert "mfa_required_for" in complaint(mfa_required_for=("boss",))
