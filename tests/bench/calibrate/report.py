"""The result of the calibration of drives, as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.bench.calibrate.search import Row, holds
from tests.bench.prediction import points
from tests.bench.prediction.drive_records import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.bench.calibrate.drives import Sudden
    from tests.bench.calibrate.search import Curve, Period, Search, Table
    from tests.bench.prediction.drive_records import Bools

NAMES = {
    5: "reallocated sectors (5)",
    187: "uncorrectable reads (187)",
    188: "command time-outs (188)",
    197: "pending sectors (197)",
    198: "offline uncorrectable (198)",
}

HEAD = """<!-- Written by tests/bench/calibrate/drives.py; run that again instead of changing this. -->

# How the table of disk_failure_risk came about

Learned from {drives} hard drives ({failed} of them failed) of Backblaze's records before 1 July 2015: all of models of
which more than half were still in service then, every drive with the same weight. What came after is not read here:
`make bench NAME=prediction` judges the table on it, and decision 18 says what of it was looked at meanwhile.
Figures on this page are of the learning half, and in sample unless they are called cross-validated.

The search adds the row (of {candidates} that were tried) and the points that find most failures a day and a week ahead
at 0.3 to 2 % of healthy drives flagged, exchanges rows, moves points, and ends at {rows} rows. Age, model and maker
were left out: they mislead out of time."""

ROWS = (
    "Share of drives that showed the sign in the year before 1 July 2015; of those that failed, a day or a week ahead."
)
FOLDS = """{folds} times learned on the other drives, judged on those left out in the year before 1 July 2015; the
level is the first with at most that share flagged. The score is what the search makes as large as it can."""
LEVELS = """The year before 1 July 2015. The signs of {sudden} points are left out: drives that show them have a ticket
already.

- Watch: from {watch} point on, the first level with 2.0 % or less.
- Ticket: from {ticket} points on, the first with 0.75 % or less.
- Replace now: from {now} points on. Of {reached} drives that reached it in the fifteen months before, {right} failed
  within 90 days ({share:.0f} %)."""
TIMES = """Rows, points and the level of a ticket are fixed before the first date, then judged. The longer drives are
judged, the more of the healthy ones are flagged at some time."""


def page(
    search: Search,
    table: Table,
    sudden: Sudden,
    folds: Sequence[tuple[float, float, Curve]],
    times: Sequence[tuple[str, int, Curve, int]],
) -> str:
    """The whole page."""
    last = search.periods[-1]
    learned = search.periods[0]
    curve = last.curve(last.total(table))
    signs, level, reached, right = sudden.best()
    parts = [
        HEAD.format(
            drives=_thousands(int((learned.failed | learned.healthy).sum())),
            failed=int(learned.failed.sum()),
            candidates=len(learned.rows),
            rows=len(table),
        ),
        "## The table",
        ROWS,
        _rows(last, table, signs),
        "## The levels",
        _levels(curve, level, reached, right),
        "## Cross-validated by drive",
        FOLDS.format(folds=len(folds)),
        _folds(folds),
        "## Learned earlier, judged later",
        TIMES,
        _times(times),
    ]
    return "\n\n".join(parts)


def say(row: Row) -> str:
    """A sign in words."""
    names = " + ".join(NAMES[attribute] for attribute in row.attributes)
    if not row.days:
        return f"{names} above {row.least}"
    when = "since first seen" if row.days == float("inf") else f"within {row.days:.0f} days"
    return f"{names} grew by {row.least} or more {when}"


def _rows(period: Period, table: Table, signs: Sequence[Sequence[Row]]) -> str:
    lines = [
        "| points | sign | healthy drives | failed, a day ahead | failed, a week ahead |",
        "|---|---|---|---|---|",
        *(f"| 9 | {', and '.join(say(row) for row in sign)} | {_shares(period, sign)} |" for sign in signs),
    ]
    for number, given in sorted(table.items(), key=lambda item: (-item[1], say(period.rows[item[0]]))):
        row = period.rows[number]
        lines.append(f"| {given} | {say(row)} | {_shares(period, [row])} |")
    return "\n".join(lines)


def _shares(period: Period, sign: Sequence[Row]) -> str:
    """Percent of healthy drives with the sign, and of failed ones a day and a week ahead."""
    at = points.moments(period.records, period.since, period.until)
    there = np.logical_and.reduce([holds(row, period.records, at) for row in sign])
    lead = period.records.end[at.drive] - at.time

    def share(of: Bools, ahead: float) -> float:
        return 100 * len(np.unique(at.drive[there & (lead >= ahead) & of[at.drive]])) / max(1, int(of.sum()))

    healthy, failed = period.healthy, period.failed
    return f"{share(healthy, 0):.2f} % | {share(failed, DAY):.1f} % | {share(failed, 7 * DAY):.1f} %"


def _levels(curve: Curve, level: int, reached: int, right: int) -> str:
    lines = ["| points | healthy flagged | found a day ahead | a week ahead |", "|---|---|---|---|"]
    lines += [
        f"| {number} | {flagged:.2f} % | {day:.1f} % | {week:.1f} % |"
        for number, (flagged, day, week) in enumerate(list(zip(*curve, strict=True))[:8], 1)
    ]
    text = LEVELS.format(
        sudden=9,
        watch=curve.within(2.005),
        ticket=curve.within(0.75),
        now=level,
        reached=reached,
        right=right,
        share=100 * right / max(1, reached),
    )
    return "\n".join(lines) + "\n\n" + text


def _folds(folds: Sequence[tuple[float, float, Curve]]) -> str:
    lines = [
        "| fold | score in sample | score | at most 0.75 %: flagged, a day, a week ahead | at most 2 % |",
        "|---|---|---|---|---|",
    ]
    for number, (inside, outside, curve) in enumerate(folds, 1):
        lines.append(f"| {number} | {inside:.1f} | {outside:.1f} | {_at(curve, 0.75)} | {_at(curve, 2.0)} |")
    means = f"{_mean(each[0] for each in folds)} | {_mean(each[1] for each in folds)}"
    return "\n".join([*lines, f"| mean ± standard deviation | {means} | | |"])


def _mean(values: Iterable[float]) -> str:
    each = np.array(list(values))
    return f"{each.mean():.1f} ± {each.std(ddof=1):.1f}"


def _at(curve: Curve, percent: float) -> str:
    place = curve.within(percent) - 1
    if place >= len(curve.flagged):
        return "none"
    return _say(curve, place)


def _say(curve: Curve, place: int) -> str:
    return f"{curve.flagged[place]:.2f} %: {curve.day[place]:.1f} %, {curve.week[place]:.1f} %"


def _times(times: Sequence[tuple[str, int, Curve, int]]) -> str:
    lines = [
        "| learned before | failed since | ticket from | flagged: a day, a week ahead | best level in hindsight |",
        "|---|---|---|---|---|",
    ]
    for cut, level, curve, failed in times:
        place = min(level, len(curve.flagged)) - 1
        lines.append(f"| {cut} | {failed} | {level} points | {_say(curve, place)} | {_at(curve, 0.75)} |")
    return "\n".join(lines)


def _thousands(number: int) -> str:
    return f"{number:,}"
