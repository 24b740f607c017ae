"""Rules fall to advice when even the best that their verdicts allow is too little, and start anew when switched on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.collector.console_fixtures import FILLING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tests.collector.console_fixtures import Site


def demote(at: datetime, floor: float = 0.5) -> list[str]:
    from keuring_collector import rulepack
    from keuring_collector.desk import demotion

    return demotion.demote(rulepack.load(None), at, floor)


def judged(site: Site, verdict: str, count: int, **fields: Any) -> None:
    from keuring_collector.fleet.models import Endpoint

    for _ in range(count):
        endpoint = site.machine(f"M-{Endpoint.objects.count()}")
        site.ticket(endpoint, state="resolved", verdict=verdict, closed_at=site.now, touched=True, **fields)


def test_a_rule_falls_after_ten_verdicts_and_starts_anew_when_switched_on(site: Site) -> None:
    from keuring_collector.desk import starting
    from keuring_collector.desk.models import AuditEntry, Demotion, RuleSwitch

    judged(site, "right", 1)
    judged(site, "wrong", 8)
    assert demote(site.now) == []  # nine
    judged(site, "early", 1)
    assert demote(site.now, floor=0.4) == []  # 1 of 10 may be 40.4 %
    assert demote(site.now, floor=0.0) == []
    assert demote(site.now) == ["volume_filling"]
    assert starting.only_reports(FILLING)
    switch = RuleSwitch.objects.get(rule=FILLING)
    assert (switch.opens, switch.by) == (False, None)
    fallen = Demotion.objects.get()
    assert (fallen.rule, fallen.right, fallen.of, fallen.floor) == (FILLING, 1, 10, 0.5)
    assert round(fallen.high, 3) == 0.404
    assert AuditEntry.objects.get(action="rule.demoted").subject == "rule/volume_filling"
    assert demote(site.now) == []  # it opens no tickets any more

    noor = site.staff()
    later = site.now + timedelta(days=1)
    starting.switch([FILLING], opens=True, actor=noor, now=later)
    fallen.refresh_from_db()
    assert (fallen.ended_at, fallen.ended_by) == (later, noor)
    assert demote(later + timedelta(days=1)) == []  # what was judged before counts no more
    judged(site, "wrong", 10, age=-2)
    assert demote(later + timedelta(days=3)) == ["volume_filling"]


def test_a_rule_that_opens_no_tickets_and_one_fleet_ticket_do_not_fall(site: Site) -> None:
    from keuring_collector.desk import starting
    from keuring_collector.desk.models import FleetTicket, Ticket

    judged(site, "wrong", 12)
    fleet = FleetTicket.objects.create(cause="volume-space", opened_at=site.now, updated_at=site.now)
    Ticket.objects.update(parent=fleet)
    assert demote(site.now) == []  # one problem, judged once
    Ticket.objects.update(parent=None)
    starting.switch([FILLING], opens=False, actor=site.staff(), now=site.now)
    assert demote(site.now) == []


def test_a_rule_may_state_its_own_floor(site: Site, tmp_path: Path) -> None:
    from keuring_collector import rulepack
    from keuring_collector.desk import demotion
    from keuring_collector.desk.models import Demotion
    from tests.collector.packs import SPACE_RULE, write_pack

    directory = write_pack(tmp_path / "rules")
    file = directory / "storage" / "test_space.yaml"
    judged(site, "right", 6, rule=SPACE_RULE)
    judged(site, "wrong", 14, rule=SPACE_RULE)  # at best 52 % are right

    def fallen(stated: str, floor: float) -> list[str]:
        text = file.read_text(encoding="utf-8").split("\nprecision_floor:")[0]
        file.write_text(f"{text}\nprecision_floor: {stated}\n" if stated else text, encoding="utf-8")
        return demotion.demote(rulepack.load(directory), site.now, floor)

    assert fallen("", 0.5) == []
    assert fallen("40 %", 0.9) == []
    assert fallen("60 %", 0.0) == []  # nothing falls by itself
    for wrong in ("150 %", "0 %", "high"):
        with pytest.raises(rulepack.RulePackError, match="precision_floor: '"):
            fallen(wrong, 0.5)
    assert fallen("60 %", 0.5) == ["test_space"]
    assert Demotion.objects.get().floor == 0.6
