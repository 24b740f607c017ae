"""How sure a share is: Wilson's interval, which stays honest when there is little to count."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

Z: Final = 1.96  # 95 %


class Share(NamedTuple):
    """A share from 0 to 1 and the interval that holds the true one in 95 of 100 cases; of ``of`` counted."""

    share: float
    low: float
    high: float
    of: int


def share(count: int, of: int) -> Share | None:
    """``count`` as a share of ``of``; None when nothing was counted."""
    if of <= 0:
        return None
    part = count / of
    middle = (part + Z**2 / (2 * of)) / (1 + Z**2 / of)
    half = Z / (1 + Z**2 / of) * math.sqrt(part * (1 - part) / of + Z**2 / (4 * of**2))
    return Share(part, max(0.0, middle - half), min(1.0, middle + half), of)
