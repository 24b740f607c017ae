"""What no agent should send, over the whole way: a clear answer, a metric, and nothing else lost."""

from __future__ import annotations

import datetime as dt
import re
import time
import urllib.request
import uuid
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from keuring.report.v1 import report_pb2
from keuring_collector.fleet.authority import Authority, parse_request
from keuring_collector.store import open_store
from tests.collector.certificates import key_pem, new_key, signing_request
from tests.collector.command import keuring_here, ok
from tests.collector.reports import report
from tests.e2e.client import HandMadeAgent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.collector.command import Running

STORED = report_pb2.DISPOSITION_STORED
QUARANTINED = report_pb2.DISPOSITION_QUARANTINED
OUT_OF_ORDER = report_pb2.DISPOSITION_OUT_OF_ORDER
CPU = ("system.cpu.utilization", "mean", "")
MEMORY = ("system.memory.utilization", "mean", "")


class Whole:
    """A running collector, and one machine that may report to it."""

    def __init__(self, directory: Path, running: Running) -> None:
        self.directory = directory
        self.metrics = running.wait_for("ready jobs").split("metrics=")[1]
        running.wait_for("ready ingest")
        self.agent = HandMadeAgent.enrol(ok(keuring_here(directory, "token")))
        self.sequence = 0

    def metric(self, name: str, **labels: str) -> float:
        """The value of a metric now; 0 when nothing was counted yet."""
        with urllib.request.urlopen(self.metrics, timeout=10) as answer:
            text = answer.read().decode()
        found = 0.0
        for line in text.splitlines():
            if line.startswith((f"{name}{{", f"{name} ")):
                told = dict(re.findall(r'(\w+)="([^"]*)"', line))
                if all(told.get(label) == value for label, value in labels.items()):
                    found += float(line.rpartition(" ")[2])
        return found

    def good(self, **values: float) -> report_pb2.Report:
        """The next report of this machine, with nothing wrong in it."""
        self.sequence += 1
        end = int(time.time()) - 600 + self.sequence * 10
        return report(self.sequence, float(end), {CPU: values.get("cpu", 0.25), MEMORY: 0.5})

    def send_one(self, message: report_pb2.Report) -> report_pb2.SendReportsResponse:
        (answer,) = self.agent.send([message])
        return answer

    def stored(self, signal: int = 1, statistic: int = 3) -> list[float]:
        """All values that are stored of one series of this machine."""
        store = open_store(f"sqlite:///{self.directory / 'keuring.sqlite3'}")
        try:
            (endpoint,) = store.heads()
            return [float(value) for value in store.series(endpoint, signal, "", statistic, 0.0, 1e12).values]
        finally:
            store.close()


@pytest.fixture
def whole(collector: Path, serve: Callable[..., Running]) -> Whole:
    return Whole(collector, serve())


def reasons(answer: report_pb2.SendReportsResponse) -> dict[str, str]:
    return {problem.reason: problem.detail for problem in answer.problems}


