"""Enrolment by an organisation's own machine certificate, agent and collector over real TLS; and who stays out."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keuring_agent import machine_certificate
from keuring_agent.config import Settings as AgentSettings
from keuring_agent.enrol import enrol
from keuring_agent.errors import EnrolmentError, UnreachableError
from keuring_collector import config
from keuring_collector.fleet.authority import Authority, parse_request
from tests.collector.certificates import key_pem, new_key, signing_request
from tests.collector.django_database import set_up_django
from tests.collector.test_enrolment import Policies, Reports, Stand

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from keuring_agent.identity import Identity

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
WEEK = dt.timedelta(days=7)
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


class Organisation:
    """A root, and an authority below it that issues machine certificates."""

    def __init__(self, name: str = "Example") -> None:
        self.root_key, self.issuer_key = rsa.generate_private_key(65537, 2048), new_key()
        self.root = self._make(f"{name} root", f"{name} root", self.root_key, self.root_key, authority=True)
        self.name = f"{name} issuing"
        self.issuer = self._make(self.name, f"{name} root", self.issuer_key, self.root_key, authority=True)

    @staticmethod
    def _make(
        subject: str,
        issuer: str,
        key: Any,
        by: Any,
        *,
        authority: bool,
        usage: Any = None,
        days: tuple[int, int] = (-1, 30),
    ) -> x509.Certificate:
        def name(text: str) -> x509.Name:
            return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

        builder = x509.CertificateBuilder(
            name(issuer), name(subject), key.public_key(), x509.random_serial_number(),
            NOW + dt.timedelta(days=days[0]), NOW + dt.timedelta(days=days[1]),
        )  # fmt: skip
        if authority:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            builder = builder.add_extension(
                x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True
            )
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        if issuer != subject:
            aki = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key())
            builder = builder.add_extension(aki, critical=False)
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=False)
        return builder.sign(by, hashes.SHA256())

    def machine(
        self, key: Any = None, usage: Any = (CLIENT,), days: tuple[int, int] = (-1, 30)
    ) -> tuple[Any, x509.Certificate]:
        """A key and its certificate."""
        key = key or new_key()
        return key, self._make("LT-0231", self.name, key, self.issuer_key, authority=False, usage=usage, days=days)

    def pem(self, *certificates: x509.Certificate) -> bytes:
        return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in (*certificates, self.issuer))


@pytest.fixture(scope="module")
def organisation() -> Organisation:
    set_up_django()
    return Organisation()


def der(*certificates: x509.Certificate) -> list[bytes]:
    return [each.public_bytes(serialization.Encoding.DER) for each in certificates]


# --- what is believed ---------------------------------------------------------------------------------------------


def outcome(organisation: Organisation, key: Any, certificates: list[bytes], signed: bytes | None = None) -> str:
    from keuring_collector.fleet.machines import CONTEXT, MachineAuthorities, MachineError

    data = CONTEXT + b"challenge" + b"request" if signed is None else signed
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        signature = key.sign(data, ec.ECDSA(hashes.SHA256()))
    else:
        signature = key.sign(data)
    try:
        authorities = MachineAuthorities([organisation.root])
        return authorities.prove(certificates, b"challenge", b"request", signature, NOW).fingerprint
    except MachineError as error:
        return error.outcome


@pytest.mark.parametrize(
    "make", [new_key, lambda: rsa.generate_private_key(65537, 2048), lambda: ec.generate_private_key(ec.SECP384R1())]
)
def test_certificates_of_the_organisation(organisation: Organisation, make: Callable[[], Any]) -> None:
    key, leaf = organisation.machine(make())
    chain = der(leaf, organisation.issuer)
    assert outcome(organisation, key, chain) == leaf.fingerprint(hashes.SHA256()).hex()
    assert outcome(organisation, make(), chain) == "unproven"
    assert outcome(organisation, key, chain, signed=b"challengerequest") == "unproven"


def test_certificates_that_prove_nothing(organisation: Organisation) -> None:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    stranger = Organisation("Stranger")
    key, leaf = organisation.machine()
    foreign_key, foreign = stranger.machine()
    # A machine's certificate is no authority: what it issues is worth nothing.
    child_key = new_key()
    child = Organisation._make("child", "LT-0231", child_key, key, authority=False, usage=[CLIENT])
    authority = Organisation._make(
        "evil", organisation.name, key, organisation.issuer_key, authority=True, usage=[CLIENT]
    )
    edwards = ed25519.Ed25519PrivateKey.generate()
    small = rsa.generate_private_key(65537, 1024)
    for name, owner, certificates in (
        ("none", key, []),
        ("rubbish", key, [b"rubbish"]),
        ("too many", key, der(leaf, *[organisation.issuer] * 5)),
        ("no issuer", key, der(leaf)),
        ("foreign", foreign_key, der(foreign, stranger.issuer)),
        ("foreign with our issuer beside", foreign_key, der(foreign, stranger.issuer, organisation.issuer)),
        ("for servers", key, der(organisation.machine(key, usage=[SERVER])[1], organisation.issuer)),
        ("for nothing said", key, der(organisation.machine(key, usage=None)[1], organisation.issuer)),
        ("expired", key, der(organisation.machine(key, days=(-30, -1))[1], organisation.issuer)),
        ("of the future", key, der(organisation.machine(key, days=(1, 30))[1], organisation.issuer)),
        ("by a machine", child_key, der(child, leaf, organisation.issuer)),
        ("an authority itself", key, der(authority, organisation.issuer)),
        ("the issuer", organisation.issuer_key, der(organisation.issuer)),
        ("small key", small, der(organisation.machine(small)[1], organisation.issuer)),
        ("another kind of key", edwards, der(organisation.machine(edwards)[1], organisation.issuer)),
    ):
        assert outcome(organisation, owner, certificates) in {"chain", "key"}, name


def test_roots_that_are_none(tmp_path: Path, organisation: Organisation) -> None:
    from keuring_collector.fleet.machines import MachineAuthorities, MachineRootsError

    path = tmp_path / "roots.pem"
    for content in (None, b"rubbish", organisation.pem(organisation.machine()[1])):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(MachineRootsError, match=r"roots\.pem: "):
            MachineAuthorities.read(path)


# --- one certificate, one endpoint --------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path, django_url: str) -> Authority:
    return Authority.create(tmp_path / "ca", "localhost", NOW)


def enter(authority: Authority, request: bytes, now: dt.datetime = NOW, fingerprint: str = "f" * 64) -> str:
    from django.db import connections

    from keuring_collector.fleet.machines import Machine, MachineError
    from keuring_collector.fleet.machines import enrol as enrol_machine

    try:
        found = enrol_machine(Machine(fingerprint), parse_request(request), "LT-0231", authority, now, WEEK)
        return str(found.endpoint)
    except MachineError as error:
        return error.outcome
    finally:
        connections.close_all()


def test_a_certificate_is_good_for_one_endpoint_at_a_time(authority: Authority) -> None:
    from keuring_collector.fleet.models import Colleague, Endpoint

    request, later = signing_request(new_key()), NOW + dt.timedelta(hours=1)
    first = enter(authority, request)
    assert enter(authority, request) == first
    colleague = Colleague.objects.create(name="Anna", mail="anna@example.com")
    Endpoint.objects.filter(uuid=first).update(colleague=colleague)
    assert enter(authority, signing_request(new_key())) == "too_soon"
    second = enter(authority, signing_request(new_key()), later)
    assert second != first
    old, new = Endpoint.objects.get(uuid=first), Endpoint.objects.get(uuid=second)
    assert (old.state, old.replaced_by, new.state, new.colleague) == ("replaced", new, "active", colleague)
    assert enter(authority, signing_request(new_key()), fingerprint="e" * 64) not in (first, second)


def test_what_the_desk_revoked_stays_out(authority: Authority) -> None:
    from keuring_collector.fleet.models import Endpoint

    request = signing_request(new_key())
    enter(authority, request)
    Endpoint.objects.update(state=Endpoint.State.REVOKED)
    assert enter(authority, request) == "revoked"
    assert enter(authority, signing_request(new_key()), NOW + WEEK) == "revoked"
    assert Endpoint.objects.count() == 1


def test_twenty_attempts_at_once_make_one_machine(authority: Authority) -> None:
    from keuring_collector.fleet.models import Endpoint

    requests = [signing_request(new_key()) for _ in range(20)]
    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(lambda request: enter(authority, request), requests))
    assert outcomes.count("too_soon") == 19
    assert Endpoint.objects.count() == 1


# --- agent and collector ------------------------------------------------------------------------------------------


@pytest.fixture
def run(
    django_url: str, tmp_path: Path, organisation: Organisation
) -> Callable[[Callable[[Stand], Coroutine[Any, Any, None]], bool], None]:
    from keuring_collector.fleet.identity import Identities
    from keuring_collector.ingest.server import IngestServers

    def start(body: Callable[[Stand], Coroutine[Any, Any, None]], offered: bool = True) -> None:
        async def whole() -> None:
            roots = tmp_path / "organisation.pem"
            roots.write_bytes(organisation.root.public_bytes(serialization.Encoding.PEM))
            chosen = config.Settings(
                data_directory=tmp_path, report_port=0, enrolment_port=0, machine_roots=roots if offered else None
            )
            authority, identities = Authority.create(tmp_path / "ca", "localhost", NOW), Identities()
            servers = IngestServers(chosen, authority, identities, Reports(), Policies(identities))
            await servers.start()
            try:
                await asyncio.wait_for(body(Stand(servers, authority, identities)), 60)
            finally:
                await servers.stop(0)
                identities.close()

        asyncio.run(whole())

    return start


async def attempt(place: Stand, directory: Path, **settings: Any) -> Identity:
    from keuring_collector.fleet import tokens

    token = tokens.for_agents("", [place.servers.enrolment_address], place.authority.root_der)
    machine = functools.partial(machine_certificate.load, AgentSettings(state_directory=directory, **settings))
    whole = functools.partial(enrol, directory, token, None, "lt-0231", 10.0, machine=machine)
    return await asyncio.get_running_loop().run_in_executor(None, whole)


def test_the_agent_enrols_by_pem_and_by_pkcs12(run: Any, tmp_path: Path, organisation: Organisation) -> None:
    key, leaf = organisation.machine()
    (tmp_path / "machine.pem").write_bytes(organisation.pem(leaf))
    (tmp_path / "machine.key").write_bytes(key_pem(key))
    strong, other = organisation.machine(rsa.generate_private_key(65537, 2048))
    sealed = serialization.BestAvailableEncryption(b"s3cret")
    (tmp_path / "machine.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(b"x", strong, other, [organisation.issuer], sealed)
    )
    (tmp_path / "password").write_text("s3cret\n")

    async def body(place: Stand) -> None:
        files = {"machine_certificate": tmp_path / "machine.pem", "machine_key": tmp_path / "machine.key"}
        first = await attempt(place, tmp_path / "one", **files)
        policy = await place.policy(first.private_key.encode(), first.certificate_chain.encode())
        assert policy.isdigit()  # it may report
        password = {"machine_password_file": tmp_path / "password"}
        second = await attempt(place, tmp_path / "two", machine_certificate=tmp_path / "machine.p12", **password)
        assert first.endpoint_id != second.endpoint_id
        # Set up anew a moment later: it must wait; nobody learns more than that.
        with pytest.raises(UnreachableError, match="too many attempts"):
            await attempt(place, tmp_path / "three", **files)

    run(body)


def test_strangers_are_told_nothing(run: Any, tmp_path: Path) -> None:
    stranger = Organisation("Stranger")
    key, leaf = stranger.machine()
    (tmp_path / "machine.pem").write_bytes(key_pem(key) + stranger.pem(leaf))

    async def body(place: Stand) -> None:
        with pytest.raises(EnrolmentError, match="enrols no machine here"):
            await attempt(place, tmp_path / "one", machine_certificate=tmp_path / "machine.pem")

    run(body)


def test_a_collector_that_takes_none_says_so(run: Any, tmp_path: Path, organisation: Organisation) -> None:
    key, leaf = organisation.machine()
    (tmp_path / "machine.pem").write_bytes(key_pem(key) + organisation.pem(leaf))

    async def body(place: Stand) -> None:
        with pytest.raises(EnrolmentError, match="takes no machine certificates"):
            await attempt(place, tmp_path / "one", machine_certificate=tmp_path / "machine.pem")

    run(body, False)
