"""Sending, against a real server with real TLS."""

from __future__ import annotations

import datetime as dt
import socket
import threading
import time
from typing import TYPE_CHECKING

import grpc
import pytest

from keuring.policy.v1 import policy_pb2
from keuring.report.v1 import report_pb2
from keuring_agent import identity, keeping, policy, sending, state, wire
from keuring_agent.config import Settings
from keuring_agent.errors import DeliveryError, RefusedError, UnreachableError, UntrustedError
from keuring_agent.parcel import Parcel
from keuring_agent.spool import Kept
from keuring_agent.window import SeriesKey, WindowReport
from tests.agent.collector import Answer, Authority, Collector

if TYPE_CHECKING:
    from pathlib import Path


def settings_for(directory: Path, **changes: object) -> Settings:
    return Settings(state_directory=directory, deadline=2.0, **changes)  # type: ignore[arg-type]


def fill(settings: Settings, count: int) -> None:
    spool = sending.spool_of(settings)
    for number in range(count):
        window = WindowReport(1e9 + 300 * number, 300, "boot", (SeriesKey(1, "", 3),), [number / 1000], {}, (), {})
        spool.append(wire.report(window), 1e9)


def sequences(collector: Collector) -> list[int]:
    return [report.sequence for report in collector.journal.reports]


@pytest.fixture
def settings(tmp_path: Path, collector: Collector) -> Settings:
    collector.enrolled(tmp_path)
    return settings_for(tmp_path)


def test_sends_in_order_and_empties_the_spool(settings: Settings, collector: Collector) -> None:
    fill(settings, 70)

    assert sending.send(settings) == (70, ())

    assert sequences(collector) == list(range(1, 71))
    assert collector.journal.streams == 1
    assert len({report.series for report in collector.journal.reports}) == 1
    assert sending.spool_of(settings).fill().reports == 0
    request = collector.journal.requests[-1]
    assert abs(request.send_time.seconds - time.time()) < 60


def test_nothing_to_send_calls_nobody(settings: Settings, collector: Collector) -> None:
    assert sending.send(settings) == (0, ())
    assert collector.journal.streams == 0


def test_answers_lost_on_the_way_are_duplicates_the_second_time(settings: Settings, collector: Collector) -> None:
    fill(settings, 3)
    collector.journal.bend = lambda report, answer: answer if report.sequence < 2 else None
    with pytest.raises(UnreachableError, match="cannot be reached"):
        sending.send(settings)
    assert sending.spool_of(settings).fill().reports == 2  # what was acknowledged is gone

    collector.journal.bend = lambda _report, answer: answer
    assert sending.send(settings)[0] == 2
    assert sequences(collector) == [1, 2, 3]


def test_a_collector_that_was_down_gets_everything_when_it_is_back(settings: Settings, collector: Collector) -> None:
    fill(settings, 2)
    collector.stop()
    with pytest.raises(UnreachableError):
        sending.send(settings)
    with pytest.raises(UnreachableError, match="nobody listens"):
        sending.probe(settings)

    collector.start()
    sending.probe(settings)
    assert sending.send(settings)[0] == 2


def test_goes_back_to_what_the_collector_waits_for(settings: Settings, collector: Collector) -> None:
    fill(settings, 4)
    spool = sending.spool_of(settings)
    epoch = spool.batch().epoch
    # The collector has the first two already, but we do not know.
    collector.journal.heads[epoch] = 2
    assert sending.send(settings)[0] == 4
    assert sequences(collector) == [3, 4]


def test_what_is_missing_here_becomes_a_gap(settings: Settings, collector: Collector) -> None:
    fill(settings, 4)
    spool = sending.spool_of(settings)
    spool.delete(spool.batch().epoch, 2)  # the collector was put back to an earlier state: it waits for 1

    assert sending.send(settings)[0] == 3

    first = collector.journal.reports[0]
    assert (first.sequence, first.gap.first_sequence, first.gap.last_sequence) == (1, 1, 2)
    assert sequences(collector) == [1, 3, 4]


def test_a_spool_that_was_put_back_begins_a_new_epoch(settings: Settings, collector: Collector) -> None:
    fill(settings, 2)
    epoch = sending.spool_of(settings).batch().epoch

    def ahead(report: report_pb2.Report, answer: Answer) -> Answer:
        if report.spool_epoch == epoch:
            answer.disposition = report_pb2.DISPOSITION_OUT_OF_ORDER
            answer.expected_sequence = 500
        return answer

    collector.journal.bend = ahead
    count, remarks = sending.send(settings)
    assert count == 2
    assert "a new epoch begins" in remarks[0]
    taken = [(report.spool_epoch, report.sequence) for report in collector.journal.reports[-2:]]
    assert [sequence for _, sequence in taken] == [1, 2]
    assert taken[0][0] not in (0, epoch)


