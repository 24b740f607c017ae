"""The rules on disks, held against recorded disks: what says that it is ill is found, and old counts are no news."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring.signals import catalogue
from keuring.signals.model import Kind
from keuring_agent.host.readings import NotMeasurable, Smart
from keuring_agent.host.smartctl import parse
from keuring_agent.sensors import smart as sensor
from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.engine.model import Fact, Layout, SeriesKey, Window

if TYPE_CHECKING:
    from pathlib import Path

START, HOUR, HOURS = 1_767_571_200.0, 3600.0, 72
SUBJECT = "disk"


def recorded(folder: Path) -> dict[str, Smart]:
    """What each recorded document of smartctl says, by its file's name."""
    found = {}
    for path in sorted((folder / "recorded/smartctl-json").rglob("*.json")):
        try:
            found[path.name] = parse(json.loads(path.read_text(encoding="utf-8")))
        except (NotMeasurable, ValueError):
            continue
    return found


def findings(disk: Smart, pack: rulepack.RulePack) -> set[str]:
    """The rules that say something of a machine that reports this very disk, unchanged, for three days; what the table
    of points only watches, and opens no ticket for, is not a finding here.
    """
    fleet = Fleet(pack.compiled)
    facts = [
        Fact(signal.id, SUBJECT, getattr(disk, name))
        for signal, name in sensor._FACTS
        if getattr(disk, name) is not None
    ]
    levels = [(signal.id, getattr(disk, name)) for signal, name in sensor._GAUGES if getattr(disk, name) is not None]
    assert all(catalogue.BY_ID[signal].kind is Kind.GAUGE for signal, _ in levels)
    layout = Layout(tuple(SeriesKey(signal, 1, SUBJECT) for signal, _ in levels))
    values = np.array([value for _, value in levels], dtype=np.float64)
    told = set()
    for hour in range(HOURS):
        start = START + hour * HOUR
        window = Window(1, start, start + HOUR, start + HOUR + 5, "boot", layout, values, facts if hour == 0 else [])
        found = [(finding, pack.rules[finding.rule]) for finding in fleet.judge([window])]
        told |= {
            rule.name
            for finding, rule in found
            if rule.name != "disk_failure_risk" or finding.severity >= rule.ticket_from.grade
        }
    return told


def due(disk: Smart) -> set[str]:
    """What must be found: whatever the disk says of its state; never what it has counted before it was known.

    More than eight sectors that cannot be read now are a state; a thousand replaced ones are all that a past may be.
    """
    hot = {"hdd": 55, "ssd": 70, "nvme": 70}[disk.kind or "hdd"]
    says = {
        "disk_reports_failing": disk.passed is False,
        "nvme_critical_warning": bool(disk.critical_warning),
        "nvme_spare_low": disk.available_spare is not None and disk.available_spare < 0.5,
        "ssd_endurance_used": disk.endurance is not None and disk.endurance > 0.9,
        "disk_failure_risk": disk.kind == "hdd"
        and ((disk.pending_sectors or 0) > 8 or (disk.reallocated_sectors or 0) > 1000),
        "disk_hot": disk.kind == "hdd" and (disk.temperature or 0) > hot,
        "solid_state_hot": disk.kind != "hdd" and (disk.temperature or 0) > hot,
    }
    return {name for name, true in says.items() if true}


@pytest.mark.corpus
def test_recorded_disks_are_found_by_their_state_and_never_by_their_past(corpus: Path) -> None:
    disks, pack = recorded(corpus), rulepack.load()
    assert len(disks) >= 20
    assert {name: found for name, disk in disks.items() if (found := findings(disk, pack)) != due(disk)} == {}
    assert any(due(disk) for disk in disks.values())
    counted = [disk for disk in disks.values() if disk.reallocated_sectors or disk.media_errors]
    assert any(not due(disk) for disk in counted)
