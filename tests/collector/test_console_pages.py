"""What holds for every page: who may see it, its headers, words and size; and the pages beside queue and ticket."""

from __future__ import annotations

import gzip
import os
import re
import uuid
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from keuring.signals.catalogue import KEURING_AGENT_VERSION
from tests.collector.console_fixtures import CPU, MEAN, MODEL, PASSWORD, SPACE, USED, broken_pack, words
from tests.collector.console_routes import FILES, LEADING_ON, MISSING, OPEN_TO_ALL, addresses

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
FORBIDDEN = re.compile(r"\busers?\b|gebruiker", re.IGNORECASE)


@pytest.fixture
def browser(site: Site) -> Client:
    return site.client(site.staff())


def test_every_page_but_signing_in_asks_who_one_is(site: Site) -> None:
    stranger = site.client()
    for name, address in addresses(site).items():
        for response in (stranger.get(address), stranger.post(address)):
            if name in OPEN_TO_ALL:
                assert response.status_code in (200, 302, 404, 405, 422), name  # 404: no provider is set
                continue
            assert response.status_code == 302, name
            assert response["Location"].startswith("/sign-in/?next="), name


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_page_is_whole_in_both_languages(site: Site, language: str) -> None:
    browser = site.client(site.staff(language=language, password=PASSWORD))
    lead = site.client(site.staff("lead", role="team_lead", language=language))
    for name, address in addresses(site).items():
        response = (lead if name in ("skills_team", "skills_confirm") else browser).get(address)
        if response.status_code in (302, 405):
            assert name in LEADING_ON, name
            continue
        assert response.status_code == (404 if name in MISSING else 200), name
        if name in FILES:
            assert not response["Content-Type"].startswith("text/html"), name
            continue
        if name in ("backtest_progress", "backtest_report"):
            assert not FORBIDDEN.search(words(response))
            continue  # a part of a page, or one to keep
        html = response.content.decode()
        assert f'<html lang="{language}"' in html
        assert html.count("<h1") == 1, name
        assert len(re.findall(r'<main [^>]*\bid="main"', html)) == 1, name
        if '<aside class="rail"' in html:  # what a page shows never takes the place of where one can go
            assert (
                len(re.findall(r'<p class="rail-title"[^>]*>[^<>]{2,30}</p>\s*<ul [^>]*>\s*<li><a href="/', html)) == 4
            ), name
        assert "{{" not in html, name
        assert "{%" not in html, name
        assert " style=" not in html, name  # the content security policy would not have it
        assert not re.search(r"<[^>]+\son\w+=", html), name
        assert not FORBIDDEN.search(words(response)), (name, FORBIDDEN.search(words(response)))
        identities = re.findall(r'\bid="([^"]+)"', html)
        assert len(identities) == len(set(identities)), name


