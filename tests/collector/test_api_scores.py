"""The scoreboard and incidents by the API."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.collector.console_fixtures import DAY
from tests.collector.test_api import Program

if TYPE_CHECKING:
    from tests.collector.console_fixtures import Site

pytestmark = pytest.mark.parametrize("migrated_url", ["sqlite"], indirect=True)


def test_incidents_are_imported_and_count(site: Site) -> None:
    from keuring_collector.desk.models import AuditEntry, Incident

    machine, other = site.machine("LT-1"), site.machine("LT-2")
    site.ticket(machine, age=12)
    program = Program(site, site.staff(role="desk"))
    sent = [
        {"machine": str(each.uuid), "cause": "volume-space", "at": (site.now - timedelta(days=2)).isoformat()}
        for each in (machine, other)
    ]
    assert program.post("incidents", incidents=sent) == {"added": 2, "unchanged": 0}
    assert program.post("incidents", incidents=sent) == {"added": 0, "unchanged": 2}
    assert AuditEntry.objects.filter(action="incidents.imported").first() is not None
    found = {each["name"]: each for each in program.get("scoreboard")}["volume_filling"]
    assert (found["incidents"], found["missed"], found["tickets"], found["too_early_to_tell"]) == (2, 1, 1, True)
    assert found["lead_days"] == pytest.approx(10, abs=10 / DAY)
    assert [each["name"] for each in program.get("scoreboard", by="department")] == ["Finance"]
    assert Incident.objects.count() == 2


def test_what_is_wrong_is_told_and_nothing_is_written(site: Site) -> None:
    from keuring_collector.desk.models import Incident

    machine = site.machine("LT-1", department=site.department("Sales"))
    good = {"machine": str(machine.uuid), "cause": "wifi", "at": "2026-08-01T00:00:00Z"}
    program = Program(site, site.staff(role="desk"))
    for change, where, says in (
        ({"machine": str(uuid.UUID(int=7))}, "machine", "no such machine"),
        ({"cause": "wifii"}, "cause", "No rule has this cause"),
        ({"at": (site.now + timedelta(days=2)).isoformat()}, "at", "lies ahead"),
    ):
        problem = program.post("incidents", 422, incidents=[good, {**good, **change}])
        assert problem["where"] == f"body.incidents.1.{where}"
        assert says in problem["detail"]
    assert Incident.objects.count() == 0
    elsewhere = Program(site, site.staff("sam", role="desk", departments=[site.department("Finance")]))
    assert elsewhere.post("incidents", 422, incidents=[good])["detail"] == "There is no such machine."
    assert Program(site, site.staff("vera", role="viewer")).post("incidents", 403, incidents=[good])
