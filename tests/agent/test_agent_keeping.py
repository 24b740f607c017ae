"""A disk at rest is not woken: windows are sent from memory meanwhile, and what is lost by that is said."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from keuring.report.v1 import report_pb2
from keuring.signals.catalogue import KEURING_AGENT_SENSOR_COST
from keuring_agent import collectors, dispatches, effort, keeping, language, log, pause, sending, state
from keuring_agent.errors import DeliveryError, StateError, UnreachableError
from keuring_agent.host.readings import DiskBelow, LogLine, NotMeasurable
from keuring_agent.parcel import Parcel
from keuring_agent.spool import Spool
from tests.agent.test_agent_runner import IO_ERROR, Station, flush_times

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from keuring_agent.config import Settings
    from keuring_agent.host.fake import FakeHost


class Desk:
    """A machine with a disk that turns, which somebody uses until a time, and again from another on."""

    def __init__(self, directory: Path, **changes: Any) -> None:
        self.directory = directory
        self.station = Station(directory, **changes)
        self.host: FakeHost = self.station.host
        self.written: list[float] = []  # when anything in the state directory changed, seconds after the start
        self._seen: dict[str, int] = {}
        self.use(1)

    def use(self, transfers: int) -> None:
        self.host.answers["disk_below"] = DiskBelow(turns=True, transfers=transfers)

    def run(self, seconds: float, *, rest: tuple[float, float], also: Callable[[float], None] | None = None) -> None:
        """``rest`` is the time in which nobody uses the disk; seconds after the start."""
        begin = self.host.monotonic()

        def during(now: float) -> None:
            passed = now - begin
            if not rest[0] <= passed < rest[1]:
                self.use(round(now))
            found = {path.name: path.stat().st_mtime_ns for path in self.directory.iterdir()}
            if found != self._seen:
                self.written.append(passed)
                self._seen = found
            if also is not None:
                also(passed)

        self.station.run(seconds, during)

    def written_between(self, since: float, until: float) -> list[float]:
        return [time for time in self.written if since < time < until]


def spans(reports: list[report_pb2.Report]) -> list[tuple[float, float]]:
    return [(each.window_start_time.ToSeconds() - 1_700_000_000, each.window_duration.ToSeconds()) for each in reports]


def test_while_nobody_uses_the_disk_nothing_is_written_and_all_is_sent_from_memory(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.run(7500, rest=(4000, 7000))
    assert desk.written_between(4000, 7000) == []
    assert [time for time in flush_times(desk.station) if 4000 < time < 7000] == [4800, 5700, 6600]  # as ever
    assert desk.written_between(7000, 7130) != []
    assert spans(desk.station.reports) == [(300 * number, 300) for number in range(25)]  # all of them, in order
    assert [report.sequence for report in desk.station.reports] == list(range(1, 26))  # and in one row of numbers
    assert len({report.spool_epoch for report in desk.station.reports}) == 1
    noted = [entry.time - 1_700_000_000 for entry in dispatches.read(tmp_path).entries]
    assert noted == pytest.approx([4800, 5700, 6600], abs=2)
    known = collectors.load(tmp_path)
    assert known is not None
    assert known.last == pytest.approx(1_700_006_600, abs=2)
    assert effort.load(tmp_path).turning
    assert desk.station.said == []


def test_a_day_is_the_longest_for_notes_and_an_hour_for_what_no_collector_takes(tmp_path: Path) -> None:
    slow = {"sample_interval": 900.0, "window_duration": 900.0}
    desk = Desk(tmp_path / "taken", **slow)
    desk.run(27 * 3600, rest=(5000, 27 * 3600))
    assert desk.written_between(5500, 27 * 3600 - 1) == pytest.approx([86400 + 5400], abs=901)
    assert spans(desk.station.reports) == [(900 * number, 900) for number in range(27 * 4 - 1)]
    assert len(dispatches.read(tmp_path / "taken").entries) == pytest.approx(25 * 4 / 3, abs=3)

    desk = Desk(tmp_path / "refused", **slow)
    desk.station.child.codes = [0, *[UnreachableError.exit_code] * 2000]
    desk.run(4 * 3600, rest=(5000, 4 * 3600))
    assert spans(desk.station.spooled) == [(900 * number, 900) for number in range(1, 4 * 4 - 1)]
    assert desk.written_between(5700, 4 * 3600 - 1) == pytest.approx([9900, 13500], abs=901)


def test_what_waits_in_the_spool_goes_before_what_is_in_memory(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.station.child.codes = [UnreachableError.exit_code] * 6  # until after the disk came to rest
    desk.run(3 * 3600, rest=(1000, 3 * 3600))
    assert [report.sequence for report in desk.station.reports] == list(range(1, 37))
    assert spans(desk.station.child.delivered)[:3] == [(0, 300), (300, 300), (600, 300)]


def test_facts_whose_names_a_crash_would_forget_are_not_told_from_memory(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.run(7300, rest=(1000, 7300))  # after the first hour comes what each sensor costs, which has new names
    assert [time for time in flush_times(desk.station) if 1000 < time < 7000] == [
        1200,
        2100,
        3000,
        pytest.approx(6930, abs=40),
    ]
    (woken,) = desk.written_between(1100, 7200)
    assert woken == pytest.approx(6930, abs=40)
    assert KEURING_AGENT_SENSOR_COST.id in {
        key[0] for key in json.loads((tmp_path / "ledger.json").read_bytes())["facts"]
    }
    assert spans(desk.station.reports)[:24] == [(300 * number, 300) for number in range(24)]


def test_a_collector_that_waits_for_another_report_is_answered_from_the_disk(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    start = desk.station.child.start

    def ahead(settings: Settings, *, after_failure: bool, parcel: Parcel | None = None) -> None:
        start(settings, after_failure=after_failure, parcel=parcel)
        if parcel is not None and desk.host.monotonic() < 1000 + 1300:
            with pytest.raises(DeliveryError, match="from the disk"):
                parcel.begin_epoch(1)
            desk.station.child.told = parcel.told()

    desk.station.child.start = ahead  # type: ignore[method-assign]
    desk.run(3000, rest=(1000, 3000))
    assert [time for time in desk.written_between(1150, 3000) if time < 1300]
    assert [report.sequence for report in desk.station.reports] == list(range(1, 11))


def test_what_is_urgent_does_not_wait(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    def fail(passed: float) -> None:
        if passed == pytest.approx(2400, abs=31):
            desk.host.kernel_lines.append(LogLine(desk.host.wall(), IO_ERROR))

    desk.run(3000, rest=(1000, 3000), also=fail)
    assert any(2400 <= time <= 2530 for time in flush_times(desk.station))
    assert spans(desk.station.child.delivered)[0] == (0, 300)  # with those that waited, in order
    assert [report.sequence for report in desk.station.reports] == list(range(1, len(desk.station.reports) + 1))


def test_a_pause_and_the_end_leave_nothing_in_memory(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    def ask(passed: float) -> None:
        if passed == pytest.approx(2500, abs=31):
            pause.ask(tmp_path, 600)

    desk.run(2600, rest=(1000, 3000), also=ask)
    assert spans(desk.station.reports)[-1][0] == 2400  # what was measured before the pause
    desk = Desk(tmp_path / "other")
    desk.run(2500, rest=(1000, 3000))
    assert spans(desk.station.reports)[-2:] == [(2100, 300), (2400, 100)]


def test_a_loss_of_power_loses_what_was_not_sent_yet_and_no_number_is_used_twice(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "state")
    power = tmp_path / "power"

    def cut(passed: float) -> None:
        if passed >= 3350 and not power.exists():
            shutil.copytree(tmp_path / "state", power)  # what is on the disk then
            taken.extend(desk.station.child.delivered)

    taken: list[report_pb2.Report] = []
    desk.run(3400, rest=(1000, 4000), also=cut)
    assert spans(taken)[-1] == (2700, 300)  # 3000 to 3350 was in memory
    after = Station(power)
    after.host.advance(4000)
    after.run(2000)
    again = [report for report in after.reports if report.sequence <= taken[-1].sequence]
    assert all(report in taken or report.HasField("gap") for report in again)  # a number stands for one report
    (gap,) = [report for report in after.reports if report.HasField("gap")]
    assert gap.gap.reason == keeping.MAY_BE_LOST
    assert gap.gap.first_sequence <= taken[-1].sequence + 1 <= gap.gap.last_sequence
    assert len({report.spool_epoch for report in (*taken, *after.reports)}) == 1
    assert "windows that were kept in memory may be lost; a gap says so" in after.said
    (entry,) = dispatches.read(power).entries
    assert "may not all be here" in log.line(entry, language.chosen("en"))
    assert "misschien niet allemaal" in log.line(entry, language.chosen("nl"))

    later = Station(power)
    later.host.advance(7000)
    later.run(1000)
    assert not [report for report in later.reports if report.HasField("gap")]


def test_without_a_mark_on_the_disk_nothing_is_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / keeping.MARK).mkdir()  # in the way: it cannot be written
    desk = Desk(tmp_path)
    desk.run(3000, rest=(1000, 3000))
    assert len([time for time in desk.written_between(1000, 3000) if time]) >= 6
    assert any(keeping.MARK in said for said in desk.station.said)


def test_a_window_that_was_overtaken_on_its_way_keeps_its_number(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    desk = Desk(tmp_path)
    spool = sending.spool_of(desk.station.settings)
    kept = keeping.Keeping(spool, tmp_path, desk.host, desk.station.said.append)
    kept.begin()
    kept.look()
    for body in (b"", b""):
        kept.add(body, at_once=False)
    parcel = kept.parcel()
    assert parcel is not None
    assert [each.sequence for each in parcel.batch().reports] == [1, 2]
    again = Parcel.of(parcel.data())
    assert again.batch() == parcel.batch()
    parcel.delete(parcel.batch().epoch, 1)
    assert [each.sequence for each in parcel.batch().reports] == [2]
    assert kept.write()  # somebody woke the disk meanwhile
    kept.delivered(parcel.told())
    assert [each.sequence for each in spool.batch().reports] == [1, 2]
    kept.write()
    assert not kept.holds
    assert [each.sequence for each in spool.batch().reports] == [2]
    assert spool.fill().newest == 2


def test_a_disk_that_does_not_turn_is_written_as_ever_and_a_crash_is_no_gap(tmp_path: Path) -> None:
    asked: list[str] = []
    for answer in (DiskBelow(turns=False, transfers=1), NotMeasurable("?"), OSError("gone")):
        directory = tmp_path / type(answer).__name__
        station = Station(directory)
        answers = station.host.disk_below

        def counted(path: str, answers: Callable[[str], DiskBelow] = answers) -> DiskBelow:
            asked.append(path)
            return answers(path)

        station.host.disk_below = counted  # type: ignore[method-assign]
        station.host.answers["disk_below"] = answer
        station.run(700)
        notebook = state.read(directory / state.NOTEBOOK) or {}
        state.write(directory / state.NOTEBOOK, {**notebook, "agent_stopped": False})
        station.run(400)
        assert not [report for report in station.reports if report.HasField("gap")]
    assert len(asked) == 6  # once a start


def test_a_disk_that_tells_nothing_any_more_is_written_to(tmp_path: Path) -> None:
    desk = Desk(tmp_path)

    def refuse(passed: float) -> None:
        if passed >= 2000:
            desk.host.answers["disk_below"] = ValueError("nonsense")

    desk.run(3000, rest=(1000, 4000), also=refuse)
    assert [time for time in desk.written_between(2000, 2200) if time]
    assert spans(desk.station.reports)[-1][0] == 2700


def unless(full: list[bool], change: Callable[..., Any]) -> Callable[..., Any]:
    def refusing(*values: Any) -> Any:
        if full[0]:
            raise StateError("the disk is full")
        return change(*values)

    return refusing


@pytest.mark.parametrize("turns", [True, False])
def test_a_full_disk_loses_nothing_and_the_desk_hears_of_it_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, turns: bool
) -> None:
    desk = Desk(tmp_path)
    if not turns:
        desk.use = lambda transfers: None  # type: ignore[method-assign]
        desk.host.answers["disk_below"] = DiskBelow(turns=False, transfers=7)
    write, full = state.write, [False]

    def refuse(path: Path, value: object, **how: bool) -> None:
        if full[0]:
            raise StateError("the disk is full")
        write(path, value, **how)

    for change in ("append", "delete", "skip"):
        monkeypatch.setattr(Spool, change, unless(full, getattr(Spool, change)))
    monkeypatch.setattr(state, "write", refuse)
    heard: list[float] = []
    marked: list[bool] = []

    def fill(passed: float) -> None:
        full[0] = 990 <= passed < 4200  # the costs of sensors after an hour fall in it: names that cannot be kept
        if full[0]:
            heard[:] = [float(len(desk.station.child.delivered))]
            marked.append((tmp_path / keeping.MARK).exists())

    desk.run(4500, rest=(9000, 9000), also=fill)
    assert (marked[0], marked[-1]) == (turns, True)
    assert heard == [13]  # sent at the usual times, the last at 3900
    assert spans(desk.station.reports) == [(300 * number, 300) for number in range(15)]
    assert [report.sequence for report in desk.station.reports] == list(range(1, 16))
    assert [said for said in desk.station.said if "stay in memory" in said] == desk.station.said[:1]
    assert desk.station.said[-1] == "windows can be written again"
    assert not (tmp_path / keeping.MARK).exists()


def test_a_spool_that_one_sending_does_not_empty_goes_before_what_is_in_memory(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    desk = Desk(tmp_path)
    spool = sending.spool_of(desk.station.settings)
    for _ in range(201):  # a batch has 200
        spool.append(b"", 1.0)
    kept = keeping.Keeping(spool, tmp_path, desk.host, desk.station.said.append)
    kept.begin()
    kept.look()
    kept.add(b"", at_once=False)
    for expected in ([*range(1, 201)], [201, 202]):
        parcel = kept.parcel()
        assert parcel is not None
        batch = parcel.batch()
        assert [each.sequence for each in batch.reports] == expected
        parcel.delete(batch.epoch, expected[-1])
        kept.delivered(parcel.told())
    assert kept.write()
    assert spool.batch().reports == []
    assert spool.append(b"", 1.0) == 203


def test_a_disk_that_takes_not_even_a_mark_loses_one_window_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = Station(tmp_path)

    def refuse(_spool: Spool, _body: bytes, _now: float) -> int:
        raise StateError("no right to write")

    monkeypatch.setattr(Spool, "append", refuse)
    station.run(700, lambda _now: (tmp_path / keeping.SPARE).unlink(missing_ok=True))
    assert station.said.count("a window is lost: no right to write") == 3
    assert station.reports == []


def test_a_gap_at_the_end_of_a_spool(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    spool = sending.spool_of(Station(tmp_path).settings)
    spool.append(b"", 1.0)
    spool.add_gap("lost")
    spool.append(b"", 2.0)
    assert [(kept.sequence, kept.last) for kept in spool.batch().reports] == [(1, 1), (2, 2), (3, 3)]
    assert report_pb2.Report.FromString(spool.batch().reports[1].message).gap.reason == "lost"
