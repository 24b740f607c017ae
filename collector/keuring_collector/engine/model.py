"""The engine's vocabulary: what goes in (compiled rules, windows) and what comes out (findings).

Everything here is plain data. The engine knows no catalogue, no clock and no database: signals are ids, times are
seconds since 1970 (UTC) as floats, and both times of a window come in with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

# The statistics of the wire (keuring.report.v1.Statistic).
LAST, MIN, MEAN, MAX, SUM = 1, 2, 3, 4, 5


class Severity(IntEnum):
    """How soon somebody should act; a larger number is more urgent."""

    TIP = 1
    WATCH = 2
    SOON = 3
    URGENT = 4


class SeriesKey(NamedTuple):
    """What one value of a report is: a signal (catalogue id), one of its statistics, and what it is about."""

    signal: int
    statistic: int
    subject: str


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The meaning of each value of a report, in order. Compared by identity: one object for one dictionary."""

    keys: tuple[SeriesKey, ...]


class Fact(NamedTuple):
    """A property of an endpoint; ``value`` is None when it is gone. Times are seconds since 1970."""

    signal: int
    subject: str
    value: str | float | bool | None


NO_ATTRIBUTES: Mapping[str, str] = MappingProxyType({})


class Event(NamedTuple):
    """Something that happened ``count`` times around ``time``; ``attributes`` are those that the catalogue lists."""

    signal: int
    subject: str
    time: float
    count: int  # type: ignore[assignment]
    attributes: Mapping[str, str] = NO_ATTRIBUTES


class Unmeasured(NamedTuple):
    """A signal that cannot be measured, and why; an empty reason takes that back."""

    signal: int
    subject: str
    reason: str


@dataclass(slots=True, eq=False)  # not frozen: that would double what making one costs, for every report
class Window:
    """One report of one endpoint, decoded.

    ``start`` and ``end`` are event times (when it was measured, corrected for the clock's skew, never after
    ``received``); ``values`` is float64, one value per key of ``layout``, rounded to the catalogue's precision, NaN
    where there was no sample.
    """

    endpoint: int
    start: float
    end: float
    received: float
    boot_id: str
    layout: Layout
    values: NDArray[np.float64]
    facts: Sequence[Fact] = ()
    events: Sequence[Event] = ()
    unmeasured: Sequence[Unmeasured] = ()


class Change(Enum):
    """What a finding did."""

    OPENED = "opened"  # became true
    CONTINUED = "continued"  # is still true: once a day, or when its date or severity moved
    CLEARED = "cleared"  # is no longer true


class Expected(NamedTuple):
    """When a forecast says it will happen: the median and the ends of the 80 % interval, seconds since 1970."""

    at: float
    low: float
    high: float


class Evidence(NamedTuple):
    """One number (or fact) behind a finding: which series, its value, and the limit it was held against, if any.

    ``role`` says what the number is: "value", "limit", "floor", "slope" (per day), "before" (what it was until it
    jumped), "fact", "growth" (of a part), "points", of peers "usual", "spread", "machines" (a count) and "dated"
    (seconds since 1970), or of a battery whose date comes from its cycles how many it will have then, by known "curves"
    or by its own "bend". Of points, ``statistic`` is the place of the sign that gave them, from 1; 0: all signs
    together.
    """

    role: str
    signal: int
    statistic: int
    subject: str
    value: str | float | bool


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is true (or was, until now) for one subject of one endpoint."""

    change: Change
    rule: str  # the rule's id
    endpoint: int
    subject: str
    at: float  # event time of the window that brought the change
    since: float  # event time from which the condition held
    severity: Severity
    expected: Expected | None = None
    evidence: tuple[Evidence, ...] = ()
