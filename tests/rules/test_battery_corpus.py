"""The battery forecast on recorded laptops: how many crossings it foresees, and how many warnings come true."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest

from keuring_collector import rulepack
from keuring_collector.engine.compiled import Forecast
from keuring_collector.engine.forecast import Outcome, project

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Course = tuple[NDArray[np.int64], NDArray[np.float64]]

LIMITS = (0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5)
LEAD = (7, 180)  # days ahead that are of use
WITHIN = 90


def courses(folder: Path) -> list[Course]:
    """Per laptop: days, and what the battery held as a share of what it was designed for."""
    rows: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
    with gzip.open(folder / "battery_laptops/capacity_history.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            day = date.fromisoformat(row["period_end"]).toordinal()
            rows[row["unit"]].append((day, float(row["full_charge_mwh"]), float(row["design_mwh"] or 0)))
    found = []
    for unit in rows.values():
        unit.sort()
        table = np.array(unit)
        full, design = table[:, 1], table[:, 2]
        # Some firmware rewrites the designed capacity: then it is the most of the first ten.
        steady = design.min() == design.max() > 0
        found.append((table[:, 0].astype(np.int64), full / (design[0] if steady else full[:10].max())))
    return found


def first_warning(course: Course, spec: Forecast, end: int) -> int | None:
    """The first day before the course's place ``end`` on which the rule would speak."""
    days, health = course
    points = np.full((max(end - 2, 0), spec.maximum_days), np.nan)
    for row, now in enumerate(range(2, end)):
        back = days[: now + 1] - days[now] + spec.maximum_days - 1
        points[row, back[back >= 0]] = health[: now + 1][back >= 0]
    if not len(points):
        return None
    last = days[2:end]
    found = project(points, last, last + 1, spec)
    speaks = (found.outcome == Outcome.DATED) & (found.at - last - 1 <= WITHIN) & (health[2:end] < spec.limit + 0.2)
    return int(last[np.argmax(speaks)]) if speaks.any() else None


@pytest.mark.corpus
def test_most_crossings_are_foreseen_and_most_warnings_come_true(corpus: Path) -> None:
    rule = next(rule for rule in rulepack.load().compiled.rules if rule.name == "battery_wearing")
    assert isinstance(rule.source, Forecast)
    crossings = foreseen = warnings = 0
    for course in courses(corpus):
        days, health = course
        for limit in LIMITS:
            below = health < limit
            crossed = np.flatnonzero(below[:-1] & below[1:])
            end = int(crossed[0]) if len(crossed) else len(health)
            if below[0] or end < 3 or (len(crossed) and days[end] - days[0] < rule.source.minimum_days + 7):
                continue
            warned = first_warning(course, replace(rule.source, limit=limit, noise=limit / 1000), end)
            if len(crossed):
                timely = warned is not None and LEAD[0] <= days[end] - warned <= LEAD[1]
                crossings, foreseen, warnings = crossings + 1, foreseen + timely, warnings + (warned is not None)
            elif warned is not None and days[-1] - warned >= LEAD[1]:
                warnings += 1  # it did not come
    assert crossings >= 40
    assert foreseen / crossings > 0.5
    assert foreseen / warnings > 0.75
