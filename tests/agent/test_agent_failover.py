"""Several collectors: which is tried first, and that every report arrives once and in order when one goes away."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from keuring_agent import cli, collectors, config, identity, sending
from keuring_agent.collectors import InUse
from keuring_agent.doctor import Mark
from keuring_agent.enrol import enrol
from keuring_agent.enrolment_token import parse
from keuring_agent.errors import RefusedError, UnreachableError, UntrustedError
from tests.agent.collector import Authority, Collector
from tests.agent.test_agent_doctor import look
from tests.agent.test_agent_process import agent, wait_for
from tests.agent.test_agent_uplink import fill, sequences, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from keuring_agent.config import Settings

HOUR = 3600.0


@pytest.fixture
def pair(collector: Collector) -> Iterator[tuple[Collector, Collector]]:
    """Two collectors that share authority and database, as those of one PostgreSQL do."""
    with Collector(collector.authority) as other:
        other.journal = collector.journal
        other.stop()
        other.start()
        yield collector, other


@pytest.fixture
def settings(tmp_path: Path, pair: tuple[Collector, Collector]) -> Settings:
    first, second = pair
    identity.store(tmp_path, first.authority.identity((first.address, second.address)))
    return settings_for(tmp_path, backoff_minimum=0.1)


def used(settings: Settings) -> str:
    known = collectors.load(settings.state_directory)
    assert known is not None
    return known.address


@pytest.mark.parametrize(
    ("known", "now", "expected"),
    [
        (None, 0.0, "abc"),
        (InUse("b", 100.0, 100.0), 101.0, "bac"),
        (InUse("a", 100.0, 100.0), 101.0, "abc"),
        (InUse("b", 100.0, 9999.0), 100.0 + HOUR, "abc"),  # long enough: back to the first
        (InUse("b", 100.0, 100.0), 99.0, "abc"),  # the clock was set back
        (InUse("x", 100.0, 100.0), 101.0, "abc"),  # no longer in the list
    ],
)
def test_the_order(known: InUse | None, now: float, expected: str) -> None:
    assert "".join(collectors.in_order("abc", known, now, HOUR)) == expected


def test_what_is_remembered(tmp_path: Path) -> None:
    assert collectors.load(tmp_path) is None
    collectors.note(tmp_path, "a:1", 10.0, None)
    collectors.note(tmp_path, "a:1", 20.0, collectors.load(tmp_path))
    assert collectors.load(tmp_path) == InUse("a:1", 10.0, 20.0)
    collectors.note(tmp_path, "b:1", 30.0, collectors.load(tmp_path))
    assert collectors.load(tmp_path) == InUse("b:1", 30.0, 30.0)
    (tmp_path / "collector.json").write_text('{"address": 1, "since": "x"}')
    assert collectors.load(tmp_path) is None


def test_the_next_takes_over_and_keeps_it_until_the_first_is_tried_again(
    settings: Settings, pair: tuple[Collector, Collector]
) -> None:
    first, second = pair
    fill(settings, 2)
    assert sending.send(settings) == (2, ())
    assert used(settings) == first.address

    first.stop()
    fill(settings, 1)
    count, remarks = sending.send(settings)
    assert count == 1
    assert remarks[0].startswith(f"reports go to {second.address} now; {first.address}: the collector cannot be")
    assert used(settings) == second.address

    first.start()
    fill(settings, 1)
    began = time.monotonic()
    assert sending.send(settings) == (1, ())  # remembered: no waiting for the first
    assert time.monotonic() - began < 1
    assert used(settings) == second.address

    fill(settings, 1)
    count, remarks = sending.send(settings, wall=lambda: time.time() + settings.collector_return + 1)
    assert (count, remarks) == (1, (f"reports go to {first.address} now",))
    assert sequences(first) == [1, 2, 3, 4, 5]


def test_one_that_dies_while_it_takes_reports_loses_and_doubles_nothing(
    settings: Settings, pair: tuple[Collector, Collector]
) -> None:
    """The first stores the fourth report and dies before it answers; the next one gets it again, as a duplicate."""
    first, second = pair
    fill(settings, 10)
    died: list[bool] = []

    def die(report: object, answer: object) -> object:
        if getattr(report, "sequence", 0) == 4 and not died:
            died.append(True)
            return None
        return answer

    first.journal.bend = die  # type: ignore[assignment]
    assert sending.send(settings)[0] == 10
    assert died
    assert used(settings) == second.address
    assert sequences(first) == list(range(1, 11))
    asked = [request.report.sequence for request in first.journal.requests]
    restart = asked.index(4, asked.index(4) + 1)
    assert asked[restart:] == list(range(4, 11))  # from the first that nobody acknowledged, strictly in order
    assert sending.spool_of(settings).fill().reports == 0


def test_between_two_addresses_a_random_time_passes(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    bounds = [sending._pause(settings_for(Path("/x"), backoff_minimum=1.0), tried) for tried in [1] * 200]
    assert 0 <= min(bounds) < 0.5 < 1.5 < max(bounds) <= 2
    assert max(sending._pause(settings_for(Path("/x")), 30) for _ in range(50)) <= 300
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    identity.store(settings.state_directory, Authority().identity(("127.0.0.1:1", "127.0.0.1:1")))
    fill(settings, 1)
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:1.*; 127\.0\.0\.1:1"):
        sending.send(settings)
    assert len(slept) == 1


def test_a_refusal_is_not_taken_to_the_next(settings: Settings, pair: tuple[Collector, Collector]) -> None:
    fill(settings, 1)
    pair[0].journal.refuse = (grpc.StatusCode.PERMISSION_DENIED, "revoked")
    with pytest.raises(RefusedError):
        sending.send(settings)
    assert pair[0].journal.streams == 1


def test_a_stranger_among_the_addresses_does_not_stop_the_others_being_tried_soon(
    tmp_path: Path, collector: Collector
) -> None:
    """Of two failures that one counts which gives hope; the agent waits long only when none does."""
    identity.store(tmp_path, Authority("Other").identity(("127.0.0.1:1", collector.address)))
    settings = settings_for(tmp_path, backoff_minimum=0.1)
    fill(settings, 1)
    with pytest.raises(UnreachableError):
        sending.send(settings)
    identity.store(tmp_path, Authority("Other").identity((collector.address, collector.address)))
    with pytest.raises(UntrustedError):
        sending.send(settings)


def test_the_setting_takes_one_address_or_several(tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text('collector = "a:7443"')
    assert config.load(path, environment={}).collector == ("a:7443",)
    path.write_text('collector = ["a:7443", "b:7443"]\ncollector_return = 60')
    assert config.load(path, environment={}).collector == ("a:7443", "b:7443")
    assert config.load(None, {}, {"KEURING_AGENT_COLLECTOR": "a:1, b:1"}).collector == ("a:1", "b:1")


def test_the_running_agent_goes_on_with_the_other(settings: Settings, pair: tuple[Collector, Collector]) -> None:
    first, second = pair
    with agent(settings.state_directory):
        wait_for(lambda: len(first.journal.reports) >= 1)
        first.stop()
        before = len(first.journal.reports)
        wait_for(lambda: len(first.journal.reports) >= before + 3)
    assert used(settings) == second.address
    assert sequences(first) == list(range(1, len(first.journal.reports) + 1))


def test_show_and_doctor_say_which_is_in_use(
    settings: Settings, pair: tuple[Collector, Collector], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = pair
    directory = settings.state_directory
    directory.chmod(0o700)
    found = look(directory)
    assert found["collector"].found == f"{first.address} comes first; nothing was sent yet"
    first.stop()
    fill(settings, 1)
    sending.send(settings)
    found = look(directory)
    assert f"{second.address} comes first; reports went to {second.address} since 20" in found["collector"].found
    assert found["collector"].mark is Mark.OK
    assert Mark.FAIL not in {finding.mark for finding in found.values()}  # one of two is enough
    second.stop()
    assert Mark.FAIL in {finding.mark for finding in look(directory).values()}

    arguments = ["show", "--state-directory", str(directory)]
    assert cli.main(arguments) == 0
    assert f"They go to {second.address}, else {first.address}; reports went to" in capsys.readouterr().out
    assert cli.main([*arguments, "--language", "nl"]) == 0
    told_in_dutch = f"Ze gaan naar {second.address}, anders {first.address}; de rapporten gingen naar {second.address}"
    assert told_in_dutch in capsys.readouterr().out
    assert cli.main([*arguments, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["collector"]
    assert (told["addresses"], told["in_use"]) == ([second.address, first.address], second.address)
    assert told["last_sent"] >= told["since"]


def test_a_token_with_several_addresses(tmp_path: Path, collector: Collector) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = f"127.0.0.1:{closed.getsockname()[1]}"
    token = collector.token(addresses=[dead, f"127.0.0.1:{collector.enrolment_port}"])
    assert len(parse(token).addresses) == 2
    found = enrol(tmp_path / "state", token, None, "lt", 3.0)
    assert found.report_addresses == (collector.address,)
    with Collector(Authority("Other")) as stranger:
        theirs = f"127.0.0.1:{stranger.enrolment_port}"
        token = collector.token("id.two", addresses=[theirs, f"127.0.0.1:{collector.enrolment_port}"])
        enrol(tmp_path / "second", token, None, "lt", 3.0)
        assert stranger.registry.requests == []  # the token never went there
    with pytest.raises(UnreachableError):
        enrol(tmp_path / "third", collector.token(addresses=[dead, dead]), None, "lt", 3.0)
