"""A colleague's pause: what is asked by whom, that nothing is measured meanwhile, how it ends, what the desk sees."""

from __future__ import annotations

import json
import os
import stat
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from keuring.signals.catalogue import KEURING_AGENT_PAUSED
from keuring.signals.model import Privacy
from keuring_agent import cli, pause
from keuring_agent.errors import AgentError, StateError
from keuring_agent.host.fake import FakeHost
from keuring_agent.host.readings import LogLine
from keuring_agent.pause import Pause
from tests.agent.test_agent_runner import IO_ERROR, Station, facts, values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from keuring.report.v1 import report_pb2

PAUSED = "keuring.agent.paused"
# An account of a person; only root can act for it in a test.
PERSON = 1000
needs_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can be two accounts")


def living(station: Station, during: Callable[[float], None] = lambda _now: None) -> Callable[[float], None]:
    """The uptime grows with time, as it does."""

    def each(now: float) -> None:
        station.host.answers["uptime"] = 7200.0 + now - 1000.0
        during(now)

    return each


def spans(reports: list[report_pb2.Report]) -> list[tuple[int, int]]:
    """(from, to) in seconds since the station's beginning."""
    found = []
    for report in reports:
        start = report.window_start_time.ToMilliseconds() / 1000 - 1_700_000_000
        found.append((round(start), round(start + report.window_duration.ToMilliseconds() / 1000)))
    return found


def at(station: Station, moment: float, what: Callable[[], object]) -> Callable[[float], None]:
    done: list[float] = []

    def each(now: float) -> None:
        if now >= 1000 + moment and not done:
            done.append(now)
            what()

    return living(station, each)


def test_while_paused_nothing_is_measured_nor_kept_and_the_desk_is_told_once(tmp_path: Path) -> None:
    station = Station(tmp_path)
    read: list[float] = []
    plain = station.host.memory

    def memory() -> Any:
        read.append(station.host.monotonic() - 1000)
        return plain()

    station.host.memory = memory  # type: ignore[method-assign]
    station.run(4 * 3600, at(station, 650, lambda: pause.ask(tmp_path, 7200.0)))

    assert not [moment for moment in read if 650 < moment < 650 + 7200]
    assert [moment for moment in read if moment > 650 + 7260]
    told = [facts(report)[PAUSED] for report in station.reports if PAUSED in facts(report)]
    assert told == [False, True, False]
    before = [span for span in spans(station.reports) if span[0] < 660]
    assert before == [(0, 300), (300, 600), (600, 660)]  # what was measured before the pause is kept
    after = [span for span in spans(station.reports) if span[0] >= 660]
    assert after[0][0] >= 660 + 7200
    assert [round(moment - 1000) for moment, _ in station.child.starts][:2] == [300, 660]  # the desk knows at once
    assert station.said == ["a colleague paused the agent", "the pause is over"]
    assert not (tmp_path / "pause.json").exists()
    assert [report.sequence for report in station.reports] == list(range(1, len(station.reports) + 1))


def test_the_desk_sees_that_it_is_paused_and_no_more(tmp_path: Path) -> None:
    assert KEURING_AGENT_PAUSED.privacy is Privacy.PRESENCE
    station = Station(tmp_path)
    station.run(3000, at(station, 310, lambda: pause.ask(tmp_path, 86400.0)))
    (report,) = [report for report in station.reports if facts(report).get(PAUSED)]
    assert facts(report) == {PAUSED: True}
    assert len(report.events) == 0
    assert report is station.reports[-1]


def test_what_happened_meanwhile_is_never_told(tmp_path: Path) -> None:
    station = Station(tmp_path)
    disk = station.host.answers["disks"][0]

    def meanwhile(now: float) -> None:
        if 1000 + 700 < now < 1000 + 4000:
            if not (tmp_path / "asked").exists():
                (tmp_path / "asked").touch()
                pause.ask(tmp_path, 3600.0)
            station.host.kernel_lines.append(LogLine(station.host.wall(), IO_ERROR))
            station.host.answers["disks"] = [disk._replace(read=disk.read + 10**9)]
            station.host.answers["throttled"] = 50

    station.run(6000, living(station, meanwhile))
    assert [event for report in station.reports for event in report.events] == []
    from keuring.signals import catalogue

    for signal in (catalogue.KEURING_DISK_READ, catalogue.KEURING_CPU_THROTTLING):
        assert sum(sum(values(report, signal.id)) for report in station.reports) == 0.0


