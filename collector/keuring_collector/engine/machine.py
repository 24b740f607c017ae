"""Hold, hysteresis and telling: what turns a comparison into a finding.

A condition must hold for ``hold`` seconds of event time, counted from the start of the first window in which it was
true. A window in which it is not measurable changes nothing by itself; but a *gap* (the time since it was last known)
longer than ``gap`` starts the count afresh, so that a sleeping machine does not hold a condition in its sleep. By
default that is the longer of three windows and an hour. So does a clock that went back by more than a window.

A standing finding survives gaps: only a known value can clear it. It is over once the condition has been gone for
``recovery_hold``; sleep counts towards that, because a machine that wakes up well has been well.

Findings are told at fresh windows only (those that arrived soon after they ended): what came and went in a backlog
opens nothing, and what was cleared and came back in it is still the same finding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from keuring_collector.engine.compiled import Truth
from keuring_collector.engine.daily import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.columns import Cells, Standing

GAP_WINDOWS = 3
GAP_SECONDS = 3600.0
# Ends and starts of adjoining windows may differ by rounding; a hold of three windows must not need a fourth.
SLACK = 1e-3


class Holds(NamedTuple):
    """Per item: what its rule asks; seconds. ``gap`` 0 is the default."""

    hold: NDArray[np.float64]
    recovery: NDArray[np.float64]
    gap: NDArray[np.float64]


class Times(NamedTuple):
    """Per item: the window that it is judged by."""

    start: NDArray[np.float64]
    end: NDArray[np.float64]


Lapse = Callable[["NDArray[np.float64]", "NDArray[np.float64]"], "NDArray[np.float64]"]


def elapsed(begin: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much time passes, per item, where every hour counts."""
    return end - begin


class Rows(NamedTuple):
    """Per item: its cell, and its row in the table of what stands; each once."""

    cells: Cells
    cell: NDArray[np.int64]
    standing: Standing
    row: NDArray[np.int64]


def step(rows: Rows, truth: NDArray[np.int8], times: Times, holds: Holds, lapse: Lapse = elapsed) -> None:
    """Moves cells on by one window. ``lapse``: how much of the time that counts passes between two moments."""
    cells, cell, table, row = rows
    true, false = truth == Truth.TRUE, truth == Truth.FALSE
    start, end = times
    since, clearing = table.since[row], table.clearing[row]
    was = cells.active[cell]
    seen = table.seen[row]
    allowed = np.where(holds.gap > 0, holds.gap, np.maximum(GAP_WINDOWS * (end - start), GAP_SECONDS))
    back = start - seen < -(end - start) - SLACK
    afresh = (lapse(seen, start) > allowed + SLACK) | back

    begins = ~was & true
    since = np.where(begins & (np.isnan(since) | afresh), start, since)
    since[~was & false] = np.nan
    rises = begins & (lapse(since, end) >= holds.hold - SLACK)

    fading = was & false
    clearing = np.where(fading & (np.isnan(clearing) | back), start, clearing)
    clearing[was & true] = np.nan
    falls = fading & (lapse(clearing, end) >= holds.recovery - SLACK)
    since[falls] = np.nan
    clearing[falls] = np.nan

    active = (was | rises) & ~falls
    table.since[row], table.clearing[row], cells.active[cell] = since, clearing, active
    table.seen[row] = np.where(truth == Truth.UNKNOWN, seen, end)
    cells.busy[cell] = active | ~np.isnan(since) | (table.told_severity[row] > 0)


class Told(NamedTuple):
    """Per item: whether to say that it opened, goes on, or cleared."""

    opened: NDArray[np.bool_]
    continued: NDArray[np.bool_]
    cleared: NDArray[np.bool_]


def tell(
    rows: Rows,
    end: NDArray[np.float64],
    fresh: NDArray[np.bool_],
    severity: NDArray[np.int8],
    expected: NDArray[np.float64],
) -> Told:
    """What is to be told of cells after their step, and remembers it as told."""
    cells, cell, table, row = rows
    active = cells.active[cell]
    told = table.told_severity[row]
    before = table.told_expected[row]
    daily = end - table.told[row] >= DAY - SLACK
    moved = np.abs(expected - before) >= DAY - SLACK
    appeared = np.isnan(before) & ~np.isnan(expected)
    opened = fresh & active & (told == 0)
    cleared = fresh & ~active & (told > 0)
    continued = fresh & active & (told > 0) & (daily | (severity > told) | moved | appeared)

    mask = opened | continued
    said = row[mask]
    table.told[said] = end[mask]
    table.told_severity[said] = severity[mask]
    table.told_expected[said] = expected[mask]
    first = row[opened]
    table.told_since[first] = table.since[first]
    gone = row[cleared]
    table.told[gone] = -np.inf
    table.told_severity[gone] = 0
    table.told_expected[gone] = np.nan
    cells.busy[cell[cleared]] = ~np.isnan(table.since[gone])
    return Told(opened, continued, cleared)
