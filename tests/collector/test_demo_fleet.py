"""The simulated fleet: the contract holds for every report, and what was planted is there to be found."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, date, datetime
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from keuring.report.v1 import report_pb2
from keuring.signals import catalogue
from keuring.signals.model import Kind, Statistic, Status, ValueType
from keuring_collector.demo import names, presence
from keuring_collector.demo.courses import programs
from keuring_collector.demo.fleet import Delivery, Fleet, Record
from keuring_collector.demo.plan import NEEDS, Outcome, Problem
from keuring_collector.demo.sheet import PLATFORM
from keuring_collector.ingest import decode

if TYPE_CHECKING:
    from numpy.typing import NDArray

ZONE = ZoneInfo("Europe/Amsterdam")
NOW = datetime(2026, 6, 17, 14, 3, tzinfo=UTC).timestamp()  # a Wednesday afternoon
VALUE_FIELD = {
    ValueType.STRING: "string_value",
    ValueType.NUMBER: "number_value",
    ValueType.BOOLEAN: "boolean_value",
    ValueType.TIME: "time_value",
}


@cache
def fleet() -> Fleet:
    return Fleet(NOW)


@cache
def small() -> Fleet:
    return Fleet(NOW, machines_count=24, days=30)


@cache
def small_batches() -> list[list[Delivery]]:
    return list(small().batches())


def planted(problem: Problem) -> Record:
    """A machine in which this goes on until now."""
    return fleet().record(next(each for each in fleet().machines if (it := each.has(problem)) and it.until > NOW))


def column(record: Record, signal: str, subject: str, statistic: Statistic = Statistic.LAST) -> NDArray[np.float64]:
    dictionary = report_pb2.SeriesDictionary.FromString(record.series)
    wanted = (catalogue.BY_NAME[signal].id, subject, statistic.value)
    subjects = [dictionary.subjects[index] for index in dictionary.subject_indices]
    statistics = [int(number) for number in dictionary.statistics]
    keys = list(zip(dictionary.signal_ids, subjects, statistics, strict=True))
    return record.values.astype(np.float64)[:, keys.index(wanted)]


def test_the_same_arguments_give_the_same_bytes() -> None:
    again = Fleet(NOW, machines_count=24, days=30)
    for ours, theirs in itertools.zip_longest(small_batches(), again.batches()):
        assert [d.report.SerializeToString(deterministic=True) for d in ours] == [
            d.report.SerializeToString(deterministic=True) for d in theirs
        ]
        assert [(d.machine, d.received, d.sent) for d in ours] == [(d.machine, d.received, d.sent) for d in theirs]
    assert Fleet(NOW, machines_count=24, days=30, seed=7).machines != again.machines


def test_reports_come_in_order_of_receipt_and_each_machine_counts_without_holes() -> None:
    deliveries = list(itertools.chain.from_iterable(small_batches()))
    assert len(deliveries) == small().reports_count > 2000
    received = [delivery.received for delivery in deliveries]
    assert received == sorted(received)
    assert received[-1] <= NOW
    for machine in small().machines:
        own = [delivery.report for delivery in deliveries if delivery.machine == machine.index]
        assert [report.sequence for report in own] == list(range(1, len(own) + 1))
        assert len({report.spool_epoch for report in own}) == 1
        spans = [(r.window_start_time.seconds, r.window_start_time.seconds + r.window_duration.seconds) for r in own]
        assert all(start < end for start, end in spans)
        assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))


def test_each_batch_lies_within_one_hour() -> None:
    for batch in small_batches():
        assert len({delivery.received // 3600 for delivery in batch}) == 1


def test_old_windows_are_hours_and_those_of_today_five_minutes() -> None:
    for batch in small_batches():
        for delivery in batch:
            seconds = delivery.report.window_duration.seconds
            ago = NOW - delivery.report.window_start_time.seconds
            assert 300 <= seconds <= 3600
            assert ago > 8 * 3600 or seconds == 300


def test_every_report_keeps_the_contract() -> None:
    checked: set[bytes] = set()
    for delivery in itertools.chain.from_iterable(small_batches()):
        report, machine = delivery.report, small().machines[delivery.machine]
        dictionary = report_pb2.SeriesDictionary.FromString(report.series)
        values = np.frombuffer(report.values, dtype="<f4")
        assert len(values) == len(dictionary.signal_ids) == len(dictionary.subject_indices)
        assert np.isfinite(values).all()
        if report.series not in checked:
            checked.add(report.series)
            assert 50 < len(values) < 150
            assert dictionary.subjects[0] == ""
            for number, index, statistic in zip(
                dictionary.signal_ids, dictionary.subject_indices, dictionary.statistics, strict=True
            ):
                signal = catalogue.BY_ID[number]
                assert PLATFORM[machine.system.type] in signal.platforms
                assert Statistic(statistic) in signal.statistics or signal.kind is Kind.COUNTER
                assert bool(dictionary.subjects[index]) == bool(signal.subject)
        for fact in report.facts:
            signal = catalogue.BY_ID[fact.signal_id]
            assert signal.kind is Kind.FACT
            assert fact.WhichOneof("value") == VALUE_FIELD[signal.value]
            assert bool(fact.subject) == bool(signal.subject)
        for event in report.events:
            signal = catalogue.BY_ID[event.signal_id]
            assert signal.kind is Kind.EVENT
            assert set(event.attributes) <= set(signal.attributes)
            assert event.count >= 1


def test_the_collector_finds_nothing_wrong_in_any_report() -> None:
    decoder = decode.Decoder()
    deliveries = list(itertools.chain.from_iterable(small_batches()))
    received = [decode.Received(d.machine, d.report, d.received, d.sent) for d in deliveries]
    for delivery, result in zip(deliveries, decoder.decode(received), strict=True):
        assert isinstance(result, decode.Decoded)
        assert not result.problems
        assert result.window is not None
        # What was sent is already of the catalogue's precision.
        sent = np.frombuffer(delivery.report.values, "<f4")
        np.testing.assert_array_equal(sent, result.window.values.astype("<f4"))


def test_the_first_report_of_a_day_carries_all_facts_and_others_only_what_changed() -> None:
    for batch in small_batches()[:40]:
        for delivery in batch:
            count = len(delivery.report.facts)  # of updates and the clock, of programs, or of both
            assert count in (0, 3, 2, 5) or count > 15
    first = next(iter(small().deliveries(small().machines[0]))).report
    assert len(first.facts) > 20
    assert {catalogue.BY_ID[item.signal_id].name for item in first.unmeasured}


def test_signals_of_the_catalogue_are_covered() -> None:
    seen: set[int] = set()
    for machine in fleet().machines:
        record = fleet().record(machine)
        seen.update(report_pb2.SeriesDictionary.FromString(record.series).signal_ids)
    emitted = [s for s in catalogue.SIGNALS if s.status is Status.EMITTED]
    levels = {s.id for s in emitted if s.kind in (Kind.GAUGE, Kind.COUNTER)}
    assert seen == levels


def test_laptops_are_off_at_night_in_weekends_and_on_holidays() -> None:
    assert {machine.model.chassis for machine in fleet().machines} == {"laptop", "desktop"}
    kings_day = date(2026, 4, 27)
    assert kings_day in presence.holidays(2026)
    for machine, windows in zip(fleet().machines, fleet().windows, strict=True):
        if machine.habits.always_on:
            continue
        begun = [datetime.fromtimestamp(start, ZONE) for start in windows.start[::7]]
        assert all(local.weekday() < 5 and 5 <= local.hour <= 21 for local in begun)
        assert all(local.date() != kings_day for local in begun)


@pytest.mark.parametrize(("year", "monday"), [(2024, (4, 1)), (2025, (4, 21)), (2026, (4, 6)), (2027, (3, 29))])
def test_easter_monday_is_a_holiday(year: int, monday: tuple[int, int]) -> None:
    assert date(year, *monday) in presence.holidays(year)


def test_some_machines_are_away_for_a_week_and_some_send_late() -> None:
    gaps = [float(np.diff(windows.start).max()) / 86400 for windows in fleet().windows]
    assert sum(gap > 6.5 for gap in gaps) >= 20
    late = [float((windows.received - windows.end).max()) / 86400 for windows in fleet().windows]
    assert sum(delay > 1 for delay in late) >= 3


def test_the_plan_holds_every_problem_in_machines_that_fit_and_most_are_healthy() -> None:
    counted = Counter(item.problem for machine in fleet().machines for item in machine.planted)
    assert counted == {need.problem: need.count for need in NEEDS}
    assert all(len(machine.planted) <= 1 for machine in fleet().machines)
    assert sum(machine.healthy for machine in fleet().machines) >= 140
    names_of_machines = [machine.host_name for machine in fleet().machines]
    assert len(set(names_of_machines)) == len({machine.uuid for machine in fleet().machines}) == 200
    assert len({machine.serial for machine in fleet().machines}) == 200


def test_colleagues_are_different_people_of_six_departments() -> None:
    people = fleet().colleagues
    assert len({person.name for person in people}) == len({person.mail for person in people}) == 200
    assert {person.department for person in people} == set(range(6))
    assert len(names.DEPARTMENTS) == 6
    assert all(person.mail.endswith(".example") for person in people)
    with pytest.raises(ValueError, match="at most"):
        names.colleagues(5000, np.random.default_rng(1))


def test_a_filling_volume_is_nearly_full_now_and_reaches_the_end_at_its_pace() -> None:
    record = planted(Problem.VOLUME_FILLING)
    item = record.machine.planted[0]
    used = column(record, "system.filesystem.utilization", item.subject)
    available = column(record, "keuring.filesystem.available", item.subject)
    size = column(record, "system.filesystem.limit", item.subject)
    np.testing.assert_allclose(available / size, 1 - used, atol=0.001)
    days = (record.windows.end - NOW) / 86400
    recent = days > -30
    slope, level = np.polyfit(days[recent], used[recent], 1)
    assert (1 - level) / slope == pytest.approx(item.pace, rel=0.35)
    assert used[-1] > 0.75


@pytest.mark.parametrize(
    ("problem", "signal", "least_growth"),
    [
        (Problem.SECTORS_GROWING, "keuring.smart.reallocated_sectors", 8),
        (Problem.SECTORS_GROWING, "keuring.smart.pending_sectors", 3),
        (Problem.CABLE, "keuring.smart.crc_errors", 50),
        (Problem.SPARE_DROPPING, "keuring.smart.media_errors", 20),
        (Problem.OLD_SECTORS, "keuring.smart.reallocated_sectors", 0),
        (Problem.OLD_CABLE, "keuring.smart.crc_errors", 0),
    ],
)
def test_counts_of_disks_grow_only_where_planted(problem: Problem, signal: str, least_growth: int) -> None:
    record = planted(problem)
    counts = column(record, signal, record.machine.planted[0].subject)
    assert (np.diff(counts) >= 0).all()
    grown = counts[-1] - counts[0]
    assert grown >= least_growth
    if not least_growth:
        assert grown == 0 < counts[0]


def test_a_worn_battery_ends_low_and_a_steady_one_does_not_move() -> None:
    worn = column(planted(Problem.BATTERY_WEARING), "keuring.battery.health", "BAT0")
    steady = column(planted(Problem.WORN_BUT_STEADY), "keuring.battery.health", "BAT0")
    assert np.median(worn[-50:]) < 0.62 < 0.7 < np.median(worn[:50])
    assert abs(np.median(steady[-50:]) - np.median(steady[:50])) < 0.015


def test_what_was_mended_is_well_again() -> None:
    mended = [machine for machine in fleet().machines for item in machine.planted if item.until < NOW]
    assert Counter(machine.planted[0].problem for machine in mended) == {n.problem: n.mended for n in NEEDS if n.mended}
    for machine in mended:
        (item,) = machine.planted
        assert item.outcome is Outcome.CLOSED
        record = fleet().record(machine)
        well = record.windows.start > item.until + 86400
        assert well.any()
        match item.problem:
            case Problem.BATTERY_WEARING:
                assert column(record, "keuring.battery.health", "BAT0")[well].min() > 0.95
            case Problem.OVERHEATING:
                assert column(record, "keuring.cpu.throttling", "", Statistic.SUM)[well].max() == 0
            case Problem.MEMORY_PRESSURE:
                assert column(record, "keuring.pressure.memory.some", "", Statistic.MEAN)[well].max() < 0.05
            case _:
                assert column(record, "system.filesystem.utilization", item.subject)[well].max() < 0.6


def test_throttling_and_pressure_begin_when_planted() -> None:
    for problem, signal, statistic in (
        (Problem.OVERHEATING, "keuring.cpu.throttling", Statistic.SUM),
        (Problem.MEMORY_PRESSURE, "keuring.pressure.memory.some", Statistic.MEAN),
        (Problem.CLOCK_OFF, "keuring.clock.offset", Statistic.LAST),
    ):
        record = planted(problem)
        values = column(record, signal, "", statistic)
        begun = record.windows.start >= record.machine.planted[0].since
        assert values[begun].mean() > 0.1
        assert values[~begun].mean() < 0.02


@pytest.mark.parametrize(
    ("problem", "signal", "least", "most"),
    [
        (Problem.IO_ERRORS, "keuring.disk.io_error", 4, 200),
        (Problem.MACHINE_CHECKS, "keuring.cpu.machine_check", 2, 6),
        (Problem.ONE_MACHINE_CHECK, "keuring.cpu.machine_check", 1, 1),
        (Problem.UNCLEAN_SHUTDOWNS, "keuring.system.unclean_shutdown", 3, 7),
        (Problem.ONE_UNCLEAN_SHUTDOWN, "keuring.system.unclean_shutdown", 1, 1),
    ],
)
def test_events_happen_as_planted(problem: Problem, signal: str, least: int, most: int) -> None:
    for machine in fleet().machines:
        if machine.has(problem):
            happened = [event for delivery in fleet().deliveries(machine) for event in delivery.report.events]
            assert {event.signal_id for event in happened} == {catalogue.BY_NAME[signal].id}
            assert least <= len(happened) <= most
            assert all(event.observe_time.seconds >= machine.planted[0].since for event in happened)


def test_one_version_of_a_program_stops_now_and_then_and_never_often() -> None:
    counts = []
    for machine in fleet().machines:
        stops = list(programs.stops(machine, fleet().windows[machine.index], np.random.default_rng(machine.index)))
        assert not stops or (not machine.planted and programs.FAULTY in programs.installed(machine))
        assert all(event.attributes["version"] == programs.FAULTY[1] for _index, event in stops)
        counts.append(len(stops))
    assert max(counts) < 5  # from five in a week on it would be a ticket
    assert sum(map(bool, counts)) >= 5  # of fewer machines no number would be told


def test_facts_tell_of_restarts_that_wait_and_support_that_ends() -> None:
    def last_facts(problem: Problem) -> dict[str, report_pb2.Fact]:
        machine = next(machine for machine in fleet().machines if machine.has(problem))
        known = {}
        for delivery in fleet().deliveries(machine):
            known.update({catalogue.BY_ID[fact.signal_id].name: fact for fact in delivery.report.facts})
        return known

    assert last_facts(Problem.REBOOT_PENDING)["keuring.reboot.pending"].boolean_value
    installed = last_facts(Problem.UPDATES_PENDING)["keuring.updates.last_installed"].time_value.seconds
    assert NOW - installed > 40 * 86400
    assert last_facts(Problem.SUPPORT_ENDED)["keuring.os.support_end"].time_value.seconds < NOW
    assert 0 < last_facts(Problem.SUPPORT_ENDING)["keuring.os.support_end"].time_value.seconds - NOW < 30 * 86400


def test_healthy_machines_show_no_illness() -> None:
    for machine in fleet().machines:
        if machine.planted:
            continue
        record = fleet().record(machine)
        for volume in machine.volumes:
            assert column(record, "system.filesystem.utilization", volume.mountpoint).max() < 0.75
        for disk in machine.disks:
            for signal in ("reallocated_sectors", "pending_sectors", "media_errors", "crc_errors"):
                name = f"keuring.smart.{signal}"
                keys = report_pb2.SeriesDictionary.FromString(record.series).signal_ids
                if catalogue.BY_NAME[name].id in keys and (disk.kind == "nvme") == (signal == "media_errors"):
                    subject_has = disk.kind == "hdd" or signal != "pending_sectors"
                    assert not subject_has or column(record, name, disk.device).max() == 0
        assert column(record, "keuring.clock.offset", "").max() < 1


def test_outcomes_are_told_for_every_problem() -> None:
    outcomes = Counter(item.outcome for machine in fleet().machines for item in machine.planted)
    assert set(outcomes) == set(Outcome) - {Outcome.TIP}  # tips are planted in the year only
