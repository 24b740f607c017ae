"""The agent's settings: one typed object, read from a TOML file, the environment and flags, in that order.

Every setting is a field below; docs/agent.md describes each. An unknown key, or a value that cannot be, is refused by
name, with where it stands and what would be right.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from keuring.signals.catalogue import BY_NAME
from keuring.signals.model import Privacy
from keuring_agent.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

ENVIRONMENT_PREFIX: Final = "KEURING_AGENT_"
CONFIG_VARIABLE: Final = "KEURING_AGENT_CONFIG"
SYSTEM_STATE_DIRECTORY: Final = Path("/var/lib/keuring-agent")
_CLASSES: Final = tuple(privacy.name.lower() for privacy in Privacy)


def default_config() -> Path:
    """Where the settings file is when nobody says otherwise; it need not exist."""
    system: str = sys.platform
    if system == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Keuring" / "agent.toml"
    return Path("/etc/keuring-agent/agent.toml")


def default_state_directory() -> Path:
    """Where the agent keeps its identity and its spool when nobody says otherwise."""
    system: str = sys.platform
    if system == "win32":
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData")) / "Keuring" / "state"
    if os.geteuid() == 0:
        return SYSTEM_STATE_DIRECTORY
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "keuring-agent"


def _setting(brief: str, default: Any, least: float | None = None, most: float | None = None) -> Any:
    """A field with its meaning and its bounds. ``default`` may be a function."""
    metadata = {"brief": brief, "least": least, "most": most}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of an agent. Times are in seconds, sizes in bytes. None: what the collector's policy says."""

    # ruff cannot see that _setting gives a field.
    state_directory: Path = _setting(  # noqa: RUF009
        "Where identity, spool and policy are kept.", default_state_directory
    )
    root_directory: str = _setting("Root of the Linux system to look at; another one inside a container.", "/")
    sample_interval: float | None = _setting("Time between two samples (policy: 60).", None, 0.1, 3600)
    window_duration: float | None = _setting("Length of a window (policy: 300).", None, 0.5, 86400)
    windows_per_flush: int | None = _setting("Windows sent at once when none is urgent (policy: 3).", None, 1, 100)
    disabled_signals: tuple[str, ...] = _setting("Signals that are not measured, besides those of the policy.", ())
    privacy_classes: tuple[str, ...] = _setting(
        "Privacy classes that may leave the machine; the policy can allow fewer, never more.", _CLASSES
    )
    file_system_types: tuple[str, ...] = _setting("Kinds of file systems measured besides those on disks.", ())
    smart_interval: float = _setting("Time between two looks at the health of disks.", 3600.0, 60, 604800)
    updates_interval: float = _setting("Time between two counts of pending updates.", 21600.0, 600, 604800)
    sensor_timeout: float = _setting("Time that a quick sensor may take.", 10.0, 0.1, 60)
    collector: tuple[str, ...] = _setting(
        "HOST:PORT to report to, or several in order of preference, instead of what enrolment gave.", ()
    )
    enrolment_addresses: tuple[str, ...] = _setting(
        "HOST:PORT to get a new certificate at after the old one expired, instead of where the machine enrolled.", ()
    )
    enrolment_token: str = _setting("Token to enrol with at the first start; empty: the one in the file below.", "")
    enrolment_token_file: Path | None = _setting(  # noqa: RUF009
        "File with such a token, removed afterwards; enrolment-token in the state directory when not given.", None
    )
    machine_certificate: Path | None = _setting(  # noqa: RUF009
        "This machine's own certificate to enrol with, where the token asks for it: PEM, or PKCS #12.", None
    )
    machine_key: Path | None = _setting(  # noqa: RUF009
        "Its key (PEM), where it is in a file of its own.", None
    )
    machine_password_file: Path | None = _setting(  # noqa: RUF009
        "File with the password of the key or of the PKCS #12 file.", None
    )
    proxy: str = _setting("HTTP proxy to go through, as in http://HOST:PORT; empty: none.", "")
    collector_return: float = _setting("Time after which the first address is tried again.", 3600.0, 1, 604800)
    deadline: float = _setting("Time within which the collector must answer.", 15.0, 0.2, 300)
    backoff_minimum: float = _setting("Shortest wait after a failed sending.", 1.0, 0.1, 3600)
    backoff_maximum: float = _setting("Longest wait after failed sendings.", 300.0, 0.1, 86400)
    spool_size: int = _setting("Size of the spool at which the oldest reports are given up.", 64 * 2**20, 65536, 2**40)
    spool_age: float = _setting("Age at which waiting reports are given up.", 21 * 86400.0, 3600, 365 * 86400)


NAMES: Final = tuple(setting.name for setting in fields(Settings))
# What others must not read in a list of processes.
SECRETS: Final = frozenset({"proxy", "enrolment_token"})
_ADDRESSES: Final = frozenset({"collector", "enrolment_addresses"})
_FIELDS: Final = {setting.name: setting for setting in fields(Settings)}


