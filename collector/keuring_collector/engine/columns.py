"""Struct of arrays: columns that grow together and give out rows in runs.

All numbers of a fleet live in a few of these, so that one numpy operation serves a batch of endpoints. An endpoint has
one run of rows in each table, laid out as its shape says (shape.py); what few rows need is *sparse*: a row of its own
in another table, whose number (-1: none) is a column here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from keuring_collector.engine.runs import Runs

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAN = float("nan")
NEVER = float("-inf")
FEWEST_ROWS = 64


class Columns:
    """Base of the tables below. ``FILL`` gives each column's type and the value of a fresh row.

    A column may have a second dimension (``WIDTH``). Rows are named by int; a run of rows is contiguous.
    """

    FILL: ClassVar[dict[str, tuple[type, Any]]]

    def __init__(self, width: int = 1) -> None:
        self._width = width
        self._runs = Runs()
        self._capacity = 0
        for name in self.FILL:
            setattr(self, name, self._blank(name, 0))
        self._grow(FEWEST_ROWS)

    def _blank(self, name: str, rows: int) -> NDArray[Any]:
        kind, fill = self.FILL[name]
        shape: tuple[int, ...] = (rows, self._width) if name in self.wide() else (rows,)
        return np.full(shape, fill, dtype=kind)

    @classmethod
    def wide(cls) -> frozenset[str]:
        """The columns that have a second dimension."""
        return frozenset()

    @property
    def _used(self) -> int:
        return self._runs.used

    @property
    def nbytes(self) -> int:
        """What all columns take."""
        return sum(int(getattr(self, name).nbytes) for name in self.FILL)

    def _grow(self, rows: int) -> None:
        for name in self.FILL:
            setattr(self, name, np.concatenate([getattr(self, name), self._blank(name, rows - self._capacity)]))
        self._capacity = rows

    def take(self, count: int = 1) -> int:
        """Gives out ``count`` fresh rows; returns the first."""
        first = self._runs.take(count)
        if self._runs.used > self._capacity:
            # An eighth more at a time: what is not used yet is paid for, too.
            self._grow(max(self._runs.used, self._capacity + self._capacity // 8))
        return first

    def give_back(self, first: int, count: int = 1) -> None:
        """Takes a run of rows back, and makes them fresh."""
        self.reset(first, count)
        self._runs.give_back(first, count)

    def reset(self, first: int, count: int = 1) -> None:
        """Makes a run of rows fresh."""
        for name, (_, fill) in self.FILL.items():
            getattr(self, name)[first : first + count] = fill

    def move(self, old: NDArray[np.int64], new: NDArray[np.int64]) -> None:
        """Copies rows."""
        for name in self.FILL:
            column = getattr(self, name)
            column[new] = column[old]


class Sparse(NamedTuple):
    """That ``column`` of ``table`` says which row of ``other`` belongs to a row, and what a snapshot keeps of it."""

    table: Columns
    column: str
    other: Columns
    kept: tuple[str, ...]


class Bases(Columns):
    """One row per endpoint: where its run of rows begins in each table."""

    first: NDArray[np.int32]
    FILL: ClassVar = {"first": (np.int32, 0)}

    @classmethod
    def wide(cls) -> frozenset[str]:
        """The tables."""
        return frozenset({"first"})


class Terms(Columns):
    """One row per term of a cell: its last x. What it is held against is its rule's (index.py)."""

    x: NDArray[np.float64]
    FILL: ClassVar = {"x": (np.float64, NAN)}


class Cells(Columns):
    """One row per cell: a rule about one subject of one endpoint."""

    active: NDArray[np.bool_]  # it has held long enough
    busy: NDArray[np.bool_]  # holding, active or announced: the quiet rest is left alone
    truth: NDArray[np.int8]  # of a part: what comes of it, its hold included
    term: NDArray[np.int16]  # its first row in Terms, counted from where its endpoint's begin
    dating: NDArray[np.int16]  # the cell whose first term is the expected date, counted likewise; -1: none
    standing: NDArray[np.int32]  # its row in Standing; -1: none, as while it is not busy
    FILL: ClassVar = {
        "active": (np.bool_, False),
        "busy": (np.bool_, False),
        "truth": (np.int8, 1),
        "term": (np.int16, 0),
        "dating": (np.int16, -1),
        "standing": (np.int32, -1),
    }


class Standing(Columns):
    """One row per busy cell. Times are event times; NaN is "not"."""

    since: NDArray[np.float64]  # from when the condition holds
    clearing: NDArray[np.float64]  # from when it is gone, while the finding stands
    seen: NDArray[np.float64]  # end of the last window in which it was known
    told: NDArray[np.float64]  # event time at which it was last told
    told_since: NDArray[np.float64]
    told_expected: NDArray[np.float64]
    told_severity: NDArray[np.int8]  # 0: not announced
    FILL: ClassVar = {
        "since": (np.float64, NAN),
        "clearing": (np.float64, NAN),
        "seen": (np.float64, NEVER),
        "told": (np.float64, NEVER),
        "told_since": (np.float64, NAN),
        "told_expected": (np.float64, NAN),
        "told_severity": (np.int8, 0),
    }


