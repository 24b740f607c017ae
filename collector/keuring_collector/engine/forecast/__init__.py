"""When a series reaches its limit: a date with an interval, or an honest "cannot tell". See docs/adr/0019.

For a series that rises to its limit (a falling one is turned over first):

1. *Spikes and steps* (steps.py). A day that stands out alone is left out. A jump away from the limit (a clean-up, a new
   disk) ends history; a jump towards it (one large copy) is taken out, so that it is not mistaken for a pace.
2. *Pace.* Where nothing is known of other series, from its own course (filling.py): weekly rhythm, Theil-Sen slope of
   block medians, a bend. Where the kind's drift is known, as of batteries (wearing.py): its own slope drawn towards
   that drift, the more so the less its history can tell.
3. *Date and interval*: when the level, carried along, meets the limit.
4. *Silence.* No date is given with too little history, right after a step, without a pace towards the limit, where
   clean-ups come back, when the interval's late end is unbounded or beyond ``latest``, or when the newest point is more
   than a week old.

Only exact operations and selections are used, and sums of a fixed order, so a row's result does not depend on which
other rows are computed with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine.forecast.estimate import Estimate, Outcome, Projection
from keuring_collector.engine.forecast.filling import filling
from keuring_collector.engine.forecast.wearing import wearing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.compiled import Forecast
    from keuring_collector.engine.forecast.robust import Course

    Floats = NDArray[np.float64]

__all__ = ["Outcome", "Projection", "project"]

CHUNK = 2048  # rows that are worked on at once, so that what is at hand stays in the cache
STALE_DAYS = 7
FEWEST = 6  # known days, whatever the span


def project(points: Floats, last_day: NDArray[np.int64], today: NDArray[np.int64], spec: Forecast) -> Projection:
    """Forecasts each row of daily ``points`` (oldest first, the last column is ``last_day``), seen from ``today``."""
    parts = [
        _project(points[start : start + CHUNK], last_day[start : start + CHUNK], today[start : start + CHUNK], spec)
        for start in range(0, max(len(points), 1), CHUNK)
    ]
    return parts[0] if len(parts) == 1 else Projection(*map(np.concatenate, zip(*parts, strict=True)))


def _project(points: Floats, last_day: NDArray[np.int64], today: NDArray[np.int64], spec: Forecast) -> Projection:
    values = spec.sign * points
    found = filling(values, spec) if spec.drift is None else wearing(values, spec)
    outcome = np.where(found.high > spec.latest, Outcome.UNSURE, Outcome.DATED)
    outcome = np.where((found.pace <= 0) & ~found.reached, Outcome.LEVEL, outcome)
    outcome = np.where(found.cleaned & ~found.reached, Outcome.CLEANED, outcome)
    outcome = np.where(_short(found.course, spec), np.where(found.stepped, Outcome.STEPPED, Outcome.SHORT), outcome)
    outcome = np.where(today - 1 - last_day + found.course.age > STALE_DAYS, Outcome.STALE, outcome)
    outcome = np.where(found.course.count == 0, Outcome.SHORT, outcome).astype(np.int8)
    return _dated(found, outcome, (last_day + 1).astype(np.float64), spec.sign)


def _short(course: Course, spec: Forecast) -> NDArray[np.bool_]:
    # What is known of the kind makes up for few readings: a battery may be read once a week.
    fewest = max(FEWEST, spec.minimum_days // 4) if spec.drift is None else spec.minimum_days // 7
    return np.asarray((course.span + 1 < spec.minimum_days) | (course.count < fewest), dtype=np.bool_)


def _dated(found: Estimate, outcome: NDArray[np.int8], origin: Floats, sign: float) -> Projection:
    dated = outcome == Outcome.DATED
    unknown = np.isin(outcome, (Outcome.SHORT, Outcome.STALE, Outcome.NONE_YET))
    blank = np.where(unknown, np.nan, np.inf)
    return Projection(
        at=np.where(dated, origin + found.at, blank),
        low=np.where(dated, origin + found.low, blank),
        high=np.where(dated, origin + found.high, blank),
        rate=sign * found.pace,
        outcome=outcome,
    )
