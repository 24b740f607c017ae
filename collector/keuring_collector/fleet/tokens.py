"""Enrolment tokens: a right to one certificate (or a counted number of them), for a short time.

A token is ``id.secret``; the secret has 256 bits and only its SHA-256 is kept. Redeeming is one transaction, so that
any number of attempts at the same time gives no more certificates than the token is good for. The certificate is
bound to its signing request: whoever asks again with the same request, because the answer was lost, gets the same.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import F

from keuring_collector.fleet.models import Certificate, Endpoint, EnrolmentToken, MachineOwner
from keuring_collector.fleet.text import printable

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence

    from keuring_collector.fleet.authority import Authority, Issued, SigningRequest
    from keuring_collector.fleet.models import Department

PREFIX: Final = "keuring1."
_ID: Final = re.compile("[0-9a-f]{16}")
HOST_NAME_CHARACTERS: Final = 64


class TokenError(Exception):
    """A token gives no certificate. ``outcome`` is a stable word; the message says how to mend it."""

    def __init__(self, outcome: str, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An endpoint and the certificate that it got."""

    endpoint: uuid.UUID
    chain: str


def mint(now: dt.datetime, lifetime: dt.timedelta, uses: int = 1, department: Department | None = None) -> str:
    """Makes a token and returns it, ``id.secret``; it can never be shown again."""
    identifier, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    EnrolmentToken.objects.create(
        id=identifier,
        secret_hash=_hash(secret),
        created_at=now,
        expires_at=now + lifetime,
        uses_left=uses,
        department=department,
    )
    return f"{identifier}.{secret}"


def for_agents(token: str, addresses: Sequence[str], root_der: bytes) -> str:
    """What a person gives to an agent: the token, where to go with it, and the only root to trust there."""
    where = addresses[0] if len(addresses) == 1 else list(addresses)  # agents of 0.1 know one
    # Without a secret it only says where, and whom to trust: the machine shows a certificate of its own.
    content = {"a": where, "c": base64.b64encode(root_der).decode("ascii"), "t": token}
    text = json.dumps(content, separators=(",", ":"))
    return PREFIX + base64.urlsafe_b64encode(text.encode()).decode("ascii").rstrip("=")


def redeem(
    token: str,
    request: SigningRequest,
    host_name: str,
    authority: Authority,
    now: dt.datetime,
    certificate_lifetime: dt.timedelta,
) -> Enrolled:
    """Gives a certificate for a token. Raises TokenError; then nothing was used up."""
    identifier, _, secret = token.partition(".")
    known = EnrolmentToken.objects.filter(id=identifier).first() if _ID.fullmatch(identifier) else None
    if known is None or not hmac.compare_digest(bytes(known.secret_hash), _hash(secret)):
        raise TokenError("unknown_token", "this token is not known here; ask for one with `keuring-collector token`")
    with transaction.atomic():
        # The row is locked first: of two attempts with one request the second sees what the first was given.
        EnrolmentToken.objects.select_for_update().get(id=known.id)
        given = _given_before(known, request, now)
        if given is not None:
            return given
        if known.expires_at <= now:
            raise TokenError(
                "expired_token", "this token has expired; ask for a new one with `keuring-collector token`"
            )
        taken = EnrolmentToken.objects.filter(id=known.id, uses_left__gt=0).update(uses_left=F("uses_left") - 1)
        if not taken:
            raise TokenError("used_token", "this token was used; ask for a new one with `keuring-collector token`")
        endpoint = create_endpoint(host_name, now, known.department)
        issued = authority.issue_endpoint(endpoint.uuid, request, now, certificate_lifetime)
        record(endpoint, issued, request, known)
    return Enrolled(endpoint.uuid, issued.chain)


def renew(
    identity: uuid.UUID,
    request: SigningRequest,
    authority: Authority,
    now: dt.datetime,
    certificate_lifetime: dt.timedelta,
) -> str:
    """The successor of an endpoint's certificate, PEM; the same one again for the same request. Raises TokenError."""
    with transaction.atomic():
        endpoint = Endpoint.objects.select_for_update().filter(uuid=identity, state=Endpoint.State.ACTIVE).first()
        if endpoint is None:
            raise TokenError("revoked", "this endpoint was revoked; enrol the machine again with a new token")
        known = endpoint.certificates.filter(
            request_hash=request.digest, not_after__gt=now + certificate_lifetime / 2
        ).first()
        if known is not None:
            return known.chain
        issued = authority.issue_endpoint(endpoint.uuid, request, now, certificate_lifetime)
        record(endpoint, issued, request, None)
    return issued.chain


def record(endpoint: Endpoint, issued: Issued, request: SigningRequest, token: EnrolmentToken | None) -> None:
    """Keeps what was issued, and lets go of the endpoint's certificates that are long over."""
    endpoint.certificates.filter(not_after__lt=issued.not_before - dt.timedelta(days=30)).delete()
    Certificate.objects.create(
        serial=issued.serial,
        endpoint=endpoint,
        token=token,
        request_hash=request.digest,
        chain=issued.chain,
        not_before=issued.not_before,
        not_after=issued.not_after,
    )


def expire(now: dt.datetime, keep: dt.timedelta = dt.timedelta(days=1)) -> int:
    """Forgets tokens that expired longer than ``keep`` ago; until then they can be told from unknown ones."""
    return EnrolmentToken.objects.filter(expires_at__lt=now - keep).delete()[0]


def _given_before(token: EnrolmentToken, request: SigningRequest, now: dt.datetime) -> Enrolled | None:
    certificate = (
        Certificate.objects.select_related("endpoint")
        .filter(token=token, request_hash=request.digest, not_after__gt=now, endpoint__state=Endpoint.State.ACTIVE)
        .first()
    )
    return None if certificate is None else Enrolled(certificate.endpoint.uuid, certificate.chain)


def create_endpoint(host_name: str, now: dt.datetime, department: Department | None = None) -> Endpoint:
    """A new machine; of its colleague's department, else of ``department``."""
    name = printable(host_name, HOST_NAME_CHARACTERS) or "unnamed"
    owner = MachineOwner.objects.select_related("colleague").filter(host_name__iexact=name).first()
    colleague = owner.colleague if owner else None
    return Endpoint.objects.create(
        host_name=name,
        enrolled_at=now,
        colleague=colleague,
        department=(colleague.department if colleague else None) or department,
    )


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