class Growths(Columns):
    """One row per cell that counts growth. ``width``, by rule: length of a part in seconds; ``days``, by rule: count
    parts with growth, not growth.
    """

    bucket: NDArray[np.int64]  # number of the newest part, counted from 1970
    next: NDArray[np.float64]  # when that part ends
    rule: NDArray[np.int32]
    term: NDArray[np.int32]
    lane: NDArray[np.int32]  # its first row in Lanes
    present: NDArray[np.float64]  # event time at which a sweep last saw it measured
    amount: NDArray[np.int32]  # its row in Amounts; -1: none, for nothing grew within the period
    FILL: ClassVar = {
        "bucket": (np.int64, 0),
        "next": (np.float64, NEVER),
        "rule": (np.int32, 0),
        "term": (np.int32, 0),
        "lane": (np.int32, 0),
        "present": (np.float64, 0.0),
        "amount": (np.int32, -1),
    }

    def __init__(self, width: NDArray[np.float64], days: NDArray[np.bool_], parts: int) -> None:
        super().__init__()
        self.width, self.days, self.amounts = width, days, Amounts(parts)


class Amounts(Columns):
    """One row per growth that counted something: how much, by part of the period."""

    part: NDArray[np.float32]
    FILL: ClassVar = {"part": (np.float32, 0.0)}

    @classmethod
    def wide(cls) -> frozenset[str]:
        """The parts."""
        return frozenset({"part"})


class Lanes(Columns):
    """One row per counter that a growth counts: the value that growth is measured from."""

    base: NDArray[np.float64]
    lifetime: NDArray[np.bool_]
    growth: NDArray[np.int32]
    FILL: ClassVar = {"base": (np.float64, NAN), "lifetime": (np.bool_, False), "growth": (np.int32, 0)}


class Days(Columns):
    """One row per series of daily points: they, and the day that is being collected. Base of the tables below."""

    day: NDArray[np.int64]  # the day that is being collected, days since 1970
    value: NDArray[np.float64]  # its value so far
    weight: NDArray[np.float32]  # samples in it
    restart: NDArray[np.float64]  # last value of the series whose change ends history
    cell: NDArray[np.int32]
    term: NDArray[np.int32]
    rule: NDArray[np.int32]
    stale: NDArray[np.bool_]  # a day was completed, and x is not worked out from it yet
    point: NDArray[np.float32]  # by day modulo their number
    FILL: ClassVar = {
        "day": (np.int64, -1),
        "value": (np.float64, NAN),
        "weight": (np.float32, 0.0),
        "restart": (np.float64, NAN),
        "cell": (np.int32, 0),
        "term": (np.int32, 0),
        "rule": (np.int32, 0),
        "stale": (np.bool_, False),
        "point": (np.float32, NAN),
    }
    OWN: ClassVar[tuple[str, ...]] = ()  # what a kind adds and a snapshot keeps

    @classmethod
    def wide(cls) -> frozenset[str]:
        """The daily points."""
        return frozenset({"point"})


class Rings(Days):
    """One row per forecast, with the last one."""

    at: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    rate: NDArray[np.float64]  # per day
    outcome: NDArray[np.int8]
    OWN: ClassVar = ("at", "low", "high", "rate", "outcome")
    FILL: ClassVar = {**Days.FILL, **dict.fromkeys(OWN[:-1], (np.float64, NAN)), "outcome": (np.int8, 0)}


class WornRings(Rings):
    """One row per forecast of wear; its life is in another table."""

    life: NDArray[np.int32]
    FILL: ClassVar = {**Rings.FILL, "life": (np.int32, -1)}


class Slopes(Days):
    """One row per trend, with the last one."""

    rate: NDArray[np.float64]  # per day
    outcome: NDArray[np.int8]
    OWN: ClassVar = ("rate", "outcome")
    FILL: ClassVar = {**Days.FILL, "rate": (np.float64, NAN), "outcome": (np.int8, 0)}


class Jumps(Days):
    """One row per series that is watched for jumps, with the last one that it has not come back from."""

    before: NDArray[np.float64]  # what it was before; NaN: it did not jump, or is back
    outcome: NDArray[np.int8]
    OWN: ClassVar = ("before", "outcome")
    FILL: ClassVar = {**Days.FILL, "before": (np.float64, NAN), "outcome": (np.int8, 0)}


class Peers(Days):
    """One row per series that is held against that of peers, with what the last complete day was held against."""

    own: NDArray[np.float64]  # what the machine's last days come to
    usual: NDArray[np.float64]
    spread: NDArray[np.float64]
    machines: NDArray[np.int32]
    dated: NDArray[np.int64]  # the day from which that baseline held
    group: NDArray[np.int32]  # number of its group within the fleet's state; -1: a fact is not known
    OWN: ClassVar = ("own", "usual", "spread", "machines", "dated")
    FILL: ClassVar = {
        **Days.FILL,
        **dict.fromkeys(OWN[:3], (np.float64, NAN)),
        "machines": (np.int32, 0),
        "dated": (np.int64, 0),
        "group": (np.int32, -1),
    }
