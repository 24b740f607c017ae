"""What folding and judging costs: the shipped pack over reports of 100 signals, in batches of 256 endpoints."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from keuring.signals import catalogue
from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.engine.model import LAST, Fact, Layout, SeriesKey, Window
from keuring_collector.rulepack.reads import signals_of
from tests.bench.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from keuring.signals.model import Signal
    from keuring_collector.engine import CompiledPack

ENDPOINTS = 1024
BATCH = 256
SIGNALS = 100
ROUNDS = 24
BEGIN = 1_767_225_600.0  # 2026-01-01
WINDOW = 300.0
SUBJECTS = {
    "mountpoint": ("/", "/home", "/data"),
    "device": ("nvme0n1", "sda"),
    "sensor": ("Package id 0", "Composite"),
    "battery": ("BAT0",),
    "interface": ("eth0",),
    "fan": ("fan1",),
}
SHARES = {"system.filesystem.utilization": 0.6, "keuring.battery.health": 0.9, "keuring.smart.available_spare": 1.0}


def layout() -> Layout:
    """100 series of a laptop with two disks and three volumes; those that rules read come first."""
    read = {signal for rule in rulepack.load().compiled.rules for signal in signals_of(rule)}
    keys = [
        SeriesKey(signal.id, statistic, subject)
        for signal in sorted(catalogue.SIGNALS, key=lambda signal: signal.id not in read)
        for statistic in signal.statistics
        for subject in SUBJECTS.get(signal.subject, ("",))
    ]
    return Layout(tuple(keys[:SIGNALS]))


def healthy(keys: tuple[SeriesKey, ...], random: np.random.Generator) -> NDArray[np.float64]:
    """One report of a machine that lacks nothing."""
    values = np.empty(len(keys))
    for number, key in enumerate(keys):
        values[number] = _usual(catalogue.BY_ID[key.signal], random)
    return values


def _usual(signal: Signal, random: np.random.Generator) -> float:
    if signal.name in SHARES:
        return SHARES[signal.name] + random.normal(0, 0.001)
    if signal.unit == "By":
        return float(random.integers(200 << 30, 201 << 30))
    if signal.name == "hw.temperature.limit":
        return 100.0
    if signal.unit == "Cel":
        return 45.0 + random.normal(0, 3)
    counts = signal.unit.startswith("{") or signal.name == "keuring.smart.critical_warning"
    return 0.0 if counts else float(random.uniform(0, 0.05))


def facts() -> list[Fact]:
    """What the machine says of itself."""
    found = [
        Fact(catalogue.OS_TYPE.id, "", "linux"),
        Fact(catalogue.OS_NAME.id, "", "Debian GNU/Linux"),
        Fact(catalogue.OS_VERSION.id, "", "13"),
        Fact(catalogue.KEURING_HARDWARE_CHASSIS.id, "", "laptop"),
        Fact(catalogue.KEURING_REBOOT_PENDING.id, "", False),
        Fact(catalogue.KEURING_UPDATES_LAST_INSTALLED.id, "", BEGIN),
    ]
    found += [Fact(catalogue.KEURING_FILESYSTEM_TYPE.id, subject, "ext4") for subject in SUBJECTS["mountpoint"]]
    return found + [Fact(catalogue.KEURING_SMART_PASSED.id, subject, True) for subject in SUBJECTS["device"]]


def batches(rounds: int, endpoints: int = ENDPOINTS, sick: float = 0.0) -> Iterator[list[Window]]:
    """Reports of all endpoints, window after window, in batches; a share of them has a volume that is nearly full."""
    random = np.random.default_rng(1)
    keys = layout().keys
    layouts = [Layout(keys) for _ in range(endpoints)]
    said = facts()
    values = [healthy(keys, random) for _ in range(64)]
    left = keys.index(SeriesKey(catalogue.KEURING_FILESYSTEM_AVAILABLE.id, LAST, "/"))
    used = keys.index(SeriesKey(catalogue.SYSTEM_FILESYSTEM_UTILIZATION.id, LAST, "/"))
    full = [row.copy() for row in values]
    for row in full:
        row[left], row[used] = 5 << 30, 0.97
    for number in range(rounds):
        start = BEGIN + number * WINDOW
        windows = [
            Window(
                endpoint=endpoint,
                start=start,
                end=start + WINDOW,
                received=start + WINDOW + 2,
                boot_id="1",
                layout=layouts[endpoint],
                values=(full if endpoint < sick * endpoints else values)[(endpoint * 7 + number) % 64],
                facts=said if number == 0 else (),
            )
            for endpoint in range(endpoints)
        ]
        for first in range(0, endpoints, BATCH):
            yield windows[first : first + BATCH]


def cost(pack: CompiledPack, rounds: int = ROUNDS, sick: float = 0.0) -> tuple[float, int, Fleet]:
    """CPU seconds per report once the fleet is known, the reports measured, and the fleet."""
    fleet = Fleet(pack)
    spent, reports = 0.0, 0
    for number, batch in enumerate(batches(rounds, sick=sick)):
        begun = time.process_time()
        fleet.judge(batch)
        if number >= ENDPOINTS // BATCH:
            spent += time.process_time() - begun
            reports += len(batch)
    return spent / reports, reports, fleet


def alone(pack: CompiledPack, reports: int = 300) -> float:
    """CPU seconds per report when each comes by itself."""
    fleet = Fleet(pack)
    windows = [window for batch in batches(reports + 1, endpoints=1) for window in batch]
    fleet.judge(windows[:1])
    begun = time.process_time()
    for window in windows[1:]:
        fleet.judge([window])
    return (time.process_time() - begun) / reports


def run() -> Iterator[Figure]:
    """CPU per report of healthy and of ailing fleets, of reports one by one, and the size of a snapshot."""
    pack = rulepack.load().compiled
    per_report, reports, fleet = cost(pack)
    cells = len(fleet.standing(0)) + sum(len(fleet.explain(0, rule.id)) > 0 for rule in pack.rules)
    how = (
        f"{len(pack.rules)} rules ({cells} of them with something to judge), {ENDPOINTS} endpoints, {SIGNALS} series "
        f"a report, batches of {BATCH}, {reports} reports, CPU of one process"
    )
    yield Figure("engine_us_per_report", round(per_report * 1e6, 2), "us", how=f"healthy; {how}")
    ailing, _, _ = cost(pack, sick=0.2)
    yield Figure("engine_ailing_us_per_report", round(ailing * 1e6, 2), "us", how=f"a fifth with a finding; {how}")
    yield Figure("engine_alone_us_per_report", round(alone(pack) * 1e6, 2), "us", how="reports one by one")
    size = float(np.mean([len(fleet.snapshot(endpoint)) for endpoint in range(64)]))
    yield Figure("engine_snapshot_bytes", round(size), "By", how="after two hours")
