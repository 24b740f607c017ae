"""Nothing is lost over time: clocks that jump, zones, daylight saving, sleep; a newer agent on an old one's files."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from keuring_agent import identity, policy, sending, spool, state, wire
from keuring_agent.config import Settings
from keuring_agent.window import WindowReport
from tests.agent.test_agent_runner import Station

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from keuring.report.v1 import report_pb2
    from tests.agent.collector import Collector

FIRST_AGENT = Path(__file__).parent.parent / "fixtures" / "first_agent"
EPOCH = 4183747946177433189  # of the spool there
HOUR = 3600.0


def spans(reports: list[report_pb2.Report]) -> list[tuple[float, float]]:
    """(start, end) of each window, in seconds since 1970."""
    starts = [
        (each.window_start_time.ToMilliseconds() / 1e3, each.window_duration.ToMilliseconds()) for each in reports
    ]
    return [(start, start + length / 1e3) for start, length in starts]


def once(what: Callable[[], None], after: float) -> Callable[[float], None]:
    """Does it at the first moment after so many seconds of the run (which begins at 1000)."""
    done: list[bool] = []

    def during(now: float) -> None:
        if now > 1000.0 + after and not done:
            done.append(True)
            what()

    return during


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def use(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield use
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "night",
    [dt.datetime(2026, 3, 29, tzinfo=dt.UTC), dt.datetime(2026, 10, 25, tzinfo=dt.UTC)],
    ids=["spring", "autumn"],
)
def test_daylight_saving_leaves_no_hole_and_no_window_twice(
    tmp_path: Path, zone: Callable[[str], None], night: dt.datetime
) -> None:
    found = {}
    for name in ("UTC", "Europe/Amsterdam", "America/St_Johns"):
        zone(name)
        station = Station(tmp_path / name.replace("/", "-"))
        station.settings.state_directory.mkdir()
        station.host.wall_time = night.timestamp()
        station.run(4 * HOUR)
        found[name] = spans(station.reports)
    assert found["UTC"] == found["Europe/Amsterdam"] == found["America/St_Johns"]
    assert all(end == start for (_, end), (start, _) in pairwise(found["UTC"]))
    assert found["UTC"][0][0] == night.timestamp()
    assert found["UTC"][-1][1] >= night.timestamp() + 4 * HOUR - 60


def test_a_journey_to_another_zone_is_no_jump(tmp_path: Path, zone: Callable[[str], None]) -> None:
    zone("Europe/Amsterdam")
    station = Station(tmp_path)
    station.run(HOUR, once(lambda: zone("Asia/Tokyo"), 1000))
    found = spans(station.reports)
    assert all(end == start for (_, end), (start, _) in pairwise(found))


@pytest.mark.parametrize("jump", [-86400.0, 86400.0, -3600.0, 3600.0])
def test_a_clock_that_is_set_ends_its_window_and_loses_nothing(tmp_path: Path, jump: float) -> None:
    station = Station(tmp_path)

    def leap() -> None:
        station.host.wall_time += jump

    station.run(HOUR, once(leap, 1000))
    found = spans(station.reports)
    assert all(end - start <= 300 for start, end in found)
    assert sum(end - start for start, end in found) == pytest.approx(HOUR, abs=121)  # but for what no sample covers
    assert [each.sequence for each in station.reports] == list(range(1, len(found) + 1))
    moved = [start - end for (_, end), (start, _) in pairwise(found) if abs(start - end) > 1]
    assert moved == [pytest.approx(jump, abs=61)]
    assert len({each.boot_id for each in station.reports}) == 1  # a jump is no new start of the system


@pytest.mark.parametrize("clock_goes_on", [False, True], ids=["as on Linux", "as on Windows"])
def test_a_machine_that_slept_has_no_window_over_its_sleep(tmp_path: Path, clock_goes_on: bool) -> None:
    station = Station(tmp_path)
    host = station.host

    def sleep() -> None:
        if clock_goes_on:
            host.advance(8 * HOUR)
        else:
            host.wall_time += 8 * HOUR

    station.run(HOUR + (8 * HOUR if clock_goes_on else 0), once(sleep, 1000))
    found = spans(station.reports)
    assert all(end - start <= 300 for start, end in found)
    holes = [start - end for (_, end), (start, _) in pairwise(found) if start - end > 1]
    assert holes == [pytest.approx(8 * HOUR, abs=61)]
    assert sum(end - start for start, end in found) == pytest.approx(HOUR, abs=121)
    assert station.child.starts[-1][0] > 1000.0 + (8 * HOUR if clock_goes_on else 0)  # it sends again after it


def test_another_start_of_the_system_is_told_from_a_jump(tmp_path: Path) -> None:
    Station(tmp_path).run(400)
    again = Station(tmp_path)
    again.host.answers["boot_id"] = "another"
    again.run(400)
    assert [each.boot_id for each in again.reports][-1] == "another"
    assert len({each.spool_epoch for each in again.reports}) == 1


# --- a newer agent on the files of the first one


@pytest.fixture
def of_the_first_agent(tmp_path: Path, collector: Collector) -> Path:
    """A state directory as the first agent left it."""
    connection = sqlite3.connect(tmp_path / spool.FILE_NAME)
    connection.executescript((FIRST_AGENT / "spool.sql").read_text(encoding="utf-8"))
    connection.close()
    found = collector.enrolled(tmp_path)
    first = {name: value for name, value in found._asdict().items() if name != "enrolment_addresses"}
    (tmp_path / state.IDENTITY).write_text(json.dumps(first))
    old_policy = {
        "version": "7", "sample_interval": 30.0, "window_duration": None, "windows_per_flush": 2, "classes": [1, 2],
        "disabled_signals": ["host.name"],
    }  # fmt: skip
    (tmp_path / state.POLICY).write_text(json.dumps(old_policy))
    (tmp_path / state.NOTEBOOK).write_text(json.dumps({"boot_id": "x", "agent_stopped": True}))
    (tmp_path / "ledger.json").write_text(json.dumps({"facts": [[280, ""]], "unmeasured": [[5, ""]]}))
    return tmp_path


def test_an_upgrade_keeps_identity_policy_and_what_waits(of_the_first_agent: Path, collector: Collector) -> None:
    collector.journal.heads[EPOCH] = 1  # what was acknowledged before
    who = identity.load(of_the_first_agent)
    settings = Settings(state_directory=of_the_first_agent)
    kept = sending.spool_of(settings)
    assert kept.mend() == 0
    assert kept.append(wire.report(WindowReport(time.time(), 1.0, "b", (), (), {}, (), {})), time.time()) == 5
    assert sending.send(settings) == (4, ())
    assert [(each.spool_epoch, each.sequence) for each in collector.journal.reports] == [
        (EPOCH, number) for number in (2, 3, 4, 5)
    ]
    assert collector.journal.reports[0].window_start_time.seconds == 1_700_000_300
    assert kept.fill().reports == 0
    assert identity.load(of_the_first_agent) == who
    plan = policy.plan(policy.load(of_the_first_agent), settings)
    assert (plan.sample_interval, plan.windows_per_flush) == (30.0, 2)
    assert "host.name" in plan.gate.disabled


def test_the_runner_goes_on_with_all_of_it(of_the_first_agent: Path) -> None:
    station = Station(of_the_first_agent)
    station.run(700)
    assert [each.sequence for each in station.reports][:3] == [2, 3, 4]
    assert {each.spool_epoch for each in station.reports} == {EPOCH}
    assert not [line for line in station.said if "damaged" in line]
