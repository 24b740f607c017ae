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

    from keuring_collector.engine.columns import Cells

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


def step(
    cells: Cells, rows: NDArray[np.int64], truth: NDArray[np.int8], times: Times, holds: Holds, lapse: Lapse = elapsed
) -> NDArray[np.bool_]:
    """Moves the cells ``rows`` (each once) on by one window; returns which became active or ceased to be.

    ``lapse`` says how much of the time that counts passes between two moments of each item.
    """
    true, false = truth == Truth.TRUE, truth == Truth.FALSE
    start, end = times
    since, clearing = cells.since[rows], cells.clearing[rows]
    was = cells.active[rows]
    seen = cells.seen[rows]
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
    cells.since[rows], cells.clearing[rows], cells.active[rows] = since, clearing, active
    cells.seen[rows] = np.where(truth == Truth.UNKNOWN, cells.seen[rows], end)
    cells.busy[rows] = active | ~np.isnan(since) | (cells.told_severity[rows] > 0)
    turned: NDArray[np.bool_] = rises | falls
    return turned


class Told(NamedTuple):
    """Per item: whether to say that it opened, goes on, or cleared."""

    opened: NDArray[np.bool_]
    continued: NDArray[np.bool_]
    cleared: NDArray[np.bool_]


def tell(
    cells: Cells,
    rows: NDArray[np.int64],
    end: NDArray[np.float64],
    fresh: NDArray[np.bool_],
    severity: NDArray[np.int8],
    expected: NDArray[np.float64],
) -> Told:
    """What is to be told of the cells ``rows`` after their step, and remembers it as told."""
    active = cells.active[rows]
    told = cells.told_severity[rows]
    before = cells.told_expected[rows]
    daily = end - cells.told[rows] >= DAY - SLACK
    moved = np.abs(expected - before) >= DAY - SLACK
    appeared = np.isnan(before) & ~np.isnan(expected)
    opened = fresh & active & (told == 0)
    cleared = fresh & ~active & (told > 0)
    continued = fresh & active & (told > 0) & (daily | (severity > told) | moved | appeared)

    said = rows[opened | continued]
    mask = opened | continued
    cells.told[said] = end[mask]
    cells.told_severity[said] = severity[mask]
    cells.told_expected[said] = expected[mask]
    first = rows[opened]
    cells.told_since[first] = cells.since[first]
    gone = rows[cleared]
    cells.told[gone] = -np.inf
    cells.told_severity[gone] = 0
    cells.told_expected[gone] = np.nan
    cells.busy[gone] = ~np.isnan(cells.since[gone])
    return Told(opened, continued, cleared)
