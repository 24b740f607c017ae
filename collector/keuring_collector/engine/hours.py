"""Business hours: which windows lie within them, and how much business time passes between two moments.

For what is judged in business hours, time outside them does not exist: the clock stands still from one closing to the
next opening, so that a hold goes on on the next morning where it stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.engine.compiled import Calendar

    Floats = NDArray[np.float64]

DAY = 86400.0
SLACK = 1e-3
MONDAY = 4  # 1970-01-05 was one: day 4


class Hours:
    """All openings of a calendar, as moments."""

    def __init__(self, calendar: Calendar) -> None:
        self._moments, self._ahead = np.array(calendar.offsets, dtype=np.float64).T
        days = np.arange(np.floor(calendar.begin / DAY), np.floor(calendar.end / DAY))
        opens, closes = [np.array([])], [np.array([])]
        for weekday, begin, end in calendar.openings:
            midnights = days[(days - MONDAY) % 7 == weekday] * DAY
            opens.append(self._moment(midnights + begin))
            closes.append(self._moment(midnights + end))
        begins, ends = np.sort(np.concatenate(opens)), np.sort(np.concatenate(closes))
        # Openings that follow each other at once (day and night) are one.
        apart = begins[1:] > ends[:-1]
        self._opens = begins[np.concatenate([[True], apart])] if len(begins) else begins
        self._closes = ends[np.concatenate([apart, [True]])] if len(ends) else ends
        self._before = np.concatenate([[0.0], np.cumsum(self._closes - self._opens)])

    def _moment(self, local: Floats) -> Floats:
        """When clocks on the wall show ``local`` (seconds since 1970 as if in UTC).

        Of a time that comes twice, because clocks go back, the first; for one that is skipped, when they go forward.
        """
        shown = self._moments[1:] + self._ahead[:-1]  # what clocks show when they are changed
        place = np.searchsorted(shown, local, side="right")
        moment: Floats = np.maximum(local - self._ahead[place], self._moments[place])
        return moment

    def inside(self, begin: Floats, end: Floats) -> NDArray[np.bool_]:
        """Whether the windows from ``begin`` to ``end`` lie within business hours from end to end."""
        if not len(self._opens):
            return np.zeros(len(begin), dtype=np.bool_)
        place = np.searchsorted(self._opens, begin + SLACK, side="right") - 1
        within: NDArray[np.bool_] = (place >= 0) & (end <= self._closes[np.maximum(place, 0)] + SLACK)
        return within

    def passed(self, moments: Floats) -> Floats:
        """The business time from the calendar's begin to each of ``moments``, in seconds; NaN stays NaN."""
        if not len(self._opens):
            return np.zeros(len(moments))
        place = np.searchsorted(self._opens, moments, side="right") - 1
        known = np.maximum(place, 0)
        running = np.clip(moments - self._opens[known], 0.0, self._closes[known] - self._opens[known])
        total: Floats = np.where(place >= 0, self._before[known] + running, 0.0)
        return np.where(np.isnan(moments), np.nan, total)

    def lapse(self, begin: Floats, end: Floats, mine: NDArray[np.bool_]) -> Floats:
        """How much time passes from ``begin`` to ``end``: of ``mine`` business time, of the others all."""
        result: Floats = end - begin
        result[mine] = self.passed(end[mine]) - self.passed(begin[mine])
        return result
