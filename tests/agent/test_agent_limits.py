"""The agent's own limits: dear sensors are slowed down, too much memory ends in a restart, a low battery in saving."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from keuring.signals import catalogue
from keuring_agent import cli, effort, restarting, runner, state
from keuring_agent.costs import MOST, Costs
from keuring_agent.host.fake import FakeHost
from keuring_agent.host.lock import locked
from keuring_agent.host.readings import Battery, NotMeasurable, OwnUse
from keuring_agent.language import Language
from keuring_agent.ledger import Ledger
from keuring_agent.privacy import Gate
from keuring_agent.recorder import Recorder
from keuring_agent.restarting import Restarts
from keuring_agent.saving import Saving
from keuring_agent.sensors.base import Pace, Readings, Sensor
from tests.agent.test_agent_runner import Station, facts

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_agent.host.protocol import Host
    from tests.agent.collector import Collector

pytestmark = pytest.mark.long

MEBIBYTE = 2**20


class Dear(Sensor):
    """Takes as much processor time as a test says."""

    name = "dear"
    signals = (catalogue.SYSTEM_UPTIME,)

    def __init__(self, host: FakeHost, pace: Pace, interval: float = 0.0) -> None:
        self.host, self.interval, self.cost, self.reads = host, interval, 0.0, 0
        self.pace = pace  # type: ignore[misc]  # of this one object

    def read(self, host: Host, out: Readings) -> None:  # its own
        self.reads += 1
        self.host.cpu_used += self.cost
        out.gauge(catalogue.SYSTEM_UPTIME, 1.0)


def recorder_of(host: FakeHost, sensor: Sensor, said: list[str]) -> Recorder:
    return Recorder(host, [sensor], Ledger(), Gate(), 5.0, said.append, cpu_limit=1.0)


def samples(host: FakeHost, recorder: Recorder, count: int) -> None:
    for number in range(count):
        recorder.sample(closing=number % 5 == 4)
        host.advance(60)


def test_a_sensor_that_costs_too_much_reads_less_often_and_comes_back() -> None:
    host, said = FakeHost(), list[str]()
    sensor = Dear(host, Pace.SAMPLE)
    recorder = recorder_of(host, sensor, said)
    sensor.cost = 0.016  # sixty times an hour: just below a second
    samples(host, recorder, 60)
    assert (sensor.reads, said) == (60, [])

    sensor.cost = 0.06  # 3.6 s an hour, so that a quarter as often it costs 0.9
    samples(host, recorder, 120)
    assert recorder.costs.slowed == {"dear": 4}
    before = sensor.reads
    samples(host, recorder, 60)
    assert sensor.reads - before == 15

    sensor.cost = 0.001
    samples(host, recorder, 240)
    assert recorder.costs.slowed == {}
    before = sensor.reads
    samples(host, recorder, 10)
    assert sensor.reads - before == 10
    assert said[0].startswith("sensor 'dear' costs ")
    assert said[0].endswith("s of processor time an hour; it reads 2 times less often from now on")
    assert said[-1] == "sensor 'dear' has become cheap again; it reads as often as it should from now on"


@pytest.mark.parametrize(("pace", "interval"), [(Pace.WINDOW, 0.0), (Pace.SLOW, 600.0)])
def test_so_does_one_that_reads_once_a_window_or_more_seldom(pace: Pace, interval: float) -> None:
    host, said = FakeHost(), list[str]()
    sensor = Dear(host, pace, interval)
    recorder = recorder_of(host, sensor, said)
    sensor.cost = 0.5 * (interval or 300.0) / 3600  # half a second an hour
    samples(host, recorder, 300)
    usual = sensor.reads
    assert said == []
    sensor.cost *= 3
    samples(host, recorder, 300)
    assert recorder.costs.slowed == {"dear": 2}
    before = sensor.reads
    samples(host, recorder, 300)
    assert sensor.reads - before == pytest.approx(usual / 2, abs=1)


def test_one_slow_look_slows_nothing_down_and_there_is_a_last_step() -> None:
    host, said = FakeHost(), list[str]()
    sensor = Dear(host, Pace.SAMPLE)
    costs = Costs(1.0, said.append)
    for used in [0.005] * 10 + [0.09] + [0.005] * 10:
        costs.note(sensor, used)
    assert said == []
    for _ in range(200):
        costs.note(sensor, 1000.0)
    assert costs.slowed == {"dear": MOST}


def test_what_sensors_cost_is_told_once_an_hour_and_only_when_it_changed(tmp_path: Path) -> None:
    station = Station(tmp_path, disabled_signals=("keuring.agent.sensor.duration",))
    host = station.host
    load = host.load

    def dear() -> Any:
        host.cpu_used += 0.01
        return load()

    host.load = dear  # type: ignore[method-assign]
    station.run(4 * 3600 + 310)
    told = [
        (round(report.window_start_time.seconds - 1_700_000_000), value)
        for report in station.reports
        for name, value in facts(report).items()
        if name == "keuring.agent.sensor.cost load"
    ]
    ((when, cost),) = told
    assert when == pytest.approx(3300, abs=301)
    assert cost == pytest.approx(0.6, abs=0.02)


def test_what_is_slowed_is_a_signal_and_said_by_show(tmp_path: Path) -> None:
    station = Station(tmp_path)
    host = station.host
    load = host.load

    def dear() -> Any:
        host.cpu_used += 0.025 if host.monotonic() < 9000 else 0.0
        return load()

    host.load = dear  # type: ignore[method-assign]
    shown: list[effort.Effort] = []
    station.run(6 * 3600, lambda _now: shown.append(effort.load(tmp_path)))
    told = [value for report in station.reports for name, value in facts(report).items() if "sensor.stretch" in name]
    assert told == [2.0, None]
    assert effort.Effort({"load": 2}) in shown
    assert shown[-1] == effort.Effort()
    if os.name == "posix":
        assert (tmp_path / state.EFFORT).stat().st_mode & 0o777 == 0o644  # for every colleague


def test_what_is_measured_less_is_said_in_both_languages() -> None:
    found = effort.Effort({"smart": 4}, saving=True)
    assert list(found.lines(Language("en"))) == [
        "The battery is nearly empty: the agent measures less until there is power again.",
        "The sensor 'smart' costs too much here and reads 4 times less often.",
    ]
    assert list(found.lines(Language("nl"))) == [
        "De accu is bijna leeg: de agent meet minder tot er weer stroom is.",
        "De sensor 'smart' kost hier te veel en meet 4 keer minder vaak.",
    ]
    assert found.document() == {"slowed_sensors": {"smart": 4}, "saving_battery": True, "notes_wait_for_disk": False}
    assert list(effort.Effort().lines(Language("nl"))) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"slowed": [1], "saving": 1}', '{"slowed": {"a": "b", "c": 1}}'])
def test_a_damaged_effort_is_the_usual_one(tmp_path: Path, text: str) -> None:
    (tmp_path / state.EFFORT).write_text(text)
    assert effort.load(tmp_path) == effort.Effort()


# --- memory


def too_large(station: Station) -> Station:
    station.host.answers["own_use"] = OwnUse(1.0, 500 * MEBIBYTE)
    return station


def test_over_the_ceiling_it_keeps_its_window_and_asks_to_be_started_anew_ever_more_seldom(tmp_path: Path) -> None:
    ran = []
    for _ in range(10):
        station = too_large(Station(tmp_path, sample_interval=300.0, window_duration=600.0))
        began = station.host.monotonic()
        assert station.restarts(7 * 86400)
        ran.append(station.host.monotonic() - began)
    assert ran == pytest.approx([600, 1200, 2400, 4800, 9600, 19200, 38400, 76800, 86400, 86400], abs=601)


def test_nothing_is_lost_by_a_restart_and_the_desk_is_told_once(tmp_path: Path) -> None:
    first = too_large(Station(tmp_path))
    assert first.restarts(7200)
    second = Station(tmp_path)
    second.host.advance(first.host.monotonic() - second.host.monotonic())
    assert not second.restarts(1000)
    third = Station(tmp_path)
    third.host.advance(second.host.monotonic() - third.host.monotonic())
    third.restarts(1000)

    told = {report.sequence: report for station in (first, second, third) for report in station.reports}
    assert sorted(told) == list(range(1, len(told) + 1))
    windows = [(report.window_start_time, report.window_duration) for _, report in sorted(told.items())]
    for (start, length), (following, _) in pairwise(windows):
        assert following.ToMilliseconds() == start.ToMilliseconds() + length.ToMilliseconds()  # without a hole
    restarts = [event.signal_id for report in told.values() for event in report.events]
    assert restarts == [catalogue.KEURING_AGENT_MEMORY_RESTART.id]  # and no unclean shutdown
    assert "more than 'memory_limit'; it starts anew" in first.said[-1]


def test_a_day_below_the_ceiling_ends_the_count(tmp_path: Path) -> None:
    assert too_large(Station(tmp_path)).restarts(7200)
    assert too_large(Station(tmp_path)).restarts(7200)
    assert json.loads((tmp_path / restarting.FILE_NAME).read_text())["count"] == 2
    assert not Station(tmp_path, sample_interval=300.0, window_duration=600.0).restarts(86400 + 900)
    assert json.loads((tmp_path / restarting.FILE_NAME).read_text())["count"] == 0


def test_it_waits_for_a_sending_that_is_underway(tmp_path: Path) -> None:
    station = too_large(Station(tmp_path))
    ends = station.host.monotonic() + 3000
    poll = station.child.poll
    station.child.poll = lambda: poll() if station.host.monotonic() >= ends else None  # type: ignore[method-assign]
    assert station.restarts(7200)
    assert station.host.monotonic() >= ends
    assert not station.child.killed


def test_without_a_place_for_the_count_there_is_no_restart(tmp_path: Path) -> None:
    said: list[str] = []
    restarts = Restarts(tmp_path / "missing", 10, said.append)
    assert not restarts.is_due(11, 1e9)
    assert "cannot be written" in said[0]
    (tmp_path / restarting.FILE_NAME).write_text("{")
    assert Restarts(tmp_path, 10, said.append).wait == restarting.LONGEST


@pytest.mark.parametrize("answer", [NotMeasurable("no /proc"), ValueError("?")])
def test_what_cannot_be_measured_restarts_nothing(tmp_path: Path, answer: Exception) -> None:
    station = Station(tmp_path)
    station.host.answers["own_use"] = answer
    assert not station.restarts(7200)


ANEW = """
import sys
from keuring_agent import restarting
if len(sys.argv) == 2:
    sys.argv.append("x"); sys.orig_argv.append("again")
    print("first", __import__("os").getpid(), flush=True)
    sys.exit(restarting.start_anew())
