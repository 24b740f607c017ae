"""A new certificate for one that expired offline, over real grpc and real TLS; and everybody who must not get one."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import functools
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from keuring.enrolment.v1 import enrolment_pb2, enrolment_pb2_grpc
from keuring_agent import identity, sending
from keuring_agent.config import Settings as AgentSettings
from keuring_agent.enrol import enrol
from keuring_agent.errors import RefusedError
from keuring_collector import config, metrics
from keuring_collector.fleet.authority import Authority, parse_request
from keuring_collector.ingest.challenge import SECONDS, Challenges
from tests.collector.certificates import key_pem, new_key, signing_request
from tests.collector.django_database import set_up_django
from tests.collector.test_enrolment import Policies, Reports, Stand, _code, _mint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

CONTEXT = b"keuring.enrolment.v1.RecoverCertificate\x00"
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
WEEK = dt.timedelta(days=7)
AWAY = dt.timedelta(days=10)


class Clock:
    """The collector's; the test sets it."""

    now = NOW

    def __call__(self) -> dt.datetime:
        return self.now


class Place(Stand):
    """A collector whose clock can be set, and a hand-made agent's side of recovery."""

    clock: Clock

    @contextlib.asynccontextmanager
    async def stub(self) -> AsyncIterator[Any]:
        credentials = grpc.ssl_channel_credentials(self.authority.trust_roots)
        target = f"localhost:{self.servers.enrolment_port}"
        async with grpc.aio.secure_channel(target, credentials) as channel:
            yield enrolment_pb2_grpc.RecoveryServiceStub(channel)

    async def challenge(self) -> bytes:
        async with self.stub() as stub:
            answer = await stub.GetChallenge(enrolment_pb2.GetChallengeRequest(), timeout=10)
        return bytes(answer.challenge)

    async def recover(self, key: ec.EllipticCurvePrivateKey, chain: bytes, **changes: bytes) -> Any:
        request = changes.get("request") or signing_request(new_key())
        challenge = changes.get("challenge") or await self.challenge()
        signature = key.sign(CONTEXT + challenge + changes.get("signed", request), ec.ECDSA(hashes.SHA256()))
        async with self.stub() as stub:
            return await stub.RecoverCertificate(
                enrolment_pb2.RecoverCertificateRequest(
                    challenge=challenge,
                    certificate_chain=chain,
                    certificate_signing_request=request,
                    signature=changes.get("signature", signature),
                ),
                timeout=10,
            )

    async def enrolled(self, token: str, away: dt.timedelta = AWAY) -> tuple[ec.EllipticCurvePrivateKey, bytes, str]:
        """A machine that enrolled ``away`` ago, whose certificate is over by now: key, chain, UUID."""
        key = new_key()
        self.clock.now = NOW - away
        answer = await self.enrol(token, signing_request(key))
        self.clock.now = NOW
        return key, answer.certificate_chain, answer.endpoint_id


@pytest.fixture
def run(django_url: str, tmp_path: Path) -> Callable[[Callable[[Place], Coroutine[Any, Any, None]]], None]:
    from keuring_collector.fleet.identity import Identities
    from keuring_collector.ingest.server import IngestServers

    def start(body: Callable[[Place], Coroutine[Any, Any, None]]) -> None:
        async def whole() -> None:
            chosen = config.Settings(data_directory=tmp_path, report_port=0, enrolment_port=0, recovery_days=90)
            authority = Authority.create(tmp_path / "ca", "localhost", NOW - dt.timedelta(days=120))
            identities, clock = Identities(), Clock()
            servers = IngestServers(chosen, authority, identities, Reports(), Policies(identities), clock)
            await servers.start()
            place = Place(servers, authority, identities)
            place.clock = clock
            try:
                await asyncio.wait_for(body(place), 60)
            finally:
                await servers.stop(0)
                identities.close()

        asyncio.run(whole())

    return start