def load(
    path: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """Reads the settings. A ``path`` that is given must exist; the default one need not.

    Raises ConfigError.
    """
    environment = os.environ if environment is None else environment
    if path is None and environment.get(CONFIG_VARIABLE):
        path = Path(environment[CONFIG_VARIABLE])
    values: dict[str, Any] = {}
    for name, value in _file(path or default_config(), must_exist=path is not None).items():
        values[name] = _checked(name, value, str(path or default_config()))
    for variable, text in environment.items():
        if variable.startswith(ENVIRONMENT_PREFIX) and variable != CONFIG_VARIABLE:
            name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
            values[name] = _checked(name, _parsed(name, text), f"${variable}")
    for name, value in (overrides or {}).items():
        if value is not None:
            parsed = _parsed(name, value) if isinstance(value, str) else value
            values[name] = _checked(name, parsed, f"--{name.replace('_', '-')}")
    settings = Settings(**values)
    if settings.backoff_minimum > settings.backoff_maximum:
        raise ConfigError("setting 'backoff_minimum' is larger than 'backoff_maximum'; swap them")
    return settings


def _file(path: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(f"{path}: there is no such settings file; make it or leave the flag out") from None
        return {}
    except OSError as error:
        raise ConfigError(f"{path}: the settings file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: this is no valid TOML: {error}") from error
    # Imported here: without a file the resident agent need not pay for it.
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: this is no valid TOML: {error}") from error


def _kind(name: str, where: str) -> str:
    if name not in _FIELDS:
        raise ConfigError(f"{where}: unknown setting '{name}'; known are: {', '.join(NAMES)}")
    return str(_FIELDS[name].type).split(" | ", maxsplit=1)[0]


def _parsed(name: str, text: str) -> Any:
    """A value written as text, in the environment or on the command line; lists by commas."""
    kind = _kind(name, f"${ENVIRONMENT_PREFIX}{name.upper()}")
    if kind.startswith("tuple"):
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind in ("int", "float"):
        try:
            return int(text) if kind == "int" else float(text)
        except ValueError:
            return text  # _checked says what is wrong with it
    return text


def _checked(name: str, value: Any, where: str) -> Any:
    kind = _kind(name, where)
    if kind.startswith("tuple"):
        return _checked_list(name, value, where)
    if kind == "Path":
        if not isinstance(value, str | Path) or not str(value):
            kind = "directory" if name == "state_directory" else "file"
            raise ConfigError(f"{where}: setting '{name}' is {value!r}; write a {kind} in quotes")
        return Path(value).expanduser().absolute()
    if name == "proxy":
        return _checked_proxy(value, where)
    if name == "enrolment_token":
        return _checked_token(value, where)
    if kind == "str":
        if not isinstance(value, str) or not value.startswith("/"):
            raise ConfigError(f"{where}: setting '{name}' is {value!r}; write an absolute path, as in \"/host\"")
        return value
    wanted = "a whole number" if kind == "int" else "a number"
    bounds = _FIELDS[name].metadata
    fits = isinstance(value, int if kind == "int" else int | float) and not isinstance(value, bool)
    if not fits or not bounds["least"] <= value <= bounds["most"]:
        raise ConfigError(
            f"{where}: setting '{name}' is {value!r}; write {wanted} from {bounds['least']:g} to {bounds['most']:g}"
        )
    return int(value) if kind == "int" else float(value)


def _checked_proxy(value: Any, where: str) -> str:
    from keuring_agent import proxy

    try:
        proxy.parse(value if isinstance(value, str) else "?")
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
    return str(value)


def _checked_token(value: Any, where: str) -> str:
    from keuring_agent import enrolment_token
    from keuring_agent.errors import TokenError

    try:
        if value:
            enrolment_token.parse(value if isinstance(value, str) else "?")
    except TokenError as error:
        raise ConfigError(f"{where}: setting 'enrolment_token': {error}") from None
    return str(value or "")


def _checked_list(name: str, value: Any, where: str) -> tuple[str, ...]:
    if name in _ADDRESSES and isinstance(value, str):
        value = [value]
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f'{where}: setting \'{name}\' is {value!r}; write a list of texts, as in ["one", "two"]')
    known = {"disabled_signals": BY_NAME, "privacy_classes": _CLASSES}.get(name)
    for item in value:
        if known is not None and item not in known:
            raise ConfigError(f"{where}: setting '{name}' names '{item}', which there is not; see docs/agent.md")
        if name in _ADDRESSES and not all((item.rpartition(":")[0], item.rpartition(":")[2].isdigit())):
            raise ConfigError(f"{where}: setting '{name}' has '{item}'; write HOST:PORT")
    return tuple(value)
