"""The forecast of filling volumes on simulated courses: how far off its dates are, and whether its tickets come true.

The shipped rule volume_filling is judged by the engine, report by report, over a year: two reports around each midnight
on which there was a reading. Beside it runs the same forecast without floors and with a horizon of a year, which says
its date whenever there is one. Definitions:

- A volume is full when 98 % of it is in use, at a moment between the ends of two days, as if it grew evenly in a day.
- The date error at n days is that of the date said n to n + 1 days before the volume was full; of volumes of which
  history was long enough by then. The peer is who knows the volume's true pace and weekly rhythm, and its level then.
- A ticket is a finding that opens before the volume is full. It is false when the volume is not full 14 days after the
  late end of the interval that was told with it, and nobody cleaned up meanwhile.
- An interval, asked for every fifth day, held when the volume was full within it. One that the year's end or a clean-up
  cuts off is not judged. Each volume weighs the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring.signals import catalogue
from keuring_collector import rulepack
from keuring_collector.engine import Fleet
from keuring_collector.engine.compiled import CompiledPack, CompiledRule, Forecast
from keuring_collector.engine.model import LAST, Change, Layout, SeriesKey, Window
from tests.bench.figure import Figure
from tests.bench.prediction.volumes import FULL, NEVER, YEAR, Volumes, documented, guard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from keuring_collector.engine.model import Finding

    Floats = NDArray[np.float64]

SEED, COUNT = 20261126, 600
BEGIN = 20_454  # 2026-01-01, a Thursday, in days since 1970
DAY = 86400.0
SIZES = (256, 512, 1024)  # GiB, in turn
AHEAD = (7, 14, 30)
MARGIN = 14.0  # days
EVERY = 5  # days between intervals that are judged
PROBE = "probe"


class Ticket(NamedTuple):
    """A finding that opened; times in days of the year."""

    volume: int
    at: float
    late: float


@dataclass(slots=True)
class Said:
    """What was told in the year; dates, rows of volumes and columns of days, are days of the year (NaN: none)."""

    at: Floats
    low: Floats
    high: Floats
    tickets: list[Ticket] = field(default_factory=list)


def play(volumes: Volumes, rule: CompiledRule) -> Said:
    """Judges the year."""
    if not isinstance(rule.source, Forecast):
        raise TypeError(f"{rule.name} is no forecast")
    longest = replace(rule.terms[0], limit=-YEAR * DAY, recovery=-YEAR * DAY)
    probe = replace(rule, id=PROBE, name=PROBE, terms=(longest,), applies=(), worse=())
    fleet = Fleet(CompiledPack("bench", "bench", (rule, probe)))
    used, left = catalogue.SYSTEM_FILESYSTEM_UTILIZATION.id, catalogue.KEURING_FILESYSTEM_AVAILABLE.id
    layout = Layout((SeriesKey(used, LAST, "/"), SeriesKey(left, LAST, "/")))
    rows = len(volumes.read)
    at, low, high = (np.full((rows, YEAR), np.nan) for _ in range(3))
    said = Said(at, low, high)
    sizes = np.array([SIZES[row % len(SIZES)] * 2.0**30 for row in range(rows)])
    for day in range(YEAR):
        there = np.flatnonzero(~np.isnan(volumes.read[:, day]))
        levels = np.stack([volumes.read[there, day], (1 - volumes.read[there, day]) * sizes[there]], axis=1)
        for minutes in (-10, 10):
            end = (BEGIN + day + 1) * DAY + minutes * 60
            windows = [
                Window(row, end - 300, end, end + 5, "boot", layout, level)
                for row, level in zip(there.tolist(), levels, strict=True)
            ]
            for finding in fleet.judge(windows):
                _note(said, finding, day)
    return said


def _note(said: Said, finding: Finding, day: int) -> None:
    told = finding.expected
    if told is None:
        return
    at, low, high = (time / DAY - BEGIN for time in told)
    if finding.rule == PROBE:
        row = finding.endpoint
        said.at[row, day], said.low[row, day], said.high[row, day] = at, low, high
    elif finding.change is Change.OPENED:
        said.tickets.append(Ticket(finding.endpoint, finding.at / DAY - BEGIN, high))


def fills(volumes: Volumes) -> Floats:
    """When each volume is full, in days of the year; inf: not within it."""
    rows, last = np.arange(len(volumes.true)), np.maximum(volumes.crossing, 1)
    before, after = volumes.true[rows, last - 1], volumes.true[rows, last]
    share = np.where(after > before, (FULL - before) / np.where(after > before, after - before, 1.0), 0.0)
    return np.where(volumes.crossing == NEVER, np.inf, last + np.clip(share, 0, 1))


def errors(volumes: Volumes, said: Said, ahead: int, history: int) -> tuple[Floats, Floats, int]:
    """Errors in days of the dates said, and of who knows the pace, ``ahead`` days before; and how many were asked."""
    full = fills(volumes)
    rows = np.flatnonzero(np.isfinite(full) & (volumes.crossing - ahead >= history))
    days = volumes.crossing[rows] - ahead - 1  # the last complete one
    dates = said.at[rows, days]
    known = np.array([_known(volumes, row, day) for row, day in zip(rows.tolist(), days.tolist(), strict=True)])
    off = np.abs(dates - full[rows])
    return off[~np.isnan(off)], np.abs(known - full[rows]), len(rows)


def _known(volumes: Volumes, row: int, day: int) -> float:
    """When the volume is full if it grows from the end of ``day`` on as is to be expected of it."""
    course = volumes.true[row, day] + np.concatenate([[0.0], np.cumsum(volumes.usual[row, day + 1 :])])
    if np.isnan(course[-1]):
        return float("nan")
    over = np.flatnonzero(course >= FULL)
    if not len(over) or not over[0]:
        return float("inf")
    last = int(over[0])
    return day + last + float((FULL - course[last - 1]) / (course[last] - course[last - 1]))


def judged(volumes: Volumes, said: Said) -> tuple[int, int, int]:
    """Tickets that are false, that a clean-up overtook, and that are true."""
    full = fills(volumes)
    false = overtaken = true = 0
    for ticket in said.tickets:
        due = ticket.late + MARGIN
        if ticket.at > full[ticket.volume]:
            continue
        if full[ticket.volume] <= due:
            true += 1
        elif volumes.dropped[ticket.volume, int(ticket.at) : int(min(due, YEAR))].any():
            overtaken += 1
        elif due <= YEAR:
            false += 1
    return false, overtaken, true


def coverage(volumes: Volumes, said: Said) -> tuple[float, float, int]:
    """Share of intervals that held, each volume weighing the same; their median width; and of how many volumes."""
    full, shares, widths = fills(volumes), [], []
    for row in range(len(full)):
        held = []
        for day in range(0, YEAR, EVERY):
            low, high = said.low[row, day], said.high[row, day]
            end = min(full[row], high)
            if (
                np.isnan(high)
                or day + 1 > full[row]
                or end > YEAR
                or volumes.dropped[row, day + 1 : int(end) + 1].any()
            ):
                continue
            held.append(low <= full[row] <= high)
            widths.append(high - low)
        if held:
            shares.append(np.mean(held))
    return float(np.mean(shares)), float(np.median(widths)), len(shares)


def figures(data: Path) -> Iterator[Figure]:
    """Of the documented courses, and of the guard's. Needs no recorded data, so ``data`` does not matter."""
    rule = next(rule for rule in rulepack.load().compiled.rules if rule.name == "volume_filling")
    if not isinstance(rule.source, Forecast):
        raise TypeError(f"{rule.name} is no forecast")
    for name, volumes in (("disk", documented(SEED, COUNT)), ("disk_guard", guard(SEED, COUNT))):
        yield from _figures(name, volumes, play(volumes, rule), rule.source.minimum_days)


