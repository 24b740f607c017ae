"""Battery cells: how far the predicted end of life is off when 30, 50, 70 and 90 % of it is seen.

*Beginning* is the median capacity of the first five cycles; *end* the first cycle at which the median of five
consecutive capacities is at or below 90 % (for HUST and TJU also 80 %) of it; life is the cycles up to the end. A cell
is judged at floor(share of life) cycles, from nothing but its capacities up to there, as a share of its nominal one,
folded day by day as the engine does (one cycle a day). The error is |predicted end - end| / end; a cell for which no
forecast is made counts as infinitely wrong. Medians are over all cells that reach the limit.

What is in-sample and what is not. The library of known curves that the pack ships was made from one half of these
cells. Each of its curves carries a mark (a hash of its cell's name, which gives a fold) and a source. A cell that the
library was made from, which its mark tells, is judged by ``without(fold=…)``, so never by a curve of itself; any other
cell by the whole library. "Unseen": the cell's whole source is left out, of the curves as of the bend, which is fitted
to the curves that remain. So the errors are cross-validated. In-sample are, on the half that the library was made from,
the handful of constants in engine/wear.py (scales of signs, widths, ridge), which were chosen by looking at these very
errors, and the table of the interval's width, which comes from cross-validated errors but of the same cells. On the
other half nothing is in-sample.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine import lives
from keuring_collector.engine.wear import By, Library, Wear, signs
from keuring_collector.rulepack import curves
from tests.bench.figure import Figure
from tests.bench.prediction.tables import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SHARES = (0.3, 0.5, 0.7, 0.9)
BEGINNING = 5  # cycles
TO_80 = ("HUST", "TJU")
RECENT = 50  # cycles of the line that forecasts are compared with
EARLIEST = 10  # cycles; what ends sooner is no life


@dataclass(frozen=True)
class Cell:
    """One cell: capacity per cycle (from 1 on, one after another) as a share of its nominal capacity."""

    name: str
    source: str
    health: NDArray[np.float64]

    @property
    def initial(self) -> float:
        """Capacity at the beginning, as a share of the nominal one."""
        return float(np.median(self.health[:BEGINNING]))

    def end(self, limit: float) -> int:
        """The first cycle at or below ``limit`` of the beginning; 0: never."""
        below = np.flatnonzero(smooth(self.health) <= limit * self.initial)
        return int(below[0]) + 1 if len(below) and below[0] >= EARLIEST else 0


def smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Medians of five consecutive values, the ends repeated."""
    padded = np.concatenate([values[[0, 0]], values, values[[-1, -1]]])
    middle: NDArray[np.float64] = np.median(np.lib.stride_tricks.sliding_window_view(padded, 5), axis=1)
    return middle


def cells(data: Path) -> list[Cell]:
    """All cells of the set, by name; empty when it is not there."""
    folder = data / "battery_cells"
    table, about = read(folder, "capacity"), read(folder, "cells")
    if table is None or about is None:
        return []
    known = dict(zip(about["cell"].tolist(), zip(about["source"], about["nominal_ah"], strict=True), strict=True))
    order = np.lexsort((table["cycle"], table["cell"].astype(str)))
    names, capacity = table["cell"].astype(str)[order], table["capacity_ah"][order]
    starts = np.concatenate([[0], np.flatnonzero(names[1:] != names[:-1]) + 1])
    parts = zip(names[starts].tolist(), np.split(capacity, starts[1:]), strict=True)
    return [Cell(name, str(known[name][0]), part / float(known[name][1])) for name, part in parts]


def mark_of(name: str) -> int:
    """What stands for a cell in the library, so that it can be told whether a curve is its own; and gives its fold."""
    return zlib.crc32(name.encode())


@dataclass(frozen=True)
class Judged:
    """Cells by shares of life: what is known then, and what is true."""

    cells: list[Cell]
    limit: float
    end: NDArray[np.float64]  # per cell
    seen: lives.Lives  # row: cell * shares + share
    at: NDArray[np.float64]  # cycles seen: cells by shares


