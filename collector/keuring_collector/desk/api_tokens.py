"""Making, finding and revoking tokens for programs."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from keuring_collector.desk import audit
from keuring_collector.desk.models import ApiToken, Staff

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from django.db.models import QuerySet
    from django.utils.functional import _StrPromise

PREFIX: Final = "keuring-api"
LONGEST_DAYS: Final = 365
MOST: Final = 20


class TokenError(Exception):
    """A token that was not made; the message says why, ``field`` where."""

    def __init__(self, message: str | _StrPromise, field: str) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


def make(owner: Staff, name: str, scopes: Collection[str], days: int, now: datetime) -> tuple[ApiToken, str]:
    """A token and its text, which is shown once. Raises TokenError."""
    name = name.strip()
    if not name or len(name) > 80:
        raise TokenError(_("Say in a few words what the token is for, in at most 80 characters."), "name")
    if not scopes or not set(scopes) <= set(ApiToken.Scope.values):
        raise TokenError(_("Choose at least one thing that the token may do."), "scopes")
    if not 1 <= days <= LONGEST_DAYS:
        raise TokenError(_("A token is valid for 1 to 365 days."), "days")
    if live(owner, now).count() >= MOST:
        raise TokenError(_("You have twenty tokens already. Revoke one that you no longer use."), "name")
    identity, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            id=identity,
            secret_hash=_hash(secret),
            owner=owner,
            name=name,
            scopes=" ".join(scope for scope in ApiToken.Scope.values if scope in scopes),
            created_at=now,
            expires_at=now + timedelta(days=days),
        )
        audit.record_now(owner, "token.made", f"token/{identity}", {"name": name, "scopes": token.scopes})
    return token, f"{PREFIX}.{identity}.{secret}"


def live(owner: Staff, now: datetime) -> QuerySet[ApiToken]:
    """The tokens of somebody that still work."""
    return ApiToken.objects.filter(owner=owner, revoked_at=None, expires_at__gt=now)


def find(text: str, now: datetime) -> ApiToken | None:
    """The token that a program showed, with its owner; None when it is none, or works no more."""
    prefix, _dot, rest = text.partition(".")
    identity, _dot, secret = rest.partition(".")
    if prefix != PREFIX or not secret or not identity.isalnum() or len(identity) > 16:
        return None
    token = ApiToken.objects.select_related("owner").filter(id=identity).first()
    if token is None or not hmac.compare_digest(bytes(token.secret_hash), _hash(secret)):
        return None
    if token.revoked_at is not None or token.expires_at <= now:
        return None
    if not token.owner.is_active or token.owner.must_change_password:  # a one-time password opens nothing else
        return None
    today = timezone.localtime(now).date()
    if token.last_used_on != today:  # one small write a day
        unused = Q(last_used_on=None) | Q(last_used_on__lt=today)
        ApiToken.objects.filter(unused, id=identity).update(last_used_on=today)
    return token


def revoke(owner: Staff, identity: str, now: datetime) -> bool:
    """Ends a token of somebody's own; says whether there was one."""
    with transaction.atomic():
        ended = live(owner, now).filter(id=identity).update(revoked_at=now)
        if ended:
            audit.record_now(owner, "token.revoked", f"token/{identity}")
    return bool(ended)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
