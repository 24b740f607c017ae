"""The plans of a batch side by side: what one numpy operation serves. Kept as long as the same plans come again.

Batches of a replay or a whole fleet have the same endpoints window after window, so that putting their plans together
is paid for once.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.plan import Level, Plan
    from keuring_collector.engine.state import FleetState

    Ints = NDArray[np.int64]


class Side(NamedTuple):
    """One list of all plans: its ``columns`` side by side, and of each entry the place of its window in the batch."""

    columns: Ints
    window: Ints


class Deck(NamedTuple):
    """What is judged at one depth: cells, their windows, and their terms.

    ``first`` is where each cell's terms begin among ``rows``; ``sign`` is theirs; ``sloped`` are the places of those
    that are about the time left, with ``slope`` and ``slope_window``.
    """

    cell: Ints
    window: Ints
    first: Ints
    rows: Ints
    sign: NDArray[np.float64]
    sloped: Ints
    slope: NDArray[np.float64]
    slope_window: Ints


class Assembly:
    """The plans of one batch. ``offsets``: where each window's values begin when all ``size`` stand side by side."""

    def __init__(self, state: FleetState, plans: Sequence[Plan]) -> None:
        self.plans = plans
        ends = np.cumsum([0, *(plan.size for plan in plans)])
        self.offsets, self.size = ends[:-1], int(ends[-1])
        self.direct = self._read([plan.direct for plan in plans])
        self.minus = self._read([plan.minus for plan in plans])
        self.kinds = {
            source: tuple(_side([plan.kinds[number][item] for plan in plans]) for item in range(len(kind.widths)))
            for number, (source, kind) in enumerate(state.kinds.items())
        }
        self.decks = [_deck(state, [plan.levels[depth] for plan in plans]) for depth in range(len(plans[0].levels))]

    def is_of(self, plans: Sequence[Plan]) -> bool:
        """Whether these are the same plans in the same order."""
        return len(plans) == len(self.plans) and all(map(operator.is_, plans, self.plans))

    def _read(self, columns: list[Ints]) -> Ints:
        """(position, row) columns, the positions counted in the values side by side."""
        found, window = _side(columns)
        found[0] += self.offsets[window]
        return found


def _side(columns: list[Ints]) -> Side:
    counts = [each.shape[1] for each in columns]
    return Side(np.concatenate(columns, axis=1), np.repeat(np.arange(len(columns)), counts))


def _deck(state: FleetState, levels: list[Level]) -> Deck:
    (cell, count), window = _side([level.judged for level in levels])
    rows = np.concatenate([level.terms for level in levels])
    slope = state.terms.slope[rows]
    sloped = np.flatnonzero(slope)
    return Deck(
        cell,
        window,
        np.cumsum(count) - count,
        rows,
        state.terms.sign[rows],
        sloped,
        slope[sloped],
        np.repeat(window, count)[sloped],
    )