def test_a_collector_that_never_agrees_is_given_up(settings: Settings, collector: Collector) -> None:
    fill(settings, 1)

    def stubborn(_report: report_pb2.Report, answer: Answer) -> Answer:
        answer.disposition = report_pb2.DISPOSITION_OUT_OF_ORDER
        answer.expected_sequence = 1
        return answer

    collector.journal.bend = stubborn
    with pytest.raises(DeliveryError, match="waits for report 1 again and again"):
        sending.send(settings)


def test_reports_put_aside_leave_the_spool_and_are_remarked(settings: Settings, collector: Collector) -> None:
    fill(settings, 2)

    def aside(_report: report_pb2.Report, answer: Answer) -> Answer:
        answer.disposition = report_pb2.DISPOSITION_QUARANTINED
        answer.problems.add(reason="wrong_length", detail="too short", count=1)
        return answer

    collector.journal.bend = aside
    count, remarks = sending.send(settings)
    assert count == 2
    assert "the collector left something out: wrong_length: too short" in remarks
    assert sending.spool_of(settings).fill().reports == 0


def test_a_policy_is_kept_and_its_version_told(settings: Settings, collector: Collector) -> None:
    collector.journal.policy = policy_pb2.Policy(
        version="v2",
        windows_per_flush=6,
        allowed_privacy_classes=[policy_pb2.PRIVACY_CLASS_HARDWARE],
        disabled_signals=["system.uptime"],
    )
    collector.journal.policy.sample_interval.FromSeconds(30)
    fill(settings, 2)
    sending.send(settings)

    kept = policy.load(settings.state_directory)
    assert kept == policy.Policy("v2", 30.0, None, 6, (1,), ("system.uptime",))
    fill(settings, 1)
    sending.send(settings)
    assert collector.journal.requests[-1].policy_version == "v2"


@pytest.mark.parametrize("code", [grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAUTHENTICATED])
def test_a_refusal_is_told_and_keeps_the_reports(
    settings: Settings, collector: Collector, code: grpc.StatusCode
) -> None:
    fill(settings, 1)
    collector.journal.refuse = (code, "this machine was revoked")
    with pytest.raises(RefusedError, match="this machine was revoked"):
        sending.send(settings)
    assert sending.spool_of(settings).fill().reports == 1


def test_a_collector_that_cannot_store_is_tried_later(settings: Settings, collector: Collector) -> None:
    fill(settings, 1)
    collector.journal.refuse = (grpc.StatusCode.UNAVAILABLE, "disk full")
    with pytest.raises(UnreachableError, match="disk full"):
        sending.send(settings)
    assert sending.spool_of(settings).fill().reports == 1


def test_a_server_that_does_not_answer_is_given_up_in_time(tmp_path: Path, collector: Collector) -> None:
    collector.enrolled(tmp_path)
    settings = Settings(state_directory=tmp_path, deadline=0.5)
    fill(settings, 1)
    collector.journal.stall = 3.0
    began = time.monotonic()
    with pytest.raises(UnreachableError, match=r"did not answer within 0\.5 s"):
        sending.send(settings)
    assert time.monotonic() - began < 2.5
    assert sending.spool_of(settings).fill().reports == 1


def test_a_listener_that_never_speaks_is_given_up_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        who = Authority().identity((f"127.0.0.1:{listener.getsockname()[1]}",))
        identity.store(tmp_path, who)
        settings = Settings(state_directory=tmp_path, deadline=0.5)
        fill(settings, 1)
        began = time.monotonic()
        with pytest.raises(UnreachableError):
            sending.send(settings)
        assert time.monotonic() - began < 5


def test_a_foreign_authority_gets_no_byte_of_a_report(tmp_path: Path, collector: Collector) -> None:
    ours = Authority("Ours")
    identity.store(tmp_path, ours.identity((collector.address,)))
    settings = settings_for(tmp_path)
    fill(settings, 1)
    with pytest.raises(UntrustedError, match="not the collector that this machine trusts"):
        sending.send(settings)
    assert collector.journal.streams == 0
    assert sending.spool_of(settings).fill().reports == 1


def test_a_foreign_authority_sees_a_handshake_that_breaks_off(tmp_path: Path) -> None:
    """Below TLS: what an impostor receives is a ClientHello and an alert, and nothing after."""
    impostor = Collector()
    received = bytearray()
    with impostor, socket.create_server(("127.0.0.1", 0)) as front:

        def relay() -> None:
            near, _ = front.accept()
            with near, socket.create_connection(("127.0.0.1", impostor.report_port)) as far:
                back = threading.Thread(target=_copy, args=(far, near, bytearray()))
                back.start()
                _copy(near, far, received)
                back.join()

        worker = threading.Thread(target=relay)
        worker.start()
        identity.store(tmp_path, Authority("Ours").identity((f"127.0.0.1:{front.getsockname()[1]}",)))
        settings = settings_for(tmp_path)
        fill(settings, 1)
        with pytest.raises(DeliveryError):
            sending.send(settings)
        worker.join(10)
    kinds = _record_types(bytes(received))
    assert kinds
    assert kinds[0] == 22  # handshake
    # After the ClientHello only an alert may follow (21, or 23 as TLS 1.3 dresses it); application data would be long.
    assert sum(len(record) for record in _records(bytes(received))[1:]) < 64


