"""The agent's settings: one typed object, read from a TOML file, the environment and flags, in that order.

Every setting is a field below; docs/agent.md describes each. An unknown key, or a value that cannot be, is refused by
name, with where it stands and what would be right.

No dataclass, for that would bring `inspect` into the resident agent; and annotations that are evaluated, as a named
tuple would compile and keep each one that is a text.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Final, NamedTuple

from keuring.signals.catalogue import BY_NAME
from keuring.signals.model import Privacy
from keuring_agent.errors import ConfigError

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


class Settings(NamedTuple):
    """All settings of an agent. Times are in seconds, sizes in bytes. None: what the collector's policy says."""

    # Where identity, spool and policy are kept.
    state_directory: Path
    # Root of the Linux system to look at; another one inside a container.
    root_directory: str = "/"
    # Time between two samples (policy: 60).
    sample_interval: float | None = None
    # Length of a window (policy: 300).
    window_duration: float | None = None
    # Windows sent at once when none is urgent (policy: 3).
    windows_per_flush: int | None = None
    # Signals that are not measured, besides those of the policy.
    disabled_signals: tuple[str, ...] = ()
    # Privacy classes that may leave the machine; the policy can allow fewer, never more.
    privacy_classes: tuple[str, ...] = _CLASSES
    # Kinds of file systems measured besides those on disks.
    file_system_types: tuple[str, ...] = ()
    # Time between two looks at the health of disks.
    smart_interval: float = 3600.0
    # Time between two counts of pending updates.
    updates_interval: float = 21600.0
    # Time that a quick sensor may take.
    sensor_timeout: float = 10.0
    # Processor time an hour at its usual pace above which a sensor reads less often.
    sensor_cpu_limit: float = 1.0
    # Processor time an hour of the whole agent above which its dearest sensors read less often.
    agent_cpu_limit: float = 1.5
    # Memory at which the agent restarts itself.
    memory_limit: int = 96 * 2**20
    # Share of a battery's charge below which it measures less.
    battery_threshold: float = 0.2
    # By how much all intervals are longer then.
    battery_stretch: float = 3.0
    # When the service desk's notices may appear on the desktop.
    notice_hours: str = "mon-fri 08:00-18:00"
    # HOST:PORT to report to, or several in order of preference, instead of what enrolment gave.
    collector: tuple[str, ...] = ()
    # HOST:PORT to get a new certificate at after the old one expired, instead of where the machine enrolled.
    enrolment_addresses: tuple[str, ...] = ()
    # Token to enrol with at the first start; empty: the one in the file below.
    enrolment_token: str = ""
    # File with such a token, removed afterwards; enrolment-token in the state directory when not given.
    enrolment_token_file: Path | None = None
    # This machine's own certificate to enrol with, where the token asks for it: PEM, or PKCS #12.
    machine_certificate: Path | None = None
    # Its key (PEM), where it is in a file of its own.
    machine_key: Path | None = None
    # File with the password of the key or of the PKCS #12 file.
    machine_password_file: Path | None = None
    # HTTP proxy to go through, as in http://HOST:PORT; empty: none.
    proxy: str = ""
    # Time after which the first address is tried again.
    collector_return: float = 3600.0
    # Time within which the collector must answer.
    deadline: float = 15.0
    # Shortest wait after a failed sending.
    backoff_minimum: float = 1.0
    # Longest wait after failed sendings.
    backoff_maximum: float = 300.0
    # Size of the spool at which the oldest reports are given up.
    spool_size: int = 64 * 2**20
    # Age at which waiting reports are given up.
    spool_age: float = 21 * 86400.0


# The least and the most that a number can be; of a setting without a row here its kind says all.
_BOUNDS: Final[dict[str, tuple[float, float]]] = {
    "sample_interval": (0.1, 3600),
    "window_duration": (0.5, 86400),
    "windows_per_flush": (1, 100),
    "smart_interval": (60, 604800),
    "updates_interval": (600, 604800),
    "sensor_timeout": (0.1, 60),
    "sensor_cpu_limit": (0.001, 3600),
    "agent_cpu_limit": (0.001, 3600),
    "memory_limit": (2**20, 2**40),
    "battery_threshold": (0, 1),
    "battery_stretch": (1, 12),
    "collector_return": (1, 604800),
    "deadline": (0.2, 300),
    "backoff_minimum": (0.1, 3600),
    "backoff_maximum": (0.1, 86400),
    "spool_size": (65536, 2**40),
    "spool_age": (3600, 365 * 86400),
}
NAMES: Final = Settings._fields
# What others must not read in a list of processes.
SECRETS: Final = frozenset({"proxy", "enrolment_token"})
_ADDRESSES: Final = frozenset({"collector", "enrolment_addresses"})


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
    if "state_directory" not in values:
        values["state_directory"] = default_state_directory()
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
    """The name of a setting's type, without None."""
    if name not in NAMES:
        raise ConfigError(f"{where}: unknown setting '{name}'; known are: {', '.join(NAMES)}")
    kind: Any = Settings.__annotations__[name]
    if isinstance(kind, UnionType):
        kind = kind.__args__[0]
    return str(kind.__name__)


def _parsed(name: str, text: str) -> Any:
    """A value written as text, in the environment or on the command line; lists by commas."""
    kind = _kind(name, f"${ENVIRONMENT_PREFIX}{name.upper()}")
    if kind == "tuple":
        return [part.strip() for part in text.split(",") if part.strip()]
    if kind in ("int", "float"):
        try:
            return int(text) if kind == "int" else float(text)
        except ValueError:
            return text  # _checked says what is wrong with it
    return text


def _checked(name: str, value: Any, where: str) -> Any:
    kind = _kind(name, where)
    if kind == "tuple":
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
    if name == "notice_hours":
        return _checked_hours(value, where)
    if kind == "str":
        if not isinstance(value, str) or not value.startswith("/"):
            raise ConfigError(f"{where}: setting '{name}' is {value!r}; write an absolute path, as in \"/host\"")
        return value
    wanted = "a whole number" if kind == "int" else "a number"
    least, most = _BOUNDS[name]
    fits = isinstance(value, int if kind == "int" else int | float) and not isinstance(value, bool)
    if not fits or not least <= value <= most:
        raise ConfigError(f"{where}: setting '{name}' is {value!r}; write {wanted} from {least:g} to {most:g}")
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


def _checked_hours(value: Any, where: str) -> str:
    from keuring_agent import working_hours

    try:
        working_hours.parse(value if isinstance(value, str) else "?")
    except ConfigError as error:
        raise ConfigError(f"{where}: setting 'notice_hours': {error}") from None
    return str(value)


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
