"""The simulated year: what is planted hinders when it says so, and what only looks ill is not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring.signals import catalogue
from keuring.signals.model import Statistic
from keuring_collector.demo import year
from keuring_collector.demo.fleet import Fleet, Record
from keuring_collector.demo.plan import DEMO_ONLY, LOOK_ALIKES, OUTCOMES, SIGNALS, Outcome, Problem
from keuring_collector.demo.planting import FATAL
from keuring_collector.engine.model import SeriesKey
from keuring_collector.ingest import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.demo.plan import Planted

NOW = datetime(2026, 6, 17, 14, 3, tzinfo=UTC).timestamp()
DAY = 86400.0
MACHINES = 85


@cache
def fleet(plan: str = "sick") -> Fleet:
    return Fleet(NOW, MACHINES, year.DAYS, plan=year.SICK if plan == "sick" else year.HEALTHY)


def planted(problem: Problem, plan: str = "sick") -> tuple[Record, Planted]:
    machine = next(machine for machine in fleet(plan).machines if machine.has(problem))
    return fleet(plan).record(machine), machine.planted[0]


def column(
    record: Record, signal: str, subject: str = "", statistic: Statistic = Statistic.LAST
) -> NDArray[np.float64]:
    keys = decode.understand(record.series).layout.keys
    place = keys.index(SeriesKey(catalogue.BY_NAME[signal].id, statistic.value, subject))
    values: NDArray[np.float64] = record.values[:, place].astype(np.float64)
    return values


def test_every_problem_is_planted_in_the_sick_fleet_and_none_in_the_healthy_one() -> None:
    sick = Counter(item.problem for machine in fleet().machines for item in machine.planted)
    ills = {problem for problem in Problem if OUTCOMES[problem] in (Outcome.TICKET, Outcome.TIP)}
    assert set(sick) == ills - DEMO_ONLY
    assert set(SIGNALS) == ills
    well = Counter(item.problem for machine in fleet("healthy").machines for item in machine.planted)
    assert set(well) == set(LOOK_ALIKES)
    assert all(machine.healthy for machine in fleet("healthy").machines)


def test_the_year_is_told_in_hours_but_for_its_last_working_day() -> None:
    for windows in fleet("healthy").windows:
        long = windows.end - windows.start > 301
        assert long[windows.start < NOW - 6 * DAY].mean() > 0.9
        assert not long[windows.start > NOW - 8 * 3600].any()
        assert NOW - windows.start[0] > 300 * DAY
    assert fleet("healthy").reports_count > 2000 * MACHINES


def test_what_hinders_does_so_within_the_year_and_after_it_began() -> None:
    for machine in fleet().machines:
        for item in machine.planted:
            if item.hinders == float("inf"):
                continue
            assert item.since <= item.hinders <= item.until
            assert item.hinders < NOW
            last = fleet().windows[machine.index].end[-1]
            assert (last <= item.hinders) == (item.problem in FATAL)


@pytest.mark.parametrize(
    ("problem", "signal", "before", "at"),
    [
        (Problem.VOLUME_FILLING, "system.filesystem.utilization", 0.7, 0.99),
        (Problem.VOLUME_FULL, "system.filesystem.utilization", 0.7, 0.98),
        (Problem.VOLUME_RUNAWAY, "system.filesystem.utilization", 0.75, 0.99),
        (Problem.INODES_USED_UP, "keuring.filesystem.inodes.utilization", 0.3, 0.99),
        (Problem.ENDURANCE_ENDING, "keuring.smart.endurance.utilization", 0.5, 0.99),
        (Problem.MEMORY_LEAK, "keuring.memory.commit.utilization", 0.7, 0.9),
        (Problem.START_GROWING, "keuring.boot.duration", 60, 105),
        (Problem.CLOCK_DRIFTING, "keuring.clock.offset", 0.2, 290),
    ],
)
def test_a_limit_is_reached_when_it_hinders_and_all_is_well_before_and_after(
    problem: Problem, signal: str, before: float, at: float
) -> None:
    record, item = planted(problem)
    values, windows = column(record, signal, item.subject), record.windows
    assert np.median(values[windows.end < item.since]) < before
    assert values[(windows.end >= item.hinders - DAY) & (windows.end < item.until + DAY)].max() >= at
    if item.problem is not Problem.ENDURANCE_ENDING:
        assert np.median(values[windows.start > item.until + 3 * DAY]) < before


def test_a_battery_is_at_sixty_percent_when_it_hinders_and_bends() -> None:
    record, item = planted(Problem.BATTERY_WEARING)
    health, end = column(record, "keuring.battery.health", "BAT0"), record.windows.end
    assert np.median(health[np.abs(end - item.hinders) < 3 * DAY]) == pytest.approx(0.6, abs=0.01)
    middle = (item.since + item.hinders) / 2
    half = np.median(health[np.abs(end - middle) < 5 * DAY])
    assert health[0] - half < half - 0.6


def test_look_alikes_stay_what_they_are() -> None:
    record, item = planted(Problem.TWO_BAD_BLOCKS, "healthy")
    assert column(record, "keuring.smart.reallocated_sectors", item.subject)[-1] == 2
    record, item = planted(Problem.ONE_MEDIA_ERROR, "healthy")
    assert column(record, "keuring.smart.media_errors", item.subject)[-1] == 1
    record, item = planted(Problem.BIG_COPIES, "healthy")
    used = column(record, "system.filesystem.utilization", item.subject)
    assert used.max() - np.median(used) > 0.15
    assert used.max() < 0.9
    record, item = planted(Problem.FAN_RESTS, "healthy")
    assert (column(record, "hw.fan.speed", "fan1", Statistic.MEAN) == 0).mean() > 0.2


def test_summer_is_warmer_and_people_go_on_leave() -> None:
    record = next(
        fleet("healthy").record(machine)
        for machine in fleet("healthy").machines
        if machine.system.type == "linux" and not machine.planted
    )
    warmth = column(record, "hw.temperature", "coretemp/Package id 0", Statistic.MEAN)
    month = np.array([datetime.fromtimestamp(end, UTC).month for end in record.windows.end])
    assert 3 < np.median(warmth[np.isin(month, (7, 8))]) - np.median(warmth[np.isin(month, (1, 2))]) < 9
    gaps = [float(np.diff(windows.start).max()) / DAY for windows in fleet("healthy").windows]
    assert sum(gap > 6 for gap in gaps) > MACHINES / 2


def test_the_collector_finds_nothing_wrong_in_a_report_of_the_year() -> None:
    decoder = decode.Decoder()
    for machine in fleet().machines:
        if not machine.planted:
            continue
        received = [decode.Received(1, d.report, d.received, d.sent) for d in fleet().deliveries(machine)]
        for result in decoder.decode(received[:: max(1, len(received) // 200)]):
            assert isinstance(result, decode.Decoded)
            assert not result.problems
