"""What the exporter tells of the database: plain numbers, and the bounds that keep them few.

Whatever an agent wrote is cleaned and bounded here before it becomes a label's value, so that no agent can widen what
Prometheus has to keep.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from keuring_collector.fleet.text import printable
from keuring_collector.store import Statistics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_VERSIONS: Final = 20
MAX_DEPARTMENTS: Final = 200
MAX_CAUSES: Final = 100
MAX_LABEL_LENGTH: Final = 64
OTHER: Final = "other"
NONE: Final = "none"
DAY: Final = 86400.0

# How long ago an agent was last heard of: (label, up to so many seconds ago).
FRESHNESS: Final = (("15m", 900.0), ("1h", 3600.0), ("1d", DAY))
OLDER: Final = "older"
NEVER: Final = "never"

# When a ticket's problem is expected: (label, up to so many seconds ahead).
HORIZONS: Final = (("passed", 0.0), ("week", 7 * DAY), ("month", 30 * DAY))
LATER: Final = "later"
UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Inventory:
    """One look at the database and the data directory. Times are seconds since 1970."""

    read_at: float
    tickets: Mapping[tuple[str, str, str], int]  # (state, severity, department)
    tickets_by_cause: Mapping[tuple[str, str], int]  # open ones: (cause, severity)
    tickets_expected: Mapping[str, int]  # open ones, by when the problem is expected
    verdicts: Mapping[tuple[str, str], int]  # (cause, verdict)
    unattended_since: Mapping[str, float]  # severity: when the oldest ticket opened that nobody has touched
    endpoints: Mapping[tuple[str, str], int]  # (state, "true" when simulated)
    versions: Mapping[str, int]
    freshness: Mapping[str, int]
    store: Statistics
    jobs: Mapping[str, float | None]  # when each last succeeded; None: never
    jobs_failing: Mapping[str, bool]
    certificates: Mapping[str, float] = field(default_factory=dict)  # until when each is valid
    disk_size: int = 0
    disk_free: int = 0
    backup_at: float | None = None  # when the newest backup in the data directory was made


# One of everything, for documentation and tests.
SPECIMEN: Final = Inventory(
    read_at=1_700_000_000.0,
    tickets={("new", "urgent", "Verkoop"): 2},
    tickets_by_cause={("volume_full", "urgent"): 2},
    tickets_expected={"week": 2},
    verdicts={("volume_full", "right"): 7},
    unattended_since={"urgent": 1_699_999_940.0},
    endpoints={("active", "false"): 3},
    versions={"0.1.0": 3},
    freshness={"15m": 3},
    store=Statistics(5, 1_699_999_900.0, 6, 7, 8),
    jobs={"digest": 1_699_999_990.0, "purge": None},
    jobs_failing={"digest": False, "purge": True},
    certificates={"server": 1_700_001_000.0},
    disk_size=10,
    disk_free=4,
    backup_at=1_699_999_995.0,
)


def label(text: object) -> str:
    """``text`` as a label's value: printable, at most 64 characters, never empty."""
    return printable(str(text), MAX_LABEL_LENGTH) or NONE


def bounded(counts: Mapping[str, int], limit: int) -> dict[str, int]:
    """The ``limit`` largest counts by cleaned name; the rest together as "other"."""
    cleaned: Counter[str] = Counter()
    for name, count in counts.items():
        cleaned[label(name)] += count
    largest = sorted(cleaned.items(), key=lambda item: (-item[1], item[0]))
    result = Counter(dict(largest[:limit]))
    if len(largest) > limit:
        result[OTHER] += sum(count for _, count in largest[limit:])
    return dict(result)


def freshness(active: Iterable[int], received: Mapping[int, float], now: float) -> dict[str, int]:
    """How many active endpoints were last heard of how long ago; each is counted once."""
    counts = dict.fromkeys([*(name for name, _ in FRESHNESS), OLDER, NEVER], 0)
    for endpoint in active:
        at = received.get(endpoint)
        counts[NEVER if at is None else step(FRESHNESS, now - at, OLDER)] += 1
    return counts


def step(steps: Iterable[tuple[str, float]], value: float, beyond: str) -> str:
    """The name of the first step that ``value`` does not exceed."""
    return next((name for name, limit in steps if value <= limit), beyond)


def bounded_pairs(rows: Iterable[tuple[str, str, int]], limit: int) -> dict[tuple[str, str], int]:
    """Counts by (name, second) with at most ``limit`` different names, those that come first; the rest as "other"."""
    counts: Counter[tuple[str, str]] = Counter()
    names: set[str] = set()
    for text, second, count in rows:
        name = label(text)
        if name in names or len(names) < limit:
            names.add(name)
        else:
            name = OTHER
        counts[name, second] += count
    return dict(counts)
