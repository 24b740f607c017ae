"""The log of what was sent: what is in it, how long, and what damage does to it."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keuring.signals.catalogue import BY_ID, HOST_NAME, SYSTEM_CPU_UTILIZATION, SYSTEM_UPTIME
from keuring_agent import cli, config, contents, dispatches, effort, enrol, log, sending, wire
from keuring_agent.config import Settings
from keuring_agent.dispatches import Dispatch
from keuring_agent.errors import DeliveryError, StateError, UntrustedError
from keuring_agent.language import Language
from keuring_agent.window import SeriesKey, WindowReport
from tests.agent.collector import Authority
from tests.agent.examples import quick
from tests.agent.test_agent_privacy import gates, prepared, readings
from tests.agent.test_agent_runner import Station

if TYPE_CHECKING:
    from pathlib import Path

    from keuring.signals.model import Signal
    from keuring_agent.privacy import Gate
    from tests.agent.collector import Collector

NAN = float("nan")


def fill(directory: Path, *, start: float = 1e9) -> Settings:
    settings = Settings(state_directory=directory, deadline=5.0)
    series = (SeriesKey(SYSTEM_CPU_UTILIZATION.id, "", 3), SeriesKey(SYSTEM_UPTIME.id, "", 1))
    window = WindowReport(start, 300, "boot", series, [0.5, NAN], {(HOST_NAME.id, ""): "lt-1"}, (), {})
    sending.spool_of(settings).append(wire.report(window), start + 300)
    return settings


def test_a_sending_is_noted_with_time_address_bytes_and_signals(tmp_path: Path, collector: Collector) -> None:
    collector.enrolled(tmp_path)
    settings = fill(tmp_path)
    fill(tmp_path, start=1e9 + 300)
    count, _ = sending.send(settings)
    assert count == 2
    (entry,) = dispatches.read(tmp_path).entries
    assert (entry.kind, entry.to, entry.outcome) == ("reports", collector.address, "acknowledged")
    assert (entry.reports, entry.acknowledged) == (2, 2)
    assert (entry.since, entry.until) == (1e9, 1e9 + 600)
    assert entry.signals == tuple(sorted((SYSTEM_CPU_UTILIZATION.id, HOST_NAME.id)))  # what had no sample did not leave
    assert entry.size == sum(request.ByteSize() for request in collector.journal.requests)
    assert stat.S_IMODE((tmp_path / dispatches.FILE_NAME).stat().st_mode) == 0o644
    assert b"lt-1" not in (tmp_path / dispatches.FILE_NAME).read_bytes()
    assert dispatches.last_sent([entry])[HOST_NAME.id].to == collector.address


def test_what_left_without_an_answer_is_noted_too(tmp_path: Path, collector: Collector) -> None:
    collector.enrolled(tmp_path)
    settings = fill(tmp_path)
    collector.journal.bend = lambda _report, _answer: None
    with pytest.raises(DeliveryError):
        sending.send(settings)
    (entry,) = dispatches.read(tmp_path).entries
    assert (entry.reports, entry.acknowledged, entry.outcome) == (1, 0, "no answer")
    assert entry.size > 50
    assert dispatches.last_sent([entry]) == {}
    assert "no answer; some of it may have left" in log.line(entry, Language("en"))


def test_nothing_is_noted_where_the_handshake_failed(tmp_path: Path, collector: Collector) -> None:
    other = Authority("Another").identity((collector.address,))
    collector.enrolled(tmp_path)
    from keuring_agent import identity

    identity.store(tmp_path, other)
    with pytest.raises(DeliveryError) as caught:
        sending.send(fill(tmp_path))
    entries = dispatches.read(tmp_path).entries
    assert entries == [] if isinstance(caught.value, UntrustedError) else len(entries) <= 1


def test_renewal_and_enrolment_are_noted(tmp_path: Path, collector: Collector) -> None:
    import datetime as dt

    enrol.enrol(tmp_path / "new", collector.token(), None, "lt-1", 5.0)
    (entry,) = dispatches.read(tmp_path / "new").entries
    assert (entry.kind, entry.outcome) == ("enrolment", "acknowledged")
    assert HOST_NAME.id in entry.signals
    assert entry.size == collector.registry.requests[0].ByteSize()

    collector.enrolled(tmp_path / "old", since=dt.timedelta(days=6))
    sending.send(fill(tmp_path / "old"))
    kinds = {entry.kind: entry for entry in dispatches.read(tmp_path / "old").entries}
    assert set(kinds) == {"reports", "renewal"}
    assert (kinds["renewal"].to, kinds["renewal"].outcome) == (collector.address, "acknowledged")


def entry(number: int) -> Dispatch:
    return Dispatch(1e9 + number, "reports", "desk.example:1", 1000, 3, 3, 1e9, 1e9, "acknowledged", tuple(range(90)))


def test_it_is_limited_in_size_and_keeps_the_newest(tmp_path: Path) -> None:
    for number in range(400):
        dispatches.append(tmp_path, [entry(number)], size_limit=20_000)
    sizes = [(tmp_path / name).stat().st_size for name in (dispatches.FILE_NAME, dispatches.OLDER)]
    assert max(sizes) <= 20_000
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted((dispatches.FILE_NAME, dispatches.OLDER))
    numbers = [round(each.time - 1e9) for each in dispatches.read(tmp_path).entries]
    assert numbers == list(range(400 - len(numbers), 400))
    assert len(numbers) > 20
    assert [each.time for each in dispatches.read(tmp_path, since=1e9 + 398).entries] == [1e9 + 398, 1e9 + 399]


def test_three_weeks_of_quarters_of_an_hour_fit(tmp_path: Path) -> None:
    line = len(dispatches._line(entry(0)))
    assert dispatches.SIZE_LIMIT // line >= 10.5 * 96  # one file of the two; the other is full then


@quick
@given(st.binary(max_size=60), st.integers(0, 2000), st.booleans())
def test_damage_costs_the_damaged_lines_and_no_more(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int, insert: bool
) -> None:
    directory = tmp_path_factory.mktemp("log")
    dispatches.append(directory, [entry(number) for number in range(4)])
    path = directory / dispatches.FILE_NAME
    data = path.read_bytes()
    path.write_bytes(data[:place] + noise + data[place if insert else place + len(noise) :])
    found = dispatches.read(directory)
    assert all(each == entry(round(each.time - 1e9)) for each in found.entries)
    dispatches.append(directory, [entry(9)])
    after = dispatches.read(directory)
    assert after.entries == [*found.entries, entry(9)]
    damaged = dispatches.mend(directory)
    assert damaged == after.damaged
    assert (directory / dispatches.DAMAGED).exists() == bool(damaged)
    assert dispatches.read(directory) == (after.entries, 0)


def test_what_is_no_file_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / dispatches.FILE_NAME).mkdir()
    assert dispatches.read(tmp_path).damaged == 1
    dispatches.append(tmp_path, [entry(1)])
    assert (tmp_path / dispatches.DAMAGED).is_dir()
    assert dispatches.read(tmp_path).entries == [entry(1)]


def test_a_log_that_cannot_be_written_does_not_stop_the_sending(
    tmp_path: Path, collector: Collector, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.enrolled(tmp_path)
    settings = fill(tmp_path)

    def full(*_: object) -> None:
        raise StateError("the disk is full")

    monkeypatch.setattr(dispatches, "append", full)
    assert sending.send(settings)[0] == 1
    assert "the disk is full" in capsys.readouterr().err


def test_a_child_that_had_to_be_ended_is_noted(tmp_path: Path) -> None:
    station = Station(tmp_path, -9)
    station.run(400)
    (noted,) = dispatches.read(tmp_path).entries
    assert (noted.kind, noted.time) == ("broken off", 1_700_000_301)
    assert "what had left by then is not known" in log.line(noted, Language("en"))
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o711


def test_damage_is_put_aside_before_the_next_sending(
    tmp_path: Path, collector: Collector, capsys: pytest.CaptureFixture[str]
) -> None:
    collector.enrolled(tmp_path)
    (tmp_path / dispatches.FILE_NAME).write_bytes(dispatches._line(entry(1)) + b"half a li")
    sending.send(fill(tmp_path))
    assert "1 lines of the log of what was sent were damaged; they are put aside" in capsys.readouterr().err
    first, second = dispatches.read(tmp_path).entries
    assert first == entry(1)
    assert second.to == collector.address
    assert (tmp_path / dispatches.DAMAGED).read_bytes().endswith(b"half a li")


def test_the_command(
    tmp_path: Path, collector: Collector, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    collector.enrolled(tmp_path)
    flags = ["--state-directory", str(tmp_path)]
    assert cli.main(["log", "--language", "en", *flags]) == 0
    assert "nothing" in capsys.readouterr().out
    sending.send(fill(tmp_path))
    assert cli.main(["log", "--language", "en", *flags]) == 0
    printed = capsys.readouterr().out
    assert f"to {collector.address}" in printed
    assert "reports: 1 (1 taken), signals: 2" in printed
    monkeypatch.setenv("LC_ALL", "nl_NL.UTF-8")
    assert cli.main(["log", *flags]) == 0
    assert f"naar {collector.address}" in capsys.readouterr().out
    assert cli.main(["log", "--json", *flags]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert document["sendings"][0]["signals"] == ["system.cpu.utilization", "host.name"]
    assert document["damaged_lines"] == 0
    assert cli.main(["log", "--days", "0", "--language", "en", *flags]) == 0
    assert "nothing" in capsys.readouterr().out


def test_a_colleague_without_an_agent_of_their_own_asks_the_one_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(config, "SYSTEM_STATE_DIRECTORY", tmp_path)
    monkeypatch.setattr(config, "default_state_directory", lambda: tmp_path / "mine")
    monkeypatch.setattr(config, "load", lambda *_: Settings(state_directory=tmp_path / "mine"))
    dispatches.append(tmp_path, [entry(1)._replace(time=4e9)])
    assert cli.main(["log", "--language", "en"]) == 0
    assert "desk.example:1" in capsys.readouterr().out
    (tmp_path / "mine").mkdir()
    assert cli.main(["log", "--language", "en"]) == 0
    assert "nothing" in capsys.readouterr().out


@quick
@given(gates, readings)
def test_the_log_names_what_the_report_holds_and_nothing_else(
    gate: Gate, found: list[tuple[str, Signal, str, Any]]
) -> None:
    """Whatever sensors say: ids of the catalogue that the gate permits, and no value."""
    body = prepared(gate, found)
    tally = dispatches.Tally(lambda: 1e9)
    tally.begin("desk.example:1")
    tally.hand_over(wire.request(body, 1e9, ""), body)
    tally.acknowledge()
    tally.end(dispatches.ACKNOWLEDGED)
    (noted,) = tally.dispatches()
    assert noted.size == len(wire.request(body, 1e9, ""))
    for signal in noted.signals:
        assert gate.permits(BY_ID[signal])
    assert set(noted._asdict()) == set(Dispatch._fields)
    assert all(isinstance(value, int | float | tuple) for value in noted[3:8])


def test_contents_of_a_gap_and_of_nonsense() -> None:
    assert contents.of(wire.numbered(5, 1, wire.gap(1, 4, "the spool was full"))) == (frozenset(), 0.0, 0.0)
    for nonsense in (b"\xff" * 12, b"\x0b", b"\x32\x7f", b"\x3d\x01"):
        with pytest.raises(ValueError, match="no report"):
            contents.of(nonsense)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("kept")
    (tmp_path / dispatches.FILE_NAME).symlink_to(target)
    dispatches.append(tmp_path, [entry(1)])
    assert target.read_text() == "kept"


@pytest.mark.parametrize("days", ["-3", "nan", "1e300", "soon"])
def test_days_that_are_none_are_refused(days: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["log", f"--days={days}"])
    assert ended.value.code == 2
    assert days in capsys.readouterr().err


def test_log_says_that_the_newest_lines_come_later_where_the_disk_is_not_woken(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    effort.keep(tmp_path, effort.Effort(turning=True))
    for language, said in (("en", "is not woken by the agent"), ("nl", "wordt door de agent niet gewekt")):
        assert cli.main(["log", "--state-directory", str(tmp_path), "--language", language]) == 0
        assert said in capsys.readouterr().out
