"""The private certificate authority: two roots, one issuer, and the certificates of the collector and its endpoints.

Everything is a PEM file in ``ca/`` of the data directory, keys with mode 0600::

    root.pem       root.key         10 years; signs issuers. Its key may be taken off this machine.
    next-root.pem  next-root.key    10 years; trusted from day one, so that the first can be replaced without a gap
    issuer.pem     issuer.key       1 year; signs the certificates below
    server.pem     server.key       30 days; what agents and browsers see, renewed by itself

All keys are P-256. The issuer is constrained to the collector's own names, so that a browser that was told to trust
the root trusts it for nothing else.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keuring_collector.errors import KeuringError

if TYPE_CHECKING:
    import uuid

ROOT_LIFETIME: Final = dt.timedelta(days=3652)
ISSUER_LIFETIME: Final = dt.timedelta(days=365)
SERVER_LIFETIME: Final = dt.timedelta(days=30)
# Clocks of machines differ; a certificate is valid from a little before it was made.
BACKDATE: Final = dt.timedelta(minutes=5)
MAX_REQUEST_BYTES: Final = 4096

Key = ec.EllipticCurvePrivateKey


class AuthorityError(KeuringError):
    """The authority cannot do its work; the message says what, where and how to mend it."""


class RequestError(Exception):
    """A certificate signing request cannot be used; the message says why and what would be right."""


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """A checked signing request. ``digest`` is the SHA-256 of its DER form."""

    public_key: ec.EllipticCurvePublicKey
    digest: bytes


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate for an endpoint; ``chain`` is PEM, leaf first; ``serial`` is hexadecimal."""

    serial: str
    chain: str
    not_before: dt.datetime
    not_after: dt.datetime


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """What the collector shows to those who connect: PEM, leaf first, and its key."""

    chain: bytes
    key: bytes
    not_after: dt.datetime


def parse_request(der: bytes) -> SigningRequest:
    """Checks a PKCS #10 request: its form, its key (P-256) and its signature. The subject is ignored."""
    if len(der) > MAX_REQUEST_BYTES:
        raise RequestError(f"the signing request has {len(der)} bytes; at most {MAX_REQUEST_BYTES} are taken")
    try:
        request = x509.load_der_x509_csr(der)
        public_key = request.public_key()
        signed = request.is_signature_valid
    except (ValueError, InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion, TypeError) as error:
        raise RequestError(f"the signing request is no PKCS #10 in DER form: {error}") from error
    if not isinstance(public_key, ec.EllipticCurvePublicKey) or not isinstance(public_key.curve, ec.SECP256R1):
        raise RequestError("the signing request's key is of another kind; make one on the curve P-256")
    if not signed:
        raise RequestError("the signing request's signature does not fit its key; make a new request")
    digest = hashes.Hash(hashes.SHA256())
    digest.update(der)
    return SigningRequest(public_key, digest.finalize())


