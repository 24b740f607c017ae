"""The forecast of batteries on recorded laptops: how many crossings it foresees, and how many tickets come true.

The shipped rule battery_wearing is judged, at nine limits in place of its one (its floor moves along). A reading is of
the day before its period ends. The laptop reports it each day until the next one, but not for longer than a week, as an
agent does with a gauge that does not move. Definitions:

- Health is the full charge as a share of the designed capacity; where firmware rewrites that, of the largest of the
  first ten full charges.
- A crossing is the first of two readings in a row below the limit, 35 days or more after the first reading, of a
  battery that began at or above the limit.
- The ticket is the first finding told before the crossing. It has a lead when the crossing is 7 to 180 days later. It
  is right when the crossing comes within 180 days, wrong when it comes later or has not come 180 days on; a ticket of
  which the record ends sooner is not judged.
- An interval is judged each time that it is told (daily, while the finding stands). It held when the crossing lies in
  it, a day around allowed; where the record ends inside it, it is not judged. Each battery and limit weighs the same.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import CompiledPack, CompiledRule, Forecast, Term
from keuring_collector.engine.model import Layout, SeriesKey, Window
from tests.bench.figure import Figure
from tests.bench.prediction.tables import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from keuring_collector.engine.model import Expected

    Days = NDArray[np.int64]
    Floats = NDArray[np.float64]

LIMITS = (0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)
LEAD = (7, 180)
KNOWN_DAYS = 35
HELD = 7  # days
DAY = 86400.0
FIRST = 10  # full charges, of which the largest is taken for the designed capacity
DRAWS = 2000
SUBJECT = "BAT0"


class Course(NamedTuple):
    """One battery: days since 1970 on which its periods end, rising, and its health then."""

    unit: str
    days: Days
    health: Floats


@dataclass(slots=True)
class Case:
    """One battery and one limit. ``crossing`` is a day, None when the record ends before; ``ended`` its last day."""

    unit: str
    crossing: int | None
    ended: int
    ticket: int | None = None
    held: list[bool] = field(default_factory=list)
    widths: list[float] = field(default_factory=list)

    @property
    def lead(self) -> int | None:
        """Days from the ticket to the crossing; None without both."""
        return None if self.ticket is None or self.crossing is None else self.crossing - self.ticket

    @property
    def right(self) -> bool | None:
        """Whether the ticket came true; None when there is none or the record ends too soon."""
        if self.lead is not None:
            return self.lead <= LEAD[1]
        return False if self.ticket is not None and self.ended - self.ticket >= LEAD[1] else None


def courses(folder: Path) -> list[Course]:
    """The recorded batteries; none, and a line on standard error, when the table is not there."""
    table = read(folder, "capacity_history")
    if table is None:
        return []
    day = table["period_end"].astype("datetime64[D]").astype(np.int64)
    full, design = table["full_charge_mwh"].astype(np.float64), table["design_mwh"].astype(np.float64)
    found = []
    for unit in np.unique(table["unit"].astype(str)).tolist():
        rows = np.flatnonzero(table["unit"].astype(str) == unit)
        rows = rows[np.argsort(day[rows], kind="stable")]
        mine, said = full[rows], np.nan_to_num(design[rows])
        steady = said.min() == said.max() > 0
        found.append(Course(unit, day[rows], mine / (said[0] if steady else mine[:FIRST].max())))
    return found


def crossing(course: Course, limit: float) -> int | None:
    """The place of the first of two readings in a row below the limit; None: there is none."""
    below = course.health < limit
    twice = np.flatnonzero(below[:-1] & below[1:])
    return int(twice[0]) if len(twice) else None


def rule_at(rule: CompiledRule, limit: float) -> CompiledRule:
    """The rule, asking of another limit; its floors on the same signal move along."""
    source = rule.source
    if not isinstance(source, Forecast):
        raise TypeError(f"{rule.name} is no forecast")
    moved = limit - source.limit

    def move(term: Term) -> Term:
        if term.signal != source.signal:
            return term
        return replace(term, limit=term.limit + term.sign * moved, recovery=term.recovery + term.sign * moved)

    return replace(
        rule,
        id=f"{rule.id}-{limit}",
        terms=(rule.terms[0], *map(move, rule.terms[1:])),
        source=replace(source, limit=limit, noise=max(limit / 1000, 0.001)),
        applies=(),
    )


def judge(all_courses: list[Course], rule: CompiledRule) -> list[Case]:
    """The cases of all batteries, judged by the engine report by report."""
    source = rule.source
    if not isinstance(source, Forecast):
        raise TypeError(f"{rule.name} is no forecast")
    rules = tuple(rule_at(rule, limit) for limit in LIMITS)
    cases: dict[tuple[int, str], Case] = {}
    for number, course in enumerate(all_courses):
        for limit, asked in zip(LIMITS, rules, strict=True):
            place = crossing(course, limit)
            if _counts(course, limit, place):
                crossed = None if place is None else int(course.days[place])
                cases[number, asked.id] = Case(course.unit, crossed, int(course.days[-1]))
    fleet = Fleet(CompiledPack("bench", "bench", rules))
    layout = Layout((SeriesKey(source.signal, source.statistic, SUBJECT),))
    reports = [_reports(number, course, layout) for number, course in enumerate(all_courses)]
    for together in zip_longest(*reports):
        for finding in fleet.judge([window for window in together if window is not None]):
            case = cases.get((finding.endpoint, finding.rule))
            day = int(finding.at // DAY)
            if case is None or finding.expected is None or (case.crossing is not None and day >= case.crossing):
                continue
            case.ticket = day if case.ticket is None else case.ticket
            _interval(case, finding.expected)
    return list(cases.values())


def _counts(course: Course, limit: float, place: int | None) -> bool:
    if course.health[0] < limit or bool((course.health[:2] < limit).all()) or len(course.days) < 3:
        return False
    return place is None or int(course.days[place] - course.days[0]) >= KNOWN_DAYS


def _reports(number: int, course: Course, layout: Layout) -> Iterator[Window]:
    """A report at noon of each day, from that of a reading to that before the next, at most HELD days."""
    days = course.days - 1
    for day, following, health in zip(days, np.append(days[1:], days[-1] + 2), course.health, strict=True):
        for reported in range(day, min(day + HELD, following)):
            end = (reported + 0.5) * DAY
            yield Window(number, end - 3600, end, end + 5, "boot", layout, np.array([health]))


def _interval(case: Case, told: Expected) -> None:
    low, high = told.low / DAY, told.high / DAY
    if case.crossing is not None:
        case.held.append(low - 1 <= case.crossing <= high + 1)
    elif case.ended > high:
        case.held.append(False)
    else:
        return
    case.widths.append(high - low)


class Learned(NamedTuple):
    """What the set says of all its batteries; per day. Written into the rule by hand, with its date."""

    drift: float  # median over batteries
    spread: float  # standard deviation of slopes over twenty weeks
    restless: float  # root of the median variance that a day adds
    batteries: int


def learned(all_courses: list[Course]) -> Learned:
    """The drift of batteries known for 90 days or more; where a level is needed, the median of three readings."""
    drifts, slopes, moved = [], [], []
    for _, days, health in all_courses:
        level = [float(np.median(health[max(0, place - 1) : place + 2])) for place in range(len(days))]
        if days[-1] - days[0] >= 90:
            drifts.append((level[-1] - level[0]) / float(days[-1] - days[0]))
        moved.append(float(np.sum(np.clip(np.diff(health), -0.3, 0.3) ** 2) / (days[-1] - days[0])))
        for first in range(0, len(days), 8):
            last = int(np.searchsorted(days, days[first] + 140, side="right")) - 1
            if days[last] - days[first] >= 110 and last - first > 5:
                slopes.append((level[last] - level[first]) / float(days[last] - days[first]))
    return Learned(float(np.median(drifts)), float(np.std(slopes)), float(np.sqrt(np.median(moved))), len(drifts))


def summary(cases: list[Case]) -> tuple[float, float, float, float]:
    """Shares of crossings with a lead, of tickets that are right, and of intervals that held; their median width."""
    leads = [case.lead is not None and LEAD[0] <= case.lead <= LEAD[1] for case in cases if case.crossing is not None]
    right = [case.right for case in cases if case.right is not None]
    held = [float(np.mean(case.held)) for case in cases if case.held]
    widths = [width for case in cases for width in case.widths]
    if not (leads and right and held):
        return (np.nan, np.nan, np.nan, np.nan)
    return float(np.mean(leads)), float(np.mean(right)), float(np.mean(held)), float(np.median(widths))


def bootstrap(cases: list[Case]) -> list[str]:
    """The 90 % ranges of each figure, drawing batteries anew, with a fixed seed."""
    units: dict[str, list[Case]] = {}
    for case in cases:
        units.setdefault(case.unit, []).append(case)
    random, names = np.random.default_rng(1), list(units)
    drawn = [summary([case for name in random.choice(names, len(names)) for case in units[name]]) for _ in range(DRAWS)]
    low, high = np.nanquantile(np.array(drawn), (0.05, 0.95), axis=0)
    return [f"{a:.2f} to {b:.2f}" for a, b in zip(low[:3], high[:3], strict=True)] + [f"{low[3]:.0f} to {high[3]:.0f}"]


def figures(data: Path) -> Iterator[Figure]:
    """The three figures of the set; nothing, and a line on standard error, without it."""
    rule = next(rule for rule in rulepack.load().compiled.rules if rule.name == "battery_wearing")
    cases = judge(courses(data / "battery_laptops"), rule)
    crossings = sum(case.crossing is not None for case in cases)
    if not crossings:
        print("battery_laptops: no crossing, so nothing is measured on it", file=sys.stderr)
        return
    lead, right, held, width = summary(cases)
    ranges = bootstrap(cases)
    units = len({case.unit for case in cases})
    tickets = sum(case.right is not None for case in cases)
    among = f"{units} batteries, 90 % of bootstraps over them"
    how = f"{crossings} crossings of {among} {ranges[0]}; foreseen {LEAD[0]} to {LEAD[1]} days ahead"
    yield Figure("laptops_lead_share", round(lead, 3), "", how=how)
    how = f"{tickets} tickets of {among} {ranges[1]}; right: it crosses within {LEAD[1]} days"
    yield Figure("laptops_ticket_precision", round(right, 3), "", how=how)
    how = f"intervals as told, of {among} {ranges[2]}; median width {width:.0f} days ({ranges[3]})"
    yield Figure("laptops_interval_coverage", round(held, 3), "", how=how)
