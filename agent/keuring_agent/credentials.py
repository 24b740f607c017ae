"""Keys, signing requests and certificates. Loaded to enrol and to renew only: cryptography is large."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from keuring_agent.errors import EnrolmentError

if TYPE_CHECKING:
    from collections.abc import Sequence


class Request(NamedTuple):
    """A new key (PEM, PKCS #8) and the signing request for it (PKCS #10, DER)."""

    private_key: str
    signing_request: bytes


class Granted(NamedTuple):
    """What a certificate chain says that was found good. Times are seconds since 1970."""

    endpoint_id: str
    not_before: float
    not_after: float


def new_request() -> Request:
    """Draws a P-256 key. The request names nobody: who this is, the collector decides."""
    key = ec.generate_private_key(ec.SECP256R1())
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(key, hashes.SHA256())
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode("ascii")
    return Request(pem, request.public_bytes(serialization.Encoding.DER))


def sign(private_key: str, data: bytes) -> bytes:
    """Shows that we have the key (PEM): its signature under ``data``, ECDSA with SHA-256, DER."""
    key = serialization.load_pem_private_key(private_key.encode("ascii"), password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101  # new_request makes no other
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def check(chain: bytes, roots: bytes, private_key: str, endpoint_id: str, trusted: bytes | None) -> Granted:
    """Checks an answer to a signing request before it is believed.

    The leaf must be for our key and carry ``endpoint_id`` in its SAN; the chain must lead to one of ``roots`` (PEM),
    and to ``trusted`` (DER), if given. Raises EnrolmentError.
    """
    try:
        certificates = x509.load_pem_x509_certificates(chain)
        anchors = x509.load_pem_x509_certificates(roots)
        key = serialization.load_pem_private_key(private_key.encode("ascii"), password=None)
        if trusted is not None:
            anchors = [anchor for anchor in anchors if anchor.public_bytes(serialization.Encoding.DER) == trusted]
    except ValueError as error:
        raise _distrusted(f"its certificates cannot be read ({error})") from error
    leaf = certificates[0]
    if _public(leaf.public_key()) != _public(key.public_key()):
        raise _distrusted("the certificate is for another key")
    if _names(leaf) != [f"urn:uuid:{endpoint_id}"]:
        raise _distrusted("the certificate is for another machine")
    if not _leads_to(certificates, anchors):
        raise _distrusted("the certificate was not issued by the authority that the token names")
    return Granted(endpoint_id, leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp())


def root_pem(root: bytes) -> bytes:
    """A DER certificate as PEM. Raises EnrolmentError when it is none."""
    try:
        return x509.load_der_x509_certificate(root).public_bytes(serialization.Encoding.PEM)
    except ValueError as error:
        raise EnrolmentError("the token's certificate cannot be read; ask for a new token") from error


def _distrusted(what: str) -> EnrolmentError:
    return EnrolmentError(f"the collector's answer cannot be trusted: {what}; tell whoever gave you the token")


def _public(key: object) -> bytes:
    assert hasattr(key, "public_bytes")  # noqa: S101  # all public keys have it; the union of their types is long
    data: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return data


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return list(names.get_values_for_type(x509.UniformResourceIdentifier))


def _leads_to(chain: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate]) -> bool:
    current = chain[0]
    for _ in range(len(chain) + 1):
        issuers = [issuer for issuer in (*anchors, *chain[1:]) if _issued(current, issuer)]
        if not issuers:
            return False
        if issuers[0] in anchors:
            return True
        current = issuers[0]
    return False


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
