"""Enrolment and renewal over real grpc and real TLS, and who is let in on the reporting port."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket
import ssl
import struct
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import grpc
import pytest

from keuring.enrolment.v1 import enrolment_pb2, enrolment_pb2_grpc
from keuring.policy.v1 import policy_pb2, policy_pb2_grpc
from keuring.report.v1 import report_pb2_grpc
from keuring_collector import config
from keuring_collector.fleet.authority import Authority, parse_request
from keuring_collector.ingest.rate import RateLimit, address_of
from tests.collector.certificates import key_pem, new_key, signing_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from pathlib import Path

    from keuring_collector.fleet.identity import Identities
    from keuring_collector.ingest.server import IngestServers

NOW = dt.datetime.now(dt.UTC)


class Reports(report_pb2_grpc.ReportServiceServicer):
    """Takes no reports; only who may call is at stake here."""

    def SendReports(self, request_iterator: Any, context: Any) -> Any:  # noqa: N802
        raise NotImplementedError


class Policies(policy_pb2_grpc.PolicyServiceServicer):
    """Answers with the number of the endpoint that calls."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    async def GetPolicy(  # noqa: N802
        self, request: policy_pb2.GetPolicyRequest, context: Any
    ) -> policy_pb2.GetPolicyResponse:
        from keuring_collector.fleet.identity import Refused

        try:
            endpoint = self._identities.endpoint_of(context.auth_context())
        except Refused as error:
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, error.reason)
        return policy_pb2.GetPolicyResponse(policy=policy_pb2.Policy(version=str(endpoint)))


@dataclass
class Stand:
    """A running pair of servers and what a test needs to talk to them."""

    servers: IngestServers
    authority: Authority
    identities: Identities

    async def enrol(self, token: str, request: bytes, roots: bytes | None = None) -> Any:
        target = f"localhost:{self.servers.enrolment_port}"
        credentials = grpc.ssl_channel_credentials(roots or self.authority.trust_roots)
        async with grpc.aio.secure_channel(target, credentials) as channel:
            stub: Any = enrolment_pb2_grpc.EnrolmentServiceStub(channel)
            message = enrolment_pb2.EnrolEndpointRequest(
                token=token, certificate_signing_request=request, host_name="LT-0231", agent_version="0.1.0"
            )
            return await stub.EnrolEndpoint(message, timeout=10)

    def channel(self, key: bytes | None, chain: bytes | None) -> grpc.aio.Channel:
        credentials = grpc.ssl_channel_credentials(self.authority.trust_roots, key, chain)
        return grpc.aio.secure_channel(f"localhost:{self.servers.report_port}", credentials)

    async def policy(self, key: bytes | None, chain: bytes | None) -> str:
        async with self.channel(key, chain) as channel:
            stub: Any = policy_pb2_grpc.PolicyServiceStub(channel)
            response = await stub.GetPolicy(policy_pb2.GetPolicyRequest(), timeout=10)
            return str(response.policy.version)


@contextlib.asynccontextmanager
async def stand(directory: Path) -> AsyncIterator[Stand]:
    from keuring_collector.fleet.identity import Identities
    from keuring_collector.ingest.server import IngestServers

    settings = config.Settings(data_directory=directory, report_port=0, enrolment_port=0, other_collectors=("spare",))
    authority = Authority.create(directory / "ca", "localhost", NOW)
    identities = Identities()
    servers = IngestServers(settings, authority, identities, Reports(), Policies(identities))
    await servers.start()
    try:
        yield Stand(servers, authority, identities)
    finally:
        await servers.stop(0)
        identities.close()


