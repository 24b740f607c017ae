"""What settings must be like beyond their type; a base of config.Settings."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import BaseModel, field_validator

from keuring_collector import business_hours, chat_channels

if TYPE_CHECKING:
    from pathlib import Path

# What the IT report can put a price on.
REPLACED = ("battery", "drive", "system", "machine", "warranty")
# The roles at the desk. desk/roles.py says what each may do; settings are read before Django is there.
ROLES = ("viewer", "desk", "visitor", "specialist", "team_lead", "it", "privacy_officer", "administrator")


class Checked(BaseModel):
    """The checks of single settings. Each raises ValueError in words for people."""

    @field_validator("data_directory", check_fields=False)
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database", check_fields=False)
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("write sqlite:///FILE or postgresql://[login[:password]@]HOST[:PORT]/NAME")
        return value

    @field_validator("business_hours", check_fields=False)
    @classmethod
    def _known_hours(cls, value: str) -> str:
        business_hours.parse(value)
        return value

    @field_validator("oidc_issuer", check_fields=False)
    @classmethod
    def _known_issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (
            parts.hostname
            and (parts.scheme == "https" or (parts.scheme == "http" and chat_channels.is_loopback(parts.hostname)))
        ):
            raise ValueError("write https://NAME/… (plain http only on a loopback address)")
        return value

    @field_validator("oidc_roles", check_fields=False)
    @classmethod
    def _known_roles(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for line in value:
            claimed, equals, role = line.rpartition("=")
            if not claimed or not equals or role not in ROLES:
                raise ValueError(f"{line!r}: write VALUE=ROLE with a role of {', '.join(ROLES)}")
        return value

    @field_validator("replacement_prices", check_fields=False)
    @classmethod
    def _known_prices(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for line in value:
            kind, _equals, price = (part.strip() for part in line.partition("="))
            if kind not in REPLACED or not re.fullmatch(r"\d{1,7}(\.\d{1,2})?", price):
                raise ValueError(f"{line!r}: write KIND=EUROS with a kind of {', '.join(REPLACED)}, as in battery=85")
        return value

    @field_validator("chat_channels", check_fields=False)
    @classmethod
    def _known_channels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        chat_channels.parse(value)
        return value

    @field_validator("incidents_url", check_fields=False)
    @classmethod
    def _known_itsm(cls, value: str) -> str:
        parts = urlsplit(value)
        plain = parts.scheme == "http" and chat_channels.is_loopback(parts.hostname or "")
        if value and not (parts.hostname and not parts.username and (parts.scheme == "https" or plain)):
            raise ValueError("write https://NAME/ (plain http only on a loopback address), without a login in it")
        return value

    @field_validator("incidents_causes", check_fields=False)
    @classmethod
    def _known_causes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for line in value:
            category, equals, cause = (part.strip() for part in line.rpartition("="))
            if not equals or not category or not re.fullmatch(r"[a-z0-9-]{0,60}", cause):
                raise ValueError(f"{line!r}: write CATEGORY=CAUSE, as in Hardware / Accu=battery-wear, or CATEGORY=")
        return value

    @field_validator("private_networks", check_fields=False)
    @classmethod
    def _known_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ipaddress.ip_network(each)
            except ValueError as error:
                raise ValueError(f"{each!r}: write networks as in 10.20.0.0/16; {error}") from error
        return value
