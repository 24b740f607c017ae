"""Where daily points become forecasts: projects the rings whose day is complete."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine import daily, forecast

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.columns import Rings
    from keuring_collector.engine.compiled import Forecast
    from keuring_collector.engine.state import FleetState

HOUR = 3600.0


def project(state: FleetState, rings: Rings, rows: NDArray[np.int64], source: Forecast) -> None:
    """Forecasts ``rows``, all of one rule, anew from their complete days."""
    today = rings.day[rows]
    points = daily.history(rings, rows, source.maximum_days)
    found = forecast.project(points, today - 1, today, source)
    # A part that was replaced is known not to be near its end, as long as it has no history of its own.
    renewed = (found.outcome == forecast.Outcome.SHORT) & (rings.outcome[rows] == forecast.Outcome.STEPPED)
    for column, dates in ((rings.at, found.at), (rings.low, found.low), (rings.high, found.high)):
        # To the hour: what is finer is noise.
        column[rows] = np.where(renewed, np.inf, np.rint(dates * daily.DAY / HOUR) * HOUR)
    rings.rate[rows] = found.rate
    rings.outcome[rows] = np.where(renewed, forecast.Outcome.STEPPED, found.outcome)
    state.terms.x[rings.term[rows]] = rings.at[rows]


def renew(state: FleetState, rings: Rings, rows: NDArray[np.int64]) -> None:
    """Another volume, disk or battery: what was expected of the old one is not expected any more."""
    daily.clear(rings, rows)
    for column in (rings.at, rings.low, rings.high):
        column[rows] = np.inf
    rings.rate[rows] = np.nan
    rings.outcome[rows] = forecast.Outcome.STEPPED
    state.terms.x[rings.term[rows]] = np.inf
