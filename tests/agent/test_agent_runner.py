"""The resident agent: time, windows, what is sent when, restarts; on a machine that does what a test says."""

from __future__ import annotations

import json
import math
import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from keuring.report.v1 import report_pb2
from keuring.signals import catalogue
from keuring.signals.catalogue import BY_ID
from keuring.signals.model import Privacy
from keuring_agent import VERSION, dispatches, policy, sending
from keuring_agent.config import Settings
from keuring_agent.errors import RefusedError, UnreachableError
from keuring_agent.host.fake import FakeHost
from keuring_agent.host.readings import LogLine, NotMeasurable
from keuring_agent.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keuring_agent.parcel import Parcel

IO_ERROR = "I/O error, dev sda, sector 123 op 0x0:(READ)"


class Child:
    """A launcher whose child ends at once with the next of some codes; delivered reports leave the spool."""

    def __init__(self, host: FakeHost, *codes: int) -> None:
        self.host = host
        self.codes = list(codes)
        self.starts: list[tuple[float, bool]] = []
        self.delivered: list[report_pb2.Report] = []
        self.running = self.killed = False
        self.told = b""

    def start(self, settings: Settings, *, after_failure: bool, parcel: Parcel | None = None) -> None:
        self.starts.append((self.host.monotonic(), after_failure))
        self.running = True
        self.told = b""
        if not (self.codes and self.codes[0]):
            spool = parcel or sending.spool_of(settings)
            batch = spool.batch()
            self.delivered += [report_pb2.Report.FromString(kept.message) for kept in batch.reports]
            if batch.reports:
                spool.delete(batch.epoch, batch.reports[-1].last)
        if parcel is not None:
            sent = dispatches.Dispatch(self.host.wall(), "reports", "desk:1", 9, 1, 1, outcome="acknowledged")
            parcel.dispatches = [sent]
            self.told = parcel.told()

    def poll(self) -> int | None:
        if not self.running:
            return None
        self.running = False
        return self.codes.pop(0) if self.codes else 0

    def kill(self) -> None:
        self.killed = self.running
        self.running = False


class Sleeper:
    """Lets the fake machine's time pass instead of waiting."""

    def __init__(self, host: FakeHost, until: float, during: Callable[[float], None] = lambda _now: None) -> None:
        self.host = host
        self.until = host.monotonic() + until
        self.during = during

    @property
    def stopped(self) -> bool:
        return self.host.monotonic() >= self.until

    def wait(self, seconds: float) -> None:
        self.host.advance(max(0.001, min(seconds, self.until - self.host.monotonic())))
        self.during(self.host.monotonic())


class Station:
    """A runner with everything around it."""

    def __init__(self, directory: Path, *codes: int, **changes: Any) -> None:
        self.host = FakeHost()
        self.settings = Settings(state_directory=directory, **changes)
        self.child = Child(self.host, *codes)
        self.said: list[str] = []

    def run(self, seconds: float, during: Callable[[float], None] = lambda _now: None) -> Runner:
        runner = self._runner()
        runner.run(Sleeper(self.host, seconds, during))
        return runner

    def restarts(self, seconds: float, during: Callable[[float], None] = lambda _now: None) -> bool:
        """Runs; whether the agent asked to be started anew within so many seconds."""
        return self._runner().run(Sleeper(self.host, seconds, during))

    def _runner(self) -> Runner:
        return Runner(self.settings, self.host, self.child, self.said.append, lambda _least, most: most)

    @property
    def spooled(self) -> list[report_pb2.Report]:
        batch = sending.spool_of(self.settings).batch()
        return [report_pb2.Report.FromString(kept.message) for kept in batch.reports]

    @property
    def reports(self) -> list[report_pb2.Report]:
        return self.child.delivered + self.spooled


def flush_times(station: Station, begin: float = 1000.0) -> list[int]:
    return [round(time - begin) for time, _ in station.child.starts]


