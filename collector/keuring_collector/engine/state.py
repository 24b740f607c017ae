"""The state of a fleet: the tables, and for each endpoint its shape, its facts and how to read its windows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import numpy as np

from keuring_collector.engine import facts as fact_tests
from keuring_collector.engine import kinds
from keuring_collector.engine.baselines import Baselines
from keuring_collector.engine.columns import Bases, Cells, Sparse, Standing, Terms
from keuring_collector.engine.compiled import Combination
from keuring_collector.engine.hours import Hours
from keuring_collector.engine.index import PackIndex
from keuring_collector.engine.kinds.kind import Place
from keuring_collector.engine.model import LAST, Evidence
from keuring_collector.engine.plan import COMPARED, JUDGED, READ, Planner, Seat
from keuring_collector.engine.shape import CELLS, TERMS, CellKey, Shapes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from keuring_collector.engine.columns import Columns
    from keuring_collector.engine.compiled import CompiledPack, Value
    from keuring_collector.engine.kinds import Kind
    from keuring_collector.engine.model import Event, Fact, Layout, Unmeasured
    from keuring_collector.engine.plan import Plan
    from keuring_collector.engine.shape import Shape

    Ints = NDArray[np.int64]

# What one endpoint may have judged at most; a machine with thousands of mounts must not cost as much as the fleet.
MOST_CELLS = 2000
# What a snapshot keeps of a cell, and of what stands.
KEPT_OF_CELLS = ("active", "busy", "truth")
KEPT_OF_STANDING = tuple(Standing.FILL)


class Endpoint:
    """What the fleet knows of one endpoint besides the rows of the tables."""

    __slots__ = ("at", "facts", "layout", "number", "parts", "plan", "row", "shape", "swept")

    def __init__(self, number: int, row: int, shape: Shape) -> None:
        self.number = number
        self.row = row  # in the table of where its runs begin
        self.shape = shape
        self.at = 0.0  # end of the last window
        self.facts: fact_tests.Facts = {}
        self.parts: fact_tests.Facts = {}  # of facts that identify a part: the last known, also when it is gone
        self.layout: Layout | None = None
        self.plan: Seat | None = None
        self.swept = 0.0  # event time from which on forgotten subjects are looked for again

    @property
    def cells(self) -> Mapping[CellKey, int]:
        """The places of its cells."""
        return self.shape.places


class FleetState:
    """All tables of a fleet under one pack."""

    def __init__(self, pack: CompiledPack) -> None:
        self.pack = pack
        self.baselines = Baselines()
        self.index = PackIndex(pack)
        self.hours = None if pack.calendar is None else Hours(pack.calendar)
        self.terms = Terms()
        self.cells = Cells()
        self.standing = Standing()
        # In the order of a shape's sizes, and what a snapshot keeps of each.
        self.tables: list[tuple[Columns, tuple[str, ...]]] = [(self.cells, KEPT_OF_CELLS), (self.terms, ("x",))]
        self.sparse = [Sparse(self.cells, "standing", self.standing, KEPT_OF_STANDING)]
        self.combining = kinds.Combining(self)
        self.kinds: dict[type, Kind] = {**kinds.of(self), Combination: self.combining}
        self.index.enter(self.kinds)
        # The lists of a plan: what the columns of each are counted from.
        self.lists: list[tuple[int, ...]] = [READ, READ, *(JUDGED, COMPARED) * (self.index.deepest + 1)]
        self.lists += [owners for kind in self.kinds.values() for owners in kind.lists]
        self.shapes = Shapes(self)
        self.plans: WeakValueDictionary[object, Plan] = WeakValueDictionary()
        self.bases = Bases(len(self.tables))

    def enter(self, number: int) -> Endpoint:
        """A new endpoint, of which nothing is known."""
        return Endpoint(number, self.bases.take(), self.shapes.none)

    def leave(self, endpoint: Endpoint) -> None:
        """Forgets an endpoint."""
        self.remove(endpoint, endpoint.shape.keys)
        self.bases.give_back(endpoint.row)

    # Cells

    def place(self, endpoint: Endpoint, number: int, subject: str) -> Place:
        """A cell that is there, as its kind sees it."""
        return self.at(endpoint, endpoint.shape.places[number, subject])

    def at(self, endpoint: Endpoint, place: int) -> Place:
        """The cell at a place of the endpoint's shape."""
        return self.places(endpoint, (place,))[0]

    def places(self, endpoint: Endpoint, wanted: Iterable[int]) -> list[Place]:
        """The cells at some places of the endpoint's shape."""
        shape, first = endpoint.shape, self.bases.first[endpoint.row].tolist()
        found = []
        for place in wanted:
            number, subject = shape.keys[place]
            rows = tuple(
                [first[table] + row for table, row in zip(shape.tables[place], shape.rows[place], strict=True)]
            )
            found.append(
                Place(endpoint, number, subject, first[CELLS] + place, rows, first[TERMS] + shape.terms[place])
            )
        return found

    def cell(self, endpoint: Endpoint, key: CellKey) -> int:
        """The row of a cell that is there."""
        return int(self.bases.first[endpoint.row, CELLS]) + endpoint.shape.places[key]

    def limit(self, place: Place, offset: int = 0) -> float:
        """The limit of a term that is in force; while a finding stands that is the one of recovery."""
        term = self.index.rules[place.number].terms[offset]
        return term.recovery if self.cells.active[place.cell] else term.limit

    def make(self, endpoint: Endpoint, number: int, subject: str) -> bool:
        """Makes the cell of rule ``number`` about ``subject``, and of what it is part of; False: there are too many."""
        self.make_all(endpoint, [(number, subject)])
        return (number, subject) in endpoint.shape.places

    def make_all(self, endpoint: Endpoint, wanted: Iterable[CellKey]) -> None:
        """Makes the cells that are not there yet, as long as they are not too many."""
        known, new = endpoint.shape.places, dict[CellKey, None]()
        for number, subject in wanted:
            each = number
            while each >= 0 and (each, subject) not in known and (each, subject) not in new:
                if len(known) + len(new) >= MOST_CELLS:
                    break
                new[each, subject] = None
                each = self.index.whole[each] if self.index.same[each] else -1
        if new:
            self.reshape(endpoint, self.shapes.of((*known, *new)))

    def remove(self, endpoint: Endpoint, keys: Iterable[CellKey]) -> None:
        """Forgets cells and all that belongs to them."""
        gone = set(keys)
        for key in gone:
            place = self.place(endpoint, *key)
            self.release(np.array([place.cell]))
            kind = self.index.kind[key[0]]
            if kind is not None:
                kind.free(self.index.rules[key[0]].source, place)
        if gone:
            self.reshape(endpoint, self.shapes.of(key for key in endpoint.shape.keys if key not in gone))

    def reshape(self, endpoint: Endpoint, shape: Shape) -> None:
        """Gives an endpoint the rows of another shape, and moves what both have."""
        old, before = endpoint.shape, self.bases.first[endpoint.row].copy()
        first = self.bases.first[endpoint.row]
        moves = shape.moves(self, old)
        for number, (table, _) in enumerate(self.tables):
            first[number] = table.take(shape.sizes[number]) if shape.sizes[number] else 0
            stay, go = moves[number]
            if len(stay):
                table.move(stay + before[number], go + first[number])
            if old.sizes[number]:
                table.give_back(int(before[number]), old.sizes[number])
        for layer in shape.layers:
            column = getattr(self.tables[layer.table][0], layer.column)
            start = int(first[layer.table])
            column[start : start + len(layer.values)] = layer.values + (first[layer.of] if layer.of >= 0 else 0)
        if shape.keys:
            self.terms.x[first[TERMS] + shape.never] = 0.0
        endpoint.shape, endpoint.plan = shape, None

    # What stands

    def stand(self, cells: Ints) -> Ints:
        """The rows of ``cells`` in the table of what stands; makes those that are missing."""
        rows = self.cells.standing[cells].astype(np.int64)
        for place in np.flatnonzero(rows < 0).tolist():
            rows[place] = self.cells.standing[cells[place]] = self.standing.take()
        return rows

    def release(self, cells: Ints) -> None:
        """Forgets what stood of ``cells``."""
        rows = self.cells.standing[cells]
        for row in rows[rows >= 0].tolist():
            self.standing.give_back(row)
        self.cells.standing[cells] = -1

    # What arrives beside the values

    def take_facts(self, endpoint: Endpoint, facts: Sequence[Fact]) -> None:
        """Takes over changed facts, and rewrites what rests on them."""
        changed: list[tuple[int, str]] = []
        for fact in facts:
            if fact.signal not in self.index.facts:
                continue
            key = (fact.signal, fact.subject)
            old = endpoint.facts.get(key)
            if old == fact.value and type(old) is type(fact.value):
                continue
            if fact.value is None:
                endpoint.facts.pop(key, None)
            else:
                endpoint.facts[key] = fact.value
                self._identify(endpoint, fact.signal, fact.subject, fact.value)
            changed.append(key)
        if changed:
            self.rest_on_facts(endpoint, changed)

    def take_unmeasured(self, endpoint: Endpoint, gone: Sequence[Unmeasured]) -> None:
        """A fact that can no longer be measured is no longer known."""
        keys = [(u.signal, u.subject) for u in gone if u.reason and (u.signal, u.subject) in endpoint.facts]
        for key in keys:
            del endpoint.facts[key]
        if keys:
            self.rest_on_facts(endpoint, keys)

    def rest_on_facts(self, endpoint: Endpoint, changed: list[tuple[int, str]]) -> None:
        """Rewrites the values that rest on the ``changed`` facts; which rules apply is decided anew with the plan."""
        if any(signal in self.index.applying for signal, _ in changed):
            endpoint.plan = None
        about: dict[CellKey, None] = {}
        for signal, subject in changed:
            for number in self.index.by_fact.get(signal, ()):
                source = self.index.rules[number].source
                about[number, self.kinds[type(source)].about(source, signal, subject)] = None
        self.make_all(endpoint, about)
        for key in about:
            if key in endpoint.shape.places:
                place, source = self.place(endpoint, *key), self.index.rules[key[0]].source
                self.terms.x[place.term] = self.kinds[type(source)].from_facts(source, endpoint.facts, key[1])

    def _identify(self, endpoint: Endpoint, signal: int, subject: str, value: Value) -> None:
        """The part that a fact identifies may be another one than was there last."""
        if signal not in self.index.by_identity:
            return
        before = endpoint.parts.get((signal, subject))
        endpoint.parts[signal, subject] = value
        if before is None or before == value:
            return
        for number in self.index.by_identity.get(signal, ()):
            if (number, subject) in endpoint.shape.places:
                source = self.index.rules[number].source
                self.kinds[type(source)].renew(source, self.place(endpoint, number, subject))

    def take_events(self, endpoint: Endpoint, events: Sequence[Event], latest: float) -> None:
        """Counts events; one that claims to be later than ``latest`` is counted there."""
        for event in events:
            for number, lane in self.index.by_event.get(event.signal, ()):
                source = self.index.rules[number].source
                kind = self.kinds[type(source)]
                if kind.wants(source, lane, event) and self.make(endpoint, number, event.subject):
                    kind.count(source, lane, self.place(endpoint, number, event.subject), event, latest)

    # Reading windows

    def plan(self, endpoint: Endpoint, layout: Layout) -> Seat:
        """Works out how to read windows of ``layout``; remembers it until the layout or a fact changes."""
        if endpoint.layout is not layout:
            by_series = self.index.by_series
            wanted = (
                (number, key.subject)
                for key in layout.keys
                for number in by_series.get((key.signal, key.statistic), ())
            )
            self.make_all(endpoint, wanted)
        endpoint.layout = layout
        endpoint.plan = Seat(endpoint.row, Planner(self, endpoint, layout).plan())
        return endpoint.plan

    # For those who tell

    def rounded(self, signal: int, value: float) -> float:
        """``value`` to the catalogue's precision."""
        step = self.pack.precision.get(signal, 0.0)
        if not step or not math.isfinite(value):
            return value
        return round(round(value / step) * step, 9)

    def known_facts(self, endpoint: Endpoint, signals: set[int], subject: str) -> list[Evidence]:
        """Those of ``signals`` that are known, of the subject or else of the machine."""
        found = []
        for signal in sorted(signals - {0}):
            for about in dict.fromkeys((subject, "")):
                value = endpoint.facts.get((signal, about))
                if value is not None:
                    found.append(Evidence("fact", signal, LAST, about, value))
                    break
        return found
