"""`doctor`: each ailment is found and comes with its cure."""

from __future__ import annotations

import datetime as dt
import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from keuring.policy.v1 import policy_pb2
from keuring_agent import VERSION, cli, doctor, identity, policy, sending, silent, state, uplink
from keuring_agent.config import Settings
from keuring_agent.doctor import Finding, Mark
from keuring_agent.errors import StateError
from keuring_agent.host.fake import FakeHost
from keuring_agent.host.readings import ClockState, NotMeasurable
from tests.agent.collector import Authority, Collector

if TYPE_CHECKING:
    from pathlib import Path


def look(directory: Path, host: FakeHost | None = None) -> dict[str, Finding]:
    settings = Settings(state_directory=directory, deadline=0.8)
    return {finding.subject: finding for finding in doctor.examine(settings, host or FakeHost())}


def test_a_healthy_agent(tmp_path: Path, collector: Collector) -> None:
    collector.enrolled(tmp_path / "state")
    (tmp_path / "state").chmod(0o700)
    found = look(tmp_path / "state")
    assert {finding.mark for finding in found.values()} == {Mark.OK}
    assert list(found) == [
        *(
            "settings",
            "state directory",
            "identity",
            "certificate",
            "name",
            "port",
            "tls",
            "collector",
            "clock",
            "disk",
            "spool",
            "version",
            "rights",
            "sensors",
        )
    ]
    assert collector.journal.streams == 0


def test_not_enrolled_and_no_directory(tmp_path: Path) -> None:
    found = look(tmp_path / "none")
    assert found["identity"].mark is Mark.FAIL
    assert "keuring-agent enroll --token TOKEN" in found["identity"].mend
    assert found["state directory"].mark is Mark.WARN
    assert not (tmp_path / "none").exists()


def test_a_file_where_the_state_directory_should_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "state").write_text("")
    found = look(tmp_path / "state")["state directory"]
    assert (found.mark, found.mend.startswith("choose another")) == (Mark.FAIL, True)
    assert cli.main(["run", "--state-directory", str(tmp_path / "state")]) == StateError.exit_code
    assert "is no directory; choose another with --state-directory" in capsys.readouterr().err


def test_not_enrolled_but_a_token_waits(tmp_path: Path, collector: Collector) -> None:
    (tmp_path / state.TOKEN).write_text(collector.token())
    found = look(tmp_path)
    assert (found["identity"].mark, found["identity"].mend) == (Mark.WARN, "start the service: it enrols by itself")
    assert [found[subject].mark for subject in ("name", "port", "tls")] == [Mark.OK] * 3
    assert collector.registry.requests == []
    collector.stop()
    assert look(tmp_path)["port"].mark is Mark.FAIL


def test_a_token_that_was_refused_or_is_none(tmp_path: Path, collector: Collector) -> None:
    (tmp_path / state.TOKEN).write_text("rubbish")
    assert "does not begin with 'keuring1.'" in look(tmp_path)["identity"].found
    (tmp_path / state.TOKEN).write_text(collector.token())
    left = silent.means(Settings(state_directory=tmp_path))
    assert left is not None
    state.write(tmp_path / state.ENROLMENT_REFUSED, {"token": left.digest, "why": "this token was used", "at": 1e9})
    found = look(tmp_path)["identity"]
    assert (found.mark, "this token was used" in found.found) == (Mark.FAIL, True)
    assert found.mend


def test_others_may_read_the_key(tmp_path: Path, collector: Collector) -> None:
    collector.enrolled(tmp_path)
    (tmp_path / "identity.json").chmod(0o644)
    tmp_path.chmod(0o755)
    found = look(tmp_path)
    assert (found["identity"].mark, found["identity"].mend) == (
        Mark.FAIL,
        f"run: chmod 600 {tmp_path / 'identity.json'}",
    )
    assert found["state directory"].mend == f"run: chmod 711 {tmp_path}"


@pytest.mark.parametrize(
    ("since", "mark", "word"),
    [
        (dt.timedelta(days=8), Mark.WARN, "gets a new one by itself"),
        (dt.timedelta(days=5), Mark.WARN, "renewed by now"),
        (-dt.timedelta(days=1), Mark.FAIL, "not valid yet"),
    ],
)
def test_certificates(tmp_path: Path, collector: Collector, since: dt.timedelta, mark: Mark, word: str) -> None:
    collector.enrolled(tmp_path, since=since)
    found = look(tmp_path)["certificate"]
    assert found.mark is mark
    assert word in found.found
    assert found.mend


def test_a_name_that_nobody_knows(tmp_path: Path) -> None:
    identity.store(tmp_path, Authority().identity(("no-such-host.invalid:1",)))
    found = look(tmp_path)
    assert found["name"].mark is Mark.FAIL
    assert "port" not in found


