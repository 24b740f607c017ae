"""What endpoints have judged: their cells in order, and where in an endpoint's runs of rows each of them has its own.

Machines of one kind report the same series, so a fleet of any size has few shapes. An endpoint points at its shape and
knows where its runs begin; all that is the same for machines of one shape is kept once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from keuring_collector.engine.seeding import Round
    from keuring_collector.engine.state import FleetState

    Ints = NDArray[np.int64]

CellKey = tuple[int, str]  # (rule number, subject)

# The tables that every shape has rows in; those of the kinds come after them.
CELLS, TERMS = 0, 1
# What a number of a plan belongs to that is no row of a table: nothing (it is what it is), or the window's values.
ITSELF, VALUES = -1, -2


class Tie(NamedTuple):
    """That ``column`` of a row names a row of the table ``of`` (-1: it is a number as it is), counted from the run."""

    table: int
    row: int
    column: str
    value: int
    of: int = -1


class Layer(NamedTuple):
    """A column that is the same in each endpoint of a shape, but for where its run begins in the table ``of``."""

    table: int
    column: str
    values: Ints
    of: int


class Shape:
    """The cells of an endpoint, in the order of their keys.

    By place: ``terms`` is the first term, ``rows`` the rows of its kind and ``tables`` in which these are. ``sizes``
    is how many rows the runs have, by table. After the last cell comes one that is never known, which stands for parts
    that were never reported; after the last term one that is never true, by which a rule is judged that no longer
    applies.
    """

    def __init__(self, state: FleetState, keys: tuple[CellKey, ...]) -> None:
        self.keys = keys
        self.places = {key: place for place, key in enumerate(keys)}
        self.sizes = [0] * len(state.tables)
        self.terms: list[int] = []
        self.rows: list[tuple[int, ...]] = []
        self.tables: list[tuple[int, ...]] = []
        self._moves: WeakKeyDictionary[Shape, list[tuple[Ints, Ints]]] = WeakKeyDictionary()
        self.round: Round | None = None  # the last weekly sweep of an endpoint of this shape
        ties: list[Tie] = []
        for place, (number, _) in enumerate(keys):
            rule, kind = state.index.rules[number], state.index.kind[number]
            term, rows = self.sizes[TERMS], list[int]()
            needs = () if kind is None else kind.needs(rule.source)
            self.terms.append(term)
            self.sizes[TERMS] += len(rule.terms)
            for table, count in needs:
                rows.append(self.sizes[table])
                self.sizes[table] += count
            if kind is not None:
                ties += kind.ties(rule.source, number, place, term, rows)
            self.rows.append(tuple(rows))
            self.tables.append(tuple(table for table, _ in needs))
            dated = kind is not None and kind.dated(rule.source)
            ties += [Tie(CELLS, place, "term", term), Tie(CELLS, place, "dating", place if dated else -1)]
        self.unknown, self.never = len(keys), self.sizes[TERMS]
        if keys:
            self.sizes[CELLS], self.sizes[TERMS] = len(keys) + 1, self.never + 1
        self.layers = _layers(ties)

    def moves(self, state: FleetState, old: Shape) -> list[tuple[Ints, Ints]]:
        """By table, which rows of ``old`` become which of this."""
        found = self._moves.get(old)
        if found is None:
            found = self._moves[old] = self._compare(state, old)
        return found

    def _compare(self, state: FleetState, old: Shape) -> list[tuple[Ints, Ints]]:
        pairs: list[list[tuple[int, int]]] = [[] for _ in self.sizes]
        for place, key in enumerate(self.keys):
            before = old.places.get(key)
            if before is None:
                continue
            rule, kind = state.index.rules[key[0]], state.index.kind[key[0]]
            pairs[CELLS].append((before, place))
            each = range(len(rule.terms))
            pairs[TERMS] += [(old.terms[before] + offset, self.terms[place] + offset) for offset in each]
            if kind is None:
                continue
            needs = zip(kind.needs(rule.source), old.rows[before], self.rows[place], strict=True)
            for (table, count), first, second in needs:
                pairs[table] += [(first + offset, second + offset) for offset in range(count)]
        return [(_column(rows, 0), _column(rows, 1)) for rows in pairs]


class Shapes:
    """All shapes that some endpoint has."""

    def __init__(self, state: FleetState) -> None:
        self._state = state
        self._known: WeakValueDictionary[tuple[CellKey, ...], Shape] = WeakValueDictionary()
        self.none = self.of(())

    def of(self, keys: Iterable[CellKey]) -> Shape:
        """The shape with these cells."""
        ordered = tuple(sorted(keys))
        found = self._known.get(ordered)
        if found is None:
            found = self._known[ordered] = Shape(self._state, ordered)
        return found


def _layers(ties: Iterable[Tie]) -> list[Layer]:
    columns: dict[tuple[int, str, int], list[tuple[int, int]]] = {}
    for tie in ties:
        columns.setdefault((tie.table, tie.column, tie.of), []).append((tie.row, tie.value))
    # Each row of a table is some cell's, in order, so the values of a column are those of its rows.
    return [
        Layer(table, column, np.array([value for _, value in sorted(rows)], dtype=np.int64), of)
        for (table, column, of), rows in columns.items()
    ]


def _column(rows: list[tuple[int, int]], side: int) -> Ints:
    return np.array([pair[side] for pair in rows], dtype=np.int64)
