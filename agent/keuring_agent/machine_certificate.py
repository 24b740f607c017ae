"""The certificate that an organisation gave this machine, as a proof at enrolment: from PEM files or PKCS #12.

Keys that the system keeps for itself (the Windows store, the keychain, a TPM) cannot be used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from keuring_agent.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_agent.config import Settings

# What is signed begins so; see enrolment.proto.
CONTEXT: Final = b"keuring.enrolment.v1.EnrolMachine\x00"
SALT: Final = 32

_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class MachineCertificate(NamedTuple):
    """The certificates, DER, leaf first, and the key of the leaf."""

    certificates: tuple[bytes, ...]
    key: _Key

    def prove(self, challenge: bytes, signing_request: bytes) -> bytes:
        """Shows that we have the key."""
        data = CONTEXT + challenge + signing_request
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), SALT), hashes.SHA256())
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


def load(settings: Settings) -> MachineCertificate:
    """What the settings name. Raises ConfigError, which never says anything of what is in the files."""
    path = settings.machine_certificate
    if path is None:
        raise ConfigError(
            "the token asks for this machine's own certificate, and setting 'machine_certificate' names none; write "
            "the path of its PEM or PKCS #12 file"
        )
    data = _read(path, "machine_certificate")
    password = None
    if settings.machine_password_file is not None:
        password = _read(settings.machine_password_file, "machine_password_file").rstrip(b"\r\n")
    try:
        if b"-----BEGIN" not in data:
            return _pkcs12(data, password)
        held = data if settings.machine_key is None else _read(settings.machine_key, "machine_key")
        key = serialization.load_pem_private_key(held, password)
        return _fitting(x509.load_pem_x509_certificates(data), key)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ConfigError(
            f"{path}: the machine's certificate or its key cannot be used ({error}); it must be PEM (with the key in "
            "it, or in the file that 'machine_key' names) or PKCS #12, and 'machine_password_file' holds its password"
        ) from error


def _pkcs12(data: bytes, password: bytes | None) -> MachineCertificate:
    key, leaf, others = pkcs12.load_key_and_certificates(data, password)
    if leaf is None:
        raise ValueError("there is no certificate with a key in it")
    return _fitting([leaf, *others], key)


def _fitting(certificates: list[x509.Certificate], key: object) -> MachineCertificate:
    if not isinstance(key, _Key):
        raise TypeError("the key is neither RSA nor of an elliptic curve")
    form, kind = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    own = key.public_key().public_bytes(form, kind)
    leaf = next((each for each in certificates if each.public_key().public_bytes(form, kind) == own), None)
    if leaf is None:
        raise ValueError("no certificate in it belongs to the key")
    ordered = (leaf, *(each for each in certificates if each is not leaf))
    return MachineCertificate(tuple(each.public_bytes(form) for each in ordered), key)


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"{path}: setting '{setting}' names a file that cannot be read ({error.strerror}); let the agent's account "
            "read it"
        ) from error
