"""The collector's settings: one typed object, read from keuring.toml, the environment and flags, in that order.

Every setting is a field below with its default and its meaning; docs/operations/settings.md is generated from them.
An unknown key, or a value of the wrong kind, is refused by name with the file it stands in.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from keuring_collector import business_hours

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME = "keuring.toml"
ENVIRONMENT_PREFIX = "KEURING_"

_LISTS = ("disabled_signals", "allowed_privacy_classes", "other_collectors")

Port = Annotated[int, Field(ge=0, le=65535)]


class ConfigError(Exception):
    """A setting cannot be used; the message says which, where it stands and how to mend it."""


class Settings(BaseModel):
    """All settings of a collector. Times are in seconds unless the name says otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    data_directory: Path = Field(description="Where the CA, the database (SQLite), keys and backups live.")
    database: str = Field(
        default="", description="sqlite:///FILE or postgresql://…; empty: keuring.sqlite3 in the data directory."
    )
    public_name: str = Field(
        default="localhost", description="Name or address under which agents and browsers reach this collector."
    )
    other_collectors: tuple[str, ...] = Field(
        default=(),
        description="Names of further collectors with the same database, roots and ports; agents turn to them while "
        "this one is away.",
    )
    listen_address: str = Field(default="127.0.0.1", description="Address that the ports below are opened on.")
    report_port: Port = Field(default=7443, description="Port for reports (gRPC, mutual TLS).")
    enrolment_port: Port = Field(default=7444, description="Port for enrolment (gRPC, TLS).")
    console_port: Port = Field(default=7480, description="Port of the console (HTTPS).")
    metrics_port: Port = Field(default=7490, description="Port of /metrics and service discovery; loopback only.")
    console_tls: bool = Field(
        default=True, description="Serve the console over HTTPS; plain HTTP is only allowed on a loopback address."
    )
    console_certificate: Path | None = Field(
        default=None, description="Certificate chain (PEM) for the console; empty: one of the collector's own CA."
    )
    console_key: Path | None = Field(default=None, description="Private key (PEM) that belongs to it.")
    rules_directory: Path | None = Field(
        default=None, description="The rule pack to judge by; empty: the pack that ships with Keuring."
    )
    sample_interval: float = Field(default=60, gt=0, le=3600, description="Policy: time between two samples.")
    window_duration: float = Field(default=300, gt=0, le=86400, description="Policy: length of a window.")
    windows_per_flush: int = Field(default=3, ge=1, le=100, description="Policy: windows that an agent sends at once.")
    disabled_signals: tuple[str, ...] = Field(default=(), description="Policy: signals that agents must not measure.")
    allowed_privacy_classes: tuple[str, ...] = Field(
        default=("hardware", "software", "identity", "presence"),
        description="Policy: privacy classes that may leave a machine.",
    )
    certificate_days: float = Field(default=7, gt=0, le=365, description="How long an agent's certificate is valid.")
    recovery_days: float = Field(
        default=90,
        ge=0,
        le=3650,
        description="How long after its certificate expired a machine may get a new one by itself; 0: never.",
    )
    token_minutes: float = Field(default=10, gt=0, le=1440, description="How long an enrolment token is valid.")
    journal_days: float = Field(default=2, ge=1, description="Days of raw reports kept before they are compacted.")
    raw_retention_days: int = Field(default=90, ge=1, description="Days for which windows are kept.")
    daily_retention_days: int = Field(default=400, ge=1, description="Days for which daily points are kept.")
    freshness: float = Field(
        default=3600,
        gt=0,
        description="A window that arrives later than this after it ended opens no ticket by itself.",
    )
    time_zone: str = Field(
        default="Europe/Amsterdam", description="Time zone of the desk: digests, dates in mails, business hours."
    )
    business_hours: str = Field(
        default=business_hours.DEFAULT,
        description="When rules of the kind `hours: business` look: stretches of the week, as in "
        '"Mon-Thu 08:00-18:00, Fri 08:00-16:00".',
    )
    language: str = Field(default="nl", pattern="^(nl|en)$", description="Language of the desk until somebody chooses.")
    digest_hour: int = Field(default=7, ge=0, le=23, description="Hour at which the daily digest is mailed.")
    intake_days: float = Field(
        default=7,
        ge=0,
        le=90,
        description="A new collector opens no tickets for so long after its first machine enrolled, and then by those "
        "rules that the desk switches on; 0: all rules open tickets from the start.",
    )
    ticket_budget: float = Field(
        default=25,
        ge=0,
        le=1000,
        description="Open tickets per hundred machines (and never fewer than this number in all); what is less urgent "
        "waits visibly. What is urgent never waits for it. 0: no limit.",
    )
    fleet_ticket_machines: int = Field(
        default=10,
        ge=0,
        description="From how many machines with the same cause on they become one fleet ticket; 0: never by itself.",
    )
    fleet_ticket_days: float = Field(
        default=7, gt=0, le=90, description="Within how many days those tickets must have been opened."
    )
    mail_server: str = Field(
        default="",
        description="smtp://[login:password@]HOST[:PORT]; empty: mails are written to mail/ in the data directory.",
    )
    mail_from: str = Field(default="keuring@localhost", description="Sender of mails.")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="How much is logged.")

    @field_validator("data_directory")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("database")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("write sqlite:///FILE or postgresql://[login[:password]@]HOST[:PORT]/NAME")
        return value

    @field_validator("business_hours")
    @classmethod
    def _known_hours(cls, value: str) -> str:
        business_hours.parse(value)
        return value

    @property
    def database_url(self) -> str:
        """The database in force: the setting, or the SQLite file in the data directory."""
        return self.database or f"sqlite:///{self.data_directory / 'keuring.sqlite3'}"

    @property
    def secret_key(self) -> str:
        """The key that signs the console's sessions; drawn once, kept in the data directory."""
        path = self.data_directory / "secret_key"
        try:
            return path.read_text(encoding="ascii")
        except FileNotFoundError:
            return secrets.token_urlsafe(48)


def load(
    data_directory: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Reads the settings of the collector in ``data_directory`` (default: $KEURING_DATA_DIRECTORY or ./keuring-data).

    Raises ConfigError for a file that is no TOML, an unknown key or a value that cannot be.
    """
    environment = os.environ if environment is None else environment
    directory = data_directory or Path(environment.get(f"{ENVIRONMENT_PREFIX}DATA_DIRECTORY", "keuring-data"))
    path = directory / FILE_NAME
    values: dict[str, Any] = {}
    origin: dict[str, str] = {}
    try:
        values.update(tomllib.loads(path.read_text(encoding="utf-8")))
        origin.update(dict.fromkeys(values, str(path)))
    except FileNotFoundError:
        pass
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    for name in Settings.model_fields:
        key = ENVIRONMENT_PREFIX + name.upper()
        if key in environment and name != "data_directory":
            text = environment[key]
            values[name] = text.split(",") if name in _LISTS else text
            origin[name] = f"${key}"
    values.update(overrides or {})
    values["data_directory"] = directory
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_explain(error, origin, path)) from error


def _explain(error: ValidationError, origin: Mapping[str, str], path: Path) -> str:
    lines = []
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else "settings"
        where = origin.get(name, str(path))
        if problem["type"] == "extra_forbidden":
            lines.append(f"{where}: unknown setting '{name}'; known are: {', '.join(sorted(Settings.model_fields))}")
        else:
            lines.append(f"{where}: setting '{name}' is {problem['input']!r}: {problem['msg']}")
    return "\n".join(lines)
