"""The certificate authority: what it makes, renews and refuses."""

from __future__ import annotations

import datetime as dt
import ipaddress
import uuid
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import verification

from keuring_collector.fleet.authority import Authority, AuthorityError, RequestError, parse_request
from tests.collector.certificates import NOW, new_key, signing_request

if TYPE_CHECKING:
    from pathlib import Path

DAY = dt.timedelta(days=1)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority.create(tmp_path / "ca", "desk.example", NOW)


def _verified(authority: Authority, chain: bytes, name: x509.DNSName | x509.IPAddress, at: dt.datetime) -> None:
    leaf, *others = x509.load_pem_x509_certificates(chain)
    store = verification.Store(x509.load_pem_x509_certificates(authority.trust_roots))
    verification.PolicyBuilder().store(store).time(at).build_server_verifier(name).verify(leaf, others)


def test_keys_are_readable_by_their_owner_alone(authority: Authority) -> None:
    keys = sorted(path.name for path in authority.directory.glob("*.key"))
    assert keys == ["issuer.key", "next-root.key", "root.key", "server.key"]
    assert {path.stat().st_mode & 0o777 for path in authority.directory.iterdir()} == {0o600}


def test_lifetimes(authority: Authority) -> None:
    days = {name: (until - NOW).days for name, until in authority.expiries().items()}
    assert days == {"root": 3652, "next-root": 3652, "issuer": 365, "server": 30}


def test_creating_again_changes_nothing(authority: Authority) -> None:
    before = {path.name: path.read_bytes() for path in authority.directory.iterdir()}
    Authority.create(authority.directory, "desk.example", NOW + DAY)
    assert {path.name: path.read_bytes() for path in authority.directory.iterdir()} == before


def test_server_certificate_is_good_for_its_names_alone(authority: Authority) -> None:
    identity = authority.server_identity(NOW)
    for name in ("desk.example", "localhost"):
        _verified(authority, identity.chain, x509.DNSName(name), NOW)
    for address in ("127.0.0.1", "::1"):
        _verified(authority, identity.chain, x509.IPAddress(ipaddress.ip_address(address)), NOW)
    with pytest.raises(verification.VerificationError):
        _verified(authority, identity.chain, x509.DNSName("bank.example"), NOW)


def test_public_name_may_be_an_address(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path, "192.0.2.7", NOW)
    names = x509.load_pem_x509_certificates(authority.server_identity(NOW).chain)[0].extensions
    addresses = names.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.IPAddress)
    assert ipaddress.ip_address("192.0.2.7") in addresses


def test_server_certificate_is_renewed_before_it_expires(authority: Authority) -> None:
    first = authority.server_identity(NOW)
    assert authority.server_identity(NOW + 19 * DAY).chain == first.chain
    later = NOW + 21 * DAY
    second = authority.server_identity(later)
    assert second.not_after == later + 30 * DAY
    assert second.key == first.key
    _verified(authority, second.chain, x509.DNSName("desk.example"), later)


def test_issuer_is_renewed_while_the_root_key_is_here(authority: Authority) -> None:
    later = NOW + 320 * DAY
    identity = authority.server_identity(later)
    assert authority.expiries()["issuer"] == later + 365 * DAY
    _verified(authority, identity.chain, x509.DNSName("desk.example"), later)


def test_without_the_root_key_the_issuer_serves_to_its_end_and_then_says_what_to_do(authority: Authority) -> None:
    (authority.directory / "root.key").unlink()
    assert authority.server_identity(NOW + 350 * DAY).not_after == authority.expiries()["issuer"]
    with pytest.raises(AuthorityError, match=r"put root\.key back"):
        authority.server_identity(NOW + 366 * DAY)


def test_another_public_name_gets_another_issuer(authority: Authority) -> None:
    moved = Authority.open(authority.directory, "keuring.example")
    _verified(moved, moved.server_identity(NOW).chain, x509.DNSName("keuring.example"), NOW)


def test_endpoint_certificate_names_the_endpoint_and_ignores_the_subject(authority: Authority) -> None:
    key, identity = new_key(), uuid.uuid4()
    issued = authority.issue_endpoint(identity, parse_request(signing_request(key, "root")), NOW, 7 * DAY)
    leaf, *others = x509.load_pem_x509_certificates(issued.chain.encode())
    store = verification.Store(x509.load_pem_x509_certificates(authority.trust_roots))
    client = verification.PolicyBuilder().store(store).time(NOW).build_client_verifier().verify(leaf, others)
    assert client.subjects is not None
    assert [name.value for name in client.subjects] == [identity.urn]
    assert "root" not in leaf.subject.rfc4514_string()
    assert issued.not_after == NOW + 7 * DAY
    assert issued.serial == f"{leaf.serial_number:x}"
    assert leaf.public_key() == key.public_key()
    with pytest.raises(verification.VerificationError):
        verification.PolicyBuilder().store(store).time(NOW).build_server_verifier(x509.DNSName("localhost")).verify(
            leaf, others
        )


def test_serials_differ(authority: Authority) -> None:
    request = parse_request(signing_request(new_key()))
    serials = {authority.issue_endpoint(uuid.uuid4(), request, NOW, DAY).serial for _ in range(20)}
    assert len(serials) == 20


def _broken_signature() -> bytes:
    der = bytearray(signing_request(new_key()))
    der[-1] ^= 1
    return bytes(der)


@pytest.mark.parametrize(
    ("der", "says"),
    [
        (b"", "no PKCS #10"),
        (b"\x30\x03\x02\x01\x00", "no PKCS #10"),
        (b"\x00" * 5000, "at most 4096"),
        (signing_request(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        (signing_request(rsa.generate_private_key(65537, 2048)), "P-256"),
        (_broken_signature(), "signature"),
    ],
    ids=["empty", "rubbish", "oversize", "p384", "rsa", "signature"],
)
def test_bad_signing_request_is_refused_with_its_reason(der: bytes, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        parse_request(der)


def test_missing_authority_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(AuthorityError, match="keuring-collector init"):
        Authority.open(tmp_path, "localhost")


def test_damaged_file_is_named(authority: Authority) -> None:
    (authority.directory / "issuer.pem").write_text("rubbish")
    with pytest.raises(AuthorityError, match=r"issuer\.pem.*restore it from a backup"):
        authority.server_identity(NOW)