def test_it_can_be_ended_and_asked_again(tmp_path: Path) -> None:
    station = Station(tmp_path)
    wishes = [(310, 86400.0), (910, 0.0), (1510, 600.0)]

    def ask(now: float) -> None:
        while wishes and now >= 1000 + wishes[0][0]:
            pause.ask(tmp_path, wishes.pop(0)[1])

    station.run(4000, living(station, ask))
    assert [facts(report)[PAUSED] for report in station.reports if PAUSED in facts(report)] == [
        *(False, True, False, True, False)
    ]
    assert all(not 360 < start < 960 and not 1560 < start < 2160 for start, _ in spans(station.reports))


def host_at(uptime: float, wall: float, boot: str = "one") -> FakeHost:
    host = FakeHost(wall_time=wall)
    host.answers["uptime"] = uptime
    host.answers["boot_id"] = boot
    return host


def paused(directory: Path, host: FakeHost) -> bool:
    """After a start of the agent on that machine."""
    found = Pause(directory, host, pytest.fail)
    found.begin()
    return found.look()


@pytest.mark.parametrize(
    ("uptime", "wall", "boot", "expected"),
    [
        (1000 + 3500, 1e9 + 3500, "one", True),
        (1000 + 3601, 1e9 + 3601, "one", False),
        (1000 + 100, 1e9 + 9e6, "one", True),  # the clock was set forward: the pause lasts
        (1000 + 3601, 1e9 - 9e6, "one", False),  # and back: it ends all the same
        (20, 1e9 + 600, "two", True),  # the system was started anew
        (20, 1e9 + 3601, "two", False),
        (20, 1e9 - 9e6, "two", True),  # with a clock that lost its battery
    ],
)
def test_it_ends_by_itself_over_restarts_and_changes_of_the_clock(
    tmp_path: Path, uptime: float, wall: float, boot: str, expected: bool
) -> None:
    assert not paused(tmp_path, host_at(1000, 1e9))
    pause.ask(tmp_path, 3600.0)
    assert paused(tmp_path, host_at(1000, 1e9))
    assert paused(tmp_path, host_at(uptime, wall, boot)) is expected
    assert (pause.until(tmp_path, wall) is not None) is expected


def test_no_chain_of_restarts_makes_it_longer(tmp_path: Path) -> None:
    """A clock that begins at the same moment after each start: what was left counts down all the same."""
    paused(tmp_path, host_at(1000, 1e9))
    pause.ask(tmp_path, 3600.0)
    assert paused(tmp_path, host_at(1000, 1e9))
    starts = 0
    while starts < 20:
        host = host_at(10, 1e6, f"boot {starts}")
        found = Pause(tmp_path, host, pytest.fail)
        found.begin()
        if not found.look():
            break
        host.answers["uptime"] = 620.0
        host.wall_time += 610
        found.look()
        starts += 1
    assert starts == 6


def test_it_goes_on_after_a_restart_of_the_agent_and_the_desk_is_not_told_again(tmp_path: Path) -> None:
    station = Station(tmp_path)
    station.run(900, at(station, 310, lambda: pause.ask(tmp_path, 7200.0)))
    station.child.delivered.clear()
    count = len(station.reports)
    station.run(600, living(station))
    assert len(station.reports) == count  # that the machine was started anew is nobody's business


@contextmanager
def account(number: int) -> Iterator[None]:
    os.seteuid(number)
    try:
        yield
    finally:
        os.seteuid(0)


@needs_root
def test_an_account_without_rights_may_ask_look_at_nothing_and_take_nothing_away(tmp_path: Path) -> None:
    state = tmp_path / "state"
    for parent in [tmp_path, *list(tmp_path.parents)[:2]]:
        parent.chmod(0o755)
    station = Station(state)
    state.mkdir(mode=0o700)
    station.run(100, living(station))
    pause.ask(state, 60.0)
    (other,) = (state / "requests").iterdir()
    assert stat.S_IMODE((state / "requests").stat().st_mode) == 0o1733
    with account(PERSON):
        pause.ask(state, 3600.0)
        for forbidden in (
            (state / "spool.sqlite3").read_bytes,
            (state / "notebook.json").read_bytes,
            other.unlink,
            lambda: list((state / "requests").iterdir()),
            lambda: list(state.iterdir()),
        ):
            with pytest.raises(PermissionError):
                forbidden()
    assert paused(state, host_at(1000, 1e9))
    assert json.loads((state / "pause.json").read_text())["left"] == 3600.0
    with account(PERSON):
        assert pause.until(state, 1e9) == 1e9 + 3600


