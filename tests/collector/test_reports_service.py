"""Reporting over real grpc and mutual TLS, into a real database: answers, refusals, and what the agent is told."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from keuring.policy.v1 import policy_pb2, policy_pb2_grpc
from keuring.report.v1 import report_pb2, report_pb2_grpc
from keuring_collector import config, rulepack
from keuring_collector.fleet.authority import Authority, parse_request
from keuring_collector.ingest.notices import Mailbox
from keuring_collector.ingest.policy import PolicyError, policy
from keuring_collector.ingest.thread import WriterThread
from keuring_collector.ingest.writer import WritePath
from keuring_collector.store import StorageError, journal, open_store
from tests.collector.certificates import key_pem, new_key, signing_request
from tests.collector.packs import write_pack
from tests.collector.reports import report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from keuring_collector.ingest.server import IngestServers

CPU = ("system.cpu.utilization", "mean", "")


@dataclass
class Stand:
    """A running ingest, and the endpoint that a test speaks for."""

    servers: IngestServers
    authority: Authority
    settings: config.Settings
    path: WritePath
    url: str
    endpoint: int
    credentials: grpc.ChannelCredentials

    @contextlib.asynccontextmanager
    async def channel(self, credentials: grpc.ChannelCredentials | None = None) -> AsyncIterator[grpc.aio.Channel]:
        target = f"localhost:{self.servers.report_port}"
        async with grpc.aio.secure_channel(target, credentials or self.credentials) as channel:
            yield channel

    async def send(
        self, *requests: report_pb2.SendReportsRequest, credentials: grpc.ChannelCredentials | None = None
    ) -> list[report_pb2.SendReportsResponse]:
        async with self.channel(credentials) as channel:
            stub: Any = report_pb2_grpc.ReportServiceStub(channel)
            return [response async for response in stub.SendReports(iter(requests), timeout=10)]


def _client(authority: Authority, identity: uuid.UUID) -> grpc.ChannelCredentials:
    key = new_key()
    now = dt.datetime.now(dt.UTC)
    issued = authority.issue_endpoint(identity, parse_request(signing_request(key)), now, dt.timedelta(days=1))
    return grpc.ssl_channel_credentials(authority.trust_roots, key_pem(key), issued.chain.encode())


@contextlib.asynccontextmanager
async def _stand(directory: Path, url: str) -> AsyncIterator[Stand]:
    from keuring_collector.fleet.identity import Identities, Refused
    from keuring_collector.fleet.models import Endpoint
    from keuring_collector.ingest.reports import PolicyService, ReportService
    from keuring_collector.ingest.server import IngestServers

    # One thread asks Django, so that the one which closes its connection at the end is the one which opened it.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    now = dt.datetime.now(dt.UTC)
    endpoint = await asyncio.to_thread(Endpoint.objects.create, host_name="LT-1", enrolled_at=now)
    settings = config.Settings(data_directory=directory, report_port=0, enrolment_port=0)
    authority = Authority.create(directory / "ca", "localhost", now)
    identities = Identities()
    path = WritePath(url, rulepack.load(write_pack(directory / "rules")))
    writer = WriterThread(path)
    current = policy(settings)
    mailbox = Mailbox(url, refresh=0.0)
    reports = ReportService(writer, identities, Refused, lambda: current, mailbox=mailbox)
    servers = IngestServers(
        settings, authority, identities, reports, PolicyService(identities, Refused, lambda: current)
    )
    writer.start()
    await servers.start()
    try:
        credentials = _client(authority, endpoint.uuid)
        yield Stand(servers, authority, settings, path, url, endpoint.pk, credentials)
    finally:
        await servers.stop(0)
        await mailbox.close()
        await writer.stop()
        identities.close()
        await asyncio.to_thread(_close_django)


def _close_django() -> None:
    from django.db import connections

    connections.close_all()


@pytest.fixture
def run(django_url: str, tmp_path: Path) -> Callable[[Any], None]:
    def start(body: Any) -> None:
        async def whole() -> None:
            async with _stand(tmp_path, django_url) as stand:
                await asyncio.wait_for(body(stand), 30)

        asyncio.run(whole())

    return start


def request(number: int, value: float = 0.5, policy_version: str = "") -> report_pb2.SendReportsRequest:
    message = report_pb2.SendReportsRequest(
        report=report(number, time.time(), {CPU: value}), policy_version=policy_version
    )
    message.send_time.GetCurrentTime()
    return message


def stored(stand: Stand) -> list[int]:
    store = open_store(stand.url)
    try:
        return [entry.sequence for entry in journal.entries(store.connection, stand.endpoint)]
    finally:
        store.close()


def test_each_report_is_answered_in_order_once_it_is_stored(run: Any) -> None:
    async def body(stand: Stand) -> None:
        answers = await stand.send(*(request(number) for number in range(1, 101)))
        assert [answer.sequence for answer in answers] == list(range(1, 101))
        assert {answer.disposition for answer in answers} == {report_pb2.DISPOSITION_STORED}
        assert stored(stand) == list(range(1, 101))

    run(body)


def test_an_agent_without_the_current_policy_gets_it(run: Any) -> None:
    async def body(stand: Stand) -> None:
        current = policy(stand.settings)
        (first,) = await stand.send(request(1))
        assert first.policy == current
        (second,) = await stand.send(request(2, policy_version=current.version))
        assert not second.HasField("policy")
        async with stand.channel() as channel:
            stub: Any = policy_pb2_grpc.PolicyServiceStub(channel)
            assert (await stub.GetPolicy(policy_pb2.GetPolicyRequest(), timeout=10)).policy == current

    run(body)


def test_what_was_wrong_in_a_report_is_told(run: Any) -> None:
    async def body(stand: Stand) -> None:
        (answer,) = await stand.send(request(1, float("inf")))
        assert answer.disposition == report_pb2.DISPOSITION_STORED
        assert [(problem.reason, problem.count) for problem in answer.problems] == [("not_finite", 1)]
        broken = request(2)
        broken.report.values = b"\x00"
        (answer,) = await stand.send(broken)
        assert answer.disposition == report_pb2.DISPOSITION_QUARANTINED
        assert "four for each" in answer.problems[0].detail

    run(body)


def test_an_endpoint_that_nobody_knows_is_refused(run: Any) -> None:
    async def body(stand: Stand) -> None:
        stranger = _client(stand.authority, uuid.uuid4())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stand.send(request(1), credentials=stranger)
        assert caught.value.code() in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
        assert stored(stand) == []

    run(body)


def test_an_endpoint_is_revoked_within_an_open_stream(run: Any) -> None:
    async def body(stand: Stand) -> None:
        from django.db import connection

        from keuring_collector.fleet.models import Endpoint

        async with stand.channel() as channel:
            stub: Any = report_pb2_grpc.ReportServiceStub(channel)
            call = stub.SendReports()
            await call.write(request(1))
            assert (await call.read()).disposition == report_pb2.DISPOSITION_STORED

            def revoke() -> None:
                Endpoint.objects.filter(pk=stand.endpoint).update(state=Endpoint.State.REVOKED)
                connection.close()  # of this thread alone, which ends soon

            await asyncio.to_thread(revoke)
            await asyncio.sleep(2.5)  # the view of who is refused is at most two seconds old
            await call.write(request(2))
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call.read()
            assert caught.value.code() == grpc.StatusCode.PERMISSION_DENIED
            assert "enrol" in (caught.value.details() or "")
        assert stored(stand) == [1]

    run(body)


def test_a_database_that_cannot_store_says_try_later_and_loses_nothing(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(stand: Stand) -> None:
        def full(*_: Any) -> Any:
            raise StorageError("database or disk is full")

        await stand.send(request(1))
        with monkeypatch.context() as patch:
            patch.setattr(stand.path, "write", full)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await stand.send(request(2))
            assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
            assert "disk is full" in (caught.value.details() or "")
        answers = await stand.send(request(2), request(3))
        assert [answer.disposition for answer in answers] == [report_pb2.DISPOSITION_STORED] * 2
        assert stored(stand) == [1, 2, 3]

    run(body)


def test_a_message_over_a_mebibyte_is_refused(run: Any) -> None:
    async def body(stand: Stand) -> None:
        large = request(1)
        large.report.values = bytes(1_100_000)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stand.send(large)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert (await stand.send(request(1)))[0].disposition == report_pb2.DISPOSITION_STORED

    run(body)


def test_a_client_that_goes_away_does_not_hold_up_the_next(run: Any) -> None:
    async def body(stand: Stand) -> None:
        async with stand.channel() as channel:
            stub: Any = report_pb2_grpc.ReportServiceStub(channel)
            call = stub.SendReports()
            for number in range(1, 50):
                await call.write(request(number))
            call.cancel()
        answers = await stand.send(*(request(number) for number in range(1, 50)))
        assert {answer.disposition for answer in answers} <= {
            report_pb2.DISPOSITION_STORED,
            report_pb2.DISPOSITION_DUPLICATE,
        }
        assert stored(stand) == list(range(1, 50))

    run(body)


def test_the_policy_announces_the_wanted_version_and_changes_with_it(tmp_path: Path) -> None:
    before = policy(config.Settings(data_directory=tmp_path))
    after = policy(config.Settings(data_directory=tmp_path, wanted_agent_version="0.2.0"))
    assert (before.wanted_agent_version, after.wanted_agent_version) == ("", "0.2.0")
    assert before.version != after.version


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("disabled_signals", ("system.cpu.wattage",), "is no signal"),
        ("allowed_privacy_classes", ("secret",), "known are hardware, software, identity, presence"),
    ],
)
def test_a_policy_that_cannot_be_says_which_setting(tmp_path: Path, name: str, value: Any, told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        policy(config.Settings(data_directory=tmp_path, **{name: value}))