@pytest.fixture
def run(django_url: str, tmp_path: Path) -> Callable[[Callable[[Stand], Coroutine[Any, Any, None]]], None]:
    def start(body: Callable[[Stand], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            async with stand(tmp_path) as running:
                await asyncio.wait_for(body(running), 30)

        asyncio.run(whole())

    return start


def _mint(uses: int = 1, minutes: float = 10) -> str:
    from keuring_collector.fleet import tokens

    return tokens.mint(dt.datetime.now(dt.UTC), dt.timedelta(minutes=minutes), uses)


async def _code(call: Coroutine[Any, Any, Any]) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code(), caught.value.details() or ""


def test_enrolled_endpoint_is_known_at_once_and_renews(run: Any) -> None:
    token = _mint()

    async def body(stand: Stand) -> None:
        key, renewed_key = new_key(), new_key()
        answer = await stand.enrol(token, signing_request(key))
        port = stand.servers.report_port
        assert answer.report_addresses == [f"localhost:{port}", f"spare:{port}"]
        assert answer.trust_roots == stand.authority.trust_roots
        assert uuid.UUID(answer.endpoint_id)
        number = await stand.policy(key_pem(key), answer.certificate_chain)
        async with stand.channel(key_pem(key), answer.certificate_chain) as channel:
            stub: Any = enrolment_pb2_grpc.CertificateServiceStub(channel)
            request = enrolment_pb2.RenewCertificateRequest(certificate_signing_request=signing_request(renewed_key))
            renewed = await stub.RenewCertificate(request, timeout=10)
        assert await stand.policy(key_pem(renewed_key), renewed.certificate_chain) == number

    run(body)


def test_lost_answer_costs_nothing(run: Any) -> None:
    token, request = _mint(), signing_request(new_key())

    async def body(stand: Stand) -> None:
        first, second = await stand.enrol(token, request), await stand.enrol(token, request)
        assert first == second

    run(body)


def test_refusals_of_enrolment(run: Any) -> None:
    used, expired, fresh = _mint(), _mint(minutes=-1), _mint()

    async def body(stand: Stand) -> None:
        await stand.enrol(used, signing_request(new_key()))
        for token, says in ((used, "was used"), (expired, "has expired"), ("0123.nothing", "is not known")):
            code, message = await _code(stand.enrol(token, signing_request(new_key())))
            assert code is grpc.StatusCode.UNAUTHENTICATED
            assert says in message
            assert "keuring-collector token" in message
        code, message = await _code(stand.enrol(fresh, b"rubbish"))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        await stand.enrol(fresh, signing_request(new_key()))  # the bad request did not use the token up

    run(body)


def test_agent_that_pins_another_root_sends_nothing(run: Any, tmp_path: Path) -> None:
    token = _mint()
    foreign = Authority.create(tmp_path / "foreign", "localhost", NOW)

    async def body(stand: Stand) -> None:
        code, message = await _code(stand.enrol(token, signing_request(new_key()), foreign.trust_roots))
        assert code is grpc.StatusCode.UNAVAILABLE
        assert "CERTIFICATE_VERIFY_FAILED" in message
        await stand.enrol(token, signing_request(new_key()))  # the token never left the agent

    run(body)


def test_more_than_ten_enrolments_a_minute_are_refused(run: Any) -> None:
    async def body(stand: Stand) -> None:
        outcomes = [await _code(stand.enrol("x.y", b"")) for _ in range(12)]
        assert [code for code, _ in outcomes[10:]] == [grpc.StatusCode.RESOURCE_EXHAUSTED] * 2
        assert "10 enrolments a minute" in outcomes[11][1]

    run(body)


def test_oversize_request_is_refused(run: Any) -> None:
    token = _mint()

    async def body(stand: Stand) -> None:
        code, _ = await _code(stand.enrol(token, b"\x00" * 2_000_000))
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED

    run(body)


def test_reporting_port_lets_nobody_in_without_a_certificate_of_ours(run: Any, tmp_path: Path) -> None:
    foreign = Authority.create(tmp_path / "foreign", "localhost", NOW)

    async def body(stand: Stand) -> None:
        key = new_key()
        request = parse_request(signing_request(key))
        stranger = foreign.issue_endpoint(uuid.uuid4(), request, NOW, dt.timedelta(days=1)).chain.encode()
        old = dt.datetime.now(dt.UTC) - dt.timedelta(days=8)
        expired = stand.authority.issue_endpoint(uuid.uuid4(), request, old, dt.timedelta(days=7)).chain.encode()
        server = stand.authority.server_identity(NOW)
        for name, credentials in {
            "none": (None, None),
            "foreign": (key_pem(key), stranger),
            "expired": (key_pem(key), expired),
            "server's own": (server.key, server.chain),
        }.items():
            code, _ = await _code(stand.policy(*credentials))
            assert code is grpc.StatusCode.UNAVAILABLE, name
        unknown = stand.authority.issue_endpoint(uuid.uuid4(), request, NOW, dt.timedelta(days=1)).chain.encode()
        assert await _code(stand.policy(key_pem(key), unknown)) == (grpc.StatusCode.PERMISSION_DENIED, "no_identity")

    run(body)


def test_revoked_endpoint_is_refused_within_seconds_and_cannot_renew(run: Any) -> None:
    token = _mint()

    def revoke() -> None:
        from django.db import connections

        from keuring_collector.fleet.models import Endpoint

        Endpoint.objects.update(state=Endpoint.State.REVOKED)
        connections.close_all()

    async def body(stand: Stand) -> None:
        key = new_key()
        answer = await stand.enrol(token, signing_request(key))
        number = int(await stand.policy(key_pem(key), answer.certificate_chain))
        assert stand.identities.is_active(number)
        await asyncio.to_thread(revoke)
        deadline = asyncio.get_running_loop().time() + 5
        while stand.identities.is_active(number):
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.1)
        code, reason = await _code(stand.policy(key_pem(key), answer.certificate_chain))
        assert (code, reason) == (grpc.StatusCode.PERMISSION_DENIED, "revoked")
        async with stand.channel(key_pem(key), answer.certificate_chain) as channel:
            stub: Any = enrolment_pb2_grpc.CertificateServiceStub(channel)
            request = enrolment_pb2.RenewCertificateRequest(certificate_signing_request=signing_request(key))
            code, message = await _code(stub.RenewCertificate(request, timeout=10))
        assert code is grpc.StatusCode.PERMISSION_DENIED
        assert "new token" in message

    run(body)


def test_tls_1_2_is_seen_and_refused() -> None:
    from tests.collector.django_database import set_up_django

    set_up_django()
    from keuring_collector.fleet.identity import Refused, check_version, uuid_of

    name = uuid.uuid4()
    context = {"ssl_tls_version": [b"TLSv1.2"], "x509_subject_alternative_name": [name.urn.encode()]}
    with pytest.raises(Refused, match=r"TLSv1\.2") as caught:
        uuid_of(context, NOW)
    assert caught.value.reason == "tls_version"
    with pytest.raises(Refused):
        check_version(context)
    assert uuid_of({**context, "ssl_tls_version": [b"TLSv1.3"]}, NOW) == name
    for names in ([], [b"localhost"], [b"urn:uuid:rubbish"], [name.urn.encode()] * 2):
        with pytest.raises(Refused):
            uuid_of({"x509_subject_alternative_name": names}, NOW)


def _call_by_hand(target: tuple[str, int], context: ssl.SSLContext, path: str) -> bytes:
    """One grpc call in bare HTTP/2 frames, since grpc's own client cannot be held to an older TLS."""

    def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
        return struct.pack(">IBI", len(body) << 8 | kind, flags, stream)[0:9] + body

    def header(name: str, value: str) -> bytes:
        return b"\x00" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()

    fields = {":method": "POST", ":scheme": "https", ":path": path, ":authority": "localhost"}
    fields |= {"content-type": "application/grpc", "te": "trailers"}
    block = b"".join(header(name, value) for name, value in fields.items())
    call = frame(4, 0, 0, b"") + frame(1, 4, 1, block) + frame(0, 1, 1, b"\x00\x00\x00\x00\x00")
    received = b""
    with (
        socket.create_connection(target, timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.version() == "TLSv1.2"
        secure.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + call)
        while b"\x01\x05\x00\x00\x00\x01" not in received:  # HEADERS that end stream 1
            received += secure.recv(65536)
    return received


def test_caller_that_speaks_tls_1_2_gets_no_answer(run: Any) -> None:
    from keuring_collector import metrics

    refused = metrics.ENROLMENTS.labels("tls_version")._value

    async def body(stand: Stand) -> None:
        context = ssl.create_default_context(cadata=stand.authority.trust_roots.decode())
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["h2"])
        before = refused.get()
        target = ("localhost", stand.servers.enrolment_port)
        path = "/keuring.enrolment.v1.EnrolmentService/EnrolEndpoint"
        await asyncio.to_thread(_call_by_hand, target, context, path)
        assert refused.get() == before + 1

    run(body)


def test_port_that_is_taken_is_named_with_its_setting(django_url: str, tmp_path: Path) -> None:
    from keuring_collector.addresses import PortTakenError, check_free

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"port {port} on 127\.0\.0\.1.*another program.*'report_port'"):
            check_free("127.0.0.1", port, "report_port")


def test_rate_limit_lets_go_with_time_and_remembers_a_bounded_number() -> None:
    limit = RateLimit(10, 10)
    assert [limit.admits("a", 0.0) for _ in range(11)] == [True] * 10 + [False]
    assert limit.admits("b", 0.0)
    assert not limit.admits("a", 5.9)
    assert limit.admits("a", 12.0)
    for number in range(20_000):
        limit.admits(str(number), 13.0)
    assert len(limit._buckets) == 10_000
    assert address_of("ipv4:192.0.2.1:50000") == "192.0.2.1"
    assert address_of("ipv6:%5B::1%5D:50000") == "%5B::1%5D"
    assert address_of("unix:") == "unix:"
