"""What a series is used to: one row of some 2 KB per cell of the condition ``unusual``; unusual.py says how.

A series is looked at in LANES ways. Level: the window itself, and its averages over an hour, six hours and a day.
Jump: the window less the six hours before it; it is not judged by itself, but a window must have come suddenly.
Restlessness: how much it changes from window to window, averaged over six hours. Season: the average over an hour and
over six hours of how far it is from what this hour of the week is used to, in usual deviations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from keuring_collector.engine.columns import NAN, NEVER, Columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOUR = 3600.0
WINDOW, JUMP, HOURLY, PART, DAILY, RESTLESS, SEASON, SEASON_PART = range(8)
LANES = 8
NAMES = ("window", "jump", "hour", "six hours", "day", "restlessness", "season", "season of six hours")
TOPS = 6  # how many of the highest and lowest ever are kept
HOURS = 168  # of a week
DAY_KINDS = 48  # hours of a working day, then of a day of the weekend


class Habits(Columns):
    """The rows; times are event times, ages the seconds in which something was known."""

    term: NDArray[np.int32]
    rule: NDArray[np.int32]
    at: NDArray[np.float64]  # end of the last known window
    last: NDArray[np.float64]  # its value
    lane: NDArray[np.int8]  # the way in which it is least usual now; -1: not known
    value: NDArray[np.float64]  # what it is in that way, in the signal's unit ...
    edge: NDArray[np.float64]  # ... and how far it may go with a score of 1
    often: NDArray[np.float64]  # how often it began to be unusual, as of the last time; what is long ago counts less
    begun: NDArray[np.float64]  # when it last began to be
    odd: NDArray[np.float64]  # when it last was
    beyond: NDArray[np.float64]  # for how long the hour's level has been far beyond all it was used to
    level: NDArray[np.float64]  # (lanes) the averages
    centre: NDArray[np.float64]  # (lanes) what they were on the whole in the last days
    age: NDArray[np.float64]  # (lanes)
    closed: NDArray[np.float64]  # (lanes) when the last part ended
    rising: NDArray[np.float32]  # (lanes, 2) highest of the part that is going on, and of the one before
    falling: NDArray[np.float32]  # (lanes, 2) likewise of what is lowest, negated
    high: NDArray[np.float32]  # (lanes, TOPS) the highest of the parts before these, highest first
    low: NDArray[np.float32]  # (lanes, TOPS) likewise the lowest, negated
    hour: NDArray[np.int64]  # the hour that is going on, since 1970
    total: NDArray[np.float64]  # sum of its values
    count: NDArray[np.float64]
    usual: NDArray[np.float32]  # (HOURS) what each hour of the week is used to
    visits: NDArray[np.uint8]  # (HOURS) how many hours that rests on
    swing: NDArray[np.float32]  # (DAY_KINDS) how far hours are from that
    compared: NDArray[np.float64]  # hours in which a season was put to the test
    miss_season: NDArray[np.float64]  # by how much the season was wrong about an hour before it came
    miss_plain: NDArray[np.float64]  # by how much the centre was
    FILL: ClassVar = {
        "term": (np.int32, 0),
        "rule": (np.int32, 0),
        "at": (np.float64, NEVER),
        "last": (np.float64, NAN),
        "lane": (np.int8, -1),
        "value": (np.float64, NAN),
        "edge": (np.float64, NAN),
        "often": (np.float64, 0.0),
        "begun": (np.float64, NEVER),
        "odd": (np.float64, NEVER),
        "beyond": (np.float64, 0.0),
        "level": (np.float64, NAN),
        "centre": (np.float64, NAN),
        "age": (np.float64, 0.0),
        "closed": (np.float64, NAN),
        "rising": (np.float32, NEVER),
        "falling": (np.float32, NEVER),
        "high": (np.float32, NEVER),
        "low": (np.float32, NEVER),
        "hour": (np.int64, -1),
        "total": (np.float64, 0.0),
        "count": (np.float64, 0.0),
        "usual": (np.float32, NAN),
        "visits": (np.uint8, 0),
        "swing": (np.float32, NAN),
        "compared": (np.float64, 0.0),
        "miss_season": (np.float64, 0.0),
        "miss_plain": (np.float64, 0.0),
    }
    SHAPES: ClassVar[dict[str, tuple[int, ...]]] = {
        "level": (LANES,),
        "centre": (LANES,),
        "age": (LANES,),
        "closed": (LANES,),
        "rising": (LANES, 2),
        "falling": (LANES, 2),
        "high": (LANES, TOPS),
        "low": (LANES, TOPS),
        "usual": (HOURS,),
        "visits": (HOURS,),
        "swing": (DAY_KINDS,),
    }

    def _blank(self, name: str, rows: int) -> NDArray[Any]:
        kind, fill = self.FILL[name]
        return np.full((rows, *self.SHAPES.get(name, ())), fill, dtype=kind)


# What a snapshot keeps.
KEPT = tuple(name for name in Habits.FILL if name not in ("term", "rule"))
