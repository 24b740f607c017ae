"""Findings that may not open a ticket yet: they wait, are told when nothing holds them, and never flood the desk."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from keuring_collector.engine.model import Change, Evidence, Expected, Finding, Severity
from keuring_collector.store import admitting, evidence, holds, tickets
from keuring_collector.store.connection import Connection, connect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.collector.console_fixtures import Site

DAY = 86400.0
RULES = {name: tickets.TicketRule(cause, tickets=True) for name, cause in {"full": "space", "worn": "battery"}.items()}


@pytest.fixture
def connection(site: Site) -> Iterator[Connection]:
    opened = connect(site.url)
    yield opened
    opened.close()


@pytest.fixture
def now(site: Site) -> float:
    return site.now.timestamp()


def begin(**fields: Any) -> None:
    from keuring_collector.desk.models import DeskState

    usual = {"rule_by_rule": False, "intake_days": 0, "budget": 0, "time_zone": "Europe/Amsterdam"}
    DeskState.objects.update_or_create(id=1, defaults={**usual, **fields})


def quiet(site: Site, **fields: Any) -> Any:
    from keuring_collector.desk.models import Quiet

    usual = {
        "kind": "maintenance", "reason": "Update ronde", "starts_at": site.now - dt.timedelta(hours=1),
        "ends_at": site.now + dt.timedelta(hours=1), "made_at": site.now,
    }  # fmt: skip
    return Quiet.objects.create(**{**usual, **fields})


def finding(endpoint: int, now: float, rule: str = "full", **fields: Any) -> Finding:
    evidence = (Evidence("value", 51, 1, "C:", 0.97),)
    usual = {"subject": "C:", "severity": Severity.SOON, "change": Change.OPENED, "at": now, "since": now - 600}
    return Finding(rule=rule, endpoint=endpoint, evidence=evidence, **{**usual, **fields})


def tell(connection: Connection, *findings: Finding, now: float) -> dict[str, int]:
    held = holds.load(connection, now)
    with connection.transaction():
        return tickets.apply(connection, findings, RULES, now, holds=held)


def admit(connection: Connection, now: float) -> dict[str, int]:
    return admitting.admit(connection, RULES.keys(), now)


def waiting() -> list[tuple[str, str]]:
    from keuring_collector.desk.models import Waiting

    return list(Waiting.objects.order_by("pk").values_list("endpoint__host_name", "why"))


def opened() -> list[str]:
    from keuring_collector.desk.models import Ticket

    return list(Ticket.objects.filter(state="new").order_by("pk").values_list("endpoint__host_name", flat=True))


def test_in_a_window_of_maintenance_no_ticket_opens_and_nothing_is_lost(
    site: Site, connection: Connection, now: float
) -> None:
    from keuring_collector.desk.models import TicketLine

    begin()
    quiet(site)
    machine = site.machine("LT-1").pk
    expected = Expected(now + 9 * DAY, now + 5 * DAY, now + 20 * DAY)
    assert tell(connection, finding(machine, now, expected=expected), now=now) == {}
    gone = site.machine("LT-2").pk
    tell(connection, finding(gone, now), now=now)
    assert waiting() == [("LT-1", "maintenance"), ("LT-2", "maintenance")]
    assert tickets.standing(connection, machine)[0][:2] == ("full", "C:")  # told, so that its end will be
    tell(connection, finding(gone, now, change=Change.CLEARED), now=now)  # was only the restart
    assert admit(connection, now + 1800) == {}
    assert admit(connection, now + 2 * 3600) == {"opened": 1}
    assert (waiting(), opened()) == ([], ["LT-1"])
    line = TicketLine.objects.get()
    assert line.expected_low == dt.datetime.fromtimestamp(expected.low, dt.UTC)
    assert line.evidence == [
        {"role": "value", "signal": "keuring.filesystem.available", "statistic": 1, "subject": "C:", "value": 0.97}
    ]
    assert line.judged_at == site.now


def test_what_is_a_ticket_already_goes_on_in_a_quiet_time(site: Site, connection: Connection, now: float) -> None:
    from keuring_collector.desk.models import Ticket

    begin()
    machine = site.machine("LT-1").pk
    tell(connection, finding(machine, now), now=now)
    quiet(site)
    tell(connection, finding(machine, now, change=Change.CONTINUED, severity=Severity.URGENT), now=now)
    assert Ticket.objects.get().severity == 4
    tell(connection, finding(machine, now, subject="D:"), now=now)  # another volume: not now
    assert waiting() == [("LT-1", "maintenance")]
    tell(connection, finding(machine, now, change=Change.CLEARED), now=now)
    assert Ticket.objects.get().state == "resolved"


def test_measured_in_a_quiet_time_and_reported_after_it(site: Site, connection: Connection, now: float) -> None:
    begin()
    quiet(site, ends_at=site.now - dt.timedelta(minutes=1))
    machine = site.machine("LT-1").pk
    tell(connection, finding(machine, now - 1800), now=now)
    assert waiting() == [("LT-1", "maintenance")]
    assert admit(connection, now) == {"opened": 1}  # the time is over, and it holds


@pytest.mark.parametrize(
    ("limits", "held"),
    [
        ({}, {"LT-1", "LT-2", "PC-1"}),
        ({"host_name": "lt-?"}, {"LT-1", "LT-2"}),
        ({"model": "Toren 3"}, {"PC-1"}),
        ({"department": "Sales"}, {"LT-2"}),
        ({"cause": "battery"}, set()),
        ({"cause": "space", "host_name": "*1"}, {"LT-1", "PC-1"}),
        ({"endpoint": "LT-2"}, {"LT-2"}),
    ],
)
def test_a_quiet_time_is_for_those_machines_that_it_names(
    site: Site, connection: Connection, now: float, limits: dict[str, Any], held: set[str]
) -> None:
    begin()
    sales = site.department("Sales")
    machines = {
        "LT-1": site.machine("LT-1"), "LT-2": site.machine("LT-2", department=sales), "PC-1": site.machine("PC-1"),
    }  # fmt: skip
    site.fact(machines["PC-1"], 288, "Toren 3")
    named = {"department": sales, **({"endpoint": machines["LT-2"]} if "endpoint" in limits else {})}
    quiet(site, **{name: named.get(name, value) for name, value in limits.items()})
    tell(connection, *(finding(machine.pk, now) for machine in machines.values()), now=now)
    assert {name for name, _why in waiting()} == held
    assert set(opened()) == set(machines) - held


def test_a_weekly_window_follows_the_clock_on_the_wall() -> None:
    def at(text: str) -> float:
        return dt.datetime.fromisoformat(text).timestamp()

    start, end = at("2026-10-01T00:00+00:00"), at("2026-11-02T00:00+00:00")
    weekly: list[int | None] = [6, 22 * 60, 180]  # Sunday 22:00, three hours
    found = list(holds.stretches(start, end, weekly, at("2026-10-26T12:00+00:00"), "Europe/Amsterdam"))
    assert [dt.datetime.fromtimestamp(begins, dt.UTC).isoformat()[5:16] for begins, _ in found] == [
        "10-18T20:00",  # summer time
        "10-25T21:00",  # the clocks went back that night
        "11-01T21:00",
    ]
    assert [ends - begins for begins, ends in found] == [10800, 10800, 10800]
    # What is set by other clocks: the night in which they go back still ends at the hour that was said.
    night = list(holds.stretches(start, end, [5, 23 * 60, 480], at("2026-10-26T12:00+00:00"), "Europe/Amsterdam"))
    assert night[1][1] == at("2026-10-25T06:00+00:00")


def test_the_intake_and_then_rule_by_rule(site: Site, connection: Connection, now: float) -> None:
    from keuring_collector.desk import starting

    noor = site.staff()
    begin(rule_by_rule=True, intake_days=7)
    assert starting.start(site.now).intake  # no machine yet
    first = site.machine("LT-1", department=None)
    type(first).objects.filter(pk=first.pk).update(enrolled_at=site.now - dt.timedelta(days=6))
    second = site.machine("LT-2")
    type(first).objects.filter(pk=second.pk).update(enrolled_at=site.now)
    tell(connection, finding(first.pk, now, severity=Severity.URGENT), finding(second.pk, now, "worn"), now=now)
    assert waiting() == [("LT-1", "intake"), ("LT-2", "intake")]
    assert admit(connection, now) == {}
    later = now + 2 * DAY
    assert admit(connection, later) == {}
    assert {why for _name, why in waiting()} == {"rule"}
    assert not starting.start(site.now + dt.timedelta(days=2)).intake
    would = starting.would_open()
    assert {rule: (each.findings, each.machines, each.tickets) for rule, each in would.items()} == {
        "full": (1, 1, 1), "worn": (1, 1, 1)
    }  # fmt: skip
    starting.switch(["full"], opens=True, actor=noor, now=site.now)
    assert admit(connection, later) == {"opened": 1}
    assert opened() == ["LT-1"]
    tell(connection, finding(second.pk, later), now=later)
    assert opened() == ["LT-1", "LT-2"]
    starting.switch(["full"], opens=False, actor=noor, now=site.now)
    third = site.machine("LT-3")
    tell(connection, finding(third.pk, later), now=later)
    assert ("LT-3", "rule") in waiting()
    starting.finish(actor=noor)
    assert admit(connection, later) == {"opened": 1}  # the rule that nobody decided about
    assert waiting() == [("LT-3", "rule")]  # and this one somebody did


def test_what_the_budget_has_no_room_for_waits_and_the_most_urgent_comes_first(
    site: Site, connection: Connection, now: float
) -> None:
    from keuring_collector.desk.models import Ticket

    begin(budget=2)  # of a hundred machines; this desk has fewer
    machines = [site.machine(f"LT-{number}").pk for number in range(6)]
    for number, severity in enumerate((2, 2, 2, 3, 4)):
        tell(connection, finding(machines[number], now + number, severity=Severity(severity)), now=now + number)
    assert opened() == ["LT-0", "LT-1", "LT-4"]  # what is urgent never waits
    assert waiting() == [("LT-2", "budget"), ("LT-3", "budget")]
    assert admit(connection, now + 60) == {}
    Ticket.objects.filter(endpoint__host_name__in=["LT-0", "LT-1"]).update(state="resolved", closed_at=site.now)
    tell(connection, finding(machines[5], now + 70), now=now + 70)  # does not push in before those who wait
    assert waiting()[-1] == ("LT-5", "budget")
    assert admit(connection, now + 120) == {"opened": 1}
    assert opened() == ["LT-4", "LT-3"]
    # A finding of a cause that has its ticket needs no room.
    tell(connection, finding(machines[4], now + 130, subject="D:"), now=now + 130)
    assert Ticket.objects.get(endpoint__host_name="LT-4").lines.count() == 2


def test_the_end_of_maintenance_is_no_storm(site: Site, connection: Connection, now: float) -> None:
    begin(budget=3)
    quiet(site)
    for number in range(10):
        tell(connection, finding(site.machine(f"LT-{number}").pk, now), now=now)
    assert admit(connection, now + 2 * 3600) == {"opened": 3}
    assert [why for _name, why in waiting()] == ["budget"] * 7


def test_what_somebody_dismissed_does_not_wait(site: Site, connection: Connection, now: float) -> None:
    from keuring_collector.desk.models import Ticket

    begin()
    machine = site.machine("LT-1").pk
    tell(connection, finding(machine, now), now=now)
    Ticket.objects.update(state="dismissed", closed_at=site.now, dismissed_severity=3, touched=True)
    quiet(site)
    tell(connection, finding(machine, now, change=Change.CONTINUED), now=now)
    assert waiting() == []


def test_a_rule_that_is_no_more_leaves_nothing_waiting(site: Site, connection: Connection, now: float) -> None:
    begin()
    quiet(site)
    machine = site.machine("LT-1").pk
    tell(connection, finding(machine, now), now=now)
    with connection.transaction():
        tickets.withdraw(connection, machine, "full", "C:", now)
    assert waiting() == []


def test_a_rule_that_opens_no_tickets_any_more_lets_nothing_through(
    site: Site, connection: Connection, now: float
) -> None:
    begin()
    quiet(site)
    tell(connection, finding(site.machine("LT-1").pk, now), now=now)
    assert admitting.admit(connection, {"worn"}, now + 2 * 3600) == {}
    assert waiting() == [("LT-1", "rule")]
    assert admitting.admit(connection, set(), now + 2 * 3600) == {}
    assert admit(connection, now + 2 * 3600) == {"opened": 1}


def test_without_a_word_of_the_desk_everything_opens(site: Site, connection: Connection, now: float) -> None:
    from keuring_collector.desk import starting
    from keuring_collector.desk.models import DeskState

    assert holds.load(connection, now) is None
    tell(connection, finding(site.machine("LT-1").pk, now), now=now)
    assert opened() == ["LT-1"]
    starting.prepare(7, 25, "Europe/Amsterdam", fresh=False)  # a collector that worked before this was there
    assert not DeskState.objects.get().rule_by_rule
    starting.prepare(14, 30, "Europe/Brussels", fresh=False)
    state = DeskState.objects.get()
    assert (state.rule_by_rule, state.intake_days, state.budget, state.time_zone) == (False, 14, 30, "Europe/Brussels")


def test_evidence_survives_the_waiting() -> None:
    told = json.loads(evidence.as_json((Evidence("points", 0, 3, "", 4.0), Evidence("fact", 288, 0, "", "X"))))
    assert [evidence.read(item) for item in told] == [
        Evidence("points", 0, 3, "", 4.0), Evidence("fact", 288, 0, "", "X")
    ]  # fmt: skip