def _figures(name: str, volumes: Volumes, said: Said, history: int) -> Iterator[Figure]:
    for ahead in AHEAD:
        off, known, asked = errors(volumes, said, ahead, history)
        how = f"median of {len(off)} dates of {asked} volumes that filled; 90 % within {np.quantile(off, 0.9):.1f} days"
        value = round(float(np.median(off)), 2)
        if np.isnan(known).all():
            yield Figure(f"{name}_date_error_days_at_{ahead}", value, "d", how=how)
        else:
            best = round(float(np.median(known)), 2)
            peer = "who knows the true pace and rhythm"
            yield Figure(f"{name}_date_error_days_at_{ahead}", value, "d", peer, best, round(value / best, 2), how)
    false, overtaken, true = judged(volumes, said)
    full = fills(volumes)
    before = [full[ticket.volume] - ticket.at for ticket in said.tickets if ticket.at < full[ticket.volume] < np.inf]
    warned = len({ticket.volume for ticket in said.tickets if ticket.at < full[ticket.volume] < np.inf})
    how = f"{true} true, {overtaken} overtaken by a clean-up; {warned} of {int(np.isfinite(full).sum())} volumes that "
    how += f"filled were foreseen, half of the tickets {np.median(before):.0f} days or more ahead"
    yield Figure(f"{name}_false_tickets", false, "", how=how)
    share, width, count = coverage(volumes, said)
    how = f"of 80 % intervals on {count} volumes; median width {width:.1f} days"
    yield Figure(f"{name}_interval_coverage", round(share, 3), "", how=how)
