"""The collector's settings: one typed object, read from keuring.toml, the environment and flags, in that order.

Every setting is a field below with its default and its meaning; docs/operations/settings.md is generated from them.
An unknown key, or a value of the wrong kind, is refused by name with the file it stands in.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from keuring_collector import business_hours
from keuring_collector.chat_channels import ChatChannel, parse
from keuring_collector.config_checks import Checked

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME = "keuring.toml"
ENVIRONMENT_PREFIX = "KEURING_"

# Settings whose value is shown to nobody.
SECRETS = ("database", "mail_server", "chat_channels", "incidents_secret", "oidc_client_secret")
_LISTS = (
    "disabled_signals",
    "allowed_privacy_classes",
    "other_collectors",
    "mfa_required_for",
    "oidc_scopes",
    "oidc_roles",
    "replacement_prices",
    "chat_channels",
    "private_networks",
    "incidents_causes",
)
Role = Literal["viewer", "desk", "visitor", "specialist", "team_lead", "it", "privacy_officer", "administrator"]

Port = Annotated[int, Field(ge=0, le=65535)]


class ConfigError(Exception):
    """A setting cannot be used; the message says which, where it stands and how to mend it."""


class Settings(Checked):
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
    machine_roots: Path | None = Field(
        default=None,
        description="Authorities (PEM) whose machine certificates may enrol; empty: machines enrol by token alone.",
    )
    wanted_agent_version: str = Field(
        default="",
        pattern=r"^(\d+(\.\d+)*)?$",
        description="Policy: version of the agent that every machine should have, as in 0.2.0; the console shows who "
        "is behind. Agents never update themselves.",
    )
    token_minutes: float = Field(default=10, gt=0, le=1440, description="How long an enrolment token is valid.")
    journal_days: float = Field(default=2, ge=1, description="Days of raw reports kept before they are compacted.")
    raw_retention_days: int = Field(default=90, ge=1, description="Days for which windows are kept.")
    daily_retention_days: int = Field(default=400, ge=1, description="Days for which daily points are kept.")
    audit_retention_days: int = Field(
        default=730, ge=30, description="Days for which the audit of who did and looked at what is kept."
    )
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
    inspection_days: int = Field(
        default=365,
        ge=7,
        le=1100,
        description="How long the APK report of a machine is valid; 30 days before it is due.",
    )
    inspection_mail: bool = Field(
        default=False, description="Mail each APK report to the colleague whose machine it is, as soon as it is issued."
    )
    it_report_mail: bool = Field(
        default=True, description="Mail each IT report to the IT department and team leads, as soon as it is issued."
    )
    replacement_prices: tuple[str, ...] = Field(
        default=(),
        description="What replacing costs in euros, for the budget in the IT report, as in battery=85, drive=120; "
        "kinds are battery, drive, system, machine and warranty (to extend one). Without a price the report only "
        "counts.",
    )
    public_pages: bool = Field(
        default=False,
        description="Show what is meant for every colleague on pages that need no sign-in: articles below /help/, "
        "announcements below /news/.",
    )
    tips: bool = Field(
        default=True,
        description="Offer tips to colleagues on their machines, at most one a week each; off: they are only counted.",
    )
    tips_mail: bool = Field(default=False, description="Mail each tip that is offered to the colleague as well.")
    articles_url: str = Field(
        default="",
        pattern=r"^(https://[!-~]{1,100}/)?$",
        description="Where colleagues read the exported articles (`keuring-collector articles export`), ending in a "
        "slash; tips link there. Empty: no link.",
    )
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
    precision_floor: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="A rule falls to advice (no tickets, still on the APK report) when after ten verdicts even the "
        "upper bound of its share of right tickets is below this; 0: never.",
    )
    mail_server: str = Field(
        default="",
        description="smtp://[login:password@]HOST[:PORT]; empty: mails are written to mail/ in the data directory.",
    )
    mail_from: str = Field(default="keuring@localhost", description="Sender of mails.")
    chat_channels: tuple[str, ...] = Field(
        default=(),
        description="Chat channels that announcements can go to, as in Everybody=nl mmosts://chat.example.org/SECRET: "
        "a name, the language of its readers, and the address as apprise writes it (docs/connectors.md).",
    )
    private_networks: tuple[str, ...] = Field(
        default=(),
        description="Networks with private addresses that Keuring may call, for chat channels and incidents, as in "
        "10.20.0.0/16; other private addresses, and this very machine, it does not call.",
    )
    incidents_from: str = Field(
        default="",
        description="The ITSM that ordinary incidents are pulled from each quarter of an hour, so that missed "
        "problems count: topdesk or zammad; empty: none (docs/connectors.md).",
    )
    incidents_url: str = Field(default="", description="Its address, as in https://topdesk.example.org.")
    incidents_login: str = Field(default="", description="Keuring's login there, where it takes one (TOPdesk).")
    incidents_secret: str = Field(default="", description="The application password or access token that goes with it.")
    incidents_causes: tuple[str, ...] = Field(
        default=(),
        description="The cause of each category there, as in Hardware / Accu=battery-wear; a category may end in *, "
        "the first line that fits counts. Without a cause, as in Telephony*=, it is not about machines.",
    )
    incidents_machine_field: str = Field(
        default="", description="Where it says the machine's name or serial number; TOPdesk: object.name."
    )
    incidents_category_field: str = Field(
        default="", description="Where it says the category; TOPdesk: category and subcategory, Zammad: group."
    )
    incidents_days: int = Field(default=90, ge=0, le=400, description="How far back the first look goes, in days.")
    local_accounts: bool = Field(
        default=True, description="Whether names and passwords of Keuring itself open the console."
    )
    mfa_required_for: tuple[Role, ...] = Field(
        default=(),
        description="Roles that must set up a second factor before they see anything, as in administrator and "
        "privacy_officer.",
    )
    oidc_issuer: str = Field(
        default="",
        description="Address of an OpenID Connect provider to sign in by, as it writes itself in `iss`; empty: none. "
        "Its redirect address is https://PUBLIC_NAME:CONSOLE_PORT/sign-in/oidc/back/.",
    )
    oidc_client_id: str = Field(default="", description="Keuring's name at the provider.")
    oidc_client_secret: str = Field(default="", description="Keuring's secret at the provider.")
    oidc_name: str = Field(default="Single sign-on", description="What the button to the provider says.")
    oidc_scopes: tuple[str, ...] = Field(
        default=("openid", "profile", "email"), description="What the provider is asked to tell."
    )
    oidc_role_claim: str = Field(default="groups", description="The claim that oidc_roles is about.")
    oidc_roles: tuple[str, ...] = Field(
        default=(),
        description="Roles by what stands in the claim, as in desk-leads=team_lead; the first that fits counts, at "
        "each sign-in. Empty: roles are given in Keuring.",
    )
    oidc_default_role: Role | Literal[""] = Field(
        default="", description="Role of whoever the provider lets in and no other line fits; empty: they stay out."
    )
    oidc_department_claim: str = Field(
        default="",
        description="The claim with the departments that somebody sees, by name; empty: not by the provider.",
    )
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="How much is logged.")

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        if self.oidc_issuer and not (self.oidc_client_id and self.oidc_client_secret):
            raise ValueError("'oidc_issuer' needs 'oidc_client_id' and 'oidc_client_secret', as the provider gave them")
        if self.incidents_from and not (self.incidents_url and self.incidents_secret):
            raise ValueError("'incidents_from' needs 'incidents_url' and 'incidents_secret', as the ITSM gave them")
        if not self.local_accounts and not self.oidc_issuer:
            raise ValueError("'local_accounts' is false and 'oidc_issuer' is empty: then nobody could sign in")
        return self

    @property
    def oidc_role_of(self) -> list[tuple[str, str]]:
        """What ``oidc_roles`` says, in order: (value in the claim, role)."""
        return [(claimed, role) for claimed, _equals, role in (line.rpartition("=") for line in self.oidc_roles)]

    @property
    def chat(self) -> tuple[ChatChannel, ...]:
        """What ``chat_channels`` says, in order."""
        return parse(self.chat_channels)

    @property
    def chat_by_name(self) -> dict[str, ChatChannel]:
        """The same by name."""
        return {each.name: each for each in self.chat}

    @property
    def incident_causes(self) -> list[tuple[str, str]]:
        """What ``incidents_causes`` says, in order: (category, cause or nothing)."""
        parts = (line.rpartition("=") for line in self.incidents_causes)
        return [(category.strip(), cause.strip()) for category, _equals, cause in parts]

    @property
    def prices(self) -> dict[str, float]:
        """What ``replacement_prices`` says: euros by kind."""
        parts = (line.partition("=") for line in self.replacement_prices)
        return {kind.strip(): float(price) for kind, _equals, price in parts}

    @property
    def database_url(self) -> str:
        """The database in force: the setting, or the SQLite file in the data directory."""
        return self.database or f"sqlite:///{self.data_directory / 'keuring.sqlite3'}"

    def shown(self) -> dict[str, str]:
        """Every setting as text for people, without those that hold a password."""
        told = {name: value for name, value in self.model_dump(mode="json").items() if value not in (None, "", [])}
        return {name: "…" if name in SECRETS else _plain(value) for name, value in told.items()}

    @property
    def secret_key(self) -> str:
        """The key that signs the console's sessions; drawn once, kept in the data directory."""
        path = self.data_directory / "secret_key"
        try:
            return path.read_text(encoding="ascii")
        except FileNotFoundError:
            return secrets.token_urlsafe(48)


def in_file(path: Path) -> frozenset[str]:
    """The settings that stand in a file; none when it cannot be read."""
    try:
        return frozenset(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return frozenset()


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


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
        if not problem["loc"]:
            lines.append(f"{where}: {problem['msg'].removeprefix('Value error, ')}")
        elif problem["type"] == "extra_forbidden":
            lines.append(f"{where}: unknown setting '{name}'; known are: {', '.join(sorted(Settings.model_fields))}")
        else:
            given = "wrong" if name in SECRETS else repr(problem["input"])
            lines.append(f"{where}: setting '{name}' is {given}: {problem['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)
