"""Made-up batteries, and a library of their curves, for the engine's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from keuring_collector.engine.wear import Library

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Course = Callable[[Floats], Floats]

GRID = np.linspace(0, 1, 41)


def late(span: float, power: float) -> Course:
    """A course that loses a quarter by ``span``, later as ``power`` is higher."""
    return lambda cycles: 1 - 0.25 * (cycles / span) ** power


def family() -> Library:
    """Twelve curves that bend late from one source, and twelve nearly straight ones from another, longer lived."""
    shapes = [(500 + 20 * k, 2.6 + 0.05 * k, "bending") for k in range(12)]
    shapes += [(1500 + 40 * k, 1.0 + 0.03 * k, "straight") for k in range(12)]
    return Library(
        name="made",
        digest="of this test",
        grid=GRID,
        health=np.array([late(span, power)(GRID * span) for span, power, _ in shapes]),
        span=np.array([span for span, _, _ in shapes], dtype=np.float64),
        initial=np.full(len(shapes), 1.0),
        source=np.array([source for _, _, source in shapes]),
        mark=np.arange(len(shapes)),
        folds=4,
        spread=(np.array([0.5, 4.0]), np.array([0.1, 0.5])),
    )


def truth(span: float, power: float, limit: float = 0.8) -> float:
    return float(span * ((1 - limit) / 0.25) ** (1 / power))