def facts(report: report_pb2.Report) -> dict[str, object]:
    return {
        f"{BY_ID[fact.signal_id].name} {fact.subject}".strip(): (which := fact.WhichOneof("value"))
        and getattr(fact, which)
        for fact in report.facts
    }


def test_windows_of_five_minutes_sent_three_at_a_time_but_the_first_at_once(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.run(2 * 3600 + 90)
    assert flush_times(station) == [300, *range(1200, 7201, 900)]
    durations = [report.window_duration.ToMilliseconds() / 1000 for report in station.reports]
    assert durations == [300.0] * 24 + [90.0]  # the last one is what was left when it was stopped
    starts = [report.window_start_time.ToMilliseconds() / 1000 for report in station.reports]
    assert starts == [1_700_000_000 + 300 * number for number in range(25)]
    assert [report.sequence for report in station.reports] == list(range(1, 26))
    assert len({report.series for report in station.child.delivered[1:]}) == 1
    assert station.said == []


def test_short_intervals_are_ordinary_settings(tmp_path: Path) -> None:
    station = Station(tmp_path, sample_interval=1.0, window_duration=3.0, windows_per_flush=1)
    station.run(10)
    assert flush_times(station) == [3, 6, 9]


def test_an_io_error_ends_its_window_and_is_sent_at_once_but_not_every_minute(tmp_path: Path) -> None:
    station = Station(tmp_path)

    def fail(now: float) -> None:
        if now >= 1000 + 700:
            station.host.kernel_lines.append(LogLine(station.host.wall(), IO_ERROR))

    station.run(1600, fail)
    assert flush_times(station)[:3] == [300, 720, 1020]
    errors = [event for report in station.reports for event in report.events]
    assert {BY_ID[event.signal_id].name for event in errors} == {"keuring.disk.io_error"}
    assert len(errors) <= 5


def test_a_disk_that_expects_to_fail_is_urgent(tmp_path: Path) -> None:
    station = Station(tmp_path, smart_interval=600.0)

    def fail(now: float) -> None:
        if now > 1000 + 1300:
            station.host.smart_answers["sda"] = station.host.smart_answers["sda"]._replace(passed=False)

    station.run(1600, fail)
    assert flush_times(station) == [300, 1200, 1500]
    sent = [facts(report) for report in station.reports]
    assert [each["keuring.smart.passed sda"] for each in sent if "keuring.smart.passed sda" in each] == [True, False]


def test_after_failures_it_tries_again_later_and_later(tmp_path: Path) -> None:
    code = UnreachableError.exit_code
    station = Station(tmp_path, *([code] * 12))
    station.run(3000)
    times = flush_times(station)
    pauses = [later - one - 1 for one, later in pairwise(times)]  # that a child ended is noticed a second later
    assert pauses[:9] == [2, 4, 8, 16, 32, 64, 128, 256, 300]  # the longest that the jitter allows
    assert [after for _, after in station.child.starts][:3] == [False, True, True]
    assert station.said == ["the collector takes reports again"]
    assert len(station.child.delivered) >= 8  # what was kept meanwhile, in one go
    failures = [
        value for report in station.reports for value in values(report, catalogue.KEURING_AGENT_FLUSH_FAILURES.id)
    ]
    assert sum(failures) == 12


def values(report: report_pb2.Report, signal: int) -> list[float]:
    dictionary = report_pb2.SeriesDictionary.FromString(report.series)
    found = struct.unpack(f"<{len(dictionary.signal_ids)}f", report.values)
    return [
        value
        for value, each in zip(found, dictionary.signal_ids, strict=True)
        if each == signal and not math.isnan(value)
    ]


def test_a_refusal_is_not_asked_again_soon(tmp_path: Path) -> None:
    station = Station(tmp_path, RefusedError.exit_code, RefusedError.exit_code)
    station.run(1000)
    assert flush_times(station) == [300, 601, 902]


def test_the_clock_is_set_forward_and_no_window_spans_the_jump(tmp_path: Path) -> None:
    station = Station(tmp_path, sample_interval=60.0)
    jumped: list[float] = []

    def jump(now: float) -> None:
        if now > 1000 + 400 and not jumped:
            jumped.append(now)
            station.host.wall_time += 86400

    station.run(900, jump)
    spans = [
        (report.window_start_time.ToSeconds() - 1_700_000_000, report.window_duration.ToSeconds())
        for report in station.reports
    ]
    assert spans[0] == (0, 300)
    assert spans[1] == (300, 60)  # until the last sample before
    assert spans[2][0] > 86400
    assert all(duration <= 300 for _, duration in spans)
    assert [report.sequence for report in station.reports] == list(range(1, len(spans) + 1))


def test_a_machine_that_slept_leaves_a_hole_between_windows(tmp_path: Path) -> None:
    station = Station(tmp_path)
    slept: list[float] = []

    def sleep(now: float) -> None:
        if now > 1000 + 100 and not slept:
            slept.append(now)
            station.host.wall_time += 8 * 3600  # the monotonic clock stood still

    station.run(700, sleep)
    first, second = station.reports[:2]
    assert first.window_duration.ToSeconds() == 60
    assert second.window_start_time.ToSeconds() - first.window_start_time.ToSeconds() > 8 * 3600


def test_a_slow_tick_of_the_clock_is_no_jump(tmp_path: Path) -> None:
    station = Station(tmp_path)

    def drift(_now: float) -> None:
        station.host.wall_time += 0.5

    station.run(1500, drift)
    assert [report.window_duration.ToSeconds() for report in station.reports] == [300] * 5


def test_facts_are_said_at_the_start_on_change_and_once_a_day(tmp_path: Path) -> None:
    station = Station(tmp_path, window_duration=3600.0, sample_interval=600.0)

    def restart(now: float) -> None:
        if now > 1000 + 5 * 3600:
            station.host.answers["reboot_pending"] = True

    station.run(30 * 3600, restart)
    sent = [facts(report) for report in station.reports]
    full = [number for number, each in enumerate(sent) if len(each) > 20]
    assert len(full) == 2
    assert 23 <= full[1] - full[0] <= 24
    changes = [each for number, each in enumerate(sent) if number not in full and each]
    assert changes == [{"keuring.reboot.pending": True}]


def test_what_is_gone_is_taken_back_also_after_a_restart(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.run(600)
    mountpoint = "keuring.filesystem.type /"
    assert facts(station.reports[0])[mountpoint] == "ext4"

    station.host.answers["file_systems"] = [station.host.answers["file_systems"][0]._replace(mountpoint="/new")]
    station.child.delivered.clear()
    station.run(600)
    (first, *_) = [facts(report) for report in station.reports if report.facts]
    assert first[mountpoint] is None
    assert first["keuring.filesystem.type /new"] == "ext4"


def test_what_cannot_be_measured_is_said_once_and_taken_back(tmp_path: Path) -> None:
    station = Station(tmp_path)
    battery = station.host.answers["batteries"]
    station.host.answers["batteries"] = NotMeasurable("this machine has no battery")

    def plug_in(now: float) -> None:
        if now > 1000 + 1000:
            station.host.answers["batteries"] = battery

    station.run(2000, plug_in)
    health = catalogue.KEURING_BATTERY_HEALTH.id
    said = [item.reason for report in station.reports for item in report.unmeasured if item.signal_id == health]
    assert said == ["this machine has no battery", ""]


def test_an_unclean_shutdown_is_reported_at_once_and_only_once(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.run(400)
    notebook = json.loads((tmp_path / "notebook.json").read_text())
    assert notebook["agent_stopped"] is True
    notebook["agent_stopped"] = False  # as if the power had gone
    (tmp_path / "notebook.json").write_text(json.dumps(notebook))

    station.host.answers["boot_id"] = "another"
    station.child.delivered.clear()
    begin = station.host.monotonic()
    station.run(700)
    events = [event for report in station.reports for event in report.events]
    assert [dict(event.attributes) for event in events] == [{"cause": "unknown"}]
    assert events[0].observe_time.ToSeconds() <= 1_700_000_000 + 400
    assert flush_times(station, begin)[1] == 0  # the second start of the child, at the first sample

    station.child.delivered.clear()
    station.run(700)
    assert [event for report in station.reports for event in report.events] == []


def test_the_policy_is_followed_while_it_runs(tmp_path: Path) -> None:
    station = Station(tmp_path)

    def tighten(now: float) -> None:
        if now > 1000 + 900 and not (tmp_path / "policy.json").exists():
            policy.store(tmp_path, policy.Policy("v9", 30.0, 120.0, 1, (Privacy.HARDWARE,), ("hw.temperature",)))

    station.run(2000, tighten)
    assert station.said == ["following policy v9"]
    last = [report for report in station.reports if report.window_duration.ToSeconds() == 120]
    assert len(last) >= 6
    dictionary = report_pb2.SeriesDictionary.FromString(last[-1].series)
    sent = {BY_ID[signal] for report in last for signal in dictionary.signal_ids if values(report, signal)}
    assert {signal.privacy for signal in sent} == {Privacy.HARDWARE}
    assert catalogue.HW_TEMPERATURE not in sent


def test_a_wanted_version_is_told_once_and_at_every_start(tmp_path: Path) -> None:
    station = Station(tmp_path)

    def announce(now: float) -> None:
        if now > 1000 + 400 and not (tmp_path / "policy.json").exists():
            policy.store(tmp_path, policy.Policy("v2", wanted_version="99.1"))

    station.run(1200, announce)
    behind = f"the collector asks for version 99.1 of the agent, and this is {VERSION}"
    assert station.said == ["following policy v2", behind]
    again = Station(tmp_path)
    again.run(0)
    assert again.said == [behind]
    policy.store(tmp_path, policy.Policy("v3", wanted_version=VERSION))
    content = Station(tmp_path)
    content.run(0)
    assert content.said == []


def test_what_was_sampled_before_it_was_forbidden_does_not_leave_after(tmp_path: Path) -> None:
    station = Station(tmp_path)

    def forbid(now: float) -> None:
        if now > 1000 + 450 and not (tmp_path / "policy.json").exists():
            policy.store(tmp_path, policy.Policy("v2", classes=(Privacy.HARDWARE,)))

    station.run(700, forbid)
    first, second = [report for report in station.reports if report.window_duration.ToSeconds() == 300]
    assert {BY_ID[signal].privacy for signal in _signals(first)} == set(Privacy) - {Privacy.IDENTITY}
    assert {BY_ID[signal].privacy for signal in _signals(second)} == {Privacy.HARDWARE}


def _signals(report: report_pb2.Report) -> set[int]:
    return set(report_pb2.SeriesDictionary.FromString(report.series).signal_ids)


def test_stopping_keeps_the_last_window_and_ends_the_child(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.child.poll = lambda: None  # type: ignore[method-assign]  # it hangs
    station.run(390)
    assert station.child.killed
    assert [report.window_duration.ToSeconds() for report in station.spooled] == [90]


def test_a_spool_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    station = Station(tmp_path)
    runner = Runner(station.settings, station.host, station.child, station.said.append, lambda _least, most: most)
    kept = runner._spool._path

    def break_down(now: float) -> None:
        runner._spool._path = kept.parent / "missing" / "x" if 1500 < now < 2000 else kept

    runner.run(Sleeper(station.host, 1500, break_down))
    assert [text for text in station.said if "stay in memory" in text]
    assert [report.sequence for report in station.reports] == [1, 2, 3, 4, 5]


def test_a_damaged_notebook_is_said_and_left_behind(tmp_path: Path) -> None:
    (tmp_path / "notebook.json").write_text("{")
    (tmp_path / "ledger.json").write_text("[1]")
    station = Station(tmp_path)
    station.run(400)
    assert len(station.said) == 2
    assert all("going on without it" in text for text in station.said)
    assert station.reports