def test_headers_keep_pages_to_themselves(site: Site, browser: Client) -> None:
    for client, address in ((browser, "/"), (site.client(), "/sign-in/")):
        response = client.get(address)
        policy = response["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        assert "unsafe" not in policy
        assert response["X-Frame-Options"] == "DENY"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Referrer-Policy"] == "same-origin"
        assert response["Cache-Control"] == "no-store, private"
        assert "camera=()" in response["Permissions-Policy"]
    site.staff("cas", password=PASSWORD)
    cookie = site.client()
    cookie.post("/sign-in/", {"username": "cas", "password": PASSWORD})
    session = next(value for name, value in cookie.cookies.items() if "session" in name)
    assert session["httponly"]
    assert session["samesite"] == "Lax"
    assert session["secure"]


def test_the_first_load_is_light(site: Site, browser: Client) -> None:
    for number in range(50):
        site.ticket(site.machine(f"LT-{number:04}"), days=number)
    html = browser.get("/").content
    total = len(gzip.compress(html))
    for address in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', html.decode())):
        response = browser.get(address, headers={"accept-encoding": "gzip"})
        assert response.status_code == 200
        total += len(b"".join(response.streaming_content))  # type: ignore[attr-defined]
    assert total <= 60_000


def test_pages_are_sent_compressed(site: Site, browser: Client) -> None:
    response = browser.get("/rules/", headers={"accept-encoding": "gzip"})
    assert (response["Content-Encoding"], response["Content-Length"]) == ("gzip", str(len(response.content)))
    assert "Accept-Encoding" in response["Vary"]
    assert gzip.decompress(response.content).decode().rstrip().endswith("</html>")
    assert "Content-Encoding" not in browser.get("/rules/")


def test_what_is_missing_is_said_in_style(site: Site, browser: Client) -> None:
    for address in ("/nothing/", "/rules/no_such_rule/", "/articles/no-such/", f"/machines/{uuid.uuid4()}/"):
        response = browser.get(address)
        assert response.status_code == 404
        assert "This page does not exist" in words(response)
        assert "Queue" in words(response)


def test_an_error_of_ours_is_admitted(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.console import listing

    def fail(*_: object) -> None:
        raise RuntimeError("in a test")

    monkeypatch.setattr(listing, "page", fail)
    browser = site.client(site.staff())
    browser.raise_request_exception = False
    response = browser.get("/")
    assert response.status_code == 500
    assert "Something went wrong on our side" in words(response)
    assert "in a test" not in response.content.decode()


def test_machines_are_found_and_narrowed(site: Site, browser: Client) -> None:
    sales = site.department("Sales")
    first = site.machine("LT-1", simulated=True)
    second = site.machine("WS-2", colleague=site.colleague("Jan Jansen", department=sales))
    site.machine("OLD-3", state="revoked")
    site.fact(first, MODEL, "Notitie 14")
    site.measure(first, USED, [0.5], subject="C:", compacted=False)
    site.ticket(second, severity=4)

    def names(query: str = "") -> list[str]:
        html = browser.get(f"/machines/{query}").content.decode()
        return re.findall(r'<span class="plate">([^<]+)</span></a>', html)

    assert names() == ["LT-1", "WS-2"]
    assert names("?q=jansen") == ["WS-2"]
    assert names("?q=notitie") == ["LT-1"]
    assert names("?model=Notitie+14") == ["LT-1"]
    assert names(f"?department={sales.pk}") == ["WS-2"]
    assert names("?simulated=hide") == ["WS-2"]
    assert names("?q=nothing&page=x") == []
    text = words(browser.get("/machines/"))
    assert "simulated" in text
    assert "never" in text
    assert re.search(r"(today|yesterday)", text)
    assert "No machine fits this choice" in words(browser.get("/machines/?q=zzz"))


@pytest.mark.parametrize("typed", ["\u00b2", "9" * 40, "-1", "\u0661"])
def test_a_form_with_what_is_no_number_of_ours_does_nothing(site: Site, browser: Client, typed: str) -> None:
    """Addresses with such: test_console_astray.py."""
    ticket = site.ticket()
    for path, name in (
        ("/tickets/?fleet={}", "ticket"), ("/today/seen/", "notice"), ("/views/", "forget"),
        (f"/tickets/{ticket.pk}/snooze-line/", "line"), (f"/tickets/{ticket.pk}/assign/", "to"),
        ("/promises/make/", "department"), ("/promises/make/", "ticket"),
    ):  # fmt: skip
        answer = browser.post(path.replace("{}", quote(typed)), {name: typed, "action": "take"})
        assert answer.status_code in (302, 404, 409, 422), (path, name)
    ticket.refresh_from_db()
    assert ticket.state == "new"
    assert ticket.owner is None


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-29", "\u00b2026-01-01"])
def test_a_form_with_a_day_that_is_none_does_nothing(site: Site, browser: Client, day: str) -> None:
    ticket = site.ticket()
    for action, name in (("plan", "day"), ("snooze", "until"), ("snooze-line", "until")):
        assert browser.post(f"/tickets/{ticket.pk}/{action}/", {name: day, "line": "1"}).status_code in (409, 422)
    for path, name in (
        ("/promises/make/", "due_on"), ("/tickets/", "day"), ("/visits/holidays/", "day"), ("/announcements/", "on"),
    ):  # fmt: skip
        form = {name: day, "action": "silence", "ticket": ticket.pk, "reason": "x", "text": "x", "do": "holiday"}
        assert browser.post(path, form).status_code < 500, path


def test_machines_with_an_older_agent_are_counted_marked_and_found(
    site: Site, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    for name, version in (("LT-1", "0.1.0"), ("LT-2", "0.2"), ("LT-3", "0.1.9"), ("LT-4", ""), ("LT-5", "0.10.0")):
        machine = site.machine(name)
        if version:
            site.fact(machine, KEURING_AGENT_VERSION.id, version)
    page = words(browser.get("/machines/"))
    assert "0.1.9" in page
    assert "older" not in page  # nobody asked for a version
    monkeypatch.setattr(settings, "KEURING", settings.KEURING.model_copy(update={"wanted_agent_version": "0.2.0"}))
    page = words(browser.get("/machines/"))
    assert "2 agents older than 0.2.0" in page
    assert ("0.1.0, older" in page, "0.2, older" in page) == (True, False)
    html = browser.get("/machines/?version=behind").content.decode()
    assert re.findall(r'<span class="plate">([^<]+)</span></a>', html) == ["LT-1", "LT-3"]
    assert "2 machines" in words(browser.get("/machines/?version=behind"))


def test_the_list_of_machines_is_read_in_a_bounded_number_of_queries(site: Site, browser: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def queries() -> int:
        browser.get("/machines/")
        with CaptureQueriesContext(connection) as captured:
            assert browser.get("/machines/").status_code == 200
        return len(captured)

    site.machine("LT-000")
    few = queries()
    for number in range(1, 70):
        site.machine(f"LT-{number:03}")
    assert queries() == few
    assert "Page 2 of 2" in words(browser.get("/machines/?page=7"))


def test_a_machine_shows_what_is_known_of_it(site: Site, browser: Client) -> None:
    from keuring_collector.store import facts, open_store

    machine = site.machine(simulated=True)
    site.measure(machine, SPACE, [float(n) * 2**30 for n in range(40, 100)], subject="C:")
    site.measure(machine, 160, [0.0] * 60, subject="coretemp", statistic=MEAN)
    site.fact(machine, MODEL, "Notitie 14")
    store = open_store(site.url)
    with store.connection.transaction():
        facts.put_unmeasured(store.connection, [(machine.pk, 162, "", site.now.timestamp(), "no fan sensor")])
        moment = site.now.timestamp() - 3 * 86400
        facts.put_events(store.connection, [(machine.pk, 1, 0, 74, "sda", moment, 3, {})])
    store.close()
    response = browser.get(f"/machines/{machine.uuid}/")
    text, html = words(response), response.content.decode()
    for part in ("LT-0231", "simulated", "Notitie 14", "Space left", "no fan sensor", "Fan speed", "Stayed at zero:"):
        assert part in text, part
    assert "Read and write errors sda 3 ×" in text
    assert "nothing is known to be wrong" in text
    assert html.count('class="chart small"') == 1
    link = re.search(r'href="(/machines/[^"]+/signals/[^"]+)"', html)
    assert link
    detail = browser.get(unescape(link[1]))
    assert detail.status_code == 200
    assert "The values behind it" in words(detail)


def test_without_an_open_ticket_signals_are_shown_by_the_day(site: Site, browser: Client) -> None:
    machine = site.machine()
    site.measure(machine, USED, [0.5, 0.52] * 60, subject="C:", step=3600)
    site.measure(machine, CPU, [0.2, 0.3] * 60, statistic=MEAN, step=3600)

    def labels(query: str) -> list[str]:
        html = browser.get(f"/machines/{machine.uuid}/{query}").content.decode()
        return re.findall(r'data-labels="([^"]+)"', html)

    clock = re.compile(r"\d\d:\d\d")
    assert labels("?days=1") == labels("?days=30")
    assert not any(clock.search(label) for label in labels("?days=7"))
    ticket = site.ticket(machine)
    week = labels("?days=7")
    assert len(week) == 2
    assert [bool(clock.search(label)) for label in week] == [True, False]  # presence stays by the day
    assert len(labels("?days=1")) == 1  # a single day of it would say nothing
    ticket.delete()
    signal = browser.get(f"/machines/{machine.uuid}/signals/system.filesystem.utilization/?subject=C:&days=1")
    assert not clock.search(words(signal))


def test_looks_closer_than_a_day_are_written_down(site: Site, browser: Client) -> None:
    from keuring_collector.desk import audit
    from keuring_collector.desk.models import AuditEntry

    machine = site.machine()
    site.measure(machine, USED, [0.5, 0.52] * 30, subject="C:", step=3600)
    ticket = site.ticket(machine, days=None)
    browser.get(f"/machines/{machine.uuid}/?days=30")
    audit.flush()
    closer = AuditEntry.objects.filter(action="windows.viewed")
    assert not closer.exists()
    browser.get(f"/machines/{machine.uuid}/?days=7")
    browser.get(f"/tickets/{ticket.pk}/")
    audit.flush()
    assert list(closer.values_list("actor", "subject")) == [("noor", f"machine/{machine.uuid}")] * 2


def test_departments_count_what_is_open(site: Site, browser: Client) -> None:
    machine = site.machine(simulated=True)
    site.machine("LT-2")
    site.machine("LT-3", colleague=None)
    site.ticket(machine, severity=4)
    text = words(browser.get("/departments/"))
    assert re.search(r"Finance 1 simulated 2nd floor 1 2 urgent 1 soon 0", text)
    assert "Without a department" in text


def test_rules_and_their_tests_are_listed(site: Site, browser: Client) -> None:
    site.ticket()
    listed = words(browser.get("/rules/"))
    assert "Volume part of machine will be full around date" in listed
    page = words(browser.get("/rules/volume_filling/"))
    for part in (
        "forecast.rises_to",
        "98 %",
        "Schijf onderdeel van machine",
        "fires when a steady pace",
        "1 open ticket",
    ):
        assert part in page, part
    assert "in English alone" not in page
    slow = words(site.client(site.staff("nel", language="nl")).get("/rules/disk_slow/"))
    assert "threshold.above 0.5s" in slow
    assert "threshold.floors" not in slow  # it holds nothing
    assert "alleen in het Engels" in slow


def test_a_broken_pack_is_said_on_every_page_and_the_last_good_one_stays(
    site: Site, browser: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    from tests.collector.packs import write_pack

    directory = tmp_path / "pack"
    write_pack(directory)
    monkeypatch.setattr(settings, "KEURING", settings.KEURING.model_copy(update={"rules_directory": directory}))
    assert "rule files are broken" not in words(browser.get("/rules/"))
    broken_pack(directory)
    for file in directory.rglob("*.yaml"):
        os.utime(file, (1, 1))
    for address in ("/", "/machines/", "/rules/test_space/"):
        text = words(browser.get(address))
        assert "The rule files are broken" in text
        assert ".yaml" in text
    write_pack(directory)
    assert "rule files are broken" not in words(browser.get("/"))


def test_reports_put_aside_are_shown_with_their_reason(site: Site, browser: Client) -> None:
    from keuring_collector.store import journal, open_store

    machine = site.machine()
    assert "Nothing has been put aside" in words(browser.get("/problems/"))
    store = open_store(site.url)
    received = (site.now - timedelta(days=1)).timestamp()
    with store.connection.transaction():
        journal.quarantine(
            store.connection,
            [journal.Quarantined(machine.pk, 1, 42, received, "wrong_length", "<b>12 values</b> for 13", b"x" * 2048)],
        )
    store.close()
    response = browser.get("/problems/")
    text = words(response)
    for part in ("LT-0231", "wrong_length", "<b>12 values</b> for 13", "42", "yesterday"):
        assert part in text or part in response.content.decode(), part
    assert "<b>12 values" not in response.content.decode()
