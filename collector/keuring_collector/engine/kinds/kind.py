"""What every kind of source does for the engine; each file beside this one is one of them.

A rule's first number x comes from the window itself, or from a *source*: growth in a period, daily points, facts,
other conditions. A kind keeps what its sources need in tables of its own (one row for each cell, ``extra``) and writes
x when it changes. Everything here has a default for a kind that does not need it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.assembly import Side
    from keuring_collector.engine.columns import Columns
    from keuring_collector.engine.compiled import Value
    from keuring_collector.engine.explain import Step
    from keuring_collector.engine.model import Event, Evidence, SeriesKey
    from keuring_collector.engine.plan import Sheet
    from keuring_collector.engine.seeding import Points
    from keuring_collector.engine.shape import Tie
    from keuring_collector.engine.state import Endpoint, FleetState

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]


class Place(NamedTuple):
    """One cell as its kind sees it: whose it is, its rows in the kind's tables, and its first term.

    While a plan is made, rows are counted from where the endpoint's runs begin.
    """

    endpoint: Endpoint
    number: int
    subject: str
    cell: int
    rows: tuple[int, ...]
    term: int


class Reading(NamedTuple):
    """One window each of different endpoints: all values side by side with a NaN at the end, when each ended, and the
    day (daily.py) that it belongs to.
    """

    flat: Floats
    end: Floats
    day: Ints


Lists = tuple[list[tuple[int, ...]], ...]


class Kind:
    """A kind of source. ``lists``: of each of its lists in a plan, what its columns are counted from (plan.py)."""

    def __init__(self, state: FleetState) -> None:
        self.state = state
        self.lists: list[tuple[int, ...]] = []

    def keep(self, table: Columns, *kept: str) -> int:
        """Enters one of its tables, of which a snapshot keeps some columns; returns the table's number."""
        self.state.tables.append((table, kept))
        return len(self.state.tables) - 1

    # What a source reads

    def series(self, source: Any) -> Iterable[tuple[int, int]]:
        """The (signal, statistic) whose appearance brings a subject of the rule into being."""
        return ()

    def events(self, source: Any) -> Iterable[tuple[int, int]]:
        """The (signal, lane) of events that it counts."""
        return ()

    def facts(self, source: Any) -> set[int]:
        """The facts that x rests on."""
        return set()

    def sorting(self, source: Any) -> set[int]:
        """The facts that decide how it is collected: their change makes a plan anew."""
        return set()

    def identity(self, source: Any) -> int:
        """The fact whose change means another part; 0: none."""
        return 0

    # Its rows

    def needs(self, source: Any) -> Sequence[tuple[int, int]]:
        """In which tables a cell has rows, and how many."""
        return ()

    def ties(self, source: Any, number: int, cell: int, term: int, rows: Sequence[int]) -> Iterable[Tie]:
        """What is written into those ``rows`` when they are given out; all are counted from where the runs begin."""
        return ()

    def free(self, source: Any, place: Place) -> None:
        """Gives back what a cell has besides those rows."""

    # Reading windows

    def collect(self, source: Any, place: Place, sheet: Sheet, lists: Lists) -> None:
        """Enters into a plan's ``lists`` how to read windows."""

    def group(self, source: Any, place: Place) -> None:
        """Takes note of the facts that a plan of this endpoint rests on."""

    def fold(self, reading: Reading, lists: Sequence[Side]) -> None:
        """Folds windows; ``lists`` are the plans' lists side by side, one row per number, one column per entry."""

    def work_out(self, lists: Sequence[Side]) -> None:
        """Writes the x that were put off until the floors of the round were read."""

    def catch_up(self, source: Any, place: Place) -> None:
        """Writes the x of one cell, if it was put off."""

    # What comes beside the values

    def about(self, source: Any, signal: int, subject: str) -> str:
        """The subject of the finding that a fact concerns: its own, or the machine as a whole."""
        return subject

    def from_facts(self, source: Any, facts: Mapping[tuple[int, str], Value], subject: str) -> float:
        """x, where it rests on facts; NaN: not known."""
        return float("nan")

    def renew(self, source: Any, place: Place) -> None:
        """Another part is in its place: what was counted or collected is of the old one."""

    def count(self, source: Any, lane: int, place: Place, event: Event, latest: float) -> None:
        """Counts an event; one that claims to be later than ``latest`` counts there."""

    def wants(self, source: Any, lane: int, event: Event) -> bool:
        """Whether an event is of the kind that it counts."""
        return False

    def seed(self, source: Any, place: Place, key: SeriesKey, points: Points) -> None:
        """Fills it from history: daily points of one of its series."""

    def idle(self, source: Any, place: Place, present: set[tuple[int, int, str]], now: float) -> bool:
        """Whether nothing is left to be known of a quiet cell, so that it can be dropped; once a day."""
        return bool(np.isnan(self.state.terms.x[place.term]))

    def kept(self, source: Any, place: Place, present: set[tuple[int, int, str]]) -> bool:
        """Whether ``idle`` and ``absent`` do nothing but ``meet`` as long as layout and shape stay as they are."""
        return False

    def meet(self, rows: Ints, now: float) -> None:
        """Notes, once a week, that what these rows of its first table are about is measured."""

    def settled(self, source: Any, place: Place, present: set[tuple[int, int, str]]) -> bool:
        """Whether ``idle`` is False and does nothing, as long as layout and facts stay as they are."""
        return False

    def absent(self, source: Any, place: Place, present: set[tuple[int, int, str]], now: float) -> None:
        """Of a cell that is not quiet, once a week: x is not known once what it is about is measured no more."""

    # Telling

    def dated(self, source: Any) -> bool:
        """Whether x is the date on which something is expected."""
        return False

    def interval(self, source: Any, place: Place, at: float) -> tuple[float, float]:
        """The ends of the 80 % interval around the expected date."""
        return at, at

    def evidence(self, source: Any, place: Place) -> list[Evidence]:
        """The numbers and facts behind x; what is not known is left out."""
        return []

    def steps(self, source: Any, place: Place) -> Iterator[Step]:
        """How x comes about and whether the first term is true, step by step."""
        return iter(())
