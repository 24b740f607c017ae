"""The simulated fleet in a real collector: what was planted gives its ticket, and who is healthy is left alone."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from keuring.signals import catalogue
from keuring_collector import config, rulepack
from keuring_collector.demo import names
from keuring_collector.demo.fleet import Fleet
from keuring_collector.demo.plan import NEEDS, SIGNALS, Outcome
from keuring_collector.demo.progress import Progress
from keuring_collector.store import open_store

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_collector.demo.build import Built
    from keuring_collector.demo.machine import Machine

pytestmark = pytest.mark.long

ZONE = ZoneInfo("Europe/Amsterdam")
TICKETS: dict[str, list[tuple[str, str, str]]] = {}
NOW = datetime(2026, 6, 17, 14, 3, tzinfo=UTC).timestamp()


def build(url: str, directory: Path, fleet: Fleet, days: int) -> Built:
    from keuring_collector.demo import build as building
    from keuring_collector.demo.staff import Desk

    settings = config.load(directory, {"database": url}, {})
    return building.build(settings, rulepack.load(), fleet, Desk(fleet, ZONE, days))


def tickets_of(host_name: str) -> list[Any]:
    from keuring_collector.desk.models import Ticket

    return list(Ticket.objects.filter(endpoint__host_name=host_name).prefetch_related("lines"))


def expect(machine: Machine) -> str:
    """What is wrong with the tickets of a machine, given what was planted in it; empty: nothing."""
    tickets = tickets_of(machine.host_name)
    told = [(ticket.cause, ticket.state) for ticket in tickets]
    if not machine.planted:
        return f"{machine.host_name} is healthy and has {told}" if tickets else ""
    (item,) = machine.planted
    if item.outcome is Outcome.NOTHING:
        return f"{machine.host_name} has {item.problem} and should have no ticket: {told}" if tickets else ""
    if item.outcome is Outcome.CLOSED:
        still = [ticket for ticket in tickets if ticket.state in ticket.OPEN]
        return f"{machine.host_name} has {item.problem}, which was mended: {told}" if still else ""
    wanted = {signal.name for signal in SIGNALS[item.problem]}
    for ticket in tickets:
        for line in ticket.lines.all():
            named = {evidence["signal"] for evidence in line.evidence}
            subject_fits = not item.subject or line.subject == item.subject
            if named & wanted and subject_fits and (line.active or ticket.state == "dismissed"):
                return "" if len(tickets) == 1 else f"{machine.host_name} has more than {item.problem}: {told}"
    return f"{machine.host_name} has {item.problem} on {item.subject!r} and no right ticket: {told}"


@pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)
def test_planted_problems_give_their_ticket_and_healthy_machines_none(django_url: str, tmp_path: Path) -> None:
    from keuring_collector.demo import incidents
    from keuring_collector.desk.models import Incident, Ticket, TicketHistory
    from keuring_collector.fleet.models import Colleague, Department, Endpoint

    fleet = Fleet(NOW, machines_count=60)
    built = build(django_url, tmp_path, fleet, 90)
    assert [wrong for machine in fleet.machines if (wrong := expect(machine))] == []
    assert {machine.planted[0].problem for machine in fleet.machines if machine.planted} == {n.problem for n in NEEDS}
    # People and machines.
    assert Endpoint.objects.filter(simulated=True).count() == len(built.endpoints) == 60
    assert Colleague.objects.count() == 60
    assert set(Department.objects.values_list("name", flat=True)) == {each.name for each in names.DEPARTMENTS}
    # Every report is there, also those of the first day, and can be read as history.
    store = open_store(django_url)
    heads = store.heads(built.endpoints)
    assert sum(head.position for head in heads.values()) == built.reports == fleet.reports_count
    for endpoint, machine in zip(built.endpoints[:5], fleet.machines[:5], strict=True):
        windows = fleet.windows[machine.index]
        signal = catalogue.KEURING_FILESYSTEM_AVAILABLE.id
        series = store.series(endpoint, signal, machine.volumes[0].mountpoint, 1, 0.0, NOW)
        # A machine whose clock is off by less than two minutes is taken at its word.
        np.testing.assert_allclose(series.times, windows.end, rtol=0, atol=120)
        assert np.isfinite(series.values).all()
    store.close()
    # The desk did some of its work, and only after tickets had been there.
    kinds = set(TicketHistory.objects.values_list("kind", flat=True))
    assert {"planned", "snoozed", "resolved", "taken", "dismissed"} <= kinds
    # It judged by looking: of one cause some tickets were right and others not, which asks for a better threshold.
    verdicts = Ticket.objects.filter(cause="memory-short").exclude(verdict="").values_list("verdict", flat=True)
    assert set(verdicts) == {"right", "wrong"}
    assert not TicketHistory.objects.filter(actor__isnull=False, at__gt=datetime.fromtimestamp(NOW, UTC)).exists()
    # Calls came in the ordinary way too, each of another machine and about something that rules know.
    for _ in range(2):
        incidents.write(fleet)
    calls = Incident.objects.values_list("endpoint", "cause")
    assert len(calls) == len({endpoint for endpoint, _ in calls}) == len(incidents.CALLS)
    assert {cause for _, cause in calls} <= {rule.cause for rule in rulepack.load().rules.values()}


def test_a_small_fleet_is_the_same_on_both_databases(django_url: str, tmp_path: Path) -> None:
    from keuring_collector.desk.models import Ticket

    fleet = Fleet(NOW, machines_count=12, days=45)
    build(django_url, tmp_path, fleet, 45)
    tickets = Ticket.objects.order_by("endpoint__host_name", "cause")
    found = [(t.endpoint.host_name, t.cause, t.opened_at.isoformat()) for t in tickets.select_related("endpoint")]
    assert len(found) >= 3
    # Whichever database comes second must agree with the first, to the moment.
    assert TICKETS.setdefault("found", found) == found


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 2.0
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_a_moving_line_on_a_terminal_and_few_lines_elsewhere() -> None:
    plain, terminal = io.StringIO(), Terminal()
    for out in (plain, terminal):
        progress = Progress("reports", 1000, out, Clock())
        for _ in range(10):
            progress.advance(100)
        progress.finish()
    lines = plain.getvalue().splitlines()
    assert 3 <= len(lines) <= 5
    assert lines[-1] == "reports: 1,000 of 1,000 (100%), 22 s"
    assert terminal.getvalue().count("\r") == 11
    assert terminal.getvalue().endswith("22 s\n")
    assert "[███" in terminal.getvalue()
