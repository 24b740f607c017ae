"""Sensors over machines that say what a test wants: all of the catalogue is emitted, and nothing else."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from keuring.signals import catalogue
from keuring.signals.catalogue import SIGNALS
from keuring.signals.model import Status
from keuring_agent.host.fake import FakeHost
from keuring_agent.host.inventory import BugCheck
from keuring_agent.host.linux import LinuxHost
from keuring_agent.host.readings import Crash, Incident, LogLine, NotMeasurable, Shutdown, Smart, Updates
from keuring_agent.ledger import Ledger
from keuring_agent.privacy import Gate
from keuring_agent.recorder import OWN_SIGNALS, Recorder
from keuring_agent.sensors import every
from keuring_agent.sensors.base import Pace, Readings, Sensor

if TYPE_CHECKING:
    from pathlib import Path

    from keuring.signals.model import Signal
    from keuring_agent.host.protocol import Host
    from keuring_agent.window import WindowReport

LINES = [
    "I/O error, dev sda, sector 123 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2",
    "EXT4-fs error (device sda1): ext4_lookup:1855: inode #2: comm ls: deleted inode referenced: 12",
    "mce: [Hardware Error]: CPU 3: Machine Check: 0 Bank 5: be00000000800400",
    "Oops: 0000 [#1] PREEMPT SMP PTI",
    "amdgpu 0000:03:00.0: amdgpu: GPU reset begin!",
    "usb 1-4: device descriptor read/64, error -71",
]


CRASHES = [Crash(1.7e9, "LibreOffice")]


def busy_host() -> FakeHost:
    """A machine to which everything happened that is an event."""
    return FakeHost(
        kernel_lines=[LogLine(1.7e9, line) for line in LINES],
        crashed=list(CRASHES),
        hung=list(CRASHES),
        stopped=[BugCheck(1.7e9, "0x0000009f")],
    )


def recorder_of(host: Host, notebook: dict[str, Any] | None = None, gate: Gate | None = None) -> Recorder:
    found = every({} if notebook is None else notebook, 3600, 21600)
    return Recorder(
        host, found, Ledger(), gate or Gate(), 5.0, lambda line: None if "costs" in line else pytest.fail(line), 1.0
    )


def one_window(host: FakeHost, recorder: Recorder) -> WindowReport:
    recorder.sample(closing=True)
    host.advance(60)
    host.answers["cpu_times"] = host.answers["cpu_times"]._replace(
        busy=host.answers["cpu_times"].busy + 30, total=host.answers["cpu_times"].total + 480
    )
    disk = host.answers["disks"][0]
    host.answers["disks"] = [disk._replace(operations=disk.operations + 10, operation_time=disk.operation_time + 0.1)]
    if isinstance(host.answers["wifi"], list):
        wifi = host.answers["wifi"][0]
        host.answers["wifi"] = [wifi._replace(sent=wifi.sent + 900, retried=wifi.retried + 100)]
    recorder.sample(closing=True)
    recorder.add_own(0, 0, 0)
    report = recorder.close()
    assert report is not None
    return report


def emitted(report: WindowReport) -> set[int]:
    return (
        {key.signal for key in report.series}
        | {key[0] for key in report.facts}
        | {event.signal.id for event in report.events}
    )


def test_all_of_the_catalogue_is_emitted_and_all_that_is_emitted_is_in_it() -> None:
    host = busy_host()
    notebook = {"boot_id": "the one before", "agent_stopped": False, "seen_at": 1.6e9}
    recorder = recorder_of(host, notebook)
    recorder.note_restart()
    report = one_window(host, recorder)
    found = emitted(report)
    # What comes seldom: the cost of sensors once an hour, and that one is slowed down because it costs too much.
    for _ in range(3):
        recorder.costs.note(every({}, 1, 1)[0], 3600.0)
    host.advance(3600)
    found |= emitted(one_window(host, recorder))

    missing = {signal.name for signal in SIGNALS if signal.status is Status.EMITTED and signal.id not in found}
    assert missing == set()
    assert found <= {signal.id for signal in SIGNALS if signal.status is Status.EMITTED}
    assert {key: reason for key, reason in report.unmeasured.items() if reason} == {}


def test_sensors_declare_exactly_what_the_catalogue_has() -> None:
    declared = [*itertools.chain(*(sensor.signals for sensor in every({}, 1, 1))), *OWN_SIGNALS]
    assert len(declared) == len(set(declared))
    assert set(declared) == {signal for signal in SIGNALS if signal.status is Status.EMITTED}


@pytest.mark.parametrize("sensor", every({}, 3600, 21600), ids=lambda sensor: sensor.name)
def test_each_sensor_emits_only_what_it_declares(sensor: Sensor) -> None:
    host = busy_host()
    out = Readings(Gate())
    sensor.read(host, out)
    host.advance(60)
    sensor.read(host, out)
    found = {signal for signal, _, _ in out.gauges + out.counters} | {event.signal for event in out.events}
    found |= {catalogue.BY_ID[identity] for identity, _ in (*out.facts, *out.unmeasured)}
    assert found <= set(sensor.signals)
    assert found


def test_a_recorded_machine_emits_or_explains_every_signal(recorded: Path) -> None:
    recorder = recorder_of(LinuxHost(str(recorded)))
    recorder.sample(closing=True)
    recorder.sample(closing=True)
    recorder.add_own(0, 0, 0)
    report = recorder.close()
    assert report is not None
    explained = {key[0] for key, reason in recorder.reason_unmeasured().items() if reason}
    # Shares of time need time to pass between two samples; events may not have happened.
    quiet = {signal.id for signal in SIGNALS if not signal.statistics and signal.kind.value == "event"}
    rates = {signal.id for signal in (catalogue.KEURING_DISK_LATENCY, catalogue.SYSTEM_CPU_UTILIZATION)}
    rates |= {catalogue.KEURING_CPU_IOWAIT_UTILIZATION.id}
    # Told once an hour, and only of sensors that are slowed down.
    quiet |= {catalogue.KEURING_AGENT_SENSOR_COST.id, catalogue.KEURING_AGENT_SENSOR_STRETCH.id}
    told = emitted(report) | explained | quiet | rates
    known = {signal for signal in SIGNALS if signal.status is Status.EMITTED}
    assert {signal.name for signal in known if signal.id not in told} == set()


EVERY_ANSWER = sorted(FakeHost().answers)


def test_a_machine_that_tells_nothing_says_why_once() -> None:
    host = FakeHost(smart_answers={})
    for name in EVERY_ANSWER:
        if name not in ("boot_id", "own_use"):
            host.answers[name] = NotMeasurable(f"no {name}")
    recorder = recorder_of(host)
    recorder.sample(closing=True)
    report = recorder.close()
    assert report is not None
    reasons = {catalogue.BY_ID[identity].name: reason for (identity, _), reason in report.unmeasured.items()}
    assert reasons["system.memory.utilization"] == "no memory"
    assert reasons["keuring.battery.health"] == "no batteries"
    assert reasons["keuring.smart.passed"] == "no smart_devices"
    told = {signal.name for sensor in every({}, 1, 1) for signal in sensor.signals} - reasons.keys()
    assert told == {
        *("keuring.agent.version", "keuring.agent.cpu.time", "keuring.agent.memory.rss"),
        "keuring.system.unclean_shutdown",
    }


@pytest.mark.parametrize("name", [name for name in EVERY_ANSWER if name != "boot_id"])
def test_one_broken_source_stops_no_other_sensor(name: str) -> None:
    host = FakeHost()
    complaints: list[str] = []
    host.answers[name] = OSError("broken") if name != "smart_devices" else OSError("unused")
    recorder = Recorder(host, every({}, 1, 1), Ledger(), Gate(), 5.0, complaints.append)
    report = one_window(host, recorder) if name not in ("cpu_times", "disks") else None
    if report is None:
        recorder.sample(closing=True)
        recorder.add_own(0, 0, 0)
        report = recorder.close()
    assert report is not None
    assert len(emitted(report)) > 50
    if name not in ("smart_devices", "last_shutdown", "disk_below"):
        assert len(complaints) == 1  # said once, not at every sample
        assert "the other sensors go on" in complaints[0]


class Slow(Sensor):
    name = "slow"
    signals = (catalogue.SYSTEM_UPTIME,)

    def __init__(self) -> None:
        self.reads = 0

    def read(self, host: Host, out: Readings) -> None:
        self.reads += 1
        while True:
            pass


def test_a_slow_sensor_is_interrupted_counted_and_left_alone_for_longer_and_longer() -> None:
    host = FakeHost()
    slow = Slow()
    complaints: list[str] = []
    others = [sensor for sensor in every({}, 1, 1) if sensor.name == "load"]
    recorder = Recorder(host, [slow, *others], Ledger(), Gate(), 0.02, complaints.append)
    for _ in range(10):
        recorder.sample(closing=True)
        host.advance(60)
    recorder.add_own(0, 0, 0)
    report = recorder.close()
    assert report is not None
    assert slow.reads == 3
    assert complaints == ["sensor 'slow' failed: it took longer than 0.02 s; the other sensors go on"]
    assert report.unmeasured[catalogue.SYSTEM_UPTIME.id, ""] == "the sensor 'slow' failed"
    assert catalogue.SYSTEM_CPU_LOAD_AVERAGE_1M.id in emitted(report)


def test_what_may_not_leave_is_not_even_read() -> None:
    host = FakeHost()
    host.answers["uptime"] = OSError("must not be asked")
    report = one_window(host, recorder_of(host, gate=Gate(disabled=["system.uptime"])))
    assert catalogue.SYSTEM_UPTIME.id not in emitted(report)


def value_of(report: WindowReport, signal: Signal, subject: str = "") -> float:
    found = [
        value
        for key, value in zip(report.series, report.values, strict=True)
        if key.signal == signal.id and key.subject == subject
    ]
    return found[0]


def test_numbers_come_out_as_they_should() -> None:
    host = FakeHost()
    report = one_window(host, recorder_of(host))
    assert value_of(report, catalogue.SYSTEM_CPU_UTILIZATION) == pytest.approx(30 / 480, abs=0.001)
    assert value_of(report, catalogue.SYSTEM_FILESYSTEM_UTILIZATION, "/") == pytest.approx(200 / 475, abs=1e-4)
    assert value_of(report, catalogue.SYSTEM_MEMORY_UTILIZATION) == pytest.approx(7 / 16, abs=0.001)
    assert value_of(report, catalogue.KEURING_BATTERY_HEALTH, "BAT0") == pytest.approx(45.2 / 51, abs=0.001)
    assert value_of(report, catalogue.KEURING_DISK_LATENCY, "sda") == pytest.approx(0.01)
    assert value_of(report, catalogue.KEURING_CLOCK_OFFSET) == pytest.approx(0.002)
    assert value_of(report, catalogue.KEURING_WIFI_SIGNAL, "wlan0") == -58
    assert value_of(report, catalogue.KEURING_WIFI_RETRY_RATIO, "wlan0") == pytest.approx(0.1)
    assert value_of(report, catalogue.KEURING_SMART_WARNING_TEMPERATURE_TIME, "nvme0n1") == 120
    assert value_of(report, catalogue.KEURING_BOOT_STEP_DURATION, "NetworkManager-wait-online") == pytest.approx(6.2)
    assert value_of(report, catalogue.KEURING_RAID_MISSING_DISKS, "md0") == 0
    assert value_of(report, catalogue.HW_GPU_UTILIZATION, "gpu0") == pytest.approx(0.12)
    assert value_of(report, catalogue.HW_GPU_MEMORY_UTILIZATION, "gpu0") == pytest.approx(0.25)
    assert value_of(report, catalogue.HW_GPU_MEMORY_LIMIT, "gpu0") == pytest.approx(8e9, rel=1e-3)
    assert value_of(report, catalogue.KEURING_SIGN_IN_DURATION) == pytest.approx(9.4)
    assert value_of(report, catalogue.KEURING_CPU_VULNERABILITIES) == 0
    assert value_of(report, catalogue.KEURING_PRINTER_COUNT) == 3
    assert value_of(report, catalogue.KEURING_PRINTER_UNREACHABLE) == 1
    assert value_of(report, catalogue.KEURING_VPN_CONNECTIONS) == 1
    assert value_of(report, catalogue.KEURING_SERVICE_FAILED) == 0
    assert value_of(report, catalogue.KEURING_FIRMWARE_UPDATES_PENDING) == 1
    assert value_of(report, catalogue.KEURING_DISPLAY_LIMIT) == 3


def test_counters_come_out_as_what_they_grew_by() -> None:
    host = FakeHost()
    recorder = recorder_of(host)
    recorder.sample(closing=True)
    host.advance(60)
    host.answers |= {"throttled_time": 14.25, "suspend_failures": 5, "throttled": 4}
    recorder.sample(closing=True)
    report = recorder.close()
    assert report is not None
    assert value_of(report, catalogue.KEURING_CPU_THROTTLED_TIME) == pytest.approx(1.75, abs=0.06)
    assert value_of(report, catalogue.KEURING_SUSPEND_FAILURES) == 3
    assert value_of(report, catalogue.KEURING_CPU_THROTTLING) == 1


def test_a_service_that_sleeps_is_not_woken_and_what_nobody_knows_is_not_guessed() -> None:
    host = FakeHost()
    host.answers |= {"firmware_updates": None, "sign_in_duration": None, "updates": Updates(7, None)}
    report = one_window(host, recorder := recorder_of(host))
    told = emitted(report)
    assert catalogue.KEURING_FIRMWARE_UPDATES_PENDING.id not in told
    assert catalogue.KEURING_SIGN_IN_DURATION.id not in told
    assert value_of(report, catalogue.KEURING_UPDATES_PENDING) == 7
    reasons = {catalogue.BY_ID[key[0]].name: reason for key, reason in recorder.reason_unmeasured().items()}
    assert reasons == {"keuring.updates.security.pending": "this system does not tell which updates are for security"}


def test_properties_come_out_as_they_should() -> None:
    report = one_window(host := FakeHost(), recorder_of(host))
    facts = {(catalogue.BY_ID[signal].name, subject): value for (signal, subject), value in report.facts.items()}
    wanted = {
        ("keuring.memory.slots", ""): 2,
        ("keuring.memory.modules", ""): 1,
        ("keuring.disk.size", "sda"): 512e9,
        ("keuring.gpu.model", "gpu0"): "Example Graphics",
        ("keuring.gpu.driver.version", "gpu0"): "examplegpu 6.1.0",
        ("keuring.display.model", "screen 1"): "Example 24",
        ("keuring.display.manufactured", "screen 1"): 1.5e9,
        ("keuring.dock.model", "dock 1"): "Example Dock",
        ("keuring.secure_boot.enabled", ""): True,
        ("keuring.tpm.version", ""): "2.0",
        ("keuring.licence.expires", "Example Enterprise"): 1.73e9,
        ("keuring.driver.version", "examplewifi"): "5.6.1",
        ("keuring.driver.released", "examplewifi"): 1.65e9,
        ("keuring.firmware.device.version", "microcode"): "0xf4",
        ("keuring.os.patch_level", ""): "12.7",
        ("keuring.updates.automatic", ""): True,
        ("keuring.updates.checked", ""): 1_699_990_000,
        ("keuring.software.inventory", "Example Drawing"): "3.1",
    }
    assert {key: facts.get(key) for key in wanted} == wanted


def test_events_say_what_and_which_version() -> None:
    report = one_window(host := busy_host(), recorder_of(host, {"crashes_position": "0", "hangs_position": "0"}))
    found = {event.signal.name: (event.subject, dict(event.attributes)) for event in report.events}
    assert found["keuring.application.hang"] == ("LibreOffice", {"version": "7.4.7"})
    assert found["keuring.system.bug_check"] == ("", {"code": "0x0000009f"})
    assert found["keuring.gpu.reset"] == ("amdgpu", {})
    assert found["keuring.usb.error"] == ("1-4", {})


def test_what_another_system_tells_as_such_counts_like_a_message() -> None:
    host = FakeHost(incidents=[Incident(1.7e9, "machine_check", "2", "corrected"), Incident(1.7e9, "gpu_reset", "x")])
    host.incidents.append(Incident(1.8e9, "gpu_reset", "x"))
    report = one_window(host, recorder_of(host))
    found = {event.signal.name: (event.subject, event.times, dict(event.attributes)) for event in report.events}
    assert found["keuring.cpu.machine_check"] == ("2", 1, {"severity": "corrected"})
    assert found["keuring.gpu.reset"] == ("x", 2, {})


@pytest.mark.parametrize(
    ("stopped", "shutdown", "charge", "discharging", "cause"),
    [
        (False, Shutdown(clean=None, panicked=False), 0.8, True, "unknown"),
        (False, Shutdown(clean=None, panicked=False), 0.04, True, "flat_battery"),
        (False, Shutdown(clean=None, panicked=False), 0.04, False, "unknown"),
        (False, Shutdown(clean=None, panicked=True), 0.04, True, "kernel_panic"),
        (False, Shutdown(clean=True, panicked=False), 0.8, True, None),  # only the agent was killed before
        (True, Shutdown(clean=None, panicked=False), 0.8, True, None),
        (True, Shutdown(clean=False, panicked=False), 0.8, True, "unknown"),  # stopped by hand, then the power went
    ],
)
def test_how_the_system_went_down(
    stopped: bool, shutdown: Shutdown, charge: float, discharging: bool, cause: str | None
) -> None:
    host = FakeHost()
    notebook = {
        "boot_id": "before",
        "agent_stopped": stopped,
        "seen_at": host.wall() - 600,
        "battery_charge": charge,
        "battery_discharging": discharging,
    }
    host.answers["last_shutdown"] = shutdown
    report = one_window(host, recorder_of(host, notebook))
    events = [event for event in report.events if event.signal is catalogue.KEURING_SYSTEM_UNCLEAN_SHUTDOWN]
    assert [dict(event.attributes)["cause"] for event in events] == ([cause] if cause else [])
    if events:
        assert events[0].time == host.wall() - 60 - 600
    assert notebook["boot_id"] == host.boot_id()
    assert notebook["agent_stopped"] is False


def test_nothing_is_said_of_shutdowns_before_the_first_start() -> None:
    host = FakeHost()
    host.answers["last_shutdown"] = Shutdown(clean=False, panicked=False)
    assert one_window(host, recorder_of(host)).events == ()


def test_a_sleeping_disk_keeps_what_was_said_of_it() -> None:
    host = FakeHost(smart_answers={"sda": Smart(kind="hdd", passed=True, model="M")})
    ledger = Ledger()
    recorder = Recorder(host, every({}, 1, 1), ledger, Gate(), 5.0)
    recorder.sample(closing=True)
    model = (catalogue.KEURING_SMART_MODEL.id, "sda")
    assert ledger.facts[model] == "M"
    host.smart_answers["sda"] = None
    host.advance(60)
    recorder.sample(closing=True)
    assert ledger.facts[model] == "M"
    host.smart_answers = {"sdb": Smart(kind="ssd", passed=True)}
    host.advance(60)
    recorder.sample(closing=True)
    assert model not in ledger.facts


def test_slow_sensors_are_asked_seldom() -> None:
    host = FakeHost()
    asked: list[float] = []
    recorder = recorder_of(host)
    smart = next(sensor for sensor in recorder._sensors if sensor.name == "smart")
    assert smart.pace is Pace.SLOW
    read = smart.read

    def noting(host: Host, out: Readings) -> None:
        asked.append(host.monotonic())
        read(host, out)

    smart.read = noting  # type: ignore[method-assign]
    for number in range(130):
        recorder.sample(closing=number % 5 == 4)
        host.advance(60)
    assert [round((later - one) / 60) for one, later in itertools.pairwise(asked)] == [60, 60]
