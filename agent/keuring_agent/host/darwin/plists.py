"""Property lists: what macOS keeps its settings and records in, and what some of its programs say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from keuring_agent.host.readings import NotMeasurable

if TYPE_CHECKING:
    from keuring_agent.host.tree import Tree

_DAMAGED: Final = "a record of macOS is damaged, or has a form that is not known here"


def read(data: bytes) -> object:
    """A property list, as text or binary. Raises NotMeasurable for anything else."""
    import plistlib  # here: it costs memory that the agent on other systems need not pay

    try:
        found: object = plistlib.loads(data)
    except Exception:  # noqa: BLE001  # of damaged files it raises whatever its parts raise
        raise NotMeasurable(_DAMAGED) from None
    return found


def file(tree: Tree, path: str, missing: str = "") -> object:
    """A file with a property list. Raises NotMeasurable; ``missing`` says what its absence means."""
    return read(tree.data(path, missing))


def mapping(value: object) -> dict[str, Any]:
    """A dictionary; empty for anything else."""
    return value if isinstance(value, dict) else {}


def listing(value: object) -> list[Any]:
    """A list; empty for anything else."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """A string without surplus white space; "" for anything else."""
    return " ".join(value.split()) if isinstance(value, str) else ""


def number(value: object) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e30 else None


def time(value: object) -> float | None:
    """Seconds since 1970 of a date, which property lists hold in UTC; None for anything else."""
    if not isinstance(value, datetime):
        return None
    try:
        return value.replace(tzinfo=UTC).timestamp()
    except (OverflowError, ValueError):
        return None
