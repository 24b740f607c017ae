"""Enrolment by the certificate that an organisation's own CA gave a machine.

Which authorities count is a setting. The certificate must lead to one of them, be valid now, be meant for clients, and
its key must sign our challenge. It is good for one endpoint at a time: whoever enrols again with it (a machine that was
set up anew) shuts out the endpoint that it gave before, which the desk sees; a copied key never makes a second machine.
What the desk revoked stays out. Whether the organisation's CA has revoked a certificate is not looked up.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.db import transaction

from keuring_collector.errors import KeuringError
from keuring_collector.fleet import endpoints
from keuring_collector.fleet.models import Endpoint, MachineCertificate
from keuring_collector.fleet.tokens import Enrolled, create_endpoint, record

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from keuring_collector.fleet.authority import Authority, SigningRequest

# What is signed begins so, that no other signature of the key can be taken for this one.
CONTEXT: Final = b"keuring.enrolment.v1.EnrolMachine\x00"
SALT: Final = 32
MAX_CERTIFICATES: Final = 5
MAX_BYTES: Final = 8 * 1024  # of one certificate
SMALLEST_RSA: Final = 2048
# A machine that is set up anew takes longer than this; a stolen key must not make endpoints by the thousand.
BETWEEN: Final = dt.timedelta(minutes=10)
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    InvalidSignature,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)


class MachineRootsError(KeuringError):
    """The authorities of machine certificates cannot be used; the message says which and how to mend it."""


class MachineError(Exception):
    """A machine does not enrol. ``outcome`` is a stable word for our own log; callers are not told which."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Machine:
    """A certificate whose caller has its key. ``fingerprint`` is hexadecimal."""

    fingerprint: str


class MachineAuthorities:
    """The organisation's authorities, as certificates."""

    def __init__(self, roots: Sequence[x509.Certificate]) -> None:
        self._store = verification.Store(list(roots))

    @classmethod
    def read(cls, path: Path) -> MachineAuthorities:
        """Those in a PEM file. Raises MachineRootsError."""
        try:
            roots = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError) as error:
            raise MachineRootsError(
                f"{path}: setting 'machine_roots' names a file that cannot be used ({error}); write the certificates "
                "of your machines' authority into it, as PEM"
            ) from error
        for root in roots:
            if not _is_authority(root):
                raise MachineRootsError(
                    f"{path}: {root.subject.rfc4514_string()} is no certificate authority; name the authority that "
                    "issues your machines' certificates, not a machine's own certificate"
                )
        return cls(roots)

    def prove(
        self, certificates: Sequence[bytes], challenge: bytes, request: bytes, signature: bytes, now: dt.datetime
    ) -> Machine:
        """Who signed ``challenge`` and ``request``. Certificates are DER, leaf first. Raises MachineError."""
        if not 0 < len(certificates) <= MAX_CERTIFICATES or any(len(each) > MAX_BYTES for each in certificates):
            raise MachineError("chain")
        try:
            leaf, *others = (x509.load_der_x509_certificate(each) for each in certificates)
            self._verifier(now).verify(leaf, others)
        except (verification.VerificationError, *_UNREADABLE) as error:
            raise MachineError("chain") from error
        _check_signature(leaf, signature, CONTEXT + challenge + request)
        return Machine(leaf.fingerprint(hashes.SHA256()).hex())

    def _verifier(self, now: dt.datetime) -> verification.ClientVerifier:
        """Authorities as the web asks for them; of machines less, since these often name nothing in a SAN."""
        machine = verification.ExtensionPolicy.permit_all()
        agnostic = verification.Criticality.AGNOSTIC
        machine = machine.require_present(x509.ExtendedKeyUsage, agnostic, _for_clients)
        machine = machine.may_be_present(x509.BasicConstraints, agnostic, _no_authority)
        machine = machine.may_be_present(x509.KeyUsage, agnostic, _signs)
        builder = verification.PolicyBuilder().store(self._store).time(now).max_chain_depth(MAX_CERTIFICATES)
        authorities = verification.ExtensionPolicy.webpki_defaults_ca()
        return builder.extension_policies(ca_policy=authorities, ee_policy=machine).build_client_verifier()


def _for_clients(_policy: object, _certificate: object, usage: x509.ExtendedKeyUsage) -> None:
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise ValueError("the certificate is not for clients")


def _no_authority(_policy: object, _certificate: object, constraints: x509.BasicConstraints | None) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("the certificate is an authority's own")


def _signs(_policy: object, _certificate: object, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.digital_signature:
        raise ValueError("the certificate's key is not for signatures")


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return False


def _check_signature(leaf: x509.Certificate, signature: bytes, data: bytes) -> None:
    key = leaf.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA:
            key.verify(signature, data, padding.PSS(padding.MGF1(hashes.SHA256()), SALT), hashes.SHA256())
        else:
            raise MachineError("key")
    except _UNREADABLE as error:
        raise MachineError("unproven") from error


def enrol(
    machine: Machine,
    request: SigningRequest,
    host_name: str,
    authority: Authority,
    now: dt.datetime,
    certificate_lifetime: dt.timedelta,
) -> Enrolled:
    """The endpoint's first certificate; the same one again for the same request. Raises MachineError."""
    with transaction.atomic():
        MachineCertificate.objects.get_or_create(fingerprint=machine.fingerprint)
        # Locked: of two attempts at once the second sees what the first was given.
        known = MachineCertificate.objects.select_for_update().get(fingerprint=machine.fingerprint)
        before = known.endpoint
        if before is not None and before.state == Endpoint.State.REVOKED:
            raise MachineError("revoked")
        if before is not None and before.state == Endpoint.State.ACTIVE:
            given = before.certificates.filter(request_hash=request.digest, not_after__gt=now).first()
            if given is not None:
                return Enrolled(before.uuid, given.chain)
            if now - before.enrolled_at < BETWEEN:
                raise MachineError("too_soon")
        endpoint = create_endpoint(host_name, now)
        issued = authority.issue_endpoint(endpoint.uuid, request, now, certificate_lifetime)
        record(endpoint, issued, request, None)
        if before is not None and before.state == Endpoint.State.ACTIVE:
            endpoints.replace(before, endpoint, now)
        known.endpoint = endpoint
        known.save(update_fields=["endpoint"])
    return Enrolled(endpoint.uuid, issued.chain)
