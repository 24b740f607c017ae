"""On a machine that lacks nothing, no rule that opens tickets says anything; nor on one that measures little."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring.signals import catalogue
from keuring.signals.model import Kind, Signal
from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.engine.model import Fact, Layout, SeriesKey, Severity, Window

if TYPE_CHECKING:
    from keuring_collector.engine.compiled import Value

DAY = 86400.0
START = 1_767_571_200.0  # Monday 5 January 2026
SUBJECTS = {
    "mountpoint": ("/", "/home"),
    "device": ("nvme0n1", "sda", "sdb"),
    "battery": ("BAT0",),
    "interface": ("eth0",),
}
# What is usual where neither nothing nor little is.
USUAL = {
    "system.filesystem.utilization": 0.62,
    "keuring.filesystem.available": 180e9,
    "system.filesystem.limit": 480e9,
    "keuring.filesystem.inodes.utilization": 0.1,
    "keuring.filesystem.inodes.available": 2e7,
    "system.memory.utilization": 0.6,
    "keuring.memory.available": 6e9,
    "keuring.battery.health": 0.93,
    "hw.battery.charge": 0.8,
    "keuring.smart.available_spare": 1.0,
    "keuring.smart.endurance.utilization": 0.07,
    "hw.temperature": 55.0,
    "keuring.smart.temperature": 38.0,
    "keuring.disk.latency": 0.004,
    "hw.temperature.limit": 100.0,
    "keuring.clock.offset": 0.004,
    "keuring.smart.critical_warning": 0.0,
    "keuring.smart.crc_errors": 212.0,
    "keuring.smart.reallocated_sectors": 8.0,
}
FACTS: dict[str, Value] = {
    "os.type": "linux",
    "os.name": "Debian GNU/Linux",
    "os.version": "13",
    "keuring.hardware.chassis": "laptop",
    "keuring.reboot.pending": False,
    "keuring.smart.passed": True,
    "keuring.filesystem.type": "ext4",
    "keuring.filesystem.read_only": False,
    "keuring.updates.last_installed": START - 3 * DAY,
    "keuring.clock.synchronised": True,
    "keuring.smart.type": "hdd",
    "keuring.network.link.speed": 1e9,
    "keuring.network.link.capability": 1e9,
    "keuring.firmware.released": START - 400 * DAY,
    "keuring.driver.released": START - 400 * DAY,
    "keuring.hardware.manufactured": START - 700 * DAY,
    "keuring.warranty.end": START + 400 * DAY,
    "keuring.certificate.expires": START + 200 * DAY,
    "keuring.filesystem.encrypted": True,
    "keuring.firewall.enabled": True,
    "keuring.malware_protection.enabled": True,
    "keuring.malware_protection.updated": START - DAY / 4,
    "keuring.backup.succeeded": START - DAY,
    "keuring.software.version": "26.2",
    "keuring.software.versions_behind": 1.0,
}
# What is done over and over on a machine that is well: as long ago every day.
ROLLING = {"keuring.updates.last_installed", "keuring.malware_protection.updated", "keuring.backup.succeeded"}
# Where subjects differ.
KINDS: dict[tuple[str, str], Value] = {
    ("keuring.smart.type", "nvme0n1"): "nvme",
    ("keuring.smart.type", "sdb"): "ssd",
}


def level(signal: Signal) -> float:
    if signal.name in USUAL:
        return USUAL[signal.name]
    return 1e9 if signal.unit == "By" else 0.0 if signal.unit.startswith("{") else 0.02


def layout() -> Layout:
    return Layout(
        tuple(
            SeriesKey(signal.id, statistic, subject)
            for signal in catalogue.SIGNALS
            if signal.kind in (Kind.GAUGE, Kind.COUNTER)
            for statistic in signal.statistics
            for subject in SUBJECTS.get(signal.subject, ("one",) if signal.subject else ("",))
        )
    )


def facts(now: float) -> list[Fact]:
    found = []
    for name, value in FACTS.items():
        signal = catalogue.BY_NAME[name]
        said: Value = value - START + now if name in ROLLING and isinstance(value, float) else value
        subjects = SUBJECTS.get(signal.subject, ("",))
        found += [Fact(signal.id, subject, KINDS.get((name, subject), said)) for subject in subjects]
    return found


@pytest.mark.parametrize("measured", [1.0, 0.1])
def test_ninety_days_of_a_healthy_machine_are_silent(measured: float) -> None:
    """Office hours, hour-long windows, noise of a percent; ``measured`` is the share of samples that are there."""
    random = np.random.default_rng(11)
    keys = layout()
    usual = np.array([level(catalogue.BY_ID[key.signal]) for key in keys.keys])
    pack = rulepack.load()
    fleet = Fleet(pack.compiled)
    found = []
    for day in range(90):
        if day % 7 > 4:
            continue
        for hour in range(8, 17):
            start = START + day * DAY + hour * 3600
            values = usual * (1 + 0.01 * random.standard_normal(len(usual)))
            values[random.random(len(values)) > measured] = math.nan
            whole = np.array([catalogue.BY_ID[key.signal].unit.startswith("{") for key in keys.keys])
            values[whole] = np.rint(usual[whole])
            said = facts(start) if hour == 8 else []
            found += fleet.judge([Window(1, start, start + 3600, start + 3605, str(day), keys, values, said)])
    tickets = [
        (rule.name, finding.subject)
        for finding in found
        if (rule := pack.rules[finding.rule]).maturity.opens_tickets and finding.severity >= rule.ticket_from.grade
    ]
    assert tickets == []
    # A disk of the old kind in a laptop is no fault, but something to offer.
    tips = {pack.rules[finding.rule].name for finding in found if finding.severity == Severity.TIP}
    assert tips <= {"laptop_hard_disk"}


def test_every_rule_looked_at_the_healthy_machine() -> None:
    pack = rulepack.load()
    fleet = Fleet(pack.compiled)
    keys = layout()
    values = np.array([level(catalogue.BY_ID[key.signal]) for key in keys.keys])
    fleet.judge([Window(1, START, START + 300, START + 305, "1", keys, values, facts(START))])
    waits_for_events = {
        "application_crashing",
        "application_hanging",
        "blue_screens_recurring",
        "disk_io_errors",
        "file_system_damage",
        "kernel_errors_recurring",
        "machine_checks_recurring",
        "unclean_shutdowns_recurring",
    }
    unseen = {rule.name for rule in pack.compiled.rules if not fleet.explain(1, rule.id)}
    assert unseen == waits_for_events