def in_database(change: Callable[[], object]) -> Coroutine[Any, Any, None]:
    from django.db import connections

    def whole() -> None:
        change()
        connections.close_all()

    return asyncio.to_thread(whole)


def counted(outcome: str) -> float:
    return float(metrics.RECOVERIES.labels(outcome)._value.get())


async def refused(call: Coroutine[Any, Any, Any], outcome: str, told: set[tuple[Any, str]]) -> None:
    """Refused for the reason ``outcome``, which only our own metrics say; what the caller is told goes to ``told``."""
    before = counted(outcome)
    told.add(await _code(call))
    assert counted(outcome) == before + 1, outcome


def test_an_expired_machine_is_back_with_its_identity(run: Any) -> None:
    token = _mint()

    async def body(place: Place) -> None:
        key, chain, endpoint = await place.enrolled(token)
        code, _ = await _code(place.policy(key_pem(key), chain))
        assert code is grpc.StatusCode.UNAVAILABLE  # the reporting port lets nobody in with it
        successor = new_key()
        answer = await place.recover(key, chain, request=signing_request(successor))
        assert answer.trust_roots == place.authority.trust_roots
        leaf = x509.load_pem_x509_certificate(answer.certificate_chain)
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.UniformResourceIdentifier) == [uuid.UUID(endpoint).urn]
        assert leaf.not_valid_after_utc == NOW + WEEK
        assert await place.policy(key_pem(successor), answer.certificate_chain)

    run(body)


def test_a_lost_answer_costs_nothing_and_a_second_claim_gets_nothing(run: Any) -> None:
    token, told = _mint(), set[tuple[Any, str]]()

    async def body(place: Place) -> None:
        key, chain, _ = await place.enrolled(token)
        request = signing_request(new_key())
        first = await place.recover(key, chain, request=request)
        again = await place.recover(key, chain, request=request)
        assert first == again
        # Whoever copied the old key comes too late: the certificate is not the latest any more.
        await refused(place.recover(key, chain), "superseded", told)

    run(body)


