"""A certificate that expired while the machine was away: the agent gets another by itself."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import time
from typing import TYPE_CHECKING

import grpc
import pytest

from keuring_agent import dispatches, identity, runner, sending, state
from keuring_agent.doctor import Mark
from keuring_agent.errors import DeliveryError, RefusedError, UnreachableError
from tests.agent.collector import Authority, Collector
from tests.agent.test_agent_doctor import look
from tests.agent.test_agent_process import agent, wait_for
from tests.agent.test_agent_runner import Station, flush_times
from tests.agent.test_agent_uplink import fill, sequences, settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_agent.config import Settings

AWAY = dt.timedelta(days=8)


@pytest.fixture
def settings(tmp_path: Path, collector: Collector) -> Settings:
    collector.enrolled(tmp_path, since=AWAY)
    return settings_for(tmp_path)


def test_it_proves_its_key_gets_a_new_certificate_and_sends(
    settings: Settings, collector: Collector, capsys: pytest.CaptureFixture[str]
) -> None:
    before = identity.load(settings.state_directory)
    fill(settings, 3)
    assert sending.send(settings)[0] == 3
    assert "the collector gave a new one" in capsys.readouterr().err
    after = identity.load(settings.state_directory)
    assert not after.has_expired(time.time())
    assert (after.endpoint_id, after.report_addresses) == (before.endpoint_id, before.report_addresses)
    assert after.private_key != before.private_key  # a copy of the old key is of no use any more
    assert len(collector.registry.recoveries) == 1
    assert collector.registry.renewals == 0
    assert not (settings.state_directory / state.RENEWAL).exists()
    found = look(settings.state_directory)["certificate"]
    assert found.mark is Mark.OK
    assert "one that had expired was replaced on 20" in found.found
    noted = [(each.kind, each.outcome) for each in dispatches.read(settings.state_directory).entries]
    assert noted == [(dispatches.RENEWAL, dispatches.ACKNOWLEDGED), (dispatches.REPORTS, dispatches.ACKNOWLEDGED)]


def test_it_recovers_with_nothing_to_send(settings: Settings, collector: Collector) -> None:
    assert sending.send(settings)[0] == 0
    assert not identity.load(settings.state_directory).has_expired(time.time())
    assert collector.journal.streams == 0


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_request(
    settings: Settings, collector: Collector
) -> None:
    collector.registry.lose = 2
    for _ in range(2):
        with pytest.raises(UnreachableError):
            sending.send(settings)
        assert identity.load(settings.state_directory).has_expired(time.time())
    sending.send(settings)
    requests = collector.registry.recoveries
    assert len({request.certificate_signing_request for request in requests}) == 1
    assert len({request.challenge for request in requests}) == 3


def test_a_renewal_of_before_is_taken_up(tmp_path: Path, collector: Collector) -> None:
    """The answer to a renewal was lost, then the machine went away: recovery asks for that same certificate."""
    who = collector.enrolled(tmp_path, since=dt.timedelta(days=5))
    settings = settings_for(tmp_path)
    collector.registry.refuse = (grpc.StatusCode.UNAVAILABLE, "lost")
    fill(settings, 1)
    sending.send(settings)
    collector.registry.refuse = None
    identity.store(tmp_path, who._replace(not_after=time.time() - 60))
    sending.send(settings)
    (asked,) = collector.registry.recoveries
    assert asked.certificate_signing_request == collector.registry.renewal_requests[0]


def test_a_refusal_is_told_and_remembered(settings: Settings, collector: Collector) -> None:
    collector.registry.refuse = (grpc.StatusCode.PERMISSION_DENIED, "no")
    fill(settings, 1)
    with pytest.raises(RefusedError, match="gives no new one for it; enrol this machine again"):
        sending.send(settings)
    found = look(settings.state_directory)["certificate"]
    assert found.mark is Mark.FAIL
    assert "the collector gives no new one for it (asked on 20" in found.found
    assert "enroll --force" in found.mend
    assert sending.spool_of(settings).fill().reports == 1
    (noted,) = dispatches.read(settings.state_directory).entries
    assert (noted.kind, noted.outcome) == (dispatches.RENEWAL, dispatches.UNFINISHED)


@pytest.mark.parametrize("fault", ["foreign", "stolen"])
def test_an_answer_that_cannot_be_trusted_changes_nothing(settings: Settings, collector: Collector, fault: str) -> None:
    before = identity.load(settings.state_directory)
    if fault == "foreign":
        collector.registry.signer = Authority("Other")
    else:
        collector.registry.stolen = True
    with pytest.raises(DeliveryError, match="cannot be trusted"):
        sending.send(settings)
    assert identity.load(settings.state_directory) == before


def test_a_foreign_collector_is_asked_nothing_and_the_next_one_is(settings: Settings, collector: Collector) -> None:
    who = identity.load(settings.state_directory)
    with Collector(Authority("Other")) as stranger:
        addresses = (f"127.0.0.1:{stranger.enrolment_port}", *who.enrolment_addresses)
        identity.store(settings.state_directory, who._replace(enrolment_addresses=addresses))
        sending.send(settings)
        assert stranger.registry.challenges == []
    assert len(collector.registry.recoveries) == 1
    # Nothing left for the stranger, so the log names the other one alone.
    assert [each.to for each in dispatches.read(settings.state_directory).entries] == [who.enrolment_addresses[0]]


def test_an_identity_of_before_goes_to_the_usual_port(tmp_path: Path) -> None:
    who = Authority().identity(("desk.example:7443", "[::1]:9"))
    assert who.to_enrol_at() == ("desk.example:7444", "[::1]:7444")
    stored = who._asdict()
    del stored["enrolment_addresses"]
    (tmp_path / "identity.json").write_text(json.dumps(stored))
    assert identity.load(tmp_path) == who


def test_doctor_looks_where_the_new_certificate_is_given(settings: Settings, collector: Collector) -> None:
    found = look(settings.state_directory)
    assert found["certificate"].mark is Mark.WARN
    assert f"gets a new one by itself, at 127.0.0.1:{collector.enrolment_port}" in found["certificate"].found
    assert f"127.0.0.1:{collector.enrolment_port} is the collector that" in found["tls"].found
    collector.stop()
    assert look(settings.state_directory)["port"].mark is Mark.FAIL


def test_probing_after_a_failure_looks_where_the_new_certificate_is_given(
    settings: Settings, collector: Collector
) -> None:
    who = identity.load(settings.state_directory)
    identity.store(settings.state_directory, who._replace(report_addresses=("127.0.0.1:1",)))
    sending.probe(settings)
    collector.stop()
    with pytest.raises(UnreachableError):
        sending.probe(settings)


def station(directory: Path, away: dt.timedelta, *codes: int) -> Station:
    found = Station(directory, *codes)
    who = Authority().identity(("127.0.0.1:1",))
    identity.store(directory, who._replace(not_after=found.host.wall_time - away.total_seconds()))
    return found


def test_an_expired_agent_begins_with_it_and_does_not_wait_for_a_window(tmp_path: Path) -> None:
    running = station(tmp_path, dt.timedelta(days=1), *[UnreachableError.exit_code] * 30)
    running.run(900)
    times = flush_times(running)
    assert times[0] == 0
    pauses = [later - one for one, later in itertools.pairwise(times)]
    assert max(pauses) <= runner._RECOVERY_MAXIMUM + 1  # the longest that the jitter allows; back within 60 s


def test_one_that_was_refused_asks_seldom(tmp_path: Path) -> None:
    running = station(tmp_path, dt.timedelta(days=1), *[RefusedError.exit_code] * 30)
    running.run(1000)
    assert flush_times(running) == [0, 301, 602, 903]


def test_an_agent_that_runs_sees_that_its_certificate_ended(tmp_path: Path) -> None:
    running = station(tmp_path, dt.timedelta(seconds=-130), *[UnreachableError.exit_code] * 30)
    running.run(300)
    assert 130 <= flush_times(running)[0] <= 180


def test_the_running_agent_is_back_within_a_minute(tmp_path: Path, collector: Collector) -> None:
    """Started with an expired certificate and no collector; which then comes."""
    collector.enrolled(tmp_path, since=AWAY)
    collector.stop()
    with agent(tmp_path, KEURING_AGENT_BACKOFF_MAXIMUM="300") as process:
        wait_for(lambda: sending.spool_of(settings_for(tmp_path)).fill().reports >= 3)
        collector.start()
        began = time.monotonic()
        wait_for(lambda: len(collector.journal.reports) >= 3, 60.0)
        assert time.monotonic() - began < 60
        assert process.poll() is None
    assert len(collector.registry.recoveries) == 1
    assert sequences(collector) == list(range(1, len(collector.journal.reports) + 1))
