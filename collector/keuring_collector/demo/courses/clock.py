"""How far a machine's clock is off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.demo.plan import Problem
from keuring_collector.demo.presence import DAY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from keuring_collector.demo.plan import Planted
    from keuring_collector.demo.presence import Windows

UNSYNCHRONISED = (Problem.CLOCK_OFF, Problem.CLOCK_DRIFTING)


def error(item: Planted, windows: Windows) -> NDArray[np.float64]:
    """By how many seconds it is ahead in each window, for what is planted."""
    during = (windows.start >= item.since) & (windows.start < item.until)
    match item.problem:
        case Problem.CLOCK_OFF:
            return np.where(during, item.pace, 0.0)
        case Problem.CLOCK_DRIFTING:  # five minutes when it hinders: then nobody can sign in
            pace = 300.0 / ((item.hinders - item.since) / DAY)
            return np.where(during, (windows.end - item.since) / DAY * pace, 0.0)
        case Problem.CLOCK_SET_ONCE:  # by hand, an hour or two, until it was synchronised again
            return np.where(during, item.pace, 0.0)
    return np.zeros(len(windows))