def test_everybody_who_must_not_get_one_is_told_the_same(run: Any, tmp_path: Path) -> None:
    tokens, told = [_mint() for _ in range(4)], set[tuple[Any, str]]()
    foreign = Authority.create(tmp_path / "foreign", "localhost", NOW - dt.timedelta(days=120))

    async def body(place: Place) -> None:
        key, chain, endpoint = await place.enrolled(tokens[0])
        other_key, other_chain, _ = await place.enrolled(tokens[1])
        request = signing_request(new_key())

        await refused(place.recover(new_key(), chain), "unproven", told)
        await refused(place.recover(key, other_chain), "unproven", told)  # another endpoint's certificate
        await refused(place.recover(key, chain, request=request, signed=b"another request"), "unproven", told)
        await refused(place.recover(key, chain, signature=b""), "unproven", told)
        await refused(place.recover(key, chain, request=request[:-1] + b"x", signed=request), "bad_request", told)
        await refused(place.recover(key, chain, request=b"rubbish"), "bad_request", told)

        challenge = await place.challenge()
        await refused(place.recover(key, chain, challenge=challenge, signature=b""), "unproven", told)
        await refused(place.recover(key, chain, challenge=challenge), "challenge", told)  # replayed, though proven
        await refused(place.recover(key, chain, challenge=b"x" * 56), "challenge", told)  # of our own making
        altered = bytes([challenge[0] ^ 1]) + challenge[1:]
        await refused(place.recover(key, chain, challenge=altered), "challenge", told)

        then, name = NOW - AWAY, uuid.UUID(endpoint)
        strange = foreign.issue_endpoint(name, parse_request(signing_request(key)), then, WEEK).chain.encode()
        await refused(place.recover(key, strange), "chain", told)  # unknown authority
        blocks = x509.load_pem_x509_certificates(strange) + x509.load_pem_x509_certificates(chain)
        mixed = b"".join(each.public_bytes(serialization.Encoding.PEM) for each in (blocks[0], blocks[3]))
        await refused(place.recover(key, mixed), "chain", told)  # a foreign leaf under our issuer
        server = place.authority.server_identity(NOW)
        server_key = serialization.load_pem_private_key(server.key, None)
        assert isinstance(server_key, ec.EllipticCurvePrivateKey)
        await refused(place.recover(server_key, server.chain), "chain", told)  # no endpoint's certificate
        for rubbish in (b"", b"rubbish", chain[: len(chain) // 4], chain * 20, place.authority.trust_roots):
            await refused(place.recover(key, rubbish), "chain", told)
        # A certificate that we never gave (ours was stolen, or the database was put back): not the latest.
        unknown = place.authority.issue_endpoint(name, parse_request(signing_request(key)), then, WEEK).chain.encode()
        await refused(place.recover(key, unknown), "superseded", told)

        old_key, old_chain, _ = await place.enrolled(tokens[2], away=dt.timedelta(days=98))
        await refused(place.recover(old_key, old_chain), "too_old", told)

        from keuring_collector.fleet.models import Endpoint

        await in_database(lambda: Endpoint.objects.filter(uuid=endpoint).update(state="revoked"))
        await refused(place.recover(key, chain), "revoked", told)
        await in_database(lambda: Endpoint.objects.filter(uuid=endpoint).update(state="replaced"))
        await refused(place.recover(key, chain), "revoked", told)

        assert {code for code, _ in told} == {grpc.StatusCode.PERMISSION_DENIED}
        assert len(told) == 1, told
        assert await place.recover(other_key, other_chain)  # and an honest one still gets in

    run(body)


def test_a_certificate_that_was_renewed_is_not_the_latest(run: Any) -> None:
    token, told = _mint(), set[tuple[Any, str]]()

    async def body(place: Place) -> None:
        key, chain, endpoint = await place.enrolled(token)

        def renew() -> None:
            from keuring_collector.fleet import tokens

            request = parse_request(signing_request(new_key()))
            tokens.renew(uuid.UUID(endpoint), request, place.authority, NOW - dt.timedelta(days=5), WEEK)

        await in_database(renew)
        await refused(place.recover(key, chain), "superseded", told)

    run(body)


def test_a_renewal_whose_answer_was_lost_is_taken_up(run: Any) -> None:
    token = _mint()

    async def body(place: Place) -> None:
        key, chain, endpoint = await place.enrolled(token, away=dt.timedelta(days=30))
        request = signing_request(new_key())

        def renew() -> None:
            from keuring_collector.fleet import tokens

            parsed = parse_request(request)
            tokens.renew(uuid.UUID(endpoint), parsed, place.authority, NOW - dt.timedelta(days=25), WEEK)

        await in_database(renew)
        answer = await place.recover(key, chain, request=request)
        assert x509.load_pem_x509_certificate(answer.certificate_chain).not_valid_after_utc == NOW + WEEK

    run(body)


def test_one_machine_may_not_try_often(run: Any) -> None:
    token = _mint()

    async def body(place: Place) -> None:
        key, chain, _ = await place.enrolled(token)
        request = signing_request(new_key())
        for _ in range(3):
            await place.recover(key, chain, request=request)
        assert (await _code(place.recover(key, chain, request=request)))[0] is grpc.StatusCode.RESOURCE_EXHAUSTED
        # Who has not the key spends nothing of its owner's attempts, and is told the usual.
        assert (await _code(place.recover(new_key(), chain)))[0] is grpc.StatusCode.PERMISSION_DENIED

    run(body)


def test_one_address_may_not_ask_for_challenges_without_end(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from keuring_collector.ingest import recovery

    monkeypatch.setattr(recovery, "RULES", recovery.RULES._replace(burst=5))

    async def body(place: Place) -> None:
        for _ in range(5):
            await place.challenge()
        code, message = await _code(place.challenge())
        assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "too many challenges" in message

    run(body)


def test_the_real_agent_recovers_and_a_revoked_one_is_refused(run: Any, tmp_path: Path) -> None:
    token = _mint(uses=2)

    async def body(place: Place) -> None:
        from keuring_collector.fleet import tokens
        from keuring_collector.fleet.models import Endpoint

        where = f"localhost:{place.servers.enrolment_port}"
        line = tokens.for_agents(token, [where], place.authority.root_der)
        welcome, unwelcome = tmp_path / "welcome", tmp_path / "unwelcome"
        place.clock.now = NOW - AWAY
        for directory in (welcome, unwelcome):
            found = await asyncio.to_thread(enrol, directory, line, None, "lt", 10.0)
            assert found.enrolment_addresses == (where,)
            assert found.has_expired(NOW.timestamp())
        place.clock.now = NOW
        await in_database(lambda: Endpoint.objects.filter(uuid=found.endpoint_id).update(state="revoked"))

        await asyncio.to_thread(sending.send, AgentSettings(state_directory=welcome))
        back = identity.load(welcome)
        assert not back.has_expired(NOW.timestamp())
        assert await place.policy(back.private_key.encode(), back.certificate_chain.encode())
        with pytest.raises(RefusedError, match="gives no new one"):
            await asyncio.to_thread(sending.send, AgentSettings(state_directory=unwelcome))

    run(body)


def test_a_challenge_is_good_once_and_for_a_minute() -> None:
    challenges, others = Challenges(), Challenges()
    first, second = challenges.draw(0.0), challenges.draw(0.0)
    assert first != second
    assert challenges.take(first, SECONDS - 1)
    assert not challenges.take(first, SECONDS - 1)
    assert not challenges.take(second, SECONDS)
    assert not others.take(challenges.draw(0.0), 1.0)
    for number in range(1000):
        assert challenges.take(challenges.draw(100.0 + number), 100.0 + number)
    assert len(challenges._used) < 200  # those that ended are forgotten


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 55), st.integers(1, 255))
def test_no_other_bytes_are_a_challenge(rubbish: bytes, place: int, change: int) -> None:
    challenges = Challenges()
    good = challenges.draw(0.0)
    altered = good[:place] + bytes([good[place] ^ change]) + good[place + 1 :]
    assert not challenges.take(rubbish, 1.0)
    assert not challenges.take(altered, 1.0)
    assert not challenges.take(good + rubbish, 1.0) or not rubbish


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # that of a changed certificate may be below nought
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["challenge", "request", "signature", "chain"]), st.integers(0, 10_000), st.integers(1, 255))
def test_one_changed_byte_proves_nothing_else(what: str, place: int, change: int) -> None:
    from keuring_collector.fleet import recovery

    sound = _sound()
    expected = recovery.prove(**sound)
    data = sound[what]
    place %= len(data)
    altered = {**sound, what: data[:place] + bytes([data[place] ^ change]) + data[place + 1 :]}
    try:
        found = recovery.prove(**altered)
    except recovery.RecoveryError:
        return
    assert what == "chain"  # a byte of the PEM's armour, or of the issuer that is not looked at
    assert found == expected


@functools.cache
def _sound() -> dict[str, bytes]:
    """What proves an endpoint: keyword arguments of `prove`."""
    set_up_django()
    with tempfile.TemporaryDirectory() as directory:
        authority = Authority.create(Path(directory), "localhost", NOW)
        key, challenge, request = new_key(), b"c" * 56, signing_request(new_key())
        issued = authority.issue_endpoint(uuid.uuid4(), parse_request(signing_request(key)), NOW - AWAY, WEEK)
        signature = key.sign(CONTEXT + challenge + request, ec.ECDSA(hashes.SHA256()))
        return {
            "chain": issued.chain.encode(),
            "challenge": challenge,
            "request": request,
            "signature": signature,
            "trust_roots": authority.trust_roots,
        }