def test_a_port_that_nobody_opened(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    identity.store(tmp_path, Authority().identity((f"127.0.0.1:{port}",)))
    found = look(tmp_path)
    assert (found["name"].mark, found["port"].mark) == (Mark.OK, Mark.FAIL)


def test_somebody_else_at_the_address(tmp_path: Path, collector: Collector) -> None:
    identity.store(tmp_path, Authority("Other").identity((collector.address,)))
    found = look(tmp_path)
    assert (found["port"].mark, found["tls"].mark) == (Mark.OK, Mark.FAIL)
    assert "enroll --force" in found["tls"].mend


@pytest.mark.parametrize(
    ("answer", "mark"),
    [
        (ClockState(synchronised=True, offset=0.1), Mark.OK),
        (ClockState(synchronised=True, offset=-300.0), Mark.WARN),
        (ClockState(synchronised=False, offset=None), Mark.WARN),
        (NotMeasurable("not here"), Mark.OK),
    ],
)
def test_the_clock(tmp_path: Path, answer: object, mark: Mark) -> None:
    host = FakeHost()
    host.answers["clock"] = answer
    assert look(tmp_path, host)["clock"].mark is mark


def test_reports_that_pile_up(tmp_path: Path) -> None:
    spool = sending.spool_of(Settings(state_directory=tmp_path))
    for _ in range(13):
        spool.append(b"", 1e9)
    assert look(tmp_path)["spool"].mark is Mark.WARN
    (tmp_path / "spool.sqlite3").unlink()
    (tmp_path / "spool.sqlite3").mkdir()
    assert look(tmp_path)["spool"].mark is Mark.FAIL


@pytest.mark.parametrize(
    ("free", "mark", "cure"), [(1, Mark.FAIL, "make room"), (40, Mark.WARN, "set spool_size"), (4000, Mark.OK, "")]
)
def test_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, mark: Mark, cure: str) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=free * 2**20))
    found = look(tmp_path / "not" / "there")["disk"]
    assert found.mark is mark
    assert found.found.startswith(f"{free} MiB free at {tmp_path}")
    assert cure in found.mend


@pytest.mark.parametrize(
    ("wanted", "mark"),
    [
        ("", Mark.OK),
        (VERSION, Mark.OK),
        ("0.0.9", Mark.OK),
        ("0.1.0.1", Mark.WARN),
        ("99", Mark.WARN),
        ("next", Mark.OK),
    ],
)
def test_the_version_that_the_collector_asks_for(tmp_path: Path, wanted: str, mark: Mark) -> None:
    policy.store(tmp_path, uplink.understood(policy_pb2.Policy(version="1", wanted_agent_version=wanted)))
    found = look(tmp_path)["version"]
    assert found.mark is mark
    assert (wanted if wanted != "0.0.9" else VERSION) in found.found
    assert ("package tool" in found.mend) == (mark is Mark.WARN)


def test_what_is_for_root_alone_is_counted(tmp_path: Path) -> None:
    host = FakeHost()
    host.answers["firewall"] = NotMeasurable("the rules of the firewall are told to root only; …")
    assert "1 signals are told to root only" in look(tmp_path, host)["rights"].found
    assert look(tmp_path, FakeHost())["rights"].found.endswith("nothing is kept from it")


def test_the_one_next_step() -> None:
    fine, odd, bad = (Finding(mark, mark.value, "x", "do it") for mark in (Mark.OK, Mark.WARN, Mark.FAIL))
    assert doctor.next_step([fine, odd, bad, odd]) is bad
    assert doctor.next_step([fine, odd, fine]) is odd
    assert doctor.next_step([fine]) is None


def test_a_sensor_that_fails(tmp_path: Path) -> None:
    host = FakeHost()
    host.answers["load"] = ValueError("odd")
    settings = Settings(state_directory=tmp_path)
    found = [finding for finding in doctor.examine(settings, host) if finding.subject == "sensors"]
    assert [finding.mark for finding in found] == [Mark.WARN, Mark.OK]
    assert "sensor 'load' failed: ValueError: odd" in found[0].found


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # Counting updates takes seconds, and says nothing about this.
    updates = "keuring.updates.pending,keuring.updates.security.pending,keuring.updates.last_installed"
    monkeypatch.setenv("KEURING_AGENT_DISABLED_SIGNALS", updates)
    assert cli.main(["doctor", "--state-directory", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "fail identity: " in out
    assert "\n       mend: run `keuring-agent enroll" in out
    assert "ok   sensors: 55 of 55 work" in out
    assert out.splitlines()[-1].startswith("next: identity: run `keuring-agent enroll")
