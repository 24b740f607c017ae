"""Quiet times, what waits, and starting rule by rule, as the desk sees and decides them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import FILLING, MODEL, used, words

if TYPE_CHECKING:
    from django.test import Client

    from keuring_collector.fleet.models import Endpoint
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture
def browser(site: Site) -> Client:
    return site.client(site.staff(first_name="Noor"))


def form(site: Site, **fields: Any) -> dict[str, Any]:
    from django.utils import timezone

    local = timezone.localtime(site.now)
    day, later = local.date().isoformat(), (local.date() + timedelta(days=9)).isoformat()
    usual = {"kind": "maintenance", "reason": "Update ronde", "from_day": day, "from_clock": "00:00"}
    return {**usual, "to_day": later, "to_clock": "06:00", **fields}


def wait(site: Site, endpoint: Endpoint, why: str, **fields: Any) -> Any:
    from keuring_collector.desk.models import Waiting

    usual = {
        "cause": "volume-space", "rule": FILLING, "subject": "C:", "severity": 3, "waiting_since": site.now,
        "since": site.now, "judged_at": site.now, "expected_at": site.now + timedelta(days=20),
        "evidence": used(0.88),
    }  # fmt: skip
    return Waiting.objects.create(endpoint=endpoint, why=why, **{**usual, **fields})


def test_a_quiet_time_is_made_shown_where_it_applies_and_ended(site: Site, browser: Client) -> None:
    from keuring_collector.desk.models import Quiet

    machine = site.machine()
    site.fact(machine, MODEL, "Notitie 14")
    other = site.ticket(site.machine("PC-1", department=site.department("Sales")))
    ticket = site.ticket(machine)
    finance = machine.department_id
    made = browser.post("/quiet/make/", form(site, department=finance, model="Notitie 14"), follow=True)
    assert "Made. It holds" in words(made)
    assert "maintenance Finance, Notitie 14 in force until" in words(made)
    assert "Update ronde Noor, just now" in words(made)
    for page in (f"/tickets/{ticket.pk}/", f"/machines/{machine.uuid}/"):
        assert "Maintenance, until" in words(browser.get(page)), page
        assert "Update ronde Noor, just now" in words(browser.get(page))
    assert "Update ronde" not in words(browser.get(f"/tickets/{other.pk}/"))
    assert "Update ronde" not in words(browser.get("/departments/"))  # not of the whole department
    browser.post("/quiet/make/", form(site, kind="silence", department=finance, reason="Verhuizing"))
    assert "silence : Verhuizing, until" in words(browser.get("/departments/"))
    first = Quiet.objects.get(kind="maintenance")
    assert "Ended." in words(browser.post(f"/quiet/{first.pk}/end/", follow=True))
    ended = browser.get("/quiet/")
    assert "ended by Noor" in words(ended)
    assert "This is over already" in words(browser.post(f"/quiet/{first.pk}/end/", follow=True))
    assert "Update ronde" not in words(browser.get(f"/tickets/{ticket.pk}/"))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"reason": " "}, "Write down why"),
        ({"to_day": ""}, "a beginning and an end after it"),
        ({"to_day": "2020-01-01", "from_day": "2019-12-31"}, "has passed already"),
        ({"to_day": "2099-01-01"}, "more than a year"),
        ({"kind": "silence"}, "Say which machines"),
        ({"kind": "nap"}, "Choose maintenance"),
        ({"weekday": "6", "clock": "22:00"}, "from what time"),
        ({"weekday": "6", "clock": "22:00", "minutes": "2000"}, "between a minute and a day"),
        ({"from_day": "0001-01-01"}, "a beginning and an end after it"),
        # The department was taken away meanwhile: without it this would hold for every machine.
        ({"department": "4711"}, "There is no such department"),
        ({"department": "\u00b2"}, "There is no such department"),
        ({"department": "9" * 40}, "There is no such department"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(
    site: Site, browser: Client, fields: dict[str, str], message: str
) -> None:
    from keuring_collector.desk.models import Quiet

    response = browser.post("/quiet/make/", form(site, host_name="LT-02*", **fields))
    if fields == {"kind": "silence"}:  # a name says which machines
        assert response.status_code == 302
        response = browser.post("/quiet/make/", form(site, **fields))
        assert Quiet.objects.count() == 1
    else:
        assert 'value="LT-02*"' in response.content.decode()
        assert not Quiet.objects.exists()
    assert response.status_code == 422
    assert message in words(response)


def test_a_weekly_window_is_told_in_words(site: Site, browser: Client) -> None:
    made = browser.post("/quiet/make/", form(site, weekday="6", clock="22:30", minutes="180"), follow=True)
    assert "every Sunday, 22:30 to 01:30" in words(made)


def test_a_weekly_window_that_never_comes_is_not_made(site: Site, browser: Client) -> None:
    from django.utils import timezone

    from keuring_collector.desk.models import Quiet

    today = timezone.localtime(site.now).date()
    tomorrow, other_day = today + timedelta(days=1), (today + timedelta(days=3)).weekday()
    wanted = form(site, to_day=tomorrow.isoformat(), clock="22:00", minutes="60")
    refused = browser.post("/quiet/make/", {**wanted, "weekday": str(other_day)})
    assert refused.status_code == 422
    assert "does not fall between the beginning and the end" in words(refused)
    assert not Quiet.objects.exists()
    assert browser.post("/quiet/make/", {**wanted, "weekday": str(today.weekday())}).status_code == 302


def test_a_quiet_time_to_come_says_until_when(site: Site, browser: Client) -> None:
    begin, end = site.today + timedelta(days=2), site.today + timedelta(days=3)
    wanted = form(site, from_day=begin.isoformat(), from_clock="22:00", to_day=end.isoformat())
    told = words(browser.post("/quiet/make/", wanted, follow=True))
    assert re.search(rf"begins {begin.day} \w+( \d{{4}})?, 22:00 ?, until {end.day} \w+( \d{{4}})?, 06:00", told)


def test_several_are_silenced_at_once(site: Site, browser: Client) -> None:
    from keuring_collector.desk.models import Quiet, Ticket

    tickets = [site.ticket(site.machine(f"LT-{number}")) for number in range(2)]
    day = (site.today + timedelta(days=5)).isoformat()
    chosen = {"ticket": [ticket.pk for ticket in tickets], "action": "silence", "day": day}
    assert "Write down why" in words(browser.post("/tickets/", chosen, follow=True))
    done = browser.post("/tickets/", {**chosen, "reason": "Wordt vervangen"}, follow=True)
    assert "2 tickets changed." in words(done)
    assert 'name="step"' not in done.content.decode()  # ended on the page of quiet times
    assert {(each.endpoint_id, each.cause) for each in Quiet.objects.all()} == {
        (ticket.endpoint_id, "volume-space") for ticket in tickets
    }
    assert Ticket.objects.filter(state="new").count() == 2
    assert "Silence (disk space), until" in words(browser.get(f"/tickets/{tickets[0].pk}/"))


def test_what_waits_is_seen_with_the_reason(site: Site, browser: Client) -> None:
    from keuring_collector.desk.models import DeskState, Quiet

    assert "Nothing waits" in words(browser.get("/waiting/"))
    noor = site.staff("cas", first_name="Cas")
    DeskState.objects.create(rule_by_rule=False, intake_days=0, budget=1, time_zone="Europe/Amsterdam")
    quiet = Quiet.objects.create(
        kind="silence", reason="Verhuizing", starts_at=site.now, ends_at=site.now + timedelta(days=1),
        made_at=site.now, made_by=noor,
    )  # fmt: skip
    wait(site, site.machine("LT-1"), "silence", quiet=quiet)
    wait(site, site.machine("LT-2"), "budget", severity=2)
    text = words(browser.get("/"))
    assert "No ticket is open" in text
    assert "2 findings wait before they open one" in text
    site.ticket(site.machine("LT-3"))
    response = browser.get("/")
    assert "The budget is used up: 1 tickets are open, 1 fit." in words(response)
    assert re.search(r'<a href="/waiting/">Waiting</a><span>2</span>', response.content.decode())
    text = words(browser.get("/waiting/"))
    assert "Volume C: of LT-1 will be full around" in text
    assert "a silence Verhuizing Cas" in text
    assert text.index("LT-1") < text.index("LT-2")
    assert "LT-1" not in words(browser.get("/waiting/?why=budget"))
    machine = site.machine("LT-4")
    wait(site, machine, "budget")
    assert "1 finding of this machine waits" in words(browser.get(f"/machines/{machine.uuid}/"))


def test_starting_shows_what_each_rule_would_open(site: Site, browser: Client) -> None:
    from keuring_collector.desk.models import DeskState, RuleSwitch

    DeskState.objects.create(rule_by_rule=True, intake_days=7, budget=0, time_zone="Europe/Amsterdam")
    assert "it begins with the first machine" in words(browser.get("/start/"))
    machines = [site.machine(f"LT-{number}") for number in range(3)]
    text = words(browser.get("/start/"))  # they enrolled long ago
    assert "Switch rules on one by one" in text
    for machine in machines:
        wait(site, machine, "rule")
    wait(site, machines[0], "rule", subject="D:")
    site.ticket(machines[2])  # what waits would join this one
    assert "Rules open tickets once you switch them on" in words(browser.get("/"))
    html = browser.get("/start/").content.decode()
    row = html[html.index(FILLING) :]
    assert re.findall(r'<td class="number"[^>]*>(?:<b>)?(\d+)', row)[:3] == ["4", "3", "2"]
    on = browser.post("/start/switch/", {"rule": [FILLING, "no-such-rule"], "action": "on"}, follow=True)
    assert "1 rule opens tickets now." in words(on)
    assert RuleSwitch.objects.get().opens
    assert "opens tickets Noor just now" in words(on)
    off = browser.post("/start/switch/", {"rule": FILLING, "action": "off"}, follow=True)
    assert "1 rule only reports now." in words(off)
    assert '<a href="/start/">only reports</a>' in browser.get("/rules/volume_filling/").content.decode()
    assert "Choose a rule first" in words(browser.post("/start/switch/", {"action": "on"}, follow=True))
    over = browser.post("/start/switch/", {"action": "finish"}, follow=True)
    assert "This desk is past its start" in words(over)
    assert not DeskState.objects.get().rule_by_rule