def seen(everything: list[Cell], limit: float, shares: tuple[float, ...] = SHARES) -> Judged:
    """Folds the cells that reach ``limit`` up to each share of their lives."""
    mine = [cell for cell in everything if cell.end(limit)]
    end = np.array([cell.end(limit) for cell in mine], dtype=np.float64)
    at = np.maximum(np.floor(end[:, None] * np.array(shares) + 1e-9), 3)
    table = lives.Lives()
    table.take(at.size)
    longest = int(at.max())
    health = np.full((len(mine), longest), np.nan)
    for number, cell in enumerate(mine):
        upto = min(longest, len(cell.health))
        health[number, :upto] = cell.health[:upto]
    stop = at.reshape(-1)
    for cycle in range(1, longest + 1):
        rows = np.flatnonzero(stop >= cycle)
        days = np.full(len(rows), float(cycle))
        lives.add(table, rows, days, days, health[rows // len(shares), cycle - 1])
    return Judged(mine, limit, end, table, at)


def judge(judged: Judged, library: Library, *, unseen: bool) -> Wear:
    """The production's forecasts of all rows, each by what it may know; see above."""
    count = judged.at.shape[1]
    result = Wear.none(judged.at.size)
    own = set(library.mark.tolist())
    groups: dict[tuple[int | None, str | None], list[int]] = {}
    for number, cell in enumerate(judged.cells):
        mark = mark_of(cell.name)
        fold = mark % library.folds if mark in own else None
        groups.setdefault((None, cell.source) if unseen else (fold, None), []).append(number)
    for (fold, source), numbers in groups.items():
        rows = (np.array(numbers)[:, None] * count + np.arange(count)).reshape(-1)
        known = library.without(fold=fold, source=source)
        found = signs(judged.seen, rows)
        limits = np.array([judged.cells[row // count].initial * judged.limit for row in rows.tolist()])
        for level in np.unique(limits).tolist():
            mine = limits == level
            part = known.project(found.of(mine), level)
            for name in Wear._fields:
                getattr(result, name)[rows[mine]] = getattr(part, name)
    return result


def errors(judged: Judged, found: Wear) -> NDArray[np.float64]:
    """Relative errors, cells by shares; infinite where there is no forecast."""
    off = np.abs(found.end.reshape(judged.at.shape) - judged.end[:, None]) / judged.end[:, None]
    return np.where(np.isnan(off), np.inf, off)


def lines(judged: Judged) -> NDArray[np.float64]:
    """The errors of what is usually done: a line of least squares through the last 50 cycles, cells by shares."""
    off = np.empty(judged.at.shape)
    for number, cell in enumerate(judged.cells):
        for column, upto in enumerate(judged.at[number].astype(int).tolist()):
            cycle, health = np.arange(1, upto + 1)[-RECENT:], cell.health[:upto][-RECENT:]
            slope, begin = np.polyfit(cycle, health, 1)
            end = max((judged.limit * cell.initial - begin) / slope, upto) if slope < 0 else np.inf
            off[number, column] = abs(end - judged.end[number]) / judged.end[number]
    return off


def covered(judged: Judged, found: Wear) -> float:
    """The share of intervals that held the true end."""
    end = np.repeat(judged.end, judged.at.shape[1])
    given = np.isfinite(found.end)
    held = (found.low <= end) & (end <= found.high)
    return float(held[given].mean())


def figures(data: Path) -> Iterator[Figure]:
    """Errors with the kind known and unseen, coverage of the intervals, and which of the two was thought to be."""
    everything = cells(data)
    if not everything:
        return
    library = curves.library("battery")
    own = sum(mark_of(cell.name) in set(library.mark.tolist()) for cell in everything)
    for limit, among in ((0.9, everything), (0.8, [cell for cell in everything if cell.source in TO_80])):
        judged = seen(among, limit)
        line = np.median(100 * lines(judged), axis=0)
        for name, unseen in (("cells", False), ("cells_unseen", True)):
            found = judge(judged, library, unseen=unseen)
            off = 100 * errors(judged, found)
            suffix = "" if limit == 0.9 else "_to_80"
            how = f"median of {len(off)} cells, limit {limit:.0%}; of {len(everything)} cells {own} made the library"
            how += ", judged without their source" if unseen else ", judged without their fold"
            for column, share in enumerate(SHARES):
                low, high = interval(off[:, column])
                value, usual = median(off[:, column]), round(float(line[column]), 1)
                yield Figure(
                    f"{name}{suffix}_error_pct_at_{share * 100:.0f}",
                    value,
                    "%",
                    peer="line through the last 50 cycles",
                    peer_value=usual,
                    ratio=round(value / usual, 3),
                    how=f"{how}; 80 % bootstrap interval {low:.1f} to {high:.1f}",
                )
            yield Figure(f"{name}{suffix}_interval_coverage", covered(judged, found), "share", how="of 80 % intervals")
            given = found.by.reshape(off.shape)
            for by, label in ((By.CURVES, "by_known_curves"), (By.BEND, "by_bend")):
                share_by = float((given == by).mean())
                yield Figure(f"{name}{suffix}_{label}", share_by, "share", how="of forecasts, at all shares of life")


def median(values: NDArray[np.float64]) -> float:
    """To a tenth."""
    return round(float(np.median(values)), 1)


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The 80 % interval of the median, by resampling cells a thousand times with a fixed seed."""
    drawn = np.random.default_rng(3).integers(0, len(values), (1000, len(values)))
    low, high = np.quantile(np.median(values[drawn], axis=1), [0.1, 0.9])
    return float(low), float(high)
