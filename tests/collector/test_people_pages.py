"""The pages of people, settings and tokens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import PASSWORD, words

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def test_somebody_is_added_given_a_role_switched_off_and_on(site: Site) -> None:
    from keuring_collector.desk.models import Staff

    finance = site.department("Finance")
    browser = site.client(site.staff("petra", first_name="Petra"))
    added = browser.post(
        "/staff/add/",
        {
            "name": "cas",
            "full_name": "Cas Klaar",
            "mail": "",
            "role": "visitor",
            "sees": "some",
            "department": finance.pk,
        },
    )
    found = re.search(r'class="secret">([a-z2-9-]{19})<', added.content.decode())
    assert found
    person = Staff.objects.get(username="cas")
    assert person.check_password(found[1])
    page = words(browser.get(f"/staff/{person.pk}/"))
    assert found[1] not in page  # shown once
    listed = words(browser.get("/staff/"))
    assert re.search(r"Cas Klaar cas visitor Finance no never", listed)
    browser.post(f"/staff/{person.pk}/role/", {"role": "specialist", "sees": "all"})
    person = Staff.objects.get(username="cas")
    assert (person.role, person.limited) == ("specialist", False)
    theirs = site.client(person)
    browser.post(f"/staff/{person.pk}/account/", {"active": "no"})
    assert theirs.get("/password/").status_code == 302
    assert "switched off" in words(browser.get("/staff/"))
    browser.post(f"/staff/{person.pk}/account/", {"active": "yes"})
    reset = browser.post(f"/staff/{person.pk}/password/")
    fresh = re.search(r'class="secret">([a-z2-9-]{19})<', reset.content.decode())
    assert fresh
    assert Staff.objects.get(username="cas").check_password(fresh[1])


def test_what_was_typed_stays_when_it_is_refused(site: Site) -> None:
    site.department("Finance")
    browser = site.client(site.staff("petra"))
    refused = browser.post(
        "/staff/add/", {"name": "PETRA", "full_name": "Petra Twee", "role": "viewer", "sees": "some", "mail": ""}
    )
    html = refused.content.decode()
    assert refused.status_code == 422
    assert "signs in with this name already" in words(refused)
    assert 'value="Petra Twee"' in html
    assert '<option value="viewer" selected>' in html
    assert re.search(r'id="name"[^>]* aria-invalid="true"', html)


def test_a_team_lead_manages_who_is_below_and_nobody_else(site: Site) -> None:
    from keuring_collector.desk.models import Staff

    finance, sales = site.department("Finance"), site.department("Sales")
    lead = site.staff("lead", role="team_lead", departments=[finance])
    admin, helper = site.staff("petra"), site.staff("cas", role="desk", departments=[finance])
    browser = site.client(lead)
    page = browser.get(f"/staff/{helper.pk}/").content.decode()
    assert "Sales" not in page
    assert 'value="all"' not in page
    assert '<option value="administrator"' not in page
    for person in (admin, lead):
        assert "<select" not in browser.get(f"/staff/{person.pk}/").content.decode()
        for address, form in (
            ("role", {"role": "viewer", "sees": "all"}),
            ("account", {"active": "no"}),
            ("password", {}),
        ):
            assert browser.post(f"/staff/{person.pk}/{address}/", form).status_code == 422
    wider = browser.post(f"/staff/{helper.pk}/role/", {"role": "desk", "sees": "some", "department": sales.pk})
    assert "only departments that you see yourself" in words(wider)
    assert Staff.objects.get(pk=helper.pk).department_ids == frozenset({finance.pk})
    assert Staff.objects.get(pk=admin.pk).is_active
    assert browser.get("/staff/99999/").status_code == 404


def test_a_token_is_shown_once_and_revoked(site: Site) -> None:
    from keuring_collector.desk.models import ApiToken

    browser = site.client(site.staff("cas", role="desk"))
    made = browser.post("/settings/tokens/", {"name": "Sync", "scope": ["read", "act"], "days": "30"})
    found = re.search(r'class="secret">(keuring-api\.\w+\.[\w-]+)<', made.content.decode())
    assert found
    headers = {"Authorization": f"Bearer {found[1]}"}
    assert site.client().get("/api/me", headers=headers).json()["token"] == "Sync"
    page = browser.get("/settings/")
    assert found[1] not in page.content.decode()
    assert re.search(r"Sync .*work on tickets until .* last used .*today", words(page))
    token = ApiToken.objects.get()
    site.client(site.staff("eva", role="desk")).post(f"/settings/tokens/{token.pk}/")
    assert site.client().get("/api/me", headers=headers).status_code == 200
    browser.post(f"/settings/tokens/{token.pk}/")
    assert site.client().get("/api/me", headers=headers).status_code == 401
    assert "Sync" not in words(browser.get("/settings/"))


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"name": "", "scope": "read", "days": "30"}, "what the token is for"),
        ({"name": "x", "days": "30"}, "at least one thing"),
        ({"name": "x", "scope": "everything", "days": "30"}, "at least one thing"),
        ({"name": "x", "scope": "read", "days": "366"}, "1 to 365 days"),
        ({"name": "x", "scope": "read", "days": "-1"}, "1 to 365 days"),
    ],
)
def test_a_token_that_cannot_be_is_refused_in_words(site: Site, form: dict[str, str], told: str) -> None:
    response = site.client(site.staff("cas", role="desk")).post("/settings/tokens/", form)
    assert response.status_code == 422
    assert told in words(response)
    assert f'value="{form["name"]}"' in response.content.decode()


def test_who_only_looks_makes_no_token_that_acts(site: Site) -> None:
    page = site.client(site.staff("vera", role="viewer")).get("/settings/").content.decode()
    assert 'value="read"' in page
    assert 'value="act"' not in page


def test_the_collectors_settings_are_shown_without_secrets(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.conf import settings

    secret = {"mail_server": "smtp://desk:geheim@mail", "oidc_client_secret": "zeer-geheim", "freshness": 1800.0}
    monkeypatch.setattr(settings, "KEURING", settings.KEURING.model_copy(update=secret))
    monkeypatch.setenv("KEURING_FRESHNESS", "1800")
    response = site.client(site.staff("petra", role="privacy_officer")).get("/settings/collector/")
    text = words(response)
    assert "geheim" not in response.content.decode()
    assert re.search(r"freshness .{20,120} 1800 in the environment", text)
    assert text.count("set, not shown") == 3  # and the database of the test
    assert re.search(r"raw_retention_days Days for which windows are kept\. 90 as shipped", text)


def test_ones_own_settings_say_who_one_is(site: Site) -> None:
    person = site.staff("cas", role="visitor", departments=[site.department("Finance")], password=PASSWORD)
    text = words(site.client(person).get("/settings/"))
    assert "cas · visitor · sees Finance" in text
    assert "a stolen password opens nothing" in text
    assert "See the collector's settings" not in text


def test_the_rails_foot_holds_what_one_may_see(site: Site) -> None:
    def foot(role: str) -> list[str]:
        html = site.client(site.staff(f"of-{role}", role=role)).get("/").content.decode()
        part = re.search(r'class="foot-nav".*?</nav>', html, re.DOTALL)
        assert part
        return re.findall(r'href="(/[a-z]+/)"', part[0])

    assert foot("viewer") == ["/settings/"]
    assert foot("team_lead") == ["/staff/", "/settings/"]
    assert foot("privacy_officer") == ["/settings/", "/objections/", "/audit/"]
    assert foot("administrator") == ["/staff/", "/settings/", "/objections/", "/audit/"]
