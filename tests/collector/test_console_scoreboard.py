"""The scoreboard as the desk sees it: what it counts, who sees what, its file, and a rule that fell."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import FILLING, MODEL, words

if TYPE_CHECKING:
    from django.test import Client

    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture
def browser(site: Site) -> Client:
    return site.client(site.staff(first_name="Noor"))


def judged(site: Site, verdict: str, count: int, **machine: Any) -> None:
    """Closed tickets, each on a machine of its own, closed two days after they were opened."""
    from keuring_collector.fleet.models import Endpoint

    for _ in range(count):
        endpoint = site.machine(f"M-{Endpoint.objects.count()}", **machine)
        site.ticket(
            endpoint, age=10, state="resolved", verdict=verdict, closed_at=site.now - timedelta(days=8), touched=True
        )


def incident(site: Site, endpoint: Any, days: float, cause: str = "volume-space") -> None:
    from keuring_collector.desk.models import Incident

    Incident.objects.create(
        endpoint=endpoint, cause=cause, at=site.now - timedelta(days=days), number="INC-1", imported_at=site.now
    )


def test_an_empty_scoreboard_teaches(browser: Client) -> None:
    assert "Each verdict that you give on closing a ticket counts here" in words(browser.get("/scoreboard/"))


def test_few_verdicts_are_too_early_to_tell(site: Site, browser: Client) -> None:
    judged(site, "right", 9)
    page = words(browser.get("/scoreboard/"))
    assert "volume_filling" in page
    assert "too early to tell 9 of 10 judged" in page
    assert "100 %" not in page
    judged(site, "wrong", 1)
    assert "90 % 60–98 % of 10 judged" in words(browser.get("/scoreboard/"))
    assert "90 % 60–98 %, of 10 judged" in words(browser.get("/rules/volume_filling/"))
    assert "It opened no ticket in the last twelve months" in words(browser.get("/rules/battery_wearing/"))


def test_what_was_missed_and_how_long_before(site: Site, browser: Client) -> None:
    told, untold = site.machine("LT-1"), site.machine("LT-2")
    site.ticket(told, age=40)
    incident(site, told, 10)
    incident(site, untold, 10)
    incident(site, untold, 500)  # before the period
    page = words(browser.get("/scoreboard/"))
    assert "1 30 days 1 of 2" in page.replace("too early to tell 0 of 10 judged ", "")


def test_models_departments_and_what_somebody_may_see(site: Site, browser: Client) -> None:
    sales = site.department("Sales")
    judged(site, "right", 1)
    judged(site, "wrong", 1, department=sales)
    from keuring_collector.fleet.models import Endpoint

    site.fact(Endpoint.objects.get(host_name="M-1"), MODEL, "Notitie 14")
    assert "Notitie 14 1" in words(browser.get("/scoreboard/?by=model"))
    assert "Model not known 1" in words(browser.get("/scoreboard/?by=model"))
    departments = words(browser.get("/scoreboard/?by=department"))
    assert "Finance 1" in departments
    assert "Sales 1" in departments
    limited = site.client(site.staff("sam", departments=[sales], role="desk"))
    seen = words(limited.get("/scoreboard/?by=department"))
    assert "Sales 1" in seen
    assert "Finance" not in seen
    assert "0 of 10 judged" not in words(limited.get("/scoreboard/"))
    assert "1 of 10 judged" in words(limited.get("/scoreboard/"))


def test_simulated_machines_count_only_where_most_are_simulated(site: Site, browser: Client) -> None:
    judged(site, "wrong", 3, simulated=True)
    assert "3 of 10 judged" in words(browser.get("/scoreboard/"))
    judged(site, "right", 1)  # the machine that a demo runs on
    assert "3 of 10 judged" in words(browser.get("/scoreboard/"))
    judged(site, "right", 4)
    assert "5 of 10 judged" in words(browser.get("/scoreboard/"))


def test_the_file_is_safe_for_spreadsheets_and_audited(site: Site, browser: Client) -> None:
    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry

    judged(site, "right", 3)
    from keuring_collector.fleet.models import Endpoint

    site.fact(Endpoint.objects.get(host_name="M-0"), MODEL, "=cmd|' /C calc'!A0")
    answer = browser.get("/scoreboard/export/?by=model")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="keuring-scoreboard-model-')
    header, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert header[:5] == ["Models", "Tickets", "Verdicts", "Judged", "Share right"]
    assert len(header) == 12 + 3 * 12
    by_name = {row[0]: row for row in rows}
    assert set(by_name) == {"'=cmd|' /C calc'!A0", "Model not known"}
    assert by_name["Model not known"][1:5] == ["2", "2", "2", "1"]
    audit.flush()
    entry = AuditEntry.objects.get(action="export.made")
    assert (entry.actor, entry.told) == ("noor", {"name": "scoreboard/model", "entries": 2})
    dutch = site.client(site.staff("daan", language="nl")).get("/scoreboard/export/").content.decode("utf-8-sig")
    assert dutch.startswith("Regels;Tickets;Oordelen;")
    assert ";0,4385;" in dutch  # three of three are at least 44 %


def test_a_rule_that_fell_is_told_and_switched_on_again(site: Site, browser: Client) -> None:
    from keuring_collector import rulepack
    from keuring_collector.desk import demotion, starting

    judged(site, "wrong", 10)
    assert demotion.demote(rulepack.load(None), site.now, 0.5) == ["volume_filling"]
    for page in ("/today/", "/scoreboard/"):
        told = words(browser.get(page))
        assert "1 rule fell to advice" in told, page
        assert "0 of 10 tickets right: at best 28 %, below 50 %" in told, page
    rule = words(browser.get("/rules/volume_filling/"))
    assert "Fell to advice" in rule
    assert "only reports" in rule
    viewer = site.client(site.staff("vera", role="desk"))
    assert "Let it open tickets again" not in words(viewer.get("/rules/volume_filling/"))
    assert viewer.post("/start/switch/", {"rule": FILLING, "action": "on"}).status_code == 403
    assert "Let it open tickets again" in rule
    assert browser.post("/start/switch/", {"rule": FILLING, "action": "on"}).status_code == 302
    assert not starting.only_reports(FILLING)
    assert "Fell to advice" not in words(browser.get("/rules/volume_filling/"))
    assert "fell to advice" not in words(browser.get("/today/"))
