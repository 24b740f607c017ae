"""A whole Windows machine from recorded answers: every signal is emitted, or said not to be measurable and why."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from keuring.signals.catalogue import BY_ID, SIGNALS
from keuring.signals.model import Kind, Statistic, Status
from keuring_agent.host import local
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.host.windows import WindowsHost
from keuring_agent.host.windows.native import MISSING
from keuring_agent.ledger import Ledger
from keuring_agent.privacy import Gate
from keuring_agent.recorder import Recorder
from keuring_agent.sensors import every
from tests.agent.windows import RecordedWindows
from tests.agent.windows_laptop import laptop, ports, trouble, warm_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from keuring_agent.window import WindowReport


def window_of(
    host: WindowsHost, between: Callable[[], None], notebook: dict[str, Any] | None = None
) -> tuple[WindowReport, dict[str, str]]:
    complaints: list[str] = []
    ledger = Ledger()
    recorder = Recorder(host, every(notebook or {}, 0.0, 0.0), ledger, Gate(), 5.0, complaints.append)
    for sensor in recorder._sensors:
        sensor.interval = 0.0  # slow ones read twice as well
    recorder.sample(closing=True)
    before = host.cpu_times().total
    between()
    while host.cpu_times().total == before:  # the system counts them in steps
        time.sleep(0.005)
    recorder.sample(closing=True)
    recorder.add_own(0, 0, 0)
    report = recorder.close()
    assert report is not None
    assert complaints == []
    reasons = {BY_ID[identity].name: reason for (identity, _), reason in ledger.unmeasured.items() if reason}
    return report, reasons


def told(report: WindowReport) -> set[str]:
    found = {key.signal for key in report.series} | {key[0] for key in report.facts}
    return {BY_ID[identity].name for identity in found} | {event.signal.name for event in report.events}


@pytest.fixture(scope="module")
def whole() -> tuple[WindowReport, dict[str, str]]:
    booted = psutil.boot_time()
    windows = laptop(booted)
    host = WindowsHost(system=windows)

    def between() -> None:
        warm_up(windows, host)
        trouble(windows, booted)

    notebook = {"boot_id": "the one before", "agent_stopped": False, "seen_at": booted - 60}
    return window_of(host, between, notebook)


# Told once an hour, of sensors that are slowed down, and when the agent started itself anew: see test_agent_limits.
SELDOM = {"keuring.agent.sensor.cost", "keuring.agent.sensor.stretch", "keuring.agent.memory.restart"}


def test_every_signal_of_windows_is_emitted(whole: tuple[WindowReport, dict[str, str]]) -> None:
    report, reasons = whole
    wanted = {signal.name for signal in SIGNALS if signal.status is Status.EMITTED and "windows" in signal.platforms}
    disk_kinds = {name for name in wanted if name.startswith("keuring.smart.")}  # those of other kinds of disks
    here = {"system.cpu.frequency", "system.paging.utilization", "system.paging.usage"}  # psutil on this machine
    here |= {"keuring.network.link.speed"} | (set() if ports() else {n for n in wanted if ".network." in n})
    missing = wanted - told(report) - SELDOM
    assert missing - disk_kinds - here == set()
    assert {name for name in missing if not reasons.get(name)} == set()
    assert len(wanted & told(report)) > 80


def test_what_is_no_signal_of_windows_says_why(whole: tuple[WindowReport, dict[str, str]]) -> None:
    _, reasons = whole
    others = {
        signal.name for signal in SIGNALS if signal.status is Status.EMITTED and "windows" not in signal.platforms
    }
    # The kernel of Linux alone has an oops; on this machine psutil sees inodes.
    quiet = {signal.name for signal in SIGNALS if signal.kind is Kind.EVENT}
    assert {name for name in others if not reasons.get(name)} - quiet == set()
    assert reasons["keuring.pressure.io.full"] == "Windows does not tell how long work waits"


def test_values_of_the_whole_machine(whole: tuple[WindowReport, dict[str, str]]) -> None:
    report, _ = whole
    facts = {BY_ID[identity].name: value for (identity, _), value in report.facts.items()}
    assert facts["os.name"] == "Windows 11 Pro"
    assert facts["os.version"] == "10.0.22631"
    assert facts["os.build_id"] == "22631.4317"
    assert facts["keuring.hardware.serial_number"] == "PF1ABCDE"
    assert facts["keuring.reboot.pending"] is True
    assert facts["keuring.os.patch_level"] == "22631.4317"
    assert facts["keuring.tpm.version"] == "2.0"
    assert (facts["keuring.memory.slots"], facts["keuring.memory.modules"]) == (2, 1)
    assert facts["keuring.display.model"] == "BOE NV140FHM"
    assert facts["keuring.dock.model"] == "ThinkPad USB-C Dock Gen2"
    assert facts["keuring.updates.checked"] == datetime(2026, 11, 25, 6, tzinfo=UTC).timestamp()
    assert facts["keuring.licence.expires"] == datetime(2027, 3, 1, tzinfo=UTC).timestamp()
    assert facts["keuring.malware_protection.updated"] == datetime(2026, 11, 25, 10, 15, tzinfo=UTC).timestamp()
    seen = {(found.signal.name, found.subject, *(dict(found.attributes).values() or [""])) for found in report.events}
    assert seen == {
        ("keuring.disk.io_error", "PhysicalDrive0", ""),  # and none of disk 1, which is a stick
        ("keuring.filesystem.error", "C:\\", ""),
        ("keuring.cpu.machine_check", "4", "corrected"),
        ("keuring.system.bug_check", "", "0x0000009f"),
        ("keuring.system.unclean_shutdown", "", "kernel_panic"),
        ("keuring.application.crash", "LibreOffice", "24.8.3.2"),
        ("keuring.application.hang", "Microsoft Outlook", "16.0.17928.20216"),
        ("keuring.gpu.reset", "igfxn", ""),
    }
    last = {
        (BY_ID[key.signal].name, key.subject): value
        for key, value in zip(report.series, report.values, strict=True)
        if key.statistic == Statistic.LAST
    }
    expected = {
        ("hw.battery.charge", "BAT0"): 0.8,
        ("keuring.battery.health", "BAT0"): 0.842,
        ("keuring.battery.cycles", "BAT0"): 214,
        ("keuring.boot.duration", ""): 31.2,
        ("keuring.boot.step.duration", "Spooler"): 6.1,
        ("keuring.updates.pending", ""): 1,
        ("keuring.updates.security.pending", ""): 1,
        ("keuring.smart.endurance.utilization", "PhysicalDrive0"): 0.07,
        ("keuring.smart.power_on_time", "PhysicalDrive0"): 3000,
        ("hw.temperature.limit", "thermal zone TZ00"): 100,
        ("keuring.sign_in.duration", ""): 5.4,
        ("keuring.printer.count", ""): 2,
        ("keuring.printer.unreachable", ""): 1,
        ("keuring.vpn.connections", ""): 2,  # another maker's and Windows' own
        ("keuring.service.failed", ""): 1,
        ("hw.gpu.memory.limit", "gpu0"): 2**30,
    }
    assert {key: last[key] for key in expected} == pytest.approx(expected, abs=0.06)


def test_a_windows_that_tells_nothing_says_why_and_nothing_fails() -> None:
    host = WindowsHost(system=RecordedWindows(waiting=NotMeasurable("no"), history=NotMeasurable("no")))
    report, reasons = window_of(host, lambda: None)
    assert "system.memory.utilization" in told(report)
    assert reasons["keuring.filesystem.encrypted"] == "this edition of Windows does not keep this"
    assert reasons["keuring.wifi.signal"] == "this machine has no Wi-Fi"
    assert reasons["keuring.updates.pending"] == "no"
    wanted = {signal.name for signal in SIGNALS if signal.status is Status.EMITTED and signal.kind is not Kind.EVENT}
    wanted.remove("system.cpu.utilization")  # psutil's, and a share of time that did not pass
    assert {name for name in wanted - told(report) - SELDOM if not reasons.get(name)} == set()


def test_local_takes_windows_and_without_pywin32_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    host = local()
    monkeypatch.undo()
    assert isinstance(host, WindowsHost)
    assert host.platform == "windows"
    if sys.platform != "win32":
        with pytest.raises(NotMeasurable) as error:
            host.firewall()
        assert error.value.reason == MISSING
