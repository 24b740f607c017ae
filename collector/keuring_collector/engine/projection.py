"""Where daily points become forecasts: folds values into rings, and projects the rings whose day is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine import daily, forecast
from keuring_collector.engine.compiled import Forecast
from keuring_collector.engine.model import MEAN

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.columns import Rings
    from keuring_collector.engine.state import FleetState

HOUR = 3600.0


def fold(
    state: FleetState,
    rings: Rings,
    rows: NDArray[np.int64],
    values: NDArray[np.float64],
    sizes: NDArray[np.float64],
    days: NDArray[np.int64],
) -> None:
    """Folds one value (NaN: none) into each ring of ``rows`` (each once); forecasts those whose day is over."""
    changed = daily.restarted(rings, rows, sizes)
    if len(changed):
        renew(state, rings, changed)
    due = days > rings.day[rows]
    if due.any():
        mean = state.index.aggregate[rings.rule[rows[due]]] == MEAN
        daily.turn(rings, rows[due], days[due], mean)
        project(state, rings, rows[due])
    taken = (days >= rings.day[rows]) & ~np.isnan(values)
    mine = rows[taken]
    daily.gather(rings, mine, values[taken], state.index.aggregate[rings.rule[mine]])


def project(state: FleetState, rings: Rings, rows: NDArray[np.int64]) -> None:
    """Forecasts ``rows`` anew, from their complete days."""
    rules = rings.rule[rows]
    for number in np.unique(rules).tolist():
        source = state.index.rules[number].source
        if not isinstance(source, Forecast):
            continue
        mine = rows[rules == number]
        today = rings.day[mine]
        points = daily.history(rings, mine, source.maximum_days)
        found = forecast.project(points, today - 1, today, source)
        # A part that was replaced is known not to be near its end, as long as it has no history of its own.
        renewed = (found.outcome == forecast.Outcome.SHORT) & (rings.outcome[mine] == forecast.Outcome.STEPPED)
        for column, dates in ((rings.at, found.at), (rings.low, found.low), (rings.high, found.high)):
            # To the hour: what is finer is noise.
            column[mine] = np.where(renewed, np.inf, np.rint(dates * daily.DAY / HOUR) * HOUR)
        rings.rate[mine] = found.rate
        rings.outcome[mine] = np.where(renewed, forecast.Outcome.STEPPED, found.outcome)
        state.terms.x[rings.term[mine]] = rings.at[mine]


def renew(state: FleetState, rings: Rings, rows: NDArray[np.int64]) -> None:
    """Another volume, disk or battery: what was expected of the old one is not expected any more."""
    rings.point[rows] = np.nan
    rings.value[rows] = np.nan
    rings.weight[rows] = 0
    for column in (rings.at, rings.low, rings.high):
        column[rows] = np.inf
    rings.rate[rows] = np.nan
    rings.outcome[rows] = forecast.Outcome.STEPPED
    state.terms.x[rings.term[rows]] = np.inf