@needs_root
@pytest.mark.parametrize(("number", "listened_to"), [(1000, True), (33, False), (61200, False), (65534, False)])
def test_accounts_of_services_are_not_listened_to(tmp_path: Path, number: int, listened_to: bool) -> None:
    paused(tmp_path, host_at(1000, 1e9))
    pause.ask(tmp_path, 600.0)
    (request,) = (tmp_path / "requests").iterdir()
    os.chown(request, number, number)
    assert paused(tmp_path, host_at(1000, 1e9)) is listened_to
    assert list((tmp_path / "requests").iterdir()) == []


def test_nothing_that_somebody_puts_there_can_harm(tmp_path: Path) -> None:
    paused(tmp_path, host_at(1000, 1e9))
    place = tmp_path / "requests"
    precious = tmp_path / "precious"
    precious.write_text("kept")
    (place / "pause-600-0123456789abcdef").symlink_to(precious)
    (place / "resume-0-0123456789abcdef").mkdir()
    (place / "full").mkdir()
    (place / "full" / "x").touch()
    os.mkfifo(place / "pause-601-0123456789abcdef")
    for name in (
        "pause-999999999-0123456789abcdef",
        "pause--1-0123456789abcdef",
        "pause-600",
        "x" * 200,
        "pause-6\n00",
    ):
        (place / name).touch()
    assert not paused(tmp_path, host_at(1000, 1e9))
    assert precious.read_text() == "kept"
    assert [left.name for left in place.iterdir()] == ["full"]  # whose owner may clear it
    pause.ask(tmp_path, 600.0)
    assert paused(tmp_path, host_at(1000, 1e9))


def test_no_request_is_for_longer_than_a_day(tmp_path: Path) -> None:
    paused(tmp_path, host_at(1000, 1e9))
    (tmp_path / "requests" / "pause-99999-0123456789abcdef").touch()
    assert paused(tmp_path, host_at(1000, 1e9))
    assert pause.until(tmp_path, 1e9) == 1e9 + 86400


def test_damage_ends_no_agent(tmp_path: Path) -> None:
    (tmp_path / "requests").write_text("a file")
    for text in ("{", '{"left": 5}', "[]"):
        (tmp_path / "pause.json").write_text(text)
        said: list[str] = []
        found = Pause(tmp_path, host_at(1000, 1e9), said.append)
        found.begin()
        assert not found.look()
        assert len(said) == 1
        assert pause.until(tmp_path, 1e9) is None


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1800.0), ("2h", 7200.0), ("1d", 86400.0), (" 1M ", 60.0)])
def test_durations(text: str, seconds: float) -> None:
    assert pause.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "0m", "25h", "2d", "-1h", "h", "1h30m"])
def test_durations_that_cannot_be(text: str) -> None:
    with pytest.raises(AgentError, match="30m, 2h or 1d"):
        pause.duration(text)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flags = ["--state-directory", str(tmp_path), "--language", "nl"]
    assert cli.main(["pause", "1h", *flags]) == StateError.exit_code
    assert "no agent takes requests there" in capsys.readouterr().err
    now = time.time()
    assert not paused(tmp_path, host_at(1000, now))
    assert cli.main(["pause", *flags]) == 0
    assert "er is geen pauze" in capsys.readouterr().out
    assert cli.main(["pause", "1h", *flags]) == 0
    assert "vanaf nu wordt niets gemeten" in capsys.readouterr().out
    assert paused(tmp_path, host_at(1000, now))
    assert cli.main(["pause", *flags]) == 0
    assert f"gepauzeerd tot {pause.clock(now + 3600)}" in capsys.readouterr().out
    assert cli.main(["pause", "off", *flags]) == 0
    assert not paused(tmp_path, host_at(1001, now + 1))


def test_once_respects_a_pause(
    tmp_path: Path, collector: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "PAUSE", 0.1)
    collector.enrolled(tmp_path)
    assert not pause.is_on(tmp_path, FakeHost())
    pause.ask(tmp_path, 600.0)
    assert cli.main(["once", "--state-directory", str(tmp_path)]) == 0
    assert "paused by a colleague; nothing was measured" in capsys.readouterr().out
    assert collector.journal.reports == []
