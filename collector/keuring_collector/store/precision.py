"""Rounding to the catalogue's precision, in one place, so that live values and history hold the very same numbers.

A value v of a signal with precision p is kept as the integer ``rint(v / p)``. For p < 1 (0.001) the division is done as
a multiplication by the whole number 1/p, because k/1000 is the nearest double to it and k*0.001 is not.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from keuring.signals.catalogue import BY_ID

if TYPE_CHECKING:
    from numpy.typing import NDArray


# Beyond this many steps a double no longer tells one step from the next: no measurement is that large.
MOST_STEPS: Final = 2.0**52


@cache
def factors(signal: int) -> tuple[float, float]:
    """(multiplier, divisor) such that ``rint(v * divisor / multiplier) * multiplier / divisor`` is v rounded."""
    precision = BY_ID[signal].precision
    if precision <= 0:
        return 1.0, 1.0
    if precision < 1:
        return 1.0, float(round(1 / precision))
    return precision, 1.0


def to_steps(
    values: NDArray[np.float64], multiplier: NDArray[np.float64] | float, divisor: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Values as whole numbers of steps (still float64, NaN stays NaN)."""
    return np.rint(values * divisor / multiplier)


def from_steps(
    steps: NDArray[np.float64], multiplier: NDArray[np.float64] | float, divisor: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """The inverse of ``to_steps``."""
    return steps * multiplier / divisor
