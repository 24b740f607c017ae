"""What the engine runs: rules after compilation, as plain data without names, units or texts.

Every condition becomes the same small machine. A *term* compares one number x with a limit::

    sign * (x - slope * t) > limit        (t: event time of the window's end)

``sign`` is 1 for "above" and -1 for "below"; ``slope`` is 1 where x is a date, so that the comparison is about the
time left. A NaN is not measurable: neither true nor false. A rule is true when all its terms are true, false when one
of them is false, and otherwise not measurable. The first term is the rule's own value: read from the window where
``source`` is None, else written by the source (growth in a period, a forecast date, a date or a state from facts, the
truth of other conditions put together). The others are floors, read from the window. What the engine does for each
source is in kinds/, one file each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keuring_collector.engine.baselines import Question
    from keuring_collector.engine.model import Severity
    from keuring_collector.engine.wear import Library

# Written into every snapshot: a change here, or of anything that decides what the state means, makes old ones void.
ENGINE_VERSION = 9

Value = str | float | bool


class Truth(IntEnum):
    """Three-valued: the smaller of two is their conjunction."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2


class Operator(Enum):
    """How a fact (or an attribute of an event) is held against the values of a test."""

    IN = "in"
    NOT_IN = "not_in"
    VERSION_BELOW = "version_below"
    VERSION_FROM = "version_from"


@dataclass(frozen=True, slots=True)
class FactTest:
    """A test of one fact; ``per_subject``: the fact of the finding's own subject, else that of ``subject``: the machine
    (empty), or one that is named ("Firefox").
    """

    signal: int
    operator: Operator
    values: tuple[Value, ...]
    per_subject: bool = False
    subject: str = ""

    def about(self, subject: str) -> str:
        """Whose fact is meant for a finding about ``subject``."""
        return subject if self.per_subject else self.subject


