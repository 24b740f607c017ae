"""A sensor that hangs: it is interrupted or left behind, whole, and stops nobody."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

from keuring.report.v1 import report_pb2
from keuring.signals import catalogue
from keuring_agent import readers, recorder, sensors
from keuring_agent.host.fake import FakeHost
from keuring_agent.host.readings import NotMeasurable
from keuring_agent.ledger import Ledger
from keuring_agent.privacy import Gate
from keuring_agent.readers import Interrupting, LeavingBehind
from keuring_agent.recorder import Recorder
from keuring_agent.sensors.base import Pace, Readings, Sensor
from tests.agent.test_agent_runner import Station

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from keuring_agent.host.protocol import Host


class Hanging(Sensor):
    """Waits for what never comes, in the system itself, and whoever catches everything on the way goes on waiting."""

    name = "hanging"
    signals = (catalogue.SYSTEM_UPTIME,)
    pace = Pace.SAMPLE

    def __init__(self, *, stubborn: bool) -> None:
        self.stubborn, self.over = stubborn, False
        self.reading, self.writing = os.pipe()

    def read(self, host: Host, out: Readings) -> None:  # it never gets so far
        while not self.over:
            try:
                os.read(self.reading, 1)
            except Exception:  # on purpose
                if not self.stubborn:
                    raise


@pytest.fixture(params=[False, True], ids=["plain", "stubborn"])
def hanging(request: pytest.FixtureRequest) -> Iterator[Hanging]:
    sensor = Hanging(stubborn=request.param)
    yield sensor
    sensor.over = True
    os.close(sensor.writing)  # which wakes whoever was left behind
    for thread in ours():
        thread.join(30)
    os.close(sensor.reading)


@pytest.fixture(
    params=[
        pytest.param(Interrupting, marks=pytest.mark.skipif(os.name != "posix", reason="there is no timer there")),
        LeavingBehind,
    ]
)
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways, that of Windows among them."""
    monkeypatch.setattr(readers, "default", request.param)


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("pace", list(Pace))
def test_one_hanging_sensor_stops_nobody(
    hanging: Hanging, pace: Pace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "SLOW_LIMIT", 0.05)
    every = sensors.every
    monkeypatch.setattr(sensors, "every", lambda *settings: [hanging, *every(*settings)])
    hanging.pace = pace  # type: ignore[misc]  # of this one object
    station = Station(tmp_path, sensor_timeout=0.05)
    station.run(1000)
    assert len(station.reports) == 4  # windows go on
    assert len({report.sequence for report in station.reports}) == 4
    for report in station.reports[:3]:
        dictionary = report_pb2.SeriesDictionary.FromString(report.series)
        assert {catalogue.SYSTEM_CPU_LOAD_AVERAGE_1M.id, catalogue.SYSTEM_MEMORY_UTILIZATION.id} <= {
            *dictionary.signal_ids
        }
    assert sum("sensor 'hanging' failed: it took longer than 0.05 s" in line for line in station.said) == 1


# --- where nothing can be interrupted


class Waiting(Sensor):
    """Waits until a test lets it go, and says what it read only then."""

    name = "waiting"
    signals = (catalogue.SYSTEM_UPTIME,)

    def __init__(self) -> None:
        self.go, self.gone = threading.Event(), threading.Event()
        self.threads: list[threading.Thread] = []

    def read(self, host: Host, out: Readings) -> None:  # nothing of it is needed
        self.threads.append(threading.current_thread())
        self.go.wait(30)
        out.gauge(catalogue.SYSTEM_UPTIME, 6000.0 * len(self.threads))
        self.gone.set()


class Failing(Sensor):
    """Reads one thing, and cannot read the other."""

    name = "failing"
    signals = (catalogue.SYSTEM_PAGING_UTILIZATION,)

    def read(self, host: Host, out: Readings) -> None:  # nothing of it is needed
        out.gauge(catalogue.SYSTEM_CPU_UTILIZATION, 0.5)
        raise NotMeasurable("there is no swap")


@pytest.fixture
def sampler(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeHost, Recorder, Waiting]]:
    monkeypatch.setattr(readers, "default", LeavingBehind)
    host, waiting = FakeHost(), Waiting()
    others = [sensor for sensor in sensors.every({}, 1, 1) if sensor.name == "load"]
    yield host, Recorder(host, [waiting, Failing(), *others], Ledger(), Gate(), 0.05, lambda _text: None), waiting
    waiting.go.set()


