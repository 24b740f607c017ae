"""What was known of an endpoint before the first window that is replayed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine.model import Layout, Window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine import Fleet
    from keuring_collector.engine.model import Event, Fact, SeriesKey


@dataclass(frozen=True, slots=True)
class Known:
    """``begin`` is the event time up to which it goes; rows of ``points``: day, last, minimum, mean, maximum, total."""

    begin: float
    facts: Sequence[Fact] = ()
    events: Sequence[Event] = ()
    points: Mapping[SeriesKey, NDArray[np.float64]] = field(default_factory=dict)


def plant(fleet: Fleet, endpoint: int, known: Known) -> None:
    """Gives the engine, which has an empty state of the endpoint, what was known: nothing of it is told."""
    for key, table in known.points.items():
        fleet.seed(endpoint, key, table[:, 0].astype(np.int64), *(table[:, column] for column in range(1, 6)))
    if known.events:
        fleet.seed_events(endpoint, known.events, known.begin)
    if known.facts:
        nothing = np.array([], np.float64)
        fleet.judge([Window(endpoint, known.begin, known.begin, math.inf, "", Layout(()), nothing, known.facts)])
