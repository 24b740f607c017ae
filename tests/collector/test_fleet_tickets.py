"""One problem of many machines: gathered by a job or by hand, with what they share, and acted on together."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import MODEL, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_collector.desk.models import Ticket
    from tests.collector.console_fixtures import Site

WEEK = dt.timedelta(days=7)
sqlite_only = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _english(site: Site) -> Iterator[None]:
    from django.utils.translation import override

    with override("en"):
        yield


def gather(site: Site, machines: int = 4, later: float = 0) -> int:
    from keuring_collector.console import readings
    from keuring_collector.desk import gathering

    return gathering.gather(readings.store(), site.now + dt.timedelta(days=later), machines, WEEK)


def batch(site: Site, count: int, name: str = "LT", model: str = "Notitie 14") -> list[Ticket]:
    """Tickets of as many machines of one model; the first batch also makes a machine that is well, of another."""
    from keuring_collector.fleet.models import Endpoint

    if not Endpoint.objects.filter(host_name="WELL").exists():
        site.fact(site.machine("WELL"), MODEL, "Toren 3")
    tickets = [site.ticket(site.machine(f"{name}-{number}"), age=1) for number in range(count)]
    for ticket in tickets:
        site.fact(ticket.endpoint, MODEL, model)
    return tickets


def fresh(ticket: Any) -> Any:
    return type(ticket).objects.get(pk=ticket.pk)


def test_enough_machines_at_about_the_same_time_become_one(site: Site) -> None:
    from keuring_collector.desk.models import FleetTicket

    old = site.ticket(site.machine("OLD"), age=20)
    tickets = batch(site, 3)
    other = site.ticket(site.machine("OTHER"), cause="battery-wear", age=1)
    assert gather(site) == 0  # three machines, and one whose trouble began long before
    tickets += batch(site, 1, "LATE")
    assert gather(site, machines=0) == 0
    assert gather(site) == 1
    fleet = FleetTicket.objects.get()
    assert {fresh(ticket).parent for ticket in tickets} == {fleet}
    assert fresh(old).parent is None
    assert fresh(other).parent is None
    assert list(tickets[0].history.values_list("kind", flat=True)) == ["opened", "joined"]
    assert not fresh(tickets[0]).touched  # it may still close itself
    (another,), (unlike,) = batch(site, 1, "LAST"), batch(site, 1, "UNLIKE", "Toren 3")
    assert gather(site) == 0  # joins the one that is there
    assert fresh(another).parent == fleet
    assert fresh(unlike).parent is None
    assert list(fleet.history.values_list("kind", "detail")) == [
        ("opened", {"machines": 4}), ("joined", {"machines": 1})
    ]  # fmt: skip


def test_it_says_what_they_share_and_others_do_not(site: Site) -> None:
    from keuring_collector.desk.models import FleetTicket

    for number in range(12):
        well = site.machine(f"WELL-{number}")
        site.fact(well, MODEL, "Notitie 14" if number < 3 else "Toren 3")
        site.fact(well, 281, "Windows 11 Pro")
    tickets = batch(site, 5)
    site.fact(tickets[0].endpoint, MODEL, "Toren 3")
    for ticket in tickets:
        site.fact(ticket.endpoint, 281, "Windows 11 Pro")
    gather(site)
    assert fresh(tickets[0]).parent is None  # full as well, but of another model
    assert FleetTicket.objects.get().common == [
        {
            "signal": "keuring.hardware.model", "subject": "", "value": "Notitie 14",
            "machines": 4, "of": 4, "others": 3, "others_of": 13,
        }
    ]  # fmt: skip


def test_machines_that_share_nothing_are_not_one_problem(site: Site) -> None:
    for number in range(6):
        batch(site, 1, f"LT{number}", f"Model {number}")
    assert gather(site) == 0


def test_it_closes_with_its_last_child(site: Site) -> None:
    from keuring_collector.desk.models import FleetTicket, Ticket

    tickets = batch(site, 4)
    gather(site)
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).update(state="resolved", closed_at=site.now)
    gather(site, later=1)
    fleet = FleetTicket.objects.get()
    assert fleet.closed_at == site.now + dt.timedelta(days=1)
    batch(site, 4, "AGAIN")
    assert gather(site) == 1  # the problem is back: another one


def test_what_is_not_one_problem_is_left_alone(site: Site) -> None:
    from keuring_collector.desk import actions, gathering
    from keuring_collector.desk.models import FleetTicket

    noor, tickets = site.staff(), batch(site, 5)
    gather(site)
    fleet = FleetTicket.objects.get()
    assert gathering.leave(fleet.pk, [tickets[0].pk], actor=noor, now=site.now) == 1
    assert fresh(tickets[0]).parent is None
    with pytest.raises(actions.NotUnderstood):
        gathering.dissolve(fleet.pk, actor=noor, now=site.now, reason=" ")
    gathering.dissolve(fleet.pk, actor=noor, now=site.now, reason="Toeval.")
    assert not any(fresh(ticket).parent_id for ticket in tickets)
    assert gather(site) == 0
    with pytest.raises(actions.NotPossible, match="closed already"):
        gathering.take(fleet.pk, actor=noor, now=site.now)
    assert list(tickets[0].history.values_list("kind", flat=True)) == ["opened", "joined", "left"]
    assert [item.kind for item in fleet.history.all()] == ["opened", "left", "dissolved"]


@sqlite_only
def test_the_desk_acts_on_all_of_them_at_once(site: Site) -> None:
    from keuring_collector.desk.models import FleetTicket, Ticket

    browser = site.client(site.staff(first_name="Noor"))
    batch(site, 4)
    lonely = site.ticket(site.machine("LONELY"), cause="battery-wear")
    gather(site)
    page = f"/fleet-tickets/{FleetTicket.objects.get().pk}/"
    queue = browser.get("/")
    assert "One problem of many machines 4 machines: disk space" in words(queue)
    assert re.findall(r'<a href="/tickets/(\d+)/">', queue.content.decode()) == [str(lonely.pk)]
    assert len(re.findall(r'<a href="/tickets/(\d+)/">', browser.get("/?together=apart").content.decode())) == 5
    text = words(browser.get(page))
    assert "Notitie 14 4 of 4 0 of 2" in text
    assert "Other machines have this too" in words(
        browser.get(f"/tickets/{Ticket.objects.exclude(parent=None)[0].pk}/")
    )
    boxes = re.findall(r'name="ticket" value="([^"]+)"', browser.get(page).content.decode())
    assert len(boxes) == 4
    done = browser.post(
        f"/tickets/?fleet={FleetTicket.objects.get().pk}",
        {"ticket": boxes[:3], "action": "resolve", "verdict": "right", "reason": "Nieuwe driver uitgerold."},
        follow=True,
    )
    assert done.redirect_chain[0][0] == page
    assert "did something for 3 of them (resolve)" in words(done)
    assert Ticket.objects.filter(state="resolved").count() == 3
    assert "yours now" in words(browser.post(f"{page}take/", follow=True))
    assert "Driver besteld" in words(browser.post(f"{page}note/", {"text": "Driver besteld"}, follow=True))
    out = browser.post(f"{page}leave/", {"ticket": boxes[3]}, follow=True)
    assert "Taken out" in words(out)
    assert browser.post(f"{page}nonsense/").status_code == 404
    assert "month" in words(browser.post(f"{page}dissolve/", {"text": "Toeval"}, follow=True))


@sqlite_only
def test_all_of_many_machines_are_acted_on(site: Site) -> None:
    from keuring_collector.desk.models import FleetTicket, Ticket

    browser = site.client(site.staff(first_name="Noor", language="nl"))
    browser.cookies["language"] = "nl"
    batch(site, 60)
    gather(site)
    page = f"/fleet-tickets/{FleetTicket.objects.get().pk}/"
    boxes = re.findall(r'name="ticket" value="([^"]+)"', browser.get(page).content.decode())
    assert len(boxes) == 60
    done = browser.post(
        f"/tickets/?fleet={FleetTicket.objects.get().pk}", {"ticket": boxes, "action": "take"}, follow=True
    )
    assert Ticket.objects.filter(owner=None).count() == 0
    assert "deed iets voor 60 ervan (oppakken)" in words(done)


@sqlite_only
def test_what_was_refused_of_a_fleet_ticket_keeps_what_was_typed(site: Site) -> None:
    from keuring_collector.desk.models import FleetTicket

    browser = site.client(site.staff(first_name="Noor"))
    batch(site, 4)
    gather(site)
    page = f"/fleet-tickets/{FleetTicket.objects.get().pk}/"
    for action in ("note", "dissolve"):
        long = browser.post(f"{page}{action}/", {"text": "Lang verhaal. " * 400})
        assert long.status_code == 422
        assert "longer than fits" in words(long)
        assert "Lang verhaal. Lang verhaal." in words(long)
    nothing = browser.post(f"{page}leave/")
    assert nothing.status_code == 422
    assert "None of its tickets was selected" in words(nothing)
    assert "Taken out" not in words(browser.get(page))


def test_who_is_mentioned_in_a_note_is_told_by_a_ticket_of_it_that_they_see(site: Site) -> None:
    from keuring_collector.desk.models import FleetTicket, Notice, Outgoing

    browser, tickets = site.client(site.staff(first_name="Noor")), batch(site, 4)
    gather(site)
    tickets[2].endpoint.department = sales = site.department("Sales")
    tickets[2].endpoint.save()
    tickets[0].state, tickets[0].closed_at = "resolved", site.now
    tickets[0].save()
    limited = site.staff("saar", first_name="Saar", departments=[sales], email="saar@example.org")
    elsewhere = site.staff("eva", first_name="Eva", departments=[site.department("Legal")])
    everything = site.staff("cas", first_name="Cas")
    page = f"/fleet-tickets/{FleetTicket.objects.get().pk}/"
    said = browser.post(f"{page}note/", {"text": "@cas, @saar, @eva en @niemand: driver besteld"}, follow=True)
    assert "Not told: @eva, @niemand." in words(said)
    told = {each.staff: each.ticket for each in Notice.objects.all()}
    assert told == {everything: tickets[1], limited: tickets[2]}
    assert not Notice.objects.filter(staff=elsewhere).exists()
    assert Outgoing.objects.get().to == "saar@example.org"
    assert "driver besteld" in words(site.client(limited).get("/today/"))


@sqlite_only
def test_tickets_are_put_together_by_hand(site: Site) -> None:
    from keuring_collector.desk.models import FleetTicket

    browser, tickets = site.client(site.staff(first_name="Noor")), batch(site, 2)
    alone = browser.post("/fleet-tickets/", {"ticket": tickets[0].pk}, follow=True)
    assert "two machines or more" in words(alone)
    made = browser.post("/fleet-tickets/", {"ticket": [ticket.pk for ticket in tickets]}, follow=True)
    assert "2 machines: disk space" in words(made)
    assert "Noor put 2 tickets together" in words(made)
    alike = site.ticket(site.machine("WORN-1"), cause="battery-wear"), site.ticket(site.machine("FULL-1"))
    several = browser.post("/fleet-tickets/", {"ticket": [ticket.pk for ticket in alike]}, follow=True)
    assert "2 machines: worn battery and more" in words(several)
    queue = words(browser.get("/"))
    assert "2 machines: worn battery and more" in queue
    assert "2 machines: disk space" in queue
    FleetTicket.objects.exclude(cause="volume-space").delete()
    assert FleetTicket.objects.get().by_hand


@sqlite_only
def test_the_demo_shows_worn_batteries_of_one_model_as_one_problem(site: Site) -> None:
    from keuring_collector.console import readings
    from keuring_collector.demo import together
    from keuring_collector.desk.models import FleetTicket, Notice

    noor, cas = site.staff(first_name="Noor"), site.staff("cas")
    alike = [site.ticket(site.machine(f"LT-{n}", model="Notitie 14"), cause=together.SHARED) for n in range(3)]
    site.ticket(site.machine("LT-9", model="Vlonder 13"), cause=together.SHARED)
    site.ticket(site.machine("LT-8", model="Notitie 14"))
    for _again in range(2):
        together.put_together(readings.store(), noor, site.now)
    assert list(FleetTicket.objects.get().children.order_by("pk")) == alike
    assert Notice.objects.get().staff == cas