def among_few(monkeypatch: pytest.MonkeyPatch) -> Waiting:
    """The agent's sensors are this one and two more, and they are read as on Windows."""
    monkeypatch.setattr(readers, "default", LeavingBehind)
    waiting, every = Waiting(), sensors.every
    few = ("load", "agent")
    monkeypatch.setattr(
        sensors, "every", lambda *settings: [waiting, *(each for each in every(*settings) if each.name in few)]
    )
    return waiting


def ours() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "keuring sensors"]


def test_one_left_behind_has_no_turn_before_it_is_back_and_what_it_says_late_is_lost(
    sampler: tuple[FakeHost, Recorder, Waiting],
) -> None:
    host, recorder, waiting = sampler
    for _ in range(5):
        recorder.sample(closing=True)
        host.advance(3600)  # long after it would be read again
    assert len(waiting.threads) == 1
    assert recorder.hanging == ["waiting"]
    assert ours() == waiting.threads  # between two passes, that one alone
    report = recorder.close()
    assert report is not None
    assert {key.signal for key in report.series} >= {catalogue.SYSTEM_CPU_LOAD_AVERAGE_1M.id}
    assert report.unmeasured[catalogue.SYSTEM_UPTIME.id, ""] == "the sensor 'waiting' failed"
    assert report.unmeasured[catalogue.SYSTEM_PAGING_UTILIZATION.id, ""] == "there is no swap"
    assert catalogue.SYSTEM_CPU_UTILIZATION.id in {key.signal for key in report.series}  # read before it failed

    waiting.go.set()
    waiting.threads[0].join(30)
    recorder.sample(closing=True)
    assert recorder.hanging == []
    assert ours() == []
    report = recorder.close()
    assert report is not None
    late = [
        value for key, value in zip(report.series, report.values, strict=True) if key.signal == waiting.signals[0].id
    ]
    assert late == [12000.0]  # this pass's; the late one went nowhere
    assert len(waiting.threads) == 2  # read again, and at once


def test_one_that_takes_a_processor_ends_the_agent_and_is_left_alone_for_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = among_few(monkeypatch)
    first = Station(tmp_path, sensor_timeout=0.05)

    def busy(now: float) -> None:
        first.host.cpu_used = (now - 1000) * (0.9 if now > 1000 + 3000 else 0.001)

    assert first.restarts(7200, busy)
    assert 3000 <= first.host.monotonic() - 1000 <= 3900  # while it only waited, nothing was ended
    assert "sensors that work on and cannot be stopped (waiting) are left alone for a day" in first.said[-1]

    second = Station(tmp_path, sensor_timeout=0.05)
    second.host.advance(first.host.monotonic() - second.host.monotonic())
    assert not second.restarts(1000)
    assert len(waiting.threads) == 1  # not read
    told = {report.sequence: report for station in (first, second) for report in station.reports}
    assert sorted(told) == list(range(1, len(told) + 1))  # nothing lost
    for station in (first, second):
        reasons = [item.reason for report in station.reports for item in report.unmeasured]
        assert reasons.count("the sensor 'waiting' failed") == 1

    waiting.go.set()
    third = Station(tmp_path, sensor_timeout=30.0)
    third.host.advance(2 * 86400)
    third.run(400)
    assert len(waiting.threads) > 1  # a day is over
    assert "quarantine" not in (tmp_path / "notebook.json").read_text()


def test_where_the_notebook_cannot_be_kept_nothing_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = among_few(monkeypatch)
    (tmp_path / "notebook.json").mkdir()
    station = Station(tmp_path, sensor_timeout=0.05)
    assert not station.restarts(2000, lambda now: setattr(station.host, "cpu_used", now))
    waiting.go.set()


def test_a_clock_that_is_set_back_prolongs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    among_few(monkeypatch).go.set()
    (tmp_path / "notebook.json").write_text(
        json.dumps({"quarantine.load": 9e12, "quarantine.smart": "?", "quarantine.gone": 1.7e9 + 60})
    )
    station = Station(tmp_path, sample_interval=600.0, window_duration=1800.0)
    station.run(86400 + 3700)
    assert (
        sum("'load' failed: it had to be ended, and is left alone for 24 hours" in line for line in station.said) == 1
    )
    loads = [catalogue.SYSTEM_CPU_LOAD_AVERAGE_1M.id in values_of(report) for report in station.reports]
    assert loads[0] is False
    assert loads[-2] is True


def values_of(report: report_pb2.Report) -> set[int]:
    return {*report_pb2.SeriesDictionary.FromString(report.series).signal_ids}
