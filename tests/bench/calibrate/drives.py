"""Calibrates the table of disk_failure_risk: ``python -m tests.bench.calibrate.drives [--write]``.

Learns from the drives of KEURING_DATA before 2015-07-01, of models of which more than half were still in service then,
and never looks at what came after; tests/bench/prediction/drives.py judges that. With ``--write``, the result goes to
disk_failure_risk.md beside the rule. Takes some two minutes.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector import rulepack
from tests.bench.calibrate import report
from tests.bench.calibrate.search import Curve, Period, Row, Search, Table, holds
from tests.bench.prediction import drive_records, points
from tests.bench.prediction.drive_records import DAY
from tests.bench.prediction.drives import JUDGED_FROM

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.bench.prediction.drive_records import Bools, Records

EVER = float("inf")
FOLDS = 5
ROWS, MOST_POINTS, GAIN = 10, 4, 0.015
# "Replace now": two further signs of this many points, and the level that both lift a sick drive over.
SUDDEN, RIGHT = 9, 0.80
PERIODS = ("2013-10-01", "2014-04-01", "2014-07-01")  # each until 2015-07-01


def second(date: str) -> int:
    """Seconds since 1970."""
    return int(np.datetime64(date, "s").astype(np.int64))


def candidates() -> list[Row]:
    """What a row may say. No age, no model: both mislead out of time."""
    levels = {5: (0, 2, 8, 16, 50, 100, 200, 500, 1000), 187: (0, 1, 2, 4, 8, 16, 32), 197: (0, 2, 4, 8, 16, 32, 64)}
    levels[188] = (0, 2, 4, 8)
    found = [Row((attribute,), 0, least) for attribute, each in levels.items() for least in each]
    for attributes in ((5,), (187,), (197,), (198,), (188,), (187, 197), (5, 187, 197)):
        least = [1, 2, 4, 8, 16, 32, 50, 100, 200, 500]
        if {*attributes} <= {187, 188}:  # errors, of which there are fewer than sectors
            least = least[:7]
        found += [Row(attributes, days, each) for days in (7, 30, 90, EVER) for each in least]
    return found


def in_service(records: Records, at: int) -> Bools:
    """Drives of models of which more than half of all that were ever seen before ``at`` were still seen then."""
    _, model = np.unique(records.model, return_inverse=True)
    there = np.bincount(model, weights=records.begin < at)
    still = np.bincount(model, weights=(records.begin < at) & (records.end >= at))
    return (still / np.maximum(there, 1) > 0.5)[model]


def search_until(records: Records, rows: Sequence[Row], starts: Sequence[str], until: int, among: Bools) -> Search:
    """A search over the periods that begin at ``starts``."""
    return Search([Period(records, rows, second(start), until, among) for start in starts], MOST_POINTS, GAIN)


def by_drive(search: Search, drives: int) -> list[tuple[float, float, Curve]]:
    """Learned on four fifths of the drives, judged on the fifth: (score in sample, out of it, curve out of it)."""
    fold = np.random.default_rng(1).integers(0, FOLDS, drives)
    found = []
    for number in range(FOLDS):
        search.choose(fold != number)
        table = search.table(ROWS)
        inside = search.score(table)
        search.choose(fold == number)
        last = search.periods[-1]
        found.append((inside, search.score(table), last.curve(last.total(table))))
    search.choose(np.ones(drives, bool))
    return found


def by_time(records: Records, rows: Sequence[Row], cut: str, start: str, among: Bools) -> tuple[int, Curve, int]:
    """Learned before ``cut``; level fixed there; judged from then to 2015-07-01: (level, curve, failed)."""
    at = second(cut)
    learned = search_until(records, rows, [start], at, among)
    table = learned.table(ROWS)
    known = learned.periods[0].curve(learned.periods[0].total(table))
    judged = Period(records, rows, at, JUDGED_FROM, among)
    return known.within(0.75), judged.curve(judged.total(table)), int(judged.failed.sum())


class Sudden:
    """Which two signs, with the points of the table, say that a drive fails within 90 days."""

    def __init__(self, period: Period, base: Table) -> None:
        records = self.records = period.records
        at = points.moments(records, period.since, period.until)
        seen = (period.failed | period.healthy)[at.drive]
        self.at = points.Moments(at.drive[seen], at.time[seen], at.row[seen])
        self.total = np.zeros(len(self.at.row), np.int64)
        for row, given in base.items():
            self.total += given * holds(period.rows[row], records, self.at)
        self.failed, self.until = period.failed, period.until

    def right(self, total: np.ndarray, level: int) -> tuple[int, int]:
        """How many drives reach ``level`` at least 90 days before the end and are followed up, and how many fail."""
        reached = np.flatnonzero(total >= level)
        drive = self.at.drive[reached]
        first = reached[np.concatenate([[True], drive[1:] != drive[:-1]])] if len(reached) else reached
        lag = self.records.end[self.at.drive[first]] - self.at.time[first]
        room = self.at.time[first] <= self.until - 90 * DAY
        right = room & self.failed[self.at.drive[first]] & (lag <= 90 * DAY)
        return int((right | (room & (lag >= 90 * DAY))).sum()), int(right.sum())

    def best(self) -> tuple[tuple[tuple[Row, ...], ...], int, int, int]:
        """The signs, the level, how many reach it and how many of those were right: the most at RIGHT or better."""
        found: tuple[tuple[tuple[Row, ...], ...], int, int, int] = ((), 0, 0, 0)
        signs = {row: holds(row, self.records, self.at) for row in _sudden_rows()}
        for read in (row for row in signs if row.attributes == (187,)):
            for waiting in (row for row in signs if row.attributes == (197,)):
                for both in (row for row in signs if row.attributes == (187, 197)):
                    total = self.total + SUDDEN * ((signs[read] & signs[waiting]).astype(np.int64) + signs[both])
                    for level in range(10, 21):
                        reached, right = self.right(total, level)
                        if reached and right / reached >= RIGHT and right > found[3]:
                            found = (((read, waiting), (both,)), level, reached, right)
        return found


def _sudden_rows() -> list[Row]:
    return [
        *(Row((187,), 30, least) for least in (1, 4, 8)),
        *(Row((197,), 7, least) for least in (8, 16, 32)),
        *(Row((187, 197), 30, least) for least in (50, 100, 200)),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the result as Markdown; 2 without data."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.calibrate.drives")
    parser.add_argument("--write", action="store_true", help="write disk_failure_risk.md beside the rule")
    chosen = parser.parse_args(arguments)
    records = drive_records.load(Path(os.environ.get("KEURING_DATA", "")))
    if records is None:
        return 2
    rows = candidates()
    among = in_service(records, JUDGED_FROM)
    search = search_until(records, rows, PERIODS, JUDGED_FROM, among)
    table = search.table(ROWS)
    text = report.page(
        search=search,
        table=table,
        sudden=Sudden(search.periods[1], table),
        folds=by_drive(search, len(records)),
        times=[
            (cut, *by_time(records, rows, cut, start, among))
            for cut, start in (("2014-07-01", "2013-04-10"), ("2015-01-01", "2013-10-01"))
        ],
    )
    print(text)
    if chosen.write:
        pack = rulepack.load()
        rule = pack.by_name["disk_failure_risk"]
        pack.files[rule.id].with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