def _copy(source: socket.socket, target: socket.socket, kept: bytearray) -> None:
    try:
        while data := source.recv(65536):
            kept += data
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def _records(data: bytes) -> list[bytes]:
    found = []
    while len(data) >= 5:
        length = int.from_bytes(data[3:5], "big")
        found.append(data[: 5 + length])
        data = data[5 + length :]
    return found


def _record_types(data: bytes) -> list[int]:
    return [record[0] for record in _records(data)]


def test_the_next_address_is_tried(tmp_path: Path, collector: Collector) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = f"127.0.0.1:{closed.getsockname()[1]}"
    identity.store(tmp_path, collector.authority.identity((dead, collector.address)))
    settings = settings_for(tmp_path)
    fill(settings, 1)
    assert sending.send(settings)[0] == 1


def test_a_certificate_past_two_thirds_of_its_life_is_renewed(tmp_path: Path, collector: Collector) -> None:
    before = collector.enrolled(tmp_path, since=dt.timedelta(days=5))
    settings = settings_for(tmp_path)
    fill(settings, 1)
    sending.send(settings)

    after = identity.load(tmp_path)
    assert collector.registry.renewals == 1
    assert after.endpoint_id == before.endpoint_id
    assert after.private_key != before.private_key
    assert after.not_after > before.not_after + 4 * 86400
    fill(settings, 1)
    assert sending.send(settings)[0] == 1  # with the new one
    assert collector.registry.renewals == 1


def test_a_renewal_whose_answer_was_lost_is_asked_for_again_with_the_same_request(
    tmp_path: Path, collector: Collector
) -> None:
    collector.enrolled(tmp_path, since=dt.timedelta(days=5))
    settings = settings_for(tmp_path)
    collector.registry.refuse = (grpc.StatusCode.UNAVAILABLE, "later")
    for _ in range(2):
        fill(settings, 1)
        sending.send(settings)
    collector.registry.refuse = None
    fill(settings, 1)
    sending.send(settings)
    assert len(collector.registry.renewal_requests) == 3
    assert len(set(collector.registry.renewal_requests)) == 1
    assert not (tmp_path / "renewal.json").exists()


@pytest.mark.parametrize("fault", ["refused", "foreign", "stolen"])
def test_a_renewal_that_fails_changes_nothing(tmp_path: Path, collector: Collector, fault: str) -> None:
    before = collector.enrolled(tmp_path, since=dt.timedelta(days=5))
    if fault == "refused":
        collector.registry.refuse = (grpc.StatusCode.UNAVAILABLE, "later")
    elif fault == "foreign":
        collector.registry.signer = Authority("Other")
    else:
        collector.registry.stolen = True
    settings = settings_for(tmp_path)
    fill(settings, 1)
    count, remarks = sending.send(settings)
    assert count == 1
    assert any("was not renewed" in remark for remark in remarks)
    assert identity.load(tmp_path) == before


@pytest.mark.parametrize("from_memory", [0, 2])
def test_after_a_crash_no_number_that_was_used_from_memory_is_used_again(
    settings: Settings, collector: Collector, from_memory: int
) -> None:
    """Two reports in the spool and two in memory went, of which the disk knows nothing; then the power failed."""
    fill(settings, 2)
    directory, spool = settings.state_directory, sending.spool_of(settings)
    batch = spool.batch()
    body = wire.report(WindowReport(2e9, 300, "boot", (), [], {}, (), {}))
    memory = [Kept(number, number, wire.numbered(batch.epoch, number, body)) for number in (3, 4)[:from_memory]]
    state.write(directory / keeping.MARK, {})
    sending.send(settings, parcel=Parcel(batch.epoch, [*batch.reports, *memory]))
    assert spool.fill().reports == 2

    assert keeping.recover(spool, directory, 1e9)
    assert not keeping.recover(spool, directory, 1e9)
    fill(settings, 2)
    sending.send(settings)

    assert spool.fill().reports == 0
    used = range(1, 3 + from_memory)
    assert sequences(collector) == [*used, 3 + from_memory, 1003, 1004]  # the third is the gap
    assert collector.journal.reports[-3].gap.last_sequence == 1002
    assert len({report.spool_epoch for report in collector.journal.reports}) == 1
