"""A successor for a certificate that expired while its machine was away, by proof of the key.

What is asked for in renewal over mutual TLS is asked for here by hand: that the certificate is of our authority, that
the caller has its key, that the endpoint is still welcome, and that it was given no later certificate: whoever copied
a machine's key and renewed with it shuts the machine itself out, which is how the desk comes to see it.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.db import transaction

from keuring_collector.fleet.models import Endpoint
from keuring_collector.fleet.tokens import record

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from keuring_collector.fleet.authority import Authority, SigningRequest

# What is signed begins so, that no other signature of the key can be taken for this one.
CONTEXT: Final = b"keuring.enrolment.v1.RecoverCertificate\x00"
MAX_CHAIN_BYTES: Final = 16 * 1024
MAX_CERTIFICATES: Final = 4
_URN: Final = "urn:uuid:"
_UNREADABLE: Final = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    InvalidSignature,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    x509.InvalidVersion,
)


class RecoveryError(Exception):
    """No certificate is given. ``outcome`` is a stable word for our own log; callers are not told which."""

    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Proven:
    """An endpoint whose caller has the key of the certificate ``serial`` (hexadecimal)."""

    endpoint: uuid.UUID
    serial: str
    not_after: dt.datetime


def prove(chain: bytes, challenge: bytes, request: bytes, signature: bytes, trust_roots: bytes) -> Proven:
    """Who signed ``challenge`` and ``request``: the endpoint of the certificate, whenever that ended.

    ``chain`` and ``trust_roots`` are PEM. Raises RecoveryError.
    """
    try:
        leaf, endpoint = _endpoint_of(chain, x509.load_pem_x509_certificates(trust_roots))
    except _UNREADABLE as error:
        raise RecoveryError("chain") from error
    key = leaf.public_key()
    try:
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise RecoveryError("chain")
        key.verify(signature, CONTEXT + challenge + request, ec.ECDSA(hashes.SHA256()))
    except _UNREADABLE as error:
        raise RecoveryError("unproven") from error
    return Proven(endpoint, f"{leaf.serial_number:x}", leaf.not_valid_after_utc)


def recover(
    proven: Proven,
    request: SigningRequest,
    authority: Authority,
    now: dt.datetime,
    certificate_lifetime: dt.timedelta,
    within: dt.timedelta,
) -> str:
    """The successor, PEM; the same one again for the same request. Raises RecoveryError.

    ``within``: how long after its end a certificate is good for this.
    """
    if now - proven.not_after >= within:
        raise RecoveryError("too_old")
    with transaction.atomic():
        # Locked first: of two attempts at once the second sees what the first was given.
        endpoint = Endpoint.objects.select_for_update().filter(uuid=proven.endpoint).first()
        if endpoint is None or endpoint.state != Endpoint.State.ACTIVE:
            raise RecoveryError("revoked")
        presented = endpoint.certificates.filter(serial=proven.serial).first()
        if presented is None:
            raise RecoveryError("superseded")
        later = list(endpoint.certificates.filter(not_before__gt=presented.not_before))
        if any(bytes(each.request_hash) != request.digest for each in later):
            raise RecoveryError("superseded")
        # Given before for this very request, and the answer was lost.
        known = next((each for each in later if each.not_after > now + certificate_lifetime / 2), None)
        if known is not None:
            return known.chain
        issued = authority.issue_endpoint(endpoint.uuid, request, now, certificate_lifetime)
        record(endpoint, issued, request, None)
    return issued.chain


def _endpoint_of(chain: bytes, roots: Sequence[x509.Certificate]) -> tuple[x509.Certificate, uuid.UUID]:
    if len(chain) > MAX_CHAIN_BYTES:
        raise RecoveryError("chain")
    leaf, *others = x509.load_pem_x509_certificates(chain)
    if len(others) >= MAX_CERTIFICATES or not any(_leads(leaf, issuer, roots) for issuer in others):
        raise RecoveryError("chain")
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    texts = names.get_values_for_type(x509.UniformResourceIdentifier)
    if list(usage) != [ExtendedKeyUsageOID.CLIENT_AUTH] or len(list(names)) != 1 or len(texts) != 1:
        raise RecoveryError("chain")
    if not texts[0].startswith(_URN):
        raise RecoveryError("chain")
    return leaf, uuid.UUID(texts[0].removeprefix(_URN))


def _leads(leaf: x509.Certificate, issuer: x509.Certificate, roots: Sequence[x509.Certificate]) -> bool:
    """Whether ``issuer`` issued the leaf and is an authority by one of the roots; times do not count."""
    try:
        leaf.verify_directly_issued_by(issuer)
        authority = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        return authority and any(_issued(issuer, root) for root in roots)
    except _UNREADABLE:
        return False


def _issued(issuer: x509.Certificate, root: x509.Certificate) -> bool:
    try:
        issuer.verify_directly_issued_by(root)
    except _UNREADABLE:
        return False
    return True
