"""Who may do what: every route states a right, roles and departments hold on every page, and who gives them."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import PASSWORD, USED, words

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

pytestmark = [pytest.mark.long, pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)]
# Pages for colleagues, who need not sign in, where the organisation wants them.
PUBLIC = {"help", "help_list", "help_article", "help_helped", "help_feed", "help_pictures", "help_picture"}
PUBLIC |= {"news", "news_item", "news_feed"}
OPEN_TO_ALL = {"check", "sign_in", "account_login", "preferences", "oidc_login", "oidc_callback", "mfa_authenticate"}
OPEN_TO_ALL |= PUBLIC | {"calendar", "mood_answer", "round_worker"}  # and a secret address, a signed link, a script
# A colleague's own page: it opens with a session of its own, see test_workplace.py.
OF_COLLEAGUES = {
    *("workplace", "workplace_door", "workplace_enter", "workplace_stored", "workplace_report", "workplace_export"),
    *("workplace_object", "workplace_leave", "workplace_mood", "workplace_tip"),
}
OPEN_TO_ALL |= OF_COLLEAGUES


def routes() -> dict[str, Any]:
    """{name: view} of every address of the console."""
    from django.urls import URLPattern

    from keuring_collector.console.urls import urlpatterns

    found: dict[str, Any] = {}

    def walk(patterns: Any) -> None:
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                found[str(pattern.name)] = pattern
            else:
                walk(pattern.url_patterns)

    walk(urlpatterns)
    return found


def address(pattern: Any) -> str:
    """An address of a route; what its parts name need not exist."""
    parts = {"int": "999", "uuid": str(uuid.UUID(int=7)), "slug": "take", "str": "nothing", "path": "nothing"}
    return "/" + re.sub(r"<(\w+):\w+>", lambda match: parts[match[1]], str(pattern.pattern))


def test_every_route_states_its_right(site: Site) -> None:
    from keuring_collector.console.permission import STATED
    from keuring_collector.desk.roles import Right

    found = routes()
    assert len(found) > 15
    for name, pattern in found.items():
        if name in OPEN_TO_ALL:
            assert pattern.callback.login_required is False, name
        else:
            assert isinstance(getattr(pattern.callback, STATED, None), Right), f"{name}: decorate it with requires()"


def test_every_route_refuses_every_role_that_lacks_its_right(site: Site) -> None:
    from keuring_collector.console.permission import STATED
    from keuring_collector.desk.roles import RIGHTS, Role

    site.staff("petra", first_name="Petra")
    refused = 0
    for role in Role:
        browser = site.client(site.staff(f"a-{role.value}", role=role, password=PASSWORD))
        for name, pattern in routes().items():
            right = getattr(pattern.callback, STATED, None)
            if right is None or name == "sign_out":
                continue
            for response in (browser.get(address(pattern)), browser.post(address(pattern))):
                if right in RIGHTS[role]:
                    assert response.status_code != 403, (role, name)
                    continue
                assert response.status_code == 403, (role, name)
                text = words(response)
                assert f"which may not: {right.label}" in text
                assert "ask Petra" in text
                refused += 1
    assert refused > 20


def test_every_right_but_the_common_ones_is_kept_from_somebody(site: Site) -> None:
    from keuring_collector.desk.roles import RIGHTS, Right, Role

    assert set(RIGHTS) == set(Role)
    for right in Right:
        lacking = [role for role in Role if right not in RIGHTS[role]]
        assert bool(lacking) == (right not in (Right.OWN_ACCOUNT, Right.REPORTS)), right
    # The IT department works with counts: it sees neither machines nor colleagues.
    assert [role for role in Role if Right.LOOK not in RIGHTS[role]] == [Role.IT]


def test_an_unknown_role_may_nothing(site: Site) -> None:
    assert site.client(site.staff(role="wizard")).get("/").status_code == 403


def test_only_what_belongs_to_ones_departments_is_seen(site: Site) -> None:
    finance, sales = site.department("Finance"), site.department("Sales")
    ours = site.machine("LT-OURS", department=finance)
    theirs = site.machine("LT-THEIRS", colleague=site.colleague("Jan Jansen", department=sales))
    nobodys = site.machine("LT-NOBODYS", colleague=None)
    for machine in (ours, theirs, nobodys):
        site.measure(machine, USED, [0.5, 0.6] * 8, subject="C:")
    own, other, third = (site.ticket(machine) for machine in (ours, theirs, nobodys))
    browser = site.client(site.staff("cas", role="desk", departments=[finance]))
    for page in ("/", "/?q=LT", "/?sort=machine", "/machines/", "/machines/?q=LT", "/departments/"):
        text = words(browser.get(page))
        assert "LT-THEIRS" not in text, page
        assert "LT-NOBODYS" not in text, page
        assert "Sales" not in text, page
        assert "Jan Jansen" not in text, page
    assert "LT-OURS" in words(browser.get("/"))
    assert '<span class="tally">1' in browser.get("/").content.decode()
    assert "1 open ticket" in words(browser.get("/rules/volume_filling/"))
    for machine in (theirs, nobodys):
        for page in ("", "signals/system.filesystem.utilization/?subject=C:"):
            response = browser.get(f"/machines/{machine.uuid}/{page}")
            assert response.status_code == 404
            assert "a department that you do not see" in words(response)
    for ticket in (other, third):
        assert browser.get(f"/tickets/{ticket.pk}/").status_code == 404
        assert browser.post(f"/tickets/{ticket.pk}/take/").status_code == 404
    browser.post("/tickets/", {"ticket": [own.pk, other.pk], "action": "take"})
    own.refresh_from_db()
    other.refresh_from_db()
    assert (own.owner is not None, other.owner) == (True, None)


def test_what_helped_elsewhere_is_not_told_across_departments(site: Site) -> None:
    from keuring_collector.desk import actions

    finance, sales = site.department("Finance"), site.department("Sales")
    lead = site.staff("lead", role="team_lead")
    old = site.ticket(site.machine("LT-OLD", department=sales))
    actions.resolve(old.pk, actor=lead, now=site.now, verdict="right", text="Emptied the sales share")
    ticket = site.ticket(site.machine("LT-NEW", department=finance))
    page = f"/tickets/{ticket.pk}/"
    assert "Emptied the sales share" in words(site.client(lead).get(page))
    limited = site.staff("cas", role="desk", departments=[finance])
    assert "Emptied the sales share" not in words(site.client(limited).get(page))


def test_a_department_that_goes_never_opens_the_others(site: Site) -> None:
    finance = site.department("Finance")
    site.ticket(site.machine("LT-SALES", colleague=site.colleague("Jan", department=site.department("Sales"))))
    person = site.staff("cas", role="desk", departments=[finance])
    finance.delete()
    text = words(site.client(person).get("/"))
    assert "LT-SALES" not in text


def test_who_only_looks_gets_no_buttons(site: Site) -> None:
    ticket = site.ticket()
    page = f"/tickets/{ticket.pk}/"
    assert "/resolve/" in site.client(site.staff("cas", role="desk")).get(page).content.decode()
    viewer = site.client(site.staff("vera", role="viewer"))
    assert "/resolve/" not in viewer.get(page).content.decode()
    assert 'name="action"' not in viewer.get("/").content.decode()


def test_the_digest_tells_only_of_ones_departments(site: Site) -> None:
    from django.core import mail
    from django.test import override_settings

    from keuring_collector.desk import digest

    finance, sales = site.department("Finance"), site.department("Sales")
    site.ticket(site.machine("LT-FIN", department=finance), severity=4)
    site.ticket(site.machine("LT-SAL", department=sales), severity=4)
    site.staff("cas", role="desk", departments=[finance], email="cas@example.org")
    site.staff("noor", role="desk", email="noor@example.org")
    site.staff("none", role="desk", departments=[], email="none@example.org")
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        assert digest.send(site.now, site.now, lambda _rule: None, "https://desk/", "nl") == 2
        told = {message.to[0]: f"{message.subject} {message.body}" for message in mail.outbox}
    assert told["cas@example.org"].count("https://desk/tickets/") == 1
    assert told["noor@example.org"].count("https://desk/tickets/") == 2


def test_who_gives_roles(site: Site) -> None:
    from keuring_collector.desk import staffing
    from keuring_collector.desk.models import Staff

    finance, sales = site.department("Finance"), site.department("Sales")
    admin = site.staff("admin")
    lead = site.staff("lead", role="team_lead")
    local = site.staff("local", role="team_lead", departments=[finance])
    person, password = staffing.add(lead, "cas", "desk", full_name="Cas Klaarstaan", mail="cas@example.org")
    assert person.check_password(password)
    assert (person.must_change_password, person.shown_name, person.limited) == (True, "Cas Klaarstaan", False)
    for call, field in (
        (lambda: staffing.add(lead, "c as", "desk"), "name"),
        (lambda: staffing.add(lead, "CAS", "desk"), "name"),
        (lambda: staffing.add(lead, "eva", "desk", mail="eva"), "mail"),
        (lambda: staffing.add(lead, "eva", "wizard"), "role"),
        (lambda: staffing.add(lead, "eva", "administrator"), "role"),
        (lambda: staffing.assign(lead, person, "privacy_officer", None), "role"),
        (lambda: staffing.assign(lead, admin, "viewer", None), ""),
        (lambda: staffing.assign(lead, lead, "desk", None), ""),
        (lambda: staffing.switch(admin, admin, active=False), ""),
        (lambda: staffing.reset(lead, admin), ""),
        (lambda: staffing.add(local, "eva", "desk"), "departments"),
        (lambda: staffing.add(local, "eva", "desk", departments=[sales]), "departments"),
        (lambda: staffing.assign(local, person, "desk", [finance]), ""),  # sees more than they do
        (lambda: staffing.switch(None, admin, active=False), "role"),  # the only administrator
        (lambda: staffing.assign(None, admin, "desk", None), "role"),
    ):
        with pytest.raises(staffing.StaffingError) as refused:
            call()
        assert refused.value.field == field
    helper, _ = staffing.add(local, "eva", "desk", departments=[finance])
    assert helper.department_ids == frozenset({finance.pk})
    staffing.assign(admin, person, "administrator", None)
    staffing.switch(Staff.objects.get(pk=person.pk), admin, active=False)
    assert not Staff.objects.get(pk=admin.pk).is_active


def test_a_new_role_is_in_force_at_once_and_switching_off_ends_sessions(site: Site) -> None:
    from keuring_collector.desk import staffing

    ticket = site.ticket()
    person = site.staff("cas", role="desk")
    browser = site.client(person)
    assert browser.post(f"/tickets/{ticket.pk}/take/").status_code == 302
    staffing.assign(None, person, "viewer", None)
    assert browser.post(f"/tickets/{ticket.pk}/take/").status_code == 403
    other = site.client(site.staff("noor"))
    staffing.switch(None, person, active=False)
    assert browser.get("/")["Location"].startswith("/sign-in/")
    staffing.switch(None, person, active=True)  # what was open before stays closed
    assert browser.get("/")["Location"].startswith("/sign-in/")
    assert other.get("/").status_code == 200
