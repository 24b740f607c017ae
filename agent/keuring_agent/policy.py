"""What the collector asks to be measured, how often, and what this machine's own settings make of it.

The policy comes with the answers to reports and is kept in the state directory. Where a setting is given explicitly
it wins for intervals; for privacy both must allow: a policy can narrow what leaves the machine and never widen it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from keuring.signals.model import Privacy
from keuring_agent import state
from keuring_agent.errors import StateError
from keuring_agent.privacy import Gate

if TYPE_CHECKING:
    from pathlib import Path

    from keuring_agent.config import Settings

_EVERY: Final = frozenset(Privacy)


class Policy(NamedTuple):
    """The collector's wishes. Times in seconds; None where it says nothing. No classes means all of them."""

    version: str = ""
    sample_interval: float | None = None
    window_duration: float | None = None
    windows_per_flush: int | None = None
    classes: tuple[int, ...] = ()
    disabled_signals: tuple[str, ...] = ()
    wanted_version: str = ""  # of the agent; announced, and nothing else


_UNKNOWN: Final = Policy(classes=(Privacy.HARDWARE.value,))


class Plan(NamedTuple):
    """What is done: the policy and the settings together."""

    sample_interval: float
    window_duration: float
    windows_per_flush: int
    gate: Gate


def _number(value: Any, least: float, most: float) -> float | None:
    """A number that can be obeyed; None for any other, so that a wrong policy never stops an agent."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if least <= value <= most else None


def _is_list(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)


def is_older(version: str, wanted: str) -> bool:
    """Whether a version is older than the wanted one; never where either is none, such as "next"."""
    try:
        ours, theirs = ([int(part) for part in text.split(".")] for text in (version, wanted))
    except ValueError:
        return False
    length = max(len(ours), len(theirs))
    return ours + [0] * (length - len(ours)) < theirs + [0] * (length - len(theirs))


def load(directory: Path) -> Policy:
    """The policy in the state directory; the default one when there is none.

    Of a damaged one nobody knows what it forbade: until the collector has said it again only what tells least leaves.
    """
    try:
        stored = state.read(directory / state.POLICY)
    except StateError as error:
        return Policy() if isinstance(error.__cause__, OSError) else _UNKNOWN  # another account's: it sends nothing
    if stored is None:
        return Policy()
    classes, disabled = stored.get("classes", []), stored.get("disabled_signals", [])
    if not _is_list(classes, int) or not _is_list(disabled, str):
        return _UNKNOWN
    windows = _number(stored.get("windows_per_flush"), 1, 100)
    return Policy(
        str(stored.get("version", "")),
        _number(stored.get("sample_interval"), 0.1, 3600),
        _number(stored.get("window_duration"), 0.5, 86400),
        None if windows is None else int(windows),
        tuple(classes),
        tuple(disabled),
        str(stored.get("wanted_version", "")),
    )


def store(directory: Path, policy: Policy) -> None:
    """Keeps the policy for the resident process to find, and for the next start."""
    state.write(directory / state.POLICY, policy._asdict(), shared=True)  # `show` needs it, whoever asks


def plan(policy: Policy, settings: Settings) -> Plan:
    """Settings that are given, then the policy, then the defaults."""
    allowed = frozenset(Privacy[name.upper()] for name in settings.privacy_classes)
    # Classes that this agent does not know yet are not measured either.
    wished = frozenset(item for item in _EVERY if item.value in policy.classes) if policy.classes else _EVERY
    interval = settings.sample_interval or policy.sample_interval or 60.0
    duration = settings.window_duration or policy.window_duration or 300.0
    return Plan(
        min(interval, duration),
        duration,
        settings.windows_per_flush or policy.windows_per_flush or 3,
        Gate(allowed & wished, {*settings.disabled_signals, *policy.disabled_signals}),
    )
