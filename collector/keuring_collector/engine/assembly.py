"""The plans of a batch side by side: what one numpy operation serves. Kept as long as the same plans come again.

Batches of a replay have the same endpoints window after window, so that putting their plans together is paid for once.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.plan import Plan, Seat
    from keuring_collector.engine.state import FleetState

    Ints = NDArray[np.int64]


class Side(NamedTuple):
    """One list of all plans: its ``columns`` side by side, and of each entry the place of its window in the batch."""

    columns: Sequence[Ints]
    window: Ints


class Deck(NamedTuple):
    """What is judged at one depth: cells, their windows and rules, and their terms.

    ``first`` is where each cell's terms begin among ``rows``, ``terms`` how many it has; ``spec`` is the number of a
    term among those of all rules, ``sign`` and ``limit`` are its. ``sloped`` are the places of those that are about the
    time left, with ``slope`` and ``slope_window``; ``parts`` those of the cells that are parts of something.
    """

    cell: Ints
    window: Ints
    rule: Ints
    first: Ints
    terms: Ints
    rows: Ints
    spec: Ints
    sign: NDArray[np.float64]
    limit: NDArray[np.float64]
    sloped: Ints
    slope: NDArray[np.float64]
    slope_window: Ints
    parts: Ints


class Assembly:
    """The plans of one batch. ``first``: of each window's endpoint, where its rows begin in each table. ``size``: how
    many values all windows have together.
    """

    def __init__(self, state: FleetState, seats: Sequence[Seat]) -> None:
        self.seats, plans = seats, [seat.plan for seat in seats]
        self.first = state.bases.first[[seat.row for seat in seats]].astype(np.int64)
        sizes = np.array([plan.size for plan in plans], dtype=np.int64)
        self.size = int(sizes.sum())
        # The last two columns are what is added to numbers of values, and to those that are no rows.
        offsets = np.cumsum(sizes) - sizes
        begins = np.concatenate([self.first, offsets[:, None], np.zeros((len(plans), 1), np.int64)], axis=1)
        sides = _sides(state, plans, begins)
        self.direct, self.minus = (next(sides).columns for _ in range(2))
        self.decks = [_deck(state, next(sides), next(sides)) for _ in range(state.index.deepest + 1)]
        self.kinds = {source: [next(sides) for _ in kind.lists] for source, kind in state.kinds.items()}

    def is_of(self, seats: Sequence[Seat]) -> bool:
        """Whether these are the same plans of the same endpoints, in the same order."""
        return len(seats) == len(self.seats) and all(map(operator.is_, seats, self.seats))


def _sides(state: FleetState, plans: Sequence[Plan], begins: Ints) -> Iterator[Side]:
    """The lists of all plans, one by one. Those of the same plan are put side by side at once."""
    places: dict[Plan, list[int]] = {}
    for place, plan in enumerate(plans):
        places.setdefault(plan, []).append(place)
    spread = [plan.spread(begins[mine]) for plan, mine in places.items()]
    windows = np.array([place for mine in places.values() for place in mine], dtype=np.int64)
    counts = np.array([plan.counts for plan, mine in places.items() for _ in mine])
    columns = map(_joined, zip(*spread, strict=True))
    for number, owners in enumerate(state.lists):
        yield Side([next(columns) for _ in owners], windows.repeat(counts[:, number]))


def _joined(pieces: Sequence[Ints]) -> Ints:
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _deck(state: FleetState, judged: Side, compared: Side) -> Deck:
    index, (cell, rule, count), (rows, spec) = state.index, judged.columns, compared.columns
    slope = index.slope[spec]
    sloped = np.flatnonzero(slope)
    return Deck(
        cell,
        judged.window,
        rule,
        np.cumsum(count) - count,
        count,
        rows,
        spec,
        index.sign[spec],
        index.limit[spec],
        sloped,
        slope[sloped],
        compared.window[sloped],
        np.flatnonzero(index.is_part[rule]),
    )