@dataclass(frozen=True, slots=True)
class AttributeTest:
    """A test of one attribute of an event; only IN and NOT_IN. An absent attribute is the empty string."""

    name: str
    operator: Operator
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison; ``limit`` and ``recovery`` are already multiplied by ``sign``.

    ``recovery`` takes the place of ``limit`` while the finding stands (hysteresis). ``same_subject``: the series has
    the finding's subject, else it is the machine's. With ``minus_signal`` the other series of the same subject is
    subtracted first ("within 5 degrees of the maker's limit").
    """

    signal: int
    statistic: int
    sign: float
    limit: float
    recovery: float
    slope: float = 0.0
    same_subject: bool = True
    minus_signal: int = 0
    minus_statistic: int = 0
    shown_limit: float = math.nan


@dataclass(frozen=True, slots=True)
class Lane:
    """One thing that a growth is counted of: a counter (SUM), a lifetime counter (LAST) or events (statistic 0)."""

    signal: int
    statistic: int
    where: tuple[AttributeTest, ...] = ()


@dataclass(frozen=True, slots=True)
class Growth:
    """x is how much all lanes of one subject grew within ``period`` seconds, or on how many parts of it (days).

    An infinite period counts from the first report on.
    """

    lanes: tuple[Lane, ...]
    period: float
    count_days: bool = False
    identity: int = 0  # a fact; when it changes, the part was replaced and counting starts afresh


@dataclass(frozen=True, slots=True)
class Drift:
    """What is known of a kind of series before one's own history says so; learned from recorded series.

    ``per_day``: how it drifts, in the series' own direction, and ``spread``: how much that differs (a standard
    deviation) from one to another. ``restless``: the variance that a day adds. The date is ``median`` of the mean time
    to the limit; the interval's ends are ``early`` of the date, and ``late`` of it plus ``margin`` days.
    """

    per_day: float
    spread: float
    restless: float
    median: float
    early: float
    late: float
    margin: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """x is the date on which the series reaches ``limit``, from daily points; see forecast.py.

    Days are whole days. ``sign`` is 1 when the series rises to the limit and -1 when it falls to it. ``aggregate`` is
    the statistic of the day (LAST, MIN, MEAN, MAX). ``step`` is the size of a jump, in the series' unit, that ends
    history. ``z`` is the half-width of the interval in standard deviations. ``latest`` bounds how far beyond the
    window's end the late end of the interval may lie, in days. The pace comes from the last ``pace_days``; steps and
    clean-ups are looked for in all ``maximum_days``. ``drift``: how all series of its kind go, where that is known.
    """

    signal: int
    statistic: int
    aggregate: int
    limit: float
    sign: float
    minimum_days: int
    maximum_days: int
    latest: float
    step: float
    noise: float
    z: float = 1.2816
    restart_signal: int = 0
    restart_statistic: int = 0
    identity: int = 0
    pace_days: int = 60
    drift: Drift | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ByCycles(Forecast):
    """A forecast of a battery by its cycles and by known curves, where these know; see wear.py."""

    cycles: int
    cycles_statistic: int
    curves: Library


@dataclass(frozen=True, slots=True)
class Trend:
    """x is by how much the series surely rises (``sign`` 1) or falls (-1) in ``per`` days; see trend.py.

    ``days`` are looked at and ``minimum_days`` needed, whole days; ``step``, ``noise``, ``z`` and the rest as in a
    Forecast.
    """

    signal: int
    statistic: int
    aggregate: int
    sign: float
    per: float
    days: int
    minimum_days: int
    step: float
    noise: float
    z: float
    restart_signal: int = 0
    restart_statistic: int = 0
    identity: int = 0


@dataclass(frozen=True, slots=True)
class Jump:
    """x is how far the series lies above (``sign`` 1) or below (-1) what it was before it jumped; see jump.py.

    ``step`` makes a jump, in the series' unit; it must have lasted ``lasting`` known days. ``days`` are looked at.
    """

    signal: int
    statistic: int
    aggregate: int
    sign: float
    step: float
    lasting: int
    days: int
    restart_signal: int = 0
    restart_statistic: int = 0
    identity: int = 0


@dataclass(frozen=True, slots=True)
class Peer:
    """x is how far the last days of a series lie above (``sign`` 1) or below (-1) those of its peers, in spreads.

    ``question`` is what is asked of the fleet, and says which days count. A spread is never taken for less than
    ``least``, in the series' unit; ``peers`` machines are the fewest that say what is usual.
    """

    question: Question
    sign: float
    peers: int
    least: float
    identity: int = 0
    restart_signal: int = 0
    restart_statistic: int = 0

    @property
    def signal(self) -> int:
        """The series that is compared."""
        return self.question.signal

    @property
    def statistic(self) -> int:
        """And which of its statistics."""
        return self.question.statistic

    @property
    def aggregate(self) -> int:
        """What a day of it comes to."""
        return self.question.aggregate


@dataclass(frozen=True, slots=True)
class DatedRow:
    """A date that holds where every (fact, prefix) matches; "11" matches "11" and "11.7", not "110".

    ``subject``: how the finding's subject begins, in a table about subjects; empty: any.
    """

    match: tuple[tuple[int, str], ...]
    date: float
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Dated:
    """x is a date: of a time fact where there is one (``signal`` not 0), else of the first row that matches.

    ``per_subject``: the signal is of a subject; ``by_subject``: so are the facts of the table.
    """

    signal: int = 0
    table: tuple[DatedRow, ...] = ()
    per_subject: bool = False
    by_subject: bool = False
    ahead: bool = True  # the date is still to come, and is what the finding expects


@dataclass(frozen=True, slots=True)
class State:
    """x is 1 where the test of a fact is true and 0 where it is false."""

    test: FactTest


class How(Enum):
    """How the conditions within a condition are put together."""

    ALL = "all"
    ANY = "any"
    NOT = "not"
    RISK = "risk"


@dataclass(frozen=True, slots=True)
class Part:
    """A condition within another, judged as a rule of its own that tells nothing.

    ``points`` (a whole number) are what it gives to a risk while it is true. ``same_subject``: it is about the same
    subject as the whole, else about the machine.
    """

    rule: CompiledRule
    points: float = 0.0
    same_subject: bool = True


@dataclass(frozen=True, slots=True)
class Combination:
    """x is 1 where the parts together are true, 0 where they are false; of a risk, the points of its true parts.

    Three-valued: all is the smallest truth of its parts, any the largest, not the opposite. A part of a risk that is
    not measurable gives no points; a risk of which nothing is measurable is not measurable.
    """

    how: How
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Unusual:
    """x is how unlike itself the series is, 1 being the edge of what is still usual; see unusual.py.

    ``high`` and ``low``: which sides count. ``margin``: an excess below this, in the series' unit, is none.
    ``learning``: seconds in which it must have been known before anything is said.
    """

    signal: int
    statistic: int
    high: bool
    low: bool
    margin: float
    learning: float
    identity: int = 0


Source = Growth | Forecast | ByCycles | Trend | Jump | Peer | Dated | State | Combination | Unusual


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule; times in seconds.

    ``hold``: how long the condition must hold; ``recovery_hold``: how long it must be gone; ``gap``: a longer time
    without a known value restarts both (0: the default of machine.py; infinite for facts, which last).
    ``worse``: (limit of the first term, signed; severity) from mild to severe. ``business_hours``: only windows within
    the pack's business hours count, and only business time passes.
    """

    id: str
    name: str
    severity: Severity
    terms: tuple[Term, ...]
    source: Source | None = None
    applies: tuple[FactTest, ...] = ()
    hold: float = 0.0
    recovery_hold: float = 0.0
    gap: float = 0.0
    worse: tuple[tuple[float, Severity], ...] = ()
    business_hours: bool = False


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a place works, from ``begin`` to ``end`` (seconds since 1970); outside them never.

    ``offsets``: (from when, seconds that clocks on the wall are ahead of UTC), in order; the first holds from
    ``begin``. ``openings``: (weekday, 0 is Monday; from and until when, seconds after local midnight).
    """

    offsets: tuple[tuple[float, float], ...]
    openings: tuple[tuple[int, float, float], ...]
    begin: float
    end: float


@dataclass(frozen=True, slots=True, eq=False)
class CompiledPack:
    """All rules that are judged. ``fingerprint`` changes with anything that could change a judgement.

    ``precision`` is the catalogue's step of each signal, by id; evidence is rounded to it. ``calendar`` is there when
    a rule asks for business hours.
    """

    version: str
    fingerprint: str
    rules: tuple[CompiledRule, ...]
    precision: Mapping[int, float] = field(default_factory=dict)
    calendar: Calendar | None = None