def test_reports_with_something_wrong_are_answered_counted_and_harm_no_other(whole: Whole) -> None:
    """One collector for all of it, because starting one costs more than all the reports."""
    assert whole.send_one(whole.good(cpu=0.1)).disposition == STORED

    # An unknown signal is left out; the rest is kept.
    message = whole.good(cpu=0.2)
    dictionary = report_pb2.SeriesDictionary.FromString(message.series)
    dictionary.signal_ids.append(65_000)
    dictionary.subject_indices.append(0)
    dictionary.statistics.append(report_pb2.STATISTIC_LAST)
    message.series, message.values = dictionary.SerializeToString(), message.values + b"\0\0\0\0"
    answer = whole.send_one(message)
    assert answer.disposition == STORED
    assert "65000" in reasons(answer)["unknown_signal"]
    assert "bring the collector up to date" in reasons(answer)["unknown_signal"]

    # NaN is no sample and no problem; infinite is a problem and no sample.
    answer = whole.send_one(whole.good(cpu=float("nan")))
    assert (answer.disposition, reasons(answer)) == (STORED, {})
    answer = whole.send_one(whole.good(cpu=float("inf")))
    assert answer.disposition == STORED
    assert "system.cpu.utilization" in reasons(answer)["not_finite"]

    # A window of the future has just been measured; one of long ago is put aside.
    message = whole.good(cpu=0.3)
    message.window_start_time.FromSeconds(int(time.time()) + 30 * 86400)
    assert whole.send_one(message).disposition == STORED
    message = whole.good(cpu=0.99)
    message.window_start_time.FromSeconds(1_000_000_000)
    answer = whole.send_one(message)
    assert answer.disposition == QUARANTINED
    assert "at most 400" in reasons(answer)["ancient"]

    # Wrong lengths: of values, of the dictionary's columns, of the window.
    message = whole.good(cpu=0.99)
    message.values += b"\0"
    answer = whole.send_one(message)
    assert answer.disposition == QUARANTINED
    assert "four for each" in reasons(answer)["wrong_length"]
    message = whole.good(cpu=0.99)
    dictionary = report_pb2.SeriesDictionary.FromString(message.series)
    del dictionary.statistics[-1]
    message.series = dictionary.SerializeToString()
    assert "wrong_length" in reasons(whole.send_one(message))
    message = whole.good(cpu=0.99)
    message.window_duration.FromSeconds(-300)
    assert "wrong_duration" in reasons(whole.send_one(message))

    # Bytes that are no dictionary.
    message = whole.good(cpu=0.99)
    message.series = b"\xff\xff\xff\xff"
    assert "undecodable" in reasons(whole.send_one(message))

    # Too large to be read at all: refused by the transport, and the next one is taken.
    message = report(whole.sequence + 1, time.time(), {CPU: 0.5})
    message.boot_id = "x" * (2 << 20)
    with pytest.raises(grpc.RpcError) as refused:
        whole.send_one(message)
    error: Any = refused.value
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in error.details()

    # A hole is not stored over, and the answer says what is waited for.
    ahead = report(whole.sequence + 5, time.time(), {CPU: 0.99})
    answer = whole.send_one(ahead)
    assert (answer.disposition, answer.expected_sequence) == (OUT_OF_ORDER, whole.sequence + 1)

    # In the midst of good ones in one stream, a bad one harms none of them.
    messages = [whole.good(cpu=0.4), whole.good(cpu=0.99), whole.good(cpu=0.5)]
    messages[1].values = b""
    answers = whole.agent.send(messages)
    assert [answer.disposition for answer in answers] == [STORED, QUARANTINED, STORED]

    kept = whole.stored()
    assert sorted(value for value in kept if value == value) == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5], abs=1e-3)
    for reason in ("unknown_signal", "not_finite", "ancient", "wrong_length", "wrong_duration", "undecodable"):
        assert whole.metric("keuring_ingest_problems_total", reason=reason) >= 1, reason
    assert whole.metric("keuring_ingest_reports_total", disposition="quarantined") == 6
    assert whole.metric("keuring_ingest_reports_total", disposition="stored") == 7
    assert whole.metric("keuring_ingest_reports_total", disposition="out_of_order") == 1


def test_who_may_not_report_sends_nothing_that_is_kept(whole: Whole) -> None:
    assert whole.send_one(whole.good(cpu=0.1)).disposition == STORED

    # A certificate of another CA: the handshake fails, so nothing is read.
    foreign = Authority.create(whole.directory.parent / "foreign-ca", "localhost", _now())
    trusted = (whole.directory / "ca" / "root.pem").read_bytes()
    with pytest.raises(grpc.RpcError) as refused:
        whole.agent.send([whole.good(cpu=0.9)], credentials=_credentials(foreign, trusted, whole.agent.endpoint_id))
    assert _code(refused) == grpc.StatusCode.UNAVAILABLE

    # The right roots, but no certificate at all.
    with pytest.raises(grpc.RpcError) as refused:
        whole.agent.send([whole.good(cpu=0.9)], credentials=grpc.ssl_channel_credentials(trusted))
    assert _code(refused) == grpc.StatusCode.UNAVAILABLE

    # An agent that trusts another CA does not speak to this collector.
    with pytest.raises(grpc.RpcError) as refused:
        whole.agent.send(
            [whole.good(cpu=0.9)],
            credentials=_credentials(foreign, foreign.trust_roots, whole.agent.endpoint_id),
        )
    assert _code(refused) == grpc.StatusCode.UNAVAILABLE

    # Revoked: told so, and counted.
    ok(keuring_here(whole.directory, "endpoint", "revoke", whole.agent.endpoint_id))
    until = time.monotonic() + 60
    while True:
        try:
            whole.agent.send([report(2, time.time(), {CPU: 0.9})])
        except grpc.RpcError as error:
            revoked: Any = error
            break
        assert time.monotonic() < until, "a revoked machine must be refused within a minute"
        time.sleep(0.2)
    assert revoked.code() == grpc.StatusCode.PERMISSION_DENIED
    assert "revoked" in revoked.details()
    assert "enrol" in revoked.details()
    assert whole.metric("keuring_ingest_rejected_total", reason="revoked") >= 1


def _code(refused: pytest.ExceptionInfo[grpc.RpcError]) -> grpc.StatusCode:
    error: Any = refused.value
    code: grpc.StatusCode = error.code()
    return code


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _credentials(authority: Authority, roots: bytes, endpoint_id: str) -> grpc.ChannelCredentials:
    """Those of an endpoint of that name, signed by ``authority``."""
    key = new_key()
    request = parse_request(signing_request(key))
    issued = authority.issue_endpoint(uuid.UUID(endpoint_id), request, _now(), dt.timedelta(days=1))
    return grpc.ssl_channel_credentials(roots, key_pem(key), issued.chain.encode())
