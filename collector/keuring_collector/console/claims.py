"""What an OpenID Connect provider's claims make somebody at the desk: role and departments, by the settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keuring_collector.config import Settings

# What providers write in `amr` when they asked for a second factor (RFC 8176).
_SECOND_FACTORS = frozenset({"mfa", "otp", "hwk", "swk", "fpt", "sms", "face", "pop"})


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in, as the provider tells it.

    ``role`` None: the settings map no roles, so the one given in Keuring stays; empty: none of their values has one.
    ``departments`` None: the settings map none.
    """

    subject: str
    name: str
    first_name: str
    last_name: str
    mail: str
    mail_is_verified: bool
    role: str | None
    departments: frozenset[str] | None
    has_second_factor: bool


def read(claims: Mapping[str, Any], settings: Settings) -> Person:
    """The person that claims (already verified) tell of."""
    first, last = _text(claims.get("given_name")), _text(claims.get("family_name"))
    if not first and not last:
        first, _space, last = _text(claims.get("name")).partition(" ")
    mail = _text(claims.get("email"))
    departments = None
    if settings.oidc_department_claim:
        departments = frozenset(value.casefold() for value in _values(claims.get(settings.oidc_department_claim)))
    return Person(
        subject=_text(claims.get("sub")),
        name=_text(claims.get("preferred_username")) or mail or _text(claims.get("sub")),
        first_name=first[:150],
        last_name=last[:150],
        mail=mail[:254],
        mail_is_verified=claims.get("email_verified") is True,
        role=_role(_values(claims.get(settings.oidc_role_claim)), settings),
        departments=departments,
        has_second_factor=bool(_SECOND_FACTORS & set(_values(claims.get("amr")))),
    )


def _role(values: list[str], settings: Settings) -> str | None:
    """The role of the first line of `oidc_roles` that somebody's values have, else the role for everybody."""
    for value, role in settings.oidc_role_of:
        if value in values:
            return role
    if settings.oidc_role_of:
        return settings.oidc_default_role
    return None


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _values(claim: Any) -> list[str]:
    """A claim as a list: providers write one value as text, several as a list."""
    if isinstance(claim, str):
        return [claim]
    return [value for value in claim if isinstance(value, str)] if isinstance(claim, list) else []
