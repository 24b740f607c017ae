"""The ticket page: what it tells, and what is done on it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import CPU, LAST, MEAN, USED, used, words

if TYPE_CHECKING:
    from django.test import Client

    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture
def browser(site: Site) -> Client:
    return site.client(site.staff())


def filling(days: int = 60, last: float = 0.88) -> list[float]:
    return [last - 0.0054 * (days * 4 - number) / 4 for number in range(days * 4 + 1)]


def stamp(html: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', html)
    assert found
    return found[1]


@pytest.mark.parametrize(
    "action", ["take", "release", "assign", "plan", "snooze", "resolve", "dismiss", "judge", "merge"]
)
def test_what_was_refused_is_said_once(site: Site, browser: Client, action: str) -> None:
    ticket = site.ticket(site.machine("LT-9"), owner=site.staff("cas"))
    soon = (site.today + timedelta(days=3)).isoformat()
    closing = {"verdict": "right", "reason": "Zo."}
    typed = {**closing, "day": soon, "until": soon, "to": str(site.staff("bo").pk), "into": str(ticket.pk + 1)}
    page = browser.post(f"/tickets/{ticket.pk}/{action}/", {**typed, "seen": "new////7"})
    assert page.status_code == 409
    assert words(page).count("Somebody else, or Keuring itself") == 1


def test_the_page_tells_the_story(site: Site, browser: Client) -> None:
    machine = site.machine(simulated=True)
    site.measure(machine, USED, filling(), subject="C:")
    site.fact(machine, 288, "Notitie 14")
    site.fact(machine, 281, "Windows 11 Pro")
    ticket = site.ticket(machine)
    other = site.ticket(
        machine, cause="battery-wear", rule="fb96", subject="BAT0", state="resolved", closed_at=site.now
    )
    response = browser.get(f"/tickets/{ticket.pk}/")
    text, html = words(response), response.content.decode()
    assert response.status_code == 200
    for part in (
        "LT-0231 will be full around",
        "Volume in use (C:) is 88 %, the limit is 98 %, it changes by +0.5 % a day.",
        "8 out of 10 times",
        "What to do",
        "What to say to Sanne de Vries",
        "Nederlands",
        "English",
        "Notitie 14",
        "Windows 11 Pro",
        "simulated",
        "Other tickets of this machine",
        "Keuring opened the ticket: C:",
        "limit 98 %",
        "today",
    ):
        assert part in text, part
    assert f'href="/tickets/{other.pk}/"' in html
    assert 'class="band"' in html
    assert 'class="median"' in html
    assert html.index("Je schijf") < html.index("Your volume")  # the colleague's language first
    assert "The values behind it" in text
    article = re.search(r'href="(/articles/[^"]+)"', html)
    assert article
    assert browser.get(article[1]).status_code == 200


def test_what_is_forecast_is_drawn_from_now_to_the_limit(site: Site, browser: Client) -> None:
    machine = site.machine()
    site.measure(machine, USED, filling(), subject="C:")
    html = browser.get(f"/tickets/{site.ticket(machine).pk}/").content.decode()
    band = re.search(r'<polygon class="band" points="([^"]+)"', html)
    assert band
    points = [tuple(map(float, point.split(","))) for point in band[1].split()]
    start = points[0]
    assert all(x > start[0] for x, _ in points[1:])
    assert len({y for _, y in points[1:]}) == 1  # both ends of the interval lie on the limit
    axis = re.findall(r'<text class="time[^"]*"', html)
    assert 1 <= len(axis) <= 6


def test_a_signal_of_the_presence_class_is_shown_by_the_day(site: Site, browser: Client) -> None:
    machine = site.machine()
    evidence = [{"role": "value", "signal": "system.cpu.utilization", "statistic": MEAN, "subject": "", "value": 0.9}]
    site.measure(machine, CPU, [0.5] * 40, statistic=MEAN, step=3600)
    ticket = site.ticket(machine, evidence=evidence, days=None, subject="", rule="gone")
    html = browser.get(f"/tickets/{ticket.pk}/").content.decode()
    labels = re.search(r'data-labels="([^"]+)"', html)
    assert labels
    assert not re.search(r"\d\d:\d\d", labels[1])
    assert "by the day" in html


def test_a_rule_that_is_gone_is_said(site: Site, browser: Client) -> None:
    ticket = site.ticket(rule="00000000-0000-0000-0000-000000000000")
    text = words(browser.get(f"/tickets/{ticket.pk}/"))
    assert "Disk space: C: of LT-0231" in text
    assert "no longer in the pack" in text
    assert "What to do" not in text


def test_texts_from_machines_and_people_cannot_run(site: Site, browser: Client) -> None:
    evil = "<script>alert(1)</script>"
    machine = site.machine("<b>LT</b>", colleague=site.colleague("<i>Eve</i> & co"))
    ticket = site.ticket(machine, subject=evil)
    browser.post(f"/tickets/{ticket.pk}/note/", {"text": evil})
    html = browser.get(f"/tickets/{ticket.pk}/").content.decode()
    assert evil not in html
    assert "<i>Eve" not in html
    assert "<b>LT" not in html
    assert "&lt;script&gt;" in html


def test_each_action_by_its_form(site: Site, browser: Client) -> None:
    from keuring_collector.desk.models import Ticket

    ticket = site.ticket()
    page = f"/tickets/{ticket.pk}/"
    day = (site.today + timedelta(days=4)).isoformat()

    def act(action: str, **fields: str) -> str:
        seen = stamp(browser.get(page).content.decode())
        response = browser.post(f"{page}{action}/", {"seen": seen, **fields}, follow=True)
        assert response.status_code == 200
        assert response.redirect_chain == [(page, 302)]
        return words(response)

    assert "This ticket is yours now." in act("take")
    assert "Planned." in act("plan", day=day)
    assert "Snoozed." in act("snooze", until=day)
    assert "Call on Monday" in act("note", text="Call on Monday")
    assert "Resolved. Thank you" in act("resolve", verdict="early", text="A larger disk.")
    ticket = Ticket.objects.get(pk=ticket.pk)
    assert (ticket.state, ticket.verdict) == ("resolved", "early")
    closed = words(browser.get(page))
    assert "This ticket is closed (resolved), verdict: too early ." in closed
    assert "Noor" not in closed
    assert "A larger disk." in closed


def test_what_is_refused_keeps_what_was_typed(site: Site, browser: Client) -> None:
    from keuring_collector.desk.models import Ticket

    ticket = site.ticket()
    seen = stamp(browser.get(f"/tickets/{ticket.pk}/").content.decode())
    response = browser.post(
        f"/tickets/{ticket.pk}/dismiss/", {"seen": seen, "reason": "It is a test machine", "verdict": "maybe"}
    )
    html = response.content.decode()
    assert response.status_code == 422
    assert "It is a test machine</textarea>" in html
    assert "choose one of the four verdicts" in html
    assert re.search(r'<details name="act" class="right" open>', html)
    Ticket.objects.filter(pk=ticket.pk).update(state="planned", planned_for=site.today)
    response = browser.post(f"/tickets/{ticket.pk}/resolve/", {"seen": seen, "text": "Cleared up", "verdict": "right"})
    assert response.status_code == 409
    assert "Look at it again" in words(response)
    assert "Cleared up</textarea>" in response.content.decode()
    assert Ticket.objects.get(pk=ticket.pk).state == "planned"


def test_a_ticket_whose_cause_went_waits_for_whoever_touched_it(site: Site, browser: Client) -> None:
    ticket = site.ticket(touched=True)
    ticket.lines.update(active=False, cleared_at=site.now)
    assert "The cause is gone" in words(browser.get(f"/tickets/{ticket.pk}/"))


def test_events_are_drawn_by_the_day(site: Site, browser: Client) -> None:
    from keuring_collector.store import facts, open_store

    machine = site.machine()
    store = open_store(site.url)
    with store.connection.transaction():
        rows: list[tuple[int, int, int, int, str, float, int, dict[str, str]]] = [
            (machine.pk, 1, number, 74, "sda", site.now.timestamp() - days * 86400, count, {})
            for number, (days, count) in enumerate([(9, 2), (3, 5), (3, 1), (50, 40)])
        ]
        facts.put_events(store.connection, rows)
    store.close()
    item = {"signal": "keuring.disk.io_error", "statistic": 0, "subject": "sda"}
    evidence = [{**item, "role": "value", "value": 8.0}, {**item, "role": "limit", "value": 3.0}]
    ticket = site.ticket(machine, evidence=evidence, days=None, subject="sda", cause="disk-failing")
    html = browser.get(f"/tickets/{ticket.pk}/").content.decode()
    labels = re.search(r'data-labels="([^"]+)"', html)
    assert labels
    counts = [label.rpartition(": ")[2] for label in labels[1].split("|")]
    assert len(counts) == 30
    assert sorted(count for count in counts if count != "0 errors") == ["2 errors", "6 errors"]


def test_what_changed_since_it_opened_is_said(site: Site, browser: Client) -> None:
    from keuring_collector.desk.models import TicketLine

    ticket = site.ticket()
    TicketLine.objects.filter(ticket=ticket).update(evidence_now=used(0.93))
    text = words(browser.get(f"/tickets/{ticket.pk}/"))
    assert "Volume in use (C:) 88 % 93 % +5 %" in text
    assert "limit 98 % 98 % –" in text
    TicketLine.objects.filter(ticket=ticket).update(evidence_now=[])
    assert "88 % – changed" in words(browser.get(f"/tickets/{ticket.pk}/"))


def test_what_helped_before_is_shown(site: Site, browser: Client) -> None:
    from keuring_collector.desk import actions

    noor = site.staff("helper", first_name="Noor")
    earlier, silent, wrong = (site.ticket(site.machine(f"LT-{number}")) for number in range(3))
    actions.resolve(earlier.pk, actor=noor, now=site.now, verdict="right", text="Emptied the photo cache.")
    actions.resolve(silent.pk, actor=noor, now=site.now, verdict="right")
    actions.resolve(wrong.pk, actor=noor, now=site.now, verdict="wrong", text="Nothing the matter.")
    text = words(browser.get(f"/tickets/{site.ticket(site.machine('LT-9')).pk}/"))
    assert "What helped before" in text
    assert "Emptied the photo cache. Noor, just now · LT-0" in text
    assert "Nothing the matter." not in text
    assert "· LT-1" not in text  # nothing was written there
    assert "What helped before" not in words(browser.get(f"/tickets/{earlier.pk}/"))


def test_what_does_not_exist_is_not_found(site: Site, browser: Client) -> None:
    ticket = site.ticket()
    assert browser.get("/tickets/99999/").status_code == 404
    assert browser.post("/tickets/99999/take/").status_code == 404
    assert browser.post(f"/tickets/{ticket.pk}/delete/").status_code == 404
    assert browser.get(f"/tickets/{ticket.pk}/take/").status_code == 405


def test_growth_is_drawn_without_the_limit_on_growth(site: Site, browser: Client) -> None:
    machine = site.machine()
    base = {"signal": "keuring.smart.reallocated_sectors", "statistic": LAST, "subject": "sda"}
    evidence = [{**base, "role": "value", "value": 40.0}, {**base, "role": "limit", "value": 8.0}]
    site.measure(machine, 107, [float(number) for number in range(200, 260)], subject="sda", step=3600)
    rule = "585a"
    from keuring_collector import rulepack

    rule = next(r.id for r in rulepack.load().rules.values() if r.name == "disk_sectors_growing")
    ticket = site.ticket(machine, rule=rule, subject="sda", cause="disk-failing", days=None, evidence=evidence)
    response = browser.get(f"/tickets/{ticket.pk}/")
    assert "growth in 30 days is 40 sectors, the limit is 8 sectors" in words(response)
    assert '<text class="limit"' not in response.content.decode()
    assert '<polyline class="line"' in response.content.decode()


def test_the_number_of_queries_does_not_grow_with_the_lines(site: Site, browser: Client) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from keuring_collector.desk.models import TicketLine

    ticket = site.ticket()

    def queries() -> int:
        browser.get(f"/tickets/{ticket.pk}/")
        with CaptureQueriesContext(connection) as captured:
            browser.get(f"/tickets/{ticket.pk}/")
        return len(captured)

    few = queries()
    for number in range(6):
        TicketLine.objects.create(
            ticket=ticket, rule="gone", subject=f"D{number}:", severity=2, since=site.now, judged_at=site.now,
            evidence=used(0.5), evidence_now=used(0.5),
        )  # fmt: skip
    assert queries() == few