print("second", __import__("os").getpid(), sys.argv[1:])
"""


@pytest.mark.skipif(os.name != "posix", reason="elsewhere the service manager starts it")
def test_a_program_puts_a_new_one_in_its_place(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(ANEW)
    found = subprocess.run([sys.executable, str(script), "run"], capture_output=True, text=True, timeout=60, check=True)
    first, second = found.stdout.splitlines()
    assert second == f"second {first.split()[1]} ['run', 'again']"


def test_the_command_starts_anew_when_its_lock_is_free_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collector: Collector
) -> None:
    collector.enrolled(tmp_path)
    held: list[bool] = []

    def anew() -> int:
        with locked(tmp_path):
            held.append(True)
        return restarting.EXIT_CODE

    monkeypatch.setattr(restarting, "start_anew", anew)
    for wants in (True, False):
        monkeypatch.setattr(runner.Runner, "run", lambda _self, _sleeper, wants=wants: wants)
        assert cli.main(["run", "--state-directory", str(tmp_path)]) == (restarting.EXIT_CODE if wants else 0)
    assert held == [True]


# --- the battery


def battery(charge: float | None, *, discharging: bool = True) -> list[Battery]:
    return [Battery("BAT0", charge, discharging, 40.0, 50.0, 100, "x")]


def test_on_a_low_battery_everything_is_read_less_often_until_there_is_power_again(tmp_path: Path) -> None:
    station = Station(tmp_path)
    reads: list[float] = []
    load = station.host.load

    def counted() -> Any:
        reads.append(station.host.monotonic())
        return load()

    station.host.load = counted  # type: ignore[method-assign]
    begin = station.host.monotonic()

    def during(now: float) -> None:
        low = 3600 <= now - begin < 4 * 3600
        station.host.answers["batteries"] = battery(0.15) if low else battery(0.15, discharging=False)

    station.run(6 * 3600, during)
    usual = [at for at in reads if at - begin < 3600]
    saving = [at for at in reads if 4000 <= at - begin < 4 * 3600]
    after = [at for at in reads if at - begin >= 4 * 3600 + 400]
    assert len(usual) == 60
    assert len(saving) == pytest.approx((4 * 3600 - 4000) / 180, abs=2)
    assert len(after) == pytest.approx((2 * 3600 - 400) / 60, abs=2)
    told = [
        value for report in station.reports for name, value in facts(report).items() if name.endswith("agent.saving")
    ]
    assert told == [False, True, False]
    longest = max(report.window_duration.ToMilliseconds() for report in station.reports)
    assert longest == pytest.approx(900_000, abs=180_000)
    assert "the battery is below 20%; measuring 3 times less often" in station.said
    assert "there is power again; measuring as often as before" in station.said


def test_at_the_edge_it_does_not_go_to_and_fro() -> None:
    host, said = FakeHost(), list[str]()
    saving = Saving(host, 0.2, 3.0, 5.0, said.append)
    states = []
    for charge in (0.21, 0.19, 0.2, 0.21, 0.24, 0.26, 0.22):
        host.answers["batteries"] = battery(charge)
        saving.look()
        states.append(saving.is_on)
        host.advance(301)
    assert states == [False, True, True, True, True, False, False]


@pytest.mark.parametrize("answer", [NotMeasurable("no battery"), OSError("gone"), ValueError("?"), battery(None), []])
def test_without_a_charge_nothing_is_saved(answer: Any) -> None:
    host = FakeHost()
    host.answers["batteries"] = answer
    saving = Saving(host, 0.2, 3.0, 5.0, pytest.fail)
    assert not saving.look()
    assert saving.factor == 1.0


def test_a_threshold_of_nothing_never_looks() -> None:
    host = FakeHost()
    host.answers["batteries"] = AssertionError("must not be asked")
    assert not Saving(host, 0.0, 3.0, 5.0, pytest.fail).look()