class Authority:
    """The authority in one directory. ``public_name`` is the name or address that servers are certified for."""

    def __init__(self, directory: Path, public_name: str) -> None:
        self.directory = directory
        self.public_name = public_name

    @classmethod
    def exists(cls, directory: Path) -> bool:
        """Whether an authority was made in the directory."""
        return (directory / "root.pem").exists() or (directory / "issuer.pem").exists()

    @classmethod
    def create(cls, directory: Path, public_name: str, now: dt.datetime) -> Authority:
        """Makes the roots and the issuer, where there are none yet. Raises AuthorityError."""
        authority = cls(directory, public_name)
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, title in (("root", "Keuring root"), ("next-root", "Keuring root (next)")):
                if not authority._path(name, "pem").exists():
                    authority._make_root(name, title, now)
            authority._issuer(now)
            authority.server_identity(now)
        except OSError as error:
            raise AuthorityError(f"{directory}: cannot write the certificate authority: {error}") from error
        return authority

    @classmethod
    def open(cls, directory: Path, public_name: str) -> Authority:
        """The authority that was made before. Raises AuthorityError when there is none."""
        if not cls.exists(directory):
            raise AuthorityError(f"{directory}: there is no certificate authority here; run `keuring-collector init`")
        return cls(directory, public_name)

    @property
    def trust_roots(self) -> bytes:
        """The roots that agents trust, PEM."""
        return b"".join(_pem(self._certificate(name)) for name in ("root", "next-root"))

    @property
    def root_der(self) -> bytes:
        """The root that a new agent trusts from the first byte, DER."""
        return self._certificate("root").public_bytes(serialization.Encoding.DER)

    @property
    def server_files(self) -> tuple[Path, Path]:
        """Where the server's certificate and its key stand."""
        return self._path("server", "pem"), self._path("server", "key")

    def expiries(self) -> dict[str, dt.datetime]:
        """Until when each certificate of the collector itself is valid."""
        names = ("root", "next-root", "issuer", "server")
        return {name: self._certificate(name).not_valid_after_utc for name in names if self._path(name, "pem").exists()}

    def server_identity(self, now: dt.datetime) -> ServerIdentity:
        """The server's certificate: a new one when the old one runs out, or is for another name or of another issuer.

        The key stays the same, so that processes which renew at the same time can never leave a pair that does not fit.
        """
        path, issuer = self._path("server", "pem"), self._issuer(now)
        key = self._key("server")
        if path.exists():
            chain = x509.load_pem_x509_certificates(path.read_bytes())
            left = chain[0].not_valid_after_utc - now
            if left > SERVER_LIFETIME / 3 and chain[1:] == [issuer] and _names(chain[0]) == self._server_names():
                return ServerIdentity(path.read_bytes(), _key_pem(key), chain[0].not_valid_after_utc)
        until = min(now + SERVER_LIFETIME, issuer.not_valid_after_utc)
        builder = (
            _builder(_name("Keuring collector"), issuer.subject, key.public_key(), now, until)
            .add_extension(x509.SubjectAlternativeName(self._server_names()), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        )
        leaf = _leaf(builder, issuer).sign(self._key("issuer"), hashes.SHA256())
        _write(path, _pem(leaf) + _pem(issuer))
        return ServerIdentity(path.read_bytes(), _key_pem(key), leaf.not_valid_after_utc)

    def issue_endpoint(
        self, endpoint: uuid.UUID, request: SigningRequest, now: dt.datetime, lifetime: dt.timedelta
    ) -> Issued:
        """A certificate that says "I am this endpoint", for clients only."""
        issuer = self._issuer(now)
        until = min(now + lifetime, issuer.not_valid_after_utc)
        names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(endpoint.urn)])
        builder = (
            _builder(_name("Keuring endpoint"), issuer.subject, request.public_key, now, until)
            .add_extension(names, critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        )
        leaf = _leaf(builder, issuer).sign(self._key("issuer"), hashes.SHA256())
        chain = (_pem(leaf) + _pem(issuer)).decode("ascii")
        return Issued(f"{leaf.serial_number:x}", chain, leaf.not_valid_before_utc, leaf.not_valid_after_utc)

    def _make_root(self, name: str, title: str, now: dt.datetime) -> None:
        key = self._key(name)
        subject = _name(title)
        root = (
            _builder(subject, subject, key.public_key(), now, now + ROOT_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=1), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write(self._path(name, "pem"), _pem(root))

    def _issuer(self, now: dt.datetime) -> x509.Certificate:
        """The issuer in force; renewed in its last two months, or for another name, if the root's key is here."""
        path, renewable = self._path("issuer", "pem"), self._path("root", "key").exists()
        if path.exists():
            issuer = self._certificate("issuer")
            names_fit = _constrained_names(issuer) == {self.public_name, "localhost"}
            if names_fit and issuer.not_valid_after_utc - now > ISSUER_LIFETIME / 6:
                return issuer
            if not renewable and names_fit and issuer.not_valid_after_utc > now:
                return issuer
        if not renewable:
            raise AuthorityError(
                f"{path}: the issuer must be renewed (expired, or made for another public_name) and the root's key is "
                f"not here; put root.key back into {self.directory} for a moment and start again"
            )
        root, key = self._certificate("root"), self._key("issuer")
        permitted = [x509.DNSName(name) for name in sorted({self.public_name, "localhost"})]
        issuer = (
            _builder(_name("Keuring issuer"), root.subject, key.public_key(), now, now + ISSUER_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(_issued_by(root), critical=False)
            .add_extension(x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None), critical=True)
            .sign(self._key("root"), hashes.SHA256())
        )
        _write(path, _pem(issuer))
        return issuer

    def _server_names(self) -> list[x509.GeneralName]:
        names: list[x509.GeneralName] = []
        try:
            public = ipaddress.ip_address(self.public_name)
        except ValueError:
            public = None
            if self.public_name != "localhost":
                names.append(x509.DNSName(self.public_name))
        names.append(x509.DNSName("localhost"))
        addresses = [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
        if public is not None and public not in addresses:
            addresses.insert(0, public)
        return names + [x509.IPAddress(address) for address in addresses]

    def _path(self, name: str, kind: str) -> Path:
        return self.directory / f"{name}.{kind}"

    def _certificate(self, name: str) -> x509.Certificate:
        path = self._path(name, "pem")
        try:
            return x509.load_pem_x509_certificate(path.read_bytes())
        except (OSError, ValueError) as error:
            raise AuthorityError(
                f"{path}: cannot be read as a certificate: {error}; restore it from a backup"
            ) from error

    def _key(self, name: str) -> Key:
        """The key of that name; drawn on first use."""
        path = self._path(name, "key")
        if not path.exists():
            _write(path, _key_pem(ec.generate_private_key(ec.SECP256R1())), only_if_absent=True)
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError) as error:
            raise AuthorityError(f"{path}: cannot be read as a key: {error}; restore it from a backup") from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise AuthorityError(f"{path}: is a key of another kind than P-256; restore it from a backup")
        return key


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _names(certificate: x509.Certificate) -> list[x509.GeneralName]:
    return list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)


def _constrained_names(issuer: x509.Certificate) -> set[str]:
    constraints = issuer.extensions.get_extension_for_class(x509.NameConstraints).value
    return {name.value for name in constraints.permitted_subtrees or () if isinstance(name, x509.DNSName)}


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: dt.datetime, until: dt.datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=now - BACKDATE,
        not_valid_after=until,
    )


def _leaf(builder: x509.CertificateBuilder, issuer: x509.Certificate) -> x509.CertificateBuilder:
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(_issued_by(issuer), critical=False)
    )


def _issued_by(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes, *, only_if_absent: bool = False) -> None:
    """Writes a file that is there whole or not at all, readable by its owner alone."""
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if not only_if_absent:
            Path(temporary).replace(path)
        elif not path.exists():
            with contextlib.suppress(FileExistsError):  # another process was first; then its file stands
                os.link(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)
